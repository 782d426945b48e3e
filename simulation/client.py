"""A person's phone: the public HTTP and WebSocket APIs, and nothing else.

Writes are sent with an Idempotency-Key made before the first try and kept through all of them, so
that a service that dies in between does what was asked once. Retries wait longer each time, with
chance in it, so that a city of phones does not come back in one wave.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from foundation.chance import Chance
from foundation.clock import ServiceClock, wall_now
from foundation.identifiers import time_ordered

TRIES_MAX = 40
LONGEST_WAIT_SECONDS = 4.0
TRIP_OVER = frozenset(
    [
        "completed",
        "cancelled_by_rider",
        "cancelled_by_operator",
        "no_show",
        "unfulfilled",
        "aborted",
    ]
)
"""States in which nothing more happens to a trip."""
_AGAIN = frozenset({429, 500, 502, 503, 504})


class Refused(Exception):
    """The service answered with a problem: `code` is stable, `status` is HTTP's."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail", f"status {status}"))
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.problem = problem


class ServiceGone(Exception):
    """The service did not answer, however often it was asked."""


class Mailbox:
    """Text messages that came: reads the file the demonstration's sender writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._codes: dict[str, str] = {}
        self._offset = 0
        self._lock = asyncio.Lock()

    async def code_for(self, phone: str) -> str:
        """The newest one-time code sent to `phone`; waits for it, ten seconds at most."""
        async with asyncio.timeout(10):
            while True:
                async with self._lock:
                    self._read()
                    if phone in self._codes:
                        return self._codes.pop(phone)
                await asyncio.sleep(0.05)

    def _read(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                message = json.loads(line)
                digits = [word for word in message["text"].split() if word.isdigit()]
                if message["kind"] == "sign_in_code" and digits:
                    self._codes[message["to"]] = digits[0]


class Phone:
    """One person's client: signed in, patient, at the service's pace of time."""

    def __init__(self, http: httpx.AsyncClient, chance: Chance, clock: ServiceClock) -> None:
        self._http, self._chance, self.clock = http, chance, clock
        self.token: str | None = None
        self.person_id: str | None = None

    def with_chance(self, chance: Chance) -> "Phone":
        """Another phone on the same line, not signed in."""
        return Phone(self._http, chance, self.clock)

    def now(self) -> datetime:
        """Service time, as this phone reckons it."""
        return self.clock.at(wall_now())

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` of service time pass."""
        await asyncio.sleep(max(0.0, self.clock.wall_seconds(timedelta(seconds=seconds))))

    async def sign_in(self, phone: str, mailbox: Mailbox, *, name: str = "") -> dict[str, Any]:
        """Ask for a code, read it, send it back.

        A code is good once: where the answer to it was lost, another is asked for.

        Raises
        ------
        Refused, ServiceGone
        TimeoutError
            If no code came.
        """
        while True:
            challenge = await self.post("/public/v1/sign-in/code", {"phone": phone})
            code = await mailbox.code_for(phone)
            body = {"challenge_id": challenge["challenge_id"], "code": code, "name": name}
            try:
                signed_in = await self.post("/public/v1/sign-in/code/confirm", body)
            except Refused as refused:
                if refused.code != "code_spent":
                    raise
                continue
            self.token, self.person_id = signed_in["token"], signed_in["person_id"]
            return signed_in

    def new_id(self) -> str:
        """A fresh identifier of this phone's own making."""
        return str(time_ordered(self.now(), self._chance))

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        """Read.

        Raises
        ------
        Refused, ServiceGone
        """
        return await self._ask("GET", path, params=query)

    async def download(self, path: str, **query: Any) -> bytes:
        """Read a file.

        Raises
        ------
        Refused, ServiceGone
        """
        return (await self._answer("GET", path, params=query)).content

    async def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write, once, however often it has to be sent.

        Raises
        ------
        Refused, ServiceGone
        """
        return await self._ask("POST", path, json=body or {}, key=self.new_id())

    async def _ask(
        self, method: str, path: str, *, key: str | None = None, **content: Any
    ) -> dict[str, Any]:
        answer = await self._answer(method, path, key=key, **content)
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    async def _answer(
        self, method: str, path: str, *, key: str | None = None, **content: Any
    ) -> httpx.Response:
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if key is not None:
            headers["Idempotency-Key"] = key
        for attempt in range(TRIES_MAX):
            try:
                answer = await self._http.request(method, path, headers=headers, **content)
            except httpx.TransportError:
                await self._wait(attempt)
                continue
            if answer.status_code in _AGAIN:
                await self._wait(attempt)
                continue
            if answer.status_code >= 400:
                raise Refused(answer.status_code, _problem(answer))
            return answer
        raise ServiceGone(f"{method} {path}")

    async def _wait(self, attempt: int) -> None:
        longest = min(LONGEST_WAIT_SECONDS, 0.1 * 2.0**attempt)
        await asyncio.sleep(longest * (0.5 + self._chance.uniform() / 2))

    async def listen(
        self, path: str
    ) -> AsyncGenerator[tuple[ClientConnection, dict[str, Any]], None]:
        """The live feed, for ever: reconnects by itself and resumes from the last number seen.

        Yields the open socket with each message; a reconnection is told as a message of type
        ``welcome``.
        """
        seen: int | None = None
        attempt = 0
        while True:
            try:
                async with _socket(self._http.base_url.join(path)) as socket:
                    await socket.send(
                        json.dumps({"type": "hello", "token": self.token, "since": seen})
                    )
                    async for text in socket:
                        message = json.loads(text)
                        attempt = 0
                        if message["type"] == "welcome":
                            seen = message["seq"] if seen is None else seen
                        elif "seq" in message:
                            seen = message["seq"]
                        yield socket, message
            except (OSError, WebSocketException, TimeoutError):
                pass
            await self._wait(min(attempt, 6))
            attempt += 1


@asynccontextmanager
async def _socket(url: httpx.URL) -> AsyncIterator[ClientConnection]:
    address = str(url.copy_with(scheme="wss" if url.scheme == "https" else "ws"))
    async with connect(
        address, compression=None, open_timeout=5, close_timeout=1, max_size=2**20, proxy=None
    ) as socket:
        yield socket


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except json.JSONDecodeError:
        return {"detail": answer.text[:200]}
    return found if isinstance(found, dict) else {"detail": str(found)[:200]}


async def open_phone_line(base_url: str) -> tuple[httpx.AsyncClient, ServiceClock]:
    """A shared line to the service, and its clock."""
    http = httpx.AsyncClient(
        base_url=base_url,
        timeout=10,
        trust_env=False,
        limits=httpx.Limits(max_connections=64, max_keepalive_connections=64),
    )
    answer = await http.get("/public/v1/clock")
    answer.raise_for_status()
    told = answer.json()
    return http, ServiceClock(
        wall_origin=wall_now(),
        service_origin=datetime.fromisoformat(told["now"]),
        rate=float(told["rate"]),
    )
