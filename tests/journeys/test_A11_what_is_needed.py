"""A rider's needs, a car's range, a driver's way home: each reaches the round as what it is."""

import json
import re

import psycopg

from tests.journeys.people import Driver, Town, journey, new_id
from tests.small_city import corner


async def with_equipment(town: Town, wanted: bool, *, column: int, row: int) -> Driver:
    """A driver whose vehicle is licensed with a place for a wheelchair, or without one."""
    while True:
        driver = await town.driver(corner(column, row))
        (vehicle,) = (await driver.get("/driver/v1/me"))["vehicles"]
        if ("wheelchair" in vehicle["equipment"]) is wanted:
            return driver
        await driver.go_home()
        driver.shift_id = ""


async def test_who_needs_a_wheelchair_place_gets_a_car_licensed_with_one(town: Town) -> None:
    plain = await with_equipment(town, False, column=2, row=2)
    equipped = await with_equipment(town, True, column=5, row=5)
    rider = await town.rider()
    quote = await rider.quote(corner(2, 2), corner(4, 2), needs=["wheelchair"])
    plain_quote = await rider.quote(corner(2, 2), corner(4, 2))
    assert quote["total_minor"] == plain_quote["total_minor"]  # no need changes the price
    trip = await rider.book(corner(2, 2), corner(4, 2), needs=["wheelchair"])
    assert trip["needs"] == ["wheelchair"]
    offer = await equipped.wait_for_offer(trip["trip_id"])  # though three streets further away
    assert offer["needs"] == ["wheelchair"]
    assert (await plain.get("/driver/v1/offers"))["offers"] == []
    why = await plain.get(f"/driver/v1/trips/{trip['trip_id']}/why-not-me")
    assert [reason["code"] for reason in why["reasons"]] == ["limit_needs"]
    taken = await equipped.accept(offer)
    await equipped.arrive(taken)
    await equipped.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    done = await equipped.step(trip["trip_id"], "complete")
    assert (done["state"], done["needs"]) == ("completed", ["wheelchair"])


async def test_a_car_with_a_short_range_is_left_out_and_its_driver_is_told_why(
    town: Town,
) -> None:
    near, far = await town.driver(corner(0, 3)), await town.driver(corner(5, 3))
    path = f"/driver/v1/shifts/{near.shift_id}/range"
    await near.post(path, {"range_metres": 700})
    said = await near.get(f"/driver/v1/shifts/{near.shift_id}/wishes")
    assert said == {"homeward": None, "range_metres": 700}
    trip = await (await town.rider()).book(corner(0, 3), corner(3, 3))  # 750 m
    await far.take(trip["trip_id"])
    why = await near.get(f"/driver/v1/trips/{trip['trip_id']}/why-not-me")
    assert [reason["code"] for reason in why["reasons"]] == ["limit_range"]
    await near.post(path, {"range_metres": 30_000})  # charged
    second = await (await town.rider()).book(corner(0, 3), corner(3, 3))
    assert (await near.take(second["trip_id"]))["state"] == "assigned"
    assert await far.refused("POST", path, {"range_metres": 1}) == "404 shift_not_found"
    nonsense = {"range_metres": -1}
    assert (await near.refused("POST", path, nonsense)).startswith("422")


async def test_where_a_driver_ends_their_shift_is_shown_to_nobody_and_forgotten(
    town: Town,
) -> None:
    driver, office = await town.driver(corner(1, 5)), await town.office()
    path = f"/driver/v1/shifts/{driver.shift_id}/homeward"
    home = {"lon": -73.91234, "lat": 40.81234}
    kept_at = f"/driver/v1/shifts/{driver.shift_id}/wishes"
    await driver.post(path, {"place": home})
    said = await driver.get(kept_at)
    assert said["homeward"] == {"lon": -73.91, "lat": 40.81}  # to about a kilometre, no nearer
    stated = {"reason": "watch", "note": "the evening desk"}
    purpose = (await office.post("/office/v1/purposes", stated))["purpose_id"]
    async with driver.live("/driver/v1/live") as line:
        await line.say(driver.report(corner(1, 5)))
        async with office.live("/office/v1/live", purpose_id=purpose) as desk:
            seen = await desk.until(
                lambda m: (
                    m["type"] == "positions"
                    and driver.person_id in [one["driver_id"] for one in m["drivers"]]
                )
            )
    assert not re.search(r"(?<![:\d])40\.81", json.dumps(seen))  # a clock may say :40.81
    colleague = await town.driver(corner(0, 0))
    assert await colleague.refused("GET", kept_at) == "404 shift_not_found"
    await driver.post(path, {"place": None})
    assert (await driver.get(kept_at))["homeward"] is None
    await driver.post(path, {"place": home})
    await driver.post(f"/driver/v1/shifts/{driver.shift_id}/end")
    assert await driver.refused("POST", path, {"place": home}) == "404 shift_not_found"
    assert await driver.refused("GET", kept_at) == "404 shift_not_found"
    with psycopg.connect(town.city.address) as connection:
        kept = connection.execute(
            "SELECT count(*) FROM dispatch.shift_wish WHERE shift_id = %s", [driver.shift_id]
        ).fetchone()
        told = connection.execute(
            "SELECT count(*) FROM storage.outbox WHERE payload::text LIKE '%%40.81%%'"
        ).fetchone()
        answers = connection.execute(
            "SELECT count(*) FROM storage.idempotency WHERE convert_from(answer, 'UTF8') LIKE '%%40.81%%'"
        ).fetchone()
    assert (kept, told, answers) == ((0,), (0,), (0,))


async def test_a_rider_says_once_what_they_always_need(town: Town) -> None:
    """Said once it holds for every booking, by telephone too; a trip may add to it."""
    rider, office = await town.rider(), await town.office()
    path = "/rider/v1/me/needs"
    assert await rider.get(path) == {"needs": []}
    assert await rider.post(path, {"needs": ["wheelchair"]}) == {"kept": 1}
    assert await (await town.rider()).get(path) == {"needs": []}
    trip = await rider.book(corner(1, 1), corner(3, 0), needs=["child_seat"])
    assert trip["needs"] == ["child_seat", "wheelchair"]
    await rider.post(f"/rider/v1/trips/{trip['trip_id']}/cancel", {})
    by_telephone = {"trip_id": new_id(), "phone": rider.number, "name": "Rita",
                    **journey(corner(1, 1), corner(3, 0))}  # fmt: skip
    await office.post("/office/v1/bookings", by_telephone)
    booked = await rider.trip(by_telephone["trip_id"])
    assert booked["needs"] == ["wheelchair"]
    await rider.post(f"/rider/v1/trips/{booked['trip_id']}/cancel", {})
    assert await rider.post(path, {"needs": []}) == {"kept": 0}
    assert await rider.get(path) == {"needs": []}
    again = await rider.book(corner(1, 1), corner(3, 0))
    assert again["needs"] == []
    assert await rider.refused("POST", path, {"needs": ["Rollstuhl!"]}) == "422 malformed"
