"""The quick way to the optimum, compiled to machine code by Numba; it knows when it may be trusted.

Owns two answers to a round of solo trips, and the proof that goes with each: of how much of it no
other optimum could differ. On the rest the caller lets minimum-cost flow and the settling of dead
heats decide. All arrays are int64; pairs stand in the order of their trips: those of
trip ``t`` are ``first[t]:first[t + 1]``.
"""

import numpy as np

from dispatch.matching.kernels import Whole
from dispatch.matching.pair_kernels import Truth, settle_heats
from foundation.compiled import compiled

CERTAIN, AMBIGUOUS, TOO_LONG = 0, 1, 2

_NEVER = 2**62


@compiled
def cheapest(
    first: Whole, driver: Whole, cost: Whole, price: Whole, turn: Whole
) -> tuple[Whole, int]:
    """Each trip's cheapest driver, of equals the first in turn: certain if no two want the same.

    It costs the least, as each trip does. And where equal plans exist, settling dead heats ends
    here from any of them: as long as a trip has not its first in turn, that driver is idle and the
    trip moves to them, or another trip holds them. If nobody could move, such trips would hold each
    other's, in a ring in which all hold a later turn than their own: but it is the same drivers.
    """
    chosen = np.full(len(price), -1, np.int64)
    is_taken = np.zeros(len(turn), np.bool_)
    for trip in range(len(price)):
        best = np.int64(-1)
        for pair in range(first[trip], first[trip + 1]):
            if (
                best < 0
                or cost[pair] < cost[best]
                or (cost[pair] == cost[best] and turn[driver[pair]] < turn[driver[best]])
            ):
                best = np.int64(pair)
        if best < 0:
            continue
        if cost[best] >= price[trip] or is_taken[driver[best]]:
            return chosen, AMBIGUOUS
        is_taken[driver[best]] = True
        chosen[trip] = best
    return chosen, CERTAIN


