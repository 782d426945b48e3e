"""References in hindsight, held against every plan there is on days small enough to try them all."""

from dataclasses import replace
from functools import cache
from itertools import permutations

import numpy as np
import pytest

from foundation.chance import SeededChance
from simulation.study.hindsight import most_served, on_time
from simulation.study.scenario import Requests, Scenario
from simulation.study.travel import TravelTable
from tests.study_town import town

TOWN = town()
TRAVEL = TravelTable.of(TOWN.streets)
NODES = TOWN.streets.nodes


def day(seed: int, *, trips: int, cars: int, within_ms: int) -> Scenario:
    """A few trips that get in each other's way, and a car or two."""
    chance = SeededChance(f"hindsight {seed}")
    at_ms = np.sort(np.array([chance.below(within_ms) for _ in range(trips)], dtype=np.int64))
    origin = np.array([chance.below(NODES) for _ in range(trips)], dtype=np.int64)
    away = np.array([1 + chance.below(NODES - 1) for _ in range(trips)], dtype=np.int64)
    return replace(
        TOWN,
        requests=Requests(
            ids=tuple(str(row) for row in range(trips)),
            at_ms=at_ms,
            origin=origin,
            destination=(origin + away) % NODES,
        ),
        vehicle_ids=tuple(f"v{car}" for car in range(cars)),
        vehicle_nodes=np.array([chance.below(NODES) for _ in range(cars)], dtype=np.int64),
    )


def in_time(scenario: Scenario, start: int, order: tuple[int, ...], max_wait_ms: int) -> bool:
    """Whether one car can serve these trips one after the other, each as early as it can."""
    requests, free_ms, place = scenario.requests, 0, start
    for trip in order:
        begin, end = int(requests.origin[trip]), int(requests.destination[trip])
        asked_ms = int(requests.at_ms[trip])
        pickup_ms = max(asked_ms, free_ms + int(TRAVEL.times[place, begin]))
        if pickup_ms > asked_ms + max_wait_ms:
            return False
        free_ms, place = pickup_ms + int(TRAVEL.times[begin, end]), end
    return True


def best(scenario: Scenario, max_wait_ms: int) -> int:
    """The most trips that any plan serves: every set for every car in every order."""
    trips = len(scenario.requests)
    sets = [[row for row in range(trips) if (chosen >> row) & 1] for chosen in range(1 << trips)]
    can = [
        [
            any(in_time(scenario, start, order, max_wait_ms) for order in permutations(rows))
            for rows in sets
        ]
        for start in scenario.vehicle_nodes.tolist()
    ]

    @cache
    def most(car: int, left: int) -> int:
        if car == len(can):
            return 0
        return max(
            chosen.bit_count() + most(car + 1, left & ~chosen)
            for chosen in range(1 << trips)
            if chosen & ~left == 0 and can[car][chosen]
        )

    return most(0, (1 << trips) - 1)


@pytest.mark.parametrize("seed", range(40))
def test_no_plan_serves_more_than_most_served(seed: int) -> None:
    cars, within_ms = 1 + seed % 2, (60_000, 300_000, 900_000)[seed % 3]
    max_wait_ms = (600_000, 120_000, 0)[seed // 3 % 3]
    small = day(seed, trips=5, cars=cars, within_ms=within_ms)
    found = most_served(small, TRAVEL, max_wait_ms=max_wait_ms)
    assert best(small, max_wait_ms) <= found <= 5


def test_most_served_says_something_where_there_are_too_few_cars() -> None:
    busy = day(1, trips=60, cars=1, within_ms=600_000)
    assert most_served(busy, TRAVEL, max_wait_ms=300_000) < 30


@pytest.mark.parametrize("seed", range(20))
def test_on_time_is_the_best_without_waiting_where_all_next_trips_are_looked_at(seed: int) -> None:
    small = day(seed, trips=5, cars=1 + seed % 2, within_ms=(300_000, 2_400_000)[seed % 2])
    assert len(on_time(small, TRAVEL, next_trips=5)) == best(small, 0)
    few = len(on_time(small, TRAVEL, next_trips=1))
    assert few <= best(small, 0)


def test_most_served_is_at_least_what_is_served_on_time_and_at_most_all() -> None:
    for seed in range(4):
        some = day(seed, trips=150, cars=4, within_ms=3_600_000)
        below = len(on_time(some, TRAVEL))
        above = most_served(some, TRAVEL, max_wait_ms=600_000)
        assert 20 < below <= above <= 150


def test_a_day_without_requests_has_nothing_to_serve() -> None:
    nothing = day(1, trips=0, cars=1, within_ms=1)
    assert most_served(nothing, TRAVEL, max_wait_ms=600_000) == 0
    assert len(on_time(nothing, TRAVEL)) == 0


def test_more_cars_and_more_patience_never_serve_fewer() -> None:
    some = day(3, trips=120, cars=3, within_ms=1_800_000)
    more = replace(some, vehicle_nodes=np.concatenate([some.vehicle_nodes, [0, 40]]))
    served = most_served(some, TRAVEL, max_wait_ms=300_000)
    assert served <= most_served(more, TRAVEL, max_wait_ms=300_000)
    assert served <= most_served(some, TRAVEL, max_wait_ms=600_000)
    assert len(on_time(some, TRAVEL)) <= len(on_time(more, TRAVEL))
