"""Two sessions on one trip, offer or shift: one wins, the other is told, nothing is half done.

The second begins when the first is done and not yet committed, in both orders. A deadlock is a
failure: it is neither of the answers expected here.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

import ledger.views
import registry.service
from dispatch import errors
from dispatch.position import Position
from dispatch.service import booked, driving, offers, requests, shifts, wishes
from dispatch.store.shifts import upsert_positions
from dispatch.trip import Actor, By, Trip, TripState
from dispatch.views.figures import run_report
from foundation.errors import Refusal
from foundation.identifiers import DriverId, OfferId, ShiftId, TripId
from registry.errors import NotFitToWork
from registry.licence import Standing
from storage.engine import DatabaseUnavailable
from storage.work import UnitOfWork
from tests.town import STATION, Town

Act = Callable[[UnitOfWork], Awaitable[Any]]
BOTH_ORDERS = pytest.mark.parametrize("turned", [False, True], ids=["as_named", "turned_round"])


async def interleaved(town: Town, first: Act, second: Act) -> Refusal | None:
    """`second` begins when `first` is done and not committed; how the second was refused."""

    async def late() -> None:
        async with town.database.work() as work:
            await second(work)

    async with town.database.work() as work:
        await first(work)
        task = asyncio.create_task(late())
        await until_waiting(town, task)
    try:
        await task
    except Refusal as refusal:
        return refusal
    finally:
        await nothing_is_half_done(town)
    return None


async def until_waiting(town: Town, task: asyncio.Task[None]) -> None:
    """Until the task waits for a lock of another session, or needs none."""
    while not task.done():
        async with town.database.work() as work:
            waiting = await work.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            if waiting.scalar_one():
                return


async def nothing_is_half_done(town: Town) -> None:
    async with town.database.work() as work:
        report = await run_report(work)
        assert (report["double_assignments"], report["lost_trips"]) == (0, 0)
        assert not any((await ledger.views.imbalance(work)).values())
        unannounced = await work.execute(
            text(
                "SELECT count(*) FROM dispatch.trip_event AS e WHERE NOT EXISTS ("
                " SELECT 1 FROM storage.outbox AS o WHERE o.event_id = e.event_id)"
            )
        )
        assert unannounced.scalar_one() == 0


async def state_of(town: Town, table: str, key: object) -> str:
    async with town.database.work() as work:
        statement = text(f"SELECT state FROM dispatch.{table} WHERE {table}_id = :key")
        return str((await work.execute(statement, {"key": key})).scalar_one())


async def steps_of(town: Town, trip: Trip) -> list[str]:
    async with town.database.work() as work:
        statement = text("SELECT step FROM dispatch.trip_event WHERE trip_id = :t ORDER BY seq")
        return list((await work.execute(statement, {"t": trip.trip_id})).scalars())


# ------------------------------------------------------------------------------------ the acts


def accepting(offer_id: OfferId, driver_id: DriverId) -> Act:
    return lambda work: offers.accept_offer(
        work, offer_id=offer_id, driver_id=driver_id, attempt=None
    )


def cancelling(trip: Trip) -> Act:
    by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
    return lambda work: requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)


def cancelling_at_the_office(town: Town, trip: Trip) -> Act:
    by = By(actor=Actor.OFFICE, actor_id=town.office)
    return lambda work: requests.cancel_by_operator(work, trip_id=trip.trip_id, by=by)


def ending_shift(town: Town, driver_id: DriverId) -> Act:
    return lambda work: shifts.end_shift(work, shift_id=town.shifts[driver_id], driver_id=driver_id)


def ending_shift_by_the_sweep(town: Town, driver_id: DriverId) -> Act:
    return lambda work: shifts.end_shift_of(work, town.shifts[driver_id], reason="out_of_hours")


def offering(town: Town, trip: Trip, driver_id: DriverId) -> Act:
    return lambda work: town.offer_in(work, trip, driver_id)


def suspending(town: Town, driver_id: DriverId) -> Act:
    return lambda work: registry.service.set_standing(
        work, driver_id, Standing.SUSPENDED, reason="a complaint", by=town.office
    )


async def offered(town: Town, *, seconds: float = 15) -> tuple[Trip, DriverId, OfferId]:
    driver_id = await town.driver()
    trip = await town.trip()
    return trip, driver_id, await town.offer(trip, driver_id, seconds=seconds)


async def on_board(town: Town) -> tuple[Trip, DriverId]:
    trip, driver_id = await town.assigned()
    async with town.database.work() as work:
        await driving.arrive(
            work, trip_id=trip.trip_id, driver_id=driver_id, at=STATION, reason=None
        )
    async with town.database.work() as work:
        await driving.board(
            work, trip_id=trip.trip_id, driver_id=driver_id, pin=trip.pin, reason=None
        )
    return trip, driver_id


# ----------------------------------------------------------------------------------- the pairs


async def test_I12_accept_before_cancel(town: Town) -> None:
    trip, driver_id, offer_id = await offered(town)
    assert await interleaved(town, accepting(offer_id, driver_id), cancelling(trip)) is None
    steps = await steps_of(town, trip)
    assert steps[-2:] == ["accept", "rider_cancel"], "the driver had it, then the rider cancelled"


async def test_I12_cancel_before_accept(town: Town) -> None:
    trip, driver_id, offer_id = await offered(town)
    ended = await interleaved(town, cancelling(trip), accepting(offer_id, driver_id))
    assert isinstance(ended, errors.OfferOver)
    assert await state_of(town, "trip", trip.trip_id) == "cancelled_by_rider"
    assert "accept" not in await steps_of(town, trip)


async def test_two_accepts_of_one_offer_have_one_winner(town: Town) -> None:
    trip, driver_id, offer_id = await offered(town)
    act = accepting(offer_id, driver_id)
    assert isinstance(await interleaved(town, act, act), errors.OfferOver)
    assert (await steps_of(town, trip)).count("accept") == 1


@BOTH_ORDERS
async def test_accept_and_decline_have_one_winner(town: Town, turned: bool) -> None:
    trip, driver_id, offer_id = await offered(town)
    accept = accepting(offer_id, driver_id)

    def decline(work: UnitOfWork) -> Awaitable[None]:
        return offers.decline_offer(work, offer_id=offer_id, driver_id=driver_id, reason=None)

    pair = (decline, accept) if turned else (accept, decline)
    assert isinstance(await interleaved(town, *pair), errors.OfferOver)
    assert await state_of(town, "offer", offer_id) == ("declined" if turned else "accepted")
    assert await state_of(town, "trip", trip.trip_id) == ("matching" if turned else "assigned")


async def past(town: Town, seconds: float) -> None:
    async with town.database.work() as work:
        await work.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


async def test_I08_an_acceptance_in_time_wins_against_the_sweep(town: Town) -> None:
    trip, driver_id, offer_id = await offered(town, seconds=1.5)

    async def accept(work: UnitOfWork) -> None:
        await accepting(offer_id, driver_id)(work)
        await past(town, 1.5)

    ended = await interleaved(town, accept, lambda work: offers.lapse_offer(work, offer_id))
    assert ended is None
    assert await state_of(town, "offer", offer_id) == "accepted"
    assert await state_of(town, "trip", trip.trip_id) == "assigned"


async def test_I08_a_lapse_wins_against_a_late_acceptance(town: Town) -> None:
    trip, driver_id, offer_id = await offered(town, seconds=0.001)
    ended = await interleaved(
        town, lambda work: offers.lapse_offer(work, offer_id), accepting(offer_id, driver_id)
    )
    assert isinstance(ended, errors.OfferOver)
    assert await state_of(town, "offer", offer_id) == "lapsed"
    assert await state_of(town, "trip", trip.trip_id) == "matching"


@pytest.mark.parametrize("ending", [ending_shift, ending_shift_by_the_sweep])
async def test_accept_before_the_end_of_the_shift(
    town: Town, ending: Callable[[Town, DriverId], Act]
) -> None:
    trip, driver_id, offer_id = await offered(town)
    ended = await interleaved(town, accepting(offer_id, driver_id), ending(town, driver_id))
    assert ended is None or isinstance(ended, errors.ShiftHasTrip)
    assert await state_of(town, "trip", trip.trip_id) == "assigned"
    async with town.database.work() as work:
        shift = await shifts.store.find_open_shift(work, driver_id)
    assert shift is not None


@pytest.mark.parametrize("ending", [ending_shift, ending_shift_by_the_sweep])
async def test_the_end_of_the_shift_before_accept(
    town: Town, ending: Callable[[Town, DriverId], Act]
) -> None:
    trip, driver_id, offer_id = await offered(town)
    ended = await interleaved(town, ending(town, driver_id), accepting(offer_id, driver_id))
    assert isinstance(ended, errors.OfferOver)
    assert await state_of(town, "trip", trip.trip_id) == "matching"


async def test_a_shift_ends_in_the_order_of_locks(town: Town) -> None:
    """Halfway: the acceptance holds the trip and wants the shift, as the shift's end begins."""
    _, driver_id, offer_id = await offered(town)

    async def accept_slowly(work: UnitOfWork) -> None:
        await offers._lock_own(work, offer_id, driver_id)

    ending: asyncio.Task[None]

    async def end() -> None:
        async with town.database.work() as work:
            await ending_shift_by_the_sweep(town, driver_id)(work)

    async with town.database.work() as work:
        await accept_slowly(work)
        ending = asyncio.create_task(end())
        await until_waiting(town, ending)
        await accepting(offer_id, driver_id)(work)
    await ending
    await nothing_is_half_done(town)
    assert await state_of(town, "offer", offer_id) == "accepted"


