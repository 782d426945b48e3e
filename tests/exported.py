"""Books with something of everything in them, and the outside programs that read their export."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg

from foundation.local_time import day_starts
from foundation.money import Currency, Money
from khan.seed import let_it_be
from ledger import service
from ledger.export.names import Names, Pseudonyms
from ledger.export.service import Form, export
from ledger.house import house_transfer, post_house
from ledger.store.days import close_period, seal_day
from ledger.transfer import Kind
from storage.engine import Database
from storage.work import UnitOfWork
from tests.booked import City, QuotedTrip, found_example
from tests.machine import absent

ZONE = ZoneInfo("America/New_York")
DAY = date(2014, 12, 16)
"""The day of `found_example`, by the city's clocks."""

KEY = Pseudonyms(bytes(range(32)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """A city, its ridden trips, and its one open hold."""

    city: City
    trips: list[QuotedTrip]
    held: QuotedTrip
    digest: str


async def mixed_books(database: Database, owner: psycopg.Connection) -> Books:
    """Fares, a tip, a refund, a fee, a void, an open hold; three currencies; a sealed and closed day."""
    city = await found_example(database)
    trips = [await city.settled_trip(metres=metres) for metres in (1_200, 5_000, 17_345)]
    first = trips[0]
    held, gone, late = [await city.held_trip() for _ in range(3)]
    async with database.work() as work:
        parties = {"rider_id": first.rider_id, "driver_id": first.driver_id}
        total = first.quote.total
        await service.tip(work, trip_id=first.trip_id, **parties, amount=Money(211, total.currency))
        await service.refund(
            work, trip_id=first.trip_id, amount=Money(107, total.currency), reason="=too late"
        )
        await service.void_hold(work, trip_id=gone.trip_id)
        await service.settle_fee(
            work, trip_id=late.trip_id, rider_id=late.rider_id, driver_id=late.driver_id,
            kind="no_show", amount=Money(501, total.currency), tariff_rule_id=city.tariff_rule_id,
        )  # fmt: skip
        for code, minor in (("JPY", 123_457), ("BHD", 98_765), ("USD", 4_321)):
            amount = Money(minor, Currency(code))
            spent = house_transfer(Kind.EXPENSE, work.new_id(), amount, code="expense.insurance")
            assert await post_house(work, spent)
    let_it_be(database.address, datetime(2014, 12, 17, 12, tzinfo=UTC))
    async with database.work() as work:
        ends_at = datetime(2014, 12, 17, 5, tzinfo=UTC)
        digest = await seal_next(work, DAY)
        await close_period(work, work.new_id(), ends_at=ends_at, closed_by=work.new_id())
    trips.append(await city.settled_trip(metres=2_900))
    return Books(city=city, trips=trips, held=held, digest=digest)


async def seal_next(work: UnitOfWork, day: date) -> str:
    """Seal a day of New York's; its digest."""
    starts, ends = day_starts(day, ZONE), day_starts(day + timedelta(days=1), ZONE)
    return (await seal_day(work, day, starts_at=starts, ends_at=ends)).digest


async def exported(database: Database, out: Path, form: Form, names: Names = KEY) -> str:
    """The export as text."""
    async with database.work(still=True) as work:
        await export(work, out, form=form, names=names)
    return out.read_text("utf-8") if form is not Form.PARQUET else ""


def bean_check(file: Path) -> subprocess.CompletedProcess[str]:
    """What beancount's own checker says."""
    program = Path(sys.executable).parent / "bean-check"
    return subprocess.run([program, file], capture_output=True, text=True, check=False)


def hledger_check(file: Path) -> subprocess.CompletedProcess[str]:
    """What hledger's strict check says."""
    program = shutil.which("hledger")
    if program is None:
        absent("no hledger: run infra/install_hledger.sh")
    return subprocess.run(
        [program, "-f", file, "check", "--strict"], capture_output=True, text=True, check=False,
        env={"LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
