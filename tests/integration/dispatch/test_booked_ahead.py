"""Trips booked ahead keep their promise: looked for in time, waited for from the wanted time,
and told about when nobody is found."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

import ledger.views
from dispatch import errors
from dispatch.service import booked, driving, requests
from dispatch.store.rounds import epoch_ms, list_open_trips
from dispatch.sweep import sweep
from dispatch.trip import Actor, By, Trip, TripState
from dispatch.views.bookings import list_at_risk
from dispatch.views.figures import run_report
from dispatch.views.trips import trip_for_rider
from foundation.identifiers import DriverId
from storage.engine import Database
from tests.dispatch_rows import announced, refuses
from tests.service_time import move_time, stop_time
from tests.town import STATION, Town

HOUR = 3600
Jump = Callable[[float], None]


@pytest.fixture
async def town(database_address: str, database: Database) -> Town:
    """A town whose time stands still but for jumps."""
    stop_time(database_address, at="2026-10-31 16:00+00")
    return await Town.build(database, booking_policy={"request_expires_s": 1500})


@pytest.fixture
def jump(town: Town) -> Jump:
    """Let so many seconds of service time pass at once."""

    def passed(seconds: float) -> None:
        move_time(town.database.address, seconds)

    return passed


async def now(town: Town) -> datetime:
    async with town.database.work() as work:
        return work.now


async def booking(town: Town, *, ahead: float) -> Trip:
    return await town.trip(booked_for=await now(town) + timedelta(seconds=ahead))


async def state_of(town: Town, trip: Trip) -> str:
    async with town.database.work() as work:
        return (await trip_for_rider(work, trip.trip_id, trip.rider_id)).state


async def taken(town: Town, trip: Trip) -> tuple[Trip, DriverId]:
    driver_id = await town.driver()
    offer_id = await town.offer(trip, driver_id)
    return await town.accept(offer_id, driver_id), driver_id


async def test_the_search_begins_the_least_lead_before_where_nobody_waits_long(
    town: Town, jump: Jump
) -> None:
    trip = await booking(town, ahead=2 * HOUR)
    assert trip.state is TripState.SCHEDULED
    jump(2 * HOUR - 901)
    await sweep(town.database)
    assert await state_of(town, trip) == "scheduled"
    jump(1)
    await sweep(town.database)
    assert await state_of(town, trip) == "matching"
    async with town.database.work() as work:
        (seen,) = await list_open_trips(work, most=10)
    assert trip.booked_for is not None
    assert seen.wanted_at_ms == epoch_ms(trip.booked_for)


async def test_the_search_begins_sooner_where_riders_wait_long(town: Town, jump: Jump) -> None:
    trip = await booking(town, ahead=2 * HOUR)
    jump(HOUR)
    waiting = await town.trip()  # who asks for a car now, and gets none: a wait of 1500 s
    jump(1500)
    await sweep(town.database)
    assert await state_of(town, waiting) == "unfulfilled"
    # 1500 s and the margin of 300: half an hour before, that is 300 s from now.
    jump(299)
    await sweep(town.database)
    assert await state_of(town, trip) == "scheduled"
    jump(1)
    await sweep(town.database)
    assert await state_of(town, trip) == "matching"
    async with town.database.work() as work:
        (seen,) = await list_open_trips(work, most=10)
        report = await run_report(work)
    # Begun before its turn, it does not yet count as waiting.
    assert seen.asked_at_ms > epoch_ms(await now(town))
    assert report["lost_trips"] == 0


async def test_a_wait_begins_with_the_wanted_time_and_not_with_an_early_arrival(
    town: Town, jump: Jump
) -> None:
    trip = await booking(town, ahead=900)
    await sweep(town.database)
    trip, driver_id = await taken(town, trip)
    jump(300)
    mine = {"trip_id": trip.trip_id, "driver_id": driver_id}
    async with town.database.work() as work:
        await driving.arrive(work, **mine, at=STATION, reason=None)
    jump(600 + 299)
    with pytest.raises(errors.NoShowTooSoon) as refused:
        async with town.database.work() as work:
            await driving.no_show(work, **mine, contact_attempted=True)
    assert refused.value.facts["seconds_left"] == 1
    async with town.database.work() as work:
        on_board = await driving.board(work, **mine, pin=trip.pin, reason=None)
    assert isinstance(on_board, Trip)
    assert on_board.waiting_seconds == 299
    async with town.database.work() as work:
        assert (await run_report(work))["mean_wait_seconds"] == 0


async def test_before_the_wanted_time_nobody_is_a_no_show_and_no_wait_is_counted(
    town: Town, jump: Jump
) -> None:
    trip = await booking(town, ahead=900)
    await sweep(town.database)
    trip, driver_id = await taken(town, trip)
    mine = {"trip_id": trip.trip_id, "driver_id": driver_id}
    async with town.database.work() as work:
        await driving.arrive(work, **mine, at=STATION, reason=None)
    jump(899)
    with pytest.raises(errors.NoShowTooSoon) as refused:
        async with town.database.work() as work:
            await driving.no_show(work, **mine, contact_attempted=True)
    assert refused.value.facts["seconds_left"] == 301
    async with town.database.work() as work:
        on_board = await driving.board(work, **mine, pin=trip.pin, reason=None)
    assert isinstance(on_board, Trip)
    assert on_board.waiting_seconds == 0


@pytest.mark.parametrize(("before", "owed"), [(3600, 0), (3599, 500)])
async def test_cancelling_is_free_until_the_policys_time_before_even_with_a_driver(
    town: Town, jump: Jump, before: int, owed: int
) -> None:
    trip = await booking(town, ahead=2 * HOUR)
    async with town.database.work() as work:
        await requests.start_matching(work, trip.trip_id)
    trip, _ = await taken(town, trip)
    jump(2 * HOUR - before)
    by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
    async with town.database.work() as work:
        await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)
    async with town.database.work() as work:
        charge = await ledger.views.find_charge(work, trip.trip_id)
    assert (0 if charge is None else charge.total.minor) == owed


async def warnings_told(town: Town) -> list[str]:
    async with town.database.work() as work:
        found = await work.execute(
            text("SELECT payload ->> 'trip_id' FROM storage.outbox WHERE kind = 'booking_at_risk'")
        )
        return list(found.scalars())


async def test_rider_and_office_are_told_once_that_nobody_was_found(town: Town, jump: Jump) -> None:
    trip = await booking(town, ahead=900)
    jump(900 - 481)
    await sweep(town.database)
    assert await warnings_told(town) == []
    jump(1)
    for _ in range(2):
        await sweep(town.database)
    assert await warnings_told(town) == [str(trip.trip_id)]
    async with town.database.work() as work:
        (risk,) = await list_at_risk(work)
        seen = await trip_for_rider(work, trip.trip_id, trip.rider_id)
        again = await booked.list_due(work)
    assert (risk.trip_id, risk.wanted_at) == (trip.trip_id, trip.booked_for)
    assert seen.at_risk_since is not None
    assert again == ([], [])
    async with town.database.work() as work:
        (matching,) = await list_open_trips(work, most=10)
    assert matching.trip_id == trip.trip_id
    await taken(town, trip)
    async with town.database.work() as work:
        assert await list_at_risk(work) == []
        seen = await trip_for_rider(work, trip.trip_id, trip.rider_id)
    assert seen.at_risk_since is None


async def test_who_has_a_driver_or_did_not_book_ahead_is_not_warned(town: Town, jump: Jump) -> None:
    secured, _ = await taken(town, await _searched(town))
    plain = await town.trip()
    jump(890)
    await sweep(town.database)
    assert await warnings_told(town) == []
    for trip in (secured, plain):
        async with town.database.work() as work:
            await booked.warn(work, trip.trip_id)
    assert await warnings_told(town) == []
    # Given back shortly before, it looks again, and now there is something to tell.
    assert secured.holder is not None
    async with town.database.work() as work:
        await driving.release(
            work, trip_id=secured.trip_id, driver_id=secured.holder.driver_id, reason="flat tyre"
        )
    await sweep(town.database)
    assert await warnings_told(town) == [str(secured.trip_id)]


async def _searched(town: Town) -> Trip:
    trip = await booking(town, ahead=900)
    await sweep(town.database)
    return trip


async def test_I31_a_warning_is_announced_and_only_of_a_booking_without_a_driver(
    town: Town, address: str
) -> None:
    trip, plain = await _searched(town), await town.trip()

    def warned(of: Trip) -> tuple[str, dict[str, object]]:
        return (
            "INSERT INTO dispatch.booking_warning VALUES (%(trip)s, service_now())",
            {"trip": of.trip_id},
        )

    def told(of: Trip) -> tuple[str, dict[str, object]]:
        return announced("booking", f"{of.trip_id}:booking_at_risk")

    refuses(address, "i31_announced_in_the_same_commit", warned(trip))
    refuses(address, "warned_of_bookings_without_a_driver", told(plain), warned(plain))
    secured, _ = await taken(town, trip)
    refuses(address, "warned_of_bookings_without_a_driver", told(secured), warned(secured))
    async with town.database.work() as work:
        await booked.warn(work, (await _searched(town)).trip_id)
    for statement in ("UPDATE dispatch.booking_warning SET warned_at = now()",
                      "DELETE FROM dispatch.booking_warning"):  # fmt: skip
        refuses(address, "append_only", (statement, {}), roles=["owner"])
