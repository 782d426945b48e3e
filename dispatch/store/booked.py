"""Trips booked ahead: those whose search may begin, and those that nobody has taken yet."""

from sqlalchemy import text

from dispatch.booked import Scheduled, Wait, Waits
from foundation.identifiers import TripId
from storage.work import UnitOfWork

LATELY_SECONDS = 3600
"""Waits of the last hour tell what to expect."""

_SCHEDULED = text("""
    SELECT trip_id, booked_for AS wanted_at, matching_from, pickup_zone AS zone
    FROM dispatch.trip
    WHERE state = 'scheduled'
      AND (matching_from <= service_now()
           OR booked_for <= service_now() + make_interval(secs => :lead_max))
    ORDER BY matching_from, trip_id LIMIT 500
""")
# Whoever was given up waited as long as they were let wait. Whoever cancelled, or still waits,
# tells nothing yet.
_WAITS = text("""
    SELECT pickup_zone AS zone, grouping(pickup_zone) = 1 AS is_city, count(*) AS riders,
           CAST(ceil(percentile_disc(CAST(:percentile AS integer) / 100.0) WITHIN GROUP (
               ORDER BY extract(epoch FROM coalesce(arrived_at, expires_at) - matching_from)))
               AS integer) AS seconds
    FROM dispatch.trip
    WHERE booked_for IS NULL AND matching_from > service_now() - make_interval(secs => :lately)
      AND (arrived_at IS NOT NULL OR state = 'unfulfilled')
    GROUP BY GROUPING SETS ((pickup_zone), ())
    HAVING count(*) > 0
""")
_UNWARNED = text("""
    SELECT trip_id FROM dispatch.trip
    WHERE booked_for IS NOT NULL AND (state = 'scheduled' OR state = 'matching')
      AND booked_for <= service_now() + make_interval(secs => :warn)
      AND NOT EXISTS (SELECT 1 FROM dispatch.booking_warning
                      WHERE booking_warning.trip_id = trip.trip_id)
    ORDER BY booked_for, trip_id LIMIT 200
""")
_WARN = text("""
    INSERT INTO dispatch.booking_warning (trip_id, warned_at) VALUES (:trip_id, :now)
    ON CONFLICT DO NOTHING RETURNING trip_id
""")


async def list_scheduled(work: UnitOfWork, *, lead_max_seconds: int) -> list[Scheduled]:
    """Booked trips whose search begins now or may, longest due first."""
    found = await work.execute(_SCHEDULED, {"lead_max": lead_max_seconds})
    return [Scheduled(**row._mapping) for row in found]


async def recent_waits(work: UnitOfWork, *, percentile: int) -> Waits:
    """A percentile of what riders of the last hour waited for a car, in the city and by zone."""
    found = await work.execute(_WAITS, {"percentile": percentile, "lately": LATELY_SECONDS})
    city, zones = None, {}
    for row in found:
        wait = Wait(seconds=row.seconds, riders=row.riders)
        if row.is_city:
            city = wait
        elif row.zone is not None:
            zones[row.zone] = wait
    return Waits(city=city, zones=zones)


async def list_unwarned(work: UnitOfWork, *, warn_seconds: int) -> list[TripId]:
    """Booked trips wanted within `warn_seconds` that nobody has taken, told to nobody yet."""
    return list((await work.execute(_UNWARNED, {"warn": warn_seconds})).scalars())


async def insert_warning(work: UnitOfWork, trip_id: TripId) -> bool:
    """Keep that rider and office were told; False if they were before."""
    found = await work.execute(_WARN, {"trip_id": trip_id, "now": work.now})
    return found.scalar_one_or_none() is not None
