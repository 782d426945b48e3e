"""Where the money of a month went, without anybody's pay."""

import itertools
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from foundation.money import Currency
from ledger.account import Role
from ledger.open_books import DRIVERS_LEAST, DayPaid, Flow, account_for, released
from ledger.transfer import Kind

USD = Currency("USD")


def a_day(number: int, drivers: set[int]) -> DayPaid:
    starts = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return DayPaid(
        number=number + 1,
        day=date(2026, 1, 1) + timedelta(days=number),
        starts_at=starts,
        ends_at=starts + timedelta(days=1),
        digest="0" * 64,
        drivers=frozenset(UUID(int=one) for one in drivers),
    )


def flow(kind: Kind, role: Role, minor: int, code: str = "") -> Flow:
    return Flow(currency=USD, kind=kind, role=role, code=code, minor=minor)


masks = st.lists(st.integers(0, 2**14 - 1), max_size=31)
"""A bit for each of fourteen drivers and each day: whether they were paid."""


@given(masks)
def test_what_two_looks_differ_by_is_of_ten_drivers_or_more(masks: list[int]) -> None:
    """Whoever looks after each day learns only steps; each step has ten drivers or more."""
    days = [{bit for bit in range(14) if mask >> bit & 1} for mask in masks]
    every = [a_day(number, drivers) for number, drivers in enumerate(days)]
    seen = [released(every[:count]) for count in range(len(every) + 1)]
    assert seen == sorted(seen), "what was shown stays"
    steps = sorted(set(seen))
    assert steps[0] == 0
    for before, after in itertools.pairwise(steps):
        assert len(set[int]().union(*days[before:after])) >= DRIVERS_LEAST


def test_a_month_of_nine_drivers_is_not_broken_down_and_of_ten_it_is() -> None:
    nine = [a_day(number, set(range(1, 10))) for number in range(31)]
    assert released(nine) == 0
    assert released([*nine, a_day(31, {10})]) == 32


def test_the_sums_of_a_month() -> None:
    (found,) = account_for(
        [
            flow(Kind.FARE, Role.RIDER, 9_000),
            flow(Kind.FARE, Role.FUNDER, 1_000),
            flow(Kind.FARE, Role.DRIVER, -8_000),
            flow(Kind.FARE, Role.COOPERATIVE, -1_500),
            flow(Kind.FARE, Role.CITY, -500),
            flow(Kind.FARE, Role.DRIVER, -70, "top_up"),
            flow(Kind.FARE, Role.COOPERATIVE, 70, "top_up"),
            flow(Kind.NO_SHOW_FEE, Role.RIDER, 500),
            flow(Kind.NO_SHOW_FEE, Role.DRIVER, -500),
            flow(Kind.TIP, Role.RIDER, 200),
            flow(Kind.TIP, Role.DRIVER, -200),
            flow(Kind.REFUND, Role.COOPERATIVE, 300),
            flow(Kind.REFUND, Role.RIDER, -300),
            flow(Kind.EXPENSE, Role.EXPENSE, 400, "expense.insurance"),
            flow(Kind.EXPENSE, Role.BANK, -400),
            flow(Kind.LEVY_PAID, Role.CITY, 450),
            flow(Kind.LEVY_PAID, Role.BANK, -450),
        ]
    )
    assert (found.charged, found.granted) == (9_500, 1_000)
    assert (found.drivers, found.cooperative, found.city) == (8_500, 1_500, 500)
    assert found.of_ten_thousand == (8_095, 1_429, 476)
    assert (found.tips, found.top_ups, found.refunds) == (200, 70, 300)
    assert found.expenses == {"expense.insurance": 400}
    assert (found.levy_paid, found.reserves, found.other_income) == (450, 0, 0)


def test_currencies_are_never_added() -> None:
    yen = Currency("JPY")
    found = account_for(
        [
            Flow(currency=yen, kind=Kind.EXPENSE, role=Role.EXPENSE, code="expense.x", minor=5),
            flow(Kind.EXPENSE, Role.EXPENSE, 7, "expense.x"),
        ]
    )
    assert [(one.currency, dict(one.expenses)) for one in found] == [
        ("JPY", {"expense.x": 5}),
        ("USD", {"expense.x": 7}),
    ]
    assert found[0].of_ten_thousand == (0, 0, 0)
