"""Every operation of the APIs has an example, and the examples are what the service says.

One story is played that uses every operation; what is asked and answered is compared with the
examples in the APIs' descriptions, or with `--record-examples` becomes them.
"""

import asyncio
import contextlib
import json
import re
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import httpx
import jsonschema
import psycopg
import pytest

from foundation.money import Currency
from khan.examples import RECORDED
from khan.seed import OFFICE_PHONE
from storage.engine import Database
from tests.commons_at_work import use_the_commons
from tests.journeys.assemblies import open_bylaws, signed_in_again
from tests.journeys.assembly_story import the_assembly
from tests.journeys.auditors import an_auditor, the_books_are_open
from tests.journeys.conftest import Found
from tests.journeys.day_story import the_days_of_the_books
from tests.journeys.payin_story import paying_by_card, settings_of
from tests.journeys.payout_story import PAYER, drivers_are_paid
from tests.journeys.people import (
    PATIENCE_SECONDS,
    Driver,
    Office,
    Person,
    Rider,
    Town,
    journey,
    new_id,
)
from tests.journeys.receipt_story import receipts
from tests.journeys.service import in_a_thread
from tests.journeys.settle_story import a_month_later, who_pays
from tests.journeys.statement_story import what_a_driver_is_paid
from tests.journeys.waiting import advice_to_go, quick_advice
from tests.localstripe_server import a_stripe
from tests.motion_at_work import move_a_dearer_tariff
from tests.polls_at_work import StagedPoll, voting_key
from tests.service_time import move_time
from tests.small_city import corner
from tests.surplus_books import result
from tests.surplus_by_hand import close_and_decide

PRINTED = ("text/html", "application/pdf")
"""Other forms of what is had as JSON, too."""
ENTRANCES = ("rider", "driver", "office", "public")
FREE = frozenset(
    {"amended_by", "detail", "body", "reason", "options", "credential", "properties", "document"}
) | {"sealed"}
"""Objects whose fields depend on what they tell of."""


@pytest.fixture(scope="module")
def service(found_city: Found) -> Any:
    # Nobody waits minutes here for a rider who does not show up, or for the next advice.
    city = found_city(
        drivers=4, size=12, booking_policy={"no_show_after_s": 1}, matching_policy=quick_advice(),
        bylaws=open_bylaws(),
    )  # fmt: skip
    asyncio.run(use_the_commons(city.address, currency=Currency("USD")))
    asyncio.run(move_a_dearer_tariff(city.address, city.pack))
    with a_stripe() as stripe, in_a_thread(city, **PAYER, **settings_of(stripe)) as running:
        yield running


