"""Pruning keeps the k nearest fit drivers, and looks at few whatever the fleet's size."""

import numpy as np
import pytest

from dispatch.matching import FreeDriver, OpenTrip, Snapshot, candidate_pairs
from dispatch.matching.candidates import nearness, search
from dispatch.matching.columns import columns_of
from dispatch.matching.limits import Limit, broken_before_roads, broken_on_roads
from foundation.chance import SeededChance
from tests.matching_world import AT_MS, driver, driver_id, only_pickup, place, snapshot, trip


def crowd(trips: int, drivers: int, *, seed: int = 1, **changes: int) -> Snapshot:
    """A clustered city: most people near the centre, some far out, some drivers still busy."""
    chance = SeededChance(seed)

    def somewhere() -> tuple[float, float]:
        spread = 800 if chance.below(3) else 9000
        return chance.normal(0, spread), chance.normal(0, spread)

    return snapshot(
        [
            trip(
                number,
                at=place(*somewhere()),
                seats=1 + chance.below(6),
                needs=("wheelchair",) if chance.below(10) == 0 else (),
                excluded=tuple(driver_id(chance.below(drivers)) for _ in range(chance.below(3))),
                pickup_zone=chance.choice(["centre", "east", None]),
            )
            for number in range(trips)
        ],
        [
            driver(
                number,
                at=place(*somewhere()),
                seats=chance.choice([4, 4, 6]),
                equipment=("wheelchair",) if chance.below(8) == 0 else (),
                zones=chance.choice([None, None, ("centre",), ("centre", "east"), ()]),
                free_at_ms=AT_MS + 1000 * chance.choice([-500, -20, 0, 60, 170, 400]),
                shift_ends_at_ms=AT_MS + 1000 * chance.choice([500, 1500, 20_000]),
                driving_seconds_left=chance.choice([400, 900, 20_000]),
                range_metres=chance.choice([None, None, 3500, 9000]),
            )
            for number in range(drivers)
        ],
        rule=only_pickup(**changes),
    )


def nearest_by_looking_at_everybody(seen: Snapshot) -> list[list[int]]:
    columns = columns_of(seen)
    everybody = np.arange(len(seen.drivers))
    pairs = []
    for number in range(len(seen.trips)):
        same = np.full(len(everybody), number)
        fit = broken_before_roads(columns, seen.policy, trips=same, drivers=everybody) == 0
        away = nearness(columns, trips=same, drivers=everybody)
        ranked = sorted(everybody[fit].tolist(), key=lambda index: (int(away[index]), index))
        pairs += [[number, index] for index in sorted(ranked[: seen.policy.candidates_per_trip])]
    return pairs


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("trips", "drivers", "wanted"), [(40, 600, 5), (25, 300, 20), (60, 9, 20)])
def test_the_candidates_are_the_nearest_of_all_fit_drivers(
    trips: int, drivers: int, wanted: int, seed: int
) -> None:
    seen = crowd(trips, drivers, seed=seed, candidates_per_trip=wanted)

    assert candidate_pairs(seen).tolist() == nearest_by_looking_at_everybody(seen)


def test_each_trip_has_as_many_candidates_as_the_policy_says_where_there_are() -> None:
    seen = snapshot([trip(n, at=place(n)) for n in range(3)], [driver(n) for n in range(30)])

    pairs = candidate_pairs(seen)

    assert np.bincount(pairs[:, 0]).tolist() == [20, 20, 20]
    assert pairs.dtype == np.int32


def test_equally_near_drivers_go_by_identifier() -> None:
    seen = snapshot(
        [trip(1)], [driver(n) for n in (5, 9, 2, 7)], rule=only_pickup(candidates_per_trip=2)
    )

    kept = [seen.drivers[index].driver_id for index in candidate_pairs(seen)[:, 1]]

    assert kept == [driver_id(2), driver_id(5)]


def test_looking_at_few_drivers_does_not_depend_on_the_fleet() -> None:
    looked_at = []
    for drivers in (2_000, 16_000):
        # The fleet grows and so does the density: eight times as many drivers on the same streets.
        chance = SeededChance(3)
        seen = snapshot(
            [trip(n, at=place(chance.normal(0, 3000), chance.normal(0, 3000))) for n in range(100)],
            [
                driver(n, at=place(chance.normal(0, 3000), chance.normal(0, 3000)))
                for n in range(drivers)
            ],
        )
        looked_at.append(search(columns_of(seen), seen.policy).looked_at / 100)

    assert max(looked_at) < 20 * seen.policy.candidates_per_trip
    assert looked_at[1] < 1.5 * looked_at[0]


