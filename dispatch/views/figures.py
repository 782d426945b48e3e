"""Figures of the city, computed from the tables: for the live page, for the report of a run.

Waits are service time, from the request (for a booked trip: from the wanted time, and none if the car
was there before) to the driver's arrival at the pick-up. `*_ms` are wall time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import DriverId
from foundation.measures import Point
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """Counts since an instant, the city's midnight as a rule."""

    completed: int
    unfulfilled: int
    cancelled: int
    offers_made: int
    offers_accepted: int
    offers_declined: int
    offers_lapsed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Waits of trips whose car arrived within a window; None where there was none."""

    mean_seconds: float | None
    p95_seconds: float | None
    trips: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A rider who waits: where, in which zone, since how many seconds, with a driver or not."""

    place: Point
    zone: str | None
    seconds: int
    has_driver: bool


_TODAY = text("""
    SELECT count(*) FILTER (WHERE state = 'completed') AS completed,
           count(*) FILTER (WHERE state = 'unfulfilled') AS unfulfilled,
           count(*) FILTER (WHERE state IN ('cancelled_by_rider', 'cancelled_by_operator'))
               AS cancelled
    FROM dispatch.trip WHERE ended_at >= :since
""")
_OFFERS_TODAY = text("""
    SELECT count(*) AS made,
           count(*) FILTER (WHERE state = 'accepted') AS accepted,
           count(*) FILTER (WHERE state = 'declined') AS declined,
           count(*) FILTER (WHERE state = 'lapsed') AS lapsed
    FROM dispatch.offer WHERE made_at >= :since
""")
_WAITS = text("""
    WITH recent AS (
        SELECT greatest(0, extract(epoch FROM arrived_at - coalesce(booked_for, matching_from))) AS wait
        FROM dispatch.trip
        WHERE arrived_at > service_now() - make_interval(secs => :window))
    SELECT avg(wait) AS mean, count(*) AS trips,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY wait) AS p95
    FROM recent
""")
_BY_MINUTE = text("""
    SELECT CAST(floor(extract(epoch FROM service_now() - arrived_at) / 60) AS integer) AS ago,
           avg(greatest(0, extract(epoch FROM arrived_at - coalesce(booked_for, matching_from)))) AS mean
    FROM dispatch.trip
    WHERE arrived_at > service_now() - make_interval(mins => :minutes)
    GROUP BY ago
""")
_WAITING = text("""
    SELECT pickup_lon, pickup_lat, pickup_zone, state <> 'matching' AS has_driver,
           extract(epoch FROM service_now() - coalesce(booked_for, matching_from)) AS wait
    FROM dispatch.trip WHERE state IN ('matching', 'assigned', 'arrived')
    ORDER BY requested_at LIMIT 5000
""")
_ON_BOARD = text("SELECT count(*) FROM dispatch.trip WHERE state IN ('on_board', 'at_stop')")


async def today(work: UnitOfWork, since: datetime) -> Today:
    """How trips and offers ended since `since`."""
    trips = (await work.execute(_TODAY, {"since": since})).one()
    offers = (await work.execute(_OFFERS_TODAY, {"since": since})).one()
    return Today(
        completed=trips.completed,
        unfulfilled=trips.unfulfilled,
        cancelled=trips.cancelled,
        offers_made=offers.made,
        offers_accepted=offers.accepted,
        offers_declined=offers.declined,
        offers_lapsed=offers.lapsed,
    )


async def waits(work: UnitOfWork, *, window_seconds: int) -> Waits:
    """Waits of the trips whose car arrived in the last `window_seconds` of service time."""
    row = (await work.execute(_WAITS, {"window": window_seconds})).one()
    return Waits(
        mean_seconds=None if row.mean is None else float(row.mean),
        p95_seconds=None if row.p95 is None else float(row.p95),
        trips=row.trips,
    )


