"""One round of a study, from who asked to who is sent, in compiled loops.

Owns the candidates and the carrying out. What a pair costs and which are chosen is the matching
core's: the same loops that a round of the service runs (`dispatch.matching.pair_kernels`), but for
the choice among equal plans (`assignment_kernel.least_cost`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment_kernel import least_cost
from dispatch.matching.columns import NO_LIMIT, Columns, DriverColumns, TripColumns
from dispatch.matching.pair_kernels import driver_terms, kept_for_later, weigh
from dispatch.matching.rates import Rates
from foundation.compiled import compiled
from simulation.study.fleet_kernel import (
    FETCHING,
    NOBODY,
    RIDING,
    Cars,
    Fleet,
    Riders,
    advance,
    send,
)
from simulation.study.travel_kernel import Times, Whole

SWAP_LATER_MS = 60_000
"""An exchange lets nobody board later than this after what they were first promised."""

NEVER_DROPPED_MS = 1 << 40
"""The price of leaving a rider without the car that was promised: more than all others together."""

_COLUMN_BITS = 20


class Rules(NamedTuple):
    """What holds all day beside the policy's rates."""

    max_wait_ms: int
    candidates: int
    within_ms: int
    step_ms: int
    swaps: bool


class Places(NamedTuple):
    """int64, (nodes,) and (zones,): the zone of each junction, and what a car is worth there."""

    zone_of: Whole
    worth_ms: Whole


class Waiting(NamedTuple):
    """Riders whom nobody fetches yet.

    Attributes
    ----------
    open
        int64, (requests,): their rows; only the first `counts[1]` count.
    counts
        int64, (2,): how many requests have been made, and how many are open.
    """

    open: Whole
    counts: Whole


@compiled
def play_rounds(  # noqa: PLR0917 - compiled loops take no keywords
    fleet: Fleet,
    waiting: Waiting,
    places: Places,
    rates: Rates,
    rules: Rules,
    rounds: tuple[int, int],
) -> tuple[int, bool]:
    """Play round after round until one has decided something, or to the last of them.

    To hand all arrays to a compiled loop takes longer than a round in which nobody waits.

    Parameters
    ----------
    rounds
        When the first and the last of them are (ms): the policy's step apart.

    Returns
    -------
    tuple of int and bool
        When the last round played was, and whether it decided anything. No car ends more legs than
        in one round: who boards in a round without decisions is not sent again before the end.
    """
    now_ms, last_ms = rounds
    while True:
        if _begin(fleet, waiting, now_ms, rules.max_wait_ms) > 0 and _decide(
            fleet, waiting, places, rates, rules, now_ms
        ):
            return now_ms, True
        if now_ms >= last_ms:
            return now_ms, False
        now_ms += rules.step_ms


@compiled
def _begin(fleet: Fleet, waiting: Waiting, now_ms: int, max_wait_ms: int) -> int:
    """Add who has asked, let go who cannot be served in time any more, and let everybody drive.

    Returns how many are open.
    """
    at_ms, counts = fleet.riders.at_ms, waiting.counts
    while counts[0] < len(at_ms) and at_ms[counts[0]] <= now_ms:
        waiting.open[counts[1]] = counts[0]
        counts[0] += 1
        counts[1] += 1
    kept, still_open = 0, waiting.open
    for place in range(counts[1]):
        request = still_open[place]
        if at_ms[request] + max_wait_ms >= now_ms:
            still_open[kept] = request
            kept += 1
    counts[1] = kept
    advance(fleet, now_ms)
    return kept


