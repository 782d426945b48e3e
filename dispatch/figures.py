"""Figures of the city, computed from the tables: for the live page, for the report of a run.

Waits are service time, from the request (for a booked trip: from when its search began) to the
driver's arrival at the pick-up. `*_ms` are wall time.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from foundation.measures import Point
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class CityFigures:
    """How the city is doing, without a name, a plate or a trip in it."""

    trips_under_way: int
    riders_waiting: int
    oldest_wait_seconds: int
    mean_wait_seconds: float | None
    p95_wait_seconds: float | None
    offers_made: int
    offers_declined: int
    completed_today: int
    unfulfilled_today: int


_FIGURES = text("""
    WITH recent AS (
        SELECT extract(epoch FROM arrived_at - greatest(requested_at, matching_from)) AS wait
        FROM dispatch.trip WHERE arrived_at > service_now() - interval '15 minutes')
    SELECT
        count(*) FILTER (WHERE state IN ('assigned', 'arrived', 'on_board', 'at_stop')) AS under_way,
        count(*) FILTER (WHERE state = 'matching') AS waiting,
        coalesce(max(extract(epoch FROM service_now() - greatest(requested_at, matching_from)))
                 FILTER (WHERE state = 'matching'), 0) AS oldest,
        (SELECT avg(wait) FROM recent) AS mean_wait,
        (SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY wait) FROM recent) AS p95_wait
    FROM dispatch.trip WHERE ended_at IS NULL
""")
_COUNTS = text("""
    SELECT
        (SELECT count(*) FROM dispatch.offer
         WHERE made_at > service_now() - interval '15 minutes') AS made,
        (SELECT count(*) FROM dispatch.offer
         WHERE made_at > service_now() - interval '15 minutes' AND state = 'declined') AS declined,
        (SELECT count(*) FROM dispatch.trip WHERE state = 'completed'
            AND ended_at > service_now() - interval '24 hours') AS completed,
        (SELECT count(*) FROM dispatch.trip WHERE state = 'unfulfilled'
            AND ended_at > service_now() - interval '24 hours') AS unfulfilled
""")
_WAITING = text("""
    SELECT pickup_lon, pickup_lat, pickup_zone,
           extract(epoch FROM service_now() - greatest(requested_at, matching_from)) AS wait
    FROM dispatch.trip WHERE state IN ('matching', 'assigned', 'arrived')
    ORDER BY requested_at LIMIT 2000
""")
_MATCHING_BY_ZONE = text("""
    SELECT coalesce(pickup_zone, '') AS pickup_zone, count(*) AS waiting,
           max(extract(epoch FROM service_now() - greatest(requested_at, matching_from))) AS oldest
    FROM dispatch.trip WHERE state = 'matching'
    GROUP BY pickup_zone ORDER BY waiting DESC, oldest DESC, pickup_zone LIMIT :most
""")


async def city_figures(work: UnitOfWork) -> CityFigures:
    """The figures of this moment; waits over the last 15 minutes of service time."""
    now = (await work.execute(_FIGURES)).one()
    counts = (await work.execute(_COUNTS)).one()
    return CityFigures(
        trips_under_way=now.under_way,
        riders_waiting=now.waiting,
        oldest_wait_seconds=int(now.oldest),
        mean_wait_seconds=None if now.mean_wait is None else float(now.mean_wait),
        p95_wait_seconds=None if now.p95_wait is None else float(now.p95_wait),
        offers_made=counts.made,
        offers_declined=counts.declined,
        completed_today=counts.completed,
        unfulfilled_today=counts.unfulfilled,
    )


async def waiting_places(work: UnitOfWork) -> list[Point]:
    """Where riders wait; the entrance reduces the precision before anybody sees it."""
    return [Point(row.pickup_lon, row.pickup_lat) for row in await work.execute(_WAITING)]


async def queues_by_zone(work: UnitOfWork, *, most: int = 8) -> list[tuple[str, int, int]]:
    """Zones with riders nobody is on the way to yet: code, how many, longest wait in seconds."""
    found = await work.execute(_MATCHING_BY_ZONE, {"most": most})
    return [(row.pickup_zone, row.waiting, int(row.oldest)) for row in found]


_REPORT = text("""
    WITH waits AS (
        SELECT extract(epoch FROM arrived_at - greatest(requested_at, matching_from)) AS wait
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
# Two drivers hold one trip, or one driver holds two, at the same instant: counted from the
# assignments, whatever the constraints would have said.
_DOUBLE = text("""
    SELECT count(*) FROM dispatch.assignment a JOIN dispatch.assignment b
        ON (a.trip_id, a.attempt) < (b.trip_id, b.attempt)
       AND (a.trip_id = b.trip_id OR a.driver_id = b.driver_id)
       AND tstzrange(a.from_at, a.to_at) && tstzrange(b.from_at, b.to_at)
""")
# A trip is lost if it stands in a state that nothing will move it out of: past its time and still
# looking, held by a run that has ended, or not where its events left it.
_LOST = text("""
    SELECT count(*) FROM dispatch.trip WHERE
        (state IN ('requested', 'matching') AND expires_at < service_now() - interval '120 seconds')
        OR (state = 'requested' AND state_since < service_now() - interval '120 seconds')
        OR (state IN ('assigned', 'arrived', 'on_board', 'at_stop') AND NOT EXISTS (
                SELECT 1 FROM dispatch.run
                WHERE run.run_id = trip.run_id AND run.ended_at IS NULL))
        OR NOT EXISTS (
                SELECT 1 FROM dispatch.trip_event AS last
                WHERE last.trip_id = trip.trip_id AND last.seq = trip.last_seq
                  AND last.after = trip.state)
""")


async def run_report(work: UnitOfWork) -> dict[str, Any]:
    """What a run of the city came to, from the tables alone."""
    report: dict[str, Any] = {}
    for query in (_REPORT, _OFFERS, _ROUNDS):
        row = (await work.execute(query)).one()
        report |= {
            name: None if value is None else (value if isinstance(value, int) else float(value))
            for name, value in row._mapping.items()
        }
    report["double_assignments"] = (await work.execute(_DOUBLE)).scalar_one()
    report["lost_trips"] = (await work.execute(_LOST)).scalar_one()
    return report