@BOTH_ORDERS
async def test_I11_accept_and_suspension_have_one_order(town: Town, turned: bool) -> None:
    trip, driver_id, offer_id = await offered(town)
    accept, suspend = accepting(offer_id, driver_id), suspending(town, driver_id)
    if turned:
        assert isinstance(await interleaved(town, suspend, accept), NotFitToWork)
        assert await state_of(town, "trip", trip.trip_id) == "matching"
    else:
        assert await interleaved(town, accept, suspend) is None
        assert await state_of(town, "trip", trip.trip_id) == "assigned"


@BOTH_ORDERS
async def test_I07_an_offer_and_a_cancellation(town: Town, turned: bool) -> None:
    driver_id = await town.driver()
    trip = await town.trip()
    offer, cancel = offering(town, trip, driver_id), cancelling(trip)
    pair = (cancel, offer) if turned else (offer, cancel)
    assert await interleaved(town, *pair) is None
    assert await state_of(town, "trip", trip.trip_id) == "cancelled_by_rider"
    async with town.database.work() as work:
        states = (await work.execute(text("SELECT state FROM dispatch.offer"))).scalars().all()
    assert states == ([] if turned else ["withdrawn"])


@pytest.mark.parametrize("ending", [ending_shift, ending_shift_by_the_sweep])
@BOTH_ORDERS
async def test_I07_an_offer_and_the_end_of_the_shift(
    town: Town, turned: bool, ending: Callable[[Town, DriverId], Act]
) -> None:
    driver_id = await town.driver()
    trip = await town.trip()
    offer, end = offering(town, trip, driver_id), ending(town, driver_id)
    pair = (end, offer) if turned else (offer, end)
    assert await interleaved(town, *pair) is None
    async with town.database.work() as work:
        assert await shifts.store.find_open_shift(work, driver_id) is None
        states = (await work.execute(text("SELECT state FROM dispatch.offer"))).scalars().all()
    assert states == ([] if turned else ["withdrawn"])


