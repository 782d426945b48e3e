"""All of an offer or nothing of it, to the cent; the city's part follows eligible pledges only."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest

from governance.commons.errors import (
    OfferInvalid,
    OfferNotOpen,
    OfferStillOpen,
    PledgeNotStanding,
    PledgeOutOfBounds,
)
from governance.commons.offers import (
    End,
    Form,
    Pledge,
    Settlement,
    Voices,
    Why,
    check_pledge,
    check_withdrawal,
    settle,
    voices_after,
)
from tests.commons import CLOSES, MEMBERS, OPENS, offer_terms, person, pledge

INSTANT = timedelta(microseconds=1)


def settled(*pledges: Pledge, beneficiaries: str = "", **changes: Any) -> Settlement:
    selves = frozenset(person(name) for name in beneficiaries.split())
    return settle(offer_terms(**changes), pledges, beneficiaries=selves, at=CLOSES)


def test_reached_to_the_cent_is_reached() -> None:
    found = settled(pledge("ada", 400_00))
    assert (found.end, found.match_minor) == (End.POSTED, 600_00)
    assert found.pledged_minor + found.match_minor == 1000_00


def test_a_cent_short_voids_everything_and_the_city_pays_nothing() -> None:
    found = settled(pledge("ada", 399_99))
    assert (found.end, found.match_minor) == (End.VOIDED, 0)
    assert [line.match_minor for line in found.lines] == [0]
    assert found.reasons[0] == "Eligible pledges are 39999, and 40000 are asked for."


def test_a_threshold_between_two_cents_asks_for_the_upper() -> None:
    terms = offer_terms(target_minor=1000, threshold=Fraction(1, 3))
    assert terms.threshold_minor == 334


def test_a_threshold_reached_and_a_target_missed_is_void() -> None:
    found = settled(pledge("ada", 500_00), cap_minor=499_99)
    assert found.end is End.VOIDED
    assert found.reasons[1].endswith("the target is not reached.")


def test_the_city_pays_the_rest_and_never_beyond_the_target() -> None:
    assert settled(pledge("ada", 700_00)).match_minor == 300_00
    beyond = settled(pledge("ada", 1200_00), person_max_minor=2000_00)
    assert (beyond.end, beyond.match_minor) == (End.POSTED, 0)


def test_one_cent_among_three_goes_to_the_earliest_of_equals() -> None:
    three = [
        pledge(name, 333_33, made_at=OPENS + timedelta(hours=hour))
        for hour, name in enumerate(("cem", "ada", "bo"))
    ]
    found = settled(*three)
    assert found.match_minor == 1
    assert [line.match_minor for line in found.lines] == [1, 0, 0]
    assert found.lines[0].person_id == person("cem")


def test_of_equal_remainders_the_larger_pledge_comes_first() -> None:
    # Quotas 1.5 and 0.5: both have half a cent over.
    found = settled(
        pledge("ada", 100), pledge("bo", 300, made_at=OPENS + INSTANT),
        target_minor=402, threshold=Fraction(1, 2),
    )  # fmt: skip
    assert [line.match_minor for line in found.lines] == [0, 2]


def test_a_pledge_withdrawn_on_the_last_day_is_gone() -> None:
    both = pledge("ada", 300_00), pledge("bo", 100_00)
    assert settled(*both).end is End.POSTED
    last = CLOSES - INSTANT
    check_withdrawal(offer_terms(), both[1], last)
    found = settled(both[0], pledge("bo", 100_00, withdrawn_at=last))
    assert found.end is End.VOIDED
    assert [line.person_id for line in found.lines] == [person("ada")]


def test_nothing_is_taken_or_taken_back_when_it_closes() -> None:
    with pytest.raises(OfferNotOpen):
        check_withdrawal(offer_terms(), pledge("bo", 100_00), CLOSES)
    with pytest.raises(OfferNotOpen):
        check_pledge(offer_terms(), [], pledge("bo", 1, made_at=CLOSES))
    with pytest.raises(OfferNotOpen):
        check_pledge(offer_terms(), [], pledge("bo", 1, made_at=OPENS - INSTANT))
    assert check_pledge(offer_terms(), [], pledge("bo", 1, made_at=CLOSES - INSTANT))


def test_a_pledge_is_taken_back_once() -> None:
    with pytest.raises(PledgeNotStanding):
        check_withdrawal(offer_terms(), pledge("bo", 1, withdrawn_at=OPENS), OPENS)


def test_an_offer_is_not_settled_before_it_closes() -> None:
    with pytest.raises(OfferStillOpen):
        settle(offer_terms(), [], beneficiaries=frozenset(), at=CLOSES - INSTANT)


def test_a_stranger_s_money_counts_for_the_target_and_draws_nothing() -> None:
    found = settled(pledge("ada", 400_00), pledge("zoe", 100_00, resident=False))
    assert [(line.why, line.match_minor) for line in sorted(found.lines, key=lambda one: one.why)] == [
        (Why.ELIGIBLE, 500_00), (Why.NOT_RESIDENT, 0)
    ]  # fmt: skip
    assert found.end is End.POSTED
    assert settled(pledge("ada", 300_00), pledge("zoe", 700_00, resident=False)).end is End.VOIDED


def test_whoever_gets_the_money_cannot_make_the_city_double_it() -> None:
    found = settled(pledge("ada", 400_00), beneficiaries="ada")
    assert (found.end, found.lines[0].why) == (End.VOIDED, Why.SELF_DEALING)


def test_of_one_person_only_a_part_is_eligible_over_all_their_pledges() -> None:
    found = settled(
        pledge("ada", 60_00), pledge("ada", 60_00, number=2, made_at=OPENS + INSTANT),
        pledge("ada", 60_00, number=3, made_at=OPENS + 2 * INSTANT),
        one_person_at_most=Fraction(1, 10),
    )  # fmt: skip
    assert [(line.eligible_minor, line.why) for line in found.lines] == [
        (60_00, Why.ELIGIBLE),
        (40_00, Why.ABOVE_ONE_PERSONS_PART),
        (0, Why.ABOVE_ONE_PERSONS_PART),
    ]


def test_bounds_of_a_pledge_and_of_a_person() -> None:
    terms = offer_terms(pledge_min_minor=10, person_max_minor=100)
    with pytest.raises(PledgeOutOfBounds):
        check_pledge(terms, [], pledge("ada", 9))
    before = [pledge("ada", 90)]
    assert check_pledge(terms, before, pledge("ada", 10, number=2))
    with pytest.raises(PledgeOutOfBounds, match="with this one they are 101"):
        check_pledge(terms, before, pledge("ada", 11, number=2))


def test_shares_bring_a_vote_to_whoever_paid_one_themselves() -> None:
    before = Voices(persons=MEMBERS, city=2)
    found = settled(pledge("zoe", 399_99), pledge("yan", 1))
    after = voices_after(found, offer_terms(), before, membership_share_minor=100_00)
    assert after == Voices(persons=MEMBERS | {person("zoe")}, city=2)
    grant = voices_after(found, offer_terms(form=Form.GRANT), before, membership_share_minor=100_00)
    assert grant == before


def test_a_share_half_paid_by_the_city_is_not_paid_oneself() -> None:
    before = Voices(persons=MEMBERS, city=2)
    found = settled(*(pledge(f"p{at}", 100_00) for at in range(4)))
    assert {line.amount_minor + line.match_minor for line in found.lines} == {250_00}
    after = voices_after(found, offer_terms(), before, membership_share_minor=250_00)
    assert after == before


@pytest.mark.parametrize(
    "changes",
    [
        {"closes_at": OPENS},
        {"target_minor": 0},
        {"cap_minor": -1},
        {"ratio": Fraction(-1)},
        {"threshold": Fraction(0)},
        {"threshold": Fraction(11, 10)},
        {"one_person_at_most": Fraction(0)},
        {"pledge_min_minor": 0},
        {"person_max_minor": 0},
    ],
)
def test_terms_that_make_no_sense_are_refused(changes: Any) -> None:
    with pytest.raises(OfferInvalid):
        offer_terms(**changes)
