"""The open books: where the money of a month went, for everybody, and never one person's pay. Pure.

Sums grow only by whole groups of sealed days in which ten drivers or more were paid: whoever looks
each day and takes the difference learns of ten at least.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from foundation.identifiers import UUID
from foundation.money import Currency, split_by_largest_remainder
from ledger.account import Role
from ledger.transfer import CHARGES, Kind

DRIVERS_LEAST = 10
"""Of fewer nothing is said (as of demand and fairness: docs/decisions/0372)."""

TOP_UP = "top_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPaid:
    """A sealed day: its place in the chain, and who was paid for work of that day."""

    number: int
    day: date
    starts_at: datetime
    ends_at: datetime
    digest: str
    drivers: frozenset[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What entries of one kind came to in the accounts of one role; a debit above zero.

    `code` tells apart what is spent for, and top-ups; it is empty otherwise.
    """

    currency: Currency
    kind: Kind
    role: Role
    code: str
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfMoney:
    """Where the money of some days went, in minor units of one currency.

    What riders were charged and what funders granted is what drivers, co-operative and city got
    of the charges. What comes after that is moved by the co-operative out of its part.

    Attributes
    ----------
    charged
        Fares and fees.
    granted
        Concessions, owed by their funder.
    drivers, cooperative, city
        Their parts of both, before anything below.
    of_ten_thousand
        The same parts of every 10,000 units, by largest remainder.
    tips
        Whole to drivers, beside what was charged.
    top_ups
        From the co-operative to drivers, up to the pay floor.
    refunds
        From the co-operative to riders.
    expenses
        By what for.
    reserves
        Set aside of earlier surpluses.
    """

    currency: Currency
    charged: int
    granted: int
    drivers: int
    cooperative: int
    city: int
    of_ten_thousand: tuple[int, int, int]
    tips: int
    top_ups: int
    refunds: int
    levy_paid: int
    other_income: int
    reserves: int
    expenses: Mapping[str, int] = field(default_factory=dict)


def released(days: Sequence[DayPaid], *, least: int = DRIVERS_LEAST) -> int:
    """How many of the days, from the first on, may be added up and shown.

    They end with a day at which `least` drivers were paid since the last such day.
    """
    shown, paid = 0, frozenset[UUID]()
    for count, day in enumerate(days, start=1):
        paid |= day.drivers
        if len(paid) >= least:
            shown, paid = count, frozenset()
    return shown


def account_for(flows: Iterable[Flow]) -> tuple[MonthOfMoney, ...]:
    """Where the money went, by currency in the order of its code."""
    by_currency: dict[Currency, list[Flow]] = {}
    for flow in flows:
        by_currency.setdefault(flow.currency, []).append(flow)
    return tuple(_of(currency, by_currency[currency]) for currency in sorted(by_currency))


def _of(currency: Currency, flows: Sequence[Flow]) -> MonthOfMoney:
    charges = [flow for flow in flows if flow.kind in CHARGES and flow.code != TOP_UP]
    charged, granted = _sum(charges, Role.RIDER), _sum(charges, Role.FUNDER)
    parts = [-_sum(charges, role) for role in (Role.DRIVER, Role.COOPERATIVE, Role.CITY)]
    assert charged + granted == sum(parts), "charges sum to zero (I16)"
    weights = [max(0, part) for part in parts]
    of_ten_thousand = split_by_largest_remainder(10_000, weights) if any(weights) else [0, 0, 0]

    def moved(kind: Kind, role: Role) -> int:
        return _sum([flow for flow in flows if flow.kind is kind], role)

    return MonthOfMoney(
        currency=currency,
        charged=charged,
        granted=granted,
        drivers=parts[0],
        cooperative=parts[1],
        city=parts[2],
        of_ten_thousand=(of_ten_thousand[0], of_ten_thousand[1], of_ten_thousand[2]),
        tips=-moved(Kind.TIP, Role.DRIVER),
        top_ups=-_sum([flow for flow in flows if flow.code == TOP_UP], Role.DRIVER),
        refunds=-moved(Kind.REFUND, Role.RIDER),
        levy_paid=moved(Kind.LEVY_PAID, Role.CITY),
        other_income=-moved(Kind.INCOME, Role.OTHER_INCOME),
        reserves=-moved(Kind.ALLOCATION, Role.RESERVE),
        expenses={
            flow.code: flow.minor
            for flow in sorted(flows, key=lambda flow: flow.code)
            if flow.role is Role.EXPENSE
        },
    )


def _sum(flows: Iterable[Flow], role: Role) -> int:
    return sum(flow.minor for flow in flows if flow.role is role)
