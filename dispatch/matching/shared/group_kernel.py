"""The best order of a few stops, and all groups of trips that a run can serve, as machine code.

Owns the request-trip-vehicle graph of one run: Alonso-Mora et al., "On-demand high-capacity
ride-sharing via dynamic trip-vehicle assignment", PNAS 114(3), 2017, algorithm 1: a group of k trips
can only be served if each of its groups of k - 1 can. Arrays are those of `run_kernel`. All limits
of effort count steps; none looks at a clock.
"""

import numpy as np

from dispatch.matching.shared.run_kernel import (
    BOARDED_AT,
    CAPACITY,
    DELAY,
    DIRECT,
    DRIVE,
    DWELL,
    FINISH_BY,
    FREE_AT,
    KEPT,
    NEVER,
    NOT_ABOARD,
    PICKUP_BY,
    PLACE,
    SCRATCH_ROWS,
    SEATS,
    WAIT,
    WANTED_AT,
    Travel,
    Whole,
    best_place,
    broken_at,
    follow,
    insert,
    seats_aboard,
)
from foundation.compiled import compiled

_INDEX, _NOW, _LOAD, _COST, _USED, _PARTNER, _ENDED = range(7)


@compiled
def run_cost(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, count: int, driver: Whole, trips: Whole, travel: Travel, rates: Whole,
    begins: Whole,
) -> int:  # fmt: skip
    """Weighted driving, pick-up and drop-off times (from when the car is free); `NEVER` if a limit breaks."""
    drive, broken, _ = follow(stops, count, driver, trips, travel, rates[DWELL], begins)
    if broken != KEPT:
        return NEVER
    cost = rates[DRIVE] * drive
    for p in range(count):
        rate = rates[DELAY] if stops[p] & 1 else rates[WAIT]
        cost += rate * (begins[p] - driver[FREE_AT])
    return int(cost)


@compiled
def _hopeless(codes: Whole, now: int, trips: Whole, pad: Whole) -> bool:
    """Whether a rider still to be picked up cannot be any more."""
    for k in range(len(codes)):
        if codes[k] & 1 == 0 and pad[_USED, k] == 0 and now > trips[codes[k] >> 1, PICKUP_BY]:
            return True
    return False


@compiled
def _step(  # noqa: PLR0917 - compiled loops take plain arrays
    k: int, depth: int, codes: Whole, driver: Whole, trips: Whole, travel: Travel, rates: Whole,
    pad: Whole,
) -> int:  # fmt: skip
    """Serve stop ``k`` as number ``depth``; cost so far, or `NEVER` if a limit breaks.

    Writes time of leaving, load and cost so far into ``pad`` at ``depth + 1``.
    """
    code = codes[k]
    trip, kind = code >> 1, code & 1
    place = driver[PLACE]
    if depth > 0:
        last = codes[pad[_INDEX, depth - 1]]
        place = trips[last >> 1, last & 1]
    leg = int(travel[place, trips[trip, kind]])
    begin, load, ended = pad[_NOW, depth] + leg, pad[_LOAD, depth], trips[trip, BOARDED_AT]
    if kind == 0:
        begin = max(begin, trips[trip, WANTED_AT])
        load += trips[trip, SEATS]
    else:
        load -= trips[trip, SEATS]
        if pad[_PARTNER, k] >= 0:
            ended = pad[_ENDED, pad[_PARTNER, k]]
    if broken_at(code, begin, ended, load, driver[CAPACITY], trips) != KEPT:
        return NEVER
    now = begin + rates[DWELL]
    rate = rates[WAIT] if kind == 0 else rates[DELAY]
    cost = pad[_COST, depth] + rates[DRIVE] * leg + rate * (begin - driver[FREE_AT])
    if kind == 0:
        pad[_ENDED, k] = now
    pad[_NOW, depth + 1], pad[_LOAD, depth + 1], pad[_COST, depth + 1] = now, load, cost
    return int(cost)


@compiled
def _open_search(codes: Whole, driver: Whole, trips: Whole, pad: Whole) -> int:
    """Ready the scratch for `best_order`. Returns how many drop-offs there are."""
    drops = 0
    for k in range(len(codes)):
        pad[_USED, k], pad[_PARTNER, k] = 0, -1
        if codes[k] & 1:
            drops += 1
            if trips[codes[k] >> 1, BOARDED_AT] == NOT_ABOARD:
                for q in range(len(codes)):
                    if codes[q] == codes[k] - 1:
                        pad[_PARTNER, k] = q
    pad[_NOW, 0], pad[_COST, 0], pad[_INDEX, 0] = driver[FREE_AT], 0, -1
    pad[_LOAD, 0] = seats_aboard(codes, len(codes), trips)
    return drops


