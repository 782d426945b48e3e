"""One step of a trip, stored: the row, its event, and what the step does to its driver's run.

All of it is one statement. The database judges it at the commit (I2, I3, I9).
"""

from typing import Any

from sqlalchemy import text

from dispatch import run as runs
from dispatch.events import event_of
from dispatch.run import Run
from dispatch.store.runs import lock_run
from dispatch.trip import HELD_STATES, Step, Trip, TripStep
from foundation.identifiers import EventId, TripId
from storage.work import UnitOfWork

_SET = """
    UPDATE dispatch.trip SET
        state = :state, last_seq = CAST(:seq AS integer), attempt = :attempt, driver_id = :driver_id,
        vehicle_id = :vehicle_id, run_id = :run_id, state_since = :state_since,
        assigned_at = :assigned_at, arrived_at = :arrived_at,
        boarded_at = :boarded_at, ended_at = :ended_at, stop_since = :stop_since, stops = :stops,
        stop_seconds = :stop_seconds, waiting_seconds = :waiting_seconds,
        end_reason = :end_reason, metres_driven = coalesce(CAST(:metres AS integer), metres_driven)
    WHERE trip_id = :trip_id AND last_seq = CAST(:seq AS integer) - 1
    RETURNING trip_id
"""
_EVENT = """
    INSERT INTO dispatch.trip_event (
        trip_id, seq, before, step, after, attempt, actor, actor_id, driver_id, reason,
        occurred_at, event_id)
    SELECT trip_id, CAST(:seq AS integer), CAST(:before AS text), CAST(:step AS text),
           CAST(:state AS text), CAST(:event_attempt AS integer), CAST(:actor AS text),
           CAST(:actor_id AS uuid), CAST(:event_driver_id AS uuid), CAST(:reason AS text),
           CAST(:state_since AS timestamptz), CAST(:event_id AS uuid)
    FROM moved
"""
# Promises stay as they were made; what is done stays done.
_PLAN = """
    planned AS (
        INSERT INTO dispatch.run_stop AS stop (
            run_id, trip_id, kind, place, expected_at, latest_at, done_at)
        SELECT CAST(:of_run AS uuid), given.* FROM unnest(
            CAST(:stop_trips AS uuid[]), CAST(:kinds AS text[]), CAST(:places AS integer[]),
            CAST(:expected AS timestamptz[]), CAST(:latest AS timestamptz[]),
            CAST(:done AS timestamptz[])) AS given
        ON CONFLICT (run_id, trip_id, kind) DO UPDATE SET
            place = excluded.place, expected_at = excluded.expected_at,
            done_at = coalesce(stop.done_at, excluded.done_at)),
    dropped AS (
        DELETE FROM dispatch.run_stop WHERE run_id = :of_run AND trip_id = :dropped),
    claimed AS (
        INSERT INTO dispatch.seat_claim (run_id, trip_id, nth, car_seats, seats, stops)
        SELECT CAST(:of_run AS uuid), trip_id, nth, CAST(:car_seats AS smallint),
               int4range(low, high), int4range(from_place, to_place)
        FROM unnest(
            CAST(:claim_trips AS uuid[]), CAST(:nths AS smallint[]), CAST(:lows AS integer[]),
            CAST(:highs AS integer[]), CAST(:froms AS integer[]), CAST(:tos AS integer[]))
            AS given (trip_id, nth, low, high, from_place, to_place)
        ON CONFLICT (run_id, trip_id, nth) DO UPDATE SET
            seats = excluded.seats, stops = excluded.stops),
    unclaimed AS (
        DELETE FROM dispatch.seat_claim AS claim
        WHERE run_id = :of_run AND trip_id = ANY (CAST(:replanned AS uuid[]))
          AND NOT EXISTS (
              SELECT 1 FROM unnest(CAST(:claim_trips AS uuid[]), CAST(:nths AS smallint[]))
                  AS given (trip_id, nth)
              WHERE (given.trip_id, given.nth) = (claim.trip_id, claim.nth)))
"""
_SAVE = text(f"WITH moved AS ({_SET}) {_EVENT}")
_SAVE_BOARDED = text(f"""
    WITH moved AS ({_SET}),
    on_board AS (
        UPDATE dispatch.run_stop SET done_at = :state_since
        WHERE run_id = :run_id AND trip_id = :trip_id AND kind = 'pickup')
    {_EVENT}
""")
_SAVE_HELD = text(f"""
    WITH begun AS (
        INSERT INTO dispatch.run (run_id, driver_id, shift_id, started_at)
        SELECT CAST(:of_run AS uuid), CAST(:driver_id AS uuid), CAST(:shift_id AS uuid),
               CAST(:state_since AS timestamptz)
        WHERE CAST(:is_new AS boolean)),
    moved AS ({_SET}),
    held AS (
        INSERT INTO dispatch.assignment (trip_id, attempt, driver_id, vehicle_id, run_id, from_at)
        SELECT trip_id, CAST(:attempt AS integer), CAST(:driver_id AS uuid), CAST(:vehicle_id AS uuid),
               CAST(:run_id AS uuid), CAST(:state_since AS timestamptz)
        FROM moved),
    {_PLAN}
    {_EVENT}
""")
_SAVE_LET_GO = text(f"""
    WITH let_go AS (
        UPDATE dispatch.assignment SET to_at = :state_since
        WHERE trip_id = :trip_id AND to_at IS NULL),
    ended AS (
        UPDATE dispatch.run SET ended_at = :state_since
        WHERE run_id = :of_run AND CAST(:is_over AS boolean)),
    moved AS ({_SET}),
    {_PLAN}
    {_EVENT}
""")


