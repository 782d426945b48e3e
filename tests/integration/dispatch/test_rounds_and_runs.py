"""What a round makes of runs: who is asked for a next job, who is asked to take one more rider."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from dispatch.fleet import Fleet
from dispatch.matching.shared.joining import decided_again
from dispatch.offer import Offer
from dispatch.position import Position, PositionBoard
from dispatch.round import Dispatcher
from dispatch.run import StopKind
from dispatch.service import offers
from dispatch.store.rounds import find_round
from dispatch.trip import Trip
from dispatch.views import trips as views
from dispatch.waiting import arrival_seconds
from foundation.identifiers import DriverId, RoundId
from foundation.measures import Point
from foundation.money import Currency
from roads.straight_line import StraightLineEngine
from tests.dispatch_rows import damage
from tests.town import PARK, STATION, Town

UP, OFF = StopKind.PICKUP, StopKind.DROPOFF
ROADS = StraightLineEngine()


def towards_the_park(share: float) -> Point:
    """So far along the straight line from the station to the park."""
    return Point(
        STATION.lon + (PARK.lon - STATION.lon) * share,
        STATION.lat + (PARK.lat - STATION.lat) * share,
    )


async def seen(town: Town, **places: Point) -> PositionBoard:
    """The fleet as a service knows it that has just begun, each driver where they reported."""
    board = PositionBoard()
    async with town.database.work() as work:
        await Fleet(board, currency=Currency("USD")).load(work)
        for name, place in places.items():
            driver_id = next(one for one in town.shifts if one.hex == name)
            board.report(
                Position(driver_id=driver_id, shift_id=town.shifts[driver_id], seq=1, point=place,
                         heading=0, at=work.now)
            )  # fmt: skip
    return board


async def round_of(
    town: Town, driver_id: DriverId, place: Point, *, answer_seconds_min: int = 0
) -> int:
    """How many offers a round makes with that driver at that place."""
    dispatcher = Dispatcher(
        town.database, roads=ROADS, network_digest="0" * 64,
        board=await seen(town, **{driver_id.hex: place}), stale_seconds=3600,
        answer_seconds_min=answer_seconds_min,
    )  # fmt: skip
    return (await dispatcher.run_round()).offers


async def offered(town: Town, driver_id: DriverId) -> Offer:
    async with town.database.work() as work:
        offer = await offers.store.find_open_of_driver(work, driver_id)
    assert offer is not None
    return offer


def order(offer: Offer) -> Sequence[tuple[object, StopKind]]:
    return [(stop.trip_id, stop.kind) for stop in offer.plan]


@pytest.fixture
async def ada(town: Town) -> tuple[Trip, DriverId]:
    """A rider who shares, in the car, on the way to the park."""
    driver_id = await town.driver()
    trip = await town.trip(is_shared=True)
    assert await round_of(town, driver_id, STATION) == 1
    trip = await town.accept((await offered(town, driver_id)).offer_id, driver_id)
    await town.arrive(trip, driver_id)
    return await town.board(trip, driver_id), driver_id


async def test_a_driver_at_the_end_of_a_trip_is_asked_for_the_next(town: Town) -> None:
    trip, driver_id = await town.on_board()
    following = await town.trip(pickup=PARK, dropoff=STATION)
    assert await round_of(town, driver_id, towards_the_park(0.95)) == 1
    offer = await offered(town, driver_id)
    assert offer.trip_id == following.trip_id
    assert 0 < offer.pickup_seconds < 120, "the way to the park, where the next rider stands"
    taken = await town.accept(offer.offer_id, driver_id)
    assert taken.holder is not None
    assert trip.holder is not None
    assert taken.holder.run_id == trip.holder.run_id


async def test_a_driver_with_a_long_way_to_go_is_not(town: Town) -> None:
    _, driver_id = await town.on_board()
    await town.trip(pickup=PARK, dropoff=STATION)
    assert await round_of(town, driver_id, STATION) == 0


async def test_nor_is_one_on_the_way_to_a_rider(town: Town) -> None:
    _, driver_id = await town.assigned()
    await town.trip(pickup=PARK, dropoff=STATION)
    assert await round_of(town, driver_id, PARK) == 0


async def test_the_waiting_rider_is_told_the_time_through_the_stops_before(town: Town) -> None:
    _, driver_id = await town.on_board()
    following = await town.trip(pickup=PARK, dropoff=STATION)
    await round_of(town, driver_id, towards_the_park(0.95))
    taken = await town.accept((await offered(town, driver_id)).offer_id, driver_id)
    async with town.database.reading() as work:
        shown = await views.trip_for_rider(work, following.trip_id, taken.rider_id)
    near = arrival_seconds(await seen(town, **{driver_id.hex: PARK}), ROADS, shown)
    far = arrival_seconds(await seen(town, **{driver_id.hex: STATION}), ROADS, shown)
    assert near is not None
    assert far is not None
    assert near < 10 < 120 < far, "from where the car is now, not from where it was"
    assert arrival_seconds(await seen(town), ROADS, shown) == shown.pickup_seconds


async def test_who_shares_is_promised_the_latest_times(
    town: Town, ada: tuple[Trip, DriverId]
) -> None:
    trip, _ = ada
    async with town.database.reading() as work:
        shown = await views.trip_for_rider(work, trip.trip_id, trip.rider_id)
    assert shown.latest_pickup_at is not None
    off = trip.requested_at + timedelta(seconds=480) - shown.latest_pickup_at
    assert timedelta(0) <= off < timedelta(milliseconds=1), "matching counts in milliseconds"
    aboard = timedelta(seconds=900 * 3 // 2 + 30)
    assert shown.latest_dropoff_at == shown.latest_pickup_at + aboard


async def test_a_rider_on_the_way_joins_the_run(town: Town, ada: tuple[Trip, DriverId]) -> None:
    trip, driver_id = ada
    ben = await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True)
    assert await round_of(town, driver_id, towards_the_park(0.1)) == 1
    offer = await offered(town, driver_id)
    assert offer.trip_id == ben.trip_id
    assert order(offer)[0] == (ben.trip_id, UP)
    assert {one for one, _ in order(offer)} == {trip.trip_id, ben.trip_id}
    assert offer.why["reasons"][0]["code"] == "joins_your_run"
    assert offer.promised.keys() == {UP, OFF}
    assert 0 < offer.added_seconds < 300, "two stops more, hardly any way"
    taken = await town.accept(offer.offer_id, driver_id)
    assert taken.holder is not None
    assert trip.holder is not None
    assert taken.holder.run_id == trip.holder.run_id


async def test_I15_who_joined_whom_is_decided_again_from_what_was_stored(
    town: Town, ada: tuple[Trip, DriverId]
) -> None:
    _, driver_id = ada
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True)
    await round_of(town, driver_id, towards_the_park(0.1))
    async with town.database.work() as work:
        found = await work.execute(
            text("SELECT round_id FROM dispatch.round WHERE joins IS NOT NULL")
        )
        stored = await find_round(work, RoundId(found.scalar_one()))
    assert stored is not None
    assert stored.joins is not None
    assert decided_again(stored.joins) == stored.joins


async def test_who_does_not_share_joins_nobody(town: Town, ada: tuple[Trip, DriverId]) -> None:
    _, driver_id = ada
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK)
    assert await round_of(town, driver_id, towards_the_park(0.1)) == 0


async def test_nobody_joins_a_rider_who_does_not_share(town: Town) -> None:
    _, driver_id = await town.on_board()
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True)
    assert await round_of(town, driver_id, towards_the_park(0.1)) == 0


async def test_a_rider_out_of_the_way_waits_for_another_car(
    town: Town, ada: tuple[Trip, DriverId]
) -> None:
    _, driver_id = ada
    behind = towards_the_park(-0.9)
    await town.trip(pickup=STATION, dropoff=behind, is_shared=True)
    assert await round_of(town, driver_id, towards_the_park(0.5)) == 0


async def test_a_driver_who_declined_a_rider_is_not_asked_again_for_them(
    town: Town, ada: tuple[Trip, DriverId]
) -> None:
    _, driver_id = ada
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True)
    await round_of(town, driver_id, towards_the_park(0.1))
    offer = await offered(town, driver_id)
    async with town.database.work() as work:
        await offers.decline_offer(work, offer_id=offer.offer_id, driver_id=driver_id, reason=None)
    assert await round_of(town, driver_id, towards_the_park(0.1)) == 0


async def test_a_car_at_a_kerb_is_asked_when_it_is_on_its_way_again(town: Town) -> None:
    driver_id = await town.driver()
    trip = await town.trip(is_shared=True)
    await round_of(town, driver_id, STATION)
    trip = await town.accept((await offered(town, driver_id)).offer_id, driver_id)
    await town.arrive(trip, driver_id)
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True)
    assert await round_of(town, driver_id, STATION) == 0
    await town.board(trip, driver_id)
    assert await round_of(town, driver_id, STATION) == 1


@pytest.mark.parametrize(("least", "stands"), [(0, 15), (10, 15), (40, 40)])
async def test_an_offer_stands_as_the_policy_says_or_as_long_as_a_fast_city_needs(
    town: Town, least: int, stands: int
) -> None:
    driver_id = await town.driver()
    await town.trip()
    assert await round_of(town, driver_id, STATION, answer_seconds_min=least) == 1
    offer = await offered(town, driver_id)
    assert offer.deadline - offer.made_at == timedelta(seconds=stands)


async def test_nobody_joins_where_the_reserve_of_a_promise_would_go(
    town: Town, ada: tuple[Trip, DriverId], address: str
) -> None:
    """Two riders at one place. For the second the plan still keeps the promise, by half a minute."""
    trip, driver_id = ada
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True)
    assert await round_of(town, driver_id, towards_the_park(0.1)) == 1
    first = await offered(town, driver_id)
    (planned,) = (stop for stop in first.plan if (stop.trip_id, stop.kind) == (trip.trip_id, OFF))
    async with town.database.work() as work:
        await offers.decline_offer(work, offer_id=first.offer_id, driver_id=driver_id, reason=None)
    await town.trip(pickup=towards_the_park(0.3), dropoff=PARK, is_shared=True)
    for spare, made in (("30 seconds", 0), ("20 minutes", 1)):
        damage(
            address,
            "UPDATE dispatch.run_stop SET expected_at = service_now(),"
            f" latest_at = '{planned.expected_at}'::timestamptz + interval '{spare}'"
            f" WHERE trip_id = '{trip.trip_id}' AND kind = 'dropoff'",
        )
        assert await round_of(town, driver_id, towards_the_park(0.1)) == made
