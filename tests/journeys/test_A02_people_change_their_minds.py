"""Cancelling, declining, giving back, breaking off: nobody is punished, nothing stays open."""

import pytest

from tests.journeys.people import Rider, Town
from tests.small_city import corner


async def owed(rider: Rider) -> int:
    """What the rider owes by the books."""
    return sum(line["amount_minor"] for line in (await rider.get("/rider/v1/statement"))["lines"])


async def test_a_rider_who_cancels_before_anybody_comes_owes_nothing(town: Town) -> None:
    rider = await town.rider()
    trip = await rider.book(corner(5, 0), corner(0, 0), needs=["stretcher"])
    cancelled = await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {"reason": "rain"})
    assert (cancelled["state"], cancelled["end_reason"]) == ("cancelled_by_rider", "rain")
    assert await owed(rider) == 0
    again = await rider.refused("POST", f"/rider/v1/trips/{trip['trip_id']}/cancel", {})
    assert again == "409 illegal_step"
    receipt = await rider.refused("GET", f"/rider/v1/trips/{trip['trip_id']}/receipt")
    assert receipt == "404 receipt_not_found"


async def test_a_cancellation_reaches_the_driver_who_is_free_at_once(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(0, 5))
    async with driver.live("/driver/v1/live") as heard:
        trip = await rider.book(corner(0, 5), corner(3, 5))
        await driver.accept((await heard.message("offer"))["offer"])
        await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {})
        assert (await heard.trip("cancelled_by_rider"))["trip_id"] == trip["trip_id"]
    assert await owed(rider) == 0
    assert (await driver.get("/driver/v1/trips/current"))["trip"] is None
    second = await town.rider()
    again = await second.book(corner(0, 5), corner(3, 5))
    assert (await driver.take(again["trip_id"]))["state"] == "assigned"


async def test_a_declined_trip_goes_to_another_driver_and_not_back(town: Town) -> None:
    rider = await town.rider()
    near = await town.driver(corner(2, 0))
    trip = await rider.book(corner(2, 0), corner(2, 4))
    offer = await near.wait_for_offer(trip["trip_id"])
    await near.post(f"/driver/v1/offers/{offer['offer_id']}/decline", {"reason": "a break"})
    assert await near.refused("POST", f"/driver/v1/offers/{offer['offer_id']}/accept", {}) == (
        "410 offer_over"
    )
    far = await town.driver(corner(5, 5))
    taken = await far.take(trip["trip_id"])
    assert (taken["state"], taken["trip_id"]) == ("assigned", trip["trip_id"])
    assert (await near.get("/driver/v1/offers"))["offers"] == []


async def test_a_released_trip_looks_again_and_keeps_its_place(town: Town) -> None:
    rider = await town.rider()
    first = await town.driver(corner(4, 0))
    async with rider.live("/rider/v1/live") as heard:
        trip = await rider.book(corner(4, 0), corner(4, 4))
        await first.take(trip["trip_id"])
        await heard.trip("assigned")
        await first.step(trip["trip_id"], "release", {"reason": "a flat tyre"})
        looking = await heard.trip("matching")
    assert looking["attempt"] == trip["attempt"] + 1
    assert looking["requested_at"] == trip["requested_at"]
    assert looking["driver"] is None
    second = await town.driver(corner(5, 1))
    taken = await second.take(trip["trip_id"])
    assert taken["attempt"] == looking["attempt"]
    left = await first.get(f"/driver/v1/trips/{trip['trip_id']}")
    assert (left["state"], left["assigned_at"]) == ("released", None)


async def test_a_trip_broken_off_costs_nothing_and_says_why(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(1, 3))
    trip = await rider.book(corner(1, 3), corner(5, 3))
    await driver.arrive(await driver.take(trip["trip_id"]))
    await driver.step(trip["trip_id"], "board", {"reason": "the phone is empty"})
    aborted = await driver.step(trip["trip_id"], "abort", {"reason": "the engine failed"})
    assert aborted["state"] == "aborted"
    seen = await rider.trip(trip["trip_id"])
    assert (seen["state"], seen["end_reason"]) == ("aborted", "the engine failed")
    assert await owed(rider) == 0


async def test_a_wrong_pin_is_counted_and_the_right_one_still_opens(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(3, 3))
    trip = await rider.book(corner(3, 3), corner(0, 3))
    await driver.arrive(await driver.take(trip["trip_id"]))
    wrong = f"{(int(trip['pin']) + 1) % 10_000:04d}"
    board = f"/driver/v1/trips/{trip['trip_id']}/board"
    left = []
    for _ in range(2):
        answer = await driver.ask("POST", board, {"pin": wrong})
        assert (answer.status_code, answer.json()["code"]) == (409, "pin_wrong")
        left.append(answer.json()["tries_left"])
    assert left[1] == left[0] - 1
    assert (await rider.trip(trip["trip_id"]))["state"] == "arrived"
    assert (await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]}))[
        "state"
    ] == "on_board"
    end = await driver.refused("POST", f"/driver/v1/shifts/{driver.shift_id}/end")
    assert end == "409 shift_has_trip"


async def test_arriving_far_away_needs_a_reason(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(5, 5))
    trip = await rider.book(corner(0, 0), corner(5, 0))
    await driver.take(trip["trip_id"])
    path = f"/driver/v1/trips/{trip['trip_id']}/arrive"
    there = {"lon": corner(5, 5).lon, "lat": corner(5, 5).lat}
    assert await driver.refused("POST", path, there) == "409 too_far_from_pickup"
    assert (await driver.post(path, there | {"reason": "the street is closed"}))[
        "state"
    ] == "arrived"
    told = await driver.refused(
        "POST", f"/driver/v1/trips/{trip['trip_id']}/no-show", {"contact_attempted": True}
    )
    assert told == "409 no_show_too_soon"


@pytest.mark.parametrize("ending", ["completed", "cancelled"])
async def test_a_share_link_shows_the_car_and_no_secret(town: Town, ending: str) -> None:
    rider, driver = await town.rider(), await town.driver(corner(0, 2))
    trip = await rider.book(corner(0, 2), corner(4, 2))
    path = f"/rider/v1/trips/{trip['trip_id']}"
    url = (await rider.post(f"{path}/share"))["url"]
    await driver.arrive(await driver.take(trip["trip_id"]))
    async with driver.live("/driver/v1/live") as line:
        await line.say(driver.report(corner(0, 2)))
        await line.say({"type": "ping"})
        await line.message("pong")
    stranger = await town.stranger()
    seen = await stranger.get(url)
    assert seen["state"] == "arrived"
    assert seen["driver"]["plate"].startswith("KC ")
    assert seen["car"] == {"lon": corner(0, 2).lon, "lat": corner(0, 2).lat}
    assert trip["pin"] not in seen["driver"].values()
    assert "pin" not in seen
    assert "Rita" not in str(seen)
    if ending == "completed":
        await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
        await driver.step(trip["trip_id"], "complete")
    else:
        await rider.post(f"{path}/cancel", {})
    over = await stranger.get(url)
    assert over["state"].startswith(ending)
    assert (over["car"], over["driver"]) == (None, None)
    lost = await stranger.refused("GET", "/public/v1/shared-trips/nonsense")
    assert lost == "404 share_link_not_found"
