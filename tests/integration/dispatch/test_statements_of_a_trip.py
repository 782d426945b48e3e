"""What a trip costs in statements: most of its processor time goes into asking the database, so
that what may not grow is how often it is asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import dispatch.views.trips as views
from dispatch.position import Metres
from dispatch.service import driving, offers
from storage.engine import Database
from storage.outbox import Hub, Relay
from storage.work import UnitOfWork
from tests.statements import counted
from tests.town import Town


async def test_the_steps_of_a_trip_ask_the_database_a_fixed_number_of_times(
    database: Database,
) -> None:
    town = await Town.build(database)
    trip, driver_id = await town.assigned()  # whatever is read once and kept is kept from here
    counts: dict[str, int] = {}

    @asynccontextmanager
    async def step(name: str) -> AsyncIterator[UnitOfWork]:
        with counted(database) as sent:
            async with database.work() as work:
                yield work
        counts[name] = len(sent)

    async with step("arrive") as work:
        await driving.arrive(
            work, trip_id=trip.trip_id, driver_id=driver_id, at=trip.pickup, reason=None
        )
    async with step("board") as work:
        await driving.board(
            work, trip_id=trip.trip_id, driver_id=driver_id, pin=trip.pin, reason=None
        )
    async with step("complete") as work:
        await driving.complete(
            work,
            trip_id=trip.trip_id,
            driver_id=driver_id,
            metres=Metres(of_trip=4200, counted=4200),
        )
    rider_id = await town.rider()
    with counted(database) as sent:
        await town.quote(rider_id)
    counts["quote"] = len(sent)
    other = await town.trip(rider_id)
    offer_id = await town.offer(other, driver_id)
    async with step("accept") as work:
        await offers.accept_offer(work, offer_id=offer_id, driver_id=driver_id, attempt=None)
    # Each with what asks for the time at the beginning and what writes the outbox at the end; where
    # other trips of the run are concerned, one that locks the run and reads it.
    assert counts == {"quote": 3, "accept": 8, "arrive": 6, "board": 4, "complete": 9}


async def test_a_view_and_a_turn_of_the_relay_are_one_statement_each(database: Database) -> None:
    town = await Town.build(database)
    trip, driver_id = await town.assigned()
    relay = Relay(database, Hub())
    await relay.start()
    with counted(database) as sent:
        assert await relay.pump() > 0
    assert len(sent) == 1, sent
    with counted(database) as sent:
        async with database.reading() as reading:
            await views.trip_for_driver(reading, trip.trip_id, driver_id)
    assert len(sent) == 1, sent