class Recorder:
    """Writes down what people ask and hear, by operation; where most was said counts."""

    def __init__(self, documents: list[dict[str, Any]]) -> None:
        self.heard: dict[str, dict[str, Any]] = {}
        self._said: dict[str, int] = {}
        self._operations = [
            (method.upper(), path, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"))
            for document in documents
            for path, methods in document["paths"].items()
            for method in methods
        ]

    def listen(self, *people: Person) -> None:
        """Write down what these people ask from now on."""
        for person in people:
            person.http.event_hooks["response"].append(self._note)

    async def _note(self, answer: httpx.Response) -> None:
        await answer.aread()
        if not answer.is_success or answer.headers.get("content-type", "").startswith(PRINTED):
            return
        path = answer.request.url.path
        # What is written out goes before what is a parameter: /trips/current before /trips/{id}.
        name = min(
            (f"{method} {template}" for method, template, pattern in self._operations
             if method == answer.request.method and pattern.match(path)),
            key=lambda known: known.count("{"),
        )  # fmt: skip
        said = len(answer.request.content) + len(answer.content)
        if said < self._said.get(name, 0):
            return
        self._said[name] = said
        self.heard[name] = {
            which: shortened(read(content))
            for which, content in (("body", answer.request.content), ("answer", answer.content))
            if content
        }


def read(content: bytes) -> Any:
    """JSON as a value; of a picture, a journal, a table and a file for a bank, how it begins."""
    begins = content.startswith((b"<svg", b"<?xml", b";; -*- mode", b"when,"))
    return content[:160].decode() + "..." if begins else json.loads(content)


def shortened(value: Any, *, name: str = "") -> Any:
    """As it is, but two of a list are enough, and a token is nobody's business."""
    if isinstance(value, dict):
        return {key: shortened(inner, name=key) for key, inner in value.items()}
    if isinstance(value, list) and name != "coordinates" and value and not is_number(value[0]):
        return [shortened(inner) for inner in value[:2]]
    if name == "token":
        return "the-token-to-send-as-Authorization-Bearer"
    return value


def is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def shape(value: Any) -> Any:
    """The fields there are, without what they say."""
    if isinstance(value, dict):
        return {key: ... if key in FREE else shape(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value and isinstance(value[0], dict) else []
    return ...


async def test_every_example_is_what_the_service_says(
    town: Town, request: pytest.FixtureRequest
) -> None:
    stranger = await town.stranger()
    documents = [await stranger.get(f"/docs/{name}/openapi.json") for name in ENTRANCES]
    recorder = Recorder(documents)
    async with contextlib.AsyncExitStack() as people:
        await play(town, stranger, recorder, people)
    if request.config.getoption("--record-examples"):
        text = json.dumps(recorder.heard, indent=1, sort_keys=True, ensure_ascii=False)
        RECORDED.write_text(text + "\n", encoding="utf-8")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    again = "run this test with --record-examples, and look at what changed"
    assert shape(recorded) == shape(recorder.heard), again


async def test_every_body_answer_and_refusal_has_an_example_of_its_own_schema(town: Town) -> None:
    stranger = await town.stranger()
    missing = []
    for name in ENTRANCES:
        document = await stranger.get(f"/docs/{name}/openapi.json")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                for where, described in [
                    ("body", operation.get("requestBody", {})), *operation["responses"].items(),
                ]:  # fmt: skip
                    for content in described.get("content", {}).values():
                        if "example" not in content:
                            missing.append(f"{method} {path} {where}")
                            continue
                        schema = content["schema"] | {"components": document["components"]}
                        jsonschema.validate(content["example"], schema)
    assert missing == []


async def play(
    town: Town, stranger: Person, recorder: Recorder, people: contextlib.AsyncExitStack
) -> None:
    """Somebody signs in, is driven, tips; drivers decline, give back, wait in vain; the office
    helps; everybody looks things up."""
    rider, other = (Rider(town.service, town.city.next_rider()) for _ in range(2))
    driver, colleague = (Driver(town.service, town.city.next_driver()) for _ in range(2))
    recorder.listen(stranger, rider, other, driver, colleague)
    for person in (rider, other, driver, colleague):
        await people.enter_async_context(person)
        await person.sign_in()
    office = await people.enter_async_context(Office(town.service, OFFICE_PHONE))
    recorder.listen(office)
    await office.sign_in_by_passkey()
    await look_around(stranger)
    await the_commons(stranger)
    trip_id = await a_trip_from_quote_to_tip(rider, driver, colleague)
    await look_up(rider, colleague, trip_id)
    await what_a_driver_is_paid(colleague, trip_id)
    await receipts(rider, office, stranger, trip_id)
    await what_a_motion_would_do(town, stranger, rider, colleague)
    customer_id, paid_trip = await who_pays(rider, colleague, office)
    await where_to_wait(stranger, driver)
    await what_goes_wrong(other, colleague)
    await the_office_helps(office)
    await the_office_keeps_papers(office, driver)
    await colleague.go_home()
    auditor = await an_auditor(town, office)
    recorder.listen(auditor)
    await the_books_are_open(auditor, stranger, driver=driver, rider=rider)
    await a_poll(town, stranger, driver, rider)
    await the_assembly(town, rider, driver, office, stranger)
    await signed_in_again(rider)
    await signed_in_again(colleague, office)
    await the_surplus(town, stranger, rider, colleague, office)
    await a_month_later(town, rider, office, customer_id, paid_trip)
    await drivers_are_paid(town, colleague, office, recorder.listen)
    await the_days_of_the_books(town, office, stranger, trip_id=trip_id)
    await signed_in_again(rider)
    await paying_by_card(rider, office)
    assert (await rider.ask("DELETE", "/public/v1/session")).status_code == 204


async def a_poll(town: Town, stranger: Person, driver: Driver, rider: Rider) -> None:
    """What phones ask about a poll, from both entrances of members."""
    people = [UUID(driver.person_id), UUID(rider.person_id)]
    staged = StagedPoll(people=people).stage(town.city.address)
    await stranger.get("/public/v1/polls")
    await stranger.get(f"/public/v1/polls/{staged.poll_id}")
    for person, entrance in ((driver, "driver"), (rider, "rider")):
        await person.post(f"/{entrance}/v1/voting-key", voting_key())
        me = await person.get(f"/{entrance}/v1/polls/{staged.poll_id}/me")
        assert me["on_roll"] is True
        said = {"choice": {"mark": "for"}}
        await person.post(f"/{entrance}/v1/polls/{staged.poll_id}/ballots", said)


async def look_around(stranger: Person) -> None:
    for path in ("clock", "city", "zones", "rules", "rules/tariff", "fairness", "access-log"):
        await stranger.get(f"/public/v1/{path}")


async def the_commons(stranger: Person) -> None:
    """A pact with an overdue duty, two funded projects, an offer half way, a quarter spent here."""
    commons = "/public/v1/commons"
    found = (await stranger.get(f"{commons}/pacts"))["pacts"]
    assert sorted((one["title"], one["state"]) for one in found) == [
        ("Project a", "agreed"), ("Project b", "agreed"), ("Two benches at the rank", "in_force"),
    ]  # fmt: skip
    assert [one["overdue"][0]["number"] for one in found if one["overdue"]] == [1]
    (fund,) = (await stranger.get(f"{commons}/budgets"))["budgets"]
    assert fund["result"]["count"]["selected"] == ["b", "a"]
    (offer,) = (await stranger.get(f"{commons}/offers"))["offers"]
    assert (offer["pledged_minor"], offer["outcome"]) == (150_00, None)
    year = (await stranger.get("/public/v1/clock"))["now"][:4]
    spent = await stranger.get(f"{commons}/local-spend/{year}")
    assert (spent["total_minor"], spent["local_bps"]) == (400_00, 2500)


async def a_trip_from_quote_to_tip(rider: Rider, driver: Driver, colleague: Driver) -> str:
    quote = await rider.quote(corner(2, 2), corner(5, 5), seats=2, vehicle_class="standard")
    await rider.get(f"/rider/v1/quotes/{quote['quote_id']}")
    body = {"trip_id": new_id(), "quote_id": quote["quote_id"]}
    trip = await rider.post("/rider/v1/trips", body)
    trip_id: str = trip["trip_id"]
    await driver.go_on_shift(corner(2, 2))
    shift = f"/driver/v1/shifts/{driver.shift_id}"
    await driver.post(f"{shift}/homeward", {"place": {"lon": -73.9123, "lat": 40.8123}})
    await driver.post(f"{shift}/range", {"range_metres": 180_000})
    await driver.get(f"{shift}/wishes")
    offer = await driver.wait_for_offer(trip_id)
    await driver.post(f"/driver/v1/offers/{offer['offer_id']}/decline", {"reason": "too far"})
    await driver.get(f"/driver/v1/offers/{offer['offer_id']}/why")
    await driver.get(f"/driver/v1/trips/{trip_id}/why-not-me")
    await driver.go_home()  # or it would be offered what is for the colleague
    await colleague.go_on_shift(corner(2, 3))
    taken = await colleague.take(trip_id)
    await colleague.get("/driver/v1/trips/current")
    await colleague.get("/driver/v1/run")
    await rider.get(f"/rider/v1/trips/{trip_id}")
    shared = await rider.post(f"/rider/v1/trips/{trip_id}/share")
    await rider.get(shared["url"])
    await colleague.arrive(taken)
    await colleague.step(trip_id, "board", {"pin": trip["pin"]})
    for step in ("stop", "resume", "complete"):
        await colleague.step(trip_id, step)
    await colleague.get(f"/driver/v1/trips/{trip_id}")
    await rider.post(f"/rider/v1/trips/{trip_id}/rating", {"stars": 5, "comment": "Calm driving"})
    await rider.post(f"/rider/v1/trips/{trip_id}/tip", {"amount_minor": 200})
    return trip_id


async def where_to_wait(stranger: Person, driver: Driver) -> None:
    """Far from where the trip was asked for."""
    await driver.go_on_shift(corner(11, 11))
    await advice_to_go(driver)
    await driver.go_home()
    await stranger.get("/public/v1/demand")


async def look_up(rider: Rider, driver: Driver, trip_id: str) -> None:
    await rider.post("/rider/v1/me/needs", {"needs": ["wheelchair"]})
    for path in (f"trips/{trip_id}/receipt", "trips", "statement", "me", "me/needs"):
        await rider.get(f"/rider/v1/{path}")
    await rider.post("/rider/v1/me/needs", {"needs": []})
    for path in ("earnings", "statement", "me"):
        await driver.get(f"/driver/v1/{path}")
    a, b = corner(0, 0), corner(3, 3)
    way = {"from_lon": a.lon, "from_lat": a.lat, "to_lon": b.lon, "to_lat": b.lat}
    await driver.get("/driver/v1/routes", **way)


async def the_surplus(
    town: Town, stranger: Person, rider: Rider, driver: Driver, office: Office
) -> None:
    """What the year would give them; then it is divided as members decided."""
    database = Database(town.city.address, pool_size=1)
    async with database.work() as work:
        await result(work, "a grant", 100_000)
    await database.dispose()
    people = ((rider, "rider"), (driver, "driver"))
    for person, entrance in people:
        await person.ask("POST", f"/{entrance}/v1/membership/join", {})
    move_time(town.city.address, 1)  # time stands still here, and they joined at this instant
    for person, entrance in people:
        found = await person.get(f"/{entrance}/v1/surplus/preview")
        assert found["steps"]
    path = "/office/v1/surplus/allocations"
    await office.ask("POST", path, {"motion_id": waiting_motion(town.city.address)})
    divided = await office.post(path, {"motion_id": close_and_decide(town.city.address)})
    assert divided["document"]["motion"] == divided["motion_id"]
    period_id = divided["period_id"]
    listed = (await stranger.get("/public/v1/surplus"))["allocations"]
    assert [one["digest"] for one in listed] == [divided["digest"]]
    published = await stranger.get(f"/public/v1/surplus/{period_id}")
    assert published["document"] == divided["document"]
    for person, entrance in people:
        told = await person.get(f"/{entrance}/v1/surplus/allocations/{period_id}")
        assert told["digest"] == divided["digest"]


async def what_a_motion_would_do(
    town: Town, stranger: Person, rider: Rider, driver: Driver
) -> None:
    """Its statement, its pictures, and one's own month under it."""
    motion_id = waiting_motion(town.city.address)
    path = f"/public/v1/motions/{motion_id}/impact"
    found = await stranger.get(path)
    (proposal,) = found["document"]["proposals"]
    assert proposal["statement"]["prices"]["dearer"] == proposal["statement"]["demand"]["requests"]
    for picture in found["pictures"]:
        drawn = await stranger.ask("GET", picture["href"])
        assert drawn.headers["content-type"] == "image/svg+xml"
        assert ElementTree.fromstring(drawn.text).tag == "{http://www.w3.org/2000/svg}svg"
    assert await stranger.refused("GET", f"{path}/other.svg") == "404 impact_picture_unknown"
    mine = await rider.get(f"/rider/v1/motions/{motion_id}/my-month")
    (under,) = mine["proposals"]
    assert (mine["trips"], under["change"]["amount_minor"]) == (1, 100)
    assert mine["was"] == mine["today"]
    theirs = await driver.get(f"/driver/v1/motions/{motion_id}/my-month")
    assert (theirs["trips"], theirs["was"]) == (1, theirs["today"])


def waiting_motion(address: str) -> str:
    """The motion that was moved before the service began."""
    with psycopg.connect(address) as connection:
        (found,) = connection.execute("SELECT motion_id FROM governance.motion").fetchone()  # type: ignore[misc]
    return str(found)


async def what_goes_wrong(rider: Rider, driver: Driver) -> None:
    given_back = await rider.book(corner(2, 2), corner(4, 4))
    await driver.take(given_back["trip_id"])
    await driver.step(given_back["trip_id"], "release", {"reason": "a flat tyre"})
    cancel = f"/rider/v1/trips/{given_back['trip_id']}/cancel"
    await rider.post(cancel, {"reason": "found a bus"})
    broken_off = await rider.book(corner(2, 2), corner(4, 4))
    await driver.arrive(await driver.take(broken_off["trip_id"]))
    await driver.step(broken_off["trip_id"], "board", {"pin": broken_off["pin"]})
    await driver.step(broken_off["trip_id"], "abort", {"reason": "the car broke down"})
    in_vain = await rider.book(corner(2, 2), corner(4, 4))
    await driver.arrive(await driver.take(in_vain["trip_id"]))
    path = f"/driver/v1/trips/{in_vain['trip_id']}/no-show"
    await retried(driver, path, {"contact_attempted": True})


async def retried(person: Person, path: str, body: dict[str, Any]) -> None:
    """Until the wait has been long enough."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await person.ask("POST", path, body)).is_success:
            await asyncio.sleep(0.1)


async def the_office_helps(office: Office) -> None:
    body = journey(corner(1, 4), corner(5, 4), needs=["stretcher"]) | {
        "trip_id": new_id(),
        "phone": "+12125550177",
        "name": "Carl Caller",
        "wanted": {"local": "2014-12-22T09:00", "which": None},
    }
    await office.get("/office/v1/bookings/at-risk")
    booking = await office.post("/office/v1/bookings", body)
    stated = {
        "reason": "rider_asks",
        "note": "asks where the car is",
        "trip_id": booking["trip_id"],
    }
    purpose = await office.post("/office/v1/purposes", stated)
    path = f"/office/v1/trips/{booking['trip_id']}"
    await office.ask("GET", path, headers={"Purpose-Id": purpose["purpose_id"]})
    await office.post(f"{path}/cancel", {"reason": "the street is flooded"})


async def the_office_keeps_papers(office: Office, driver: Driver) -> None:
    papers = f"/office/v1/drivers/{driver.person_id}/papers"
    body = {
        "kind": "private_hire_licence",
        "valid_from": "2014-12-01T00:00:00-05:00",
        "valid_to": "2017-12-01T00:00:00-05:00",
        "zones": ["W"],
    }
    recorded = await office.post(papers, body)
    await office.ask("POST", papers, body | {"zones": ["Atlantis"]})
    withdraw = f"/office/v1/papers/{recorded['credential_id']}/withdraw"
    for _ in range(2):
        await office.ask("POST", withdraw, {"reason": "a copy of another's"})
    stated = {"reason": "licensing", "note": "renewals", "driver_id": driver.person_id}
    purpose = await office.post("/office/v1/purposes", stated)
    await office.ask("GET", papers, headers={"Purpose-Id": purpose["purpose_id"]})
