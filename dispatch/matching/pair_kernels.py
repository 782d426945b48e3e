"""What is asked of every pair of a round, as compiled loops: limits, terms, contests.

Owns nothing but speed; what the numbers mean stands in `limits`, `cost`, `fairness` and
`assignment`, which alone call these loops. Whole numbers throughout, but for square roots and
quotients that IEEE 754 fixes to the last bit.
"""

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.compiled import compiled
from dispatch.matching.kernels import Whole

Truth = NDArray[np.bool_]

SEATS, VEHICLE_CLASS, NEEDS, ZONE, EXCLUDED, SHIFT = 1, 2, 4, 8, 16, 32
DRIVING, RANGE, NOT_FREE_SOON, TOO_FAR, TOO_EARLY = 64, 128, 256, 512, 1024
"""The bits of `limits.Limit`; a test holds the two together."""


@compiled
def crow(places: Whole, place: int, others: Whole, other: int) -> int:
    """Straight line between two places in whole decimetres, cut down."""
    east = places[place, 0] - others[other, 0]
    north = places[place, 1] - others[other, 1]
    return int(np.sqrt(np.float64(east * east + north * north)))


@compiled
def _is_among(keys: Whole, key: int) -> bool:
    place = np.searchsorted(keys, key)
    return bool(place < len(keys) and keys[place] == key)


@compiled
def broken_pairs(  # noqa: PLR0917 - compiled loops take plain arrays
    trips: Whole, drivers: Whole, drive_ms: Whole,
    pickup: Whole, zone: Whole, trip_seats: Whole, trip_class: Whole, needs: Whole,
    wanted_in_ms: Whole, trip_seconds: Whole, trip_metres: Whole,
    place: Whole, free_in_ms: Whole, seats: Whole, vehicle_class: Whole, equipment: Whole,
    licence: Whole, shift_left_ms: Whole, driving_left_ms: Whole, range_metres: Whole,
    licensed: Truth, excluded: Whole,
    ahead_ms: int, pickup_ms_max: int, early_ms_max: int, reserve_up: int, reserve_down: int,
) -> Whole:  # fmt: skip
    """The limits that each pair breaks, as bits: int64, (pairs,). See `limits.broken_on_roads`."""
    found = np.zeros(len(trips), np.int64)
    for pair in range(len(trips)):
        t, d = trips[pair], drivers[pair]
        flags = 0
        if seats[d] < trip_seats[t]:
            flags |= SEATS
        if vehicle_class[d] != trip_class[t]:
            flags |= VEHICLE_CLASS
        if needs[t] & ~equipment[d]:
            flags |= NEEDS
        if not licensed[licence[d], zone[t]]:
            flags |= ZONE
        if len(excluded) > 0 and _is_among(excluded, t * len(seats) + d):
            flags |= EXCLUDED
        way = crow(pickup, t, place, d) * reserve_up // (10 * reserve_down)
        if way + trip_metres[t] > range_metres[d]:
            flags |= RANGE
        arrive_ms = free_in_ms[d] + drive_ms[pair]
        driving = drive_ms[pair] + trip_seconds[t] * 1000
        # Who comes before the wanted time of a booking waits for it, on shift.
        standing = wanted_in_ms[t] - arrive_ms
        if free_in_ms[d] > ahead_ms:
            flags |= NOT_FREE_SOON
        if free_in_ms[d] + driving + max(0, standing) > shift_left_ms[d]:
            flags |= SHIFT
        if driving > driving_left_ms[d]:
            flags |= DRIVING
        # A pick-up that cannot be reached is later than any policy allows: no case of its own.
        if arrive_ms > pickup_ms_max:
            flags |= TOO_FAR
        if standing > early_ms_max:
            flags |= TOO_EARLY
        found[pair] = flags
    return found


