"""What a round reads, and the round itself as it is stored."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from dispatch.matching.snapshot import OpenTrip
from foundation.identifiers import DriverId, RoundId, RuleId, TripId
from foundation.measures import Point
from storage.work import UnitOfWork

_OPEN_TRIPS = text("""
    SELECT trip_id, pickup_lon, pickup_lat, dropoff_lon, dropoff_lat, pickup_zone, dropoff_zone,
           seats, vehicle_class, needs, matching_from, booked_for, attempt,
           trip_seconds, trip_metres, total_minor, pay_minor,
           ARRAY(SELECT driver_id FROM dispatch.exclusion
                 WHERE exclusion.trip_id = trip.trip_id) AS excluded
    FROM dispatch.trip
    WHERE state = 'matching' AND expires_at > service_now()
      AND NOT EXISTS (SELECT 1 FROM dispatch.offer
                      WHERE offer.trip_id = trip.trip_id AND offer.state = 'made')
    ORDER BY matching_from, trip_id LIMIT :most
""")
_BUSY = text("""
    SELECT driver_id FROM dispatch.run WHERE ended_at IS NULL
    UNION ALL SELECT driver_id FROM dispatch.offer WHERE state = 'made'
""")


async def list_open_trips(work: UnitOfWork, *, most: int) -> list[OpenTrip]:
    """Trips that look for a driver and are offered to nobody now, longest waiting first."""
    return [_open_trip(row) for row in await work.execute(_OPEN_TRIPS, {"most": most})]


async def list_busy_drivers(work: UnitOfWork) -> frozenset[DriverId]:
    """Drivers with a run under way or an open offer."""
    return frozenset((await work.execute(_BUSY)).scalars())


def _open_trip(row: Row[Any]) -> OpenTrip:
    return OpenTrip(
        trip_id=TripId(row.trip_id),
        pickup=Point(row.pickup_lon, row.pickup_lat),
        dropoff=Point(row.dropoff_lon, row.dropoff_lat),
        pickup_zone=row.pickup_zone,
        dropoff_zone=row.dropoff_zone,
        seats=row.seats,
        vehicle_class=row.vehicle_class,
        needs=tuple(row.needs),
        asked_at_ms=epoch_ms(row.matching_from),
        wanted_at_ms=None if row.booked_for is None else epoch_ms(row.booked_for),
        attempt=row.attempt,
        excluded=tuple(DriverId(driver) for driver in row.excluded),
        trip_seconds=row.trip_seconds,
        trip_metres=row.trip_metres,
        fare_minor=row.total_minor,
        pay_minor=row.pay_minor,
    )


def epoch_ms(instant: datetime) -> int:
    """Whole milliseconds since the Unix epoch: what a snapshot counts in."""
    return int(instant.timestamp() * 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFigures:
    """What a round came to, without its input and plan; the `*_ms` are wall time."""

    round_id: RoundId
    at: datetime
    matcher: str
    degraded: bool
    trips: int
    drivers: int
    pairs: int
    pairings: int
    offers: int
    read_ms: float
    roads_ms: float
    solve_ms: float
    total_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRound:
    """One dispatch decision with its input: enough to decide it again (I15).

    `input` and `plan` are the canonical bytes of `dispatch.matching`; the `*_ms` are wall time.
    """

    round_id: RoundId
    at: datetime
    policy_rule_id: RuleId
    matcher: str
    input: bytes
    input_digest: str
    plan: bytes
    plan_digest: str
    degraded: bool
    trips: int
    drivers: int
    pairs: int
    pairings: int
    offers: int
    read_ms: float
    roads_ms: float
    solve_ms: float
    total_ms: float


_INSERT = text("""
    INSERT INTO dispatch.round (
        round_id, at, policy_rule_id, matcher, input, input_digest, plan, plan_digest, degraded,
        trips, drivers, pairs, pairings, offers, read_ms, roads_ms, solve_ms, total_ms)
    VALUES (
        :round_id, :at, :policy_rule_id, :matcher, :input, :input_digest, :plan, :plan_digest,
        :degraded, :trips, :drivers, :pairs, :pairings, :offers, :read_ms, :roads_ms, :solve_ms,
        :total_ms)
""")
_GET = text("SELECT * FROM dispatch.round WHERE round_id = :round_id")


async def insert_round(work: UnitOfWork, stored: StoredRound) -> None:
    """Store a round; it is never changed."""
    await work.execute(
        _INSERT,
        {
            "round_id": stored.round_id, "at": stored.at,
            "policy_rule_id": stored.policy_rule_id, "matcher": stored.matcher,
            "input": stored.input,
            "input_digest": bytes.fromhex(stored.input_digest),
            "plan": stored.plan,
            "plan_digest": bytes.fromhex(stored.plan_digest), "degraded": stored.degraded,
            "trips": stored.trips, "drivers": stored.drivers, "pairs": stored.pairs,
            "pairings": stored.pairings, "offers": stored.offers, "read_ms": stored.read_ms,
            "roads_ms": stored.roads_ms, "solve_ms": stored.solve_ms,
            "total_ms": stored.total_ms,
        },
    )  # fmt: skip


_LIST = text("""
    SELECT round_id, at, matcher, degraded, trips, drivers, pairs, pairings, offers,
           read_ms, roads_ms, solve_ms, total_ms
    FROM dispatch.round ORDER BY at DESC, round_id DESC LIMIT :most
""")


async def list_rounds(work: UnitOfWork, *, most: int) -> list[RoundFigures]:
    """The newest rounds, newest first, by their figures alone."""
    return [RoundFigures(**row._mapping) for row in await work.execute(_LIST, {"most": most})]


async def find_round(work: UnitOfWork, round_id: RoundId) -> StoredRound | None:
    """A round as it was stored."""
    row = (await work.execute(_GET, {"round_id": round_id})).one_or_none()
    if row is None:
        return None
    return StoredRound(
        round_id=RoundId(row.round_id),
        at=row.at,
        policy_rule_id=RuleId(row.policy_rule_id),
        matcher=row.matcher,
        input=row.input,
        input_digest=row.input_digest.hex(),
        plan=row.plan,
        plan_digest=row.plan_digest.hex(),
        degraded=row.degraded,
        trips=row.trips,
        drivers=row.drivers,
        pairs=row.pairs,
        pairings=row.pairings,
        offers=row.offers,
        read_ms=row.read_ms,
        roads_ms=row.roads_ms,
        solve_ms=row.solve_ms,
        total_ms=row.total_ms,
    )
