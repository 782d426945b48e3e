"""What happens when nobody acts: time is moved on."""

from collections.abc import Iterator

import pytest

from tests.journeys.conftest import Found
from tests.journeys.people import Town
from tests.journeys.service import Service, in_a_thread
from tests.small_city import corner


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    city = found_city(
        booking_policy={"position_stale_s": 3600, "request_expires_s": 600, "quote_valid_s": 120},
        matching_policy={"offer_seconds": 120},
    )
    with in_a_thread(city) as running:
        yield running


async def test_a_quote_expires(town: Town) -> None:
    rider = await town.rider()
    quote = await rider.quote(corner(0, 0), corner(3, 0))
    await town.service.let_pass(130)
    body = {"trip_id": quote["quote_id"], "quote_id": quote["quote_id"]}
    assert await rider.refused("POST", "/rider/v1/trips", body) == "410 quote_expired"
    assert (await rider.get(f"/rider/v1/quotes/{quote['quote_id']}"))["quote_id"]
    assert (await rider.get("/rider/v1/trips"))["trips"] == []


async def test_an_offer_unanswered_lapses_and_a_late_accept_is_refused(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(2, 2))
    async with driver.live("/driver/v1/live") as heard:
        trip = await rider.book(corner(2, 2), corner(5, 2))
        offer = (await heard.message("offer"))["offer"]
        await town.service.let_pass(130)
        ended = await heard.message("offer_ended")
    assert (ended["offer_id"], ended["how"]) == (offer["offer_id"], "lapsed")
    path = f"/driver/v1/offers/{offer['offer_id']}"
    assert await driver.refused("POST", f"{path}/accept", {"attempt": 1}) == "410 offer_over"
    assert await driver.refused("POST", f"{path}/decline", {}) == "410 offer_over"
    assert (await rider.trip(trip["trip_id"]))["state"] == "matching"


async def test_a_trip_nobody_takes_ends_unfulfilled_with_a_reason_and_free(town: Town) -> None:
    rider = await town.rider()
    async with rider.live("/rider/v1/live") as heard:
        await rider.book(corner(1, 1), corner(1, 5), needs=["stretcher"])
        await town.service.let_pass(610)
        over = await heard.trip("unfulfilled")
    assert over["end_reason"] == "no_driver_found"
    assert (await rider.get("/rider/v1/statement"))["lines"] == []


async def test_a_late_cancellation_costs_what_the_policy_says(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(4, 4))
    trip = await rider.book(corner(4, 4), corner(0, 4))
    await driver.take(trip["trip_id"])
    await town.service.let_pass(130)
    await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {})
    lines = (await rider.get("/rider/v1/statement"))["lines"]
    assert sum(line["amount_minor"] for line in lines) == 500
    paid = (await driver.get("/driver/v1/statement"))["totals"][0]["pay"]["amount_minor"]
    assert paid == 415  # 83 %


async def test_a_rider_who_does_not_come_is_a_no_show_after_the_wait(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(0, 1))
    trip = await rider.book(corner(0, 1), corner(4, 1))
    await driver.arrive(await driver.take(trip["trip_id"]))
    path = f"/driver/v1/trips/{trip['trip_id']}/no-show"
    await town.service.let_pass(305)
    untried = await driver.refused("POST", path, {"contact_attempted": False})
    assert untried == "422 reason_needed"
    assert (await driver.post(path, {"contact_attempted": True}))["state"] == "no_show"
    lines = (await rider.get("/rider/v1/statement"))["lines"]
    assert sum(line["amount_minor"] for line in lines) == 500


async def test_waiting_at_the_kerb_is_on_the_receipt(town: Town) -> None:
    from papers.checking import verify

    rider, driver = await town.rider(), await town.driver(corner(3, 1))
    trip = await rider.book(corner(3, 1), corner(3, 5))
    await driver.arrive(await driver.take(trip["trip_id"]))
    await town.service.let_pass(200)
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    await driver.step(trip["trip_id"], "complete")
    receipt = await rider.get(f"/rider/v1/trips/{trip['trip_id']}/receipt")
    assert verify(receipt) == []
    assert "waiting" in str(receipt["fare"])
