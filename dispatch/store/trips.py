"""Trips and their events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from dispatch.events import TripRequested
from dispatch.run import Party
from dispatch.trip import FINAL_STATES, By, Holder, Trip, TripState
from fares.quote import Quote
from foundation.identifiers import (
    UUID,
    DriverId,
    EventId,
    QuoteId,
    RiderId,
    RuleId,
    RunId,
    ShiftId,
    TripId,
    VehicleId,
)
from foundation.measures import Point
from storage.work import UnitOfWork

_COLUMNS = """
    trip_id, rider_id, quote_id, booking_rule_id, state, last_seq, attempt,
    pickup_lon, pickup_lat, dropoff_lon, dropoff_lat, seats, is_shared, trip_seconds,
    pin, pin_tries_left, requested_at, booked_for, expires_at, state_since, driver_id, vehicle_id, run_id,
    assigned_at, arrived_at, boarded_at, ended_at, stop_since,
    stops, stop_seconds, waiting_seconds, end_reason,
    (SELECT shift_id FROM dispatch.run WHERE run.run_id = trip.run_id) AS shift_id,
    customers.way_of(trip_id) AS payment
"""
_FOR_UPDATE = text(f"""
    SELECT {_COLUMNS} FROM dispatch.trip WHERE trip_id = :trip_id FOR NO KEY UPDATE
""")
_FIND = text(f"SELECT {_COLUMNS} FROM dispatch.trip WHERE trip_id = :trip_id")


async def lock_trip(work: UnitOfWork, trip_id: TripId) -> Trip | None:
    """The trip, locked until the end of the unit of work: the parent lock of all its changes."""
    row = (await work.execute(_FOR_UPDATE, {"trip_id": trip_id})).one_or_none()
    if row is not None and row.run_id is not None and row.shift_id is None:
        # We waited for an acceptance. The row is as it left it, but the statement sees other
        # tables as they were when it began, without the run; the next one sees both.
        row = (await work.execute(_FIND, {"trip_id": trip_id})).one_or_none()
    return None if row is None else _trip(row)


async def find_trip(work: UnitOfWork, trip_id: TripId) -> Trip | None:
    """The trip as last committed, not locked."""
    row = (await work.execute(_FIND, {"trip_id": trip_id})).one_or_none()
    return None if row is None else _trip(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a new trip's row holds besides the trip itself: the quote's facts, kept for reading."""

    channel: str
    taken_by: UUID | None
    slot: int
    quote: Quote
    matching_from: datetime


_FREE_SLOT = text("""
    SELECT min(slot) FROM generate_series(1, CAST(:allowed AS integer)) AS slot
    WHERE NOT EXISTS (
        SELECT 1 FROM dispatch.trip
        WHERE rider_id = :rider_id AND open_slot = slot
          AND state IN ('requested', 'scheduled', 'matching', 'assigned', 'arrived', 'on_board',
                        'at_stop'))
""")


async def find_free_slot(work: UnitOfWork, rider_id: RiderId, allowed: int) -> int | None:
    """The rider's lowest free slot for an open request, None if the policy's number is reached."""
    found = await work.execute(_FREE_SLOT, {"rider_id": rider_id, "allowed": allowed})
    slot: int | None = found.scalar_one()
    return slot


_INSERT = text("""
    WITH made AS (
        INSERT INTO dispatch.trip (
            trip_id, rider_id, quote_id, booking_rule_id, state, last_seq, attempt, open_slot,
            channel, pickup_lon, pickup_lat, dropoff_lon, dropoff_lat, pickup_zone, dropoff_zone,
            seats, is_shared, vehicle_class, needs, trip_metres, trip_seconds, pay_minor, total_minor,
            currency, pin, pin_tries_left, requested_at, booked_for, matching_from, expires_at,
            state_since)
        VALUES (
            :trip_id, :rider_id, :quote_id, :booking_rule_id, :state, 1, 1, :slot,
            :channel, :pickup_lon, :pickup_lat, :dropoff_lon, :dropoff_lat, :pickup_zone,
            :dropoff_zone, :seats, :is_shared, :vehicle_class, :needs, :trip_metres, :trip_seconds, :pay_minor,
            :total_minor, :currency, :pin, :pin_tries_left, :requested_at, :booked_for,
            :matching_from, :expires_at, :requested_at)
        RETURNING trip_id),
    registered AS (
        INSERT INTO dispatch.booking_register (
            trip_id, booked_at, journey_at, rider_id, pickup, destination, fare_minor, currency,
            taken_by)
        SELECT trip_id, CAST(:requested_at AS timestamptz),
               coalesce(CAST(:booked_for AS timestamptz), CAST(:requested_at AS timestamptz)),
               CAST(:rider_id AS uuid), CAST(:pickup_words AS text),
               CAST(:destination_words AS text), CAST(:total_minor AS bigint),
               CAST(:currency AS text), CAST(:taken_by AS uuid)
        FROM made)
    INSERT INTO dispatch.trip_event (
        trip_id, seq, before, step, after, attempt, actor, actor_id, occurred_at, event_id)
    SELECT trip_id, 1, 'none', CAST(:step AS text), CAST(:state AS text), 1,
           CAST(:actor AS text), CAST(:actor_id AS uuid),
           CAST(:requested_at AS timestamptz), CAST(:event_id AS uuid)
    FROM made
""")


