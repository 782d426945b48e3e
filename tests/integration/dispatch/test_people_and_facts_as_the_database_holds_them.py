"""I13 to I15 and I29 to I31: positions, decisions, announcements, and who looked at what."""

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from uuid import UUID, uuid5

import psycopg
import pytest

from dispatch.errors import PurposeNeeded
from dispatch.matching.round_input import RoundInput
from dispatch.matching.solo import decide
from dispatch.position import OnShift, Position, PositionBoard
from dispatch.round import Dispatcher
from dispatch.service import shifts
from dispatch.store.rounds import find_round
from dispatch.store.shifts import upsert_positions
from dispatch.views import staff as staff_views
from dispatch.views.staff import Reason
from foundation.identifiers import DriverId, RoundId
from foundation.measures import Point
from roads.straight_line import StraightLineEngine
from storage.engine import Database
from tests.dispatch_rows import (
    ANNOUNCED,
    Statement,
    announced,
    copied,
    not_permitted,
    refuses,
    step,
    write,
)
from tests.town import STATION, Town


def position_of(town: Town, driver_id: DriverId, seq: int) -> Statement:
    return (
        "INSERT INTO dispatch.position VALUES (%(d)s, %(s)s, %(seq)s, 6.1, 49.6, 90, service_now())"
        " ON CONFLICT (driver_id) DO UPDATE SET seq = excluded.seq, shift_id = excluded.shift_id",
        {"d": driver_id, "s": town.shifts[driver_id], "seq": seq},
    )


async def test_I13_a_key_has_one_answer(address: str) -> None:
    keep = "INSERT INTO storage.idempotency VALUES ('rita', 'key', %(f)s, 200, 'yes')"
    write(address, (keep, {"f": b"one"}))
    refuses(address, "idempotency_pkey", (keep, {"f": b"other"}))
    change = ("UPDATE storage.idempotency SET answer = 'no'", {})
    refuses(address, "append_only", change, roles=["owner"])
    not_permitted(address, change, ("DELETE FROM storage.idempotency", {}))


async def test_I14_an_older_position_is_not_stored(town: Town, address: str) -> None:
    driver_id = await town.driver()
    write(address, position_of(town, driver_id, 5))
    for seq in (5, 4):
        refuses(address, "i14_newer_positions_only", position_of(town, driver_id, seq))
    write(address, position_of(town, driver_id, 6))


async def test_I14_a_batch_with_older_positions_changes_nothing(town: Town, address: str) -> None:
    driver_id = await town.driver()

    async def report(seq: int, lon: float) -> None:
        async with town.database.work() as work:
            one = Position(
                driver_id=driver_id, shift_id=town.shifts[driver_id], seq=seq,
                point=Point(lon, 49.6), heading=0, at=work.now,
            )  # fmt: skip
            await upsert_positions(work, [one])

    for seq, lon in ((7, 6.1), (7, 6.2), (3, 6.3)):
        await report(seq, lon)
    kept: Statement = ("SELECT seq, lon FROM dispatch.position", {})
    assert write(address, kept) == [(7, 6.1)]
    await report(8, 6.4)
    assert write(address, kept) == [(8, 6.4)]


async def test_I30_no_position_off_shift(town: Town, address: str) -> None:
    driver_id = await town.driver()
    write(address, position_of(town, driver_id, 1))
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=town.shifts[driver_id], driver_id=driver_id)
    assert write(address, ("SELECT * FROM dispatch.position", {})) == []
    refuses(address, "i30_no_position_off_shift", position_of(town, driver_id, 2))
    never = await town.driver(on_shift=False)
    town.shifts[never] = town.shifts[driver_id]
    refuses(address, "i30_no_position_off_shift", position_of(town, never, 1))


def a_board(town: Town, driver_id: DriverId, at: Position) -> PositionBoard:
    board = PositionBoard()
    board.begin_shift(
        OnShift(
            driver_id=driver_id, shift_id=town.shifts[driver_id],
            vehicle_id=town.vehicles[driver_id], seats=4, vehicle_class="standard", equipment=(),
            started_at=at.at, ends_by=at.at + timedelta(hours=12), free_since=at.at, position=at,
        )
    )  # fmt: skip
    return board


