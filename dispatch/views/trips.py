"""Read models for entrances: rows shaped for people, past the model.

Each takes who asks, and answers a foreign identifier as it answers an unknown one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from dispatch import errors
from dispatch.run import Planned, plan_from_json
from foundation.identifiers import UUID, DriverId, OfferId, RiderId, TripId, VehicleId
from foundation.measures import Point
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class TripView:
    """A trip as its rider, its driver or the office may read it; each entrance picks fields.

    `way` are the places that the driver still comes by before they are at the pick-up, in order,
    the pick-up last; empty but while the driver is on the way to it. `latest_pickup_at` and
    `latest_dropoff_at` are what a rider who shares was promised. `co_riders` counts other riders
    who are in the car now. `payment` is how it is paid, as it was booked.
    """

    trip_id: TripId
    rider_id: RiderId
    driver_id: DriverId | None
    vehicle_id: VehicleId | None
    state: str
    seq: int
    attempt: int
    pickup: Point
    dropoff: Point
    pickup_zone: str | None
    dropoff_zone: str | None
    seats: int
    vehicle_class: str
    needs: tuple[str, ...]
    metres: int
    seconds: int
    total_minor: int
    pay_minor: int
    currency: str
    pin: str
    requested_at: datetime
    booked_for: datetime | None
    expires_at: datetime
    assigned_at: datetime | None
    arrived_at: datetime | None
    boarded_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    pickup_seconds: int | None
    at_risk_since: datetime | None
    is_shared: bool
    way: tuple[Point, ...]
    latest_pickup_at: datetime | None
    latest_dropoff_at: datetime | None
    co_riders: int
    payment: str


_TRIP = """
    SELECT trip.*, customers.way_of(trip.trip_id) AS payment,
           (SELECT warned_at FROM dispatch.booking_warning
            WHERE booking_warning.trip_id = trip.trip_id
              AND trip.state IN ('scheduled', 'matching')) AS at_risk_since,
           CASE WHEN trip.state = 'assigned' THEN (
               SELECT jsonb_agg(
                   CASE stop.kind
                       WHEN 'pickup' THEN jsonb_build_array(other.pickup_lon, other.pickup_lat)
                       ELSE jsonb_build_array(other.dropoff_lon, other.dropoff_lat) END
                   ORDER BY stop.place)
               FROM dispatch.run_stop AS stop JOIN dispatch.trip AS other USING (trip_id)
               WHERE stop.run_id = trip.run_id AND stop.done_at IS NULL
                 AND stop.place <= (SELECT place FROM dispatch.run_stop AS own
                                    WHERE (own.run_id, own.trip_id, own.kind)
                                        = (trip.run_id, trip.trip_id, 'pickup')))
           END AS way,
           (SELECT latest_at FROM dispatch.run_stop AS stop
            WHERE (stop.run_id, stop.trip_id, stop.kind) = (trip.run_id, trip.trip_id, 'pickup'))
               AS latest_pickup_at,
           (SELECT latest_at FROM dispatch.run_stop AS stop
            WHERE (stop.run_id, stop.trip_id, stop.kind) = (trip.run_id, trip.trip_id, 'dropoff'))
               AS latest_dropoff_at,
           (SELECT coalesce(sum(other.seats), 0) FROM dispatch.trip AS other
            WHERE other.driver_id = trip.driver_id AND other.run_id = trip.run_id
              AND other.trip_id <> trip.trip_id AND trip.is_shared
              AND other.state IN ('on_board', 'at_stop')
              AND trip.state IN ('assigned', 'arrived', 'on_board', 'at_stop')) AS co_riders,
           (SELECT pickup_seconds FROM dispatch.offer
            WHERE offer.trip_id = trip.trip_id AND offer.attempt = trip.attempt
              AND offer.state = 'accepted') AS pickup_seconds
    FROM dispatch.trip
"""
_OF_RIDER = text(f"{_TRIP} WHERE trip_id = :trip_id AND rider_id = :person")
_OF_DRIVER = text(f"""
    {_TRIP} WHERE trip_id = :trip_id
      AND (driver_id = :person OR EXISTS (
          SELECT 1 FROM dispatch.assignment
          WHERE assignment.trip_id = trip.trip_id AND assignment.driver_id = :person))
