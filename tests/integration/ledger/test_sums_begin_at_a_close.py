"""What accounts come to is added up from the last closed period on, and comes to the same."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import TextClause, text

from foundation.identifiers import DriverId
from ledger import days, views
from ledger.account import Role
from ledger.store.sums import BALANCES, OPENING
from storage.work import UnitOfWork
from tests.booked import City
from tests.money import USD, numbered
from tests.service_time import move_time, stop_time

NEW_YORK = ZoneInfo("America/New_York")
DRIVER = DriverId(numbered(5))
MIDNIGHT = datetime(2024, 3, 10, 5, tzinfo=UTC)
TRIPS_BEFORE, TRIPS_AFTER = 4, 2


@pytest.fixture
async def two_days(city: City) -> City:
    """Four trips of a driver on a day, two on the next; the first is sealed and not closed."""
    stop_time(city.database.address, at="2024-03-09 13:00+00")
    for _ in range(TRIPS_BEFORE):
        await city.settled_trip(driver_id=DRIVER)
    move_time(city.database.address, 24 * 3600)
    for _ in range(TRIPS_AFTER):
        await city.settled_trip(driver_id=DRIVER)
    move_time(city.database.address, 3600)
    async with city.database.work() as work:
        assert await days.seal_next_day(work, NEW_YORK) is not None
    return city


async def close(city: City) -> None:
    async with city.database.work() as work:
        await days.close_period(
            work, period_id=numbered(1), ends_at=MIDNIGHT, closed_by=numbered(77)
        )


async def opening(work: UnitOfWork, at: datetime) -> list[int]:
    """What the driver was owed then, in minor units."""
    statement = await views.driver_statement(work, DRIVER, at, work.now)
    return [one.opening.minor for one in statement.totals]


async def entries_read(work: UnitOfWork, statement: TextClause, **values: Any) -> int:
    """How many rows of entries a statement reads."""
    await work.execute(text("SET LOCAL enable_seqscan = off"))  # young tables are read whole
    (plan,) = (
        await work.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement.text}"), values)
    ).scalar_one()
    return sum(
        round((one["Actual Rows"] + one.get("Rows Removed by Filter", 0)) * one["Actual Loops"])
        for one in _nodes(plan["Plan"])
        if one.get("Relation Name") == "entry"
    )


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for inner in plan.get("Plans", []) for node in _nodes(inner))]


async def test_a_close_changes_no_sum(two_days: City) -> None:
    city = two_days
    async with city.database.work() as work:
        before = await views.balances(work)
        owed = [await opening(work, at) for at in (MIDNIGHT, work.now)]
        assert owed[0] != owed[1]
    await close(city)
    async with city.database.work() as work:
        after = await views.balances(work)
        assert [await opening(work, at) for at in (MIDNIGHT, work.now)] == owed
        earlier = await opening(work, MIDNIGHT.replace(day=9))
        assert earlier == [0], "before the period that was closed nothing was owed"
    moved = after.pop((Role.SURPLUS, USD))
    assert moved < 0
    key = (Role.COOPERATIVE, USD)
    assert after.pop(key) == before.pop(key) - moved
    assert after == before


async def test_what_is_closed_is_one_row_and_not_read_again(two_days: City) -> None:
    city = two_days
    mine = {"role": "driver", "owner_id": DRIVER}
    async with city.database.work() as work:
        now = work.now
        assert await entries_read(work, OPENING, **mine, start=now) == TRIPS_BEFORE + TRIPS_AFTER
        whole = await entries_read(work, BALANCES)
    await close(city)
    async with city.database.work() as work:
        assert await entries_read(work, OPENING, **mine, start=now) == TRIPS_AFTER
        assert await entries_read(work, OPENING, **mine, start=MIDNIGHT) == 0
        since = await entries_read(work, BALANCES)
    closing = 2
    assert since - closing == whole * TRIPS_AFTER // (TRIPS_BEFORE + TRIPS_AFTER)
