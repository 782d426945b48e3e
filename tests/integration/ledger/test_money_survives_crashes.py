"""Whatever is done with the books, in any order, cut off anywhere and sent again: no minor unit is
made, lost or moved twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, text

from foundation.chance import SeededChance
from foundation.errors import Refusal
from foundation.identifiers import RuleId
from ledger.store import checks
from storage.engine import Database, DatabaseUnavailable
from tests.book_operations import OPERATIONS, Act, Scene
from tests.booked import City

AT_THE_COMMIT = 0
TRIPS = 2


class How(StrEnum):
    """The process dies, or its connection to the database does."""

    LOST = "lost"
    CUT = "cut"


@dataclass(frozen=True)
class Crash:
    """Before the statement of that number; 0 is the commit."""

    statement: int
    how: How


class PowerCut(Exception):
    """The process is gone."""


@contextmanager
def crashing(database: Database, crash: Crash) -> Iterator[list[Crash]]:
    """Meanwhile the first unit of work that comes so far is cut off; what has happened."""
    happened: list[Crash] = []
    count = 0

    def strike(connection: Any) -> None:
        happened.append(crash)
        if crash.how is How.LOST:
            raise PowerCut
        pid = connection.connection.driver_connection.get_server_pid()
        with psycopg.connect(database.address, autocommit=True) as owner:
            owner.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])

    def before_statement(connection: Any, *_: Any) -> None:
        nonlocal count
        count += 1
        if count == crash.statement and not happened:
            strike(connection)

    def before_commit(connection: Any) -> None:
        if crash.statement == AT_THE_COMMIT and not happened:
            strike(connection)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    try:
        yield happened
    finally:
        event.remove(engine, "before_cursor_execute", before_statement)
        event.remove(engine, "commit", before_commit)


async def attempt(database: Database, act: Act) -> str:
    """Do it in a unit of work; how that ended."""
    try:
        async with database.work() as work:
            await act(work)
    except (PowerCut, DatabaseUnavailable):
        return "crashed"
    except Refusal:
        return "refused"
    return "done"


async def books(database: Database) -> tuple[Any, ...]:
    """How many transfers there are, and what they come to by role, currency and state."""
    async with database.reading() as work:
        transfers = (await work.execute(text("SELECT count(*) FROM ledger.transfer"))).scalar_one()
        sums = await work.execute(_SUMS)
        return transfers, *(tuple(row) for row in sums)


class Books(RuleBasedStateMachine):
    """A city's books, to which anything may happen at any moment."""

    def __init__(self, runner: asyncio.Runner, city: City) -> None:
        super().__init__()
        self.runner, self.city = runner, city

    @initialize()
    def riders_ask_for_prices(self) -> None:
        async def quoted() -> Scene:
            trips = [await self.city.quoted_trip() for _ in range(TRIPS)]
            return Scene(city=self.city, trips=trips, chance=SeededChance(0))

        self.scene = self.runner.run(quoted())

    @rule(
        name=st.sampled_from(sorted(OPERATIONS)),
        seed=st.integers(0, 1_000),
        crash=st.none()
        | st.builds(
            Crash, statement=st.integers(AT_THE_COMMIT, 4), how=st.sampled_from(sorted(How))
        ),
    )
    def something_is_done(self, name: str, seed: int, crash: Crash | None) -> None:
        self.scene = replace(self.scene, chance=SeededChance(seed))
        self.runner.run(self.done(name, crash))

    async def done(self, name: str, crash: Crash | None) -> None:
        database = self.city.database
        act = await OPERATIONS[name](self.scene)
        before = await books(database)
        if crash is not None:
            with crashing(database, crash) as happened:
                ended = await attempt(database, act)
            assert (ended == "crashed") == bool(happened)
            if ended != "done":
                assert await books(database) == before, f"{name} was cut off, and left something"
        ended = await attempt(database, act)
        after = await books(database)
        assert ended != "crashed"
        if crash is None and ended == "refused":
            assert after == before, f"{name} was refused, and left something"
        await attempt(database, act)
        assert await books(database) == after, f"{name} was sent again, and done again"

    @invariant()
    def every_transfer_sums_to_zero_and_is_told_once(self) -> None:
        assert self.runner.run(self.wrong()) == []

    async def wrong(self) -> list[Any]:
        async with self.city.database.reading() as work:
            return list(await work.execute(_WRONG))

    def teardown(self) -> None:
        async def found() -> list[checks.Fault]:
            async with self.city.database.work(still=True) as work:
                return [fault async for fault in checks.faults(work)]

        assert self.runner.run(found()) == []


def test_money_is_conserved_over_any_sequence_of_acts_crashes_and_retries(
    founded: tuple[str, RuleId],
) -> None:
    address, tariff_rule_id = founded
    with asyncio.Runner() as runner:

        async def opened() -> Database:
            return Database(address, chance=SeededChance(11), pool_size=1)

        database = runner.run(opened())
        city = City(database=database, tariff_rule_id=tariff_rule_id)
        try:
            run_state_machine_as_test(
                lambda: Books(runner, city),
                settings=settings(
                    max_examples=12, stateful_step_count=16, deadline=None, database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )  # fmt: skip
        finally:
            runner.run(database.dispose())


_SUMS = text("""
    SELECT account.role, account.currency, transfer.state, count(*), sum(entry.amount_minor)
    FROM ledger.entry JOIN ledger.transfer USING (transfer_id) JOIN ledger.account USING (account_id)
    GROUP BY account.role, account.currency, transfer.state
    ORDER BY account.role, account.currency, transfer.state
""")
_WRONG = text("""
    SELECT transfer_id, kind FROM ledger.transfer
    WHERE 1 <> (SELECT count(*) FROM storage.outbox
                WHERE topic = 'ledger' AND key = CAST(transfer_id AS text))
       OR 0 <> (SELECT coalesce(sum(amount_minor), 0) FROM ledger.entry
                WHERE entry.transfer_id = transfer.transfer_id)
""")
