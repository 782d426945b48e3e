"""Whether a route can be driven, and the cheapest place of a request in it, as machine code.

Owns the schedule of one route. A route is a row of nodes without the depot; ``travel``, ``nodes``
and ``limits`` are those of `Problem`. ``pad`` is scratch, int64 (PAD_ROWS, route_max + 2).
"""

from dispatch.matching.shared.dial_a_ride.problem import (
    CAPACITY,
    DURATION_MAX,
    EARLIEST,
    LATEST,
    LOAD,
    RIDE_MAX,
    SERVICE,
    Whole,
)
from foundation.compiled import compiled

NOWHERE = 1 << 60
"""The cost of what cannot be."""

_BEGIN, _WAIT, _FROM, _AT, _TRIAL, _EARLY, _LATE, _LOADS, _FIRST, _LAST = range(10)
PAD_ROWS = 10


@compiled
def _roll(  # noqa: PLR0917 - compiled loops take plain arrays
    first: int, route: Whole, count: int, travel: Whole, nodes: Whole, pad: Whole
) -> bool:
    """Serve the stops from ``first`` on (1 is the first of the route) as soon as possible.

    ``pad[_BEGIN, first - 1]`` is given. Returns whether every window is kept, the depot's too.
    """
    for p in range(first, count + 2):
        last = route[p - 2] if p > 1 else 0
        here = route[p - 1] if p <= count else 0
        arrival = pad[_BEGIN, p - 1] + nodes[last, SERVICE] + travel[last, here]
        begin = max(arrival, nodes[here, EARLIEST])
        if begin > nodes[here, LATEST]:
            return False
        pad[_BEGIN, p], pad[_WAIT, p] = begin, begin - arrival
    return True


@compiled
def _slack(at: int, route: Whole, count: int, nodes: Whole, pad: Whole) -> tuple[int, int]:
    """How far the beginning at stop ``at`` may move without breaking what was kept, and all waits.

    Forward time slack with ride caps: a drop-off whose pick-up lies before ``at`` may not move
    beyond its rider's cap. The second number is the waiting after ``at`` and before the depot.
    """
    waits, slack = 0, NOWHERE
    for p in range(at, count + 2):
        if p > at:
            waits += pad[_WAIT, p]
        here = route[p - 1] if 1 <= p <= count else 0
        room = nodes[here, LATEST] - pad[_BEGIN, p]
        if 1 <= p <= count and nodes[here, LOAD] < 0 and pad[_FROM, p] < at:
            pickup = route[pad[_FROM, p] - 1]
            ride = pad[_BEGIN, p] - pad[_BEGIN, pad[_FROM, p]] - nodes[pickup, SERVICE]
            room = min(room, nodes[pickup, RIDE_MAX] - ride)
        slack = min(slack, waits + max(room, 0))
    return slack, waits


@compiled
def _worst_ride(after: int, route: Whole, count: int, nodes: Whole, pad: Whole) -> int:
    """By how much the longest ride to a drop-off behind stop ``after`` exceeds its cap."""
    worst = -NOWHERE
    for p in range(after + 1, count + 1):
        if nodes[route[p - 1], LOAD] < 0:
            pickup = route[pad[_FROM, p] - 1]
            ride = pad[_BEGIN, p] - pad[_BEGIN, pad[_FROM, p]] - nodes[pickup, SERVICE]
            worst = max(worst, ride - nodes[pickup, RIDE_MAX])
    return int(worst)


@compiled
def _shorten_rides(route: Whole, count: int, travel: Whole, nodes: Whole, pad: Whole) -> bool:
    """Pick riders up as late as costs nothing, in order, until every ride is short enough."""
    half = len(nodes) // 2
    for p in range(1, count + 1):
        if route[p - 1] <= half:
            pad[_AT, route[p - 1]] = p
        else:
            pad[_FROM, p] = pad[_AT, route[p - 1] - half]
    if _worst_ride(0, route, count, nodes, pad) <= 0:
        return True
    for p in range(1, count + 1):
        if route[p - 1] > half:
            ride = pad[_BEGIN, p] - pad[_BEGIN, pad[_FROM, p]]
            pickup = route[p - 1] - half
            if ride - nodes[pickup, SERVICE] > nodes[pickup, RIDE_MAX]:
                return False
            continue
        slack, waits = _slack(p, route, count, nodes, pad)
        moved = min(slack, waits)
        if moved > 0:
            pad[_BEGIN, p] += moved
            pad[_WAIT, p] += moved
            _roll(p + 1, route, count, travel, nodes, pad)
            if _worst_ride(p, route, count, nodes, pad) <= 0:
                return True
    return True


