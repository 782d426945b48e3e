"""Simulated driver-members: sign in, go on shift, answer offers, drive, like anyone else."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from foundation.chance import SeededChance
from foundation.measures import Point
from simulation.client import Mailbox, Phone, Refused, ServiceGone
from simulation.kerb import Kerb
from simulation.motion import Way, position_message, position_pause

NO_SHOW_WAIT_SECONDS = 330.0
OVERTAKEN = frozenset(["illegal_step", "trip_not_found", "out_of_turn"])
"""Refusals that say: somebody was quicker, look at the stops again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How often, in a hundred, a simulated driver does what."""

    accepts: int = 90
    declines: int = 7  # what is left lapses unanswered
    releases: int = 1
    stops: int = 2


class SimulatedDriver:
    """One driver-member with a phone."""

    def __init__(
        self,
        phone: Phone,
        *,
        number: str,
        start: Point,
        haunts: list[Point],
        kerb: Kerb,
        chance: SeededChance,
        habits: Habits | None = None,
        follows_advice: bool = False,
        paid: Callable[[dict[str, Any]], None] = lambda _message: None,
    ) -> None:
        self._paid = paid
        self._phone, self._number, self._kerb = phone, number, kerb
        self._haunts, self._chance, self._habits = haunts, chance, habits or Habits()
        self._follows_advice = follows_advice
        self._way = Way.standing(start, at=phone.now(), heading=chance.below(360))
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._socket: ClientConnection | None = None

    async def go_on_shift(self, mailbox: Mailbox) -> None:
        """Sign in, and begin a shift where the car stands, or go on with the one that is open."""
        phone = self._phone
        await phone.sign_in(self._number, mailbox)
        me = await phone.get("/driver/v1/me")
        if me["shift"] is not None:
            return
        place, _ = self._way.at(phone.now())
        await phone.post(
            "/driver/v1/shifts",
            {
                "shift_id": phone.new_id(),
                "vehicle_id": me["vehicles"][0]["vehicle_id"],
                "lon": place.lon,
                "lat": place.lat,
            },
        )

    async def work(self) -> None:
        """Drive until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._report())
            tasks.create_task(self._work())

    async def _listen(self) -> None:
        heard = {"offer", "trip", "welcome"} | ({"advice"} if self._follows_advice else set())
        async for socket, message in self._phone.listen("/driver/v1/live"):
            self._socket = socket
            if message["type"] == "money":
                self._paid(message)
            if message["type"] in heard:
                self._inbox.put_nowait(message)

    async def _report(self) -> None:
        """A position every few seconds of service time; what is lost on the way is lost."""
        pause = position_pause(self._phone.clock.rate)
        await self._phone.sleep(self._chance.uniform() * pause)
        while True:
            if self._socket is not None:
                message = position_message(self._way, self._phone.now())
                with contextlib.suppress(ConnectionClosed):
                    await self._socket.send(json.dumps(message))
            await self._phone.sleep(pause)

    async def _work(self) -> None:
        """Wait for something to do; meanwhile cruise, or wait where the service advises. A welcome
        means: look how things stand."""
        while True:
            message = await self._next(seconds=120 + self._chance.below(240))
            try:
                if message is None and self._follows_advice:
                    await self._follow(await self._phone.get("/driver/v1/advice"))
                elif message is None:
                    await self._cruise()
                elif message["type"] == "advice":
                    await self._follow(message["advice"])
                elif message["type"] == "offer":
                    await self._answer(message["offer"])
                    await self._make_stops()
                elif message["type"] == "welcome":
                    await self._look()
            except (Refused, ServiceGone):
                continue  # it was withdrawn, or somebody else decided: wait for the next

    async def _next(self, *, seconds: float) -> dict[str, Any] | None:
        wall = self._phone.clock.wall_seconds
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wall(timedelta(seconds=seconds))):
                return await self._inbox.get()
        return None

    async def _look(self) -> None:
        """After a (re)connection: stops may lie ahead, an offer may wait."""
        if (await self._phone.get("/driver/v1/run"))["stops"]:
            await self._make_stops()
            return
        for offer in (await self._phone.get("/driver/v1/offers"))["offers"]:
            await self._answer(offer)
        await self._make_stops()

    async def _cruise(self) -> None:
        """Drive to a place where riders are found; an offer ends the cruise."""
        if self._phone.now() < self._way.ends:
            return
        goal = self._haunts[self._chance.below(len(self._haunts))]
        await self._drive_to(goal)

    async def _follow(self, advice: dict[str, Any]) -> None:
        """Drive to where one would be worth more; an offer ends the drive, and so does better advice."""
        way = advice["goes_to"]
        if way is not None:
            await self._drive_to(Point(way["place"]["lon"], way["place"]["lat"]))
        elif advice["reasons"][0]["code"] == "advice_best_here":
            self._stop_here()

    async def _drive_to(self, goal: Point) -> None:
        """Set out along the service's own route; the caller waits, or not."""
        here, _ = self._way.at(self._phone.now())
        try:
            route = await self._phone.get(
                "/driver/v1/routes",
                from_lon=here.lon, from_lat=here.lat, to_lon=goal.lon, to_lat=goal.lat,
            )  # fmt: skip
            line, seconds = route["line"], float(route["seconds"])
        except Refused:
            line, seconds = [[here.lon, here.lat], [goal.lon, goal.lat]], 60.0
        line = [[here.lon, here.lat], *line, [goal.lon, goal.lat]]
        self._way = Way.along(line, begins=self._phone.now(), seconds=seconds)

    async def _arrive_at_end(self) -> bool:
        """Wait until the way is driven, answering offers on it; False if the stops changed."""
        while self._phone.now() < self._way.ends:
            left = (self._way.ends - self._phone.now()).total_seconds()
            message = await self._next(seconds=left)
            if message is not None and await self._changes_the_stops(message):
                self._stop_here()
                return False
        return True

    async def _changes_the_stops(self, message: dict[str, Any]) -> bool:
        """Whether what is heard on the way may ask for another way; an offer is answered."""
        if message["type"] == "offer":
            with contextlib.suppress(Refused):
                return await self._answer(message["offer"])
        return _is_taken_away(message)

    def _stop_here(self) -> None:
        place, heading = self._way.at(self._phone.now())
        self._way = Way.standing(place, at=self._phone.now(), heading=heading)

    async def _answer(self, offer: dict[str, Any]) -> bool:
        """Whether the driver took it; then it is among the stops ahead."""
        await self._phone.sleep(1 + self._chance.uniform() * 3)
        drawn = self._chance.below(100)
        path = f"/driver/v1/offers/{offer['offer_id']}"
        if drawn < self._habits.accepts:
            await self._phone.post(f"{path}/accept", {"attempt": offer["attempt"]})
            return True
        if drawn < self._habits.accepts + self._habits.declines:
            await self._phone.post(f"{path}/decline", {})
        return False

    async def _make_stops(self) -> None:
        """One stop after the other, in the order the service tells, until none is ahead."""
        while stops := (await self._phone.get("/driver/v1/run"))["stops"]:
            try:
                await self._make(stops[0])
            except Refused as refused:
                if refused.code not in OVERTAKEN:
                    raise

    async def _make(self, stop: dict[str, Any]) -> None:
        """Go to a stop and do what is to be done there, from wherever its trip stands."""
        path = f"/driver/v1/trips/{stop['trip_id']}"
        if stop["kind"] == "dropoff":
            await self._carry(stop, path)
            return
        if stop["state"] == "assigned":
            if self._chance.below(100) < self._habits.releases:
                await self._phone.post(f"{path}/release", {"reason": "flat_tyre"})
                return
            place = Point(stop["place"]["lon"], stop["place"]["lat"])
            await self._drive_to(place)
            if not await self._arrive_at_end():
                return
            await self._phone.post(f"{path}/arrive", {"lon": place.lon, "lat": place.lat})
        await self._board(stop, path)

    async def _board(self, stop: dict[str, Any], path: str) -> None:
        """The rider comes and says their PIN; or does not come, also not at the time booked."""
        waited, patience = 0.0, NO_SHOW_WAIT_SECONDS
        if stop["booked_for"] is not None:
            early = datetime.fromisoformat(stop["booked_for"]) - self._phone.now()
            patience += max(0.0, early.total_seconds())
        while waited < patience:
            pin = self._kerb.pin_of(stop["trip_id"])
            if pin is not None:
                await self._phone.post(f"{path}/board", {"pin": pin})
                return
            if waited > 45 and not self._kerb.expects(stop["trip_id"]):
                # A visitor's trip, or one booked by telephone: they get in and show their booking.
                await self._phone.post(f"{path}/board", {"reason": "booking shown"})
                return
            message = await self._next(seconds=5)
            if message is not None and await self._changes_the_stops(message):
                return
            waited += 5
        await self._phone.post(f"{path}/no-show", {"contact_attempted": True})

    async def _carry(self, stop: dict[str, Any], path: str) -> None:
        if stop["state"] == "at_stop":
            await self._phone.post(f"{path}/resume")
        goal = Point(stop["place"]["lon"], stop["place"]["lat"])
        await self._drive_to(goal)
        if not stop["shared"] and self._chance.below(100) < self._habits.stops:
            await self._phone.sleep(self._way.seconds / 2)
            self._stop_here()
            await self._phone.post(f"{path}/stop")
            await self._phone.sleep(30)
            await self._phone.post(f"{path}/resume")
            await self._drive_to(goal)
        if await self._arrive_at_end():
            await self._phone.post(f"{path}/complete")


def _is_taken_away(message: dict[str, Any]) -> bool:
    """Whether the message tells that the trip was cancelled."""
    return message["type"] == "trip" and str(message["trip"]["state"]).startswith("cancelled")
