"""`khan bench surplus`: what dividing a year's surplus among many members costs.

A database of its own, durable as a city's is, with members, their year's work and a decision written
straight into its tables; then the service's own verbs, from the books to the last posting committed.
Processor time is of this process and of PostgreSQL's, read from /proc before and after.
"""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from foundation.chance import SeededChance
from foundation.clock import stopwatch_ms
from governance.motion import MotionId
from governance.surplus import service, store
from governance.surplus.statement import statement_of
from governance.surplus.store import Stored
from khan.bench import Cpu, children_of, processor_seconds
from khan.build import find_city, read_charter
from khan.seed import found_on
from khan.surplus import no_collector
from roads.pack import CityPack
from storage import embedded
from storage.engine import Database
from storage.migrate import migrate

PERIOD, MOTION, RUN = UUID(int=0x5017), UUID(int=0x5018), UUID(int=0x5019)
WORK_RECORDS_EACH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one thing took: seconds by the clock, and of processors."""

    what: str
    wall: float
    cpu: Cpu


@dataclass(slots=True)
class Meter:
    """Measures what is done against one embedded server."""

    postmaster: int
    spent: list[Spent] = field(default_factory=list)

    def used(self) -> Cpu:
        """Processor time so far."""
        backends = sum(processor_seconds(child) for child in children_of(self.postmaster))
        return Cpu(processor_seconds(os.getpid()), processor_seconds(self.postmaster) + backends)

    async def measure(self, what: str, act: Callable[[], Awaitable[Any]]) -> Any:
        """Do it, and keep what it took."""
        before, began = self.used(), stopwatch_ms()
        found = await act()
        wall = (stopwatch_ms() - began) / 1000
        self.spent.append(Spent(what=what, wall=wall, cpu=self.used() - before))
        return found


def run(*, members: int, console: Console) -> list[Spent]:
    """Divide one year among `members`, half of them drivers and half riders, and show the figures."""
    with tempfile.TemporaryDirectory(prefix="khan-bench-") as name:
        folder = Path(name)
        server = embedded.start(folder)
        try:
            embedded.create_database(server, "bench")
            address = server.address("bench")
            console.print(f"  writing a year of {members} members ...")
            _prepare(address, members)
            pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
            spent, told = asyncio.run(_measured(address, Meter(postmaster=pid), members))
        finally:
            embedded.stop(folder)
    console.print(_table(spent, members))
    for line in told:
        console.print(line, markup=False)
    return spent


async def _measured(address: str, meter: Meter, members: int) -> tuple[list[Spent], list[str]]:
    database = Database(address, chance=SeededChance(1), pool_size=1)
    async with database.work() as work:
        await work.execute(text("SELECT 1"))  # connected: what follows is in the same backend

    async def carry_out() -> Stored:
        with no_collector():  # as `khan surplus allocate` does
            async with database.work() as work:
                return await service.carry_out(work, MotionId(MOTION))

    async def statements() -> int:
        async with database.work() as work:
            lines = await store.list_lines(work, PERIOD)
        return sum(statement_of(stored.document, [line]).cash.minor for line in lines)

    async def pay() -> int:
        paid = 0
        for number in range(members):
            async with database.work() as work:
                once = await service.pay_allocations(work, UUID(int=RUN.int + number))
            paid += once
            if not once:
                break
        return paid

    stored = await meter.measure("divide: figures, parts, lines, postings, commit", carry_out)
    cash = await meter.measure("every member's statement, computed anew", statements)
    paid = await meter.measure("pay what reaches the minimum", pay)
    await database.dispose()
    given = [one for one in stored.document["steps"] if one["division"]]
    patrons = sum(one["division"]["patrons"] for one in given)
    return meter.spent, [
        f"{patrons} parts; {stored.document['result_minor']} minor units divided, "
        f"{cash} of them in cash, {paid} paid",
        f"document {stored.digest}",
    ]


def _table(spent: list[Spent], members: int) -> Table:
    table = Table(title=f"A surplus divided among {members} members, in seconds")
    for heading in ("what", "wall", "service CPU", "database CPU", "CPU together"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for one in spent:
        whole = one.cpu.service + one.cpu.database
        table.add_row(
            one.what, f"{one.wall:.2f}", f"{one.cpu.service:.2f}", f"{one.cpu.database:.2f}",
            f"{whole:.2f}",
        )  # fmt: skip
    return table


def _prepare(address: str, members: int) -> None:
    """Tables, charter, and a closed year, as the tables' owner and with their checks asleep."""
    migrate(address)
    asyncio.run(found_on(address, read_charter(CityPack.open(find_city("manhattan")))))
    with psycopg.connect(address) as owner:
        owner.execute("SET session_replication_role = replica")
        for statement in _YEAR:
            owner.execute(
                statement,
                {"members": members, "records": WORK_RECORDS_EACH, "period": PERIOD, "motion": MOTION},
            )  # fmt: skip
        owner.execute("SET session_replication_role = origin")
        owner.execute(
            "SELECT ledger.seal_day((ends - interval '1 hour')::date, starts, ends) FROM bench_year"
        )
        owner.execute("SELECT ledger.close_period(%s, ends, %s) FROM bench_year", [PERIOD, MOTION])
        owner.execute("SET session_replication_role = replica")
        for statement in _DECISION:
            owner.execute(statement, {"period": PERIOD, "motion": MOTION})
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("ANALYZE")
        owner.execute("CHECKPOINT")


