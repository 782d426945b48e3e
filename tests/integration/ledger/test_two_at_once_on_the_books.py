"""Two sessions on one trip's money: one act wins, the other finds it or is refused."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from fares.fare import Extras
from foundation.errors import Refusal
from foundation.money import Money
from ledger import service, views
from ledger.errors import (
    HoldOpen,
    HoldReleased,
    RefundAtTheSameMoment,
    TipAlreadyGiven,
    TripAlreadyCharged,
)
from storage.work import UnitOfWork
from tests.booked import City, QuotedTrip
from tests.money import USD

Act = Callable[[UnitOfWork, QuotedTrip], Awaitable[None]]


async def hold(work: UnitOfWork, trip: QuotedTrip) -> None:
    await service.hold(work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total)


async def hold_less(work: UnitOfWork, trip: QuotedTrip) -> None:
    await service.hold(work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=Money(1, USD))


async def void(work: UnitOfWork, trip: QuotedTrip) -> None:
    await service.void_hold(work, trip_id=trip.trip_id)


def settling(city: City, extras: Extras | None = None) -> Act:
    async def settle(work: UnitOfWork, trip: QuotedTrip) -> None:
        await service.settle_trip(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            fare=await city.fare(trip, extras=extras),
        )  # fmt: skip

    return settle


def charging(city: City) -> Act:
    async def charge(work: UnitOfWork, trip: QuotedTrip) -> None:
        await service.settle_fee(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            kind="no_show", amount=Money(500, USD), tariff_rule_id=city.tariff_rule_id,
        )  # fmt: skip

    return charge


def tipping(minor: int) -> Act:
    async def tip(work: UnitOfWork, trip: QuotedTrip) -> None:
        await service.tip(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            amount=Money(minor, USD),
        )  # fmt: skip

    return tip


async def refund(work: UnitOfWork, trip: QuotedTrip) -> None:
    await service.refund(work, trip_id=trip.trip_id, amount=trip.quote.total, reason="test")


async def interleaved(city: City, trip: QuotedTrip, first: Act, second: Act) -> Refusal | None:
    """`second` begins when `first` is done and not yet committed; how the second ended."""

    async def late() -> None:
        async with city.database.work() as work:
            await second(work, trip)

    async with city.database.work() as work:
        await first(work, trip)
        task = asyncio.create_task(late())
        await until_waiting(city, task)
    try:
        await task
    except Refusal as refusal:
        return refusal
    return None


async def until_waiting(city: City, task: asyncio.Task[None]) -> None:
    """Until the task waits for a lock of another session, or needs none."""
    while not task.done():
        async with city.database.work() as work:
            waiting = await work.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
            if waiting.scalar_one():
                return


async def kinds(city: City, trip: QuotedTrip) -> list[str]:
    """What is in the books for the trip; they balance."""
    async with city.database.work() as work:
        assert not any((await views.imbalance(work)).values())
        rows = await work.execute(
            text("SELECT kind FROM ledger.transfer WHERE trip_id = :trip ORDER BY kind"),
            {"trip": trip.trip_id},
        )
        told = await work.execute(
            text("SELECT count(*) FROM storage.outbox WHERE topic = 'ledger'")
        )
        found = [row.kind for row in rows]
        assert told.scalar_one() == len(found)
        return found


async def test_two_settles_at_once_charge_once(city: City) -> None:
    trip = await city.held_trip()
    assert await interleaved(city, trip, settling(city), settling(city)) is None
    assert await kinds(city, trip) == ["fare", "hold"]


async def test_two_settles_that_differ_have_one_winner(city: City) -> None:
    trip = await city.held_trip()
    other = settling(city, Extras(waiting_seconds=900))
    assert isinstance(await interleaved(city, trip, settling(city), other), TripAlreadyCharged)
    assert await kinds(city, trip) == ["fare", "hold"]


async def test_a_void_before_a_settle_wins(city: City) -> None:
    trip = await city.held_trip()
    assert isinstance(await interleaved(city, trip, void, settling(city)), HoldReleased)
    assert await kinds(city, trip) == ["hold", "void"]


async def test_a_settle_before_a_void_wins(city: City) -> None:
    trip = await city.held_trip()
    assert isinstance(await interleaved(city, trip, settling(city), void), TripAlreadyCharged)
    assert await kinds(city, trip) == ["fare", "hold"]


async def test_a_fare_and_a_fee_at_once_have_one_winner(city: City) -> None:
    for first, second, winner in (
        (settling(city), charging(city), "fare"), (charging(city), settling(city), "no_show_fee"),
    ):  # fmt: skip
        trip = await city.quoted_trip()
        assert isinstance(await interleaved(city, trip, first, second), TripAlreadyCharged)
        async with city.database.work() as work:
            charge = await views.find_charge(work, trip.trip_id)
        assert charge is not None
        assert charge.kind == winner


@pytest.mark.parametrize(
    ("second", "expected"), [(hold, None), (hold_less, HoldOpen)], ids=["same", "other"]
)
async def test_two_holds_at_once_are_one(
    city: City, second: Act, expected: type[Refusal] | None
) -> None:
    trip = await city.quoted_trip()
    ended = await interleaved(city, trip, hold, second)
    assert (ended and type(ended)) == expected
    assert await kinds(city, trip) == ["hold"]


async def test_two_voids_at_once_are_one(city: City) -> None:
    trip = await city.held_trip()
    assert await interleaved(city, trip, void, void) is None
    assert await kinds(city, trip) == ["hold", "void"]


async def test_two_holds_anew_at_once_are_one(city: City) -> None:
    trip = await city.held_trip()
    async with city.database.work() as work:
        await void(work, trip)
    ended = await interleaved(city, trip, hold, hold)
    assert ended is None or isinstance(ended, HoldOpen)
    assert await kinds(city, trip) == ["hold", "hold", "void"]


@pytest.mark.parametrize(
    ("minor", "expected"), [(100, None), (200, TipAlreadyGiven)], ids=["same", "other"]
)
async def test_two_tips_at_once_are_one(
    city: City, minor: int, expected: type[Refusal] | None
) -> None:
    trip = await city.settled_trip()
    ended = await interleaved(city, trip, tipping(100), tipping(minor))
    assert (ended and type(ended)) == expected
    assert await kinds(city, trip) == ["fare", "hold", "tip"]


async def test_I21_two_refunds_of_everything_at_once_give_back_once(city: City) -> None:
    trip = await city.settled_trip()
    assert isinstance(await interleaved(city, trip, refund, refund), RefundAtTheSameMoment)
    assert await kinds(city, trip) == ["fare", "hold", "refund"]


async def test_many_first_settlements_at_once_open_each_account_once(city: City) -> None:
    trips = [await city.quoted_trip() for _ in range(8)]
    fares = [await city.fare(trip) for trip in trips]
    await asyncio.gather(
        *(city.settle(trip, fare) for trip, fare in zip(trips, fares, strict=True))
    )
    async with city.database.work() as work:
        rows = await work.execute(
            text("SELECT role, count(*) FROM ledger.account GROUP BY role ORDER BY role")
        )
        assert [tuple(row) for row in rows] == [
            ("city", 1), ("cooperative", 1), ("driver", 8), ("rider", 8),
        ]  # fmt: skip
        assert not any((await views.imbalance(work)).values())