@compiled
def _decide(  # noqa: PLR0917
    fleet: Fleet, waiting: Waiting, places: Places, rates: Rates, rules: Rules, now_ms: int
) -> bool:
    """Choose who fetches whom, and send them; whether there was anything to decide."""
    cars, riders = fleet.cars, fleet.riders
    busy = cars.doing == RIDING
    taken = np.flatnonzero(~busy | (cars.at_ms <= now_ms + rates.ahead_ms))
    open_count = waiting.counts[1]
    if open_count == 0 or len(taken) == 0:
        return False
    fetching = np.flatnonzero(cars.doing == FETCHING)
    trips = np.concatenate((waiting.open[:open_count], cars.request[fetching]))
    columns = Columns(
        _trip_columns(trips, riders),
        _driver_columns(cars, places, now_ms),
        np.ones((1, 1), np.bool_),
        np.empty(0, np.int64),
    )
    by_driver = driver_terms(columns.drivers, rates, now_ms)
    pairs, drive_ms = _candidates(fleet, trips, taken, by_driver.sum(axis=0), rules, now_ms)
    drive_ms -= columns.drivers.free_in_ms[pairs[:, 1]]
    weighed = weigh(columns, rates, now_ms, pairs, drive_ms, by_driver)
    # Everybody for whom a car is under way has that pair: all of them can be kept.
    weighed.price_ms[open_count:] = NEVER_DROPPED_MS
    chosen = least_cost(
        weighed.pairs, weighed.cost_ms, weighed.price_ms, weighed.trip_turn, weighed.driver_turn
    )
    kept = kept_for_later(weighed.pairs, chosen, columns.drivers.free_in_ms, rules.within_ms)
    fit, pickup_ms, vehicle, promised_ms = (
        weighed.pairs,
        weighed.pickup_ms,
        riders.vehicle,
        riders.promised_ms,
    )
    for place in range(len(trips)):
        pair = chosen[place]
        # Whom the same car fetches as before needs nothing.
        if pair >= 0 and not kept[place] and vehicle[trips[place]] != fit[pair, 1]:
            at_ms = now_ms + pickup_ms[pair]
            _carry_out(fleet, trips[place], fit[pair, 1], at_ms, now_ms, rules.swaps)
    left, still_open = 0, waiting.open
    for place in range(open_count):
        if promised_ms[still_open[place]] == NOBODY:
            still_open[left] = still_open[place]
            left += 1
    waiting.counts[1] = left
    return True


@compiled
def _carry_out(  # noqa: PLR0917
    fleet: Fleet, request: int, car: int, pickup_ms: int, now_ms: int, swaps: bool
) -> None:
    riders = fleet.riders
    if riders.promised_ms[request] == NOBODY:
        riders.promised_ms[request] = pickup_ms
    riders.decided_ms[request] = now_ms
    firmly = not swaps or fleet.cars.doing[car] == RIDING
    send(fleet, car, request, pickup_ms, now_ms, firmly)


@compiled
def _trip_columns(trips: Whole, riders: Riders) -> TripColumns:
    """What a round knows of those who want a car: a study knows neither needs nor bookings."""
    count = len(trips)
    none, nowhere = np.zeros(count, np.int64), np.zeros((count, 2), np.int64)
    one, never = np.ones(count, np.int64), np.zeros(count, np.bool_)
    return TripColumns(
        nowhere, nowhere, none, one, none, none, riders.at_ms[trips], none, never,
        riders.direct_ms[trips] // 1000, none,
    )  # fmt: skip


