"""The benchmark of rounds measures what it says, on places where people may stand."""

from itertools import count

import numpy as np
import pytest

from dispatch.matching import parse_policy
from dispatch.matching.assignment import OPEN, least_cost, problem_of
from foundation.chance import SeededChance
from roads.dijkstra import DijkstraEngine
from roads.snap import Snapper
from simulation.bench_matching import (
    POLICY,
    RoundMeasured,
    Streets,
    measure,
    percentile,
    rows_of,
    scipy_sparse,
)
from tests.builders_roads import grid
from tests.matching_world import charter_body

TOWN = grid(8, 8)


def measured(*, seed: int = 5, trips: int = 30, drivers: int = 400) -> RoundMeasured:
    ticks = count()
    return measure(
        rows_of(Streets(TOWN, seed=1), seed=seed, trips=trips, drivers=drivers),
        DijkstraEngine(TOWN),
        policy=parse_policy(POLICY),
        digest=TOWN.digest,
        stopwatch=lambda: next(ticks),
    )


def test_the_benchmark_runs_under_the_charters_policy() -> None:
    assert charter_body() == POLICY


def test_every_step_is_measured_once_and_the_steps_add_up() -> None:
    one = measured()

    steps = (one.rows_ms, one.candidates_ms, one.roads_ms, one.decide_ms, one.bytes_ms)
    assert all(step >= 1 for step in steps)
    assert sum(steps) == one.round_ms
    assert 0 < one.paired <= 30
    assert one.pairs <= 30 * 20
    assert one.input_bytes > 400 * 16


def test_three_ways_to_choose_are_asked_the_same() -> None:
    one = measured()

    assert one.solver.objective_ms == one.scipy.objective_ms <= one.greedy.objective_ms
    assert one.solver.ms == one.scipy.ms == one.greedy.ms == 1


def test_the_same_seed_gives_the_same_round() -> None:
    one, other, another = measured(seed=3), measured(seed=3), measured(seed=4)

    assert one == other
    assert one.solver.objective_ms != another.solver.objective_ms


def test_people_stand_on_streets_give_or_take_what_a_telephone_knows() -> None:
    streets, chance = Streets(TOWN, seed=1), SeededChance(1)
    places = [streets.somewhere(chance) for _ in range(300)]
    points = np.array([(place.lon, place.lat) for place in places])

    away = Snapper(TOWN).snap(points).metres

    assert 0 < np.median(away) < 10
    assert away.max() < 40


def test_scipy_leaves_trips_open_at_their_price() -> None:
    pairs = np.array([[0, 0], [1, 0], [2, 1]])
    problem = problem_of(pairs, np.array([50, -20, 0]), prices=[100, 1000, -5])

    assert scipy_sparse(problem).tolist() == least_cost(problem).tolist() == [OPEN, 1, OPEN]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1), (0.001, 1)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: int) -> None:
    assert percentile(list(range(100, 0, -1)), share) == expected
