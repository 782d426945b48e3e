"""The hard limits: who may serve which trip at all, before anything is weighed.

Owns the answer twice: before the road times are known, with bounds that never refuse a pair the
roads would allow, and after. Every question is asked of many pairs at once, and answered with all
the limits that a pair breaks, so that "why not me?" can name them.
"""

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from dispatch.matching import pair_kernels
from dispatch.matching.columns import NO_LIMIT, Columns, Whole, crow_decimetres
from dispatch.matching.policy import Policy
from dispatch.matching.rates import rates_of

CROW_METRES_PER_SECOND = 35
"""No car comes nearer along a straight line than this fast (126 km/h)."""


class Limit(IntFlag):
    """What can forbid a pair."""

    SEATS = 1
    VEHICLE_CLASS = 2
    NEEDS = 4
    ZONE = 8
    EXCLUDED = 16
    SHIFT = 32
    DRIVING = 64
    RANGE = 128
    NOT_FREE_SOON = 256
    TOO_FAR = 512
    TOO_EARLY = 1024


def broken_before_roads(
    columns: Columns, policy: Policy, *, trips: Whole, drivers: Whole
) -> NDArray[np.int64]:
    """The limits that pairs break for certain, whatever the roads are like.

    Parameters
    ----------
    trips, drivers
        int64, (pairs,): the pairs, as indices into the snapshot.

    Returns
    -------
    numpy.ndarray
        int64, (pairs,): a `Limit` for each pair, 0 where none is broken.
    """
    places = (columns.trips.pickup[trips], columns.drivers.place[drivers])
    quickest_ms = crow_decimetres(*places) * 100 // CROW_METRES_PER_SECOND
    # Nobody is too early for certain: the roads may take any time.
    return _broken(
        columns, policy, trips=trips, drivers=drivers, drive_ms=quickest_ms, early_ms_max=NO_LIMIT
    )


def broken_on_roads(
    columns: Columns, policy: Policy, *, trips: Whole, drivers: Whole, drive_ms: Whole
) -> NDArray[np.int64]:
    """The limits that pairs break once the road times are known; the shape is that of `trips`.

    Parameters
    ----------
    drive_ms
        int64, (pairs,): road time from the driver's place to the pick-up, or `UNREACHABLE`.
    """
    return _broken(
        columns, policy, trips=trips, drivers=drivers, drive_ms=drive_ms,
        early_ms_max=policy.early_seconds_max * 1000,
    )  # fmt: skip


def _broken(
    columns: Columns,
    policy: Policy,
    *,
    trips: Whole,
    drivers: Whole,
    drive_ms: Whole,
    early_ms_max: int,
) -> NDArray[np.int64]:
    return pair_kernels.broken_pairs(
        trips, drivers, drive_ms, columns, rates_of(policy), early_ms_max
    )