async def test_a_shift_that_ends_takes_no_other_drivers_offer_with_it(town: Town) -> None:
    leaving, staying = await town.driver(), await town.driver()
    trip, other = await town.trip(), await town.trip()
    made: list[OfferId] = []

    async def round_for_both(work: UnitOfWork) -> None:
        made.extend(await town.offer_in(work, trip, leaving))
        made.extend(await town.offer_in(work, other, staying))

    assert await interleaved(town, ending_shift(town, leaving), round_for_both) is None
    assert len(made) == 1
    await town.accept(made[0], staying)


async def test_I30_a_shift_that_ends_takes_no_other_drivers_position_with_it(town: Town) -> None:
    leaving, staying = await town.driver(), await town.driver()

    def store(work: UnitOfWork) -> Awaitable[None]:
        batch = [
            Position(driver_id=one, shift_id=town.shifts[one], seq=1, point=STATION, heading=0,
                     at=work.now)
            for one in (leaving, staying)
        ]  # fmt: skip
        return upsert_positions(work, batch)

    assert await interleaved(town, ending_shift(town, leaving), store) is None
    async with town.database.work() as work:
        known = (await work.execute(text("SELECT driver_id FROM dispatch.position"))).scalars()
        assert list(known) == [staying]
    assert await interleaved(town, store, ending_shift(town, staying)) is None
    async with town.database.work() as work:
        left = (await work.execute(text("SELECT count(*) FROM dispatch.position"))).scalar_one()
    assert left == 0


