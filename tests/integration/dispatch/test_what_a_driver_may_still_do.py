"""Hours, range and the way home come from facts, reach the round, and are forgotten in time."""

import re
from collections.abc import Sequence
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

import ledger.service
from dispatch import errors
from dispatch.fleet import Fleet
from dispatch.matching import FreeDriver, RoundInput
from dispatch.matching.plan import OpenBecause, Plan
from dispatch.position import Position, PositionBoard
from dispatch.round import Dispatcher
from dispatch.service import shifts, wishes
from dispatch.store.rounds import find_round, list_rounds
from dispatch.store.shifts import upsert_positions
from dispatch.store.wishes import wishes_of
from dispatch.sweep import sweep
from dispatch.wishes import Wishes
from foundation.identifiers import DriverId
from foundation.measures import Point
from foundation.money import Currency
from roads.straight_line import StraightLineEngine
from storage.engine import Database
from tests.dispatch_rows import refuses
from tests.service_time import move_time, stop_time
from tests.town import PARK, STATION, Town

HOME = Point(-73.90123, 40.81234)
COARSE = Point(-73.9, 40.81)


@pytest.fixture
async def town(database_address: str, database: Database) -> Town:
    """A town whose time can be let jump."""
    stop_time(database_address, at="2026-05-02 12:00+00")
    return await Town.build(database)


def jump(town: Town, **span: float) -> None:
    move_time(town.database.address, timedelta(**span).total_seconds())


async def standing(town: Town, driver_id: DriverId, place: Point = STATION) -> None:
    async with town.database.work() as work:
        at = Position(
            driver_id=driver_id, shift_id=town.shifts[driver_id], seq=int(work.now.timestamp()),
            point=place, heading=0, at=work.now,
        )  # fmt: skip
        await upsert_positions(work, [at])


async def decided(town: Town) -> tuple[Sequence[FreeDriver], Plan]:
    """A round of a service that has just started: what it knew, and what it decided."""
    board = PositionBoard()
    async with town.database.work() as work:
        await Fleet(board, currency=Currency("USD")).load(work)
    await Dispatcher(
        town.database, roads=StraightLineEngine(), network_digest="0" * 64, board=board,
        stale_seconds=60,
    ).run_round()  # fmt: skip
    async with town.database.work() as work:
        (newest,) = await list_rounds(work, most=1)
        stored = await find_round(work, newest.round_id)
    assert stored is not None
    return RoundInput.decode(stored.input).snapshot.drivers, Plan.decode(stored.plan)


async def test_driving_time_is_what_the_work_record_leaves_of_the_rule(town: Town) -> None:
    driver_id = await town.driver()
    async with town.database.work() as work:  # a long evening, in a shift that is over
        await ledger.service.record_work(
            work, driver_id=driver_id, shift_id=town.shifts[driver_id], seconds_engaged=35_400
        )
    jump(town, hours=8)
    await standing(town, driver_id)
    await town.trip()  # 900 s; there are 600 left of ten hours in a day
    (seen,), plan = await decided(town)
    assert seen.driving_seconds_left == 600
    assert seen.shift_ends_at_ms > 0
    assert [row.because for row in plan.unmatched] == [OpenBecause.HOURS]


async def test_after_the_window_the_driver_may_drive_again(town: Town) -> None:
    driver_id = await town.driver()
    async with town.database.work() as work:
        await ledger.service.record_work(
            work, driver_id=driver_id, shift_id=town.shifts[driver_id], seconds_engaged=35_400
        )
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=town.shifts[driver_id], driver_id=driver_id)
    jump(town, hours=24, seconds=1)
    await town.go_on_shift(driver_id)
    await standing(town, driver_id)
    await town.trip()
    (seen,), plan = await decided(town)
    assert seen.driving_seconds_left == 36_000
    assert len(plan.pairings) == 1


async def test_a_car_is_not_offered_what_is_further_than_it_goes(town: Town) -> None:
    driver_id = await town.driver()
    await standing(town, driver_id)
    async with town.database.work() as work:
        said = await wishes.state_range(
            work, shift_id=town.shifts[driver_id], driver_id=driver_id, metres=4000
        )
    assert said == Wishes(range_metres=4000)
    await town.trip()  # of 4200 m
    (seen,), plan = await decided(town)
    assert seen.range_metres == 4000
    assert [row.because for row in plan.unmatched] == [OpenBecause.RANGE]
    async with town.database.work() as work:
        await wishes.state_range(
            work, shift_id=town.shifts[driver_id], driver_id=driver_id, metres=None
        )
    (seen,), plan = await decided(town)
    assert (seen.range_metres, len(plan.pairings)) == (None, 1)


