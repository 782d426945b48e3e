"""Simulated driver-members: sign in, go on shift, answer offers, drive, like anyone else."""

import asyncio
import contextlib
import json
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
    ) -> None:
        self._phone, self._number, self._kerb = phone, number, kerb
        self._haunts, self._chance, self._habits = haunts, chance, habits or Habits()
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
        async for socket, message in self._phone.listen("/driver/v1/live"):
            self._socket = socket
            if message["type"] in ("offer", "trip", "welcome"):
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
        """Wait for something to do; cruise meanwhile. A welcome means: look how things stand."""
        while True:
            message = await self._next(seconds=120 + self._chance.below(240))
            try:
                if message is None:
                    await self._cruise()
                elif message["type"] == "offer":
                    await self._answer(message["offer"])
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
        """After a (re)connection: a trip may be under way, an offer may wait."""
        current = await self._phone.get("/driver/v1/trips/current")
        if current["trip"] is not None:
            await self._serve(current["trip"])
            return
        for offer in (await self._phone.get("/driver/v1/offers"))["offers"]:
            await self._answer(offer)

    async def _cruise(self) -> None:
        """Drive to a place where riders are found; an offer ends the cruise."""
        if self._phone.now() < self._way.ends:
            return
        goal = self._haunts[self._chance.below(len(self._haunts))]
        await self._drive_to(goal)

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
        """Wait until the way is driven; False if the trip was taken away meanwhile."""
        while self._phone.now() < self._way.ends:
            left = (self._way.ends - self._phone.now()).total_seconds()
            message = await self._next(seconds=left)
            if message is not None and _is_taken_away(message):
                self._stop_here()
                return False
        return True

    def _stop_here(self) -> None:
        place, heading = self._way.at(self._phone.now())
        self._way = Way.standing(place, at=self._phone.now(), heading=heading)

    async def _answer(self, offer: dict[str, Any]) -> None:
        await self._phone.sleep(1 + self._chance.uniform() * 3)
        drawn = self._chance.below(100)
        path = f"/driver/v1/offers/{offer['offer_id']}"
        if drawn < self._habits.accepts:
            trip = await self._phone.post(f"{path}/accept", {"attempt": offer["attempt"]})
            await self._serve(trip)
        elif drawn < self._habits.accepts + self._habits.declines:
            await self._phone.post(f"{path}/decline", {})

    async def _serve(self, trip: dict[str, Any]) -> None:
        """From wherever the trip stands to its end."""
        path = f"/driver/v1/trips/{trip['trip_id']}"
        if trip["state"] == "assigned":
            if self._chance.below(100) < self._habits.releases:
                await self._phone.post(f"{path}/release", {"reason": "flat_tyre"})
                return
            pickup = Point(trip["pickup"]["lon"], trip["pickup"]["lat"])
            await self._drive_to(pickup)
            if not await self._arrive_at_end():
                return
            trip = await self._phone.post(f"{path}/arrive", {"lon": pickup.lon, "lat": pickup.lat})
        if trip["state"] == "arrived":
            boarded = await self._board(trip, path)
            if boarded is None:
                return
            trip = boarded
        if trip["state"] == "at_stop":
            trip = await self._phone.post(f"{path}/resume")
        if trip["state"] == "on_board":
            await self._carry(trip, path)

    async def _board(self, trip: dict[str, Any], path: str) -> dict[str, Any] | None:
        """The rider comes and says their PIN; or does not come, also not at the time booked."""
        waited, patience = 0.0, NO_SHOW_WAIT_SECONDS
        if trip["booked_for"] is not None:
            early = datetime.fromisoformat(trip["booked_for"]) - self._phone.now()
            patience += max(0.0, early.total_seconds())
        while waited < patience:
            pin = self._kerb.pin_of(trip["trip_id"])
            if pin is not None:
                return await self._phone.post(f"{path}/board", {"pin": pin})
            if waited > 45 and not self._kerb.expects(trip["trip_id"]):
                # A visitor's trip, or one booked by telephone: they get in and show their booking.
                return await self._phone.post(f"{path}/board", {"reason": "booking shown"})
            message = await self._next(seconds=5)
            if message is not None and _is_taken_away(message):
                return None
            waited += 5
        await self._phone.post(f"{path}/no-show", {"contact_attempted": True})
        return None

    async def _carry(self, trip: dict[str, Any], path: str) -> None:
        goal = Point(trip["dropoff"]["lon"], trip["dropoff"]["lat"])
        await self._drive_to(goal)
        if self._chance.below(100) < self._habits.stops:
            await self._phone.sleep(self._way.seconds / 2)
            self._stop_here()
            await self._phone.post(f"{path}/stop")
            await self._phone.sleep(30)
            await self._phone.post(f"{path}/resume")
            await self._drive_to(goal)
        await self._arrive_at_end()
        await self._phone.post(f"{path}/complete")


def _is_taken_away(message: dict[str, Any]) -> bool:
    """Whether the message tells that the trip was cancelled."""
    return message["type"] == "trip" and str(message["trip"]["state"]).startswith("cancelled")
