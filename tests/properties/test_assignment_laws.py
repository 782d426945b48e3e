"""The choice of a round against two independent ways to make it, on thousands of small rounds."""

from itertools import product

import numpy as np
import pytest

from dispatch.matching import assignment_kernel as kernel
from dispatch.matching.assignment import (
    OPEN,
    Problem,
    least_cost,
    least_cost_by_flow,
    least_cost_by_paths,
)
from dispatch.matching.pair_kernels import find_heat
from simulation.bench_matching import scipy_sparse

STEPS_MS = (1, 10, 1000, 60_000)
"""Coarse costs make dead heats: at a minute, most plans have equals."""


def made_up(seed: int) -> Problem:
    """A seeded round of any shape: sparse or full, scarce or plentiful, with or without ties."""
    rng = np.random.default_rng(seed)
    trips, drivers = int(rng.integers(1, 30)), int(rng.integers(1, 40))
    step = STEPS_MS[seed % len(STEPS_MS)]
    pairs = np.argwhere(rng.random((trips, drivers)) < rng.choice([0.05, 0.2, 0.5, 1.0]))
    cost = rng.integers(-60_000, 900_000, len(pairs)) // step * step
    # As a rule staying open costs more than any pair; one round in three knows no such rule.
    low = -50_000 if seed % 3 == 0 else 900_000
    return Problem(
        pairs=pairs,
        cost_ms=cost,
        pickup_ms=cost,
        price_ms=rng.integers(low, 2_000_000, trips) // step * step,
        trip_turn=rng.permutation(trips),
        driver_turn=rng.permutation(drivers),
    )


def by_shortest_paths(problem: Problem) -> tuple[np.ndarray, int, np.ndarray]:
    first = np.searchsorted(problem.pairs[:, 0], np.arange(len(problem.price_ms) + 1))
    driver = np.ascontiguousarray(problem.pairs[:, 1])
    return kernel.shortest_paths(
        first, driver, problem.cost_ms, problem.price_ms, len(problem.driver_turn), 2**62
    )


@pytest.mark.parametrize("block", range(8))
def test_no_choice_costs_less_than_scipys(block: int) -> None:
    for seed in range(500 * block, 500 * (block + 1)):
        problem = made_up(seed)

        chosen = least_cost(problem)

        taken = problem.pairs[chosen[chosen != OPEN]]
        assert len(np.unique(taken[:, 1])) == len(taken)
        assert (problem.pairs[chosen[chosen != OPEN], 0] == np.flatnonzero(chosen != OPEN)).all()
        least = problem.objective_ms(scipy_sparse(problem))
        assert problem.objective_ms(chosen) == least, seed
        assert problem.objective_ms(least_cost_by_paths(problem)) == least, seed


@pytest.mark.parametrize("block", range(4))
def test_quick_ways_and_flow_differ_only_where_plans_cost_the_same(block: int) -> None:
    for seed in range(500 * block, 500 * (block + 1)):
        problem = made_up(seed)
        _, _, undecided = by_shortest_paths(problem)
        decided = np.bincount(problem.pairs[undecided, 0], minlength=len(problem.price_ms)) == 0

        quick, whole = least_cost(problem), least_cost_by_flow(problem)

        assert quick[decided].tolist() == whole[decided].tolist(), seed
        for chosen in (quick, whole):
            taken = chosen[~decided & (chosen != OPEN)]
            assert undecided[taken].all(), seed


def test_what_is_decided_is_so_in_every_plan_of_least_cost() -> None:
    """Every plan of small rounds is tried; what paths call decided, all the cheapest have."""
    left_open = 0
    for seed in range(300):
        problem = few(seed)
        chosen, _, undecided = by_shortest_paths(problem)
        left_open += int(undecided.sum())
        decided = np.bincount(problem.pairs[undecided, 0], minlength=len(problem.price_ms)) == 0
        for plan in cheapest_plans(problem):
            assert plan[decided].tolist() == chosen[decided].tolist(), seed
            assert undecided[plan[~decided & (plan != OPEN)]].all(), seed

    assert left_open


def few(seed: int) -> Problem:
    """A seeded round of three trips and four drivers, with many ties."""
    rng = np.random.default_rng(seed)
    pairs = np.argwhere(rng.random((3, 4)) < 0.8)
    cost = rng.integers(0, 4, len(pairs))
    price = rng.integers(1, 6, 3)
    return Problem(
        pairs=pairs,
        cost_ms=cost,
        pickup_ms=cost,
        price_ms=price,
        trip_turn=np.arange(3),
        driver_turn=rng.permutation(4),
    )


def cheapest_plans(problem: Problem) -> list[np.ndarray]:
    ways = [
        [OPEN, *np.flatnonzero(problem.pairs[:, 0] == trip).tolist()]
        for trip in range(len(problem.price_ms))
    ]
    plans = [np.array(way) for way in product(*ways)]
    plans = [plan for plan in plans if _nobody_twice(problem.pairs[plan[plan != OPEN], 1])]
    least = min(problem.objective_ms(plan) for plan in plans)
    return [plan for plan in plans if problem.objective_ms(plan) == least]


def _nobody_twice(drivers: np.ndarray) -> bool:
    return len(set(drivers.tolist())) == len(drivers)


def test_no_simple_dead_heat_is_left() -> None:
    for seed in range(500):
        problem = made_up(seed)
        gain = problem.price_ms[problem.pairs[:, 0]] - problem.cost_ms

        found = find_heat(
            problem.pairs, gain, least_cost(problem), problem.trip_turn, problem.driver_turn
        )

        assert found == (-1, -1), seed


def test_shortest_paths_are_optimal_and_mostly_know_that_they_are_the_only_ones() -> None:
    certain = []
    for seed in range(400):
        problem = made_up(seed)
        chosen, state, _ = by_shortest_paths(problem)
        assert problem.objective_ms(chosen) == problem.objective_ms(least_cost_by_flow(problem))
        certain.append((STEPS_MS[seed % len(STEPS_MS)], state == kernel.CERTAIN))

    for step, share in ((1, 0.9), (60_000, 0.0)):
        known = [is_certain for one, is_certain in certain if one == step]
        assert sum(known) >= share * len(known)
    assert not all(is_certain for step, is_certain in certain if step == 60_000)


def test_two_plans_of_equal_cost_are_never_called_certain() -> None:
    """Everybody costs the same: whoever is paired, another plan is as good."""
    pairs = np.argwhere(np.ones((3, 3), dtype=bool))
    problem = Problem(
        pairs=pairs,
        cost_ms=np.full(9, 60_000),
        pickup_ms=np.full(9, 60_000),
        price_ms=np.full(3, 900_000),
        trip_turn=np.arange(3),
        driver_turn=np.arange(3),
    )

    _, state, undecided = by_shortest_paths(problem)

    assert state == kernel.AMBIGUOUS
    assert undecided.all()


def test_shortest_paths_give_up_where_drivers_are_scarce() -> None:
    rng = np.random.default_rng(1)
    pairs = np.argwhere(np.ones((60, 5), dtype=bool))
    first = np.searchsorted(pairs[:, 0], np.arange(61))
    cost = rng.integers(0, 900_000, len(pairs))

    _, state, undecided = kernel.shortest_paths(
        first, np.ascontiguousarray(pairs[:, 1]), cost, np.full(60, 10**6), 5, len(pairs)
    )

    assert state == kernel.TOO_LONG
    assert undecided.all()
