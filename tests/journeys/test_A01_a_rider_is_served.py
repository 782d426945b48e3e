"""The simplest day: somebody asks for a car, gets one, pays, and thanks the driver."""

from papers.checking import verify
from tests.journeys.people import Town
from tests.small_city import corner


async def test_a_rider_is_served_from_the_price_to_the_statement(town: Town) -> None:
    rider = await town.rider()
    driver = await town.driver(corner(1, 1))
    quote = await rider.quote(corner(0, 0), corner(4, 4))
    assert sum(line["amount_minor"] for line in quote["lines"]) == quote["total_minor"]
    assert 0 < quote["driver_pay_minor"] <= quote["total_minor"]
    assert quote["expected_wait_seconds"] is not None
    assert (quote["zone_from"], quote["zone_to"], quote["degraded"]) == ("W", "E", False)

    async with rider.live("/rider/v1/live") as heard, driver.live("/driver/v1/live") as offered:
        await heard.message("welcome")
        await offered.message("welcome")
        trip = await rider.post(
            "/rider/v1/trips", {"trip_id": quote["quote_id"], "quote_id": quote["quote_id"]}
        )
        trip_id = trip["trip_id"]
        assert trip["state"] == "matching"

        offer = (await offered.message("offer"))["offer"]
        assert offer["pay_minor"] == quote["driver_pay_minor"]
        assert offer["dropoff_zone"] == "E"
        assert offer["dropoff"] == trip["dropoff"]
        assert offer["reason"]
        await driver.accept(offer)
        told = await heard.trip("assigned")
        assert told["driver"]["plate"].startswith("KC ")
        assert told["eta_seconds"] is not None

        await offered.say(driver.report(corner(0, 0)))
        where = await heard.message("position")
        assert (where["trip_id"], where["lon"]) == (trip_id, corner(0, 0).lon)
        await driver.arrive(offer)
        pin = (await heard.trip("arrived"))["pin"]
        assert "pin" not in await driver.get(f"/driver/v1/trips/{trip_id}")
        await driver.step(trip_id, "board", {"pin": pin})
        await heard.trip("on_board")
        await driver.step(trip_id, "stop")
        await heard.trip("at_stop")
        await driver.step(trip_id, "resume")
        await driver.step(trip_id, "complete")
        await heard.trip("completed")
        assert heard.numbers == sorted(set(heard.numbers))

    path = f"/rider/v1/trips/{trip_id}"
    receipt = await rider.get(f"{path}/receipt")
    assert verify(receipt) == []
    tipped = await rider.post(f"{path}/tip", {"amount_minor": 300})
    assert tipped == {"amount_minor": 300, "currency": "USD"}
    await rider.post(f"{path}/rating", {"stars": 5, "comment": "Thank you."})
    assert await rider.refused("POST", f"{path}/rating", {"stars": 1}) == "409 already_rated"
    assert verify(await rider.get(f"{path}/receipt")) == []

    lines = (await rider.get("/rider/v1/statement"))["lines"]
    assert {line["code"]: line["amount_minor"] for line in lines} == {
        "fare": quote["total_minor"] + 100,
        "tip": 300,
    }
    work = await driver.get("/driver/v1/statement")
    assert {line["trip_id"] for line in work["lines"]} == {trip_id}
    assert work["worked"]["trips"] == 1
    stop_fee_share = 83  # of the tariff's 1.00 for a stop, 83 % is the driver's
    earned = (await driver.get("/driver/v1/earnings"))["shift"]
    assert earned["pay"]["amount_minor"] == offer["pay_minor"] + stop_fee_share
    assert earned["tips"]["amount_minor"] == 300
    assert (await driver.get("/driver/v1/trips/current"))["trip"] is None
