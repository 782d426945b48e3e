"""`khan bench ledger`: what a posting costs through the service, and beside it what the same rows cost.

One embedded server, durable as a city's is. The service holds the price of each trip and settles it, a
unit of work each; then the rows it wrote are inserted by asyncpg alone into copies of the same tables,
in as many transactions: with every check awake, and with checks asleep (triggers and foreign keys
disabled by the tables' owner, which only a bench may). What is left between them is what Python, what
the checks, and what PostgreSQL takes. Processor time is read from /proc before and after.
"""

import asyncio
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
import psycopg
from rich.console import Console
from rich.table import Table

from fares.fare import Driven, Extras, Fare
from fares.service import compute_fare, make_quote, quote_rules
from foundation.chance import SeededChance
from foundation.identifiers import DriverId, RiderId, TripId
from foundation.measures import Point
from foundation.money import Money
from khan.bench_surplus import Meter, Spent
from khan.build import find_city, read_charter
from khan.console import print_wide
from khan.json_files import write_json
from khan.seed import found_on, let_it_be
from ledger import service
from roads.pack import CityPack
from storage import embedded
from storage.engine import Database
from storage.migrate import migrate

DRIVERS = 100
HISTORY = 500
"""Trips that are in the books before: PostgreSQL plans by what stands there, and reads an empty table
from end to end."""
ROUNDS = 5
"""Turns that are measured; before them is one that is not."""
HERE = Point(-73.98, 40.75)
"""Where every trip begins and ends: prices here go by metres and seconds alone."""
BY_SERVICE, BY_SERVICE_ASLEEP = "service", "service, checks asleep"
BESIDE, BESIDE_ASLEEP = "asyncpg alone", "asyncpg alone, checks asleep"
WAYS = (BY_SERVICE, BY_SERVICE_ASLEEP, BESIDE, BESIDE_ASLEEP)
TABLES = ("ledger.account", "ledger.transfer", "ledger.charge", "ledger.entry", "storage.outbox")
"""In the order in which their rows are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricedTrip:
    """A trip that is over, and what is owed for it; nothing is in the books yet."""

    trip_id: TripId
    rider_id: RiderId
    driver_id: DriverId
    held: Money
    fare: Fare


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """One statement of a transaction, with its values."""

    statement: str
    values: Sequence[Any]


def run(*, trips: int, report: Path | None, console: Console) -> list[Spent]:
    """Post two transfers for each of `trips` in four ways, and show what one costs."""
    with tempfile.TemporaryDirectory(prefix="khan-bench-") as name:
        folder = Path(name)
        server = embedded.start(folder)
        try:
            pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
            meter = Meter(postmaster=pid)
            console.print(f"  pricing {trips} trips ...")
            priced = _prepare(server, trips)
            asyncio.run(_measure(server, meter, priced, console))
        finally:
            embedded.stop(folder)
    print_wide(_table(meter.spent, 2 * trips), console, width=100)
    if report is not None:
        write_json(_document(meter.spent, 2 * trips), report)
    return meter.spent


async def _measure(
    server: embedded.EmbeddedServer, meter: Meter, priced: Sequence[PricedTrip], console: Console
) -> None:
    """By turns, a part of the trips each: what else the machine does then strikes all ways alike."""
    async with AsyncExitStack() as open_ways:
        ways: dict[str, Database | asyncpg.Connection] = {}
        for what in WAYS:
            address = _copy(server, what, is_asleep=what.endswith("asleep"))
            ways[what] = await _connected(open_ways, what, address)
        size = len(priced) // (ROUNDS + 1)
        for turn in range(ROUNDS + 1):
            console.print(f"  turn {turn} of {ROUNDS} ...")
            part = priced[turn * size : (turn + 1) * size]
            transactions: list[list[Insert]] = []
            for what, way in ways.items():
                act = (
                    partial(_post, way, part)
                    if isinstance(way, Database)
                    else partial(_insert, way, transactions)
                )
                if turn:
                    await meter.measure(what, act)
                else:
                    await act()  # connected, and every statement prepared
                if what == BY_SERVICE:
                    transactions = await _written(server.address(_name(what)), part)


async def _connected(
    open_ways: AsyncExitStack, what: str, address: str
) -> Database | asyncpg.Connection:
    if what in (BY_SERVICE, BY_SERVICE_ASLEEP):
        database = Database(address, chance=SeededChance(2), pool_size=1)
        open_ways.push_async_callback(database.dispose)
        return database
    settings = {"role": "khan_app", "jit": "off"}
    connection = await asyncpg.connect(address, server_settings=settings)
    open_ways.push_async_callback(connection.close)
    return connection


async def _post(database: Database, priced: Sequence[PricedTrip]) -> None:
    """Hold and settle, a unit of work each."""
    for trip in priced:
        async with database.work() as work:
            await service.hold(work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.held)
        async with database.work() as work:
            await service.settle_trip(
                work,
                trip_id=trip.trip_id,
                rider_id=trip.rider_id,
                driver_id=trip.driver_id,
                fare=trip.fare,
            )


async def _insert(connection: asyncpg.Connection, transactions: Sequence[Sequence[Insert]]) -> None:
    """Insert rows as they are told, and nothing else."""
    for inserts in transactions:
        async with connection.transaction():
            for one in inserts:
                await connection.execute(one.statement, *one.values)


async def _written(address: str, priced: Sequence[PricedTrip]) -> list[list[Insert]]:
    """What the service wrote of some trips, a transaction for each transfer, in their order."""
    connection = await asyncpg.connect(address)
    try:
        columns = {table: await _columns(connection, table) for table in TABLES}
        transfers = await connection.fetch(_TRANSFERS, [trip.trip_id for trip in priced])
        found = []
        for transfer_id in [row["transfer_id"] for row in transfers]:
            inserts = []
            for table in TABLES:
                names = ", ".join(f"one.{name}" for name in columns[table])
                rows = await connection.fetch(_ROWS[table].format(names=names), transfer_id)
                if rows:
                    inserts.append(_insert_of(table, columns[table], rows))
            found.append(inserts)
        return found
    finally:
        await connection.close()


async def _columns(connection: asyncpg.Connection, table: str) -> list[str]:
    """The columns that are written: not those that follow from others, or are counted."""
    rows = await connection.fetch(_COLUMNS, *table.split("."))
    return [row["column_name"] for row in rows]


def _insert_of(table: str, columns: Sequence[str], rows: Sequence[Any]) -> Insert:
    """All rows in one statement: entries come together."""
    width = len(columns)
    marks = ", ".join(
        "(" + ", ".join(f"${row * width + column + 1}" for column in range(width)) + ")"
        for row in range(len(rows))
    )
    known = " ON CONFLICT DO NOTHING" if table == "ledger.account" else ""
    return Insert(
        # Names out of the catalogue; the values are parameters.
        statement=f"INSERT INTO {table} ({', '.join(columns)}) VALUES {marks}{known}",  # noqa: S608
        values=[value for row in rows for value in row],
    )


def _prepare(server: embedded.EmbeddedServer, trips: int) -> list[PricedTrip]:
    """A founded city with a history, whose riders were quoted prices; what each trip came to."""
    embedded.create_database(server, "priced")
    address = server.address("priced")
    migrate(address)
    charter = read_charter(CityPack.open(find_city("manhattan")))
    asyncio.run(found_on(address, charter))
    let_it_be(address, charter.valid_from + timedelta(days=1))
    with psycopg.connect(address, autocommit=True) as owner:
        # The books alone: no trip was driven here.
        owner.execute("ALTER TABLE ledger.charge DISABLE TRIGGER i17_paid_means_completed")
    priced = asyncio.run(_priced(address, trips))
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("ANALYZE")
    return priced


async def _priced(address: str, trips: int) -> list[PricedTrip]:
    database = Database(address, chance=SeededChance(1), pool_size=1)
    try:
        async with database.work() as work:
            drivers = [DriverId(work.new_id()) for _ in range(DRIVERS)]
            rules = await quote_rules(work)
            priced = [
                await _priced_trip(work, rules, number, drivers[number % DRIVERS])
                for number in range(HISTORY + trips + trips // ROUNDS)
            ]
        await _post(database, priced[:HISTORY])
        return priced[HISTORY:]
    finally:
        await database.dispose()


async def _priced_trip(work: Any, rules: Any, number: int, driver_id: DriverId) -> PricedTrip:
    quote = await make_quote(
        work,
        rules,
        rider_id=RiderId(work.new_id()),
        pickup=HERE,
        dropoff=HERE,
        metres=1_000 + number * 37 % 9_000,
        seconds=240 + number * 13 % 1_500,
        route_line=[(HERE.lon, HERE.lat), (HERE.lon, HERE.lat)],
        zone_from=None,
        zone_to=None,
        vehicle_class="standard",
        concession=None,
    )
    driven = Driven(metres=quote.metres, seconds=quote.seconds)
    return PricedTrip(
        trip_id=TripId(work.new_id()),
        rider_id=quote.rider_id,
        driver_id=driver_id,
        held=quote.total,
        fare=await compute_fare(work, quote, extras=Extras(), driven=driven),
    )


def _name(what: str) -> str:
    return what.replace(", ", "_").replace(" ", "_")


def _copy(server: embedded.EmbeddedServer, what: str, *, is_asleep: bool) -> str:
    """A copy of the founded city; its address."""
    embedded.create_database(server, _name(what), template="priced")
    address = server.address(_name(what))
    with psycopg.connect(address, autocommit=True) as owner:
        if is_asleep:
            for table in TABLES:
                owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        owner.execute("CHECKPOINT")
    return address


def _document(spent: Sequence[Spent], postings: int) -> dict[str, Any]:
    """Of each way the median of its turns."""
    each = postings // ROUNDS
    ways = {}
    for what in WAYS:
        turns = [one for one in spent if one.what == what]
        ways[what] = {
            "per_second": round(each / median(one.wall for one in turns)),
            "client_cpu_ms": round(1000 * median(one.cpu.service for one in turns) / each, 3),
            "database_cpu_ms": round(1000 * median(one.cpu.database for one in turns) / each, 3),
        }
    return {"postings": postings, "ways": ways}


def _table(spent: Sequence[Spent], postings: int) -> Table:
    table = Table(title=f"{postings} postings, one after another on one connection")
    for heading in ("", "postings a second", "client CPU ms", "database CPU ms", "together"):
        table.add_column(heading, justify="right" if heading else "left")
    for what, found in _document(spent, postings)["ways"].items():
        client, database = found["client_cpu_ms"], found["database_cpu_ms"]
        table.add_row(
            what, f"{found['per_second']:,}", f"{client:.2f}", f"{database:.2f}",
            f"{client + database:.2f}",
        )  # fmt: skip
    return table


_COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = $1 AND table_name = $2 AND is_generated = 'NEVER'
      AND is_identity = 'NO' ORDER BY ordinal_position
"""
_TRANSFERS = """
    SELECT transfer_id FROM ledger.transfer WHERE trip_id = ANY($1) ORDER BY made_at, transfer_id
"""
_ROWS = {
    "ledger.account": "SELECT {names} FROM ledger.account AS one WHERE account_id IN"
    " (SELECT account_id FROM ledger.entry WHERE transfer_id = $1) ORDER BY account_id",
    "ledger.transfer": "SELECT {names} FROM ledger.transfer AS one WHERE transfer_id = $1",
    "ledger.charge": "SELECT {names} FROM ledger.charge AS one JOIN ledger.transfer AS made"
    " ON made.subject_id = one.trip_id AND made.kind = one.kind WHERE made.transfer_id = $1",
    "ledger.entry": "SELECT {names} FROM ledger.entry AS one WHERE transfer_id = $1 ORDER BY line",
    "storage.outbox": "SELECT {names} FROM storage.outbox AS one"
    " WHERE topic = 'ledger' AND key = CAST(CAST($1 AS uuid) AS text)",
}
