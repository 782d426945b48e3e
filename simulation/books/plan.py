"""The plan of a year: every trip, tip, refund and expense, by a seed. Pure.

Shares of what becomes of a trip, and of who tips, are made up; they are of the size that taxi
commissions publish, and no figure of the product rests on them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from foundation.chance import SeededChance
from foundation.local_time import day_starts

_WEEK = (0.86, 0.90, 0.95, 1.02, 1.18, 1.17, 0.92)
"""Demand of a weekday, Monday first, in parts of the mean."""

_HOURS = (
    3, 2, 1, 1, 1, 2, 4, 7, 9, 7, 5, 5, 5, 5, 5, 6, 7, 9, 9, 8, 7, 6, 5, 4,
)  # fmt: skip
"""Demand of an hour, midnight first; only their proportions count."""

_METRES_MEDIAN, _METRES_SPREAD = 3_600, 0.65
_METRES_LEAST, _METRES_MOST = 500, 60_000


class Ending(StrEnum):
    """What becomes of a trip."""

    RIDDEN = "ridden"
    CANCELLED = "cancelled"  # late, for a fee
    NO_SHOW = "no_show"
    RELEASED = "released"  # nothing is owed


_ENDINGS = (
    (Ending.RIDDEN, 0.93),
    (Ending.CANCELLED, 0.03),
    (Ending.NO_SHOW, 0.015),
    (Ending.RELEASED, 0.025),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrip:
    """One trip of the plan.

    Attributes
    ----------
    rider, driver
        Numbers from 0 on.
    tip_percent
        Of the fare; 0 for none.
    refund_percent
        Of the fare, given back the day it was paid; 0 for none.
    """

    at: datetime
    rider: int
    driver: int
    metres: int
    seconds: int
    ending: Ending
    waiting_seconds: int
    tip_percent: int
    refund_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """An expense of the co-operative: what for, in parts of 10,000 of the day's fares so far due."""

    code: str
    parts: int


WEEKLY = (
    Spent(code="expense.staff", parts=520),
    Spent(code="expense.insurance", parts=260),
    Spent(code="expense.servers", parts=90),
    Spent(code="expense.office", parts=130),
)
"""What is spent each Monday, in parts of 10,000 of the fares of the week before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What a simulated year is.

    Attributes
    ----------
    trips
        In the whole year, exactly.
    days
        How many of its days are played, from the first on.
    """

    year: int
    zone: ZoneInfo
    trips: int
    riders: int
    drivers: int
    seed: int
    days: int = 366

    def __post_init__(self) -> None:
        assert min(self.trips, self.riders, self.drivers, self.days) > 0

    def each_day(self) -> Iterator[tuple[date, int]]:
        """Each day, and how many trips it has; they sum to `trips` over a whole year."""
        first = date(self.year, 1, 1)
        whole = (date(self.year + 1, 1, 1) - first).days
        days = [first + timedelta(days=number) for number in range(whole)]
        weights = [_of_day(day) for day in days]
        total, before, gone = math.fsum(weights), 0, 0.0
        for day, weight in list(zip(days, weights, strict=True))[: self.days]:
            gone += weight
            until = round(self.trips * gone / total)
            yield day, until - before
            before = until

    def trips_of(self, day: date, count: int) -> list[PlannedTrip]:
        """The trips of a day in the order they are asked for."""
        chance = SeededChance(f"{self.seed} {day}")
        starts = day_starts(day, self.zone)
        seconds = int((day_starts(day + timedelta(days=1), self.zone) - starts).total_seconds())
        trips = [self._trip(starts, seconds, chance) for _ in range(count)]
        return sorted(trips, key=lambda trip: trip.at)

    def _trip(self, starts: datetime, seconds: int, chance: SeededChance) -> PlannedTrip:
        hour = _weighted(_HOURS, chance)
        # Ends within the day, tip and refund too, also on the day that clocks go forward.
        second = min(hour * 3600 + chance.below(3600), seconds - 600)
        metres = round(_METRES_MEDIAN * math.exp(chance.normal(0.0, _METRES_SPREAD)))
        metres = min(max(metres, _METRES_LEAST), _METRES_MOST)
        pace = 3.5 + 4.5 * chance.uniform()  # metres a second
        return PlannedTrip(
            at=starts + timedelta(seconds=second, microseconds=chance.below(1_000_000)),
            rider=_often(self.riders, chance),
            driver=chance.below(self.drivers),
            metres=metres,
            seconds=round(metres / pace),
            ending=_ENDINGS[_weighted([share for _, share in _ENDINGS], chance)][0],
            waiting_seconds=chance.below(400) if chance.uniform() < 0.08 else 0,
            tip_percent=10 + chance.below(16) if chance.uniform() < 0.22 else 0,
            refund_percent=10 * (1 + chance.below(10)) if chance.uniform() < 0.005 else 0,
        )


def _of_day(day: date) -> float:
    season = 1.0 + 0.08 * math.cos(2 * math.pi * (day.timetuple().tm_yday - 350) / 365)
    return _WEEK[day.weekday()] * season


def _often(count: int, chance: SeededChance) -> int:
    """A number below `count`, small ones more often: some people ride every day."""
    return int(count * chance.uniform() ** 2)


def _weighted(
    weights: tuple[float, ...] | tuple[int, ...] | list[float], chance: SeededChance
) -> int:
    at = chance.uniform() * math.fsum(weights)
    for number, weight in enumerate(weights):
        at -= weight
        if at < 0:
            return number
    return len(weights) - 1
