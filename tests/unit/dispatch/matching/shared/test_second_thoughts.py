"""Riders who have a car but have not boarded: moved, or given out anew, only where it costs less."""

from dataclasses import replace

import numpy as np
import pytest

from dispatch.matching.shared import run_kernel as kernel
from dispatch.matching.shared.choice import Columns, Effort, choose
from dispatch.matching.shared.fleet_kernel import cheapest_car, cheapest_cars, relocate
from dispatch.matching.shared.insertion import Weights
from dispatch.matching.shared.regroup import Freed, regroup
from dispatch.matching.shared.round import Limits, OpenSharedTrip, SharedRound
from dispatch.matching.shared.run import Run, StopKind
from dispatch.matching.shared.table import Table
from tests.shared_runs import any_round, empty_run, line_of, ride, walk

BOUND = kernel.NEVER >> 1
WIDE = Limits(group_max=3, groups_per_run=60, runs_per_trip=4, steps_per_order=200)


def busy_town(seed: int, *, runs: int = 5, trips: int = 7) -> tuple[SharedRound, Table, np.ndarray]:
    """A town whose open trips are spread over its runs, as they come; and the car of each trip."""
    town = any_round(seed, runs=runs, trips=trips)
    table = Table.of(town)
    car_of = np.full(len(table.trips), -1, np.int64)
    for trip in range(len(town.trips)):
        places = kernel.best_places(
            table.stops, table.counts, table.drivers, table.trips, trip,
            np.roll(np.arange(runs), seed + trip), table.travel, table.rates,
        )  # fmt: skip
        fits = np.flatnonzero(places[:, 1] >= 0)
        if len(fits):
            car = int(np.roll(np.arange(runs), seed + trip)[fits[0]])
            kernel.insert(table.stops[car], table.counts[car], trip, *places[fits[0], 1:])
            table.counts[car] += 2
    for car in range(runs):
        car_of[table.stops[car, : table.counts[car]] >> 1] = car
    return town, table, car_of


def waiting(table: Table) -> np.ndarray:
    """Riders in a run who have not boarded."""
    codes = np.concatenate(
        [row[:count] for row, count in zip(table.stops, table.counts, strict=True)]
    )
    return np.sort(codes[codes & 1 == 0] >> 1)


def told(town: SharedRound, table: Table) -> tuple[int, list[str], list[str]]:
    """Cost of all runs by the rules alone, everything broken, and who is served."""
    cost, wrong, served = 0, [], []
    for n, run in enumerate(town.runs):
        now = table.run(run, table.stops[n, : table.counts[n]])
        begins, driven, broken = walk(now, town.roads)
        wrong += broken
        served += [str(one.trip_id) for one in now.trips]
        cost += town.weights.drive * driven
        for stop, begin in zip(now.stops, begins, strict=True):
            picks_up = stop.kind is StopKind.PICKUP
            cost += (town.weights.wait if picks_up else town.weights.delay) * begin
    return cost, wrong, sorted(served)


def test_with_a_bound_the_same_place_is_found_or_none() -> None:
    found = 0
    for seed in range(300):
        table = Table.of(any_round(seed, runs=5, trips=6))
        pad = np.empty((kernel.SCRATCH_ROWS, table.stops.shape[1] + 1), np.int64)
        for trip in range(6):
            for car in range(5):
                asked = (
                    table.stops[car], table.counts[car], table.drivers[car], table.trips, trip,
                    table.travel, table.rates,
                )  # fmt: skip
                best = kernel.best_place(*asked, pad)
                assert kernel.cheaper_place(*asked, BOUND, pad)[1:] == best[1:], seed
                if best[1] >= 0:
                    found += 1
                    assert kernel.cheaper_place(*asked, best[0] + 1, pad) == best, seed
                    assert kernel.cheaper_place(*asked, best[0], pad) == (best[0], -1, -1), seed
    assert found > 2000


@pytest.mark.parametrize("seed", range(60))
def test_a_place_in_any_run_is_the_cheapest_of_all(seed: int) -> None:
    town = any_round(seed, runs=6, trips=4)
    table = Table.of(town)
    handicaps = (np.arange(6) * 40_000 - 90_000).astype(np.int64)
    for trip in range(4):
        places = kernel.best_places(
            table.stops, table.counts, table.drivers, table.trips, trip, np.arange(6),
            table.travel, table.rates,
        )  # fmt: skip
        costs = np.where(places[:, 1] >= 0, places[:, 0] + handicaps, kernel.NEVER)
        cost, car, i, j = cheapest_car(
            trip, BOUND, table.travel, table.stops, table.counts, table.drivers, table.trips,
            table.rates, handicaps,
        )  # fmt: skip
        if costs.min() >= kernel.NEVER:
            assert car == -1
            continue
        assert cost == costs.min() == costs[car]
        assert [i, j] == places[car, 1:].tolist()
        near = cheapest_cars(
            trip, 3, table.travel, table.stops, table.counts, table.drivers, table.trips,
            table.rates, handicaps,
        )  # fmt: skip
        assert costs[near].tolist() == np.sort(costs[costs < kernel.NEVER])[:3].tolist()


