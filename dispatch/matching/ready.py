"""Getting ready: everything that is compiled, compiled."""

from dataclasses import fields
from typing import Any

import numpy as np

from dispatch.matching.candidates import candidate_pairs
from dispatch.matching.policy import Caps, Policy, Repositioning, SharedCaps, Weights
from dispatch.matching.round_input import RoundInput
from dispatch.matching.snapshot import FreeDriver, OpenTrip, Snapshot
from dispatch.matching.solo import decide
from foundation.identifiers import UUID, DriverId, TripId
from foundation.measures import Point


def prepare() -> None:
    """Compile every loop, or read what was compiled: up to some seconds, once in a process.

    Without it the first round does so, while riders wait.
    """
    _prepare_rounds()
    _prepare_joining()


def _prepare_rounds() -> None:
    """The smallest round that takes every way: each of two riders costs each driver the same."""
    place = Point(1, 1)
    trips = [
        OpenTrip(
            trip_id=TripId(UUID(int=number)), pickup=place, dropoff=place, pickup_zone=None,
            dropoff_zone=None, seats=1, vehicle_class="", asked_at_ms=0, trip_seconds=1,
            trip_metres=1, fare_minor=0, pay_minor=0,
        )
        for number in range(2)
    ]  # fmt: skip
    drivers = [
        FreeDriver(
            driver_id=DriverId(UUID(int=number)), place=place, free_at_ms=0, seats=1,
            vehicle_class="", shift_ends_at_ms=10_000, driving_seconds_left=10,
        )
        for number in range(2)
    ]  # fmt: skip
    snapshot = Snapshot.of(
        at_ms=0, trips=trips, drivers=drivers, policy=_any_policy(), network_digest=""
    )
    pairs = candidate_pairs(snapshot)
    assert len(decide(RoundInput.of(snapshot, pairs, np.ones(len(pairs)))).pairings) == len(trips)


def _any_policy() -> Policy:
    parts = {"weights": Weights, "caps_seconds": Caps, "repositioning": Repositioning,
             "shared": SharedCaps}  # fmt: skip
    ones = dict.fromkeys((field.name for field in fields(Policy)), 1) | {
        "unmatched_seconds": 1000,
        "candidates_per_trip": 2,
    }
    made = {name: part(**_ones(part)) for name, part in parts.items()}
    return Policy(**{**ones, "assignment_pairs_max": 10, **made})


def _ones(part: type[Any]) -> dict[str, int]:
    return {field.name: 1 for field in fields(part)}


def _prepare_joining() -> None:
    """What a rider needs who may join a run: two of them, tried in the smallest of runs."""
    from dispatch.matching.shared.insertion import Weights, best_insertion
    from dispatch.matching.shared.run import Caps, Roads, Run, Stop, StopKind

    caps = Caps(wait_ms_max=1000, detour_percent_max=150)
    first, second = (
        caps.trip(TripId(UUID(int=n)), (0, 1), seats=1, wanted_at_ms=0, direct_ms=1) for n in (1, 2)
    )
    stops = (Stop(StopKind.PICKUP, first.trip_id), Stop(StopKind.DROPOFF, first.trip_id))
    run = Run(
        driver_id=DriverId(UUID(int=1)), place=0, free_at_ms=0, seats=2, trips=(first,), stops=stops
    )
    roads = Roads(np.ones((2, 2), dtype=np.int32))
    best_insertion(run, second, roads=roads, weights=Weights())