@BOTH_ORDERS
async def test_release_and_the_offices_cancellation(town: Town, turned: bool) -> None:
    trip, driver_id = await town.assigned()
    cancel = cancelling_at_the_office(town, trip)

    def release(work: UnitOfWork) -> Awaitable[Trip]:
        return driving.release(work, trip_id=trip.trip_id, driver_id=driver_id, reason="flat tyre")

    ended = await interleaved(town, *((cancel, release) if turned else (release, cancel)))
    assert await state_of(town, "trip", trip.trip_id) == "cancelled_by_operator"
    if turned:
        assert isinstance(ended, errors.IllegalStep)
    else:
        assert ended is None
    assert ("driver_release" in await steps_of(town, trip)) is not turned


@BOTH_ORDERS
async def test_I17_complete_and_abort_have_one_winner(town: Town, turned: bool) -> None:
    trip, driver_id = await on_board(town)

    def complete(work: UnitOfWork) -> Awaitable[Trip]:
        return driving.complete(work, trip_id=trip.trip_id, driver_id=driver_id, metres=None)

    def abort(work: UnitOfWork) -> Awaitable[Trip]:
        return driving.abort(work, trip_id=trip.trip_id, driver_id=driver_id, reason="fire")

    ended = await interleaved(town, *((abort, complete) if turned else (complete, abort)))
    assert isinstance(ended, errors.IllegalStep)
    assert await state_of(town, "trip", trip.trip_id) == ("aborted" if turned else "completed")
    async with town.database.work() as work:
        charge = await ledger.views.find_charge(work, trip.trip_id)
    assert (charge is None) is turned


async def test_I17_completing_twice_at_once_charges_once(town: Town) -> None:
    trip, driver_id = await on_board(town)

    def complete(work: UnitOfWork) -> Awaitable[Trip]:
        return driving.complete(work, trip_id=trip.trip_id, driver_id=driver_id, metres=None)

    assert isinstance(await interleaved(town, complete, complete), errors.IllegalStep)


async def test_I04_two_requests_of_one_rider_have_one_winner(town: Town) -> None:
    rider_id = await town.rider()
    quotes = [await town.quote(rider_id) for _ in range(2)]

    def asking(number: int) -> Act:
        return lambda work: requests.request_trip(
            work, trip_id=TripId(work.new_id()), quote_id=quotes[number].quote_id,
            rider_id=rider_id, by=By(actor=Actor.RIDER, actor_id=rider_id),
        )  # fmt: skip

    assert isinstance(await interleaved(town, asking(0), asking(1)), errors.TooManyOpenRequests)


async def test_a_quote_is_booked_by_one_of_two_requests(town: Town) -> None:
    rider_id = await town.rider()
    quote = await town.quote(rider_id)

    def ask(work: UnitOfWork) -> Awaitable[Trip]:
        return requests.request_trip(
            work, trip_id=TripId(work.new_id()), quote_id=quote.quote_id, rider_id=rider_id,
            by=By(actor=Actor.RIDER, actor_id=rider_id),
        )  # fmt: skip

    assert isinstance(await interleaved(town, ask, ask), errors.QuoteAlreadyBooked)


async def test_two_sweeps_at_once_expire_a_request_once(database_address: str, town: Town) -> None:
    trip = await town.trip()
    await town.offer(trip, await town.driver())

    def expire(work: UnitOfWork) -> Awaitable[None]:
        work.now += timedelta(hours=2)  # as of then; the database judges no deadline here
        return requests.expire(work, trip.trip_id)

    assert await interleaved(town, expire, expire) is None
    assert (await steps_of(town, trip)).count("expire") == 1


