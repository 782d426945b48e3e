"""The values of a driver's statement: lines, sums, rates. Pure.

Every sum is whole minor units. Rates are kept as exact fractions; they are rounded half up once, where
they are shown (`Rate.amount`). Pay is share, extras and top-ups: neither tips nor outlays given back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.identifiers import UUID, ShiftId, TripId
from foundation.money import Currency, Money, round_half_up
from ledger.costs.cost import Cost
from ledger.statements.facts import Charged, Entered, Of
from ledger.statements.floor import FloorCheck
from ledger.statements.period import Week

HOUR, KILOMETRE = 3_600, 1_000


class What(StrEnum):
    """What a line is, for its driver."""

    SHARE = "share"
    EXTRA = "extra"  # a line of the fare that is wholly the driver's
    TOP_UP = "top_up"
    TIP = "tip"
    OUTLAY = "outlay"
    CASH = "cash"
    PAYOUT = "payout"
    PAYOUT_RETURNED = "payout_returned"
    REVERSAL = "reversal"
    ALLOCATION = "allocation"
    OTHER = "other"


class Sum(StrEnum):
    """What lines are added up to."""

    PAY = "pay"
    TIPS = "tips"
    OUTLAYS = "outlays"
    CASH = "cash"
    PAYOUTS = "payouts"
    OTHER = "other"


Sums = Mapping[Sum, int]
"""Minor units by what they are; they add up to all the lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One entry, as its driver sees it.

    Attributes
    ----------
    sum
        What it is added up to; of a reversal, what it takes back was added up to.
    floor
        Of a top-up: the floor that it reaches, with its numbers.
    """

    entered: Entered
    what: What
    sum: Sum
    amount: Money
    shift_id: ShiftId | None = None
    floor: FloorCheck | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TripSum:
    """What a trip came to in this time.

    Attributes
    ----------
    charged
        What its rider was charged; None if nothing was, or what there is of it is later (a tip).
    floor
        The pay held against the floor; None of a trip without a fare.
    """

    trip_id: TripId
    shift_id: ShiftId | None
    ended_at: datetime
    charged: Charged | None
    currency: Currency
    sums: Sums
    seconds_engaged: int
    metres: int
    floor: FloorCheck | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftSum:
    """What a shift came to, and how long it was.

    Attributes
    ----------
    started_at, ended_at
        None of a shift whose work is elsewhere; the end None while it goes on.
    seconds_on_shift
        As far as they lie in the week.
    """

    shift_id: ShiftId
    started_at: datetime | None
    ended_at: datetime | None
    seconds_on_shift: int
    seconds_engaged: int
    metres: int
    trips: int
    sums: Mapping[Currency, Sums]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Money for each hour or kilometre, exactly: `minor` times `per` over `over`."""

    minor: int
    currency: Currency
    per: int
    over: int

    @property
    def numerator(self) -> int:
        """Of the fraction of minor units, not in lowest terms."""
        return self.minor * self.per

    @property
    def amount(self) -> Money:
        """Rounded half up: the one rounding."""
        return Money(round_half_up(self.numerator, self.over), self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """An amount by the engaged hour, the hour on shift and the kilometre with a rider; None for none."""

    engaged_hour: Rate | None
    shift_hour: Rate | None
    kilometre: Rate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """A cost, and what of it falls into the week."""

    cost: Cost
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AfterCosts:
    """What is left of pay after the driver's own costs."""

    costs: Money
    pay: Money
    rates: Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """All of it in one currency.

    Attributes
    ----------
    opening, closing
        What was owed to the driver before and after; None but of a week.
    after_costs
        None where costs are not shown: of a trip or shift, for costs are of days, or to others.
    """

    currency: Currency
    opening: Money | None
    sums: Sums
    closing: Money | None
    rates: Rates
    after_costs: AfterCosts | None

    @property
    def change(self) -> Money:
        """What all lines add up to."""
        return Money(sum(self.sums.values()), self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Seconds, metres with a rider on board, completed trips."""

    seconds_on_shift: int
    seconds_engaged: int
    metres: int
    trips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A driver's statement of a week, a shift or a trip."""

    driver_id: UUID
    of: Of
    name: str
    week: Week | None
    lines: tuple[Line, ...]
    trips: tuple[TripSum, ...]
    shifts: tuple[ShiftSum, ...]
    totals: tuple[Total, ...]
    work: Work
    costs: tuple[CostLine, ...] | None
