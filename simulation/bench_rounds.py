"""How long a round's own work takes, step by step, in a seeded city without roads.

Owns the instances and the measuring of `khan bench rounds`. Road times are made up from the
straight line, because the road engine has a benchmark of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from statistics import median

import numpy as np

from dispatch.matching import (
    FreeDriver,
    OpenTrip,
    Plan,
    Policy,
    RoundInput,
    Snapshot,
    candidate_pairs,
    decide,
    parse_policy,
)
from dispatch.matching.assignment import least_cost
from dispatch.matching.columns import columns_of, crow_decimetres
from dispatch.matching.greedy import sorted_greedy
from dispatch.matching.weighing import weigh
from foundation.chance import SeededChance
from foundation.clock import stopwatch_ms
from foundation.identifiers import UUID, DriverId, TripId
from foundation.measures import Point

AT_MS = 1_893_456_000_000
"""The instant of every benchmark round: 2030-01-01T00:00:00Z."""

DETOUR_MS_PER_DECIMETRE = 16
"""Straight line to road time: 1.35 times as far, at 30 km/h."""

POLICY = {
    "round_seconds": 1.0,
    "offer_seconds": 15,
    "candidates_per_trip": 20,
    "pickup_seconds_max": 900,
    "free_within_seconds": 180,
    "unmatched_seconds": 1200,
    "patience_seconds": 300,
    "earnings_settle_seconds": 1800,
    "homeward_within_seconds": 3600,
    "assignment_pairs_max": 300_000,
    "weights": {
        "age": 0.5, "overdue": 5.0, "earnings": 60.0,
        "idle": 0.05, "homeward": 20.0, "chaining": 0.25,
    },
    "caps_seconds": {"earnings": 120, "idle": 120, "homeward": 60},
    "shared": {
        "wait_seconds_max": 480, "detour_percent_max": 150, "riders_max": 4, "stop_seconds": 30,
    },
}  # fmt: skip
"""The policy of docs/reference/matching_policy.md (a test holds the two together)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTimings:
    """Milliseconds of one round's steps, by the stopwatch given; medians where there are several.

    Attributes
    ----------
    candidates_ms
        Pruning to pairs.
    weigh_ms
        Hard limits on road times, costs and prices.
    solve_ms, greedy_ms
        The choice by minimum-cost flow, and by the fallback.
    encode_ms
        Canonical bytes of the round's input.
    decide_ms
        Weighing, solving and accounting together, the input being encoded already.
    plan_encode_ms
        Canonical bytes of the plan with all its reasons.
    """

    candidates_ms: float
    weigh_ms: float
    solve_ms: float
    greedy_ms: float
    encode_ms: float
    decide_ms: float
    plan_encode_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundBench:
    """What `bench_rounds` measured: the last round's size and outcome, and the medians of all.

    Attributes
    ----------
    greedy_excess_seconds
        By how many seconds a trip the fallback's plan costs more than the least.
    """

    trips: int
    drivers: int
    pairs: int
    matched: int
    input_bytes: int
    plan_bytes: int
    greedy_excess_seconds: float
    median: RoundTimings


def city(*, seed: int, trips: int, drivers: int, policy: Policy) -> Snapshot:
    """A seeded city: people clustered round four centres, shifts of all lengths, some needs."""
    chance = SeededChance(seed)
    centres = [(chance.normal(-73.97, 0.02), chance.normal(40.75, 0.03)) for _ in range(4)]

    def somewhere() -> Point:
        lon, lat = chance.choice(centres)
        return Point(chance.normal(lon, 0.012), chance.normal(lat, 0.012))

    return Snapshot.of(
        at_ms=AT_MS,
        trips=[_trip(chance, somewhere) for _ in range(trips)],
        drivers=[_driver(chance, somewhere) for _ in range(drivers)],
        policy=policy,
        network_digest="none",
    )


def _trip(chance: SeededChance, somewhere: Callable[[], Point]) -> OpenTrip:
    seconds = 180 + chance.below(1500)
    return OpenTrip(
        trip_id=TripId(UUID(int=chance.bits(128))),
        pickup=somewhere(),
        dropoff=somewhere(),
        pickup_zone=None,
        dropoff_zone=None,
        seats=chance.choice([1, 1, 1, 2, 2, 4]),
        vehicle_class="standard",
        needs=("wheelchair",) if chance.below(30) == 0 else (),
        asked_at_ms=AT_MS - chance.below(400_000),
        trip_seconds=seconds,
        trip_metres=seconds * 7,
        fare_minor=500 + seconds,
        pay_minor=400 + seconds,
    )