async def mean_waits_by_minute(work: UnitOfWork, *, minutes: int) -> list[float | None]:
    """Mean wait of each of the last `minutes` minutes, oldest first; None where none arrived."""
    found = {
        row.ago: float(row.mean) for row in await work.execute(_BY_MINUTE, {"minutes": minutes})
    }
    return [found.get(ago) for ago in range(minutes - 1, -1, -1)]


async def list_waiting(work: UnitOfWork) -> list[Waiting]:
    """Riders who wait; the entrance reduces the precision before anybody sees it."""
    return [
        Waiting(
            place=Point(row.pickup_lon, row.pickup_lat),
            zone=row.pickup_zone,
            seconds=max(0, int(row.wait)),
            has_driver=row.has_driver,
        )
        for row in await work.execute(_WAITING)
    ]


async def count_on_board(work: UnitOfWork) -> int:
    """Trips with the rider on board."""
    return int((await work.execute(_ON_BOARD)).scalar_one())


_ON_SHIFT = text("""
    SELECT coalesce(sum(extract(epoch FROM coalesce(ended_at, service_now())
                                           - greatest(started_at, :since))), 0)
    FROM dispatch.shift
    WHERE driver_id = ANY(CAST(:driver_ids AS uuid[]))
      AND coalesce(ended_at, service_now()) > :since
""")


async def seconds_on_shift(
    work: UnitOfWork, driver_ids: Sequence[DriverId], *, since: datetime
) -> float:
    """How long these drivers were on shift since an instant, all together."""
    found = await work.execute(_ON_SHIFT, {"driver_ids": list(driver_ids), "since": since})
    return float(found.scalar_one())


