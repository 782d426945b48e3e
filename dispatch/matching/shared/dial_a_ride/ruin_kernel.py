"""Ruin and recreate: taking requests out of routes, and putting them back by regret.

Owns the moves of the search. Pisinger and Ropke, "A general heuristic for vehicle routing
problems", Computers & Operations Research 34(8), 2007: removals by chance, by cost and by
relatedness (Shaw 1997), insertion by regret with noise; and removal of strings of neighbours after
Christiaens and Vanden Berghe, "Slack induction by string removals for vehicle routing problems",
Transportation Science 54(2), 2020.

A solution is ``routes`` int64 (vehicles, route_max), ``counts`` (vehicles,) and ``where``
(requests + 1,): the route of each request, `OPEN` if none. ``related`` (requests + 1, requests)
lists, for each request, all from the most to the least related, itself first.
"""

from dispatch.matching.shared.dial_a_ride.chance_kernel import State, below, skewed
from dispatch.matching.shared.dial_a_ride.problem import Whole
from dispatch.matching.shared.dial_a_ride.route_kernel import (
    NOWHERE,
    best_place,
    place,
    prepare,
    remove,
)
from foundation.compiled import compiled

OPEN = -1
BY_CHANCE, BY_COST, BY_RELATION, BY_STRING, BY_ROUTE = range(5)
REMOVALS = 5
INSERTIONS = 4
"""Regret over the best 1 (greedy), 2, 3 and 4 routes."""


@compiled
def take_out(request: int, routes: Whole, counts: Whole, where: Whole) -> int:
    """Take a request out of its route. Returns 1, or 0 if it was in none."""
    at = where[request]
    if at == OPEN:
        return 0
    remove(request, routes[at], counts[at], len(where) - 1)
    counts[at] -= 2
    where[request] = OPEN
    return 1


@compiled
def _saving(request: int, route: Whole, count: int, travel: Whole, half: int) -> int:
    """Travel that a route loses with a request."""
    before, saved, last = 0, 0, 0
    for p in range(count + 1):
        here = route[p] if p < count else 0
        if here not in (request, request + half):
            saved -= travel[before, here]
            before = here
        saved += travel[last, here]
        last = here
    return int(saved)


@compiled
def _by_chance(wanted: int, routes: Whole, counts: Whole, where: Whole, state: State) -> None:
    taken = 0
    while taken < wanted:
        taken += take_out(1 + below(state, len(where) - 1), routes, counts, where)


@compiled
def _by_relation(  # noqa: PLR0917 - compiled loops take plain arrays
    wanted: int, routes: Whole, counts: Whole, where: Whole, related: Whole, state: State
) -> None:
    """Requests near one that is out already, in place and time; the nearest the likeliest."""
    requests = len(where) - 1
    out, taken = 1 + below(state, requests), 0
    while taken < wanted:
        request = related[out, skewed(state, requests, 5)]
        taken += take_out(request, routes, counts, where)
        if below(state, 2) == 0:
            out = request


@compiled
def _by_cost(  # noqa: PLR0917 - compiled loops take plain arrays
    wanted: int,
    routes: Whole,
    counts: Whole,
    where: Whole,
    travel: Whole,
    state: State,
    dear: Whole,
) -> None:
    """Requests whose routes would lose much; ``dear`` (requests,) is scratch."""
    requests = len(where) - 1
    for request in range(1, requests + 1):
        at = where[request]
        lost = 0 if at == OPEN else _saving(request, routes[at], counts[at], travel, requests)
        dear[request - 1] = -lost * (requests + 1) + request
    dear.sort()
    taken = 0
    while taken < wanted:
        request = dear[skewed(state, requests, 4)] % (requests + 1)
        taken += take_out(request, routes, counts, where)


@compiled
def _by_string(  # noqa: PLR0917 - compiled loops take plain arrays
    wanted: int, routes: Whole, counts: Whole, where: Whole, related: Whole, state: State
) -> None:
    """Strings of neighbouring stops, in the routes of requests related to one."""
    requests = len(where) - 1
    centre, taken, k = 1 + below(state, requests), 0, 0
    while taken < wanted and k < requests:
        request = related[centre, k]
        k += 1
        at = where[request]
        if at == OPEN:
            continue
        stop, count = 0, counts[at]
        while routes[at, stop] != request:
            stop += 1
        size = 2 + below(state, 8)
        first = max(0, stop - below(state, size))
        last = min(count, first + size)
        string = routes[at, first:last].copy()
        for node in string:
            if taken < wanted:
                one = node if node <= requests else node - requests
                taken += take_out(one, routes, counts, where)