async def save_step(
    work: UnitOfWork, trip: Trip, fact: TripStep, *, metres_driven: int | None = None
) -> None:
    """Store a step that leaves the trip with its driver, or without one, as it was; announce it.

    A rider who boards has their stop done.
    """
    assert (fact.before in HELD_STATES) == (fact.after in HELD_STATES)
    statement = _SAVE_BOARDED if fact.step is Step.BOARD else _SAVE
    await _save(work, statement, _columns(trip, fact, metres_driven), fact)


async def save_taken(work: UnitOfWork, trip: Trip, fact: TripStep, *, run: Run) -> None:
    """Store an acceptance: the assignment begins, and `run` with it or with a trip more."""
    holder = trip.holder
    assert holder is not None
    assert holder.run_id == run.run_id
    parameters = _columns(trip, fact, None) | _plan(run)
    parameters |= {"shift_id": holder.shift_id, "is_new": run.is_new, "dropped": None}
    await _save(work, _SAVE_HELD, parameters, fact)


async def save_let_go(
    work: UnitOfWork, trip: Trip, fact: TripStep, *, metres_driven: int | None = None
) -> Run:
    """Store a step out of a driver's hands: the assignment ends, and with its last trip the run.

    Returns
    -------
    Run
        As it stood before.
    """
    assert fact.driver_id is not None
    run = await lock_run(work, fact.driver_id)
    is_delivered = fact.step in (Step.COMPLETE, Step.ABORT)
    after = (
        runs.delivered(run, trip.trip_id, now=trip.state_since)
        if is_delivered
        else runs.without(run, trip.trip_id)
    )
    parameters = _columns(trip, fact, metres_driven)
    parameters |= _plan(after, delivered=trip.trip_id if is_delivered else None)
    parameters |= {
        "is_over": not after.ahead,
        "dropped": None if is_delivered else trip.trip_id,
        "replanned": [*after.trips_ahead, trip.trip_id],
    }
    await _save(work, _SAVE_LET_GO, parameters, fact)
    return run


async def _save(
    work: UnitOfWork, statement: Any, parameters: dict[str, Any], fact: TripStep
) -> None:
    event = event_of(fact, EventId(work.new_id()))
    result = await work.execute(statement, parameters | {"event_id": event.event_id})
    assert result.rowcount == 1, "the trip changed although it was locked"
    work.announce(event)


def _columns(trip: Trip, fact: TripStep, metres_driven: int | None) -> dict[str, Any]:
    holder = trip.holder
    return {
        "trip_id": trip.trip_id, "state": trip.state, "seq": trip.last_seq,
        "attempt": trip.attempt, "driver_id": holder.driver_id if holder else None,
        "vehicle_id": holder.vehicle_id if holder else None,
        "run_id": holder.run_id if holder else None, "state_since": trip.state_since,
        "assigned_at": trip.assigned_at,
        "arrived_at": trip.arrived_at, "boarded_at": trip.boarded_at, "ended_at": trip.ended_at,
        "stop_since": trip.stop_since, "stops": trip.stops, "stop_seconds": trip.stop_seconds,
        "waiting_seconds": trip.waiting_seconds, "end_reason": trip.end_reason,
        "metres": metres_driven, "before": fact.before, "step": fact.step,
        "event_attempt": fact.attempt, "actor": fact.actor, "actor_id": fact.actor_id,
        "event_driver_id": fact.driver_id, "reason": fact.reason,
    }  # fmt: skip


def _plan(run: Run, *, delivered: TripId | None = None) -> dict[str, Any]:
    """The stops and seats of a run as the statement takes them; what is long done stays out."""
    claims = run.claims(also=delivered)
    stops = [stop for stop in run.stops if stop.done_at is None or stop.trip_id == delivered]
    return {
        "of_run": run.run_id,
        "car_seats": run.seats,
        "stop_trips": [stop.trip_id for stop in stops],
        "kinds": [stop.kind for stop in stops],
        "places": [stop.place for stop in stops],
        "expected": [stop.expected_at for stop in stops],
        "latest": [stop.latest_at for stop in stops],
        "done": [stop.done_at for stop in stops],
        "claim_trips": [claim.trip_id for claim in claims],
        "nths": [claim.nth for claim in claims],
        "lows": [claim.block[0] for claim in claims],
        "highs": [claim.block[1] for claim in claims],
        "froms": [claim.from_place for claim in claims],
        "tos": [claim.to_place for claim in claims],
        "replanned": list(run.trips_ahead),
    }
