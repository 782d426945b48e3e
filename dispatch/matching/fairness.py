"""Fairness among drivers: the terms that even out a shift, and the figures that are published.

Owns two preferences, each within a cap that members vote: for drivers who have earned less an
hour than the average of all on shift, and for drivers who have waited longest without an offer.
Knows nothing of declined offers: an offer ends a wait whatever became of it.

Fairness as earnings in proportion to time on shift, evened out over many matches instead of in
each, is Suehr et al., "Two-Sided Fairness for Repeated Matchings in Two-Sided Markets", KDD 2019.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.matching import pair_kernels
from dispatch.matching.columns import DriverColumns, Whole
from dispatch.matching.policy import Policy
from dispatch.matching.rates import rates_of
from dispatch.matching.snapshot import FreeDriver


def driver_terms(drivers: DriverColumns, policy: Policy, *, at_ms: int) -> Whole:
    """By how much each driver counts as further away with every trip: milliseconds, (3, drivers).

    The rows are, in the order of `cost.TERMS`:

    *Earnings.* With m the average of all on shift (all earnings over all time), a driver who earned
    e in s seconds has the rate (e + m * settle) / (s + settle): somebody who has just come counts
    as average, and an old hand as what they earned. The term is the weight times (rate / m - 1),
    cut to the cap on either side. Nobody has a term before anybody has earned.

    *Idle*, zero or below. Only what a driver waited beyond `idle_after_seconds` counts: it is for
    those whom nobody asks for where they are, not for the turns of a busy hour.

    *Place*, zero or above. Not a preference among drivers but among places: whoever stands where
    hardly anybody asks is taken before somebody whom the next rider would miss
    (dispatch.matching.reposition says what a place is worth). So drivers far from demand are not
    forgotten there either.
    """
    return pair_kernels.driver_terms(drivers, rates_of(policy), at_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """The published measure of how evenly work is shared among drivers on shift.

    Attributes
    ----------
    drivers
        How many were counted.
    earnings_gini
        Gini coefficient of earnings an hour on shift: 0 if all earn alike, near 1 if one earns
        all. Drivers on shift for less than `settled_seconds` are left out, their rate says nothing.
    earnings_hour_minor
        Average earnings an hour on shift of all, in minor units, cut down.
    idle_seconds_max
        The longest that a driver, free now, has waited without an offer.
    """

    drivers: int
    earnings_gini: float
    earnings_hour_minor: int
    idle_seconds_max: int


def fairness_of(
    drivers: Iterable[FreeDriver], *, at_ms: int, settled_seconds: int = 1800
) -> Fairness:
    """The published measure for these drivers at an instant."""
    rows = list(drivers)
    assert settled_seconds >= 1
    settled = [row for row in rows if row.shift_seconds >= settled_seconds]
    all_seconds = sum(row.shift_seconds for row in rows)
    all_earned = sum(row.earned_minor for row in rows)
    waits = [at_ms - idle_since_ms(row, at_ms=at_ms) for row in rows if row.free_at_ms <= at_ms]
    return Fairness(
        drivers=len(rows),
        earnings_gini=gini([row.earned_minor * 3600 / row.shift_seconds for row in settled]),
        earnings_hour_minor=all_earned * 3600 // all_seconds if all_seconds else 0,
        idle_seconds_max=max(waits, default=0) // 1000,
    )


def idle_since_ms(driver: FreeDriver, *, at_ms: int) -> int:
    """Since when a driver waits: since coming on shift, the last trip's end or the last offer."""
    began = at_ms - driver.shift_seconds * 1000
    offered = began if driver.last_offered_at_ms is None else driver.last_offered_at_ms
    return min(at_ms, max(began, driver.free_at_ms, offered))


def gini(values: Iterable[float]) -> float:
    """The Gini coefficient of values that are not negative: from 0 to below 1.

    Half the relative mean difference, worked out from the sorted values (Gini 1912; the form with
    ranks is in Cowell, "Measuring Inequality", 3rd edition). Nothing, or nothing but
    zeros, is perfectly even.

    >>> gini([5, 5, 5])
    0.0
    >>> gini([0, 0, 0, 8])
    0.75
    """
    ordered = sorted(values)
    assert not ordered or ordered[0] >= 0
    whole = sum(ordered)
    if not whole:
        return 0.0
    count = len(ordered)
    ranked = sum((2 * rank - count - 1) * value for rank, value in enumerate(ordered, start=1))
    return ranked / (count * whole)