async def test_what_is_driven_is_taken_off_the_range(town: Town) -> None:
    driver_id = await town.driver()
    await standing(town, driver_id)
    async with town.database.work() as work:
        await wishes.state_range(
            work, shift_id=town.shifts[driver_id], driver_id=driver_id, metres=10_000
        )
    board = PositionBoard()
    async with town.database.work() as work:
        await Fleet(board, currency=Currency("USD")).load(work)
        at = Position(
            driver_id=driver_id, shift_id=town.shifts[driver_id], seq=2**40, point=PARK, heading=0,
            at=work.now,
        )  # fmt: skip
    board.report(at)
    known = board.find(driver_id)
    assert known is not None
    assert known.range_metres is not None
    assert 6_500 < known.range_metres < 7_000  # some 3.2 km from the station to the park


async def test_the_way_home_is_kept_coarsely_and_counts_at_the_end_of_a_shift(town: Town) -> None:
    driver_id = await town.driver()
    async with town.database.work() as work:
        said = await wishes.head_home(
            work, shift_id=town.shifts[driver_id], driver_id=driver_id, place=HOME
        )
    assert said == Wishes(homeward=COARSE)
    await standing(town, driver_id)
    await town.trip()
    (seen,), _ = await decided(town)
    assert seen.homeward is None, "it does not count yet, so no round keeps it"
    jump(town, hours=11, minutes=30)  # half an hour of twelve is left
    await sweep(town.database)  # the first offer lapses
    await standing(town, driver_id)
    await town.trip()
    (seen,), _ = await decided(town)
    assert seen.homeward == COARSE


async def test_I30_what_was_said_of_a_shift_ends_with_it(town: Town, address: str) -> None:
    driver_id = await town.driver()
    shift_id = town.shifts[driver_id]
    async with town.database.work() as work:
        await wishes.head_home(work, shift_id=shift_id, driver_id=driver_id, place=HOME)
        await wishes.state_range(work, shift_id=shift_id, driver_id=driver_id, metres=1000)
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=shift_id, driver_id=driver_id)
    async with town.database.work() as work:
        assert await wishes_of(work, shift_id) == Wishes()
        count = await work.execute(text("SELECT count(*) FROM dispatch.shift_wish"))
        assert count.scalar_one() == 0
        told = await work.execute(text("SELECT string_agg(payload::text, '') FROM storage.outbox"))
        assert not re.search(r"(?<![:\d])40\.81", str(told.scalar_one()))  # a clock may
    with pytest.raises(errors.ShiftNotFound):
        async with town.database.work() as work:
            await wishes.head_home(work, shift_id=shift_id, driver_id=driver_id, place=HOME)
    late = "INSERT INTO dispatch.shift_wish (shift_id, homeward_lon, homeward_lat) VALUES (%(s)s, 1, 1)"
    refuses(address, "i30_no_place_off_shift", (late, {"s": shift_id}))


async def test_nobody_speaks_of_somebody_elses_shift(town: Town) -> None:
    mine, theirs = await town.driver(), await town.driver()
    for metres in (None, 5000):
        with pytest.raises(errors.ShiftNotFound):
            async with town.database.work() as work:
                await wishes.state_range(
                    work, shift_id=town.shifts[theirs], driver_id=mine, metres=metres
                )


async def test_a_place_is_never_kept_finer_than_the_grid(town: Town, address: str) -> None:
    """Whoever writes it: the column has two decimals."""
    driver_id = await town.driver()
    with psycopg.connect(address) as owner:
        kept = owner.execute(
            "INSERT INTO dispatch.shift_wish (shift_id, homeward_lon, homeward_lat)"
            " VALUES (%s, -73.90123, 40.81234) RETURNING homeward_lon::text, homeward_lat::text",
            [town.shifts[driver_id]],
        ).fetchone()
    assert kept == ("-73.90", "40.81")