def test_one_driver_far_away_does_not_spoil_the_index() -> None:
    near = [driver(n, at=place(n % 50 * 40, n // 50 * 40)) for n in range(2500)]
    seen = snapshot([trip(1, at=place(1000, 1000))], [*near, driver(9999, at=place(400_000))])

    found = search(columns_of(seen), seen.policy)

    assert len(found.pairs) == 20
    assert found.looked_at < 500


def test_a_rare_need_is_met_without_looking_at_the_whole_fleet() -> None:
    rare = [driver(n, at=place(20 * n), equipment=("wheelchair",)) for n in range(5)]
    common = [driver(100 + n, at=place(n % 70, n // 70)) for n in range(3000)]
    seen = snapshot([trip(1, needs=("wheelchair",))], [*rare, *common])

    found = search(columns_of(seen), seen.policy)

    assert found.pairs[:, 1].tolist() == [0, 1, 2, 3, 4]
    assert found.looked_at == 5


def test_a_driver_about_to_be_free_counts_as_further_away_by_what_they_still_drive() -> None:
    free = driver(1, at=place(600))
    busy = driver(2, at=place(300), free_at_ms=AT_MS + 60_000)
    seen = snapshot([trip(1)], [free, busy], rule=only_pickup(candidates_per_trip=1))

    assert candidate_pairs(seen)[:, 1].tolist() == [0]


def test_nobody_to_ask_and_nothing_to_ask_for_give_no_pairs() -> None:
    for seen in (snapshot([], []), snapshot([trip(1)], []), snapshot([], [driver(1)])):
        assert candidate_pairs(seen).shape == (0, 2)


@pytest.mark.parametrize(
    ("limit", "asked", "given"),
    [
        (Limit.SEATS, {"seats": 5}, {"seats": 4}),
        (Limit.VEHICLE_CLASS, {"vehicle_class": "large"}, {}),
        (Limit.NEEDS, {"needs": ("wheelchair", "dog")}, {"equipment": ("dog",)}),
        (Limit.ZONE, {"pickup_zone": "centre"}, {"zones": ("east",)}),
        (Limit.ZONE, {"pickup_zone": None}, {"zones": ("centre",)}),
        (Limit.EXCLUDED, {"excluded": (driver_id(1),)}, {}),
        (Limit.SHIFT, {"trip_seconds": 601}, {"shift_ends_at_ms": AT_MS + 600_000}),
        (Limit.DRIVING, {"trip_seconds": 601}, {"driving_seconds_left": 600}),
        (Limit.RANGE, {"trip_metres": 5001}, {"range_metres": 5000}),
        (Limit.NOT_FREE_SOON, {}, {"free_at_ms": AT_MS + 180_001}),
        (Limit.TOO_FAR, {}, {"place": place(40_000)}),
    ],
)
def test_each_hard_limit_forbids_the_pair_by_its_name_and_only_just(
    limit: Limit, asked: dict, given: dict
) -> None:
    columns = columns_of(seen := snapshot([trip(1, **asked)], [driver(1, **given), driver(2)]))
    both = np.array([0, 0])

    broken = broken_before_roads(columns, seen.policy, trips=both, drivers=np.array([0, 1]))

    assert broken[0] == limit
    other = limit & (Limit.SEATS | Limit.VEHICLE_CLASS | Limit.NEEDS)
    assert broken[1] == other  # what the trip asks, the other driver lacks as well


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({"seats": 4}, {"seats": 4}),
        ({"needs": ("dog",)}, {"equipment": ("dog", "wheelchair")}),
        ({"pickup_zone": None}, {"zones": None}),
        ({"pickup_zone": "centre", "dropoff_zone": "far"}, {"zones": ("centre",)}),
        ({"trip_seconds": 600}, {"shift_ends_at_ms": AT_MS + 600_000}),
        ({"trip_seconds": 600}, {"driving_seconds_left": 600}),
        ({"trip_metres": 5000}, {"range_metres": 5000}),
        ({}, {"free_at_ms": AT_MS + 180_000}),
        ({"excluded": (driver_id(3),)}, {}),
    ],
)
def test_a_pair_just_within_the_limits_is_fit(asked: dict, given: dict) -> None:
    seen = snapshot([trip(1, **asked)], [driver(1, **given)])

    assert candidate_pairs(seen).tolist() == [[0, 0]]


def test_road_times_are_held_against_the_same_limits() -> None:
    rows: list[tuple[FreeDriver, OpenTrip, int, int]] = [
        (driver(1), trip(1), 900_000, 0),
        (driver(1), trip(1), 900_001, Limit.TOO_FAR),
        (driver(1, free_at_ms=AT_MS + 1), trip(1), 900_000, Limit.TOO_FAR),
        (driver(1, shift_ends_at_ms=AT_MS + 700_000), trip(1), 100_000, 0),
        (driver(1, shift_ends_at_ms=AT_MS + 700_000), trip(1), 100_001, Limit.SHIFT),
        (driver(1, driving_seconds_left=700), trip(1), 100_001, Limit.DRIVING),
    ]
    for one_driver, one_trip, drive_ms, expected in rows:
        seen = snapshot([one_trip], [one_driver])
        zero = np.array([0])
        broken = broken_on_roads(
            columns_of(seen), seen.policy, trips=zero, drivers=zero, drive_ms=np.array([drive_ms])
        )
        assert broken[0] == expected
