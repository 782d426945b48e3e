"""Live sockets: a person's facts in order, resumed from the last number they saw.

The client speaks first: ``{"type": "hello", "token": ..., "since": N or null}``. The token comes in
the first message and not in the address, which proxies log. The service answers
``{"type": "welcome", "seq": N}``, then everything after `since`, then what happens, each with its
`seq`. Whoever falls behind is closed with 1013 and resumes; nothing is lost, for it is in the
tables.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from doorway.caller import caller_of
from doorway.limits import Bucket
from doorway.problem import document
from doorway.services import Services, services_of
from foundation.clock import stopwatch_ms
from foundation.errors import Invalid, Refusal
from foundation.events import as_json
from registry.person import Role
from registry.session import Caller, require_role
from storage.outbox import (
    Announced,
    Subscription,
    last_position,
    list_for_driver,
    list_for_rider,
)
from storage.work import Reading

HELLO_WITHIN_SECONDS = 10.0
SEND_WITHIN_SECONDS = 10.0
CHECK_SESSION_EVERY_SECONDS = 60.0
REVOKED_WITHIN_SECONDS = 0.3
FRAMES_A_SECOND, FRAMES_BURST = 50.0, 200.0

# RFC 6455, section 7.4.1, and the IANA registry of close codes.
GOING_AWAY, POLICY_VIOLATION, TRY_AGAIN_LATER, UNSUPPORTED = 1001, 1008, 1013, 1003
SIGNED_OUT = 4401


class HelloMissing(Invalid):
    """The first message of a live socket says who listens."""

    code = "hello_missing"

    def __init__(self) -> None:
        super().__init__(
            'Begin with {"type": "hello", "token": "...", "since": null or the last number seen}.'
        )


class FrameUnreadable(Invalid):
    """A message on a live socket is a JSON object with a known type."""

    code = "frame_unreadable"

    def __init__(self) -> None:
        super().__init__("That message could not be read; send JSON objects with a known type.")


Describe = Callable[[Reading, Announced], Awaitable[dict[str, Any] | None]]
"""A fact in the words of this entrance; None if this side does not hear of it."""
Receive = Callable[[dict[str, Any]], Awaitable[dict[str, Any] | None]]
"""Takes a message of the client; returns an answer to send, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Which side of the service a socket is for."""

    role: Role
    feed: Literal["rider", "driver"] | None


RIDER_SIDE = Side(role=Role.RIDER, feed="rider")
DRIVER_SIDE = Side(role=Role.DRIVER, feed="driver")
OFFICE_SIDE = Side(role=Role.OFFICE, feed=None)


class LiveSocket:
    """One person's socket from the hello to its end."""

    def __init__(self, socket: WebSocket, side: Side) -> None:
        self._socket, self._side = socket, side
        self.services: Services = services_of(socket)
        self.hello: dict[str, Any] = {}
        self._seen = 0
        self._bucket = Bucket(FRAMES_A_SECOND, FRAMES_BURST, stopwatch_ms())

    async def open(self) -> tuple[Caller, str, int | None] | None:
        """Accept, and hear who listens; None if they were refused and the socket is closed."""
        await self._socket.accept()
        try:
            async with asyncio.timeout(HELLO_WITHIN_SECONDS):
                hello = await self._receive()
            if hello.get("type") != "hello" or not isinstance(hello.get("token"), str):
                raise HelloMissing
            self.hello = hello
            since = hello.get("since")
            if since is not None and (type(since) is not int or not 0 <= since < 2**62):
                raise HelloMissing
            caller = await caller_of(self.services, hello["token"])
            require_role(caller, self._side.role)
        except TimeoutError:
            await self.refuse(HelloMissing())
            return None
        except Refusal as refusal:
            await self.refuse(refusal)
            return None
        except WebSocketDisconnect:
            return None
        return caller, hello["token"], since

    async def run(
        self,
        caller: Caller,
        token: str,
        since: int | None,
        *,
        describe: Describe,
        receive: Receive,
        also: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Serve until either side leaves. `also` is one more task for the life of the socket."""
        async with self._subscribed(caller) as subscription:
            tasks = [
                asyncio.create_task(self._tell(caller, since, subscription, describe)),
                asyncio.create_task(self._listen(receive)),
                asyncio.create_task(self._watch_session(caller, token)),
            ]
            if also is not None:
                tasks.append(asyncio.create_task(_forever(also)))
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            except Refusal as refusal:
                await self.refuse(refusal)
            except (WebSocketDisconnect, TimeoutError):
                pass
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message; a client that does not take it in time is let go (TimeoutError)."""
        async with asyncio.timeout(SEND_WITHIN_SECONDS):
            await self._socket.send_text(orjson.dumps(message, default=as_json).decode())

    async def refuse(self, refusal: Refusal) -> None:
        """Say why, and close."""
        status, body = document(refusal)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
            await self.send(_problem_frame(body))
            code = SIGNED_OUT if status in (401, 403) else POLICY_VIOLATION
            await self.close(TRY_AGAIN_LATER if status in (429, 503) else code)

    async def close(self, code: int) -> None:
        """Close, if it is open."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            await self._socket.close(code)

    @contextlib.asynccontextmanager
    async def _subscribed(self, caller: Caller) -> AsyncIterator[Subscription]:
        hub = self.services.hub
        subscribe = hub.subscribe_rider if self._side.feed == "rider" else hub.subscribe_driver
        subscription = subscribe(caller.person_id)
        try:
            yield subscription
        finally:
            hub.leave(caller.person_id, subscription)

    async def _tell(
        self, caller: Caller, since: int | None, subscription: Subscription, describe: Describe
    ) -> None:
        """Welcome, what was missed, then what comes. Subscribed first, so that nothing falls
        between; what is heard twice is known by its number."""
        async with self.services.database.reading() as work:
            newest = await last_position(work)
        self._seen = newest if since is None else min(since, newest)
        await self.send({"type": "welcome", "seq": newest, "now": self.services.now()})
        await self._catch_up(caller, describe)
        while True:
            announced = await subscription.get()
            if announced is None:
                await self.close(TRY_AGAIN_LATER)
                return
            if announced.position > self._seen:
                await self._tell_one(announced, describe)

    async def _catch_up(self, caller: Caller, describe: Describe) -> None:
        missed = list_for_rider if self._side.feed == "rider" else list_for_driver
        while True:
            async with self.services.database.reading() as work:
                batch = await missed(
                    work, caller.person_id, self._seen, everybody=self.services.hub.everybody
                )
            for announced in batch:
                await self._tell_one(announced, describe)
            if not batch:
                return

    async def _tell_one(self, announced: Announced, describe: Describe) -> None:
        async with self.services.database.reading() as work:
            message = await describe(work, announced)
        if message is not None:
            await self.send(message | {"seq": announced.position})
        self._seen = announced.position

    async def _listen(self, receive: Receive) -> None:
        while True:
            message = await self._receive()
            if self._bucket.take(stopwatch_ms()):
                await self.close(POLICY_VIOLATION)
                return
            try:
                answer = await receive(message)
            except Refusal as refusal:
                _, body = document(refusal)
                answer = _problem_frame(body)
            if answer is not None:
                await self.send(answer)

    async def _receive(self) -> dict[str, Any]:
        frame = await self._socket.receive()
        if frame["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(frame.get("code", 1000), frame.get("reason"))
        if frame.get("text") is None:
            raise FrameUnreadable  # a binary frame
        try:
            message = orjson.loads(frame["text"])
        except orjson.JSONDecodeError:
            raise FrameUnreadable from None
        if not isinstance(message, dict):
            raise FrameUnreadable
        return message

    async def _watch_session(self, caller: Caller, token: str) -> None:
        """A session that is revoked ends its sockets too: at once if it was revoked in this
        process, else when it is next asked for."""
        revoked = asyncio.Event()
        with self.services.sessions.watched(caller, revoked.set):
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(CHECK_SESSION_EVERY_SECONDS):
                        await revoked.wait()
                    revoked.clear()
                    await asyncio.sleep(REVOKED_WITHIN_SECONDS)  # it is told before its commit
                require_role(await caller_of(self.services, token), self._side.role)


def _problem_frame(body: bytes) -> dict[str, Any]:
    """A problem document as a message, whose own `type` says what kind of message it is."""
    problem: dict[str, Any] = orjson.loads(body)
    return problem | {"type": "problem"}


async def _forever(also: Callable[[], Awaitable[None]]) -> None:
    while True:
        await also()