def test_moving_riders_one_by_one_never_costs_more_and_breaks_nothing() -> None:
    moved = 0
    for seed in range(300):
        town, table, car_of = busy_town(seed)
        before, wrong, served = told(town, table)
        assert wrong == []
        riders = waiting(table)
        moved += relocate(
            riders, car_of, table.travel, table.stops, table.counts, table.drivers, table.trips,
            table.rates, np.zeros(len(town.runs), np.int64),
        )  # fmt: skip
        after, wrong, still = told(town, table)
        assert (wrong, still) == ([], served)
        assert after <= before
        for car in range(len(town.runs)):
            assert (car_of[table.stops[car, : table.counts[car]] >> 1] == car).all()
    assert moved > 100


def test_giving_riders_out_anew_never_costs_more_and_breaks_nothing() -> None:
    saved = 0
    for seed in range(50):
        town, table, car_of = busy_town(seed)
        before, _, served = told(town, table)
        riders = waiting(table)
        freed = Freed.of(table, riders, car_of[riders])
        chosen = regroup(
            table, freed, handicaps=np.zeros(len(town.runs), np.int64), limits=WIDE, seed=1
        )
        again = replace(freed.left, stops=freed.left.stops.copy())
        for group in chosen.groups:
            again.stops[group.run, : len(group.order)] = group.order
            again.counts[group.run] = len(group.order)
        after, wrong, still = told(town, again)
        assert (wrong, still) == ([], served)
        assert after - before == chosen.cost - chosen.start_cost <= 0
        saved += after < before
    assert saved > 10


def crossed() -> tuple[SharedRound, Table]:
    """Two cars that each are sent to the rider beside the other: no single move helps."""
    street = line_of(21)
    early = 8 * 60_000
    trips = [ride(1, 2, 0, roads=street), ride(2, 18, 20, roads=street)]
    trips = [replace(one, pickup_by_ms=early * 3, dropoff_by_ms=early * 3) for one in trips]
    runs = [empty_run(1, 3, seats=1), empty_run(2, 17, seats=1)]
    town = SharedRound.of(
        runs, [OpenSharedTrip(trip=one, price=0) for one in trips], roads=street,
        weights=Weights(), limits=WIDE,
    )  # fmt: skip
    table = Table.of(town)
    for car, trip in ((0, 1), (1, 0)):
        table.stops[car, :2], table.counts[car] = (2 * trip, 2 * trip + 1), 2
    return town, table


def test_two_cars_exchange_their_riders() -> None:
    town, table = crossed()
    assert told(town, table)[1] == []
    freed = Freed.of(table, np.array([0, 1]), np.array([1, 0]))
    chosen = regroup(table, freed, handicaps=np.zeros(2, np.int64), limits=WIDE, seed=1)
    assert sorted((one.run, one.trips) for one in chosen.groups) == [(0, (0,)), (1, (1,))]
    assert chosen.is_optimal
    assert chosen.cost < chosen.start_cost
    # A car that has earned far more keeps away, whatever the way.
    dear = np.array([10**9, 0], np.int64)
    chosen = regroup(table, freed, handicaps=dear, limits=WIDE, seed=1)
    assert {one.run for one in chosen.groups} == {1}


def test_a_start_that_no_column_can_beat_is_proved_without_a_search() -> None:
    trips = [(n,) for n in range(80)] * 2
    cost = np.array([10] * 80 + [1000] * 80)
    columns = Columns(
        trips=trips, owner=np.arange(160), cost=cost, price=np.full(80, 500),
        owned_max=np.ones(160, np.int64),
    )  # fmt: skip
    found = choose(columns, start=range(80), effort=Effort(seed=1, deterministic_limit=1e-9))
    assert found.is_optimal
    assert found.cost == 800


def test_a_run_may_be_left_without_a_stop() -> None:
    town, table = crossed()
    car_of = np.array([1, 0])
    relocate(
        np.array([1]), car_of, table.travel, table.stops, table.counts, table.drivers,
        table.trips, table.rates, np.zeros(2, np.int64),
    )  # fmt: skip
    assert car_of.tolist() == [1, 1]
    assert table.counts.tolist() == [0, 4]
    assert isinstance(table.run(town.runs[0], table.stops[0, :0]), Run)
