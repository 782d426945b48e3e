"""People with phones, for journeys: each says what they do and checks what comes back."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect

from foundation.chance import SystemChance
from foundation.clock import wall_now
from foundation.identifiers import time_ordered
from foundation.measures import Point
from simulation.client import Mailbox
from simulation.software_passkey import SoftwarePasskey
from tests.journeys.service import Founded, Service, ServiceProcess

PATIENCE_SECONDS = 30.0


def new_id() -> str:
    return str(time_ordered(wall_now(), SystemChance()))


class Person:
    """Anybody, signed in or not."""

    def __init__(self, service: Service | ServiceProcess, number: str = "") -> None:
        self.service, self.number = service, number
        self.token: str | None = None
        self.person_id = ""
        self.http = httpx.AsyncClient(base_url=service.url, trust_env=False, timeout=20)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        **more: Any,
    ) -> httpx.Response:
        headers: dict[str, str] = dict(more.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if method == "POST":
            headers.setdefault("Idempotency-Key", key or new_id())
            if body is not None:
                more["json"] = body
            elif "content" not in more:
                more["json"] = {}
        return await self.http.request(method, path, headers=headers, **more)

    async def get(self, path: str, **query: Any) -> Any:
        return _good(await self.ask("GET", path, params=query))

    async def post(self, path: str, body: object = None, *, key: str | None = None) -> Any:
        return _good(await self.ask("POST", path, body, key=key))

    async def refused(self, method: str, path: str, body: object = None, **more: Any) -> str:
        """Ask for what will be refused; status and code, as `404 trip_not_found`."""
        return refusal_of(await self.ask(method, path, body, **more))

    async def sign_in(self, name: str = "Rita Rider") -> Self:
        """By a code, read from the messages."""
        mailbox = Mailbox(self.service.city.messages)
        challenge = await self.post("/public/v1/sign-in/code", {"phone": self.number})
        code = await mailbox.code_for(self.number)
        body = {"challenge_id": challenge["challenge_id"], "code": code, "name": name}
        signed_in = await self.post("/public/v1/sign-in/code/confirm", body)
        self.token, self.person_id = signed_in["token"], signed_in["person_id"]
        return self

    def live(self, path: str, *, since: int | None = None, **hello: Any) -> "Live":
        return Live(self, path, since, hello)


def _good(answer: httpx.Response) -> Any:
    assert answer.status_code < 400, f"{answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


def refusal_of(answer: httpx.Response) -> str:
    """Status and code of a problem document, whose form is checked."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"].strip()
    assert problem["type"] == f"/docs/errors#{problem['code']}"
    return f"{answer.status_code} {problem['code']}"


class Live:
    """A live socket, and everything that came over it."""

    def __init__(
        self,
        person: Person,
        path: str,
        since: int | None,
        hello: dict[str, Any],
        *,
        hello_first: bool = True,
    ) -> None:
        self.person, self.path, self.since = person, path, since
        self._hello, self._hello_first = hello, hello_first
        self.heard: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        url = self.person.service.url.replace("http", "ws", 1) + self.path
        self.socket: ClientConnection = await connect(
            url, compression=None, proxy=None, close_timeout=2
        )
        hello = {"type": "hello", "token": self.person.token, "since": self.since, **self._hello}
        if self._hello_first:
            await self.say(hello)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.close()

    async def say(self, message: object) -> None:
        await self.socket.send(json.dumps(message))

    async def next(self) -> dict[str, Any]:
        """The next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = json.loads(await self.socket.recv())
        self.heard.append(message)
        return message

    async def until(self, test: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that passes."""
        while True:
            message = await self.next()
            if test(message):
                return message

    async def message(self, kind: str) -> dict[str, Any]:
        return await self.until(lambda message: message["type"] == kind)

    async def trip(self, state: str) -> dict[str, Any]:
        """Wait until the trip is told to be in `state`."""
        told = await self.until(lambda m: m["type"] == "trip" and m["trip"]["state"] == state)
        return told["trip"]

    @property
    def numbers(self) -> list[int]:
        return [message["seq"] for message in self.heard
                if "seq" in message and message["type"] != "welcome"]  # fmt: skip


class Rider(Person):
    """Somebody who wants to go somewhere."""

    async def quote(self, pickup: Point, dropoff: Point, **more: Any) -> dict[str, Any]:
        return await self.post("/rider/v1/quotes", journey(pickup, dropoff, **more))

    async def book(self, pickup: Point, dropoff: Point, **more: Any) -> dict[str, Any]:
        quote = await self.quote(pickup, dropoff, **more)
        body = {"trip_id": new_id(), "quote_id": quote["quote_id"]}
        return await self.post("/rider/v1/trips", body)

    async def trip(self, trip_id: str) -> dict[str, Any]:
        return await self.get(f"/rider/v1/trips/{trip_id}")


def journey(pickup: Point, dropoff: Point, **more: Any) -> dict[str, Any]:
    return {
        "pickup": {"lon": pickup.lon, "lat": pickup.lat},
        "dropoff": {"lon": dropoff.lon, "lat": dropoff.lat},
        **more,
    }