_YEAR = (
    """CREATE TABLE bench_year AS
       SELECT date_trunc('day', service_now()) - interval '366 days' AS starts,
              date_trunc('day', service_now()) - interval '1 day' AS ends""",
    """CREATE TABLE bench_member AS
       SELECT number, gen_random_uuid() AS person_id, gen_random_uuid() AS member_id,
              number %% 2 = 0 AS drives
       FROM generate_series(1, %(members)s) AS number""",
    """INSERT INTO registry.person (person_id, joined_at)
       SELECT person_id, starts FROM bench_member, bench_year""",
    """INSERT INTO governance.member (member_id, person_id, made_at)
       SELECT member_id, person_id, starts + number * interval '1 second'
       FROM bench_member, bench_year""",
    """INSERT INTO governance.member_change (member_id, number, kind, member_class, at, reason)
       SELECT member_id, 1, 'joined', CASE WHEN drives THEN 'driver' ELSE 'rider' END, starts, ''
       FROM bench_member, bench_year""",
    """INSERT INTO ledger.account (account_id, role, owned_by, owner_id, currency, opened_at)
       SELECT ledger.account_id('driver', person_id, 'USD'), 'driver', 'person', person_id, 'USD', starts
       FROM bench_member, bench_year WHERE drives""",
    """INSERT INTO ledger.account (account_id, role, owned_by, owner_id, currency, opened_at)
       SELECT ledger.account_id(role, NULL, 'USD'), role, 'house', NULL, 'USD', starts
       FROM unnest(ARRAY['bank', 'cooperative', 'surplus']) AS role, bench_year""",
    """CREATE TABLE bench_trip AS
       SELECT person_id, drives, gen_random_uuid() AS transfer_id, gen_random_uuid() AS trip_id, turn,
              1000 + (number * 7919 + turn * 104729) %% 99000 AS fare,
              starts + (number * 13 + turn * 7000000) %% 31000000 * interval '1 second' AS made_at
       FROM bench_member, bench_year, generate_series(1, %(records)s) AS turn""",
    """INSERT INTO ledger.work_record (work_record_id, driver_id, shift_id, trip_id, seconds_on_shift,
                                       seconds_engaged, metres, trips, made_at)
       SELECT gen_random_uuid(), person_id, trip_id, trip_id, fare * 7 %% 40000, 0, 0, 1, made_at
       FROM bench_trip WHERE drives""",
    """INSERT INTO ledger.transfer (transfer_id, kind, subject_id, currency, entries, made_at)
       SELECT transfer_id, 'income', transfer_id, 'USD', 3, made_at FROM bench_trip WHERE drives""",
    """INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, share_of_minor,
                                 share_bps, made_at)
       SELECT transfer_id, line, account_id, minor, code, CASE WHEN bps > 0 THEN fare END,
              nullif(bps, 0), made_at
       FROM bench_trip CROSS JOIN LATERAL (VALUES
           (1, ledger.account_id('bank', NULL, 'USD'), fare, 'fare', 0),
           (2, ledger.account_id('driver', person_id, 'USD'), -(fare - fare / 5), 'share', 8000),
           (3, ledger.account_id('cooperative', NULL, 'USD'), -(fare / 5), 'share', 2000)
       ) AS side (line, account_id, minor, code, bps) WHERE drives""",
    """INSERT INTO ledger.charge (trip_id, kind, rider_id, driver_id, currency, total_minor,
                                  tariff_rule_id, quote_id, document, made_at)
       SELECT trip_id, 'fare', person_id, person_id, 'USD', fare, trip_id, trip_id, '{}', made_at
       FROM bench_trip WHERE NOT drives""",
)

_DECISION = (
    """INSERT INTO ledger.transfer (transfer_id, kind, subject_id, currency, entries, made_at)
       VALUES (%(motion)s, 'closing', %(period)s, 'USD', 2, service_now())""",
    """INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, made_at)
       SELECT %(motion)s, line, ledger.account_id(role, NULL, 'USD'), sign * minor, 'closing',
              service_now()
       FROM (SELECT -sum(amount_minor) AS minor FROM ledger.entry
             WHERE account_id = ledger.account_id('cooperative', NULL, 'USD')) AS whole,
            (VALUES (1, 'cooperative', 1), (2, 'surplus', -1)) AS side (line, role, sign)""",
    """INSERT INTO governance.motion (motion_id, title, mover, matter, asks, proposed_at)
       SELECT %(motion)s, 'Divide the surplus', member_id, 'ordinary',
              jsonb_build_object('kind', 'allocation', 'period_id', CAST(%(period)s AS uuid)),
              service_now()
       FROM bench_member WHERE number = 1""",
    """INSERT INTO governance.motion_text (motion_id, version, text, written_at)
       VALUES (%(motion)s, 1, 'As the policy says.', service_now())""",
    """INSERT INTO governance.motion_step (motion_id, from_state, to_state, at, detail)
       VALUES (%(motion)s, 'closed', 'certified', service_now(), '{}')""",
    """INSERT INTO governance.certificate (motion_id, document, digest, has_passed, roll_size,
                                           ballots_cast, valid, quorum, certified_at)
       VALUES (%(motion)s, '{}', encode(sha256('{}'), 'hex'), true, 1, 1, 1, 1, service_now())""",
    """INSERT INTO rulebook.adoption (adoption_id, kind, title, document, digest, notice_days)
       VALUES (%(motion)s, 'certificate', 'Divide the surplus', '{}', encode(sha256('{}'), 'hex'), 0)""",
)
