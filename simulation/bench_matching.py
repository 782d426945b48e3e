"""How long a live round takes, step by step, on real streets; and what else could be done.

Owns the instances and the measuring of `khan bench matching`. A round is measured from its rows to
the bytes that are stored, by the very lines that the service runs (`dispatch.decision`).
"""

import math
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from dispatch.matching import FreeDriver, OpenTrip, Policy, Snapshot
from dispatch.matching.assignment import OPEN, Problem, least_cost
from dispatch.matching.columns import Whole
from dispatch.matching.greedy import sorted_greedy
from dispatch.matching.weighing import weigh
from dispatch.on_roads import Decided, decide_on_roads
from foundation.chance import SeededChance
from foundation.collector import undisturbed
from foundation.identifiers import UUID, DriverId, TripId
from foundation.measures import Point
from roads.engine import RoadEngine
from roads.network import RoadNetwork

AT_MS = 1_893_456_000_000
"""The instant of every benchmark round: 2030-01-01T00:00:00Z."""

CENTRES = 4
CENTRE_DEGREES = 0.012
"""How far people spread round a centre: a kilometre or so."""

GPS_DEGREES = 0.00004
"""How far a position is off its street: about four metres."""

POLICY = {
    "round_seconds": 1.0,
    "offer_seconds": 15,
    "candidates_per_trip": 20,
    "pickup_seconds_max": 900,
    "early_seconds_max": 300,
    "free_within_seconds": 180,
    "plan_ahead_seconds": 180,
    "unmatched_seconds": 2400,
    "patience_seconds": 300,
    "earnings_settle_seconds": 1800,
    "idle_after_seconds": 0,
    "homeward_within_seconds": 3600,
    "assignment_pairs_max": 300000,
    "weights": {
        "age": 0.5,
        "overdue": 5.0,
        "earnings": 300.0,
        "idle": 0.05,
        "place": 0.0,
        "homeward": 20.0,
        "chaining": 0.25,
        "early": 0.25,
        "late": 1.0
    },
    "caps_seconds": {
        "earnings": 600,
        "idle": 120,
        "homeward": 60,
        "booked": 120
    },
    "repositioning": {
        "every_seconds": 120,
        "memory_seconds": 3600,
        "horizon_seconds": 1200,
        "cars_per_zone_max": 8,
        "worth_seconds": 300,
        "drive": 0.1
    },
    "shared": {
        "wait_seconds_max": 480,
        "detour_percent_max": 150,
        "riders_max": 4,
        "stop_seconds": 30
    }
}  # fmt: skip
"""The policy of docs/reference/matching_policy.md (a test holds the two together)."""

Stopwatch = Callable[[], float]
"""Milliseconds on a clock that never goes back: a process's own, or the wall's."""


class Streets:
    """Seeded places on the streets of a network, crowded round a few centres.

    Parameters
    ----------
    seed
        Of the centres: a quarter of the places lie anywhere, by length of street, the others the
        more often, the nearer to one of four junctions.
    """

    def __init__(self, network: RoadNetwork, *, seed: int) -> None:
        chance = SeededChance(f"centres {seed}")
        begins, ends = network.offsets[:-1], network.offsets[1:] - 1
        self._from, self._to = network.coords[begins], network.coords[ends]
        lengths = network.arc_metres.astype(np.float64)
        near = np.zeros(len(lengths))
        for _ in range(CENTRES):
            apart = (self._from - self._from[chance.below(len(lengths))]) / CENTRE_DEGREES
            near += np.exp(-(apart**2).sum(axis=1) / 2)
        crowd = lengths * near
        weights = 0.25 * lengths / lengths.sum() + 0.75 * crowd / crowd.sum()
        self._running = list(accumulate(weights.tolist()))

    def somewhere(self, chance: SeededChance) -> Point:
        """A place on a street, give or take what a telephone knows."""
        arc = min(bisect(self._running, chance.uniform() * self._running[-1]), len(self._from) - 1)
        along = chance.uniform()
        lon, lat = (self._from[arc] + along * (self._to[arc] - self._from[arc])).tolist()
        return Point(chance.normal(lon, GPS_DEGREES), chance.normal(lat, GPS_DEGREES))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What a round reads, in no order."""

    trips: list[OpenTrip]
    drivers: list[FreeDriver]


def rows_of(streets: Streets, *, seed: int, trips: int, drivers: int) -> Rows:
    """Trips and free drivers of a seeded round: shifts of all lengths, some needs."""
    chance = SeededChance(seed)
    return Rows(
        trips=[_trip(chance, streets) for _ in range(trips)],
        drivers=[_driver(chance, streets) for _ in range(drivers)],
    )


def _trip(chance: SeededChance, streets: Streets) -> OpenTrip:
    seconds = 180 + chance.below(1500)
    return OpenTrip(
        trip_id=TripId(UUID(int=chance.bits(128))),
        pickup=streets.somewhere(chance),
        dropoff=streets.somewhere(chance),
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


def _driver(chance: SeededChance, streets: Streets) -> FreeDriver:
    seconds = chance.below(30_000)
    return FreeDriver(
        driver_id=DriverId(UUID(int=chance.bits(128))),
        place=streets.somewhere(chance),
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
        homeward=streets.somewhere(chance) if chance.below(10) == 0 else None,
        range_metres=chance.choice([None, 40_000, 200_000]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to choose, on a round's pairs and costs.

    Attributes
    ----------
    ms
        By the stopwatch, of building its own form of the problem and solving it.
    objective_ms
        What its plan costs altogether; the least is the best.
    """

    ms: float
    objective_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundMeasured:
    """One round: milliseconds by the stopwatch of each step, and what came of it.

    Attributes
    ----------
    round_ms
        All of it, from rows to stored bytes.
    rows_ms, candidates_ms, roads_ms, decide_ms, bytes_ms
        Rows put in order; pruning; places to streets and road times; weighing, choice and
        reasons; canonical bytes and digests. They add up to `round_ms`.
    solver, scipy, greedy
        The choice alone, once more: the live solver, SciPy's sparse matching, sorted greedy.
    """

    pairs: int
    paired: int
    input_bytes: int
    plan_bytes: int
    round_ms: float
    rows_ms: float
    candidates_ms: float
    roads_ms: float
    decide_ms: float
    bytes_ms: float
    solver: Choice
    scipy: Choice
    greedy: Choice


