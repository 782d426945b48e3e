"""`khan simulate --year --books`: a year of a city's money in a database of its own."""

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from foundation.chance import SeededChance
from foundation.clock import stopwatch_ms
from foundation.local_time import day_starts
from foundation.measures import Point
from khan import seed as seeding
from khan.bench import children_of, processor_seconds
from khan.build import find_city, read_charter
from khan.console import ArgumentUnusable
from khan.json_files import write_json
from ledger.days import close_period
from ledger.store.days import seal_day
from roads.pack import CityPack
from simulation.books.plan import Year
from simulation.books.writer import BooksWriter, Tally
from storage import embedded
from storage.engine import Database
from storage.migrate import migrate

Told = Callable[[int], None]

STANDING = 1e-9
"""The rate of a service time that stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearAsked:
    """What was asked for: a city, so many trips, riders and drivers, and where it is kept."""

    city: str
    keep: Path
    trips: int
    drivers: int
    seed: int
    days: int = 366

    @classmethod
    def checked(
        cls,
        is_whole: bool,
        *,
        city: Path | None,
        keep: Path | None,
        trips: int,
        drivers: int | None,
        seed: int,
    ) -> "YearAsked":
        """From the command line; ArgumentUnusable if the options make no year."""
        if not is_whole:
            raise ArgumentUnusable("--year", "a year is of the books alone: give --year --books")
        if keep is None:
            raise ArgumentUnusable("--keep", "name a new folder for the year's database")
        if keep.exists() and (not keep.is_dir() or any(keep.iterdir())):
            raise ArgumentUnusable("--keep", f"{keep} is not empty; name a new folder")
        return cls(
            city="manhattan" if city is None else str(city),
            keep=keep,
            trips=trips,
            drivers=drivers or 300,
            seed=seed,
        )

    @property
    def riders(self) -> int:
        """So many that one rides about once a month."""
        return max(20, self.trips // 12)


def play(asked: YearAsked, *, report: Path | None, console: Console) -> None:
    """Write the year, and tell what it came to.

    Raises
    ------
    khan.build.CityUnknown
    """
    told = run(asked, console)
    if report is not None:
        write_json(told, report)
    console.print_json(data=told)
    console.print(
        f"  khan ledger export --data {asked.keep} --format beancount --out books.beancount",
        markup=False,
    )


def run(asked: YearAsked, console: Console) -> dict[str, Any]:
    """Write the year, seal its days and close its months; what it came to and cost."""
    pack = CityPack.open(find_city(asked.city))
    charter = read_charter(pack)
    began = stopwatch_ms()
    server = embedded.start(asked.keep / "postgres")
    try:
        embedded.create_database(server, "khan")
        address = server.address("khan")
        migrate(address)
        number = (pack.demand.recorded_on or charter.valid_from.date()).year
        year = Year(
            year=max(number, charter.valid_from.year + 1), zone=pack.zone_info, trips=asked.trips,
            riders=asked.riders, drivers=asked.drivers, seed=asked.seed, days=asked.days,
        )  # fmt: skip
        writer = BooksWriter(year, (pack.centre, Point(pack.centre.lon + 0.01, pack.centre.lat)))
        bar = Progress(
            TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        with bar:
            task = bar.add_task(f"days of {year.year}", total=min(asked.days, 365))
            database = _database_seconds(asked.keep)
            asyncio.run(_play(address, charter, year, writer=writer,
                              told=lambda days: bar.update(task, completed=days)))  # fmt: skip
        spent = _database_seconds(asked.keep) - database
        return _told(year, writer.tally, wall=(stopwatch_ms() - began) / 1000, database=spent)
    finally:
        embedded.stop(asked.keep / "postgres")


async def _play(address: str, charter: Any, year: Year, *, writer: BooksWriter, told: Told) -> None:
    days = list(year.each_day())
    seeding.let_it_be(address, day_starts(days[0][0], year.zone))
    _without_trips(address)
    database = Database(address, chance=SeededChance(f"{year.seed} books"), pool_size=2)
    try:
        await seeding.found(database, charter)
        for number, (day, count) in enumerate(days, start=1):
            ends_at = day_starts(day + timedelta(days=1), year.zone)
            # The service lives in the hour after, when a day is sealed; what happened in the day is
            # dated by the plan. Time stands, so that what a close moves is dated alike in every run.
            seeding.let_it_be(address, ends_at + timedelta(hours=1), rate=STANDING)
            async with database.work() as work:
                await writer.write_day(work, day, year.trips_of(day, count))
            async with database.work() as work:
                await seal_day(work, day, starts_at=day_starts(day, year.zone), ends_at=ends_at)
                if (day + timedelta(days=1)).day == 1:
                    await close_period(
                        work, period_id=work.new_id(), ends_at=ends_at, closed_by=work.new_id()
                    )
            told(number)
        seeding.let_it_be(address, ends_at + timedelta(hours=1))
    finally:
        await database.dispose()


def _without_trips(address: str) -> None:
    """Let charges stand without a trip that dispatch completed: here there is no dispatch."""
    with psycopg.connect(address, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger.charge DISABLE TRIGGER i17_paid_means_completed")


def _database_seconds(keep: Path) -> float:
    """Processor time of the server so far, of its living and ended processes."""
    pid = int((keep / "postgres/data/postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    seconds = processor_seconds(pid)
    for child in children_of(pid):
        with suppress(FileNotFoundError):  # it has ended meanwhile, and its parent counts it
            seconds += processor_seconds(child)
    return seconds


def _told(year: Year, tally: Tally, *, wall: float, database: float) -> dict[str, Any]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "year": year.year,
        "seed": year.seed,
        **asdict(tally),
        "wall_s": round(wall, 1),
        "cpu_s": round(own.ru_utime + own.ru_stime, 1),
        "database_cpu_s": round(database, 1),
        "memory_mb": round(own.ru_maxrss / 1024),
    }