async def insert_trip(work: UnitOfWork, trip: Trip, request: Request, *, by: By) -> None:
    """Store a new trip with its first event and its row in the booking register; announce it."""
    quote = request.quote
    assert trip.last_seq == 1
    assert trip.state in (TripState.REQUESTED, TripState.SCHEDULED)
    step = "book" if trip.state is TripState.SCHEDULED else "request"
    event = TripRequested(
        event_id=EventId(work.new_id()),
        occurred_at=trip.requested_at,
        trip_id=trip.trip_id,
        seq=1,
        before="none",
        step=step,
        after=trip.state,
        attempt=1,
        actor=by.actor,
        reason=None,
        rider=trip.rider_id,
        driver=None,
    )
    await work.execute(
        _INSERT,
        {
            "trip_id": trip.trip_id, "rider_id": trip.rider_id, "quote_id": trip.quote_id,
            "booking_rule_id": trip.booking_rule_id, "state": trip.state, "slot": request.slot,
            "channel": request.channel, "pickup_lon": trip.pickup.lon,
            "pickup_lat": trip.pickup.lat, "dropoff_lon": trip.dropoff.lon,
            "dropoff_lat": trip.dropoff.lat, "pickup_zone": quote.zone_from,
            "dropoff_zone": quote.zone_to, "seats": quote.seats,
            "is_shared": quote.is_shared, "vehicle_class": quote.vehicle_class, "needs": list(quote.needs),
            "trip_metres": quote.metres, "trip_seconds": quote.seconds,
            "pay_minor": quote.driver_pay_minor, "total_minor": quote.total.minor,
            "currency": quote.total.currency, "pin": trip.pin, "pin_tries_left": trip.pin_tries_left,
            "requested_at": trip.requested_at, "booked_for": trip.booked_for,
            "matching_from": request.matching_from, "expires_at": trip.expires_at,
            "pickup_words": f"{trip.pickup.lat:.5f},{trip.pickup.lon:.5f} {quote.zone_from or ''}",
            "destination_words":
                f"{trip.dropoff.lat:.5f},{trip.dropoff.lon:.5f} {quote.zone_to or ''}",
            "taken_by": request.taken_by, "step": step, "actor": by.actor,
            "actor_id": by.actor_id, "event_id": event.event_id,
        },
    )  # fmt: skip
    work.announce(event)


_PIN_TRY = text("""
    UPDATE dispatch.trip SET pin_tries_left = pin_tries_left - 1 WHERE trip_id = :trip_id
""")


async def count_pin_try(work: UnitOfWork, trip_id: TripId) -> None:
    """Use up one of the driver's tries at the rider's PIN."""
    await work.execute(_PIN_TRY, {"trip_id": trip_id})


_EXPIRED = text("""
    SELECT trip_id FROM dispatch.trip
    WHERE state = 'matching' AND expires_at <= service_now() ORDER BY trip_id LIMIT 200
""")


async def list_expired(work: UnitOfWork) -> list[TripId]:
    """Trips still looking for a driver after their time."""
    return list((await work.execute(_EXPIRED)).scalars())


_EXCLUDE = text("""
    INSERT INTO dispatch.exclusion (trip_id, driver_id, because)
    VALUES (:trip_id, :driver_id, :because) ON CONFLICT DO NOTHING
""")


async def exclude(work: UnitOfWork, trip_id: TripId, driver_id: DriverId, because: str) -> None:
    """Leave a driver out for this trip, and for this trip alone."""
    await work.execute(_EXCLUDE, {"trip_id": trip_id, "driver_id": driver_id, "because": because})


def _trip(row: Row[Any]) -> Trip:
    holder = None
    if row.driver_id is not None:
        holder = Holder(
            driver_id=DriverId(row.driver_id),
            vehicle_id=VehicleId(row.vehicle_id),
            run_id=RunId(row.run_id),
            shift_id=ShiftId(row.shift_id),
        )
    state = TripState(row.state)
    assert (row.ended_at is not None) == (state in FINAL_STATES)
    return Trip(
        trip_id=TripId(row.trip_id),
        rider_id=RiderId(row.rider_id),
        quote_id=QuoteId(row.quote_id),
        booking_rule_id=RuleId(row.booking_rule_id),
        state=state,
        last_seq=row.last_seq,
        attempt=row.attempt,
        pickup=Point(row.pickup_lon, row.pickup_lat),
        dropoff=Point(row.dropoff_lon, row.dropoff_lat),
        party=Party(riders=row.seats, is_shared=row.is_shared),
        direct_seconds=row.trip_seconds,
        pin=row.pin,
        pin_tries_left=row.pin_tries_left,
        requested_at=row.requested_at,
        booked_for=row.booked_for,
        expires_at=row.expires_at,
        state_since=row.state_since,
        holder=holder,
        assigned_at=row.assigned_at,
        arrived_at=row.arrived_at,
        boarded_at=row.boarded_at,
        ended_at=row.ended_at,
        stop_since=row.stop_since,
        stops=row.stops,
        stop_seconds=row.stop_seconds,
        waiting_seconds=row.waiting_seconds,
        end_reason=row.end_reason,
        payment=row.payment,
    )
