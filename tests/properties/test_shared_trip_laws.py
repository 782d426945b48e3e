"""Whatever the town looks like, a round of shared trips keeps these laws."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.matching.shared.pooling import pool
from dispatch.matching.shared.round import Limits, SharedRound
from tests.shared_runs import any_round, faults_of_plan


@pytest.mark.parametrize(
    "limits", [Limits(), Limits(group_max=1, groups_per_run=2, runs_per_trip=1, steps_per_order=0)]
)
def test_many_random_rounds_keep_every_rule(limits: Limits) -> None:
    """Two thousand towns; the verifier shares no code with the planner."""
    joined = 0
    for seed in range(1000):
        town = any_round(seed, runs=1 + seed % 5, trips=1 + seed % 8, limits=limits)
        plan = pool(town)
        assert faults_of_plan(town, plan) == [], seed
        joined += sum(len(run.joined) > 1 for run in plan.runs)
    assert joined > (200 if limits.group_max > 1 else 0)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), order=st.randoms(use_true_random=False))
def test_the_order_in_which_the_world_is_read_cannot_show(seed: int, order: object) -> None:
    town = any_round(seed, runs=4, trips=7)
    runs, trips = list(town.runs), list(town.trips)
    order.shuffle(runs)  # type: ignore[attr-defined]
    order.shuffle(trips)  # type: ignore[attr-defined]
    other = SharedRound.of(
        runs, trips, roads=town.roads, weights=town.weights, limits=town.limits, seed=town.seed
    )
    assert pool(other) == pool(town)