""")
_CURRENT = text(f"""
    {_TRIP} WHERE trip_id = (
        SELECT trip_id FROM dispatch.run JOIN dispatch.run_stop USING (run_id)
        WHERE driver_id = :person AND ended_at IS NULL AND done_at IS NULL
        ORDER BY place LIMIT 1)
""")
_LIST_OF_RIDER = text(f"""
    {_TRIP} WHERE rider_id = :person ORDER BY requested_at DESC LIMIT :most
""")
_HELD_OF_RIDER = text(f"""
    {_TRIP} WHERE rider_id = :person AND state IN ('assigned', 'arrived', 'on_board', 'at_stop')
""")
_SHARED = text(f"""
    {_TRIP} JOIN dispatch.share_link USING (trip_id)
    WHERE digest = :digest AND (ended_at IS NULL OR ended_at > service_now() - interval '1 hour')
""")


async def trip_for_rider(work: Reading, trip_id: TripId, rider_id: RiderId) -> TripView:
    """The rider's own trip.

    Raises
    ------
    TripNotFound
    """
    return await _one(work, _OF_RIDER, trip_id, rider_id)


async def trip_for_driver(work: Reading, trip_id: TripId, driver_id: DriverId) -> TripView:
    """A trip the driver holds or held.

    Raises
    ------
    TripNotFound
    """
    return await _one(work, _OF_DRIVER, trip_id, driver_id)


async def _one(work: Reading, query: Any, trip_id: TripId, person: UUID) -> TripView:
    found = await work.execute(query, {"trip_id": trip_id, "person": person})
    row = found.one_or_none()
    if row is None:
        raise errors.TripNotFound(trip_id)
    return _trip_view(row)


async def find_current_trip(work: Reading, driver_id: DriverId) -> TripView | None:
    """The trip of the driver's next stop."""
    row = (await work.execute(_CURRENT, {"person": driver_id})).one_or_none()
    return None if row is None else _trip_view(row)


async def list_trips_of_rider(
    work: Reading, rider_id: RiderId, *, most: int = 50
) -> Sequence[TripView]:
    """The rider's trips, newest first."""
    found = await work.execute(_LIST_OF_RIDER, {"person": rider_id, "most": most})
    return [_trip_view(row) for row in found]


async def list_held_trips_of_rider(work: Reading, rider_id: RiderId) -> Sequence[TripView]:
    """The rider's trips that a driver serves now."""
    return [_trip_view(row) for row in await work.execute(_HELD_OF_RIDER, {"person": rider_id})]


