"""Two cities equal but for who declined what decide the same, through the real service."""

from collections.abc import Callable

import pytest

from dispatch.fleet import Fleet
from dispatch.matching.round_input import RoundInput
from dispatch.position import PositionBoard
from dispatch.round import Dispatcher
from dispatch.service import offers, requests
from dispatch.store.rounds import StoredRound, find_round, list_rounds
from dispatch.trip import Actor, By, Trip
from foundation.identifiers import DriverId
from foundation.measures import Point
from foundation.money import Currency
from roads.straight_line import StraightLineEngine
from storage.engine import Database
from tests.dispatch_rows import damage
from tests.service_time import stop_time
from tests.town import STATION, Town

USD = Currency("USD")


@pytest.fixture
async def town(database_address: str, database: Database) -> Town:
    """A town whose service time stands still, so that two rounds have the same instant."""
    stop_time(database_address)
    return await Town.build(database)


async def declined_and_cancelled(town: Town, driver_id: DriverId) -> Trip:
    """A trip that the driver did not want, and that its rider then cancelled."""
    trip = await town.trip()
    offer_id = await town.offer(trip, driver_id)
    async with town.database.work() as work:
        await offers.decline_offer(work, offer_id=offer_id, driver_id=driver_id, reason="no")
    async with town.database.work() as work:
        by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
        await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)
    return trip


async def round_of(database: Database) -> StoredRound:
    """One round of a service that has just started on this database."""
    board = PositionBoard()
    async with database.work() as work:
        await Fleet(board, currency=USD).load(work)
    dispatcher = Dispatcher(
        database, roads=StraightLineEngine(), network_digest="0" * 64, board=board,
        stale_seconds=60,
    )  # fmt: skip
    assert (await dispatcher.run_round()).offers == 1
    async with database.work() as work:
        rounds = await list_rounds(work, most=50)
        found = [await find_round(work, one.round_id) for one in rounds if one.matcher != "by hand"]
    (stored,) = found
    assert stored is not None
    return stored


async def test_snapshots_equal_but_for_decline_history_give_equal_plans(
    town: Town, copy_of: Callable[[Database], Database]
) -> None:
    decliner, other = await town.driver(), await town.driver()
    await town.stand(decliner, STATION)
    await town.stand(other, Point(STATION.lon + 0.01, STATION.lat))
    for _ in range(3):
        await declined_and_cancelled(town, decliner)
    trip = await town.trip()
    await town.database.engine.dispose()
    twin = copy_of(town.database)
    # In the twin the riders cancelled before the driver said anything: nobody ever declined.
    damage(
        twin.address,
        "DELETE FROM dispatch.exclusion",
        "UPDATE dispatch.offer SET state = 'withdrawn', end_reason = 'rider_cancel'",
    )
    with_declines, without = await round_of(town.database), await round_of(twin)
    assert with_declines.input_digest == without.input_digest
    assert (with_declines.plan_digest, with_declines.plan) == (without.plan_digest, without.plan)
    seen = RoundInput.decode(with_declines.input).snapshot
    assert [row.trip_id for row in seen.trips] == [trip.trip_id]
    # And the driver who declined three trips is offered the fourth, for they are the nearest.
    async with town.database.work() as work:
        open_offer = await offers.store.find_open_of_driver(work, decliner)
    assert open_offer is not None
    assert open_offer.trip_id == trip.trip_id


async def test_a_decline_excludes_from_that_trip_alone(town: Town) -> None:
    decliner, other = await town.driver(), await town.driver()
    await town.stand(decliner, STATION)
    await town.stand(other, Point(STATION.lon + 0.01, STATION.lat))
    trip = await town.trip()
    offer_id = await town.offer(trip, decliner)
    async with town.database.work() as work:
        await offers.decline_offer(work, offer_id=offer_id, driver_id=decliner, reason=None)
    seen = RoundInput.decode((await round_of(town.database)).input).snapshot
    assert [row.excluded for row in seen.trips] == [(decliner,)]
    async with town.database.work() as work:
        assert await offers.store.find_open_of_driver(work, decliner) is None
        taken = await offers.store.find_open_of_driver(work, other)
    assert taken is not None
    assert taken.trip_id == trip.trip_id