@compiled
def _driver_columns(cars: Cars, places: Places, now_ms: int) -> DriverColumns:
    """What a round knows of the cars; everybody may drive everywhere and all day in a study."""
    count = len(cars.doing)
    none, nowhere = np.zeros(count, np.int64), np.zeros((count, 2), np.int64)
    seats, endless = np.full(count, 4, np.int64), np.full(count, NO_LIMIT, np.int64)
    own = np.empty((5, count), np.int64)
    own[0] = np.maximum(0, np.where(cars.doing == RIDING, cars.at_ms - now_ms, 0))
    own[1] = cars.paid_ms // 1000
    own[2] = max(1, now_ms // 1000)
    own[3] = np.minimum(cars.free_since_ms, now_ms)
    own[4] = places.worth_ms[places.zone_of[cars.node]]
    return DriverColumns(
        nowhere, nowhere, np.zeros(count, np.bool_), own[0], none, seats, none, none, none,
        endless, endless, own[1], own[2], own[3], own[4], endless,
    )  # fmt: skip


@compiled
def _candidates(  # noqa: PLR0917
    fleet: Fleet, trips: Whole, taken: Whole, handicaps: Whole, rules: Rules, now_ms: int
) -> tuple[Whole, Whole]:
    """The pairs worth weighing: on the scarcer side, each one's best.

    Parameters
    ----------
    trips, taken
        Rows of the requests that want a car, and of the cars that may be had.
    handicaps
        Milliseconds by which each car counts as further away, (vehicles,).

    Returns
    -------
    tuple of numpy.ndarray
        Pairs (place in `trips`, row of the car), (pairs, 2), in ascending order, and milliseconds
        from now until the car is at the pick-up, (pairs,).
    """
    cars, riders = fleet.cars, fleet.riders
    # The car that drives to a rider already, if any: that pair is never left out.
    fetched_by = np.where(riders.pickup_ms[trips] == NOBODY, NOBODY, riders.vehicle[trips])
    arrivals = _arrivals(fleet.roads.times, riders, cars, trips, taken, fetched_by, rules, now_ms)
    count, many = arrivals.shape
    by_trip = count <= many
    kept = np.zeros((count, many), np.bool_)
    ranks = np.empty(max(count, many), np.int64)
    for row in range(min(count, many)):
        found = 0
        for column in range(max(count, many)):
            trip, car = (row, column) if by_trip else (column, row)
            if arrivals[trip, car] >= 0:
                # One number ranks by cost, then by column; costs may be below zero.
                cost = arrivals[trip, car] - now_ms + handicaps[taken[car]]
                ranks[found] = (cost << _COLUMN_BITS) | column
                found += 1
        for rank in range(_keep_best(ranks, found, rules.candidates)):
            column = ranks[rank] & ((1 << _COLUMN_BITS) - 1)
            trip, car = (row, column) if by_trip else (column, row)
            kept[trip, car] = True
    for trip in range(count):
        if fetched_by[trip] >= 0:
            for car in range(many):
                kept[trip, car] |= taken[car] == fetched_by[trip]
    return _listed(kept, arrivals, taken, now_ms)


@compiled
def _arrivals(  # noqa: PLR0917
    times: Times, riders: Riders, cars: Cars, trips: Whole, taken: Whole, fetched_by: Whole,
    rules: Rules, now_ms: int,
) -> Whole:  # fmt: skip
    """When each car would be at each pick-up, (trips, cars); -1 where that may not be."""
    found = np.full((len(trips), len(taken)), -1, np.int64)
    origins, latest_ms = riders.origin[trips], riders.at_ms[trips] + rules.max_wait_ms
    for place in range(len(trips)):
        promised_ms = riders.promised_ms[trips[place]]
        if promised_ms != NOBODY:
            latest_ms[place] = min(latest_ms[place], promised_ms + SWAP_LATER_MS)
    nodes = cars.node[taken]
    from_ms = np.maximum(cars.at_ms[taken], now_ms)
    # A rider with a car under way is not given to one that may never come.
    everyone, certain = np.arange(len(taken)), np.flatnonzero(cars.doing[taken] != RIDING)
    for place in range(len(trips)):
        columns = everyone if fetched_by[place] < 0 else certain
        origin, last_ms = origins[place], latest_ms[place]
        for column in columns:
            # No branch: the next look into the table need not wait for this one.
            arrives = from_ms[column] + times[nodes[column], origin]
            found[place, column] = -1 if arrives > last_ms else arrives
    return found


@compiled
def _keep_best(ranks: Whole, found: int, wanted: int) -> int:
    """Bring the `wanted` least of the first `found` to the front; how many are there.

    Hoare, "Algorithm 65: Find", Communications of the ACM 4(7), 1961. No two are equal.
    """
    low, high = 0, found - 1
    while low < high and wanted < found:
        pivot, left, right = ranks[(low + high) >> 1], low, high
        while left <= right:
            while ranks[left] < pivot:
                left += 1
            while ranks[right] > pivot:
                right -= 1
            if left <= right:
                ranks[left], ranks[right] = ranks[right], ranks[left]
                left += 1
                right -= 1
        if wanted <= right:
            high = right
        elif wanted >= left:
            low = left
        else:
            break
    return min(found, wanted)


@compiled
def _listed(
    kept: NDArray[np.bool_], arrivals: Whole, taken: Whole, now_ms: int
) -> tuple[Whole, Whole]:
    """The pairs kept, row by row, and how long each takes from now."""
    count = kept.sum()
    pairs, drives = np.empty((count, 2), np.int64), np.empty(count, np.int64)
    filled = 0
    for trip in range(kept.shape[0]):
        for car in range(kept.shape[1]):
            if kept[trip, car]:
                pairs[filled, 0], pairs[filled, 1] = trip, taken[car]
                drives[filled] = arrivals[trip, car] - now_ms
                filled += 1
    return pairs, drives
