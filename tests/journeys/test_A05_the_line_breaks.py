"""Lost, late, doubled and reordered messages; sessions that end."""

import asyncio
import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.journeys.people import Town, journey, new_id
from tests.small_city import corner


async def test_a_feed_resumes_where_it_broke_with_nothing_missed_and_nothing_twice(
    town: Town,
) -> None:
    rider, driver = await town.rider(), await town.driver(corner(2, 2))
    async with rider.live("/rider/v1/live") as before:
        trip = await rider.book(corner(2, 2), corner(5, 5))
        await before.until(lambda m: m.get("event") == "matching_started")
        heard = before.numbers
    await driver.arrive(await driver.take(trip["trip_id"]))
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    async with rider.live("/rider/v1/live", since=heard[-1]) as after:
        await after.until(lambda m: m.get("event") == "rider_boarded")
        await driver.step(trip["trip_id"], "complete")
        await after.until(lambda m: m.get("event") == "trip_completed")
        resumed = after.numbers
        events = [m["event"] for m in after.heard if m["type"] == "trip"]
    assert resumed == sorted(set(resumed))
    assert min(resumed) > max(heard)
    assert events == ["trip_assigned", "driver_arrived", "rider_boarded", "trip_completed"]
    async with rider.live("/rider/v1/live", since=0) as whole:
        await whole.until(lambda m: m.get("event") == "trip_completed")
        assert whole.numbers == sorted({*heard, *resumed})


async def test_a_feed_shows_nobody_elses_trip(town: Town) -> None:
    mine, theirs = await town.rider(), await town.rider()
    async with mine.live("/rider/v1/live", since=0) as heard:
        await heard.message("welcome")
        other = await theirs.book(corner(0, 4), corner(4, 4), needs=["stretcher"])
        own = await mine.book(corner(0, 4), corner(4, 4), needs=["stretcher"])
        await heard.trip("matching")
        await heard.say({"type": "ping"})
        await heard.message("pong")
    told = {m["trip"]["trip_id"] for m in heard.heard if m["type"] == "trip"}
    assert told == {own["trip_id"]}
    assert other["trip_id"] not in json.dumps(heard.heard)


async def test_I13_the_same_key_gives_the_same_answer_once(town: Town) -> None:
    rider, key = await town.rider(), new_id()
    body = journey(corner(0, 0), corner(2, 0))
    first = await rider.ask("POST", "/rider/v1/quotes", body, key=key)
    again = await rider.ask("POST", "/rider/v1/quotes", body, key=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = journey(corner(0, 0), corner(3, 0))
    reused = await rider.refused("POST", "/rider/v1/quotes", other, key=key)
    assert reused == "422 idempotency_key_reused"
    elsewhere = await rider.refused(
        "POST", "/rider/v1/trips", {"trip_id": key, "quote_id": first.json()["quote_id"]}, key=key
    )
    assert elsewhere == "422 idempotency_key_reused"
    none = await rider.ask("POST", "/rider/v1/quotes", body, headers={"Idempotency-Key": ""})
    assert (none.status_code, none.json()["code"]) == (422, "idempotency_key_missing")


async def test_I13_ten_sendings_of_one_booking_at_once_book_once(town: Town) -> None:
    rider = await town.rider()
    quote = await rider.quote(corner(1, 0), corner(5, 0), needs=["stretcher"])
    body, key = {"trip_id": new_id(), "quote_id": quote["quote_id"]}, new_id()
    answers = await asyncio.gather(
        *(rider.ask("POST", "/rider/v1/trips", body, key=key) for _ in range(10))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len((await rider.get("/rider/v1/trips"))["trips"]) == 1
    second = await rider.refused("POST", "/rider/v1/trips", body | {"trip_id": new_id()})
    assert second in ("409 too_many_open_requests", "409 quote_already_booked")


async def test_I14_late_and_reordered_positions_change_nothing(town: Town) -> None:
    rider, driver = await town.rider(), await town.driver(corner(3, 0))
    trip = await rider.book(corner(3, 0), corner(3, 5))
    await driver.take(trip["trip_id"])
    async with driver.live("/driver/v1/live") as line, rider.live("/rider/v1/live") as seen:
        early, newer = driver.report(corner(3, 1)), driver.report(corner(3, 2))
        for message in (newer, early, newer):
            await line.say(message)
        where = await seen.message("position")
        assert where["lat"] == corner(3, 2).lat
        await line.say(driver.report(corner(3, 3)))
        later = await seen.message("position")
        assert later["lat"] == corner(3, 3).lat
        assert sum(m["type"] == "position" for m in seen.heard) == 2


async def test_signing_out_ends_the_session_and_its_sockets(town: Town) -> None:
    rider = await town.rider()
    async with rider.live("/rider/v1/live") as heard:
        await heard.message("welcome")
        answer = await rider.ask("DELETE", "/public/v1/session")
        assert answer.status_code == 204
        told = await heard.message("problem")
        assert told["code"] == "sign_in_needed"
        with pytest.raises(ConnectionClosed) as closed:
            await heard.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401
    assert await rider.refused("GET", "/rider/v1/trips") == "401 sign_in_needed"
    rider.token = None


async def test_off_shift_a_position_is_refused(town: Town) -> None:
    driver = await town.driver(corner(0, 0))
    async with driver.live("/driver/v1/live") as line:
        await line.say(driver.report(corner(0, 0)))
        await driver.post(f"/driver/v1/shifts/{driver.shift_id}/end")
        await line.message("shift_ended")
        await line.say(driver.report(corner(0, 1)))
        assert (await line.message("problem"))["code"] == "not_on_shift"