@compiled
def _push(key: Whole, item: Whole, size: int, entry: tuple[int, int]) -> None:
    """Add (key, item) to a heap of ``size`` entries."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if key[parent] <= entry[0]:
            break
        key[child], item[child] = key[parent], item[parent]
        child = parent
    key[child], item[child] = entry[0], entry[1]


@compiled
def _drop_least(key: Whole, item: Whole, size: int) -> None:
    """Remove the first entry of a heap of ``size`` entries."""
    last = size - 1
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        if child + 1 < last and key[child + 1] < key[child]:
            child += 1
        if key[child] >= key[last]:
            break
        key[parent], item[parent] = key[child], item[child]
        parent = child
    key[parent], item[parent] = key[last], item[last]


@compiled
def _augment(  # noqa: PLR0917 - compiled loops take plain arrays
    start: int,
    end: np.int64,
    open_trip: int,
    driver: Whole,
    chosen: Whole,
    holder: Whole,
    via: Whole,
    came_from: Whole,
) -> None:
    """Hand drivers on along the path that was found, back to the trip it started from.

    The path ends at an idle driver, or (``end`` below 0) at a trip that stays open from now on.
    """
    if end < 0:
        released = chosen[open_trip]
        chosen[open_trip] = -1
        if released >= 0:
            end = driver[released]
    while end >= 0:
        trip, released = came_from[end], chosen[came_from[end]]
        chosen[trip], holder[end] = via[end], trip
        end = driver[released] if trip != start else np.int64(-1)


@compiled
def _at_once(  # noqa: PLR0917
    trip: int, first: Whole, driver: Whole, cost: Whole, price: Whole, holder: Whole, dual: Whole,
    via: Whole, came_from: Whole,
) -> tuple[bool, np.int64]:  # fmt: skip
    """Whether the search from a trip is over before it begins, and the idle driver or -1.

    Most are: the nearest driver is idle, or staying open is nearer. That needs no heap. Of equal
    pairs the nearest is the first, as it would be in the heap.
    """
    best, least = np.int64(-1), price[trip]
    for pair in range(first[trip], first[trip + 1]):
        there = cost[pair] - dual[driver[pair]]
        if there < least:
            best, least = np.int64(pair), there
    if best < 0:
        return True, np.int64(-1)
    who = driver[best]
    via[who], came_from[who] = best, trip
    return holder[who] < 0, who


@compiled
def _search(  # noqa: PLR0917
    start: int,
    first: Whole,
    driver: Whole,
    cost: Whole,
    price: Whole,
    chosen: Whole,
    holder: Whole,
    dual: Whole,
    rooms: tuple[Whole, Whole, Whole, Whole, Whole, Whole, Whole],
) -> tuple[np.int64, int, int]:
    """The shortest path from one trip to an idle driver, or to a trip that may stay open.

    Dijkstra's algorithm over drivers, on costs less their duals, which it brings up to date.
    Returns the idle driver or -1, the trip that stays open, and how many pairs were looked at.
    """
    away, via, came_from, passed, passed_at, key, item = rooms
    is_over, end = _at_once(start, first, driver, cost, price, holder, dual, via, came_from)
    if is_over:
        return end, start, first[start + 1] - first[start]
    away[:] = _NEVER
    trip, now, own = start, np.int64(0), np.int64(0)
    size, passed_count, work = 0, 0, 0
    open_at, open_trip, end = np.int64(2**62), start, np.int64(-1)
    while True:
        work += first[trip + 1] - first[trip]
        for pair in range(first[trip], first[trip + 1]):
            who = driver[pair]
            there = now + cost[pair] - dual[who] - own
            if there < away[who]:
                away[who], via[who], came_from[who] = there, pair, trip
                _push(key, item, size, (there, who))
                size += 1
        if now + price[trip] - own < open_at:
            open_at, open_trip = now + price[trip] - own, trip
        while size > 0 and key[0] > away[item[0]]:
            _drop_least(key, item, size)
            size -= 1
        if size == 0 or open_at <= key[0]:
            now = open_at
            break
        who, now = item[0], key[0]
        if holder[who] < 0:
            end = who
            break
        # Nothing is nearer than where the search has passed: nobody gets there again.
        away[who] = -_NEVER
        passed[passed_count], passed_at[passed_count] = who, now
        passed_count += 1
        trip = holder[who]
        own = cost[chosen[trip]] - dual[who]
    for place in range(passed_count):
        dual[passed[place]] += passed_at[place] - now
    return end, open_trip, work


@compiled
def shortest_paths(  # noqa: PLR0917
    first: Whole, driver: Whole, cost: Whole, price: Whole, drivers: int, work_max: int
) -> tuple[Whole, int, Truth]:
    """An optimum by shortest augmenting paths, trip by trip; certain if it is the only one.

    Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
    assignment problems", Computing 38, 1987. Staying open is a driver of the trip's own. It gives up
    after ``work_max`` looks at pairs: where drivers are scarce, minimum-cost flow is quicker.

    Also the pairs among which another optimum may choose otherwise, bool, (pairs,); all, if it gave
    up. A trip of which none is among them is served, or stays open, as it is chosen.
    """
    chosen = np.full(len(price), -1, np.int64)
    holder = np.full(drivers, -1, np.int64)
    dual = np.zeros(drivers, np.int64)
    via, came_from = np.empty(drivers, np.int64), np.empty(drivers, np.int64)
    rooms = (
        np.empty(drivers, np.int64),
        via,
        came_from,
        np.empty(drivers, np.int64),
        np.empty(drivers, np.int64),
        np.empty(len(cost) + 1, np.int64),
        np.empty(len(cost) + 1, np.int64),
    )
    work = 0
    for trip in range(len(price)):
        end, open_trip, looks = _search(
            trip, first, driver, cost, price, chosen, holder, dual, rooms
        )
        work += looks
        if work > work_max:
            return chosen, TOO_LONG, np.full(len(cost), True)
        _augment(trip, end, open_trip, driver, chosen, holder, via, came_from)
    undecided = _undecided(first, driver, cost, price, chosen, holder, dual)
    return chosen, AMBIGUOUS if undecided.any() else CERTAIN, undecided


@compiled
def _led_to(  # noqa: PLR0917
    place: int,
    first: Whole,
    driver: Whole,
    cost: Whole,
    price: Whole,
    chosen: Whole,
    holder: Whole,
    dual: Whole,
    found: Whole,
) -> int:
    """What a place of `_undecided` leads to, written into ``found``; how many they are."""
    trips, size = len(price), 0
    if place == trips:
        for trip in range(trips):
            if chosen[trip] < 0 or dual[driver[chosen[trip]]] == 0:
                found[size] = trip
                size += 1
        return size
    mine = chosen[place]
    pays = price[place] if mine < 0 else cost[mine] - dual[driver[mine]]
    for pair in range(first[place], first[place + 1]):
        who = driver[pair]
        if pair != mine and cost[pair] - dual[who] == pays:
            found[size] = holder[who] if holder[who] >= 0 else trips
            size += 1
    if mine >= 0 and price[place] == pays:
        found[size] = trips
        size += 1
    return size


@compiled
def _undecided(  # noqa: PLR0917
    first: Whole,
    driver: Whole,
    cost: Whole,
    price: Whole,
    chosen: Whole,
    holder: Whole,
    dual: Whole,
) -> Truth:
    """The pairs among which another choice of the same cost might choose otherwise: bool, (pairs,).

    Such a choice would be a ring of trips that each take, at no cost in the duals, what the next
    one has. What nobody has, and what can be had by leaving something nobody pays for, is joined in
    one more place, the last. A place lies in no ring if nothing leads to it, or only places that
    lie in none: those are taken away one by one. What is left might lie in one.
    """
    places = len(price) + 1
    leads = np.zeros(places, np.int64)
    todo = np.empty(places, np.int64)
    found = np.empty(places + len(cost), np.int64)
    for place in range(places):
        for other in range(_led_to(place, first, driver, cost, price, chosen, holder, dual, found)):
            leads[found[other]] += 1
    size = 0
    for place in range(places):
        if leads[place] == 0:
            todo[size] = place
            size += 1
    done = 0
    while done < size:
        for other in range(
            _led_to(todo[done], first, driver, cost, price, chosen, holder, dual, found)
        ):
            leads[found[other]] -= 1
            if leads[found[other]] == 0:
                todo[size] = found[other]
                size += 1
        done += 1
    undecided = np.full(len(cost), False)
    for trip in range(len(price)):
        mine = chosen[trip]
        pays = price[trip] if mine < 0 else cost[mine] - dual[driver[mine]]
        for pair in range(first[trip], first[trip + 1]):
            # No optimum takes a pair that would cost more in the duals.
            undecided[pair] = leads[trip] > 0 and cost[pair] - dual[driver[pair]] == pays
    return undecided


@compiled
def by_paths(
    pairs: Whole, cost: Whole, price: Whole, turn: Whole, work_max: int
) -> tuple[Whole, Truth]:
    """A choice by the quick ways, and the pairs on which it does not decide; see `shortest_paths`."""
    first = np.zeros(len(price) + 1, np.int64)
    for pair in range(len(pairs)):
        first[pairs[pair, 0] + 1] += 1
    first = np.cumsum(first)
    driver = pairs[:, 1].copy()
    chosen, state = cheapest(first, driver, cost, price, turn)
    if state == CERTAIN:
        return chosen, np.full(len(cost), False)
    chosen, _, undecided = shortest_paths(first, driver, cost, price, len(turn), work_max)
    return chosen, undecided


@compiled
def least_cost(
    pairs: Whole, cost: Whole, price: Whole, trip_turn: Whole, driver_turn: Whole
) -> Whole:
    """A choice with the least cost altogether by shortest paths alone: for studies in a hurry.

    Deterministic, and simple dead heats are settled as ever. But where equal plans differ by a longer
    exchange (which streets make common: two cars that must pass the same corner can be exchanged
    for free) it may be another of them than `assignment.least_cost` chooses.
    """
    chosen, undecided = by_paths(pairs, cost, price, driver_turn, 2**62)
    if not undecided.any():
        return chosen
    gain = price[pairs[:, 0]] - cost
    return settle_heats(pairs, gain, chosen, trip_turn, driver_turn)