class Driver(Person):
    """A driver-member with a car."""

    def __init__(self, service: Service | ServiceProcess, number: str) -> None:
        super().__init__(service, number)
        self.shift_id = ""
        self._seq = 0

    async def go_on_shift(self, at: Point) -> None:
        me = await self.get("/driver/v1/me")
        self.shift_id = new_id()
        self.vehicle_id = me["vehicles"][0]["vehicle_id"]
        body = {
            "shift_id": self.shift_id,
            "vehicle_id": self.vehicle_id,
            "lon": at.lon,
            "lat": at.lat,
        }
        await self.post("/driver/v1/shifts", body)

    async def step(self, trip_id: str, step: str, body: object = None) -> dict[str, Any]:
        return await self.post(f"/driver/v1/trips/{trip_id}/{step}", body)

    async def wait_for_offer(self, trip_id: str) -> dict[str, Any]:
        """By asking, as a client without a socket would."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for offer in (await self.get("/driver/v1/offers"))["offers"]:
                    if offer["trip_id"] == trip_id:
                        return offer
                await asyncio.sleep(0.1)

    async def wait_for_reasons(self, trip_id: str) -> list[dict[str, Any]]:
        """Why not me, asked until a round has decided about the trip."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                answer = await self.ask("GET", f"/driver/v1/trips/{trip_id}/why-not-me")
                if answer.status_code == 200:
                    found: list[dict[str, Any]] = answer.json()["reasons"]
                    return found
                assert refusal_of(answer) == "404 trip_not_found"
                await asyncio.sleep(0.1)

    async def accept(self, offer: dict[str, Any]) -> dict[str, Any]:
        path = f"/driver/v1/offers/{offer['offer_id']}/accept"
        return await self.post(path, {"attempt": offer["attempt"]})

    async def take(self, trip_id: str) -> dict[str, Any]:
        """Wait for the offer of this trip, and accept it."""
        return await self.accept(await self.wait_for_offer(trip_id))

    async def arrive(self, trip: dict[str, Any]) -> dict[str, Any]:
        return await self.step(trip["trip_id"], "arrive", trip["pickup"])

    def report(self, place: Point, *, heading: int = 0) -> dict[str, Any]:
        """A position message, numbered."""
        self._seq += 1
        return {"type": "position", "seq": self._seq, "lon": place.lon, "lat": place.lat,
                "heading": heading}  # fmt: skip

    async def go_home(self) -> None:
        """End whatever is under way, then the shift."""
        trip = (await self.get("/driver/v1/trips/current"))["trip"]
        if trip is not None:
            before = trip["state"] in ("assigned", "arrived")
            step = "release" if before else "abort"
            await self.step(trip["trip_id"], step, {"reason": "the test is over"})
        if self.shift_id:
            await self.post(f"/driver/v1/shifts/{self.shift_id}/end")


class Office(Person):
    """Somebody of the office, who needs a passkey."""

    async def sign_in_by_passkey(self) -> Self:
        origin, passkeys = "http://localhost:8765", self.service.city.passkeys
        if self.number not in passkeys:
            await self.sign_in()
            begun = await self.post("/public/v1/passkeys/options")
            passkeys[self.number], answer = SoftwarePasskey.create(
                begun["options"], origin=origin, chance=SystemChance()
            )
            body = {"challenge_id": begun["challenge_id"], "credential": answer}
            await self.post("/public/v1/passkeys/confirm", body)
        begun = await self.post("/public/v1/sign-in/passkey/options")
        body = {
            "challenge_id": begun["challenge_id"],
            "credential": passkeys[self.number].sign_in(begun["options"], origin=origin),
        }
        signed_in = await self.post("/public/v1/sign-in/passkey/confirm", body)
        self.token, self.person_id = signed_in["token"], signed_in["person_id"]
        return self


class Town:
    """Who lives in a city whose service runs; each test gets people of its own."""

    def __init__(self, service: Service | ServiceProcess) -> None:
        self.service = service
        self._rooms: contextlib.AsyncExitStack = contextlib.AsyncExitStack()

    @property
    def city(self) -> Founded:
        return self.service.city

    async def keep(self, person: Person) -> None:
        """Let go of somebody's line after the test."""
        await self._rooms.enter_async_context(person)

    async def rider(self, number: str = "") -> Rider:
        number = number or self.city.next_rider()
        rider = await self._rooms.enter_async_context(Rider(self.service, number))
        self._rooms.push_async_callback(_cancel_all, rider)
        return await rider.sign_in()

    async def driver(self, at: Point) -> Driver:
        driver = await self._rooms.enter_async_context(
            Driver(self.service, self.city.next_driver())
        )
        await driver.sign_in()
        await driver.go_on_shift(at)
        self._rooms.push_async_callback(driver.go_home)
        return driver

    async def office(self) -> Office:
        from khan.seed import OFFICE_PHONE

        office = await self._rooms.enter_async_context(Office(self.service, OFFICE_PHONE))
        return await office.sign_in_by_passkey()

    async def stranger(self) -> Person:
        return await self._rooms.enter_async_context(Person(self.service))

    async def close(self) -> None:
        await self._rooms.aclose()


async def _cancel_all(rider: Rider) -> None:
    if rider.token is None:
        return
    answer = await rider.ask("GET", "/rider/v1/trips")
    if answer.status_code != 200:
        return
    for trip in answer.json()["trips"]:
        if trip["state"] in ("scheduled", "requested", "matching", "assigned", "arrived"):
            await rider.ask("POST", f"/rider/v1/trips/{trip['trip_id']}/cancel", {})
