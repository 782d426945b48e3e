"""Rows of dispatch written by hand, right or wrong, past every service: to try what is refused."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid5

import orjson
import psycopg
import pytest

BOTH = ("khan_app", "owner")
"""The role the service has, and the owner of the tables, for whom only constraints stand."""

Statement = tuple[str, dict[str, Any]]

ANNOUNCED = """
    INSERT INTO storage.outbox (event_id, topic, key, kind, occurred_at, payload)
    VALUES (%(event_id)s, %(topic)s, %(key)s, 'by_hand', service_now(), '{}')
"""
EVENT = """
    INSERT INTO dispatch.trip_event (
        trip_id, seq, before, step, after, attempt, actor, driver_id, occurred_at, event_id)
    VALUES (%(trip_id)s, %(seq)s, %(before)s, %(step)s, %(after)s, %(attempt)s, 'system',
            %(driver_id)s, service_now(), %(event_id)s)
"""


def moved(columns: Sequence[str]) -> str:
    """The change of a trip's state, and of other columns with it."""
    more = "".join(f", {name} = %({name})s" for name in columns)
    return (
        f"UPDATE dispatch.trip SET state = %(after)s, last_seq = %(seq)s, "
        f"state_since = service_now(){more} WHERE trip_id = %(trip_id)s"
    )


def step(
    trip_id: UUID, seq: int, moves: str, *, attempt: int = 1, **columns: Any
) -> list[Statement]:
    """A whole step: its row in the outbox, its event, its trip. `moves` is "before step after"."""
    before, name, after = moves.split()
    event_id = uuid5(trip_id, f"{seq} {moves}")
    values = {
        "topic": "trip", "key": str(event_id), "trip_id": trip_id, "seq": seq, "before": before, "step": name, "after": after,
        "attempt": attempt, "driver_id": None, "event_id": event_id,
    }  # fmt: skip
    return [
        (ANNOUNCED, values),
        (EVENT, values | columns),
        (moved(list(columns)), values | columns),
    ]


def write(address: str, *statements: Statement, role: str = "khan_app") -> list[tuple[Any, ...]]:
    """Everything in one transaction; the rows of the last statement."""
    with psycopg.connect(address) as connection, connection.transaction():
        if role != "owner":
            connection.execute(f"SET ROLE {role}")
        rows: list[tuple[Any, ...]] = []
        for statement, parameters in statements:
            cursor = connection.execute(statement, parameters)
            rows = cursor.fetchall() if cursor.description else []
        return rows


def refuses(
    address: str, constraint: str, *statements: Statement, roles: Sequence[str] = BOTH
) -> None:
    """Every one of the roles is refused by that constraint, wherever in the transaction."""
    for role in roles:
        with pytest.raises(psycopg.errors.IntegrityError) as caught:
            write(address, *statements, role=role)
        assert caught.value.diag.constraint_name == constraint, (role, caught.value)


def not_permitted(address: str, *statements: Statement, role: str = "khan_app") -> None:
    """The role has no right to it at all; the statements are tried one by one."""
    for statement in statements:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            write(address, statement, role=role)


def damage(address: str, *statements: str) -> None:
    """What only an owner with every check switched off could do; for checks of the checkers."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement)


def copied(table: str, key: str, row: UUID, **changes: Any) -> Statement:
    """A new row like the one of that key, but for the changes."""
    return (
        f"INSERT INTO dispatch.{table} SELECT (jsonb_populate_record(was, CAST(%(changes)s AS jsonb))).*"
        f" FROM dispatch.{table} AS was WHERE {key} = %(row)s",
        {"changes": orjson.dumps(changes, default=str).decode(), "row": row},
    )


def announced(topic: str, key: str) -> Statement:
    """The row in the outbox that tells of a change."""
    event_id = uuid5(UUID(int=0), f"{topic} {key}")
    return ANNOUNCED, {"event_id": event_id, "topic": topic, "key": key}


def ended(offer_id: UUID, state: str) -> Statement:
    """The offer's own end, announced."""
    told, values = announced("offer", f"{offer_id}:offer_{state}")
    return (
        f"WITH told AS ({told}) UPDATE dispatch.offer SET state = %(state)s,"
        " ended_at = service_now() WHERE offer_id = %(offer_id)s",
        values | {"offer_id": offer_id, "state": state},
    )


def accepted(offer_id: UUID) -> Statement:
    """The offer's own change to `accepted`, announced."""
    return ended(offer_id, "accepted")


def begun(run_id: UUID, driver_id: UUID, shift_id: UUID) -> Statement:
    """A run that begins."""
    return (
        "INSERT INTO dispatch.run (run_id, driver_id, shift_id) VALUES (%(r)s, %(d)s, %(s)s)",
        {"r": run_id, "d": driver_id, "s": shift_id},
    )


def held(
    trip_id: UUID, driver_id: UUID, vehicle_id: UUID, run_id: UUID, *, attempt: int = 1
) -> Statement:
    """An assignment that begins."""
    return (
        "INSERT INTO dispatch.assignment (trip_id, attempt, driver_id, vehicle_id, run_id, from_at)"
        " VALUES (%(t)s, %(a)s, %(d)s, %(v)s, %(r)s, service_now())",
        {"t": trip_id, "a": attempt, "d": driver_id, "v": vehicle_id, "r": run_id},
    )


def stopping(run_id: UUID, trip_id: UUID, *, pickup: int, dropoff: int) -> Statement:
    """A trip's two stops in a run, at those places."""
    return (
        "INSERT INTO dispatch.run_stop (run_id, trip_id, kind, place, expected_at) VALUES"
        " (%(r)s, %(t)s, 'pickup', %(p)s, service_now()),"
        " (%(r)s, %(t)s, 'dropoff', %(d)s, service_now())",
        {"r": run_id, "t": trip_id, "p": pickup, "d": dropoff},
    )


def seated(
    run_id: UUID, trip_id: UUID, *, seats: tuple[int, int], stops: tuple[int, int], nth: int = 1
) -> Statement:
    """Seats of a run's car claimed for a trip; both ranges are from the first to before the last."""
    return (
        "INSERT INTO dispatch.seat_claim (run_id, trip_id, nth, car_seats, seats, stops)"
        " SELECT %(r)s, %(t)s, %(n)s, seats, int4range(%(low)s, %(high)s),"
        " int4range(%(a)s, %(b)s) FROM dispatch.run WHERE run_id = %(r)s",
        {"r": run_id, "t": trip_id, "n": nth, "low": seats[0], "high": seats[1], "a": stops[0],
         "b": stops[1]},
    )  # fmt: skip


def left(trip_id: UUID) -> list[Statement]:
    """A trip's stops are done, its rider out of the car."""
    return [
        ("UPDATE dispatch.run_stop SET done_at = service_now() WHERE trip_id = %(t)s",
         {"t": trip_id}),
    ]  # fmt: skip
