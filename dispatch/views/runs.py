"""A driver's stops ahead, for the driver and for whoever waits at one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import DriverId, TripId
from foundation.measures import Point
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class StopView:
    """A stop ahead: `kind` is `pickup` or `dropoff`, `state` that of its trip.

    `expected_at` is when the car was expected there as the run was last planned; `latest_at` what a
    rider who shares was promised, None for others.
    """

    trip_id: TripId
    kind: str
    state: str
    at: Point
    zone: str | None
    seats: int
    is_shared: bool
    booked_for: datetime | None
    expected_at: datetime
    latest_at: datetime | None


_AHEAD = text("""
    SELECT stop.trip_id, kind, trip.state, trip.seats, is_shared, booked_for, expected_at, latest_at,
           CASE kind WHEN 'pickup' THEN pickup_lon ELSE dropoff_lon END AS lon,
           CASE kind WHEN 'pickup' THEN pickup_lat ELSE dropoff_lat END AS lat,
           CASE kind WHEN 'pickup' THEN pickup_zone ELSE dropoff_zone END AS zone
    FROM dispatch.run JOIN dispatch.run_stop AS stop USING (run_id)
    JOIN dispatch.trip ON trip.trip_id = stop.trip_id
    WHERE run.driver_id = :driver_id AND run.ended_at IS NULL AND done_at IS NULL
    ORDER BY place
""")


async def list_stops_ahead(work: Reading, driver_id: DriverId) -> Sequence[StopView]:
    """The driver's stops ahead, in order; none where no run is under way."""
    return [_stop(row) for row in await work.execute(_AHEAD, {"driver_id": driver_id})]


def _stop(row: Row[Any]) -> StopView:
    return StopView(
        trip_id=TripId(row.trip_id),
        kind=row.kind,
        state=row.state,
        at=Point(row.lon, row.lat),
        zone=row.zone,
        seats=row.seats,
        is_shared=row.is_shared,
        booked_for=row.booked_for,
        expected_at=row.expected_at,
        latest_at=row.latest_at,
    )
