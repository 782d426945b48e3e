"""`khan drive` with more than one trip: a shared run, and a next job taken on the way."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from khan import terminal
from tests.journeys.conftest import Found
from tests.journeys.people import Town
from tests.journeys.screen import Screen, Typing, lat_lon
from tests.journeys.service import Service, in_a_thread
from tests.small_city import corner

ACCEPT, PIN = "? [Y/n]: ", "The rider's PIN (Enter if they have none): "


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    city = found_city(
        rate=20.0, drivers=4, size=12, matching_policy={"offer_seconds": 120},
        booking_policy={"quote_valid_s": 900},
    )  # fmt: skip
    with in_a_thread(city) as running:
        yield running


@asynccontextmanager
async def driving(town: Town, *, trips: int, yes: bool) -> AsyncIterator[tuple[Screen, Typing]]:
    """A driver at a terminal in the south-west, who goes off shift after so many trips."""
    screen, typing = Screen(), Typing()
    seat = asyncio.create_task(
        asyncio.to_thread(
            terminal.drive, town.service.url, town.city.messages, phone=town.city.next_driver(),
            at=lat_lon(0, 0), trips=trips, yes=yes, console=screen.console, typed=typing,
        )
    )  # fmt: skip
    try:
        await screen.asks("You are on shift. Waiting for offers")
        yield screen, typing
        await seat
    finally:
        typing.hangs_up()


async def test_a_driver_at_a_terminal_serves_two_riders_who_share(town: Town) -> None:
    ada, ben = await town.rider(), await town.rider()
    async with driving(town, trips=2, yes=False) as (screen, typing):
        first = await ada.book(corner(0, 0), corner(11, 0), shared=True)
        await screen.asks(ACCEPT)
        typing.types("y")
        await screen.asks(PIN)
        typing.types(first["pin"])
        await screen.asks("Driving to the destination of Rita")
        second = await ben.book(corner(8, 0), corner(11, 3), shared=True)
        offer = await screen.asks(ACCEPT)
        assert "a rider who joins you" in offer
        typing.types("y")
        await screen.asks("Your stops ahead: pick up Rita, bring Rita, bring Rita.")
        await screen.asks(PIN)
        assert (await ada.trip(first["trip_id"]))["state"] == "on_board"
        typing.types(second["pin"])
        await screen.asks("Completed: ")
        assert (await ada.trip(first["trip_id"]))["state"] == "completed"
        assert (await ben.trip(second["trip_id"]))["state"] == "on_board"
        await screen.asks("Completed: ")
    assert (await ben.trip(second["trip_id"]))["state"] == "completed"
    assert "2 trips." in str(screen)


@pytest.mark.parametrize("yes", [False, True], ids=["asked", "--yes"])
async def test_a_next_job_is_taken_with_a_rider_on_board(town: Town, yes: bool) -> None:
    ada, ben = await town.rider(), await town.rider()
    async with driving(town, trips=2, yes=yes) as (screen, typing):
        first = await ada.book(corner(0, 0), corner(9, 0))
        if not yes:
            await screen.asks(ACCEPT)
            typing.types("y")
            await screen.asks(PIN)
            typing.types(first["pin"])
        await screen.asks("Driving to the destination of Rita")
        second = await ben.book(corner(9, 1), corner(9, 3))
        await screen.asks("your next job")
        if not yes:
            await screen.asks(ACCEPT)
            typing.types("y")
        await screen.asks("Your stops ahead: bring Rita, pick up Rita, bring Rita.")
        on_the_way = await screen.asks("Completed: ")
        assert "Driving" not in on_the_way  # the way goes on as it was
        assert (await ben.trip(second["trip_id"]))["state"] == "assigned"
        if not yes:
            await screen.asks(PIN)
            typing.types(second["pin"])
        await screen.asks("Completed: ")
    assert (await ada.trip(first["trip_id"]))["state"] == "completed"
    assert (await ben.trip(second["trip_id"]))["state"] == "completed"
    assert "2 trips." in str(screen)


async def test_a_rider_who_cancels_on_the_way_is_left_out_and_the_other_is_brought(
    town: Town,
) -> None:
    ada, ben = await town.rider(), await town.rider()
    async with driving(town, trips=1, yes=True) as (screen, _):
        first = await ada.book(corner(0, 0), corner(11, 0), shared=True)
        await screen.asks("Driving to the destination of Rita")
        second = await ben.book(corner(10, 0), corner(11, 3), shared=True)
        await screen.asks("Your stops ahead: pick up Rita")
        await screen.asks("Driving to Rita")
        await ben.post(f"/rider/v1/trips/{second['trip_id']}/cancel", {})
        await screen.asks("The trip of Rita was cancelled.")
        await screen.asks("Driving to the destination of Rita")
        await screen.asks("Completed: ")
    assert (await ada.trip(first["trip_id"]))["state"] == "completed"