@compiled
def pair_terms(  # noqa: PLR0917
    pairs: Whole, drive_ms: Whole, dropoff: Whole, wanted_in_ms: Whole, is_booked: Truth,
    place: Whole, home: Whole, goes_home: Truth, free_in_ms: Whole, earnings_ms: Whole,
    idle_ms: Whole, place_ms: Whole, chaining: int, homeward: int, homeward_cap_ms: int, early: int, late: int,
    booked_cap_ms: int,
) -> Whole:  # fmt: skip
    """The terms of each pair, (terms, pairs), in the order of `cost.TERMS`."""
    terms = np.zeros((9, len(pairs)), np.int64)
    for pair in range(len(pairs)):
        t, d = pairs[pair, 0], pairs[pair, 1]
        terms[0, pair] = drive_ms[pair]
        terms[1, pair] = free_in_ms[d]
        terms[2, pair] = free_in_ms[d] * chaining // 1000
        terms[3, pair] = earnings_ms[d]
        terms[4, pair] = idle_ms[d]
        terms[5, pair] = place_ms[d]
        if goes_home[d]:
            further = crow(dropoff, t, home, d) - crow(place, d, home, d)
            away = further * homeward // 10_000
            terms[6, pair] = min(homeward_cap_ms, max(-homeward_cap_ms, away))
        if is_booked[t]:
            standing = wanted_in_ms[t] - drive_ms[pair] - free_in_ms[d]
            terms[7, pair] = min(booked_cap_ms, max(0, standing) * early // 1000)
            terms[8, pair] = min(booked_cap_ms, max(0, -standing) * late // 1000)
    return terms


@compiled
def earnings_by_driver(
    earned: Whole, seconds: Whole, settle: int, weight: int, cap_ms: int
) -> Whole:
    """`fairness.earnings_terms`: milliseconds, (drivers,)."""
    terms = np.zeros(len(earned), np.int64)
    all_earned, all_seconds = earned.sum(), seconds.sum()
    if all_earned == 0 or all_seconds == 0:
        return terms
    for driver in range(len(earned)):
        # rate / m - 1, with m multiplied out: e * S / E are the seconds that e takes on average.
        average = np.float64(earned[driver]) * all_seconds / all_earned
        above = (average - seconds[driver]) / max(1, seconds[driver] + settle)
        term = int(np.rint(above * weight))
        terms[driver] = min(cap_ms, max(-cap_ms, term))
    return terms


@compiled
def idle_by_driver(idle_since_ms: Whole, from_ms: int, weight: int, cap_ms: int) -> Whole:
    """`fairness.idle_terms`: milliseconds, (drivers,); waiting counts until `from_ms`."""
    terms = np.empty(len(idle_since_ms), np.int64)
    for driver in range(len(terms)):
        waited_ms = max(0, from_ms - idle_since_ms[driver])
        terms[driver] = -min(cap_ms, waited_ms * weight // 1000)
    return terms


@compiled
def find_heat(
    pairs: Whole, gain_ms: Whole, chosen: Whole, trip_turn: Whole, driver_turn: Whole
) -> tuple[int, int]:
    """The dead heat to be settled next: the pair that wins it and the one that loses, or -1, -1.

    A pair may replace the one its trip has, its driver being idle, or the one its driver has, its
    trip being open; never both at once. The first in turn by trip, then by driver, goes first.
    """
    pair_of_driver = np.full(len(driver_turn), -1, np.int64)
    for trip in range(len(chosen)):
        if chosen[trip] >= 0:
            pair_of_driver[pairs[chosen[trip], 1]] = chosen[trip]
    winner, loser = -1, -1
    for pair in range(len(pairs)):
        trip, driver = pairs[pair, 0], pairs[pair, 1]
        of_trip, of_driver = chosen[trip], pair_of_driver[driver]
        replaced = -1
        if of_driver < 0:
            replaced = of_trip
        elif of_trip < 0:
            replaced = of_driver
        if replaced < 0 or gain_ms[pair] != gain_ms[replaced]:
            continue
        if (
            driver_turn[driver] < driver_turn[pairs[replaced, 1]]
            or trip_turn[trip] < trip_turn[pairs[replaced, 0]]
        ):
            turn = (trip_turn[trip], driver_turn[driver])
            first = (trip_turn[pairs[winner, 0]], driver_turn[pairs[winner, 1]])
            if winner < 0 or turn < first:
                winner, loser = pair, replaced
    return winner, loser
