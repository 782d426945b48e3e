"""Drivers without a rider are told where they would be worth more, and may do as they please."""

from collections.abc import Iterator

import pytest

from tests.journeys.conftest import Found
from tests.journeys.people import Town
from tests.journeys.service import Service, in_a_thread
from tests.journeys.waiting import advice_to_go, quick_advice, told
from tests.small_city import corner

SOUTH_WEST, NORTH_EAST = corner(0, 0), corner(11, 11)


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    # Ten times as fast: the next advice is a second away. Nobody here reports twice a minute.
    city = found_city(
        drivers=12, size=12, rate=10, matching_policy=quick_advice(),
        booking_policy={"position_stale_s": 3600},
    )  # fmt: skip
    with in_a_thread(city) as running:
        yield running


async def test_a_driver_is_told_where_to_wait_and_why_and_hears_when_it_changes(
    town: Town,
) -> None:
    # Somebody asked there lately, and cancelled.
    rider = await town.rider()
    for _ in range(3):
        trip = await rider.book(NORTH_EAST, corner(9, 9))
        await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {"reason": "found a bus"})
    driver = await town.driver(SOUTH_WEST)
    async with driver.live("/driver/v1/live") as live:
        await live.message("welcome")
        await live.say(driver.report(SOUTH_WEST))
        heard = (await live.until(lambda m: m["type"] == "advice" and m["advice"]["goes_to"]))[
            "advice"
        ]
        assert "seq" not in live.heard[-1]
        found = await driver.get("/driver/v1/advice")
        assert found["goes_to"] == heard["goes_to"]
        way = heard["goes_to"]
        assert way["name"] == "East End"
        assert 300 < way["drive_seconds"] < 600
        assert [reason["code"] for reason in heard["reasons"]] == [
            "advice_worth_more_there", "advice_requests", "advice_cars",
        ]  # fmt: skip
        assert heard["as_of"] < heard["stands_until"]
        # Whoever goes there is told that they are there; nothing else follows.
        await live.say(driver.report(corner(11, 10)))
        there = await live.until(lambda m: m["type"] == "advice" and not m["advice"]["goes_to"])
        assert there["advice"]["reasons"][0]["code"] in ("advice_there", "advice_best_here")


async def test_the_place_and_the_zone_are_those_of_the_public_demand(town: Town) -> None:
    rider = await town.rider()
    trip = await rider.book(NORTH_EAST, corner(9, 9))
    await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {"reason": "found a bus"})
    driver, stranger = await town.driver(SOUTH_WEST), await town.stranger()
    way = (await advice_to_go(driver))["goes_to"]
    demand = await stranger.get("/public/v1/demand")
    zone = demand["zones"][way["zone"]]
    assert (zone["zone"], zone["name"], zone["heart"]) == (way["zone"], way["name"], way["place"])
    # So few asked that nothing is said of any zone.
    assert {zone["requests_hour"] for zone in demand["zones"]} == {None}
    nearest = min(
        demand["zones"],
        key=lambda one: (
            (one["middle"][0] - NORTH_EAST.lon) ** 2 + (one["middle"][1] - NORTH_EAST.lat) ** 2
        ),
    )
    assert nearest["zone"] == way["zone"]


async def test_without_advice_a_driver_is_told_so_plainly(town: Town) -> None:
    # Where all here ask: another place would be advised to the others, whichever test comes first.
    driver, rider = await town.driver(NORTH_EAST), await town.rider()
    trip = await rider.book(NORTH_EAST, corner(8, 11))
    await driver.take(trip["trip_id"])
    found = await told(driver, "advice_under_way")
    assert (found["goes_to"], found["as_of"], found["stands_until"]) == (None, None, None)
    await driver.go_home()
    driver.shift_id = ""
    found = await told(driver, "advice_off_shift")
    assert found["reasons"][0]["words"] == "There is no advice off shift."
