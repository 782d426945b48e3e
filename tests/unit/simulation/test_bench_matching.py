"""The benchmark of rounds measures what it says."""

from itertools import count

from simulation.bench_rounds import POLICY, bench_rounds
from tests.matching_world import charter_body


def test_the_benchmark_runs_under_the_charters_policy() -> None:
    assert charter_body() == POLICY


def test_every_step_is_measured_once_on_instances_of_the_size_asked_for() -> None:
    ticks = count()

    measured = bench_rounds(seed=5, trips=30, drivers=400, rounds=2, stopwatch=lambda: next(ticks))

    assert (measured.trips, measured.drivers) == (30, 400)
    assert 0 < measured.matched <= 30
    assert measured.pairs <= 30 * 20
    assert measured.greedy_excess_seconds >= 0
    assert measured.median.solve_ms == measured.median.decide_ms == 1


def test_the_same_seed_gives_the_same_city() -> None:
    one, other = (bench_rounds(seed=3, trips=10, drivers=50, rounds=1) for _ in range(2))

    assert (one.pairs, one.plan_bytes) == (other.pairs, other.plan_bytes)
