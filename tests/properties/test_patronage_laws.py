"""Laws of dividing a surplus, beside a slow second opinion that shares no line of the code."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from governance.matter import MemberClass
from governance.patronage import Measure, Patron, divide, part_of
from governance.surplus.policy import parse_allocation_policy
from governance.surplus.waterfall import allocate
from tests.patronage import figures, naive, patron, policy_body

small = st.integers(0, 5) | st.integers(0, 10**9)
pools = st.integers(0, 60) | st.integers(0, 10**12)


@st.composite
def patrons(draw: st.DrawFn) -> list[Patron]:
    numbers = draw(st.lists(st.integers(1, 10**6), unique=True, max_size=12))
    return [patron(number, draw(small), draw(small), draw(small)) for number in numbers]


@st.composite
def weights(draw: st.DrawFn) -> Mapping[Measure, Fraction]:
    measures = draw(st.sets(st.sampled_from([Measure.FARES, Measure.HOURS, Measure.TRIPS, Measure.EQUAL]), min_size=1))  # fmt: skip
    parts = {one: draw(st.integers(1, 20)) for one in sorted(measures)}
    return {one: Fraction(part, sum(parts.values())) for one, part in parts.items()}


@given(pool=pools, people=patrons(), by=weights())
def test_a_division_is_what_the_slow_one_says(
    pool: int, people: list[Patron], by: Mapping[Measure, Fraction]
) -> None:
    divided = divide(pool, people, by)
    expected = naive(pool, people, by)
    assert (divided and {one.patron.number: one.minor for one in divided[1]}) == expected


@given(pool=pools, people=patrons(), by=weights(), order=st.randoms(use_true_random=False))
def test_parts_sum_to_the_whole_lie_within_a_cent_and_know_no_order(
    pool: int, people: list[Patron], by: Mapping[Measure, Fraction], order: object
) -> None:
    divided = divide(pool, people, by)
    if divided is None:
        return
    division, parts = divided
    assert sum(one.minor for one in parts) == pool
    assert sum(one.claim for one in parts) == division.denominator
    for one in parts:
        assert abs(one.minor - Fraction(pool * one.claim, division.denominator)) < 1
        assert part_of(division, one.patron) == one
    for first in parts:
        for second in parts:
            assert first.claim <= second.claim or first.minor >= second.minor
    shuffled = list(people)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert divide(pool, shuffled, by) == divided


@given(
    pool=pools,
    people=patrons().filter(bool),
    by=weights(),
    more=st.integers(1, 10**6),
    data=st.data(),
)
def test_more_patronage_is_never_less_money(
    pool: int, people: list[Patron], by: Mapping[Measure, Fraction], more: int, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(people) - 1))
    field = data.draw(st.sampled_from(["fares_minor", "seconds_on_shift", "trips"]))
    busier = list(people)
    busier[place] = replace(people[place], **{field: getattr(people[place], field) + more})
    number = people[place].number

    def got(of: list[Patron]) -> int:
        divided = divide(pool, of, by)
        return (
            0 if divided is None else {one.patron.number: one.minor for one in divided[1]}[number]
        )

    assert got(busier) >= got(people)


POLICY = parse_allocation_policy(policy_body())


@given(
    result=st.integers(-(10**9), 10**9), deficit=small, people=patrons(), riders=patrons(),
    capital=st.lists(small, max_size=5), income=small,
    funds=st.dictionaries(st.sampled_from(POLICY.funds), small),
)  # fmt: skip
def test_every_result_is_divided_whole_and_no_loss_touches_members(
    result: int, deficit: int, people: list[Patron], riders: list[Patron], capital: list[int],
    income: int, funds: dict[str, int],
) -> None:  # fmt: skip
    savers = [patron(number, capital=one) for number, one in enumerate(capital)]
    given_to = figures(
        result, deficit=deficit, drivers=people, riders=riders, savers=savers, income=income, funds=funds
    )  # fmt: skip
    found = allocate(given_to, POLICY)
    assert sum(one.minor for one in found.taken) - found.carried_minor == result
    if result < 0:
        assert found.shares == ()
        assert all(-funds.get(str(one.fund), 0) <= one.minor <= 0 for one in found.taken)
        bearing = sum(funds.get(one, 0) for one in POLICY.losses_to)
        assert found.carried_minor == max(0, -result - bearing)
    else:
        assert all(one.minor >= 0 for one in found.taken)
        assert found.carried_minor == 0
        assert all(
            one.cash_minor >= one.part.minor / 4 for one in found.shares if one.step != "interest"
        )
    assert all(min(one.cash_minor, one.retained_minor) >= 0 for one in found.shares)
    again = allocate(
        replace(
            given_to,
            patrons={
                MemberClass.RIDER: tuple(riders[::-1]),
                MemberClass.DRIVER: tuple(people[::-1]),
            },
            savers=tuple(savers[::-1]),
        ),
        POLICY,
    )
    assert (again.taken, again.shares) == (found.taken, found.shares)
