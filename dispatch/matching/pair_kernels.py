"""What is asked of every pair of a round, as compiled loops: limits, terms, contests.

Owns nothing but speed; what the numbers mean stands in `limits`, `cost`, `fairness` and
`assignment`, which alone call these loops. Whole numbers throughout, but for square roots and
quotients that IEEE 754 fixes to the last bit.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Columns, DriverColumns, TripColumns
from dispatch.matching.kernels import Whole
from dispatch.matching.rates import Rates
from foundation.compiled import compiled

Truth = NDArray[np.bool_]

SEATS, VEHICLE_CLASS, NEEDS, ZONE, EXCLUDED, SHIFT = 1, 2, 4, 8, 16, 32
DRIVING, RANGE, NOT_FREE_SOON, TOO_FAR, TOO_EARLY = 64, 128, 256, 512, 1024
"""The bits of `limits.Limit`; a test holds the two together."""

RESERVE_UP, RESERVE_DOWN = 3, 2
"""Roads to the pick-up are taken as 3/2 of the straight line; they are about 1.3 of it."""


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
def broken_pairs(  # noqa: PLR0917 - compiled loops take no keywords
    trips: Whole,
    drivers: Whole,
    drive_ms: Whole,
    columns: Columns,
    rates: Rates,
    early_ms_max: int,
) -> Whole:
    """The limits that each pair breaks, as bits: int64, (pairs,). See `limits.broken_on_roads`."""
    trip, driver = columns.trips, columns.drivers
    found = np.zeros(len(trips), np.int64)
    for pair in range(len(trips)):
        t, d = trips[pair], drivers[pair]
        flags = 0
        if driver.seats[d] < trip.seats[t]:
            flags |= SEATS
        if driver.vehicle_class[d] != trip.vehicle_class[t]:
            flags |= VEHICLE_CLASS
        if trip.needs[t] & ~driver.equipment[d]:
            flags |= NEEDS
        if not columns.licensed[driver.licence[d], trip.pickup_zone[t]]:
            flags |= ZONE
        key = t * len(driver.seats) + d
        if len(columns.excluded) > 0 and _is_among(columns.excluded, key):
            flags |= EXCLUDED
        way = crow(trip.pickup, t, driver.place, d) * RESERVE_UP // (10 * RESERVE_DOWN)
        if way + trip.trip_metres[t] > driver.range_metres[d]:
            flags |= RANGE
        free_in_ms = driver.free_in_ms[d]
        arrive_ms = free_in_ms + drive_ms[pair]
        driving = drive_ms[pair] + trip.trip_seconds[t] * 1000
        # Who comes before the wanted time of a booking waits for it, on shift.
        standing = trip.wanted_in_ms[t] - arrive_ms
        if free_in_ms > rates.ahead_ms:
            flags |= NOT_FREE_SOON
        if free_in_ms + driving + max(0, standing) > driver.shift_left_ms[d]:
            flags |= SHIFT
        if driving > driver.driving_left_ms[d]:
            flags |= DRIVING
        # A pick-up that cannot be reached is later than any policy allows: no case of its own.
        if arrive_ms > rates.pickup_ms_max:
            flags |= TOO_FAR
        if standing > early_ms_max:
            flags |= TOO_EARLY
        found[pair] = flags
    return found


@compiled
def driver_terms(drivers: DriverColumns, rates: Rates, at_ms: int) -> Whole:
    """The terms that each driver has with every trip: milliseconds, (3, drivers).

    In the order of `cost.TERMS`: earnings, idle and place. What they mean stands in `fairness`.
    """
    terms = np.zeros((3, len(drivers.seats)), np.int64)
    all_earned, all_seconds = drivers.earned_minor.sum(), drivers.shift_seconds.sum()
    counted_until_ms = at_ms - rates.idle_after_ms
    for driver in range(terms.shape[1]):
        if all_earned > 0 and all_seconds > 0:
            # rate / m - 1, with m multiplied out: e * S / E are the seconds that e takes on average.
            seconds = drivers.shift_seconds[driver]
            average = np.float64(drivers.earned_minor[driver]) * all_seconds / all_earned
            above = (average - seconds) / max(1, seconds + rates.settle_seconds)
            cap_ms = rates.earnings_cap_ms
            terms[0, driver] = min(cap_ms, max(-cap_ms, int(np.rint(above * rates.earnings))))
        waited_ms = max(0, counted_until_ms - drivers.idle_since_ms[driver])
        terms[1, driver] = -min(rates.idle_cap_ms, waited_ms * rates.idle // 1000)
        worth_ms = min(drivers.place_worth_ms[driver], rates.place_worth_ms_max)
        terms[2, driver] = worth_ms * rates.place // 1000
    return terms


@compiled
def pair_terms(
    pairs: Whole, drive_ms: Whole, columns: Columns, rates: Rates, by_driver: Whole
) -> Whole:
    """The terms of each pair, (terms, pairs), in the order of `cost.TERMS`."""
    trip, driver = columns.trips, columns.drivers
    terms = np.zeros((9, len(pairs)), np.int64)
    for pair in range(len(pairs)):
        t, d = pairs[pair, 0], pairs[pair, 1]
        free_in_ms = driver.free_in_ms[d]
        terms[0, pair] = drive_ms[pair]
        terms[1, pair] = free_in_ms
        terms[2, pair] = free_in_ms * rates.chaining // 1000
        terms[3, pair] = by_driver[0, d]
        terms[4, pair] = by_driver[1, d]
        terms[5, pair] = by_driver[2, d]
        if driver.heads_home[d] and driver.shift_left_ms[d] <= rates.homeward_within_ms:
            further = crow(trip.dropoff, t, driver.home, d) - crow(driver.place, d, driver.home, d)
            away = further * rates.homeward // 10_000
            terms[6, pair] = min(rates.homeward_cap_ms, max(-rates.homeward_cap_ms, away))
        if trip.is_booked[t]:
            standing = trip.wanted_in_ms[t] - drive_ms[pair] - free_in_ms
            terms[7, pair] = min(rates.booked_cap_ms, max(0, standing) * rates.early // 1000)
            terms[8, pair] = min(rates.booked_cap_ms, max(0, -standing) * rates.late // 1000)
    return terms


@compiled
def open_prices(trips: TripColumns, rates: Rates, at_ms: int) -> Whole:
    """`cost.unmatched_prices`: milliseconds, (trips,)."""
    prices = np.empty(len(trips.seats), np.int64)
    for trip in range(len(prices)):
        waited_ms = max(0, at_ms - trips.asked_at_ms[trip])
        overdue_ms = max(0, waited_ms - rates.patience_ms)
        growth = waited_ms * rates.age + overdue_ms * rates.overdue
        prices[trip] = rates.unmatched_ms + growth // 1000
        if trips.is_booked[trip]:
            prices[trip] += rates.booked_cap_ms
    return prices


@compiled
def turns(since_ms: Whole) -> Whole:
    """Each one's place in the order of waiting; among equals the identifier decides."""
    found = np.empty(len(since_ms), np.int64)
    found[np.argsort(since_ms, kind="mergesort")] = np.arange(len(since_ms))
    return found


