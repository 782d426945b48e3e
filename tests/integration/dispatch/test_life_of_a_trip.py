"""The whole life of a trip through the services, on a real database with every constraint on."""

import pytest
from sqlalchemy import text

import ledger.views
from dispatch import errors
from dispatch.service import after, driving, offers, requests, shifts
from dispatch.store.rounds import list_open_trips
from dispatch.trip import Actor, By, TripState
from dispatch.views import trips as views
from dispatch.views.figures import run_report
from foundation.identifiers import TripId
from foundation.measures import Point
from storage.engine import Database
from tests.town import PARK, STATION, Town


async def test_a_rider_is_served_and_the_books_are_even(town: Town) -> None:
    trip, driver_id = await town.assigned()
    database = town.database
    async with database.work() as work:
        await driving.arrive(
            work, trip_id=trip.trip_id, driver_id=driver_id, at=STATION, reason=None
        )
    async with database.work() as work:
        await driving.board(
            work, trip_id=trip.trip_id, driver_id=driver_id, pin=trip.pin, reason=None
        )
    async with database.work() as work:
        await driving.stop(work, trip_id=trip.trip_id, driver_id=driver_id)
    async with database.work() as work:
        await driving.resume(work, trip_id=trip.trip_id, driver_id=driver_id)
    async with database.work() as work:
        done = await driving.complete(work, trip_id=trip.trip_id, driver_id=driver_id, metres=None)
    assert done.state is TripState.COMPLETED
    async with database.work() as work:
        await after.rate(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, stars=5, comment="kind"
        )
        await after.tip(work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount_minor=200)
    async with database.work() as work:
        charge = await ledger.views.fare_of_trip(work, trip.trip_id)
        assert not any((await ledger.views.imbalance(work)).values())
        report = await run_report(work)
        steps = (
            await work.execute(
                text("SELECT step FROM dispatch.trip_event WHERE trip_id = :t ORDER BY seq"),
                {"t": trip.trip_id},
            )
        ).scalars()
        assert list(steps) == [
            "request", "start_matching", "accept", "arrive", "board", "stop", "resume", "complete",
        ]  # fmt: skip
    assert charge.total.minor > 0
    assert (report["trips_completed"], report["double_assignments"], report["lost_trips"]) == (
        1,
        0,
        0,
    )
    async with database.work() as work:
        await shifts.end_shift(work, shift_id=town.shifts[driver_id], driver_id=driver_id)


async def test_a_released_trip_looks_again_and_not_to_the_same_driver(town: Town) -> None:
    trip, driver_id = await town.assigned()
    async with town.database.work() as work:
        again = await driving.release(
            work, trip_id=trip.trip_id, driver_id=driver_id, reason="flat tyre"
        )
    assert (again.state, again.attempt, again.holder) == (TripState.MATCHING, 2, None)
    async with town.database.work() as work:
        assert await town.offer_in(work, again, driver_id) == []
    other = await town.driver()
    offer_id = await town.offer(again, other)
    held = await town.accept(offer_id, other)
    assert held.holder is not None
    assert held.holder.driver_id == other


async def test_a_wrong_pin_is_counted_and_the_right_one_boards(town: Town) -> None:
    trip, driver_id = await town.assigned()
    async with town.database.work() as work:
        await driving.arrive(
            work, trip_id=trip.trip_id, driver_id=driver_id, at=STATION, reason=None
        )
    wrong = "0000" if trip.pin != "0000" else "1111"
    for left in (4, 3):
        async with town.database.work() as work:
            refused = await driving.board(
                work, trip_id=trip.trip_id, driver_id=driver_id, pin=wrong, reason=None
            )
        assert isinstance(refused, errors.PinWrong)
        assert refused.facts["tries_left"] == left
    async with town.database.work() as work:
        boarded = await driving.board(
            work, trip_id=trip.trip_id, driver_id=driver_id, pin=trip.pin, reason=None
        )
    assert not isinstance(boarded, errors.PinWrong)
    assert boarded.state is TripState.ON_BOARD


