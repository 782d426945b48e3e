"""Riders to the cheapest of many runs, and those not yet aboard to a cheaper one, as machine code.

Owns the two steps by which a table of runs is kept good while it is driven: the cheapest place of
one more rider among all cars, and moving each rider who still waits to where they cost less. Arrays
are those of `run_kernel`, of shortest times; a handicap is by how much a car counts as dearer, in units of cost.
"""

import numpy as np

from dispatch.matching.shared.group_kernel import own_part, run_cost
from dispatch.matching.shared.run_kernel import (
    DELAY,
    FREE_AT,
    NEVER,
    PICKUP,
    PICKUP_BY,
    PLACE,
    SCRATCH_ROWS,
    WAIT,
    WANTED_AT,
    Travel,
    Whole,
    cheaper_place,
    insert,
)
from foundation.compiled import compiled


@compiled
def cheapest_car(  # noqa: PLR0917 - compiled loops take plain arrays
    trip: int, bound: int, travel: Travel, stops: Whole, counts: Whole, drivers: Whole,
    trips: Whole, rates: Whole, handicaps: Whole,
) -> tuple[int, int, int, int]:  # fmt: skip
    """The car into whose run a rider fits for less than ``bound``, its handicap added, and where.

    Cars are tried from the one that could be there soonest; none is tried that would cost
    more than the best so far even if the rider were driven straight there and nobody else delayed.
    Returns the cost, the car and the places as `best_place` does; -1 for the car if there is none.
    """
    pad = np.empty((SCRATCH_ROWS, stops.shape[1] + 1), np.int64)
    floor = np.empty(len(counts), np.int64)
    for car in range(len(counts)):
        arrives = drivers[car, FREE_AT] + travel[drivers[car, PLACE], trips[trip, PICKUP]]
        floor[car] = NEVER
        if arrives <= trips[trip, PICKUP_BY] and counts[car] + 2 <= stops.shape[1]:
            floor[car] = (rates[DELAY] + rates[WAIT]) * (arrives - trips[trip, WANTED_AT])
            floor[car] += handicaps[car]
    best, best_car, best_i, best_j = bound, -1, -1, -1
    while True:
        car = int(floor.argmin())
        if floor[car] >= best:
            break
        floor[car] = NEVER
        cost, i, j = cheaper_place(
            stops[car], counts[car], drivers[car], trips, trip, travel, rates,
            best - handicaps[car], pad,
        )  # fmt: skip
        if i >= 0:
            best, best_car, best_i, best_j = cost + handicaps[car], car, i, j
    return best, best_car, best_i, best_j


@compiled
def cheapest_cars(  # noqa: PLR0917 - compiled loops take plain arrays
    trip: int, most: int, travel: Travel, stops: Whole, counts: Whole, drivers: Whole,
    trips: Whole, rates: Whole, handicaps: Whole,
) -> Whole:  # fmt: skip
    """The ``most`` cars into whose runs a rider fits at least cost, cheapest first: (cars,)."""
    others, found = handicaps.copy(), np.empty(most, np.int64)
    for k in range(most):
        _, car, _, _ = cheapest_car(
            trip, NEVER >> 1, travel, stops, counts, drivers, trips, rates, others
        )
        if car < 0:
            return found[:k]
        found[k], others[car] = car, NEVER
    return found


@compiled
def remove(stops: Whole, count: int, trip: int) -> int:
    """Take a trip's stops out of a row of stops, in place. Returns how many stops are left."""
    left = 0
    for p in range(count):
        if stops[p] >> 1 != trip:
            stops[left] = stops[p]
            left += 1
    return left


@compiled
def relocate(  # noqa: PLR0917 - compiled loops take plain arrays
    riders: Whole, car_of: Whole, travel: Travel, stops: Whole, counts: Whole, drivers: Whole,
    trips: Whole, rates: Whole, handicaps: Whole,
) -> int:  # fmt: skip
    """Move each rider who still waits, in turn, to where they cost least, if that is less than now.

    ``riders`` are rows of trips that have a car and have not boarded; ``car_of`` holds the car of
    every trip. Stops, counts and cars are changed in place; the cost of all runs and handicaps falls
    with each move. Returns how many changed their car.
    """
    begins, moved = np.empty(stops.shape[1], np.int64), 0
    old = np.empty(stops.shape[1], np.int64)
    for trip in riders:
        car = car_of[trip]
        count = counts[car]
        old[:count] = stops[car, :count]
        now = run_cost(old, count, drivers[car], trips, travel, rates, begins)
        left = remove(stops[car], count, trip)
        then = run_cost(stops[car], left, drivers[car], trips, travel, rates, begins)
        if now >= NEVER or then >= NEVER:
            stops[car, :count] = old[:count]
            continue
        counts[car] = left
        bound = now - then - own_part(trip, drivers[car], trips, rates) + handicaps[car]
        _, other, i, j = cheapest_car(
            trip, bound, travel, stops, counts, drivers, trips, rates, handicaps
        )
        if other < 0:
            stops[car, :count] = old[:count]
            counts[car] = count
            continue
        insert(stops[other], counts[other], trip, i, j)
        counts[other] += 2
        car_of[trip] = other
        moved += other != car
    return moved
