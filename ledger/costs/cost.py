"""A cost as its driver wrote it down, which of them stand, and what of one falls into some days. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from foundation.identifiers import UUID, DriverId
from foundation.money import Currency, Money, round_half_up
from ledger.costs.errors import CostDatesWrong, CostIncomplete

AMOUNT_MAX = 1_000_000_000
DAYS_MAX = 367
"""A cost is spread over a year at most: its first day and 366 more."""
EARLIEST = date(2000, 1, 1)
PER_KM = 1_000 * 1_000
"""Metres by mills in one minor unit's kilometre."""


class CostKind(StrEnum):
    """What was paid for."""

    FUEL = "fuel"
    CHARGING = "charging"
    INSURANCE = "insurance"
    REPAIRS = "repairs"
    DISTANCE = "distance"  # an allowance by the kilometre, for wear and what is not kept apart
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One cost, as written down.

    Attributes
    ----------
    amount
        Nothing where it takes back what it replaces.
    spent_on, covers_until
        The day it was paid; the last of the days it is spread over, itself one of them, or None for
        that day alone.
    metres, per_km_mills
        Of an allowance by the kilometre: how far, and thousandths of a minor unit for each kilometre.
    replaces
        The cost it puts right.
    """

    cost_id: UUID
    driver_id: DriverId
    kind: CostKind
    amount: Money
    spent_on: date
    covers_until: date | None = None
    metres: int | None = None
    per_km_mills: int | None = None
    note: str | None = None
    replaces: UUID | None = None
    made_at: datetime | None = None

    def __post_init__(self) -> None:
        last = self.last_day
        if not (EARLIEST <= self.spent_on <= last < self.spent_on + timedelta(days=DAYS_MAX)):
            raise CostDatesWrong(self.spent_on, self.covers_until)
        assert 0 <= self.amount.minor <= AMOUNT_MAX
        if self.amount.minor == 0 and self.replaces is None:
            raise CostIncomplete("an amount above zero is missing")

    @property
    def last_day(self) -> date:
        """The last day it is for."""
        return self.covers_until or self.spent_on

    @property
    def takes_back(self) -> bool:
        """Whether it says only that what it replaces was none."""
        return self.amount.minor == 0

    def minor_in(self, first: date, last: date) -> int:
        """Minor units of it that fall into the days from `first` to `last`.

        Spread evenly by days, each cut down to whole minor units where it ends, so that the parts of
        days that follow one another sum to the whole.
        """
        assert first <= last
        days = (self.last_day - self.spent_on).days + 1

        def until(day: date) -> int:
            gone = min(max((day - self.spent_on).days, 0), days)
            return self.amount.minor * gone // days

        return until(last + timedelta(days=1)) - until(first)


def allowance(metres: int, per_km_mills: int, currency: Currency) -> Money:
    """So much a kilometre, rounded half up once."""
    return Money(round_half_up(metres * per_km_mills, PER_KM), currency)


def standing(costs: Iterable[Cost]) -> tuple[Cost, ...]:
    """Those that nothing replaced and that take nothing back, in their order."""
    known = tuple(costs)
    replaced = {one.replaces for one in known}
    return tuple(one for one in known if one.cost_id not in replaced and not one.takes_back)