async def test_arriving_elsewhere_needs_a_reason(town: Town) -> None:
    trip, driver_id = await town.assigned()
    with pytest.raises(errors.TooFarFromPickup):
        async with town.database.work() as work:
            await driving.arrive(
                work, trip_id=trip.trip_id, driver_id=driver_id, at=PARK, reason=None
            )
    async with town.database.work() as work:
        await driving.arrive(
            work, trip_id=trip.trip_id, driver_id=driver_id, at=PARK, reason="road closed"
        )


async def test_a_cancelled_request_lets_the_money_go_and_withdraws_its_offer(town: Town) -> None:
    driver_id = await town.driver()
    trip = await town.trip()
    offer_id = await town.offer(trip, driver_id)
    by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
    async with town.database.work() as work:
        await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)
    with pytest.raises(errors.OfferOver, match="withdrawn"):
        await town.accept(offer_id, driver_id)
    async with town.database.work() as work:
        assert not any((await ledger.views.imbalance(work)).values())


async def test_a_stranger_sees_no_trip(town: Town) -> None:
    trip, _ = await town.assigned()
    stranger = await town.driver()
    for trip_id in (trip.trip_id, TripId(town.office)):
        with pytest.raises(errors.TripNotFound):
            async with town.database.work() as work:
                await driving.stop(work, trip_id=trip_id, driver_id=stranger)


async def test_declining_excludes_from_this_trip_only(town: Town) -> None:
    driver_id = await town.driver()
    trip, other = await town.trip(), await town.trip()
    offer_id = await town.offer(trip, driver_id)
    async with town.database.work() as work:
        await offers.decline_offer(work, offer_id=offer_id, driver_id=driver_id, reason=None)
    async with town.database.work() as work:
        assert await town.offer_in(work, trip, driver_id) == []
    assert await town.offer(other, driver_id)


async def test_a_late_acceptance_is_refused_by_the_databases_clock(town: Town) -> None:
    driver_id = await town.driver()
    trip = await town.trip()
    offer_id = await town.offer(trip, driver_id, seconds=0.001)
    with pytest.raises(errors.OfferOver, match="time is over"):
        await town.accept(offer_id, driver_id)


async def test_a_shift_does_not_end_under_a_trip(town: Town) -> None:
    _, driver_id = await town.assigned()
    with pytest.raises(errors.ShiftHasTrip):
        async with town.database.work() as work:
            await shifts.end_shift(work, shift_id=town.shifts[driver_id], driver_id=driver_id)


async def test_going_off_shift_withdraws_the_open_offer(town: Town) -> None:
    driver_id = await town.driver()
    trip = await town.trip()
    offer_id = await town.offer(trip, driver_id)
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=town.shifts[driver_id], driver_id=driver_id)
    with pytest.raises(errors.OfferOver):
        await town.accept(offer_id, driver_id)


async def test_a_second_open_request_is_refused(town: Town) -> None:
    trip = await town.trip()
    with pytest.raises(errors.TooManyOpenRequests):
        await town.trip(trip.rider_id)


async def test_a_place_is_where_it_was_said_to_be(town: Town) -> None:
    trip = await town.trip(pickup=Point(-73.99, 40.75))
    assert trip.pickup == Point(-73.99, 40.75)


async def test_a_trip_under_way_is_found_however_many_were_asked_for_since(
    database: Database,
) -> None:
    town = await Town.build(database, booking_policy={"open_requests_per_rider": 8})
    trip, _ = await town.assigned()
    for _ in range(6):
        await town.trip(trip.rider_id)
    async with database.work() as work:
        held = await views.list_held_trips_of_rider(work, trip.rider_id)
    assert [one.trip_id for one in held] == [trip.trip_id]


async def test_a_trip_given_back_keeps_its_place_in_turn(town: Town) -> None:
    trip, driver_id = await town.assigned()
    await town.trip()
    async with town.database.work() as work:
        await driving.release(work, trip_id=trip.trip_id, driver_id=driver_id, reason="flat tyre")
    async with town.database.work() as work:
        (first,) = await list_open_trips(work, most=1)
    assert first.trip_id == trip.trip_id