async def test_I15_a_round_is_decided_again_from_what_was_stored(town: Town, address: str) -> None:
    driver_id = await town.driver()
    await town.trip()
    async with town.database.work() as work:
        at = Position(
            driver_id=driver_id, shift_id=town.shifts[driver_id], seq=1, point=STATION, heading=0,
            at=work.now,
        )  # fmt: skip
    dispatcher = Dispatcher(
        town.database, roads=StraightLineEngine(), network_digest="0" * 64,
        board=a_board(town, driver_id, at), stale_seconds=60,
    )  # fmt: skip
    assert (await dispatcher.run_round()).offers == 1
    ((round_id,),) = write(address, ("SELECT round_id FROM dispatch.round", {}))
    async with town.database.work() as work:
        stored = await find_round(work, RoundId(round_id))
    assert stored is not None
    seen = RoundInput.decode(stored.input)
    assert seen.digest == stored.input_digest
    again = decide(seen)
    assert (again.digest, again.encode()) == (stored.plan_digest, stored.plan)
    for statement in ("UPDATE dispatch.round SET plan = ''", "DELETE FROM dispatch.round",
                      "TRUNCATE dispatch.round CASCADE"):  # fmt: skip
        refuses(address, "append_only", (statement, {}), roles=["owner"])
        not_permitted(address, (statement, {}))


async def test_I31_a_step_is_announced_in_its_commit_and_once(town: Town, address: str) -> None:
    trip = await town.trip()
    told_of, event, change = step(trip.trip_id, 3, "matching rider_cancel cancelled_by_rider")
    refuses(address, "i31_announced_in_the_same_commit", event, change)
    ((told,),) = write(
        address, ("SELECT event_id FROM dispatch.trip_event WHERE trip_id = %(t)s AND seq = 2",
                  {"t": trip.trip_id}),
    )  # fmt: skip
    refuses(address, "i31_one_outbox_row_a_step", (event[0], event[1] | {"event_id": told}), change)
    again = "INSERT INTO storage.outbox (event_id, topic, key, kind, occurred_at, payload)"
    same_change = (
        "SELECT gen_random_uuid(), topic, key, kind, occurred_at, payload FROM storage.outbox"
    )
    refuses(address, "one_row_a_change", (f"{again} {same_change} LIMIT 1", {}))
    assert told_of[0] == ANNOUNCED
    write(address, told_of, event, change)


async def test_I31_what_becomes_of_an_offer_or_a_shift_is_announced_in_its_commit(
    town: Town, address: str
) -> None:
    driver_id = await town.driver()
    offer_id = await town.offer(await town.trip(), driver_id)
    shift_id = town.shifts[driver_id]
    over = "state = 'declined', ended_at = service_now() WHERE offer_id = %(o)s"
    decline = (f"UPDATE dispatch.offer SET {over}", {"o": offer_id})
    refuses(address, "i31_announced_in_the_same_commit", decline)
    refuses(address, "i31_announced_in_the_same_commit",
            announced("offer", f"{offer_id}:offer_withdrawn"), decline)  # fmt: skip
    again = copied("offer", "offer_id", offer_id, offer_id=UUID(int=7), state="made", ended_at=None)
    told = announced("offer", f"{offer_id}:offer_declined")
    refuses(address, "i31_announced_in_the_same_commit", told, decline, again)
    write(address, told, decline)
    end = "ended_at = service_now(), end_reason = 'x' WHERE shift_id = %(s)s"
    go = (f"UPDATE dispatch.shift SET {end}", {"s": shift_id})
    refuses(address, "i31_announced_in_the_same_commit", go)
    gone = announced("shift", f"{shift_id}:shift_ended")
    anew = copied("shift", "shift_id", shift_id, shift_id=UUID(int=8), ended_at=None,
                  end_reason=None, started_at="2030-01-01T00:00:00Z")  # fmt: skip
    refuses(address, "i31_announced_in_the_same_commit", gone, go, anew)
    write(address, gone, go)


# ------------------------------------------------------------------------- I29, I28: staff

LOOK = "SELECT dispatch.read_trip_for_staff(%(p)s, %(a)s, %(t)s)"
WATCH = "SELECT * FROM dispatch.read_positions_for_staff(%(p)s, %(a)s)"
PAPERS = "SELECT registry.read_papers_for_staff(%(p)s, %(a)s, %(d)s)"


@pytest.fixture
async def desk(town: Town) -> AsyncIterator[Database]:
    """The database as the office's desk sees it."""
    database = Database(town.database.address, role="khan_office", pool_size=2)
    yield database
    await database.dispose()


