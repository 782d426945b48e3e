"""The inner loops over a fleet: cars that drive on, and who could fetch whom. Compiled by Numba."""

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.compiled import compiled
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


_COLUMN_BITS = 20


@compiled
def _keep_best(ranks: Whole, found: int, wanted: int) -> int:
    """Bring the `wanted` least of the first `found` to the front; how many are there."""
    if found > wanted:
        ranks[:found] = np.partition(ranks[:found], wanted - 1)
        return wanted
    return found


@compiled
def _arrivals(  # noqa: PLR0917
    times: Times, origins: Whole, latest_ms: Whole, fetched_by: Whole,
    places: Whole, from_ms: Whole, busy: NDArray[np.bool_],
) -> Whole:  # fmt: skip
    """When each car would be at each pick-up, (trips, cars); -1 where that may not be."""
    found = np.empty((len(origins), len(places)), np.int64)
    for trip in range(len(origins)):
        for car in range(len(places)):
            arrives = from_ms[car] + times[places[car], origins[trip]]
            # A rider with a car under way is not given to one that may never come.
            tentative = busy[car] and fetched_by[trip] >= 0
            found[trip, car] = -1 if tentative or arrives > latest_ms[trip] else arrives
    return found


@compiled
def nearest_pairs(  # noqa: PLR0917
    times: Times, origins: Whole, latest_ms: Whole, fetched_by: Whole, cars: Whole, places: Whole,
    from_ms: Whole, busy: NDArray[np.bool_], handicaps: Whole, now_ms: int, wanted: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:  # fmt: skip
    """The pairs worth weighing: on the scarcer side, each one's best `wanted`.

    Parameters
    ----------
    origins, latest_ms
        Pick-ups of the trips, and when each rider must be aboard at the latest.
    fetched_by
        The car that drives to a trip's rider already, or -1; that pair is never left out.
    cars, places, from_ms, busy
        Rows of the cars that may be taken, the junction each can turn at next, when, and whether
        it has a rider aboard until then.
    handicaps
        Milliseconds by which each car counts as further away.

    Returns
    -------
    tuple of numpy.ndarray
        Pairs (row of the trip, row of the car), (pairs, 2), in ascending order, and the drive of
        each in milliseconds from now, its car's `from_ms` included, (pairs,); both int32.
    """
    arrivals = _arrivals(times, origins, latest_ms, fetched_by, places, from_ms, busy)
    trips, many = arrivals.shape
    by_trip = trips <= many
    kept = np.zeros((trips, many), np.bool_)
    ranks = np.empty(max(trips, many), np.int64)
    for row in range(min(trips, many)):
        found = 0
        for column in range(max(trips, many)):
            trip, car = (row, column) if by_trip else (column, row)
            if arrivals[trip, car] >= 0:
                # One number ranks by cost, then by column; costs may be below zero.
                cost = arrivals[trip, car] - now_ms + handicaps[car]
                ranks[found] = (cost << _COLUMN_BITS) | column
                found += 1
        for rank in range(_keep_best(ranks, found, wanted)):
            column = ranks[rank] & ((1 << _COLUMN_BITS) - 1)
            trip, car = (row, column) if by_trip else (column, row)
            kept[trip, car] = True
    for trip in range(trips):
        for car in range(many):
            kept[trip, car] |= fetched_by[trip] >= 0 and cars[car] == fetched_by[trip]
    return _listed(kept, arrivals, cars, now_ms)


@compiled
def _listed(
    kept: NDArray[np.bool_], arrivals: Whole, cars: Whole, now_ms: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The pairs kept, row by row, and their drives."""
    count = kept.sum()
    pairs = np.empty((count, 2), np.int32)
    drives = np.empty(count, np.int32)
    filled = 0
    for trip in range(kept.shape[0]):
        for car in range(kept.shape[1]):
            if kept[trip, car]:
                pairs[filled, 0] = trip
                pairs[filled, 1] = cars[car]
                drives[filled] = arrivals[trip, car] - now_ms
                filled += 1
    return pairs, drives
