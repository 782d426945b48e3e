"""Small named towns for the tests of matching: drivers and riders by number, places in metres.

Driver 3 has the identifier ending in 3, and so has trip 3. Places are metres east and north of one
corner in Manhattan; road times are given by hand, because matching asks no roads.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from dispatch.matching import (
    FreeDriver,
    OpenTrip,
    Policy,
    RoundInput,
    Snapshot,
    parse_policy,
)
from foundation.identifiers import UUID, DriverId, TripId
from foundation.measures import EARTH_RADIUS_METRES, Point

AT_MS = 1_893_456_000_000  # 2030-01-01T00:00:00Z
CORNER = Point(-73.98, 40.75)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "matching_policy.md"

TOWN_BODY: Mapping[str, Any] = {
    "round_seconds": 1.0,
    "offer_seconds": 15,
    "candidates_per_trip": 20,
    "pickup_seconds_max": 900,
    "early_seconds_max": 300,
    "free_within_seconds": 180,
    "plan_ahead_seconds": 0,
    "unmatched_seconds": 1200,
    "patience_seconds": 300,
    "earnings_settle_seconds": 1800,
    "idle_after_seconds": 0,
    "homeward_within_seconds": 3600,
    "assignment_pairs_max": 300_000,
    "weights": {
        "age": 0.5,
        "overdue": 5.0,
        "earnings": 60.0,
        "idle": 0.05,
        "place": 0.0,
        "homeward": 20.0,
        "chaining": 0.25,
        "early": 0.25,
        "late": 1.0,
    },
    "caps_seconds": {"earnings": 120, "idle": 120, "homeward": 60, "booked": 120},
    "repositioning": {
        "every_seconds": 120,
        "memory_seconds": 3600,
        "horizon_seconds": 1200,
        "cars_per_zone_max": 8,
        "worth_seconds": 300,
        "drive": 0.1,
    },
    "shared": {
        "wait_seconds_max": 480,
        "detour_percent_max": 150,
        "riders_max": 4,
        "stop_seconds": 30,
    },
}
"""The policy of these towns. It is their own: what members vote anew changes no test."""


def charter_body() -> dict[str, Any]:
    """The policy body that the reference page tells a city to start with."""
    found = re.search(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return json.loads(found.group(1))


def charter_policy() -> Policy:
    """The policy that the reference page tells a city to start with."""
    return parse_policy(charter_body())


def town_body() -> dict[str, Any]:
    """A copy of the towns' policy body, to be changed."""
    return deepcopy(dict(TOWN_BODY))


def policy(
    *,
    weights: Mapping[str, float] | None = None,
    caps: Mapping[str, int] | None = None,
    **changes: Any,
) -> Policy:
    """The towns' policy, but for some fields."""
    body = town_body() | changes
    body["weights"] |= weights or {}
    body["caps_seconds"] |= caps or {}
    return parse_policy(body)


def only_pickup(**changes: Any) -> Policy:
    """A policy that weighs nothing but the pick-up and the rider's wait."""
    nothing = {
        "earnings": 0,
        "idle": 0,
        "place": 0,
        "homeward": 0,
        "chaining": 0,
        "early": 0,
        "late": 0,
    }
    return policy(weights=nothing | changes.pop("weights", {}), **changes)


def place(east: float = 0, north: float = 0) -> Point:
    """A point so many metres east and north of the corner."""
    degrees = math.degrees(1 / EARTH_RADIUS_METRES)
    narrowing = math.cos(math.radians(CORNER.lat))
    return Point(CORNER.lon + east * degrees / narrowing, CORNER.lat + north * degrees)


def trip_id(number: int) -> TripId:
    return TripId(UUID(int=(1 << 100) + number))


def driver_id(number: int) -> DriverId:
    return DriverId(UUID(int=(2 << 100) + number))


def trip(
    number: int, *, at: Point | None = None, to: Point | None = None, **changes: Any
) -> OpenTrip:
    """A trip asked for just now: one seat, ten minutes, three kilometres."""
    fields: dict[str, Any] = {
        "trip_id": trip_id(number),
        "pickup": at or place(),
        "dropoff": to or place(3000),
        "pickup_zone": "centre",
        "dropoff_zone": "east",
        "seats": 1,
        "vehicle_class": "standard",
        "asked_at_ms": AT_MS,
        "trip_seconds": 600,
        "trip_metres": 3000,
        "fare_minor": 1500,
        "pay_minor": 1200,
    }
    return OpenTrip(**(fields | changes))


def driver(number: int, *, at: Point | None = None, **changes: Any) -> FreeDriver:
    """A driver who came on shift this moment, is free, and has eight hours before them."""
    fields: dict[str, Any] = {
        "driver_id": driver_id(number),
        "place": at or place(),
        "free_at_ms": AT_MS - 86_400_000,
        "seats": 4,
        "vehicle_class": "standard",
        "shift_ends_at_ms": AT_MS + 8 * 3_600_000,
        "driving_seconds_left": 8 * 3600,
    }
    return FreeDriver(**(fields | changes))


def snapshot(
    trips: Iterable[OpenTrip],
    drivers: Iterable[FreeDriver],
    *,
    rule: Policy | None = None,
    degraded: bool = False,
) -> Snapshot:
    return Snapshot.of(
        at_ms=AT_MS,
        trips=trips,
        drivers=drivers,
        policy=rule or only_pickup(),
        network_digest="town-1",
        degraded=degraded,
    )


def round_of(
    trips: Iterable[OpenTrip],
    drivers: Iterable[FreeDriver],
    seconds: Mapping[tuple[int, int], float],
    *,
    rule: Policy | None = None,
    degraded: bool = False,
) -> RoundInput:
    """A round whose road times are `seconds`, by the numbers of trip and driver."""
    seen = snapshot(trips, drivers, rule=rule, degraded=degraded)
    trip_index = {row.trip_id: index for index, row in enumerate(seen.trips)}
    driver_index = {row.driver_id: index for index, row in enumerate(seen.drivers)}
    pairs = [(trip_index[trip_id(t)], driver_index[driver_id(d)]) for t, d in seconds]
    return RoundInput.of(seen, pairs, [int(value * 1000) for value in seconds.values()])


def paired(plan: Any) -> dict[int, int]:
    """The plan's pairings, by the numbers of trip and driver."""
    low = (1 << 100) - 1
    return {row.trip_id.int & low: row.driver_id.int & low for row in plan.pairings}
