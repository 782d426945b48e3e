"""The optimum of a round of solo trips: minimum-cost flow.

Owns the problem's form and its exact solution. Every trip may stay open at its price and every
driver may stay idle for nothing.

Two quick ways come first (`assignment_kernel`): each trip's cheapest driver, where no two want the
same, and shortest augmenting paths, which tell what every optimum has in common. On what is left,
which is where plans that cost the same differ, the flow below decides, and the settling of dead
heats.

The network: each trip sends one unit, to a driver at the pair's cost or straight to the sink at
the trip's price; each driver passes one unit on to the sink for nothing. It is solved by OR-Tools'
`SimpleMinCostFlow`, a cost-scaling push-relabel algorithm on whole numbers (Goldberg and Tarjan,
"Finding Minimum-Cost Circulations by Successive Approximation", Mathematics of Operations Research
15(3), 1990; Bunnagel, Korte and Vygen, "Efficient implementation of the Goldberg-Tarjan minimum-cost
flow algorithm", 1998), without chance, clock or threads: the same arcs in the same order give the
same flow. Arcs are added in the snapshot's canonical order, so the order in which the world was
read cannot show, not even where two plans cost the same.

Dead heats are not left to the solver's habit. Between two drivers who would cost a trip the same,
one of them staying idle, the one who has waited longest without an offer gets it; between two trips
that would gain the same, one of them staying open, the one asked for first; then the identifier
decides. Where equal plans differ by a longer exchange the solver's order stands, and so a plan
names the solver's version.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import ortools
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from dispatch.matching import pair_kernels
from dispatch.matching.columns import Whole

OPEN = -1
"""In place of a pair's number: the trip stays open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A round reduced to numbers.

    Attributes
    ----------
    pairs
        int64, (pairs, 2): trip and driver, ascending, none twice.
    cost_ms, pickup_ms
        int64, (pairs,): cost of a pair, and when its driver would be at the pick-up.
    price_ms
        int64, (trips,): price of leaving a trip open.
    trip_turn, driver_turn
        int64, (trips,) and (drivers,): place in the order in which trips were asked for, and in
        which drivers began to wait. The first in turn wins a dead heat.
    """

    pairs: Whole
    cost_ms: Whole
    pickup_ms: Whole
    price_ms: Whole
    trip_turn: Whole
    driver_turn: Whole

    def objective_ms(self, chosen: Whole) -> int:
        """What a choice costs altogether: its pairs and the prices of the trips left open."""
        taken = chosen[chosen != OPEN]
        return int(self.cost_ms[taken].sum() + self.price_ms[chosen == OPEN].sum())

    def only(self, pairs: Whole, *, trips: Whole) -> "Problem":
        """The problem of these pairs alone, and of these trips, which all of them must be of."""
        own = np.stack([np.searchsorted(trips, self.pairs[pairs, 0]), self.pairs[pairs, 1]], axis=1)
        return Problem(
            pairs=own,
            cost_ms=self.cost_ms[pairs],
            pickup_ms=self.pickup_ms[pairs],
            price_ms=self.price_ms[trips],
            trip_turn=self.trip_turn[trips],
            driver_turn=self.driver_turn,
        )


WORK_A_PAIR = 12
"""Looks at a pair after which shortest paths take longer than the flow (measured)."""

Assigner = Callable[[Problem], Whole]
"""Chooses for each trip a pair (its number in `Problem.pairs`) or `OPEN`; shape (trips,)."""


def least_cost(problem: Problem) -> Whole:
    """The choice with the least cost altogether.

    >>> # Two riders, two drivers: the nearest driver for the first would cost the second dear.
    >>> pairs = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    >>> cost = np.array([120, 240, 180, 540]) * 1000
    >>> least_cost(problem_of(pairs, cost, prices=[1_200_000, 1_200_000])).tolist()
    [1, 2]
    """
    from dispatch.matching import assignment_kernel as kernel

    chosen, undecided = kernel.by_paths(
        problem.pairs,
        problem.cost_ms,
        problem.price_ms,
        problem.driver_turn,
        WORK_A_PAIR * len(problem.pairs),
    )
    if not undecided.any():
        return chosen
    left = np.flatnonzero(undecided)
    trips = np.unique(problem.pairs[left, 0])
    found = least_cost_by_flow(problem.only(left, trips=trips))
    chosen[trips] = np.where(found == OPEN, OPEN, left[found])
    return chosen


def least_cost_by_paths(problem: Problem) -> Whole:
    """A choice with the least cost altogether by shortest paths alone, as studies make it.

    See `assignment_kernel.least_cost`, which they call from loops of their own.
    """
    from dispatch.matching import assignment_kernel as kernel

    return kernel.least_cost(
        problem.pairs,
        problem.cost_ms,
        problem.price_ms,
        problem.trip_turn,
        problem.driver_turn,
    )


def least_cost_by_flow(problem: Problem) -> Whole:
    """The same by minimum-cost flow, whatever the problem is like."""
    trips = len(problem.price_ms)
    if not len(problem.pairs):
        return np.full(trips, OPEN, dtype=np.int64)
    # Only drivers that somebody could get; in ascending order, as everything here.
    used, driver_of = np.unique(problem.pairs[:, 1], return_inverse=True)
    sink = trips + len(used)
    numbers = np.arange(trips)
    tails = [problem.pairs[:, 0], numbers, trips + np.arange(len(used))]
    heads = [trips + driver_of, np.full(trips, sink), np.full(len(used), sink)]
    costs = [problem.cost_ms, problem.price_ms, np.zeros(len(used), dtype=np.int64)]
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate(tails).astype(np.int32),
        np.concatenate(heads).astype(np.int32),
        np.ones(len(problem.pairs) + trips + len(used), dtype=np.int64),
        np.concatenate(costs),
    )
    flow.set_nodes_supplies(numbers.astype(np.int32), np.ones(trips, dtype=np.int64))
    flow.set_node_supply(sink, -trips)
    status = flow.solve()
    # Always feasible (all trips may stay open); anything else is a cost out of the solver's range.
    assert status == SimpleMinCostFlow.Status.OPTIMAL, f"minimum-cost flow ended as {status}"
    taken = np.flatnonzero(flow.flows(arcs[: len(problem.pairs)]))
    return _settle_dead_heats(problem, choice_of(problem, taken))


def _settle_dead_heats(problem: Problem, chosen: Whole) -> Whole:
    """The same choice with every simple dead heat won by the first in turn."""
    gain = problem.price_ms[problem.pairs[:, 0]] - problem.cost_ms
    return pair_kernels.settle_heats(
        problem.pairs, gain, chosen, problem.trip_turn, problem.driver_turn
    )


def choice_of(problem: Problem, taken: NDArray[np.int64]) -> Whole:
    """The taken pairs' numbers, by trip. Checks that nobody is paired twice."""
    chosen = np.full(len(problem.price_ms), OPEN, dtype=np.int64)
    chosen[problem.pairs[taken, 0]] = taken
    assert (chosen != OPEN).sum() == len(taken), "a trip paired twice"
    assert len(np.unique(problem.pairs[taken, 1])) == len(taken), "a driver paired twice"
    return chosen


def problem_of(pairs: Whole, cost_ms: Whole, *, prices: list[int]) -> Problem:
    """A problem in which a pair's cost is its pick-up time and turns go by number."""
    price_ms = np.array(prices, dtype=np.int64)
    return Problem(
        pairs=np.asarray(pairs, dtype=np.int64).reshape(-1, 2),
        cost_ms=np.asarray(cost_ms, dtype=np.int64),
        pickup_ms=np.asarray(cost_ms, dtype=np.int64),
        price_ms=price_ms,
        trip_turn=np.arange(len(price_ms)),
        driver_turn=np.arange(int(pairs[:, 1].max()) + 1 if len(pairs) else 0),
    )


SOLVER = f"ortools {ortools.__version__} SimpleMinCostFlow"
"""Name and version of what `least_cost` runs on."""
