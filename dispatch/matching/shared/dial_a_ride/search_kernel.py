"""The search itself: adaptive large neighbourhood search, as machine code.

Owns acceptance, the learning of which moves help, and the pool of routes seen. Ropke and Pisinger,
"An adaptive large neighborhood search heuristic for the pickup and delivery problem with time
windows", Transportation Science 40(4), 2006. Accepted is whatever is not worse than the best by more
than a margin that shrinks to nothing (record-to-record travel, Dueck 1993; the best of the simple
rules in Santini, Ropke and Hvattum, "A comparison of acceptance criteria for the adaptive large
neighbourhood search metaheuristic", Journal of Heuristics 24(5), 2018). No float, no clock.
"""

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.shared.dial_a_ride.chance_kernel import State, below, bits
from dispatch.matching.shared.dial_a_ride.problem import Whole
from dispatch.matching.shared.dial_a_ride.route_kernel import PAD_ROWS, length
from dispatch.matching.shared.dial_a_ride.ruin_kernel import INSERTIONS, REMOVALS, recreate, ruin
from foundation.compiled import compiled

Keys = NDArray[np.uint64]
Rows = NDArray[np.int16]

_NEW_BEST, _BETTER, _ACCEPTED = 33, 13, 9
_SEGMENT = 200
_MARGIN_PARTS = 10_000


@compiled
def _draw(weights: Whole, state: State) -> int:
    """An index, as likely as its weight."""
    ticket = below(state, weights.sum())
    for k in range(len(weights)):
        ticket -= weights[k]
        if ticket < 0:
            return k
    return len(weights) - 1


@compiled
def _learn(weights: Whole, scores: Whole, uses: Whole) -> None:
    """Move each weight a fifth of the way to its score in the last segment."""
    for k in range(len(weights)):
        if uses[k] > 0:
            weights[k] = max(10, (4 * weights[k] + 100 * scores[k] // uses[k]) // 5)
        scores[k], uses[k] = 0, 0


@compiled
def keep_route(  # noqa: PLR0917 - compiled loops take plain arrays
    route: Whole, count: int, cost: int, signs: Keys, slots: Whole, keys: Keys, costs: Whole,
    rows: Rows, used: Whole,
) -> None:  # fmt: skip
    """Put a route into the pool, or improve the one there that serves the same requests.

    ``slots`` is a hash table of row numbers (-1: free), its length a power of two above that of
    the pool; ``used`` (1,) how many rows are taken. A full pool takes nothing new.
    """
    half, key = len(signs) - 1, np.uint64(0)
    for p in range(count):
        if route[p] <= half:
            key ^= signs[route[p]]
    at = np.int64(key & np.uint64(len(slots) - 1))
    while slots[at] >= 0 and keys[slots[at]] != key:
        at = (at + 1) & (len(slots) - 1)
    row = slots[at]
    if row < 0:
        if used[0] == len(keys):
            return
        row = used[0]
        slots[at], keys[row], costs[row] = row, key, cost + 1
        used[0] += 1
    if cost < costs[row]:
        costs[row] = cost
        for p in range(len(route)):
            rows[row, p] = route[p] if p < count else 0


@compiled
def route_signs(requests: int, state: State) -> Keys:
    """A random number for each request; a set of requests is known by their exclusive or."""
    signs = np.empty(requests + 1, np.uint64)
    for request in range(requests + 1):
        signs[request] = bits(state)
    return signs


@compiled
def _total(routes: Whole, counts: Whole, travel: Whole, left: int, price: int) -> int:
    cost = left * price
    for at in range(len(counts)):
        cost += length(routes[at], counts[at], travel)
    return int(cost)


@compiled
def _keep_all(  # noqa: PLR0917 - compiled loops take plain arrays
    routes: Whole, counts: Whole, travel: Whole, signs: Keys, slots: Whole, keys: Keys,
    costs: Whole, rows: Rows, used: Whole,
) -> None:  # fmt: skip
    for at in range(len(counts)):
        if counts[at] > 0:
            keep_route(routes[at], counts[at], length(routes[at], counts[at], travel), signs,
                       slots, keys, costs, rows, used)  # fmt: skip


@compiled
def search(  # noqa: PLR0917 - compiled loops take plain arrays
    routes: Whole, counts: Whole, where: Whole, travel: Whole, nodes: Whole, limits: Whole,
    related: Whole, plan: Whole, state: State, weights: Whole, signs: Keys, slots: Whole,
    keys: Keys, costs: Whole, rows: Rows, used: Whole,
) -> int:  # fmt: skip
    """Improve a solution in place. Returns its cost.

    ``plan`` (6,): iterations, the most requests to take out, the price of a request left open, the
    margin at the beginning and at the end (ten-thousandths of the best cost), noise. ``weights``
    (REMOVALS + INSERTIONS,) is what is known of the moves. The rest is `keep_route`'s pool.
    """
    iterations, out_max, price, noise = plan[0], plan[1], plan[2], plan[5]
    vehicles, requests = len(counts), len(where) - 1
    pad = np.zeros((PAD_ROWS, routes.shape[1] + 2), np.int64)
    prices = np.empty((requests + 1, vehicles), np.int64)
    places = np.empty((requests + 1, vehicles, 2), np.int64)
    dear = np.empty(requests, np.int64)
    scores, uses = np.zeros(len(weights), np.int64), np.zeros(len(weights), np.int64)
    left = recreate(2, routes, counts, where, travel, nodes, limits, 0, state, prices, places, pad)
    now = best = _total(routes, counts, travel, left, price)
    r, c, w = routes.copy(), counts.copy(), where.copy()
    trial_r, trial_c, trial_w = r.copy(), c.copy(), w.copy()
    for turn in range(iterations):
        out, back = _draw(weights[:REMOVALS], state), _draw(weights[REMOVALS:], state)
        trial_r[:], trial_c[:], trial_w[:] = r, c, w
        ruin(out, 2 + below(state, max(1, out_max - 1)), trial_r, trial_c, trial_w, travel,
             related, state, dear)  # fmt: skip
        shaken = noise if below(state, 2) == 0 else 0
        left = recreate(back + 1, trial_r, trial_c, trial_w, travel, nodes, limits, shaken, state,
                        prices, places, pad)  # fmt: skip
        cost = _total(trial_r, trial_c, travel, left, price)
        margin = plan[3] + (plan[4] - plan[3]) * turn // iterations
        limit = best + best // _MARGIN_PARTS * margin
        if cost < best + best // 20:
            _keep_all(trial_r, trial_c, travel, signs, slots, keys, costs, rows, used)
        score = _NEW_BEST if cost < best else _BETTER if cost < now else 0
        if cost <= limit:
            score = max(score, _ACCEPTED if cost != now else 0)
            now = cost
            r[:], c[:], w[:] = trial_r, trial_c, trial_w
        if cost < best:
            best = cost
            routes[:], counts[:], where[:] = trial_r, trial_c, trial_w
        uses[out] += 1
        uses[REMOVALS + back] += 1
        scores[out] += score
        scores[REMOVALS + back] += score
        if turn % _SEGMENT == _SEGMENT - 1:
            _learn(weights, scores, uses)
    return int(best)


def fresh_weights() -> Whole:
    """What is known of the moves before the first one: nothing."""
    return np.full(REMOVALS + INSERTIONS, 1000, np.int64)