@compiled
def can_drive(  # noqa: PLR0917 - compiled loops take plain arrays
    route: Whole, count: int, travel: Whole, nodes: Whole, limits: Whole, pad: Whole
) -> bool:
    """Whether a route has a schedule that keeps windows, ride caps, duration and seats.

    The eight steps of Cordeau and Laporte, "A tabu search heuristic for the static multi-vehicle
    dial-a-ride problem", Transportation Research B 37(6), 2003, section 4.3: leave the depot as
    late as costs nothing, then pick riders up as late as costs nothing, in order, until all rides
    are short enough. A later pick-up never lengthens a ride that is still ahead, so no schedule
    that exists is missed. Each drop-off must come behind its pick-up. When it answers yes,
    ``pad[0, 1:count + 1]`` holds when service begins, ``pad[0, 0]`` when the depot is left.
    """
    load = 0
    for p in range(count):
        load += nodes[route[p], LOAD]
        if load > limits[CAPACITY]:
            return False
    pad[_BEGIN, 0], pad[_WAIT, 0] = nodes[0, EARLIEST], 0
    if not _roll(1, route, count, travel, nodes, pad):
        return False
    for p in range(1, count + 1):
        pad[_FROM, p] = p
    slack, waits = _slack(0, route, count, nodes, pad)
    pad[_BEGIN, 0] += min(slack, waits)
    _roll(1, route, count, travel, nodes, pad)
    if pad[_BEGIN, count + 1] - pad[_BEGIN, 0] > limits[DURATION_MAX]:
        return False
    return _shorten_rides(route, count, travel, nodes, pad)


@compiled
def prepare(route: Whole, count: int, travel: Whole, nodes: Whole, pad: Whole) -> None:
    """What `best_place` asks of a route, for each stop.

    Earliest and latest beginnings by windows alone, seats taken behind it, and the first and the
    last stop of the time around it in which the car is never empty.
    """
    begin, last, load = nodes[0, EARLIEST], 0, 0
    pad[_EARLY, 0], pad[_LOADS, 0], pad[_FIRST, 0] = begin, 0, 0
    for p in range(1, count + 1):
        here = route[p - 1]
        begin = max(begin + nodes[last, SERVICE] + travel[last, here], nodes[here, EARLIEST])
        load += nodes[here, LOAD]
        pad[_EARLY, p], pad[_LOADS, p] = begin, load
        pad[_FIRST, p] = p if load == 0 else pad[_FIRST, p - 1]
        last = here
    pad[_LATE, count + 1] = nodes[0, LATEST]
    after, end = 0, count
    for p in range(count, 0, -1):
        here = route[p - 1]
        late = pad[_LATE, p + 1] - travel[here, after] - nodes[here, SERVICE]
        pad[_LATE, p] = min(late, nodes[here, LATEST])
        end = p if pad[_LOADS, p] == 0 else end
        pad[_LAST, p] = end
        after = here
    pad[_LAST, 0] = 0


@compiled
def _rides_fit(  # noqa: PLR0917 - compiled loops take plain arrays
    request: int, i: int, j: int, route: Whole, count: int, travel: Whole, nodes: Whole,
    limits: Whole, pad: Whole,
) -> bool:  # fmt: skip
    """Whether all rides can be short enough with the pick-up before ``i`` and the drop before ``j``.

    Windows and seats are known to fit. Only the riders who are in the car together with others
    between two moments when it is empty can be concerned: a ride that a later beginning of its
    part of the route lengthens does not exist. Only a depot open for longer than a route may last
    asks for the whole route.
    """
    first, last = pad[_FIRST, i], pad[_LAST, j]
    whole = nodes[0, LATEST] - nodes[0, EARLIEST] > limits[DURATION_MAX]
    if whole:
        first, last = 0, count
    trial, n = pad[_TRIAL], 0
    for p in range(first, last + 1):
        if p == i:
            trial[n] = request
            n += 1
        if p == j:
            trial[n] = request + len(nodes) // 2
            n += 1
        if p < last:
            trial[n] = route[p]
            n += 1
    if whole:
        return can_drive(trial, n, travel, nodes, limits, pad)
    before = route[first - 1] if first > 0 else 0
    begin = pad[_EARLY, first]
    for p in range(n):
        here = trial[p]
        arrival = begin + nodes[before, SERVICE] + travel[before, here]
        begin = max(arrival, nodes[here, EARLIEST])
        pad[_BEGIN, p + 1], pad[_WAIT, p + 1] = begin, begin - arrival
        before = here
    # Behind the last stop of this part nothing presses: a depot that is open long enough.
    pad[_BEGIN, n + 1], pad[_WAIT, n + 1] = nodes[0, EARLIEST], 0
    return _shorten_rides(trial, n, travel, nodes, pad)


