"""The loops over pairs of trips behind the hindsight references. Compiled by Numba."""

import numpy as np

from foundation.compiled import compiled
from simulation.study.travel_kernel import Times, Whole

UNREACHABLE = -1


@compiled
def least_approach(  # noqa: PLR0917 - compiled loops take plain arrays
    times: Times, starts: Whole, at_ms: Whole, origin: Whole, destination: Whole,
    direct_ms: Whole, max_wait_ms: int,
) -> Whole:  # fmt: skip
    """The quickest drive to each pick-up from anything that can come before it: (trips,).

    From a car's first place, or from a drop-off so early that the rider is still there;
    `UNREACHABLE` where nothing can. Requests are in the order of asking.
    """
    found = np.full(len(at_ms), UNREACHABLE, np.int64)
    for trip in range(len(at_ms)):
        latest_ms, here = at_ms[trip] + max_wait_ms, origin[trip]
        least = np.int64(1) << 60
        for start in starts:
            drive = times[start, here]
            if drive <= latest_ms:
                least = min(least, np.int64(drive))
        for before in range(len(at_ms)):
            if at_ms[before] > latest_ms or least == 0:
                break
            if before == trip:
                continue
            drive = times[destination[before], here]
            if drive < least and at_ms[before] + direct_ms[before] + drive <= latest_ms:
                least = np.int64(drive)
        if least < np.int64(1) << 60:
            found[trip] = least
    return found


@compiled
def next_on_time(  # noqa: PLR0917
    times: Times, at_ms: Whole, origin: Whole, destination: Whole, direct_ms: Whole, most: int
) -> tuple[Whole, Whole]:
    """Pairs of trips that one car serves without letting anybody wait: the trip, and the next.

    Of each trip the `most` soonest next ones. Requests are in the order of asking.
    """
    count = len(at_ms)
    before = np.empty(count * most, np.int64)
    after = np.empty(count * most, np.int64)
    found = 0
    for trip in range(count):
        free_ms = at_ms[trip] + direct_ms[trip]
        mine = 0
        for other in range(np.searchsorted(at_ms, free_ms), count):
            if mine == most:
                break
            if other != trip and free_ms + times[destination[trip], origin[other]] <= at_ms[other]:
                before[found], after[found] = trip, other
                found += 1
                mine += 1
    return before[:found].copy(), after[:found].copy()