# A promise is about the car: it is at the kerb in time; and at the end, but for what it waited for
# this very rider (`dispatch.promise`).
_REPORT = text("""
    WITH waits AS (
        SELECT greatest(0, extract(epoch FROM arrived_at - coalesce(booked_for, matching_from))) AS wait
        FROM dispatch.trip WHERE arrived_at IS NOT NULL)
    SELECT
        count(*) AS trips_requested,
        count(*) FILTER (WHERE state = 'completed') AS trips_completed,
        count(*) FILTER (WHERE state = 'unfulfilled') AS trips_unfulfilled,
        count(*) FILTER (WHERE state IN ('cancelled_by_rider', 'cancelled_by_operator'))
            AS trips_cancelled,
        count(*) FILTER (WHERE state = 'no_show') AS trips_no_show,
        count(*) FILTER (WHERE state = 'aborted') AS trips_aborted,
        count(*) FILTER (WHERE ended_at IS NULL) AS trips_open,
        count(*) FILTER (WHERE is_shared) AS trips_asked_to_share,
        count(*) FILTER (WHERE EXISTS (
            SELECT 1 FROM dispatch.trip AS other
            WHERE other.run_id = trip.run_id AND other.trip_id <> trip.trip_id
              AND tstzrange(other.boarded_at, other.ended_at)
                  && tstzrange(trip.boarded_at, trip.ended_at)
              AND other.boarded_at IS NOT NULL AND trip.boarded_at IS NOT NULL))
            AS trips_with_company,
        (SELECT count(*) FROM dispatch.assignment JOIN dispatch.run USING (run_id)
         WHERE from_at > started_at) AS trips_that_joined_a_run,
        (SELECT count(*) FROM dispatch.run_stop AS stop JOIN dispatch.trip AS own USING (trip_id)
         WHERE CASE kind
             WHEN 'pickup' THEN coalesce(own.arrived_at, CAST(:at AS timestamptz)) > latest_at
             ELSE coalesce(done_at, CAST(:at AS timestamptz))
                  > latest_at + coalesce(own.boarded_at - own.arrived_at, interval '0')
         END) AS promises_broken,
        (SELECT avg(wait) FROM waits) AS mean_wait_seconds,
        (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY wait) FROM waits) AS p95_wait_seconds
    FROM dispatch.trip
""")
_OFFERS = text("""
    SELECT count(*) AS offers_made,
           count(*) FILTER (WHERE state = 'accepted') AS offers_accepted,
           count(*) FILTER (WHERE state = 'declined') AS offers_declined,
           count(*) FILTER (WHERE state = 'lapsed') AS offers_lapsed,
           count(*) FILTER (WHERE state = 'withdrawn') AS offers_withdrawn
    FROM dispatch.offer
""")
_ROUNDS = text("""
    SELECT count(*) AS rounds,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY total_ms) AS round_ms_p50,
           percentile_cont(0.99) WITHIN GROUP (ORDER BY total_ms) AS round_ms_p99
    FROM dispatch.round
""")
# At the same instant two drivers hold one trip, or one driver has two runs, or a rider who does not
# share has company, or more riders are on board than the car has seats: counted from what happened,
# whatever the constraints would have said.
_DOUBLE = text("""
    WITH aboard AS (
        SELECT trip_id, run_id, is_shared, trip.seats, boarded_at, ended_at,
               tstzrange(boarded_at, ended_at) AS during
        FROM dispatch.trip WHERE boarded_at IS NOT NULL)
    SELECT (
        SELECT count(*) FROM dispatch.assignment a JOIN dispatch.assignment b
            ON (a.trip_id, a.attempt) < (b.trip_id, b.attempt)
           AND (a.trip_id = b.trip_id OR (a.driver_id = b.driver_id AND a.run_id <> b.run_id))
           AND tstzrange(a.from_at, a.to_at) && tstzrange(b.from_at, b.to_at)
    ) + (
        SELECT count(*) FROM aboard a JOIN aboard b
            ON a.run_id = b.run_id AND a.trip_id < b.trip_id AND a.during && b.during
           AND NOT (a.is_shared AND b.is_shared)
    ) + (
        SELECT count(*) FROM aboard a JOIN dispatch.run USING (run_id)
        WHERE run.seats < (SELECT sum(b.seats) FROM aboard b
                           WHERE b.run_id = a.run_id AND b.during @> a.boarded_at)
    )
""")
# A trip is lost if it stands in a state that nothing will move it out of: past its time and still
# looking or not yet looking, offered and never ended, held by a run that has ended, or not where
# its events left it.
_LOST = text("""
    SELECT count(*) FROM dispatch.trip WHERE
        (state IN ('requested', 'matching') AND expires_at < CAST(:at AS timestamptz) - interval '120 seconds')
        OR (state = 'requested' AND state_since < CAST(:at AS timestamptz) - interval '120 seconds')
        OR (state = 'scheduled' AND matching_from < CAST(:at AS timestamptz) - interval '120 seconds')
        OR EXISTS (
                SELECT 1 FROM dispatch.offer
                WHERE offer.trip_id = trip.trip_id AND offer.state = 'made'
                  AND offer.deadline < CAST(:at AS timestamptz) - interval '120 seconds')
        OR (state IN ('assigned', 'arrived', 'on_board', 'at_stop') AND NOT EXISTS (
                SELECT 1 FROM dispatch.run
                WHERE run.run_id = trip.run_id AND run.ended_at IS NULL))
        OR NOT EXISTS (
                SELECT 1 FROM dispatch.trip_event AS last
                WHERE last.trip_id = trip.trip_id AND last.seq = trip.last_seq
                  AND last.after = trip.state)
""")


async def run_report(work: UnitOfWork, *, at: datetime | None = None) -> dict[str, Any]:
    """What a run of the city came to, from the tables alone.

    Parameters
    ----------
    at
        When it is judged what should have happened by then: the end of the run, if the service did
        not live on; None for now.
    """
    report: dict[str, Any] = {}
    judged = {"at": at or work.now}
    for query in (_REPORT, _OFFERS, _ROUNDS):
        row = (await work.execute(query, judged if query is _REPORT else {})).one()
        report |= {
            name: None if value is None else (value if isinstance(value, int) else float(value))
            for name, value in row._mapping.items()
        }
    report["double_assignments"] = (await work.execute(_DOUBLE)).scalar_one()
    report["lost_trips"] = (await work.execute(_LOST, judged)).scalar_one()
    return report
