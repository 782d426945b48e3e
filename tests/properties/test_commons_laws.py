"""What holds of pacts, the fund, matched offers and purchases, whoever acts and however much."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.errors import Refusal
from governance.commons.budget import divide
from governance.commons.local_spend import Spend, TagPeriod, spend_shares
from governance.commons.offers import (
    End,
    Form,
    OfferTerms,
    Pledge,
    Settlement,
    Voices,
    settle,
    voices_after,
)
from governance.commons.pact import (
    DutyDone,
    Outcome,
    Pact,
    PactState,
    Review,
    overdue_duties,
    report_done,
    review,
    state_of,
)
from governance.commons.purchasing import Bid, Criterion, Tag, score
from governance.counting.budget import BudgetPaper
from tests.commons import (
    CLOSES,
    EUR,
    LOTS,
    MEMBERS,
    OPENS,
    START,
    bid,
    budget_terms,
    offer_terms,
    pact_terms,
    person,
    pledge,
    project,
    purchase_terms,
)

NAMES = ("ada", "bo", "cem", "dee", "zoe")
SELVES = frozenset({person("dee")})


@st.composite
def pledges(draw: st.DrawFn) -> list[Pledge]:
    """Pledges of few people, some strangers, some withdrawn in time or too late."""
    return [
        pledge(
            draw(st.sampled_from(NAMES)), draw(st.integers(1, 400)), number=number,
            made_at=OPENS + timedelta(hours=draw(st.integers(0, 3))),
            resident=draw(st.booleans()),
            withdrawn_at=draw(st.sampled_from([None, None, OPENS + timedelta(days=1), CLOSES])),
        )
        for number in range(draw(st.integers(0, 8)))
    ]  # fmt: skip


@st.composite
def terms(draw: st.DrawFn) -> OfferTerms:
    """Any offer of at most a thousand cents."""
    return offer_terms(
        target_minor=draw(st.integers(1, 1000)),
        threshold=draw(st.fractions(Fraction(1, 100), 1, max_denominator=100)),
        ratio=draw(st.fractions(0, 3, max_denominator=7)),
        cap_minor=draw(st.integers(0, 700)),
        form=draw(st.sampled_from(Form)),
        one_person_at_most=draw(st.fractions(Fraction(1, 20), 1, max_denominator=20)),
    )


def settled(by: OfferTerms, made: list[Pledge]) -> Settlement:
    return settle(by, made, beneficiaries=SELVES, at=CLOSES)


@given(by=terms(), made=pledges())
def test_all_of_an_offer_or_nothing_and_the_city_s_part_to_the_cent(
    by: OfferTerms, made: list[Pledge]
) -> None:
    found = settled(by, made)
    assert sum(line.match_minor for line in found.lines) == found.match_minor
    assert found.eligible_minor <= found.pledged_minor
    if found.end is End.VOIDED:
        assert found.match_minor == 0
        return
    assert found.eligible_minor >= by.threshold * by.target_minor
    assert found.pledged_minor + found.match_minor >= by.target_minor
    assert 0 <= found.match_minor <= min(by.cap_minor, by.ratio * found.eligible_minor)
    assert found.match_minor == 0 or found.pledged_minor + found.match_minor == by.target_minor
    for line in found.lines:
        if found.match_minor:
            exact = Fraction(found.match_minor * line.eligible_minor, found.eligible_minor)
            assert abs(line.match_minor - exact) < 1


@given(by=terms(), made=pledges(), data=st.data())
def test_the_order_in_which_pledges_are_read_changes_nothing(
    by: OfferTerms, made: list[Pledge], data: st.DataObject
) -> None:
    assert settled(by, data.draw(st.permutations(made))) == settled(by, made)


@given(by=terms(), made=pledges())
def test_no_city_money_follows_strangers_or_those_who_get_it(
    by: OfferTerms, made: list[Pledge]
) -> None:
    of = {one.pledge_id: one for one in made}
    most = by.eligible_of_one_person_minor
    by_person: dict[object, int] = {}
    for line in settled(by, made).lines:
        if not of[line.pledge_id].resident or line.person_id in SELVES:
            assert (line.eligible_minor, line.match_minor) == (0, 0)
        by_person[line.person_id] = by_person.get(line.person_id, 0) + line.eligible_minor
    assert all(minor <= most for minor in by_person.values())


@given(
    by=terms(), made=pledges(), share=st.integers(1, 500), city=st.integers(0, 9),
    ratio=st.fractions(0, 9, max_denominator=7), cap=st.integers(0, 5000),
)  # fmt: skip
def test_city_money_never_buys_votes(
    by: OfferTerms, made: list[Pledge], share: int, city: int, ratio: Fraction, cap: int
) -> None:
    """Whatever the city adds, who votes is the same as if it had added nothing to the same end."""
    before = Voices(persons=MEMBERS, city=city)
    found = settled(replace(by, ratio=ratio, cap_minor=cap), made)
    after = voices_after(found, by, before, membership_share_minor=share)
    unmatched = replace(
        found, match_minor=0, lines=tuple(replace(line, match_minor=0) for line in found.lines)
    )
    assert after == voices_after(unmatched, by, before, membership_share_minor=share)
    assert after.city == city
    for newcomer in after.persons - before.persons:
        own = sum(one.amount_minor for one in made if one.person_id == newcomer)
        assert own >= share


@settings(deadline=None)  # what is left is spent a unit more for everybody at a time
@given(
    costs=st.lists(st.integers(1, 100_00), min_size=1, max_size=5),
    ticks=st.lists(st.sets(st.sampled_from("abcde")), max_size=5),
)
def test_the_fund_never_spends_beyond_its_pot_and_pays_only_what_somebody_wants(
    costs: list[int], ticks: list[set[str]]
) -> None:
    projects = [project(name, cost) for name, cost in zip("abcde", costs, strict=False)]
    papers = [BudgetPaper(projects=tuple(sorted(one))) for one in ticks]
    count, funded = divide(budget_terms(), projects, papers, members=MEMBERS, lots=LOTS)
    assert sum(one.cost.minor for one in funded) + count.money_left * 100 == 100_00
    known = {one.project_id for one in projects}
    wanted = set().union(*(one for one in ticks if one <= known)) if ticks else set()
    assert {one.project_id for one in funded} <= wanted


STEPS = st.lists(
    st.one_of(
        st.builds(
            DutyDone, number=st.integers(0, 3), done_on=st.dates(START, date(2031, 1, 1))
        ),
        st.builds(
            lambda on: Review(
                outcome=Outcome.CONTINUED, findings="On.", reviewed_on=on,
                next_review_on=on + timedelta(days=30), ends_on=on + timedelta(days=60),
            ),
            st.dates(START, date(2032, 1, 1)),
        ),
        st.builds(
            Review, outcome=st.sampled_from([Outcome.KEPT, Outcome.ENDED]),
            findings=st.just("So."), reviewed_on=st.dates(START, date(2032, 1, 1)),
        ),
    ),
    max_size=8,
)  # fmt: skip


@given(steps=STEPS, today=st.dates(START, date(2033, 1, 1)))
def test_a_pact_called_kept_has_no_open_duty_and_one_that_is_over_stays_so(
    steps: list[DutyDone | Review], today: date
) -> None:
    pact = Pact(terms=pact_terms())
    for step in steps:
        over = pact.concluded
        try:
            pact = report_done(pact, step) if isinstance(step, DutyDone) else review(pact, step)
        except Refusal:
            continue
        assert over is None
    state = state_of(pact, today)
    assert state is not PactState.KEPT or not pact.open_duties
    assert (pact.concluded is not None) == (state in (PactState.KEPT, PactState.ENDED))
    assert {duty.number for duty in overdue_duties(pact, today)} <= {
        duty.number for duty in pact.open_duties
    }
    assert len({one.number for one in pact.done}) == len(pact.done)
    assert pact.terms.starts_on < pact.review_on <= pact.ends_on


@st.composite
def bids(draw: st.DrawFn) -> list[Bid]:
    """Up to five bids; some without carbon, some too dear or too bad."""
    return [
        bid(
            name, draw(st.integers(1, 1100_00)), *draw(st.sets(st.sampled_from([Tag.LOCAL, Tag.CO_OP]))),
            quality_points=draw(st.integers(0, 100)),
            carbon_grams=draw(st.one_of(st.none(), st.integers(0, 5000))),
        )
        for name in draw(st.sets(st.sampled_from("abcde")))
    ]  # fmt: skip


@given(made=bids(), parts=st.lists(st.integers(0, 9), min_size=5, max_size=5), data=st.data())
def test_scores_are_parts_of_one_in_order_and_every_bid_stands_in_the_table(
    made: list[Bid], parts: list[int], data: st.DataObject
) -> None:
    whole = sum(parts)
    weights = (
        dict(zip(Criterion, (Fraction(part, whole) for part in parts), strict=True))
        if whole
        else purchase_terms().weights
    )
    by = purchase_terms(weights=weights)
    table = score(by, made, LOTS)
    assert table == score(by, data.draw(st.permutations(made)), LOTS)
    assert all(0 <= cell.score <= 1 for row in table.rows for cell in row.scores)
    totals = [row.total for row in table.rows]
    assert totals == sorted(totals, reverse=True)
    assert [row.rank for row in table.rows] == list(range(1, len(totals) + 1))
    named = [row.supplier_id for row in table.rows] + [
        one.supplier_id for one in table.not_considered
    ]
    assert sorted(named) == sorted(one.supplier.supplier_id for one in made)


@given(made=bids(), cheaper=st.integers(1, 100))
def test_a_lower_price_never_costs_a_bid_its_place(made: list[Bid], cheaper: int) -> None:
    before = score(purchase_terms(), made, LOTS)
    if not before.rows:
        return
    winner = before.winner
    lowered = [
        replace(one, price_minor=max(1, one.price_minor - cheaper))
        if one.supplier.supplier_id == winner
        else one
        for one in made
    ]
    assert score(purchase_terms(), lowered, LOTS).winner == winner


@given(
    paid=st.lists(st.tuples(st.sampled_from("abc"), st.dates(date(2029, 6, 1), date(2031, 6, 1)),
                            st.integers(0, 1000)))
)  # fmt: skip
def test_what_was_paid_by_seat_sums_to_what_was_paid(paid: list[tuple[str, date, int]]) -> None:
    tags = {"a": [TagPeriod(tag=Tag.LOCAL, since=date(2030, 3, 1))],
            "b": [TagPeriod(tag=Tag.REGIONAL, since=date(2029, 1, 1), until=date(2030, 9, 1))]}  # fmt: skip
    found = spend_shares(
        [Spend(supplier_id=who, paid_on=on, amount_minor=minor) for who, on, minor in paid],
        lambda supplier: tags.get(supplier, []), year=2030, currency=EUR,
    )  # fmt: skip
    assert found.total_minor == sum(minor for _, on, minor in paid if on.year == 2030)
    parts = found.in_city_minor + found.in_region_minor + found.elsewhere_minor
    assert parts == found.total_minor
    if found.local_share is not None and found.regional_share is not None:
        assert 0 <= found.local_share <= found.regional_share <= 1