async def test_a_driver_or_a_vehicle_begins_one_of_two_shifts(town: Town) -> None:
    driver_id = await town.driver(on_shift=False)

    def start(work: UnitOfWork) -> Awaitable[Any]:
        return shifts.start_shift(
            work, shift_id=ShiftId(work.new_id()), driver_id=driver_id,
            vehicle_id=town.vehicles[driver_id],
        )  # fmt: skip

    assert isinstance(await interleaved(town, start, start), errors.AlreadyOnShift)

    async def racing() -> bool:
        try:
            async with town.database.work() as work:
                await start(work)
        except errors.AlreadyOnShift:
            return False
        return True

    async with town.database.work() as work:
        shift = await shifts.store.find_open_shift(work, driver_id)
        assert shift is not None
        await shifts.end_shift(work, shift_id=shift.shift_id, driver_id=driver_id)
    for _ in range(5):
        assert sum(await asyncio.gather(*(racing() for _ in range(4)))) == 1
        async with town.database.work() as work:
            shift = await shifts.store.find_open_shift(work, driver_id)
            assert shift is not None
            await shifts.end_shift(work, shift_id=shift.shift_id, driver_id=driver_id)


async def test_many_rounds_and_many_answers_at_once_never_lock_one_another_out(
    town: Town,
) -> None:
    """Two dispatchers by mistake, drivers who accept, riders who cancel: all at once."""
    drivers = [await town.driver() for _ in range(4)]
    trips = [await town.trip() for _ in range(4)]

    async def tried(act: Act) -> None:
        try:
            async with town.database.work() as work:
                await act(work)
        except DatabaseUnavailable:  # a deadlock is told so
            raise
        except Refusal:
            return

    async def answer(driver_id: DriverId) -> None:
        async with town.database.work() as work:
            offer = await offers.store.find_open_of_driver(work, driver_id)
        if offer is not None:
            await tried(accepting(offer.offer_id, driver_id))

    for shift in range(2):
        pairs = list(zip(trips, drivers[shift:] + drivers[:shift], strict=True))
        await asyncio.gather(
            *(tried(offering(town, trip, driver_id)) for trip, driver_id in pairs),
            *(tried(offering(town, trip, driver_id)) for trip, driver_id in reversed(pairs)),
            *(answer(driver_id) for driver_id in drivers),
            tried(cancelling(trips[shift])),
            tried(ending_shift_by_the_sweep(town, drivers[shift])),
        )
        await asyncio.gather(*(answer(driver_id) for driver_id in drivers))
        await nothing_is_half_done(town)
    for trip in trips:
        assert await state_of(town, "trip", trip.trip_id) in set(TripState)


# ------------------------------------------------------------------ bookings and drivers' wishes


@BOTH_ORDERS
async def test_a_warning_against_an_acceptance(town: Town, turned: bool) -> None:
    """Whoever is told was told in truth: not after somebody had accepted."""
    async with town.database.work() as work:
        wanted = work.now + timedelta(seconds=1000)
    trip, driver_id = await town.trip(booked_for=wanted), await town.driver()
    async with town.database.work() as work:
        await requests.start_matching(work, trip.trip_id)
    accept = accepting(await town.offer(trip, driver_id), driver_id)

    def warn(work: UnitOfWork) -> Awaitable[None]:
        return booked.warn(work, trip.trip_id)

    first, second = (accept, warn) if turned else (warn, accept)
    assert await interleaved(town, first, second) is None
    assert await state_of(town, "trip", trip.trip_id) == "assigned"
    async with town.database.work() as work:
        told = await work.execute(text("SELECT count(*) FROM dispatch.booking_warning"))
    assert told.scalar_one() == (0 if turned else 1)


@BOTH_ORDERS
async def test_I30_a_wish_against_the_end_of_its_shift(town: Town, turned: bool) -> None:
    driver_id = await town.driver()

    def wish(work: UnitOfWork) -> Awaitable[Any]:
        shift_id = town.shifts[driver_id]
        return wishes.head_home(work, shift_id=shift_id, driver_id=driver_id, place=STATION)

    end = ending_shift(town, driver_id)
    first, second = (end, wish) if turned else (wish, end)
    refused = await interleaved(town, first, second)
    assert isinstance(refused, errors.ShiftNotFound) is turned
    async with town.database.work() as work:
        kept = await work.execute(text("SELECT count(*) FROM dispatch.shift_wish"))
    assert kept.scalar_one() == 0
