"""A next job: a driver with a rider on board takes the trip that comes after, in the same run."""

from datetime import timedelta
from uuid import uuid5

import pytest
from sqlalchemy import text

import dispatch.views.trips as views
import ledger.views
from dispatch import errors
from dispatch.fleet import Fleet
from dispatch.position import Metres, PositionBoard
from dispatch.service import driving, requests, shifts
from dispatch.store import shifts as shift_store
from dispatch.store.trips import find_trip
from dispatch.trip import Actor, By, Trip, TripState
from dispatch.views.figures import run_report
from dispatch.views.runs import list_stops_ahead
from foundation.identifiers import DriverId
from foundation.money import Currency
from tests.dispatch_rows import copied, refuses
from tests.town import Town


async def stops(town: Town, driver_id: DriverId) -> list[tuple[object, str]]:
    async with town.database.reading() as work:
        return [(stop.trip_id, stop.kind) for stop in await list_stops_ahead(work, driver_id)]


async def runs(town: Town) -> list[bool]:
    """Of every run, in order of its beginning, whether it is under way."""
    async with town.database.work() as work:
        found = await work.execute(
            text("SELECT ended_at IS NULL FROM dispatch.run ORDER BY started_at, run_id")
        )
        return list(found.scalars())


async def sound(town: Town) -> None:
    async with town.database.work() as work:
        report = await run_report(work)
        assert (report["double_assignments"], report["lost_trips"]) == (0, 0)
        assert not any((await ledger.views.imbalance(work)).values())


async def cancel(town: Town, trip: Trip) -> Trip:
    by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
    async with town.database.work() as work:
        return await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)


