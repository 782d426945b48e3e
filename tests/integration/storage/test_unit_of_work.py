"""A unit of work happens whole or not at all, and announces what it did in the same commit."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from foundation.chance import SeededChance
from foundation.events import Event
from storage.embedded import EmbeddedServer
from storage.engine import Database, DatabaseUnavailable
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SomethingHappened(Event):
    kind: ClassVar[str] = "something_happened"
    topic: ClassVar[str] = "test"
    thing_id: UUID
    amount: int

    @property
    def key(self) -> str:
        return str(self.thing_id)


def something(work: UnitOfWork, thing_id: UUID | None = None) -> SomethingHappened:
    return SomethingHappened(
        event_id=work.new_id(), occurred_at=work.now, thing_id=thing_id or work.new_id(), amount=3
    )


async def test_an_announced_fact_is_in_the_outbox_after_the_commit(database: Database) -> None:
    rings: list[int] = []
    database.on_commit(lambda: rings.append(1))
    async with database.work() as work:
        fact = something(work)
        work.announce(fact)
    async with database.work() as work:
        row = (await work.execute(text("SELECT * FROM storage.outbox"))).one()
    assert (row.event_id, row.kind, row.key) == (fact.event_id, fact.kind, str(fact.thing_id))
    assert row.payload == {"thing_id": str(fact.thing_id), "amount": 3}
    assert rings == [1]


async def test_nothing_of_a_failed_unit_of_work_remains(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.work() as work:
            work.announce(something(work))
            await work.flush()
            raise RuntimeError
    async with database.work() as work:
        assert (await work.execute(text("SELECT count(*) FROM storage.outbox"))).scalar_one() == 0


async def test_a_reading_begins_no_transaction_and_the_next_unit_of_work_does(
    database_address: str,
) -> None:
    # One connection, so that the unit of work gets the very one that was read on.
    database = Database(database_address, chance=SeededChance(7), pool_size=1)
    transaction = text("SELECT pg_current_xact_id()")
    async with database.reading() as reading:
        one, other = [(await reading.execute(transaction)).scalar_one() for _ in range(2)]
    assert one != other
    with pytest.raises(RuntimeError):
        async with database.work() as work:
            work.announce(something(work))
            await work.flush()
            raise RuntimeError
    async with database.reading() as reading:
        kept = await reading.execute(text("SELECT count(*) FROM storage.outbox"))
        assert kept.scalar_one() == 0
    await database.dispose()


async def test_I31_a_change_is_announced_once(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.work() as work:
            thing = work.new_id()
            work.announce(something(work, thing))
            work.announce(something(work, thing))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE storage.outbox SET kind = 'other'",
        "DELETE FROM storage.outbox",
        "TRUNCATE storage.outbox",
        "UPDATE storage.service_time SET rate = 10",
        "ALTER TABLE storage.outbox DISABLE TRIGGER ALL",
        "SET session_replication_role = replica",
    ],
)
async def test_the_service_cannot_rewrite_what_happened(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied|must be owner"):
        async with database.work() as work:
            await work.execute(text(statement))


async def test_even_the_owner_cannot_delete_a_fact(
    database: Database, owner: psycopg.Connection
) -> None:
    async with database.work() as work:
        work.announce(something(work))
    for statement in ("DELETE FROM storage.outbox", "TRUNCATE storage.outbox CASCADE"):
        with pytest.raises(psycopg.errors.RestrictViolation):
            owner.execute(statement)


async def test_service_time_runs_at_its_rate_in_a_demonstration(
    database: Database, owner: psycopg.Connection
) -> None:
    owner.execute(
        "UPDATE storage.service_time SET demonstration = true, wall_origin = clock_timestamp(),"
        " service_origin = '2014-12-21 20:00-05', rate = 100"
    )
    clock = await database.clock()
    assert clock.rate == 100
    row = owner.execute("SELECT clock_timestamp(), service_now(), clock_timestamp()").fetchone()
    assert row is not None
    before, service, after = row
    assert clock.at(before) <= service <= clock.at(after)


def test_outside_a_demonstration_time_cannot_be_bent(owner: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("UPDATE storage.service_time SET rate = 2")


async def test_time_is_locked_once_there_are_facts(
    database: Database, owner: psycopg.Connection
) -> None:
    async with database.work() as work:
        work.announce(something(work))
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("UPDATE storage.service_time SET demonstration = true, rate = 5")


@pytest.mark.parametrize("wrong", ["socket", "database", "login"])
async def test_a_database_that_cannot_be_reached_is_said_so(
    embedded_server: EmbeddedServer, wrong: str
) -> None:
    server = embedded_server.address("nothing" if wrong == "database" else "postgres")
    nowhere = Database({
        "socket": "postgresql://nobody@/nothing?host=/nonexistent",
        "database": server,
        "login": server.replace("postgres@", "nobody@"),
    }[wrong])  # fmt: skip
    with pytest.raises(DatabaseUnavailable):
        async with nowhere.work():
            pass
    await nowhere.dispose()


@pytest.mark.parametrize(
    "sqlstate", ["40P01", "40001", "53300", "55P03", "57014", "57P01", "08006"]
)
async def test_a_database_that_could_not_do_it_now_is_said_so(
    database: Database, sqlstate: str
) -> None:
    """A deadlock, no room, a lock or an answer waited for too long: sent again, it may well work."""
    with pytest.raises(DatabaseUnavailable):
        async with database.work() as work:
            await work.execute(
                text(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$")
            )


async def test_a_database_that_does_not_answer_in_time_is_said_so(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with database.work() as work:
            driver = (await work.connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.execute("SELECT pg_sleep(60)", timeout=0.05)
    async with database.work() as work:
        assert (await work.execute(text("SELECT 1"))).scalar_one() == 1


async def test_nothing_stays_open_after_the_end_whoever_still_used_it(
    database_address: str, owner: psycopg.Connection
) -> None:
    """A cancelled task gives its connection back after the pool is gone: nobody would close it."""
    ended = Database(database_address, chance=SeededChance(7))
    at_work = asyncio.Event()

    async def work_for_ever() -> None:
        async with ended.work():
            at_work.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work_for_ever())
    await at_work.wait()
    opened = list(ended._opened)
    await ended.dispose()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [connection.is_closed() for connection in opened] == [True]


@pytest.mark.parametrize("still", [True, False])
async def test_a_still_unit_of_work_does_not_see_what_is_committed_meanwhile(
    database: Database, still: bool
) -> None:
    count = text("SELECT count(*) FROM storage.outbox")
    async with database.work(still=still) as work:
        before = (await work.execute(count)).scalar_one()
        async with database.work() as other:
            other.announce(something(other))
        after = (await work.execute(count)).scalar_one()
    assert after - before == (0 if still else 1)


async def test_a_still_unit_of_work_writes_too(database: Database) -> None:
    async with database.work(still=True) as work:
        work.announce(something(work))
    async with database.work() as work:
        assert (await work.execute(text("SELECT count(*) FROM storage.outbox"))).scalar_one() == 1