def measure(
    rows: Rows, engine: RoadEngine, *, policy: Policy, digest: str, stopwatch: Stopwatch
) -> RoundMeasured:
    """Decide one round as the service does, then choose again in other ways."""
    with undisturbed():
        began = stopwatch()
        snapshot = Snapshot.of(
            at_ms=AT_MS,
            trips=rows.trips,
            drivers=rows.drivers,
            policy=policy,
            network_digest=digest,
        )
        in_order = stopwatch()
        decided = decide_on_roads(snapshot, engine, stopwatch=stopwatch)
        ended = stopwatch()
    problem = weigh(decided.round_input).problem
    return RoundMeasured(
        pairs=len(decided.round_input.pairs),
        paired=len(decided.plan.pairings),
        input_bytes=len(decided.round_input.encode()),
        plan_bytes=len(decided.plan.encode()),
        round_ms=ended - began,
        rows_ms=in_order - began,
        candidates_ms=decided.candidates_ms,
        roads_ms=decided.roads_ms,
        decide_ms=decided.solve_ms,
        bytes_ms=ended - in_order - _before_bytes(decided),
        solver=_chosen(least_cost, problem, stopwatch),
        scipy=_chosen(scipy_sparse, problem, stopwatch),
        greedy=_chosen(sorted_greedy, problem, stopwatch),
    )


def _before_bytes(decided: Decided) -> float:
    return decided.candidates_ms + decided.roads_ms + decided.solve_ms


def _chosen(assign: Callable[[Problem], Whole], problem: Problem, stopwatch: Stopwatch) -> Choice:
    with undisturbed():
        began = stopwatch()
        chosen = assign(problem)
        ended = stopwatch()
    return Choice(ms=ended - began, objective_ms=problem.objective_ms(chosen))


def scipy_sparse(problem: Problem) -> Whole:
    """The optimum by SciPy: a column for each driver and one of its own for each trip left open.

    Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
    assignment problems", Computing 38, 1987, as `min_weight_full_bipartite_matching` has it.
    """
    trips, drivers = len(problem.price_ms), len(problem.driver_turn)
    numbers = np.arange(trips)
    rows = np.concatenate([problem.pairs[:, 0], numbers])
    columns = np.concatenate([problem.pairs[:, 1], drivers + numbers])
    costs = np.concatenate([problem.cost_ms, problem.price_ms])
    # A stored nought would be no edge at all, and preferences can make a cost negative.
    weights = (costs - costs.min() + 1).astype(np.float64)
    graph = csr_array((weights, (rows, columns)), shape=(trips, drivers + trips))
    row, column = min_weight_full_bipartite_matching(graph)
    chosen = np.full(trips, OPEN, dtype=np.int64)
    keys = problem.pairs[:, 0] * drivers + problem.pairs[:, 1]
    paired = column < drivers
    chosen[row[paired]] = np.searchsorted(keys, row[paired] * drivers + column[paired])
    return chosen


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile: the least value that so large a share does not exceed."""
    assert values
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