@compiled
def _best_drop(  # noqa: PLR0917 - compiled loops take plain arrays
    request: int, i: int, bound: int, route: Whole, count: int, travel: Whole, nodes: Whole,
    limits: Whole, pad: Whole,
) -> tuple[int, int]:  # fmt: skip
    """The cheapest drop-off below ``bound`` when the pick-up comes before stop ``i`` (from 0)."""
    drop, seats, best_j = request + len(nodes) // 2, nodes[request, LOAD], -1
    before = route[i - 1] if i > 0 else 0
    after = route[i] if i < count else 0
    arrival = pad[_EARLY, i] + nodes[before, SERVICE] + travel[before, request]
    begin = max(arrival, nodes[request, EARLIEST])
    if begin > nodes[request, LATEST] or pad[_LOADS, i] + seats > limits[CAPACITY]:
        return bound, best_j
    added = travel[before, request] - travel[before, after]
    leaves, last, ride = begin + nodes[request, SERVICE], request, 0
    for j in range(i, count + 1):
        after = route[j] if j < count else 0
        begin = max(leaves + travel[last, drop], nodes[drop, EARLIEST])
        cost = added + travel[last, drop] + travel[drop, after]
        on_time = begin <= nodes[drop, LATEST]
        on_time &= begin + nodes[drop, SERVICE] + travel[drop, after] <= pad[_LATE, j + 1]
        on_time &= ride + travel[last, drop] <= nodes[request, RIDE_MAX]
        if j > i:
            cost -= travel[last, after]
        if (
            on_time
            and cost < bound
            and _rides_fit(request, i, j, route, count, travel, nodes, limits, pad)
        ):
            bound, best_j = cost, j
        if j == count or pad[_LOADS, j + 1] + seats > limits[CAPACITY]:
            break
        if j == i:
            added += travel[request, after]
        ride += travel[last, after] + nodes[after, SERVICE]
        begin = max(leaves + travel[last, after], nodes[after, EARLIEST])
        if begin > pad[_LATE, j + 1] or ride > nodes[request, RIDE_MAX]:
            break
        leaves, last = begin + nodes[after, SERVICE], after
    return bound, best_j


@compiled
def best_place(  # noqa: PLR0917 - compiled loops take plain arrays
    request: int, route: Whole, count: int, travel: Whole, nodes: Whole, limits: Whole, pad: Whole
) -> tuple[int, int, int]:
    """The cheapest feasible pair of places of a request in a route, once `prepare` has been there.

    Returns the travel added, and before which stop (from 0) the pick-up and the drop-off come;
    `NOWHERE` if there is none. Of the pairs, those that windows, seats or the ride's own driving
    rule out are not tried; neither is a dearer one than the best so far.
    """
    best, best_i, best_j = NOWHERE, -1, -1
    if count + 2 > len(route):
        return best, best_i, best_j
    for i in range(count + 1):
        found, j = _best_drop(request, i, best, route, count, travel, nodes, limits, pad)
        if j >= 0:
            best, best_i, best_j = found, i, j
    return best, best_i, best_j


@compiled
def place(request: int, i: int, j: int, route: Whole, count: int, half: int) -> None:  # noqa: PLR0917
    """Put a request into a route where `best_place` said."""
    for p in range(count - 1, j - 1, -1):
        route[p + 2] = route[p]
    route[j + 1] = request + half
    for p in range(j - 1, i - 1, -1):
        route[p + 1] = route[p]
    route[i] = request


@compiled
def remove(request: int, route: Whole, count: int, half: int) -> None:
    """Take a request out of a route."""
    kept = 0
    for p in range(count):
        if route[p] not in (request, request + half):
            route[kept] = route[p]
            kept += 1


@compiled
def length(route: Whole, count: int, travel: Whole) -> int:
    """Travel of a route from and to the depot; nothing for an empty one."""
    if count == 0:
        return 0
    total = travel[0, route[0]] + travel[route[count - 1], 0]
    for p in range(1, count):
        total += travel[route[p - 1], route[p]]
    return int(total)
