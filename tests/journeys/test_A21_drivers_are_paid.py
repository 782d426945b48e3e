"""Drivers are paid what they are owed, to the account they gave, by files for the bank."""

from collections.abc import Iterator

import pytest

from tests.journeys.conftest import Found
from tests.journeys.payout_story import PAYER, drivers_are_paid
from tests.journeys.people import Town
from tests.journeys.service import Service, in_a_thread
from tests.small_city import corner


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with in_a_thread(found_city(drivers=4), **PAYER) as running:
        yield running


async def test_a_driver_is_paid_and_what_comes_back_is_owed_again(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(2, 2))
    trip = await rider.book(corner(2, 2), corner(4, 4))
    await driver.arrive(await driver.take(trip["trip_id"]))
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    await driver.step(trip["trip_id"], "complete")
    await driver.go_home()
    await drivers_are_paid(town, driver, await town.office(), lambda _: None)