async def test_I29_staff_cannot_read_the_tables(town: Town, address: str) -> None:
    await town.assigned()
    for table in ("dispatch.trip", "dispatch.trip_event", "dispatch.position", "dispatch.offer",
                  "dispatch.shift", "dispatch.assignment", "registry.contact", "fares.quote",
                  "registry.credential", "registry.driver", "registry.standing",
                  "storage.outbox"):  # fmt: skip
        not_permitted(address, (f"SELECT * FROM {table}", {}), role="khan_office")
    not_permitted(address, ("SELECT storage.log_access(NULL, NULL, 'trip', NULL)", {}),
                  role="khan_office")  # fmt: skip
    not_permitted(address, (LOOK, {"p": None, "a": None, "t": None}))
    not_permitted(address, (WATCH, {"p": None, "a": None}))
    not_permitted(address, (PAPERS, {"p": None, "a": None, "d": None}))


async def test_I29_no_look_without_its_purpose(town: Town, address: str, desk: Database) -> None:
    trip, _ = await town.assigned()
    other = await town.trip()
    async with desk.work() as work:
        said = {"actor_id": town.office, "note": "asked by phone", "hours": 1}
        mine = await staff_views.state_purpose(
            work, reason=Reason.RIDER_ASKS, trip_id=trip.trip_id, **said
        )  # type: ignore[arg-type]
        watch = await staff_views.state_purpose(work, reason=Reason.WATCH, trip_id=None, **said)  # type: ignore[arg-type]
    nobody = uuid5(UUID(int=0), "nobody")
    for wrong in (
        {"p": nobody, "a": town.office, "t": trip.trip_id},  # no purpose
        {"p": mine, "a": trip.rider_id, "t": trip.trip_id},  # somebody else's
        {"p": mine, "a": town.office, "t": other.trip_id},  # of another trip
        {"p": watch, "a": town.office, "t": trip.trip_id},  # of the fleet, not of a trip
    ):
        refuses(address, "i29_a_purpose_first", (LOOK, wrong), roles=["khan_office", "owner"])
    refuses(address, "i29_a_purpose_first", (WATCH, {"p": mine, "a": town.office}),
            roles=["khan_office", "owner"])  # fmt: skip
    with pytest.raises(PurposeNeeded):
        async with desk.work() as work:
            await staff_views.read_positions(work, purpose_id=mine, actor_id=town.office)
    assert write(address, ("SELECT * FROM storage.access_log", {})) == []
    async with desk.work() as work:
        found = await staff_views.read_trip(
            work, purpose_id=mine, actor_id=town.office, trip_id=trip.trip_id
        )
        await staff_views.read_positions(work, purpose_id=watch, actor_id=town.office)
    assert found["state"] == "assigned"
    assert "pin" not in found
    rows = write(address, ("SELECT what, reason FROM storage.access_log ORDER BY n", {}))
    assert rows == [("trip", "rider_asks"), ("positions", "watch")]


async def test_I29_papers_are_shown_for_a_purpose_of_their_driver(
    town: Town, address: str, desk: Database
) -> None:
    trip, driver_id = await town.assigned()
    other = await town.driver()
    said = {"actor_id": town.office, "note": "renewals", "hours": 1}
    async with desk.work() as work:
        mine, of_other = [
            await staff_views.state_purpose(
                work, reason=Reason.LICENSING, trip_id=None, driver_id=one, **said
            )  # type: ignore[arg-type]
            for one in (driver_id, other)
        ]
        watch = await staff_views.state_purpose(work, reason=Reason.WATCH, trip_id=None, **said)  # type: ignore[arg-type]
        of_trip = await staff_views.state_purpose(
            work, reason=Reason.COMPLAINT, trip_id=trip.trip_id, **said
        )  # type: ignore[arg-type]
    for wrong in (of_other, watch, of_trip, uuid5(UUID(int=0), "nobody")):
        look = (PAPERS, {"p": wrong, "a": town.office, "d": driver_id})
        refuses(address, "i29_a_purpose_first", look, roles=["khan_office", "owner"])
    # Nor does a purpose of papers open a trip, or the fleet.
    for look in (
        (LOOK, {"p": mine, "a": town.office, "t": trip.trip_id}),
        (LOOK, {"p": mine, "a": town.office, "t": None}),
        (WATCH, {"p": mine, "a": town.office}),
    ):
        refuses(address, "i29_a_purpose_first", look, roles=["khan_office", "owner"])
    async with desk.work() as work:
        found = await staff_views.read_papers(
            work, purpose_id=mine, actor_id=town.office, driver_id=driver_id
        )
    assert found["reasons"] == []
    rows = write(address, ("SELECT what, reason FROM storage.access_log", {}))
    assert rows == [("papers", "licensing")]