async def shared_trip(work: Reading, digest: bytes) -> TripView:
    """The trip behind a share link; an ended one can still be seen for an hour.

    Raises
    ------
    ShareLinkNotFound
    """
    row = (await work.execute(_SHARED, {"digest": digest})).one_or_none()
    if row is None:
        raise errors.ShareLinkNotFound
    return _trip_view(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferView:
    """An offer as its driver sees it: pay, place, time and the reason, before accepting.

    No rider, no PIN and no tip is in it. `is_next_job` says that the driver has a trip under way, and
    this one would come after or between its stops; `plan` are then the stops ahead as they would be,
    empty for one that comes after all. `added_seconds` is how much longer they would be under way.
    """

    offer_id: OfferId
    trip_id: TripId
    attempt: int
    state: str
    made_at: datetime
    deadline: datetime
    pickup: Point
    dropoff: Point
    pickup_zone: str | None
    dropoff_zone: str | None
    pay_minor: int
    currency: str
    trip_metres: int
    trip_seconds: int
    pickup_seconds: int
    booked_for: datetime | None
    seats: int
    needs: tuple[str, ...]
    why: dict[str, Any]
    is_shared: bool
    is_next_job: bool
    added_seconds: int
    plan: tuple[Planned, ...]


_OFFER = """
    SELECT offer.offer_id, offer.trip_id, offer.attempt, offer.state, offer.made_at,
           offer.deadline, offer.pickup_seconds, offer.why, offer.plan, offer.added_seconds,
           offer.run_trips <> '{}' AS is_next_job, trip.is_shared, trip.pickup_lon, trip.pickup_lat,
           trip.dropoff_lon, trip.dropoff_lat, trip.pickup_zone, trip.dropoff_zone,
           trip.pay_minor, trip.currency, trip.trip_metres, trip.trip_seconds, trip.seats,
           trip.needs, trip.booked_for
    FROM dispatch.offer JOIN dispatch.trip USING (trip_id)
"""
_OPEN_OFFERS = text(f"""
    {_OFFER} WHERE offer.driver_id = :driver_id AND offer.state = 'made'
      AND offer.deadline > service_now()
""")
_ONE_OFFER = text(f"""
    {_OFFER} WHERE offer.offer_id = :offer_id AND offer.driver_id = :driver_id
""")


async def list_open_offers(work: Reading, driver_id: DriverId) -> Sequence[OfferView]:
    """What the driver may answer now; at most one (I5)."""
    found = await work.execute(_OPEN_OFFERS, {"driver_id": driver_id})
    return [_offer_view(row) for row in found]


async def offer_for_driver(work: Reading, offer_id: OfferId, driver_id: DriverId) -> OfferView:
    """One offer made to the driver.

    Raises
    ------
    OfferNotFound
    """
    found = await work.execute(_ONE_OFFER, {"offer_id": offer_id, "driver_id": driver_id})
    row = found.one_or_none()
    if row is None:
        raise errors.OfferNotFound(offer_id)
    return _offer_view(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftView:
    """A driver's open shift."""

    shift_id: UUID
    vehicle_id: VehicleId
    started_at: datetime
    ends_by: datetime


_SHIFT = text("""
    SELECT shift_id, vehicle_id, started_at, ends_by FROM dispatch.shift
    WHERE driver_id = :driver_id AND ended_at IS NULL
""")


async def find_shift(work: Reading, driver_id: DriverId) -> ShiftView | None:
    """The driver's open shift, if they are on duty."""
    row = (await work.execute(_SHIFT, {"driver_id": driver_id})).one_or_none()
    if row is None:
        return None
    return ShiftView(
        shift_id=row.shift_id,
        vehicle_id=VehicleId(row.vehicle_id),
        started_at=row.started_at,
        ends_by=row.ends_by,
    )


def _trip_view(row: Row[Any]) -> TripView:
    return TripView(
        payment=row.payment,
        trip_id=TripId(row.trip_id),
        rider_id=RiderId(row.rider_id),
        driver_id=row.driver_id,
        vehicle_id=row.vehicle_id,
        state=row.state,
        seq=row.last_seq,
        attempt=row.attempt,
        pickup=Point(row.pickup_lon, row.pickup_lat),
        dropoff=Point(row.dropoff_lon, row.dropoff_lat),
        pickup_zone=row.pickup_zone,
        dropoff_zone=row.dropoff_zone,
        seats=row.seats,
        vehicle_class=row.vehicle_class,
        needs=tuple(row.needs),
        metres=row.trip_metres,
        seconds=row.trip_seconds,
        total_minor=row.total_minor,
        pay_minor=row.pay_minor,
        currency=row.currency,
        pin=row.pin,
        requested_at=row.requested_at,
        booked_for=row.booked_for,
        expires_at=row.expires_at,
        assigned_at=row.assigned_at,
        arrived_at=row.arrived_at,
        boarded_at=row.boarded_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        pickup_seconds=row.pickup_seconds,
        at_risk_since=row.at_risk_since,
        is_shared=row.is_shared,
        way=tuple(Point(lon, lat) for lon, lat in row.way or ()),
        latest_pickup_at=row.latest_pickup_at,
        latest_dropoff_at=row.latest_dropoff_at,
        co_riders=row.co_riders,
    )


def _offer_view(row: Row[Any]) -> OfferView:
    return OfferView(
        offer_id=OfferId(row.offer_id),
        trip_id=TripId(row.trip_id),
        attempt=row.attempt,
        state=row.state,
        made_at=row.made_at,
        deadline=row.deadline,
        pickup=Point(row.pickup_lon, row.pickup_lat),
        dropoff=Point(row.dropoff_lon, row.dropoff_lat),
        pickup_zone=row.pickup_zone,
        dropoff_zone=row.dropoff_zone,
        pay_minor=row.pay_minor,
        currency=row.currency,
        trip_metres=row.trip_metres,
        trip_seconds=row.trip_seconds,
        pickup_seconds=row.pickup_seconds,
        booked_for=row.booked_for,
        seats=row.seats,
        needs=tuple(row.needs),
        why=row.why,
        is_shared=row.is_shared,
        is_next_job=row.is_next_job,
        added_seconds=row.added_seconds,
        plan=plan_from_json(row.plan),
    )