def _driver(chance: SeededChance, somewhere: Callable[[], Point]) -> FreeDriver:
    seconds = chance.below(30_000)
    return FreeDriver(
        driver_id=DriverId(UUID(int=chance.bits(128))),
        place=somewhere(),
        heading=chance.below(360),
        free_at_ms=AT_MS + chance.below(1_200_000) - 1_000_000,
        seats=chance.choice([4, 4, 4, 6]),
        vehicle_class="standard",
        equipment=("wheelchair",) if chance.below(15) == 0 else (),
        shift_ends_at_ms=AT_MS + (43_200 - seconds) * 1000,
        driving_seconds_left=43_200 - seconds,
        earned_minor=seconds * (50 + chance.below(100)) // 100,
        shift_seconds=seconds,
        last_offered_at_ms=AT_MS - chance.below(3_000_000),
        homeward=somewhere() if chance.below(10) == 0 else None,
        range_metres=chance.choice([None, 40_000, 200_000]),
    )


def made_up_times(snapshot: Snapshot, pairs: np.ndarray) -> np.ndarray:
    """Road times in milliseconds, int32, (pairs,), as a constant detour would make them."""
    columns = columns_of(snapshot)
    crow = crow_decimetres(columns.trips.pickup[pairs[:, 0]], columns.drivers.place[pairs[:, 1]])
    return np.asarray(crow * DETOUR_MS_PER_DECIMETRE, dtype=np.int32)


def bench_rounds(
    *,
    seed: int = 1,
    trips: int = 1000,
    drivers: int = 10_000,
    rounds: int = 3,
    stopwatch: Callable[[], float] = stopwatch_ms,
) -> RoundBench:
    """Measure some rounds, each in a city of its own.

    Parameters
    ----------
    seed
        Of the first city; each round takes the next.
    rounds
        How many; the medians of their timings are reported.
    stopwatch
        Milliseconds on a clock that never goes back: wall time, or a process's own.
    """
    assert rounds >= 1
    policy = parse_policy(POLICY)
    measured: list[RoundTimings] = []
    for number in range(rounds):
        snapshot = city(seed=seed + number, trips=trips, drivers=drivers, policy=policy)
        timings, given, plan = _measure(snapshot, stopwatch)
        measured.append(timings)
    problem = weigh(given).problem
    greedy, least = problem.objective_ms(sorted_greedy(problem)), plan.objective_ms
    return RoundBench(
        trips=trips,
        drivers=drivers,
        pairs=len(given.pairs),
        matched=len(plan.pairings),
        input_bytes=len(given.encode()),
        plan_bytes=len(plan.encode()),
        greedy_excess_seconds=(greedy - least) / 1000 / max(1, trips),
        median=RoundTimings(
            **{
                field.name: median(getattr(one, field.name) for one in measured)
                for field in fields(RoundTimings)
            }
        ),
    )


def _measure(
    snapshot: Snapshot, stopwatch: Callable[[], float]
) -> tuple[RoundTimings, RoundInput, Plan]:
    laps = [stopwatch()]

    def lap() -> None:
        laps.append(stopwatch())

    pairs = candidate_pairs(snapshot)
    lap()
    given = RoundInput.of(snapshot, pairs, made_up_times(snapshot, pairs))
    lap()
    given.encode()
    lap()
    problem = weigh(given).problem
    lap()
    least_cost(problem)
    lap()
    sorted_greedy(problem)
    lap()
    plan = decide(given)
    lap()
    plan.encode()
    lap()
    candidates, _, encode, weighing, solve, greedy, deciding, plan_encode = np.diff(laps).tolist()
    timings = RoundTimings(
        candidates_ms=candidates,
        weigh_ms=weighing,
        solve_ms=solve,
        greedy_ms=greedy,
        encode_ms=encode,
        decide_ms=deciding,
        plan_encode_ms=plan_encode,
    )
    return timings, given, plan