@compiled
def _by_route(wanted: int, routes: Whole, counts: Whole, where: Whole, state: State) -> None:
    """The requests of one route, as many as wanted, then others by chance."""
    at, taken = below(state, len(counts)), 0
    while taken < wanted and counts[at] > 0:
        node = routes[at, below(state, counts[at])]
        one = node if node < len(where) else node - len(where) + 1
        taken += take_out(one, routes, counts, where)
    if taken < wanted:
        _by_chance(wanted - taken, routes, counts, where, state)


@compiled
def ruin(  # noqa: PLR0917 - compiled loops take plain arrays
    how: int, wanted: int, routes: Whole, counts: Whole, where: Whole, travel: Whole,
    related: Whole, state: State, dear: Whole,
) -> None:  # fmt: skip
    """Take out ``wanted`` requests (no more than are in)."""
    inside = 0
    for request in range(1, len(where)):
        inside += where[request] != OPEN
    wanted = min(wanted, inside)
    if how == BY_COST:
        _by_cost(wanted, routes, counts, where, travel, state, dear)
    elif how == BY_RELATION:
        _by_relation(wanted, routes, counts, where, related, state)
    elif how == BY_STRING:
        _by_string(wanted, routes, counts, where, related, state)
    elif how == BY_ROUTE:
        _by_route(wanted, routes, counts, where, state)
    else:
        _by_chance(wanted, routes, counts, where, state)


@compiled
def _price(  # noqa: PLR0917 - compiled loops take plain arrays
    at: int, routes: Whole, counts: Whole, where: Whole, travel: Whole, nodes: Whole,
    limits: Whole, noise: int, state: State, costs: Whole, places: Whole, pad: Whole,
) -> None:  # fmt: skip
    """Work out what each open request would cost in a route, with noise."""
    prepare(routes[at], counts[at], travel, nodes, pad)
    for request in range(1, len(where)):
        if where[request] != OPEN:
            continue
        cost, i, j = best_place(request, routes[at], counts[at], travel, nodes, limits, pad)
        if cost < NOWHERE and noise > 0:
            cost += below(state, 2 * noise + 1) - noise
        costs[request, at] = cost
        places[request, at, 0], places[request, at, 1] = i, j


@compiled
def _regret(row: Whole, depth: int, counts: Whole) -> tuple[int, int]:
    """Of one request: how much dearer its 2nd to ``depth``-th best routes are, and the best route.

    Empty cars are all alike: only the first of them counts. The greedy way (``depth`` 1) prefers
    what is cheapest.
    """
    first, second, third, fourth, best, seen_empty = NOWHERE, NOWHERE, NOWHERE, NOWHERE, -1, False
    for at in range(len(row)):
        if counts[at] == 0:
            if seen_empty:
                continue
            seen_empty = True
        cost = row[at]
        if cost < first:
            first, second, third, fourth, best = cost, first, second, third, at
        elif cost < second:
            second, third, fourth = cost, second, third
        elif cost < third:
            third, fourth = cost, third
        elif cost < fourth:
            fourth = cost
    if depth == 1 or best < 0:
        return -first, best
    # A route that cannot take the request is worth fleeing, but the sum must not overflow.
    most = NOWHERE >> 8
    regret = min(second - first, most)
    if depth > 2:
        regret += min(third - first, most)
    if depth > 3:
        regret += min(fourth - first, most)
    return regret, best


@compiled
def recreate(  # noqa: PLR0917 - compiled loops take plain arrays
    depth: int, routes: Whole, counts: Whole, where: Whole, travel: Whole, nodes: Whole,
    limits: Whole, noise: int, state: State, costs: Whole, places: Whole, pad: Whole,
) -> int:  # fmt: skip
    """Put open requests back, the one with the greatest regret first. Returns how many stay open.

    ``costs`` (requests + 1, vehicles) and ``places`` (requests + 1, vehicles, 2) are scratch.
    """
    half, left = len(where) - 1, 0
    for request in range(1, half + 1):
        left += where[request] == OPEN
    for at in range(len(counts)):
        _price(at, routes, counts, where, travel, nodes, limits, noise, state, costs, places, pad)
    while left > 0:
        chosen, route, most = 0, 0, -NOWHERE
        for request in range(1, half + 1):
            if where[request] == OPEN:
                regret, best = _regret(costs[request], depth, counts)
                if best >= 0 and regret > most:
                    chosen, route, most = request, best, regret
        if chosen == 0:
            break
        place(chosen, places[chosen, route, 0], places[chosen, route, 1], routes[route],
              counts[route], half)  # fmt: skip
        counts[route] += 2
        where[chosen] = route
        left -= 1
        _price(route, routes, counts, where, travel, nodes, limits, noise, state, costs, places,
               pad)  # fmt: skip
    return left
