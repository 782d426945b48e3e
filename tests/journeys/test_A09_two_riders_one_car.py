"""Riders who share, and a driver's next job: through the APIs, as everybody sees it."""

from tests.journeys.people import Town
from tests.small_city import corner


async def test_two_riders_share_a_car(town: Town) -> None:
    ada, ben = await town.rider(), await town.rider()
    driver = await town.driver(corner(0, 0))
    alone = await ada.quote(corner(0, 0), corner(5, 5))
    quote = await ada.quote(corner(0, 0), corner(5, 5), shared=True)
    saved = {line["code"]: line["amount_minor"] for line in quote["lines"]}["shared"]
    assert quote["shared"] is True
    assert quote["total_minor"] == alone["total_minor"] + saved < alone["total_minor"]

    async with driver.live("/driver/v1/live") as heard:
        await heard.message("welcome")
        first = await ada.post(
            "/rider/v1/trips", {"trip_id": quote["quote_id"], "quote_id": quote["quote_id"]}
        )
        offer = (await heard.message("offer"))["offer"]
        assert (offer["shared"], offer["next_job"]) == (True, False)
        await driver.accept(offer)
        told = await ada.trip(first["trip_id"])
        assert told["latest_pickup_at"] < told["latest_dropoff_at"]
        await driver.arrive(first)
        await driver.step(first["trip_id"], "board", {"pin": first["pin"]})

        await heard.say(driver.report(corner(1, 0)))
        second = await ben.book(corner(2, 2), corner(5, 5), shared=True)
        offer = (await heard.message("offer"))["offer"]
        assert offer["trip_id"] == second["trip_id"]
        assert offer["next_job"] is True
        assert offer["pay_minor"] > 0
        assert [stop["trip_id"] for stop in offer["stops"]].count(second["trip_id"]) == 2
        assert offer["stops"][0] | {"expected_at": ""} == {
            "trip_id": second["trip_id"], "kind": "pickup", "expected_at": "",
        }  # fmt: skip
        await driver.accept(offer)
        stops = (await driver.get("/driver/v1/run"))["stops"]
        assert [(stop["trip_id"], stop["kind"]) for stop in stops] == [
            (stop["trip_id"], stop["kind"]) for stop in offer["stops"]
        ]
        frame = await heard.until(
            lambda message: message["type"] == "trip" and len(message["stops"]) == len(stops)
        )
        assert frame["stops"] == stops

        assert (await ada.trip(first["trip_id"]))["co_riders"] == 0
        await driver.arrive(second)
        await driver.step(second["trip_id"], "board", {"pin": second["pin"]})
        seen = await ada.trip(first["trip_id"])
        assert seen["co_riders"] == 1
        assert not set(seen) & {"riders", "names", "co_rider_names"}
        for stop in (await driver.get("/driver/v1/run"))["stops"]:
            await driver.step(stop["trip_id"], "complete")
    assert (await driver.get("/driver/v1/run"))["stops"] == []
    for rider, trip in ((ada, first), (ben, second)):
        receipt = await rider.get(f"/rider/v1/trips/{trip['trip_id']}/receipt")
        assert receipt["quote"]["shared"] is True


async def test_a_driver_takes_the_next_job_on_the_way(town: Town) -> None:
    ada, ben = await town.rider(), await town.rider()
    driver = await town.driver(corner(0, 0))
    first = await ada.book(corner(0, 0), corner(3, 3))
    await driver.arrive(await driver.take(first["trip_id"]))
    await driver.step(first["trip_id"], "board", {"pin": first["pin"]})
    async with driver.live("/driver/v1/live") as heard, ben.live("/rider/v1/live") as followed:
        await heard.message("welcome")
        await followed.message("welcome")
        await heard.say(driver.report(corner(3, 2)))
        second = await ben.book(corner(3, 4), corner(0, 4))
        offer = (await heard.message("offer"))["offer"]
        assert offer["next_job"] is True
        await driver.accept(offer)
        told = await followed.trip("assigned")
        assert told["eta_seconds"] > 0
        await heard.say(driver.report(corner(3, 3)))
        where = await followed.message("position")
        assert where["trip_id"] == second["trip_id"]
        refused = await driver.refused(
            "POST", f"/driver/v1/trips/{second['trip_id']}/arrive", second["pickup"]
        )
        assert refused == "409 out_of_turn"
        await driver.step(first["trip_id"], "complete")
        current = (await driver.get("/driver/v1/trips/current"))["trip"]
        assert current["trip_id"] == second["trip_id"]
        await driver.arrive(second)
        await driver.step(second["trip_id"], "board", {"pin": second["pin"]})
        await driver.step(second["trip_id"], "complete")
