"""Who may vote: everyone once, as they stood at the notice, with a reason for everyone left out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.bylaws import Bylaws
from governance.electoral_roll import Correction, ElectoralRoll, correct, draw_roll, may_still_vote
from governance.errors import MembershipClash, NotOnRoll, RollClosed, RollCorrectionSenseless
from governance.matter import MemberClass
from governance.member import Change, ChangeKind, Exclusion, Member, MemberId
from tests.assembly import DAY, FOUNDED, MOVED, bylaws, member, member_id

OPENS = MOVED + 15 * DAY
CLOSES = OPENS + 7 * DAY


def happened(one: Member, *kinds: str, at: object = MOVED - DAY, of: str | None = None) -> Member:
    for kind in kinds:
        one = one.after(
            Change(
                kind=ChangeKind(kind),
                at=at,
                member_class=MemberClass(of) if of else None,
                reason="said",
            )  # type: ignore[arg-type]
        )
    return one


def drawn(
    members: Sequence[Member],
    matter: str = "ordinary",
    rules: Bylaws | None = None,
    in_conflict: frozenset[MemberId] = frozenset(),
) -> ElectoralRoll:
    rules = rules or bylaws()
    return draw_roll(
        members,
        bylaws=rules,
        matter=rules.get_matter(matter),
        frozen_at=MOVED,
        opens_at=OPENS,
        salts={one.member_id: one.member_id.int.to_bytes(32, "big") for one in members},
        in_conflict=in_conflict,
    )


def reason_of(roll: ElectoralRoll, number: int) -> Exclusion:
    [found] = [one.reason for one in roll.left_out if one.member_id == member_id(number)]
    return found


def test_one_person_in_two_classes_has_one_entry_in_the_class_joined_first() -> None:
    roll = drawn([member(1, "rider", "driver"), member(2, "driver", "rider")])
    assert [entry.member_class for entry in roll.entries] == ["rider", "driver"]
    # A matter for drivers and the city alone: the same person votes as a driver.
    assert drawn([member(1, "rider", "driver")], "fare").get(member_id(1)).member_class == "driver"


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (member(1, "rider"), Exclusion.CLASS_HAS_NO_SAY),
        (happened(member(1), "died"), Exclusion.DIED),
        (happened(member(1), "left", of="driver"), Exclusion.NO_MEMBER),
        (member(1, joined=MOVED + timedelta(seconds=1)), Exclusion.NO_MEMBER),
        (happened(member(1), "suspended", at=FOUNDED + DAY), Exclusion.SUSPENDED),
        (happened(member(1), "suspended", "appealed", "appeal_lost"), Exclusion.SUSPENDED),
        (happened(member(1, joined=FOUNDED - 30 * DAY), "fell_behind", at=MOVED - 61 * DAY),
         Exclusion.IN_ARREARS),
    ],
)  # fmt: skip
def test_everyone_left_out_has_a_reason(one: Member, reason: Exclusion) -> None:
    roll = drawn([one, member(2)], "fare")
    assert reason_of(roll, 1) is reason
    assert [entry.member_id for entry in roll.entries] == [member_id(2)]
    with pytest.raises(NotOnRoll):
        roll.get(member_id(1))


def test_who_declares_a_conflict_of_interest_is_left_out() -> None:
    roll = drawn([member(1), member(2)], in_conflict=frozenset({member_id(1)}))
    assert reason_of(roll, 1) is Exclusion.IN_CONFLICT


def test_the_suspended_keep_their_vote_until_the_appeal_ends() -> None:
    suspended = happened(member(1), "suspended")  # yesterday: they may still appeal
    assert drawn([suspended]).size == 1
    suspended = happened(member(1), "suspended", at=FOUNDED + DAY)
    appealed = happened(suspended, "appealed", at=FOUNDED + 2 * DAY)
    roll = drawn([appealed])
    assert may_still_vote(roll, appealed, bylaws=bylaws(), at=OPENS)
    lost = happened(appealed, "appeal_lost", at=OPENS)
    with pytest.raises(NotOnRoll, match="suspended"):
        may_still_vote(roll, lost, bylaws=bylaws(), at=OPENS)
    rules = bylaws(roll={"suspended_members": "lose_vote"})
    assert drawn([appealed], rules=rules).size == 0


def test_what_happens_after_the_notice_does_not_change_the_roll() -> None:
    joins = member(3, joined=MOVED + DAY)
    leaves = happened(member(1), "left", at=MOVED + DAY, of="driver")
    dies = happened(member(2), "died", at=MOVED + DAY)
    roll = drawn([joins, leaves, dies])
    assert [entry.member_id for entry in roll.entries] == [member_id(1), member_id(2)]
    assert roll.digest == drawn([member(1), member(2)]).digest
    with pytest.raises(NotOnRoll, match="no member at the notice"):
        may_still_vote(roll, joins, bylaws=bylaws(), at=OPENS)
    with pytest.raises(NotOnRoll, match="left"):
        may_still_vote(roll, leaves, bylaws=bylaws(), at=OPENS)
    with pytest.raises(NotOnRoll, match="died"):
        may_still_vote(roll, dies, bylaws=bylaws(), at=OPENS)
    assert may_still_vote(roll, dies, bylaws=bylaws(), at=MOVED + timedelta(hours=1))


def test_a_roll_is_corrected_in_its_window_and_then_stays() -> None:
    roll = drawn([member(1), member(2)])
    added = Correction(member_id=member_id(3), member_class=MemberClass.RIDER, reason="Overlooked.", at=MOVED + DAY)  # fmt: skip
    struck = Correction(member_id=member_id(1), member_class=None, reason="Twice there.", at=MOVED + 2 * DAY)  # fmt: skip
    corrected = correct(correct(roll, added, salt=bytes(32)), struck, salt=bytes(32))
    assert [entry.member_id for entry in corrected.entries] == [member_id(2), member_id(3)]
    assert reason_of(corrected, 1) is Exclusion.STRUCK
    assert corrected.digest != roll.digest
    assert corrected.corrections == (added, struck)
    # Three days before the opening, from midnight in the city on.
    late = Correction(member_id=member_id(4), member_class=MemberClass.DRIVER, reason="Late.", at=roll.corrected_until)  # fmt: skip
    assert OPENS - 4 * DAY < roll.corrected_until < OPENS - 3 * DAY
    with pytest.raises(RollClosed):
        correct(roll, late, salt=bytes(32))


@pytest.mark.parametrize(
    ("number", "put_in", "reason"), [(1, MemberClass.DRIVER, "x"), (9, None, "x"), (1, None, " ")]
)
def test_a_correction_that_changes_nothing_or_says_no_reason_is_refused(
    number: int, put_in: MemberClass | None, reason: str
) -> None:
    with pytest.raises(RollCorrectionSenseless):
        correct(
            drawn([member(1)]),
            Correction(member_id=member_id(number), member_class=put_in, reason=reason, at=MOVED),
            salt=bytes(32),
        )


def test_an_entry_is_written_once() -> None:
    roll = drawn([member(1, "driver", "rider"), member(2)])
    moved = Correction(member_id=member_id(1), member_class=MemberClass.RIDER, reason="x", at=MOVED)
    with pytest.raises(RollCorrectionSenseless, match="on it as driver"):
        correct(roll, moved, salt=bytes(32))
    struck = Correction(member_id=member_id(1), member_class=None, reason="x", at=MOVED)
    with pytest.raises(RollCorrectionSenseless, match="struck off"):
        correct(correct(roll, struck, salt=bytes(32)), moved, salt=bytes(32))


def test_an_appeal_against_a_suspension_that_comes_too_late_gives_no_vote_back() -> None:
    suspended = happened(member(1), "suspended", at=FOUNDED + DAY)
    until = datetime(
        2026, 1, 21, 5, tzinfo=UTC
    )  # fourteen clear days later, by the clock of New York
    in_time = happened(suspended, "appealed", at=until - timedelta(seconds=1))
    late = happened(suspended, "appealed", at=until)
    assert [one.has_lost_vote(bylaws(), until) for one in (suspended, in_time, late)] == [
        True, False, True,
    ]  # fmt: skip
    assert not suspended.has_lost_vote(bylaws(), until - timedelta(seconds=1))


@given(st.permutations(range(1, 9)))
def test_the_roll_is_the_same_in_whatever_order_members_come(order: list[int]) -> None:
    people = [member(number, "driver", "rider") for number in order]
    assert drawn(people) == drawn(sorted(people, key=lambda one: one.member_id))
    assert len({entry.commitment for entry in drawn(people).entries}) == 8


def test_the_published_roll_names_nobody() -> None:
    roll = drawn([member(number) for number in range(1, 5)])
    assert list(roll.commitments) == sorted(roll.commitments)
    assert all(len(one) == 64 for one in roll.commitments)
    assert str(member_id(1)) not in "".join(roll.commitments)


@pytest.mark.parametrize(
    ("kinds", "of"),
    [
        (("joined",), "driver"), (("left",), "rider"), (("reinstated",), None),
        (("appealed",), None), (("appeal_lost",), None), (("caught_up",), None),
        (("died", "suspended"), None), (("suspended", "suspended"), None),
        (("suspended", "appealed", "appeal_lost", "appealed"), None),
    ],
)  # fmt: skip
def test_a_change_that_does_not_follow_is_refused(kinds: tuple[str, ...], of: str | None) -> None:
    with pytest.raises(MembershipClash):
        happened(member(1), *kinds, of=of)


def test_a_change_before_the_last_one_is_refused() -> None:
    with pytest.raises(MembershipClash, match="order"):
        happened(member(1), "died", at=FOUNDED - DAY)
