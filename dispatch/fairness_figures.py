"""Fairness among drivers on shift, as everybody may see it.

Owns what is held back: no figure of fewer than ten drivers, none finer than a person could be told
apart by, none anew more often than every five minutes. The measure itself is the matching's own
(`dispatch.matching.fairness`), so that what is published is what the policy speaks of.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.matching.fairness import fairness_of
from dispatch.matching.snapshot import FreeDriver
from dispatch.position import OnShift, Phase, PositionBoard

FEWEST_DRIVERS = 10
"""No figure is of fewer people (invariant I32)."""

ANEW_EVERY = timedelta(minutes=5)
EARNINGS_STEP_MINOR = 50
SETTLED_SECONDS = 1800
"""Earnings an hour of a shorter time on shift say nothing, and are left out of their spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFairness:
    """The published measure; None where it would be of too few.

    Attributes
    ----------
    drivers
        How many are on shift, cut down to tens.
    earnings_hour_minor
        Their average earnings an hour on shift, in minor units, in steps of 50.
    earnings_gini
        Gini coefficient of earnings an hour, to two decimals, of those on shift for half an hour.
    idle_minutes_max
        The longest that one of them, free now, has waited without an offer, in whole minutes.
    """

    as_of: datetime
    drivers: int
    earnings_hour_minor: int | None
    earnings_gini: float | None
    idle_minutes_max: int | None


class FairnessLog:
    """The latest figures; worked out when somebody asks and the last are five minutes old."""

    def __init__(self, board: PositionBoard) -> None:
        self._board = board
        self._last: PublicFairness | None = None

    def at(self, now: datetime) -> PublicFairness:
        """The figures at this instant of service time, or those of at most five minutes before."""
        if self._last is None or now - self._last.as_of >= ANEW_EVERY:
            self._last = published(list(self._board), now=now)
        return self._last


def published(on_shift: list[OnShift], *, now: datetime) -> PublicFairness:
    """The measure of these drivers at an instant, in the granularity that is published."""
    rows = [_row(known, now) for known in on_shift if known.position is not None]
    settled = sum(row.shift_seconds >= SETTLED_SECONDS for row in rows)
    figures = fairness_of(rows, at_ms=_ms(now), settled_seconds=SETTLED_SECONDS)
    is_enough = len(rows) >= FEWEST_DRIVERS
    return PublicFairness(
        as_of=now,
        drivers=len(rows) // FEWEST_DRIVERS * FEWEST_DRIVERS,
        earnings_hour_minor=(
            figures.earnings_hour_minor // EARNINGS_STEP_MINOR * EARNINGS_STEP_MINOR
            if is_enough
            else None
        ),
        earnings_gini=round(figures.earnings_gini, 2) if settled >= FEWEST_DRIVERS else None,
        idle_minutes_max=figures.idle_seconds_max // 60 if is_enough else None,
    )


def _row(known: OnShift, now: datetime) -> FreeDriver:
    """What the measure reads of a driver; one under way is free later, and so waits for nothing."""
    assert known.position is not None
    free_at = known.free_since if known.phase is Phase.FREE else now + timedelta(seconds=1)
    return FreeDriver(
        driver_id=known.driver_id,
        place=known.position.point,
        free_at_ms=_ms(free_at),
        seats=known.seats,
        vehicle_class=known.vehicle_class,
        shift_ends_at_ms=_ms(known.ends_by),
        driving_seconds_left=0,
        earned_minor=max(0, known.earned_minor),
        shift_seconds=max(0, int((now - known.started_at).total_seconds())),
        last_offered_at_ms=None if known.last_offered_at is None else _ms(known.last_offered_at),
    )


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)