@compiled
def best_order(  # noqa: PLR0917 - compiled loops take plain arrays
    codes: Whole, bound: int, driver: Whole, trips: Whole, travel: Travel, rates: Whole,
    steps_max: int, order: Whole,
) -> tuple[int, int]:  # fmt: skip
    """The cheapest order of some stops that keeps every limit and costs less than ``bound``.

    Depth first, ``codes`` ascending, so that of equally cheap orders the first in the alphabet of
    stops is found. Cut off where deadlines fail, or where what is driven and the time that each
    drop-off ahead will at least have taken cost the bound already. Writes into ``order``; returns
    `run_cost`'s cost (the bound if nothing is cheaper) and the steps taken. With fewer steps
    left than it needs the best so far is returned.
    """
    n, steps, depth = len(codes), 0, 0
    pad = np.zeros((7, n + 2), np.int64)
    drops = _open_search(codes, driver, trips, pad)
    if n == 0 or pad[_LOAD, 0] > driver[CAPACITY]:
        return bound, steps
    while depth >= 0:
        k = pad[_INDEX, depth]
        if k >= 0:
            pad[_USED, k] = 0
            drops += codes[k] & 1
        k += 1
        while k < n and (
            pad[_USED, k] == 1 or (pad[_PARTNER, k] >= 0 and pad[_USED, pad[_PARTNER, k]] == 0)
        ):
            k += 1
        if k == n or steps >= steps_max:
            depth -= 1
            continue
        pad[_INDEX, depth], pad[_USED, k] = k, 1
        drops -= codes[k] & 1
        steps += 1
        cost = _step(k, depth, codes, driver, trips, travel, rates, pad)
        now = pad[_NOW, depth + 1]
        if cost >= NEVER or cost + rates[DELAY] * drops * (now - driver[FREE_AT]) >= bound:
            continue
        if depth == n - 1:
            if now <= driver[FINISH_BY]:
                bound = cost
                for p in range(n):
                    order[p] = codes[pad[_INDEX, p]]
        elif not _hopeless(codes, now, trips, pad):
            depth += 1
            pad[_INDEX, depth] = -1
    return bound, steps


@compiled
def serve_also(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, count: int, trip: int, driver: Whole, trips: Whole, travel: Travel,
    rates: Whole, steps_max: int, order: Whole,
) -> int:  # fmt: skip
    """The best order of a run's stops and those of one more trip; its `run_cost`, or `NEVER`.

    First the cheapest place in the order that is there, then every order (`best_order`) that might
    be cheaper. Writes ``count + 2`` stops into ``order``.
    """
    pad = np.empty((SCRATCH_ROWS, count + 1), np.int64)
    begins, bound = np.empty(count + 2, np.int64), NEVER
    _, i, j = best_place(stops, count, driver, trips, trip, travel, rates, pad)
    order[:count] = stops[:count]
    if i >= 0:
        insert(order, count, trip, i, j)
        bound = run_cost(order, count + 2, driver, trips, travel, rates, begins)
    codes = np.empty(count + 2, np.int64)
    codes[:count] = stops[:count]
    codes[count], codes[count + 1] = 2 * trip, 2 * trip + 1
    codes.sort()
    found, _ = best_order(codes, bound, driver, trips, travel, rates, steps_max, order)
    return found


@compiled
def _has(members: Whole, first: int, last: int, size: int, without: int, row: Whole) -> bool:  # noqa: PLR0917
    """Whether ``row`` less its member number ``without`` is among rows ``first`` to ``last``."""
    for g in range(first, last):
        same = True
        for m in range(size):
            if members[g, m] != row[m if m < without else m + 1]:
                same = False
                break
        if same:
            return True
    return False


@compiled
def _join(  # noqa: PLR0917 - compiled loops take plain arrays
    members: Whole, a: int, b: int, first: int, last: int, size: int, row: Whole
) -> int:
    """Write the union of two groups into ``row``: 1 if all its smaller groups are there, else 0.

    -1 if they differ in more than their last members, as then do all groups after ``b``.
    """
    for m in range(size - 2):
        if members[a, m] != members[b, m]:
            return -1
    row[: size - 1] = members[a, : size - 1]
    row[size - 1] = members[b, size - 2]
    for without in range(size - 2):
        if not _has(members, first, last, size - 1, without, row):
            return 0
    return 1


@compiled
def own_part(trip: int, driver: Whole, trips: Whole, rates: Whole) -> int:
    """What a trip costs in `run_cost` though its rider neither waits nor is delayed."""
    wanted = trips[trip, WANTED_AT] - driver[FREE_AT]
    return int(rates[WAIT] * wanted + rates[DELAY] * (wanted + trips[trip, DIRECT]))


@compiled
def grow(  # noqa: PLR0917 - compiled loops take plain arrays
    stops: Whole, count: int, candidates: Whole, driver: Whole, trips: Whole, travel: Travel,
    rates: Whole, limits: Whole, members: Whole, costs: Whole, orders: Whole,
) -> tuple[int, bool]:  # fmt: skip
    """All groups of candidates that a run can serve with what it has, smaller ones first.

    ``limits`` (3,): the largest group, the most groups, the steps of each `best_order`. Groups of
    a size come in the order of their ascending members. Writes ``members`` (groups, largest; -1
    where a group is smaller), ``costs`` (added to the run as it stands) and ``orders`` (groups,
    count + 2 * largest). Returns how many, and whether the limit cut some off.
    """
    largest, most, steps_max = limits[0], limits[1], limits[2]
    begins = np.empty(max(1, count), np.int64)
    base = run_cost(stops, count, driver, trips, travel, rates, begins)
    found, cut, row = 0, False, np.full(largest, -1, np.int64)
    if base >= NEVER or largest == 0:
        return found, cut
    for trip in candidates:
        if found == most:
            return found, True
        cost = serve_also(
            stops, count, trip, driver, trips, travel, rates, steps_max, orders[found]
        )
        if cost < NEVER:
            members[found, 0] = trip
            costs[found] = cost - base - own_part(trip, driver, trips, rates)
            found += 1
    first, last = 0, found
    for size in range(2, largest + 1):
        for a in range(first, last):
            for b in range(a + 1, last):
                fit = _join(members, a, b, first, last, size, row)
                if fit < 0:
                    break
                if fit == 0:
                    continue
                if found == most:
                    return found, True
                kept, trip = count + 2 * (size - 1), row[size - 1]
                cost = serve_also(orders[a, :kept], kept, trip, driver, trips, travel, rates,
                                  steps_max, orders[found])  # fmt: skip
                if cost < NEVER:
                    costs[found] = cost - base
                    for m in range(size):
                        members[found, m] = row[m]
                        costs[found] -= own_part(row[m], driver, trips, rates)
                    found += 1
        first, last = last, found
    return found, cut
