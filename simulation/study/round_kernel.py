"""One round of a study, from who asked to who is sent, in compiled loops.

Owns the candidates and the carrying out. What a pair costs and which are chosen is the matching
core's: the same loops that a round of the service runs (`dispatch.matching.pair_kernels`), but for
the choice among equal plans (`assignment_kernel.least_cost`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment_kernel import least_cost
from dispatch.matching.columns import Columns, DriverColumns, TripColumns
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
def begin_round(fleet: Fleet, waiting: Waiting, now_ms: int, max_wait_ms: int) -> int:
    """Add who has asked, let go who cannot be served in time any more, and let everybody drive.

    Returns how many are open.
    """
    at_ms, counts = fleet.riders.at_ms, waiting.counts
    while counts[0] < len(at_ms) and at_ms[counts[0]] <= now_ms:
        waiting.open[counts[1]] = counts[0]
        counts[0] += 1
        counts[1] += 1
    kept = 0
    for place in range(counts[1]):
        request = waiting.open[place]
        if at_ms[request] + max_wait_ms >= now_ms:
            waiting.open[kept] = request
            kept += 1
    counts[1] = kept
    advance(fleet, now_ms)
    return kept


@compiled
def play_round(  # noqa: PLR0917 - compiled loops take no keywords
    fleet: Fleet,
    waiting: Waiting,
    places: Places,
    kinds: Columns,
    rates: Rates,
    rules: Rules,
    now_ms: int,
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
    columns = _columns(trips, cars, riders, places, kinds, now_ms)
    by_driver = driver_terms(columns.drivers, rates, now_ms)
    pairs, drive_ms = _candidates(fleet, trips, taken, by_driver.sum(axis=0), rules, now_ms)
    for pair in range(len(pairs)):
        drive_ms[pair] -= columns.drivers.free_in_ms[pairs[pair, 1]]
    weighed = weigh(columns, rates, now_ms, pairs, drive_ms, by_driver)
    # Everybody for whom a car is under way has that pair: all of them can be kept.
    weighed.price_ms[open_count:] = NEVER_DROPPED_MS
    chosen = least_cost(
        weighed.pairs, weighed.cost_ms, weighed.price_ms, weighed.trip_turn, weighed.driver_turn
    )
    kept = kept_for_later(weighed.pairs, chosen, columns.drivers.free_in_ms, rules.within_ms)
    for place in range(len(trips)):
        if chosen[place] >= 0 and not kept[place]:
            pair = chosen[place]
            pickup_ms = now_ms + weighed.pickup_ms[pair]
            _carry_out(fleet, trips[place], weighed.pairs[pair, 1], pickup_ms, now_ms, rules.swaps)
    left = 0
    for place in range(open_count):
        if riders.promised_ms[waiting.open[place]] == NOBODY:
            waiting.open[left] = waiting.open[place]
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
    elif riders.vehicle[request] == car:
        return
    riders.decided_ms[request] = now_ms
    firmly = not swaps or fleet.cars.doing[car] == RIDING
    send(fleet, car, request, pickup_ms, now_ms, firmly)


@compiled
def _columns(  # noqa: PLR0917
    trips: Whole, cars: Cars, riders: Riders, places: Places, kinds: Columns, now_ms: int
) -> Columns:
    """What a round knows; everybody is licensed for everything in a study.

    The drivers' columns of the last round are written over: nobody keeps them.
    """
    drivers, count = kinds.drivers, len(trips)
    for car in range(len(cars.doing)):
        free_in_ms = cars.at_ms[car] - now_ms if cars.doing[car] == RIDING else 0
        drivers.free_in_ms[car] = max(0, free_in_ms)
        drivers.earned_minor[car] = cars.paid_ms[car] // 1000
        drivers.shift_seconds[car] = max(1, now_ms // 1000)
        drivers.idle_since_ms[car] = min(cars.free_since_ms[car], now_ms)
        drivers.place_worth_ms[car] = places.worth_ms[places.zone_of[cars.node[car]]]
    of = kinds.trips
    rows = TripColumns(
        of.pickup[:count], of.dropoff[:count], of.pickup_zone[:count], of.seats[:count],
        of.vehicle_class[:count], of.needs[:count], riders.at_ms[trips], of.wanted_in_ms[:count],
        of.is_booked[:count], riders.direct_ms[trips] // 1000, of.trip_metres[:count],
    )  # fmt: skip
    return Columns(rows, drivers, kinds.licensed, kinds.excluded)


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
    found = np.empty((len(trips), len(taken)), np.int64)
    for place in range(len(trips)):
        request = trips[place]
        latest_ms = riders.at_ms[request] + rules.max_wait_ms
        if riders.promised_ms[request] != NOBODY:
            latest_ms = min(latest_ms, riders.promised_ms[request] + SWAP_LATER_MS)
        for column in range(len(taken)):
            car = taken[column]
            from_ms = max(cars.at_ms[car], now_ms)
            arrives = from_ms + times[cars.node[car], riders.origin[request]]
            # A rider with a car under way is not given to one that may never come.
            tentative = cars.doing[car] == RIDING and fetched_by[place] >= 0
            found[place, column] = -1 if tentative or arrives > latest_ms else arrives
    return found


@compiled
def _keep_best(ranks: Whole, found: int, wanted: int) -> int:
    """Bring the `wanted` least of the first `found` to the front; how many are there."""
    if found > wanted:
        ranks[:found] = np.partition(ranks[:found], wanted - 1)
        return wanted
    return found


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


def kinds_of(vehicles: int, requests: int) -> Columns:
    """The columns that are alike for all: a study knows neither needs nor licences nor shifts.

    Those that differ from round to round are filled in by every round.
    """
    from dispatch.matching.columns import NO_LIMIT

    none, nowhere = np.zeros(requests, np.int64), np.zeros((requests, 2), np.int64)
    nothing, nowhere_near = np.zeros(vehicles, np.int64), np.zeros((vehicles, 2), np.int64)
    endless = np.full(vehicles, NO_LIMIT, dtype=np.int64)
    return Columns(
        trips=TripColumns(
            pickup=nowhere, dropoff=nowhere, pickup_zone=none, seats=none + 1,
            vehicle_class=none, needs=none, asked_at_ms=none, wanted_in_ms=none,
            is_booked=np.zeros(requests, np.bool_), trip_seconds=none, trip_metres=none,
        ),
        drivers=DriverColumns(
            place=nowhere_near, home=nowhere_near, heads_home=np.zeros(vehicles, np.bool_),
            free_in_ms=nothing.copy(), free_since_ms=nothing, seats=nothing + 4,
            vehicle_class=nothing, equipment=nothing, licence=nothing,
            shift_left_ms=endless, driving_left_ms=endless, earned_minor=nothing.copy(),
            shift_seconds=nothing.copy(), idle_since_ms=nothing.copy(),
            place_worth_ms=nothing.copy(), range_metres=endless,
        ),
        licensed=np.ones((1, 1), dtype=np.bool_),
        excluded=np.zeros(0, dtype=np.int64),
    )  # fmt: skip
