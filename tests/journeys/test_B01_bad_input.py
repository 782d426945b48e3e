"""What makes no sense gets an answer of its own, and changes nothing."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.journeys.people import Rider, Town, journey, new_id, refusal_of
from tests.small_city import corner

GOOD = {"lon": corner(0, 0).lon, "lat": corner(0, 0).lat}

PLACES: dict[str, tuple[str, str]] = {
    "not a number": ('{"lon": NaN, "lat": 40.75}', "422 malformed"),
    "infinite": ('{"lon": -73.98, "lat": Infinity}', "422 malformed"),
    "true": ('{"lon": true, "lat": 40.75}', "422 malformed"),
    "text": ('{"lon": "-73.98", "lat": "40.75"}', "422 malformed"),
    "null": ('{"lon": null, "lat": 40.75}', "422 malformed"),
    "a list": ("[-73.98, 40.75]", "422 malformed"),
    "one number": ('{"lon": -73.98}', "422 malformed"),
    "a third number": ('{"lon": -73.98, "lat": 40.75, "height": 3}', "422 malformed"),
    "beyond the earth": ('{"lon": -73.98, "lat": 91}', "422 malformed"),
    "huge": ('{"lon": 1e308, "lat": 40.75}', "422 malformed"),
    "swapped": ('{"lon": 40.75, "lat": -73.98}', "422 place_outside_city"),
    "nowhere": ('{"lon": 0, "lat": 0}', "422 point_not_on_earth"),
    "minus nowhere": ('{"lon": -0.0, "lat": 0.0}', "422 point_not_on_earth"),
    "another city": ('{"lon": 2.35, "lat": 48.85}', "422 place_outside_city"),
    "the pole": ('{"lon": 180.0, "lat": 90.0}', "422 place_outside_city"),
    "the sea beside": ('{"lon": -73.96, "lat": 40.745}', "422 place_outside_city"),
}


@pytest.mark.parametrize("end", ["pickup", "dropoff"])
async def test_a_place_that_is_none_is_refused(town: Town, end: str) -> None:
    rider = await town.rider()
    other = "dropoff" if end == "pickup" else "pickup"
    found = {}
    for name, (place, _) in PLACES.items():
        content = f'{{"{end}": {place}, "{other}": {json.dumps(GOOD)}}}'
        found[name] = await send(rider, content)
    assert found == {name: told for name, (_, told) in PLACES.items()}
    same = await rider.refused("POST", "/rider/v1/quotes", journey(corner(1, 1), corner(1, 1)))
    assert same == "422 places_the_same"


async def send(rider: Rider, content: str | bytes, media_type: str = "application/json") -> str:
    answer = await rider.ask(
        "POST", "/rider/v1/quotes", content=content, headers={"Content-Type": media_type}
    )
    return refusal_of(answer)


async def test_bodies_that_cannot_be_read(town: Town) -> None:
    rider = await town.rider()
    good = json.dumps(journey(corner(0, 0), corner(1, 1)))
    assert await send(rider, "{") == "422 malformed"
    assert await send(rider, "") == "422 malformed"
    assert await send(rider, b"\xff\xfe\x00") == "400 unreadable"
    assert await send(rider, "[" * 30_000) in ("422 malformed", "400 unreadable")
    assert await send(rider, good, "text/plain") == "415 media_type_unknown"
    assert await send(rider, good, "application/x-www-form-urlencoded") == "415 media_type_unknown"
    assert await send(rider, " " * 70_000 + good) == "413 body_too_large"

    async def in_parts() -> Any:
        for _ in range(20):
            yield b" " * 5_000
        yield good.encode()

    answer = await rider.ask(
        "POST", "/rider/v1/quotes", content=in_parts(), headers={"Content-Type": "application/json"}
    )
    assert refusal_of(answer) == "413 body_too_large"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seats", 0), ("seats", 99), ("seats", True), ("seats", "1"), ("seats", 1.5),
        ("vehicle_class", "Standard'; --"), ("needs", ["wheelchair"] * 11), ("needs", "wheelchair"),
        ("booked_for", "tomorrow"), ("booked_for", "2014-12-21T22:00:00"), ("tip", 1),
    ],
)  # fmt: skip
async def test_a_field_that_makes_no_sense_is_named(town: Town, field: str, value: object) -> None:
    rider = await town.rider()
    body = journey(corner(0, 0), corner(3, 3)) | {field: value}
    answer = await rider.ask("POST", "/rider/v1/quotes", body)
    assert refusal_of(answer) == "422 malformed"
    assert answer.json()["faults"][0]["field"].startswith(field)


async def test_texts_no_database_keeps_are_refused_and_strange_ones_are_kept(town: Town) -> None:
    rider = await town.rider()
    trip = await rider.book(corner(1, 5), corner(5, 5), needs=["stretcher"])
    path = f"/rider/v1/trips/{trip['trip_id']}/cancel"
    for content in ('{"reason": "a\\u0000b"}', '{"reason": "\\ud800"}', '{"reason": ""}'):
        answer = await rider.ask(
            "POST", path, content=content, headers={"Content-Type": "application/json"}
        )
        assert refusal_of(answer) == "422 malformed", content
    strange = '\u202e\'; DROP TABLE trip; -- \U0001f695 \n{"event": 1}'
    assert (await rider.post(path, {"reason": strange}))["end_reason"] == strange


async def test_a_wish_the_city_does_not_serve_is_refused(town: Town) -> None:
    rider = await town.rider()
    for changes, told in (
        ({"vehicle_class": "limousine"}, "422"),
        ({"booked_for": "2014-12-20T22:00:00Z"}, "422"),
        ({"booked_for": "2019-12-20T22:00:00Z"}, "422"),
        ({"seats": 9}, "422"),
    ):
        body = journey(corner(0, 0), corner(3, 3)) | changes
        answer = await rider.ask("POST", "/rider/v1/quotes", body)
        assert refusal_of(answer).startswith(told), (changes, answer.text)
        assert answer.json()["code"] != "malformed"


async def test_a_foreign_thing_and_no_thing_are_the_same_404(town: Town) -> None:
    owner, driver = await town.rider(), await town.driver(corner(4, 3))
    trip = await owner.book(corner(4, 3), corner(0, 3))
    offer = await driver.wait_for_offer(trip["trip_id"])
    mine, other_driver = await town.rider(), await town.driver(corner(0, 0))
    quote = await owner.quote(corner(0, 0), corner(5, 0))
    reads: list[tuple[Rider, str, str, object, str]] = []
    trip_path = "/rider/v1/trips/{}"
    for method, path, body in (
        ("GET", trip_path, None), ("POST", trip_path + "/cancel", {}),
        ("POST", trip_path + "/share", {}), ("GET", trip_path + "/receipt", None),
        ("POST", trip_path + "/rating", {"stars": 5}), ("POST", trip_path + "/tip", {"amount_minor": 9}),
    ):  # fmt: skip
        reads.append((mine, method, path, body, trip["trip_id"]))
    reads.append((mine, "GET", "/rider/v1/quotes/{}", None, quote["quote_id"]))
    for step, body in (
        ("", None), ("/arrive", GOOD), ("/board", {"pin": "1234"}), ("/stop", {}), ("/resume", {}),
        ("/complete", {}), ("/abort", {"reason": "x"}), ("/no-show", {"contact_attempted": True}),
        ("/release", {"reason": "x"}),
    ):  # fmt: skip
        method = "POST" if step else "GET"
        reads.append((other_driver, method, "/driver/v1/trips/{}" + step, body, trip["trip_id"]))  # type: ignore[arg-type]
    for step in ("accept", "decline"):
        path = "/driver/v1/offers/{}/" + step
        reads.append((other_driver, "POST", path, {}, offer["offer_id"]))  # type: ignore[arg-type]
    path = "/driver/v1/shifts/{}/end"
    reads.append((other_driver, "POST", path, {}, driver.shift_id))  # type: ignore[arg-type]
    for person, method, path, body, foreign in reads:
        absent = new_id()
        told = []
        for one in (foreign, absent):
            answer = await person.ask(method, path.format(one), body)
            assert answer.status_code == 404, (method, path, answer.text)
            told.append(answer.text.replace(one, "ID"))
        assert told[0] == told[1], (method, path)
    body = {"trip_id": new_id(), "quote_id": quote["quote_id"]}
    assert await mine.refused("POST", "/rider/v1/trips", body) == "404 quote_not_found"
    taken = await mine.quote(corner(0, 0), corner(5, 0))
    body = {"trip_id": trip["trip_id"], "quote_id": taken["quote_id"]}
    assert await mine.refused("POST", "/rider/v1/trips", body) == "409 trip_id_taken"


async def test_addresses_and_methods_that_do_not_exist(town: Town) -> None:
    rider = await town.rider()
    assert await rider.refused("GET", "/rider/v1/nothing") == "404 no_such_route"
    assert await rider.refused("GET", "/rider/v2/trips") == "404 no_such_route"
    assert await rider.refused("GET", "/docs/nobody") == "404 no_such_route"
    assert await rider.refused("GET", "/live/../../etc/passwd") == "404 no_such_route"
    answer = await rider.ask("DELETE", "/rider/v1/trips")
    assert refusal_of(answer) == "405 method_not_allowed"
    assert answer.headers["allow"] == "GET, POST", "of every route at this address"
    answer = await rider.ask("POST", "/live/", {})
    assert refusal_of(answer) == "405 method_not_allowed"
    assert answer.headers["allow"] == "GET, HEAD"
    assert await rider.refused("GET", "/rider/v1/trips/not-an-id") == "422 malformed"
    assert await rider.refused("GET", "/tiles/0/0/x.mvt") == "422 malformed"
    for tile in ("/tiles/99/0/0.mvt", "/tiles/3/-1/0.mvt", f"/tiles/3/{10**30}/0.mvt"):
        assert (await rider.ask("GET", tile)).status_code in (204, 404, 422)
    for query in ({"start": "yesterday"}, {"start": "2014-01-01T00:00:00"}):
        answer = await rider.ask("GET", "/rider/v1/statement", params=query)
        assert refusal_of(answer) == "422 malformed"
    backwards = {"start": "2015-01-01T00:00:00Z", "end": "2014-01-01T00:00:00Z"}
    answer = await rider.ask("GET", "/rider/v1/statement", params=backwards)
    assert refusal_of(answer) == "422 period_backwards"


async def test_tokens_that_are_none(town: Town) -> None:
    rider = await town.rider()
    good = rider.token
    for token in (None, "x", "0" * 64, f"{good}0", str(good).upper()):
        rider.token = token
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = await rider.http.get("/rider/v1/trips", headers=headers)
        assert refusal_of(answer) == "401 sign_in_needed"
        assert answer.headers["www-authenticate"] == "Bearer"
    answer = await rider.http.get("/rider/v1/trips", headers={"Authorization": f"Basic {good}"})
    assert refusal_of(answer) == "401 sign_in_needed"
    rider.token = good
    assert await rider.refused("GET", "/driver/v1/me") == "403 role_needed"


async def test_every_answer_carries_the_security_headers(town: Town) -> None:
    stranger = await town.stranger()
    for method, path in (
        ("GET", "/healthz"), ("GET", "/nothing"), ("GET", "/rider/v1/trips"), ("DELETE", "/healthz"),
        ("GET", "/public/v1/city"), ("GET", "/docs/rider"), ("GET", "/metrics"), ("GET", "/"),
        ("POST", "/public/v1/sign-in/code"), ("GET", "/tiles/12/0/0.mvt"),
    ):  # fmt: skip
        answer = await stranger.ask(method, path, **({"json": {}} if method == "POST" else {}))
        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


@pytest.mark.parametrize("path", ["/rider/v1/live", "/driver/v1/live", "/office/v1/live"])
async def test_sockets_refuse_whoever_does_not_say_who_they_are(town: Town, path: str) -> None:
    from tests.journeys.people import Live

    stranger = await town.stranger()
    for first, told in (
        ({"type": "hello", "token": "0" * 64, "since": None}, "sign_in_needed"),
        ({"type": "hello", "token": None}, "hello_missing"),
        ({"type": "hello", "token": "x", "since": -1}, "hello_missing"),
        ({"type": "hello", "token": "x", "since": True}, "hello_missing"),
        ({"type": "position"}, "hello_missing"),
        (["hello"], "frame_unreadable"),
    ):
        async with Live(stranger, path, None, {}, hello_first=False) as line:
            await line.say(first)
            assert (await line.message("problem"))["code"] == told
            with pytest.raises(ConnectionClosed):
                await line.next()


async def test_frames_that_make_no_sense(town: Town) -> None:
    driver = await town.driver(corner(5, 0))
    bad = [
        {"type": "dance"}, {}, {"type": None}, {"type": "position"},
        {"type": "position", "seq": 1, "lon": "x", "lat": 1}, {"type": "position", "seq": True},
        {"type": "position", "seq": 1, "lon": True, "lat": False},
        {"type": "position", "seq": 1, "lon": 0, "lat": 0},
        {"type": "position", "seq": 1, "lon": 999, "lat": 40},
        {"type": "position", "seq": -1, "lon": -73.98, "lat": 40.74},
        {"type": "position", "seq": 2**70, "lon": -73.98, "lat": 40.74},
        {"type": "position", "seq": 1, "lon": -73.98, "lat": 40.74, "heading": "north"},
    ]  # fmt: skip
    async with driver.live("/driver/v1/live") as line:
        await line.message("welcome")
        for message in bad:
            await line.say(message)
            assert (await line.message("problem"))["status"] == 422, message
        await line.say(driver.report(corner(5, 1)))
        await line.say({"type": "ping"})
        await line.message("pong")
    for raw in (
        b"\x00\x01",
        "not json",
        '{"type": "position", "seq": 1, "lon": NaN, "lat": 1}',
        "[]",
    ):
        async with driver.live("/driver/v1/live") as line:
            await line.message("welcome")
            await line.socket.send(raw)
            assert (await line.message("problem"))["code"] == "frame_unreadable"


async def test_a_huge_frame_and_a_flood_end_the_socket_and_nothing_else(town: Town) -> None:
    rider = await town.rider()
    async with rider.live("/rider/v1/live") as line:
        await line.message("welcome")
        await line.socket.send("x" * 20_000)
        with pytest.raises(ConnectionClosed) as closed:
            await line.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009
    async with rider.live("/rider/v1/live") as line:
        await line.message("welcome")
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(5000):
                await line.say({"type": "ping"})
            while True:
                await line.next()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    async with rider.live("/public/v1/live") as line:
        await line.say({"type": "nonsense"})
        await asyncio.sleep(0)
    assert (await rider.get("/rider/v1/trips"))["trips"] == []


async def test_a_browser_is_shown_a_page_where_there_is_none(town: Town) -> None:
    stranger = await town.stranger()
    accept = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/nowhere", "/docs/nobody", "/live/nothing.html"):
        answer = await stranger.ask("GET", path, headers=accept)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert 'href="/live/"' in answer.text


async def test_every_problem_points_to_where_its_code_is_told(town: Town) -> None:
    page = (await (await town.stranger()).ask("GET", "/docs/errors")).text
    for code in ("no_such_route", "malformed", "fault", "not_ready_yet", "trip_not_found"):
        assert f'id="{code}"' in page
    assert 'id="argument_unusable"' not in page  # of the command line


async def test_nobody_joins_by_saying_so_where_the_office_has_to_see_something_first(
    town: Town,
) -> None:
    rider = await town.rider()
    answer = await rider.ask("POST", "/rider/v1/membership/join")
    assert refusal_of(answer) == "409 membership_clash"
    assert "(credential, share)" in answer.json()["detail"]
    mine = await rider.get("/rider/v1/membership")
    assert (mine["member_id"], mine["reason"]) == (None, "no_member")


async def test_a_card_is_refused_where_cards_are_not_taken(town: Town) -> None:
    rider = await town.rider()
    quote = await rider.quote(corner(2, 2), corner(5, 5))
    body = {"trip_id": new_id(), "quote_id": quote["quote_id"], "pays": {"payment": "card"}}
    assert await rider.refused("POST", "/rider/v1/trips", body) == "409 card_not_offered"
    assert "card" not in (await rider.get("/rider/v1/ways-to-pay"))["ways"]