@pytest.mark.parametrize(
    ("rule", "reason", "names"),
    [
        ("the_fleet_is_watched", "watch", {"d": UUID(int=1)}),
        ("the_fleet_is_watched", "complaint", {}),
        ("a_purpose_names_one", "complaint", {"d": UUID(int=1), "t": UUID(int=2)}),
        ("licensing_is_of_a_driver", "licensing", {"t": UUID(int=2)}),
    ],
)
async def test_I29_a_purpose_names_what_it_is_about(
    town: Town, address: str, rule: str, reason: str, names: dict[str, UUID]
) -> None:
    state = """
        INSERT INTO storage.purpose VALUES (%(p)s, %(a)s, 'office', %(r)s, 'a note', %(t)s,
            service_now(), service_now() + interval '1 hour', %(d)s)
    """
    values = {"p": uuid5(UUID(int=0), "p"), "a": town.office, "r": reason, "t": None, "d": None}
    refuses(address, rule, (state, values | names), roles=["khan_office", "owner"])


async def test_I29_a_purpose_does_not_outlive_its_hours(
    town: Town, address: str, desk: Database
) -> None:
    trip = await town.trip()
    state = """
        INSERT INTO storage.purpose VALUES (%(p)s, %(a)s, 'office', 'complaint', 'a note', %(t)s,
            service_now() - CAST(%(ago)s AS interval), service_now() + CAST(%(left)s AS interval))
    """
    old = uuid5(UUID(int=0), "old")
    values = {"p": old, "a": town.office, "t": trip.trip_id}
    long = (state, values | {"ago": "0 hours", "left": "13 hours"})
    refuses(address, "a_purpose_has_an_end", long, roles=["khan_office", "owner"])
    write(address, (state, values | {"ago": "2 hours", "left": "-1 hours"}), role="khan_office")
    look = (LOOK, {"p": old, "a": town.office, "t": trip.trip_id})
    refuses(address, "i29_a_purpose_first", look, roles=["khan_office", "owner"])
    later = ("UPDATE storage.purpose SET expires_at = service_now() + interval '1 hour'", {})
    refuses(address, "append_only", later, roles=["owner"])
    not_permitted(address, later, role="khan_office")


async def test_I28_the_log_of_looks_is_chained_and_stays(
    town: Town, address: str, desk: Database
) -> None:
    trip, _ = await town.assigned()
    async with desk.work() as work:
        purpose = await staff_views.state_purpose(
            work, actor_id=town.office, reason=Reason.COMPLAINT, note="late", hours=1,
            trip_id=trip.trip_id,
        )  # fmt: skip
    for _ in range(3):
        async with desk.work() as work:
            await staff_views.read_trip(
                work, purpose_id=purpose, actor_id=town.office, trip_id=trip.trip_id
            )
    rows = write(
        address,
        (
            "SELECT n, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), purpose_id,"
            " actor_role, reason, what, digest FROM storage.access_log ORDER BY n",
            {},
        ),
    )
    previous = bytes(32)
    for *told, digest in rows:
        previous = sha256(previous + "|".join(str(one) for one in told).encode()).digest()
        assert bytes(digest) == previous
    assert [row[0] for row in rows] == [1, 2, 3]
    for statement in ("UPDATE storage.access_log SET reason = 'watch'",
                      "DELETE FROM storage.access_log", "TRUNCATE storage.access_log"):  # fmt: skip
        refuses(address, "append_only", (statement, {}), roles=["owner"])
        for role in ("khan_app", "khan_office"):
            not_permitted(address, (statement, {}), role=role)


async def test_I29_a_look_that_is_undone_leaves_no_row_and_gave_no_answer(
    town: Town, address: str, desk: Database
) -> None:
    trip = await town.trip()
    async with desk.work() as work:
        purpose = await staff_views.state_purpose(
            work, actor_id=town.office, reason=Reason.FAULT, note="x", hours=1,
            trip_id=trip.trip_id,
        )  # fmt: skip
    with psycopg.connect(address) as connection:
        connection.execute("SET ROLE khan_office")
        values = {"p": purpose, "a": town.office, "t": trip.trip_id}
        connection.execute(LOOK, values)
        seen = connection.execute("SELECT count(*) FROM storage.access_log").fetchone()
        assert seen == (1,), "the row is in the same transaction as the look"
        connection.rollback()
    assert write(address, ("SELECT * FROM storage.access_log", {})) == []