class WeighedPairs(NamedTuple):
    """What `weighing.Weighed` is made of, as compiled loops hand it on.

    Attributes
    ----------
    pairs, terms, cost_ms, pickup_ms
        int64, (pairs, 2), (terms, pairs), (pairs,) and (pairs,): the fit pairs and their costs.
    unfit, unfit_limits
        int64, (unfit, 2) and (unfit,): the others, and the limits that each breaks.
    price_ms, trip_turn, driver_turn
        As in `assignment.Problem`.
    """

    pairs: Whole
    terms: Whole
    cost_ms: Whole
    pickup_ms: Whole
    unfit: Whole
    unfit_limits: Whole
    price_ms: Whole
    trip_turn: Whole
    driver_turn: Whole


@compiled
def weigh(  # noqa: PLR0917 - compiled loops take no keywords
    columns: Columns, rates: Rates, at_ms: int, pairs: Whole, drive_ms: Whole, by_driver: Whole
) -> WeighedPairs:
    """Drop the pairs that break a limit, and work out what the others cost; see `weighing`."""
    broken = broken_pairs(pairs[:, 0], pairs[:, 1], drive_ms, columns, rates, rates.early_ms_max)
    fit = broken == 0
    unfit, unfit_limits = pairs[:0], broken[:0]
    if not fit.all():
        unfit, unfit_limits = pairs[~fit], broken[~fit]
        pairs, drive_ms = pairs[fit], drive_ms[fit]
    terms = pair_terms(pairs, drive_ms, columns, rates, by_driver)
    return WeighedPairs(
        pairs,
        terms,
        terms.sum(axis=0),
        terms[0] + terms[1],
        unfit,
        unfit_limits,
        open_prices(columns.trips, rates, at_ms),
        turns(columns.trips.asked_at_ms),
        turns(columns.drivers.idle_since_ms),
    )


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


@compiled
def settle_heats(
    pairs: Whole, gain_ms: Whole, chosen: Whole, trip_turn: Whole, driver_turn: Whole
) -> Whole:
    """The same choice with every simple dead heat won by the first in turn.

    Each exchange moves a driver or a trip up in turn and leaves the cost as it is, so it ends.
    """
    chosen = chosen.copy()
    while True:
        winner, loser = find_heat(pairs, gain_ms, chosen, trip_turn, driver_turn)
        if winner < 0:
            return chosen
        chosen[pairs[loser, 0]] = -1
        chosen[pairs[winner, 0]] = winner


@compiled
def kept_for_later(pairs: Whole, chosen: Whole, free_in_ms: Whole, within_ms: int) -> Truth:
    """The trips whose chosen driver is free later than that: bool, (trips,); see `solo.settle`."""
    kept = np.zeros(len(chosen), np.bool_)
    for trip in range(len(chosen)):
        if chosen[trip] >= 0:
            kept[trip] = free_in_ms[pairs[chosen[trip], 1]] > within_ms
    return kept
