"""Booked trips that need somebody's help, without a person in them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from foundation.identifiers import TripId
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingAtRisk:
    """A booking that nobody has taken shortly before its time; where from, by zone."""

    trip_id: TripId
    wanted_at: datetime
    zone: str | None
    needs: tuple[str, ...]
    warned_at: datetime


_AT_RISK = text("""
    SELECT trip_id, booked_for, pickup_zone, needs, warned_at
    FROM dispatch.booking_warning JOIN dispatch.trip USING (trip_id)
    WHERE (trip.state = 'scheduled' OR trip.state = 'matching') AND booked_for IS NOT NULL
    ORDER BY booked_for, trip_id LIMIT 500
""")


async def list_at_risk(work: Reading) -> list[BookingAtRisk]:
    """Bookings of which rider and office were told, and that nobody has taken since."""
    return [
        BookingAtRisk(
            trip_id=TripId(row.trip_id),
            wanted_at=row.booked_for,
            zone=row.pickup_zone,
            needs=tuple(row.needs),
            warned_at=row.warned_at,
        )
        for row in await work.execute(_AT_RISK)
    ]
