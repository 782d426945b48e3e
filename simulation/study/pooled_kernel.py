"""The inner loops over a fleet that shares rides: driving on, and where it is soon free.

The runs are those of `dispatch.matching.shared.run_kernel`, worked on in place. Compiled by
Numba.
"""

import numpy as np

from dispatch.matching.shared.run_kernel import (
    BOARDED_AT,
    FREE_AT,
    PLACE,
    SEATS,
)
from foundation.compiled import compiled
from simulation.study.shared_legs import BEGIN, BEGIN_MS, CAR, END, END_MS, LEG_ABOARD
from simulation.study.travel_kernel import Times, Whole, next_edge

PAID, ABOARD, LEFT, LEFT_AT, TOWARDS = range(5)
"""Columns of a car's book: milliseconds with riders, seats taken, and of the leg that it drives the
junction and the instant of its beginning and the junction to which it leads."""


@compiled
def _serve(  # noqa: PLR0917
    car: int, stops: Whole, counts: Whole, drivers: Whole, trips: Whole, book: Whole,
    pickup_ms: Whole, dropoff_ms: Whole,
) -> None:  # fmt: skip
    """Let riders in or out at the first stop of a car that has reached it."""
    code = stops[car, 0]
    trip, at = code >> 1, drivers[car, FREE_AT]
    if code & 1:
        dropoff_ms[trip] = at
        book[car, ABOARD] -= trips[trip, SEATS]
    else:
        pickup_ms[trip] = at
        trips[trip, BOARDED_AT] = at
        book[car, ABOARD] += trips[trip, SEATS]
    counts[car] -= 1
    for p in range(counts[car]):
        stops[car, p] = stops[car, p + 1]


@compiled
def _end_leg(car: int, towards: int, drivers: Whole, book: Whole, legs: Whole, used: Whole) -> None:  # noqa: PLR0917
    """Write the leg that a car has driven, if it has, and begin the next."""
    place, at = drivers[car, PLACE], drivers[car, FREE_AT]
    if book[car, LEFT] != place:
        row = legs[used[0]]
        row[CAR], row[LEG_ABOARD] = car, book[car, ABOARD]
        row[BEGIN], row[BEGIN_MS] = book[car, LEFT], book[car, LEFT_AT]
        row[END], row[END_MS] = place, at
        used[0] += 1
    book[car, LEFT], book[car, LEFT_AT], book[car, TOWARDS] = place, at, towards


@compiled
def drive_on(  # noqa: PLR0917
    times: Times, first: Whole, to: Whole, ms: Whole, stops: Whole, counts: Whole, drivers: Whole,
    goal: Whole, trips: Whole, book: Whole, pickup_ms: Whole, dropoff_ms: Whole, now_ms: int,
    legs: Whole, used: Whole,
) -> None:  # fmt: skip
    """Bring every car to the next junction at or after now, serving its stops on the way.

    A car without stops drives to its goal, and stands there. Each leg that ends is written into
    ``legs`` (room, 6) at row ``used[0]``, which is counted up: of each car at most one for each of
    its stops, and two.
    """
    for car in range(len(counts)):
        while drivers[car, FREE_AT] < now_ms:
            place, target = drivers[car, PLACE], goal[car]
            if counts[car] > 0:
                target = trips[stops[car, 0] >> 1, stops[car, 0] & 1]
            if place == target or target != book[car, TOWARDS]:
                _end_leg(car, target, drivers, book, legs, used)
            if place == target and counts[car] > 0:
                _serve(car, stops, counts, drivers, trips, book, pickup_ms, dropoff_ms)
                goal[car] = place
            elif place == target:
                drivers[car, FREE_AT] = now_ms
                book[car, LEFT_AT] = now_ms
            else:
                edge = next_edge(times, first, to, ms, place, target)
                drivers[car, PLACE] = to[edge]
                drivers[car, FREE_AT] += ms[edge]
                if book[car, ABOARD] > 0:
                    book[car, PAID] += ms[edge]


@compiled
def soon_free(  # noqa: PLR0917
    times: Times, stops: Whole, counts: Whole, drivers: Whole, trips: Whole, until_ms: int
) -> Whole:
    """Junctions at which those cars end that have stops, and are through with them by an instant."""
    ends, found = np.empty(len(counts), np.int64), 0
    for car in range(len(counts)):
        place, at = drivers[car, PLACE], drivers[car, FREE_AT]
        for p in range(counts[car]):
            there = trips[stops[car, p] >> 1, stops[car, p] & 1]
            at += times[place, there]
            place = there
        if counts[car] > 0 and at <= until_ms:
            ends[found] = place
            found += 1
    return ends[:found]
