"""From a dial-a-ride problem to routes: search, then choose among all routes seen, and again.

Owns the order of the two: large neighbourhood search finds good routes, the exact choice
(`choice.py`) puts the best of all of them together, and the search goes on from there. Parragh and
Schmid, "Hybrid column generation and large neighborhood search for the dial-a-ride problem",
Computers & Operations Research 40(1), 2013.
"""

from dataclasses import dataclass, replace

import numpy as np

from dispatch.matching.shared.choice import Columns, Effort, choose
from dispatch.matching.shared.dial_a_ride.problem import (
    EARLIEST,
    LATEST,
    Problem,
    Whole,
    tightened,
)
from dispatch.matching.shared.dial_a_ride.route_kernel import PAD_ROWS, can_drive
from dispatch.matching.shared.dial_a_ride.ruin_kernel import OPEN
from dispatch.matching.shared.dial_a_ride.search_kernel import (
    fresh_weights,
    keep_route,
    route_signs,
    search,
)

_POOL = 1 << 16
_OUT_SHARE = 3
_OUT_MAX = 20
_CHOICE = Effort(seed=0, deterministic_limit=0.5, columns_max=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """How hard to look.

    Attributes
    ----------
    seed
        Of every draw.
    iterations
        Ruins and recreations, all together.
    rounds
        After how many equal parts of them the choice among all routes seen is made.
    """

    seed: int = 1
    iterations: int = 40_000
    rounds: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Routes of nodes without the depot, when service begins, and what they cost.

    Attributes
    ----------
    routes
        One for each car in use, the one with the least node first.
    leaves, begins
        When each route leaves the depot, and when service begins at each of its nodes.
    open
        Requests that no route serves, ascending.
    cost
        Travel of all routes, in the problem's unit.
    """

    routes: tuple[tuple[int, ...], ...]
    leaves: tuple[int, ...]
    begins: tuple[tuple[int, ...], ...]
    open: tuple[int, ...]
    cost: int


def solve(problem: Problem, how: Search) -> Solution:
    """Cheap routes for a dial-a-ride problem; the same for the same problem and search."""
    task = tightened(problem)
    if task.requests == 0:
        return Solution(routes=(), leaves=(), begins=(), open=(), cost=0)
    state = _State(task, how)
    for part in range(how.rounds):
        state.search(part)
        state.choose(how.seed)
    return state.solution()


def related_to(problem: Problem) -> Whole:
    """For each request all requests, the most related first: int64, (requests + 1, requests).

    Near in place and time: travel between pick-ups and between drop-offs, and the difference of
    the middles of their windows (Shaw 1997, with the weights of Ropke and Pisinger 2006 made whole).
    """
    count = problem.requests
    here = np.arange(1, count + 1)
    middle = (problem.nodes[:, EARLIEST] + problem.nodes[:, LATEST]) // 2
    far = np.zeros((count, count), np.int64)
    for side in (here, here + count):
        far += 3 * problem.travel[np.ix_(side, side)]
        far += np.abs(middle[side][:, None] - middle[side][None, :])
    np.fill_diagonal(far, -1)
    related = np.zeros((count + 1, count), np.int64)
    related[1:] = np.argsort(far, axis=1, kind="stable") + 1
    return related


class _State:
    """The best solution so far, what is known of the moves, and all routes seen."""

    def __init__(self, task: Problem, how: Search) -> None:
        requests, width = task.requests, 2 * task.requests
        self.task, self.how = task, how
        self.routes = np.zeros((task.vehicles, width), np.int64)
        self.counts = np.zeros(task.vehicles, np.int64)
        self.where = np.full(requests + 1, OPEN, np.int64)
        self.related = related_to(task)
        self.chance = np.array([how.seed], np.uint64)
        self.weights = fresh_weights()
        self.signs = route_signs(requests, self.chance)
        self.price = 1 + 4 * int(task.travel.max()) * requests
        self.pool = (
            np.full(2 * _POOL, -1, np.int64),
            np.zeros(_POOL, np.uint64),
            np.zeros(_POOL, np.int64),
            np.zeros((_POOL, width), np.int16),
            np.zeros(1, np.int64),
        )

    def search(self, part: int) -> None:
        """Spend one part of the iterations."""
        requests, rounds = self.task.requests, self.how.rounds
        first, last = 300, 0
        noise = int(self.task.travel.max()) // 20
        plan = np.array(
            [self.how.iterations // rounds, min(_OUT_MAX, max(2, requests // _OUT_SHARE)),
             self.price, first, last, noise], np.int64,
        )  # fmt: skip
        search(self.routes, self.counts, self.where, self.task.travel, self.task.nodes,
               self.task.limits, self.related, plan, self.chance, self.weights, self.signs,
               *self.pool)  # fmt: skip

    def choose(self, seed: int) -> None:
        """Put the best of all routes seen together."""
        _, _, costs, rows, used = self.pool
        start = [self._row_of(at) for at in range(self.task.vehicles) if self.counts[at]]
        count, requests = int(used[0]), self.task.requests
        columns = Columns(
            trips=[
                tuple((row[(row > 0) & (row <= requests)] - 1).tolist()) for row in rows[:count]
            ],
            owner=np.zeros(count, np.int64),
            cost=costs[:count],
            price=np.full(requests, self.price, np.int64),
            owned_max=np.array([self.task.vehicles]),
        )
        chosen = choose(columns, start=start, effort=replace(_CHOICE, seed=seed))
        self.routes[:], self.counts[:], self.where[:] = 0, 0, OPEN
        for at, column in enumerate(chosen.columns):
            stops = np.count_nonzero(rows[column])
            self.routes[at], self.counts[at] = rows[column], stops
            served = rows[column, :stops]
            self.where[served[served <= requests]] = at

    def _row_of(self, at: int) -> int:
        """The row of the pool that serves the requests of a route (put there if it is not)."""
        slots, keys, costs, rows, used = self.pool
        route, count = self.routes[at], int(self.counts[at])
        cost = self.task.cost(route[:count])
        keep_route(route, count, cost, self.signs, slots, keys, costs, rows, used)
        served = route[:count][route[:count] <= self.task.requests]
        key = np.bitwise_xor.reduce(self.signs[served])
        return int(np.flatnonzero(keys[: int(used[0])] == key)[0])

    def solution(self) -> Solution:
        """The best so far, with a schedule."""
        pad = np.zeros((PAD_ROWS, self.routes.shape[1] + 2), np.int64)
        found = []
        for at in np.flatnonzero(self.counts).tolist():
            count = int(self.counts[at])
            route = self.routes[at]
            assert can_drive(route, count, self.task.travel, self.task.nodes, self.task.limits, pad)
            begins = pad[0, : count + 1].tolist()
            found.append((tuple(route[:count].tolist()), begins[0], tuple(begins[1:])))
        found.sort()
        return Solution(
            routes=tuple(route for route, _, _ in found),
            leaves=tuple(leaves for _, leaves, _ in found),
            begins=tuple(begins for _, _, begins in found),
            open=tuple((np.flatnonzero(self.where[1:] == OPEN) + 1).tolist()),
            cost=sum(self.task.cost(np.array(route)) for route, _, _ in found),
        )