async def test_it_joins_the_run_and_is_served_after_the_trip_under_way(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    assert trip.holder is not None
    assert following.holder is not None
    assert following.holder.run_id == trip.holder.run_id
    assert await stops(town, driver_id) == [
        (trip.trip_id, "dropoff"), (following.trip_id, "pickup"), (following.trip_id, "dropoff"),
    ]  # fmt: skip
    await town.complete(trip, driver_id)
    assert await runs(town) == [True], "the run goes on"
    await town.arrive(following, driver_id)
    await town.board(following, driver_id)
    completed = await town.complete(following, driver_id)
    assert completed.state is TripState.COMPLETED
    assert await stops(town, driver_id) == []
    assert await runs(town) == [False]
    await sound(town)


async def test_the_next_pick_up_waits_for_its_turn(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    with pytest.raises(errors.OutOfTurn):
        await town.arrive(following, driver_id)
    await town.complete(trip, driver_id)
    assert (await town.arrive(following, driver_id)).state is TripState.ARRIVED


async def test_the_trip_under_way_is_the_current_one(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    async with town.database.reading() as work:
        current = await views.find_current_trip(work, driver_id)
    assert current is not None
    assert current.trip_id == trip.trip_id
    await town.complete(trip, driver_id)
    async with town.database.reading() as work:
        current = await views.find_current_trip(work, driver_id)
    assert current is not None
    assert current.trip_id == following.trip_id


async def test_the_rider_is_told_of_the_stops_before_theirs(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    async with town.database.reading() as work:
        shown = await views.trip_for_rider(work, following.trip_id, following.rider_id)
    assert shown.way == (trip.dropoff, following.pickup)
    await town.complete(trip, driver_id)
    async with town.database.reading() as work:
        shown = await views.trip_for_rider(work, following.trip_id, following.rider_id)
    assert shown.way == (following.pickup,)


async def test_released_before_its_turn_it_looks_again_and_the_run_goes_on(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    async with town.database.work() as work:
        await driving.release(
            work, trip_id=following.trip_id, driver_id=driver_id, reason="the day was long"
        )
    assert await stops(town, driver_id) == [(trip.trip_id, "dropoff")]
    async with town.database.work() as work:
        looking = await find_trip(work, following.trip_id)
    assert looking is not None
    assert looking.state is TripState.MATCHING
    another = await town.trip()
    await town.accept(await town.offer(another, driver_id), driver_id)
    await sound(town)


async def test_cancelled_before_its_turn_it_leaves_the_run(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    assert (await cancel(town, following)).state is TripState.CANCELLED_BY_RIDER
    assert await stops(town, driver_id) == [(trip.trip_id, "dropoff")]
    await town.complete(trip, driver_id)
    assert await runs(town) == [False]
    await sound(town)


async def test_an_aborted_trip_leaves_the_next_job(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    async with town.database.work() as work:
        await driving.abort(work, trip_id=trip.trip_id, driver_id=driver_id, reason="a breakdown")
    assert [kind for _, kind in await stops(town, driver_id)] == ["pickup", "dropoff"]
    assert (await town.arrive(following, driver_id)).state is TripState.ARRIVED
    await sound(town)


async def test_a_no_show_after_the_first_trip_ends_the_run(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    await town.complete(trip, driver_id)
    await town.arrive(following, driver_id)
    async with town.database.work() as work:
        work.now += timedelta(hours=1)
        await driving.no_show(
            work, trip_id=following.trip_id, driver_id=driver_id, contact_attempted=True
        )
    assert await runs(town) == [False]
    await sound(town)


async def test_an_offer_outlives_the_end_of_the_trip_under_way(town: Town) -> None:
    trip, driver_id = await town.on_board()
    following = await town.trip()
    offer_id = await town.offer(following, driver_id)
    await town.complete(trip, driver_id)
    taken = await town.accept(offer_id, driver_id)
    assert taken.holder is not None
    assert trip.holder is not None
    assert taken.holder.run_id != trip.holder.run_id
    assert await runs(town) == [False, True]
    assert [kind for _, kind in await stops(town, driver_id)] == ["pickup", "dropoff"]


async def test_no_second_next_job_is_offered(town: Town) -> None:
    _, _, driver_id = await town.with_next_job()
    third = await town.trip()
    async with town.database.work() as work:
        assert await town.offer_in(work, third, driver_id) == []


async def test_I01_no_second_next_job_is_offered_past_the_service(town: Town, address: str) -> None:
    trip, following, driver_id = await town.with_next_job()
    offer_id = await town.offer(await town.trip(), await town.driver())
    row = copied(
        "offer", "offer_id", offer_id, offer_id=uuid5(following.trip_id, "again"),
        driver_id=driver_id, vehicle_id=town.vehicles[driver_id],
        shift_id=town.shifts[driver_id], run_trips=[trip.trip_id, following.trip_id],
    )  # fmt: skip
    refuses(address, "i01_one_next_job_a_driver", row)


async def test_the_shift_ends_after_both(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    shift_id = town.shifts[driver_id]
    for one in (trip, following):
        async with town.database.work() as work:
            assert await shift_store.find_trip_under_way(work, driver_id) == one.trip_id
        with pytest.raises(errors.ShiftHasTrip):
            async with town.database.work() as work:
                await shifts.end_shift(work, shift_id=shift_id, driver_id=driver_id)
        if one is following:
            await cancel(town, following)
        else:
            await town.complete(trip, driver_id)
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=shift_id, driver_id=driver_id)


async def test_each_second_of_the_run_is_counted_once(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    assert trip.assigned_at is not None
    for minutes, one in ((10, trip), (25, following)):
        async with town.database.work() as work:
            work.now = trip.assigned_at + timedelta(minutes=minutes)
            if one is following:
                await requests.cancel_by_operator(
                    work, trip_id=one.trip_id, by=By(actor=Actor.OFFICE, actor_id=town.office)
                )
            else:
                await driving.complete(
                    work,
                    trip_id=one.trip_id,
                    driver_id=driver_id,
                    metres=Metres(of_trip=4200, counted=4200),
                )
    async with town.database.work() as work:
        engaged = await work.execute(
            text("SELECT sum(seconds_engaged) FROM ledger.work_record WHERE driver_id = :d"),
            {"d": driver_id},
        )
        assert engaged.scalar_one() == 25 * 60


async def test_a_restarted_service_knows_both_trips(town: Town) -> None:
    trip, following, driver_id = await town.with_next_job()
    board = PositionBoard()
    async with town.database.work() as work:
        await Fleet(board, currency=Currency("USD")).load(work)
    known = board.find(driver_id)
    assert known is not None
    assert list(known.trips) == [trip.trip_id, following.trip_id]
