"""The inner loops over a fleet: cars that drive on, and who could fetch whom. See `compiled`."""

import numpy as np
from numpy.typing import NDArray

from simulation.study.compiled import compiled
from simulation.study.travel_kernel import Times, Whole, next_edge

STANDING, MOVING, FETCHING, RIDING = 0, 1, 2, 3
"""What a vehicle does: nothing; drives empty on advice; drives to a rider; has a rider aboard."""


@compiled
def drive_on(  # noqa: PLR0917 - compiled loops take plain arrays
    times: Times, first: Whole, to: Whole, ms: Whole,
    doing: Whole, node: Whole, at_ms: Whole, goal: Whole, now_ms: int,
) -> None:  # fmt: skip
    """Bring the cars that are empty and under way to the next junction at or after now.

    One that has arrived stands; one that fetches a rider stays at the pick-up.
    """
    for car in range(len(doing)):
        if doing[car] != MOVING and doing[car] != FETCHING:
            continue
        while at_ms[car] < now_ms and node[car] != goal[car]:
            edge = next_edge(times, first, to, ms, node[car], goal[car])
            at_ms[car] += ms[edge]
            node[car] = to[edge]
        if doing[car] == MOVING and node[car] == goal[car] and at_ms[car] <= now_ms:
            doing[car] = STANDING


@compiled
def nearest_pairs(  # noqa: PLR0917
    times: Times, origins: Whole, latest_ms: Whole, fetched_by: Whole,
    cars: Whole, places: Whole, from_ms: Whole, handicaps: Whole, now_ms: int, wanted: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
    """The pairs worth weighing: on the scarcer side, each one's best `wanted`.

    Parameters
    ----------
    origins, latest_ms
        Pick-ups of the trips, and when each rider must be aboard at the latest.
    fetched_by
        The car that drives to a trip's rider already, or -1; that pair is never left out.
    cars, places, from_ms
        Rows of the cars that may be taken, the junction each can turn at next, and when.
    handicaps
        Milliseconds by which each car counts as further away.

    Returns
    -------
    tuple of numpy.ndarray
        Pairs (row of the trip, row of the car), (pairs, 2), in ascending order, and the drive of
        each in milliseconds from now, its car's `from_ms` included, (pairs,); both int32.
    """
    trips, many = len(origins), len(cars)
    by_trip = trips <= many
    rows, columns = (trips, many) if by_trip else (many, trips)
    kept = np.zeros((trips, many), np.bool_)
    ranks = np.empty(columns, np.int64)
    for row in range(rows):
        found = 0
        for column in range(columns):
            trip, car = (row, column) if by_trip else (column, row)
            arrives = from_ms[car] + times[places[car], origins[trip]]
            if arrives <= latest_ms[trip]:
                # One number ranks by cost, then by row; costs may be below zero.
                ranks[found] = (arrives - now_ms + handicaps[car]) * (1 << 20) + column
                found += 1
        if found > wanted:
            ranks[:found] = np.partition(ranks[:found], wanted - 1)
            found = wanted
        for rank in range(found):
            column = ranks[rank] & ((1 << 20) - 1)
            if by_trip:
                kept[row, column] = True
            else:
                kept[column, row] = True
    for trip in range(trips):
        if fetched_by[trip] >= 0:
            for car in range(many):
                if cars[car] == fetched_by[trip]:
                    kept[trip, car] = True
    count = kept.sum()
    pairs = np.empty((count, 2), np.int32)
    drives = np.empty(count, np.int32)
    filled = 0
    for trip in range(trips):
        for car in range(many):
            if kept[trip, car]:
                pairs[filled, 0] = trip
                pairs[filled, 1] = cars[car]
                drives[filled] = from_ms[car] + times[places[car], origins[trip]] - now_ms
                filled += 1
    return pairs, drives
