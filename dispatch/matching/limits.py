"""The hard limits: who may serve which trip at all, before anything is weighed.

Owns the answer twice: before the road times are known, with bounds that never refuse a pair the
roads would allow, and after. Every question is asked of many pairs at once, and answered with all
the limits that a pair breaks, so that "why not me?" can name them.
"""

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Columns, Whole, crow_decimetres
from dispatch.matching.policy import Policy

CROW_METRES_PER_SECOND = 35
"""No car comes nearer along a straight line than this fast (126 km/h)."""

RANGE_RESERVE = (3, 2)
"""Roads to the pick-up are taken as 3/2 of the straight line; they are about 1.3 of it."""


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
    return _broken_by_delay(columns, policy, trips=trips, drivers=drivers, drive_ms=quickest_ms)


def broken_on_roads(
    columns: Columns, policy: Policy, *, trips: Whole, drivers: Whole, drive_ms: Whole
) -> NDArray[np.int64]:
    """The limits that pairs break once the road times are known; the shape is that of `trips`.

    Parameters
    ----------
    drive_ms
        int64, (pairs,): road time from the driver's place to the pick-up, or `UNREACHABLE`.
    """
    broken = _broken_by_delay(columns, policy, trips=trips, drivers=drivers, drive_ms=drive_ms)
    arrive_ms = columns.drivers.free_in_ms[drivers] + drive_ms
    standing = columns.trips.wanted_in_ms[trips] - arrive_ms
    broken |= np.where(standing > policy.early_seconds_max * 1000, Limit.TOO_EARLY, 0)
    return broken


def _broken_by_delay(
    columns: Columns, policy: Policy, *, trips: Whole, drivers: Whole, drive_ms: Whole
) -> NDArray[np.int64]:
    """The limits that a longer way can break and never lift, and those that no time can lift."""
    driver = columns.drivers
    free_in = driver.free_in_ms[drivers]
    driving = drive_ms + columns.trips.trip_seconds[trips] * 1000
    broken = _broken_by_kind(columns, trips=trips, drivers=drivers)
    broken |= np.where(free_in > policy.ahead_seconds * 1000, Limit.NOT_FREE_SOON, 0)
    # Who comes before the wanted time of a booking waits for it, on shift.
    standing = np.maximum(0, columns.trips.wanted_in_ms[trips] - free_in - drive_ms)
    busy_until = free_in + driving + standing
    broken |= np.where(busy_until > driver.shift_left_ms[drivers], Limit.SHIFT, 0)
    broken |= np.where(driving > driver.driving_left_ms[drivers], Limit.DRIVING, 0)
    # A pick-up that cannot be reached is later than any policy allows: no case of its own.
    broken |= np.where(free_in + drive_ms > policy.pickup_seconds_max * 1000, Limit.TOO_FAR, 0)
    return broken


def _broken_by_kind(columns: Columns, *, trips: Whole, drivers: Whole) -> NDArray[np.int64]:
    """The limits that no time can lift."""
    trip, driver = columns.trips, columns.drivers
    broken = np.zeros(len(trips), dtype=np.int64)
    broken |= np.where(driver.seats[drivers] < trip.seats[trips], Limit.SEATS, 0)
    wrong_class = driver.vehicle_class[drivers] != trip.vehicle_class[trips]
    broken |= np.where(wrong_class, Limit.VEHICLE_CLASS, 0)
    missing = trip.needs[trips] & ~driver.equipment[drivers]
    broken |= np.where(missing != 0, Limit.NEEDS, 0)
    licensed = columns.licensed[driver.licence[drivers], trip.pickup_zone[trips]]
    broken |= np.where(licensed, 0, Limit.ZONE)
    broken |= np.where(_is_excluded(columns, trips, drivers), Limit.EXCLUDED, 0)
    crow = crow_decimetres(trip.pickup[trips], driver.place[drivers])
    up, down = RANGE_RESERVE
    needed_metres = crow * up // (10 * down) + trip.trip_metres[trips]
    broken |= np.where(needed_metres > driver.range_metres[drivers], Limit.RANGE, 0)
    return broken


def _is_excluded(columns: Columns, trips: Whole, drivers: Whole) -> NDArray[np.bool_]:
    if not len(columns.excluded):
        return np.zeros(len(trips), dtype=np.bool_)
    keys = trips * len(columns.drivers.seats) + drivers
    places = np.searchsorted(columns.excluded, keys)
    found = columns.excluded[np.minimum(places, len(columns.excluded) - 1)]
    return np.asarray(found == keys, dtype=np.bool_)
