"""One turn of driving, seen from a driver-member's terminal."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

from rich.console import Console
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from foundation.errors import Conflict
from foundation.measures import Point
from khan.terminal_words import Keyboard, minutes, money
from simulation.client import Phone, Refused
from simulation.motion import Way, position_message, position_pause

BOARD_AFTER_SECONDS = 30.0
PIN_TRIES = 3


class NotFitToDrive(Conflict):
    """The driver may not work, or has no vehicle."""

    code = "not_fit_to_drive"

    def __init__(self, reasons: list[str]) -> None:
        why = ", ".join(reason.replace("_", " ") for reason in reasons) or "no vehicle"
        super().__init__(f"You cannot go on shift: {why}.", reasons=reasons)


class Driving:
    """Shift, offers, trips, earnings."""

    def __init__(
        self,
        line: Phone,
        console: Console,
        keyboard: Keyboard,
        *,
        yes: bool,
        follow: bool,
        start: Point,
    ) -> None:
        self._line, self._console, self._keyboard = line, console, keyboard
        self._yes, self._follow = yes, follow
        self._way = Way.standing(start, at=line.now())
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._socket: ClientConnection | None = None
        self._shift_id = ""

    async def drive(self, trips: int) -> None:
        """Serve `trips` trips; Ctrl-C goes off shift, if no trip is under way."""
        await self._go_on_shift()
        async with self._on_line():
            try:
                served = 0
                while served < trips:
                    served += await self._next_trip()
            finally:
                await self._go_off_shift()

    @contextlib.asynccontextmanager
    async def _on_line(self) -> AsyncIterator[None]:
        """The live feed is heard and positions are sent meanwhile."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._report())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _go_on_shift(self) -> None:
        me = await self._line.get("/driver/v1/me")
        if me["reasons"] or not me["vehicles"]:
            raise NotFitToDrive(me["reasons"])
        for car in me["vehicles"]:
            self._console.print(
                f"Your car: {car['colour']} {car['make']} {car['model']}, plate {car['plate']}, "
                f"{car['seats']} seats."
            )
        if me["shift"] is not None:
            self._shift_id = me["shift"]["shift_id"]
            self._console.print("You are on shift already.")
            return
        here, _ = self._way.at(self._line.now())
        self._shift_id = self._line.new_id()
        await self._line.post(
            "/driver/v1/shifts",
            {
                "shift_id": self._shift_id,
                "vehicle_id": me["vehicles"][0]["vehicle_id"],
                "lon": here.lon,
                "lat": here.lat,
            },
        )
        self._console.print("You are on shift. Waiting for offers; Ctrl-C goes off shift.")

    async def _go_off_shift(self) -> None:
        try:
            await self._line.post(f"/driver/v1/shifts/{self._shift_id}/end")
        except Refused as refused:
            self._console.print(f"You stay on shift: {refused}")
            return
        earned = (await self._line.get("/driver/v1/earnings"))["today"]
        pay, tips = earned["pay"], earned["tips"]
        self._console.print(
            f"You are off shift. Today: {money(pay['amount_minor'], pay['currency'])} pay, "
            f"{money(tips['amount_minor'], tips['currency'])} tips, "
            f"{earned['worked']['trips']} trips."
        )

    async def _listen(self) -> None:
        async for socket, message in self._line.listen("/driver/v1/live"):
            self._socket = socket
            self._inbox.put_nowait(message)

    async def _report(self) -> None:
        """A position every few seconds; what is lost on the way is lost."""
        pause = position_pause(self._line.clock.rate)
        while True:
            if self._socket is not None:
                message = position_message(self._way, self._line.now())
                with contextlib.suppress(ConnectionClosed):
                    await self._socket.send(json.dumps(message))
            await self._line.sleep(pause)

    async def _next_trip(self) -> bool:
        """Wait for something to do; whether a trip was served to its end."""
        message = await self._inbox.get()
        try:
            match message["type"]:
                case "welcome":
                    return await self._look()
                case "offer":
                    return await self._answer(message["offer"])
                case "advice":
                    await self._advised(message["advice"])
                case "problem":
                    self._console.print(f"  {message['detail']}")
        except Refused as refused:
            self._console.print(f"  {refused}")
        return False

    async def _look(self) -> bool:
        """After a (re)connection: a trip may be under way, an offer may wait."""
        trip = (await self._line.get("/driver/v1/trips/current"))["trip"]
        if trip is not None:
            return await self._serve(trip)
        for offer in (await self._line.get("/driver/v1/offers"))["offers"]:
            return await self._answer(offer)
        await self._advised(await self._line.get("/driver/v1/advice"))
        return False

    async def _advised(self, advice: dict[str, Any]) -> None:
        """Show where to wait and why; go there if that was asked for."""
        way, say = advice["goes_to"], self._console.print
        if way is None:
            say("No advice where to wait.")
        else:
            say(f"Advice: wait at {way['name']}, {minutes(way['drive_seconds'])} from here.")
        for reason in advice["reasons"]:
            say(f"  {reason['words']}")
        if way is not None and self._follow:
            await self._set_out(way["place"], "to wait there")
        elif way is not None:
            say("  Nobody notes whether you go.")

    async def _answer(self, offer: dict[str, Any]) -> bool:
        """Whether a trip was served to its end."""
        trip = await self._take(offer)
        return trip is not None and await self._serve(trip)

    async def _take(self, offer: dict[str, Any]) -> dict[str, Any] | None:
        """Show an offer and send the answer; the trip if it was accepted."""
        path = f"/driver/v1/offers/{offer['offer_id']}"
        self._show(offer)
        answer = True if self._yes else await self._ask_in_time(offer)
        if answer is None:
            self._console.print("\nThe offer is over; another will come.")
            return None
        if not answer:
            await self._line.post(f"{path}/decline", {})
            self._console.print("Declined; nothing follows from that.")
            return None
        return await self._line.post(f"{path}/accept", {"attempt": offer["attempt"]})

    def _show(self, offer: dict[str, Any]) -> None:
        say = self._console.print
        say(
            f"\n[bold]An offer: {money(offer['pay_minor'], offer['currency'])}[/bold] for "
            f"{offer['trip_metres'] / 1000:.1f} km, {minutes(offer['trip_seconds'])}"
        )
        if offer["next_job"]:
            say(f"  your next job: {minutes(offer['added_seconds'])} more under way")
        say(
            f"  the pick-up is {minutes(offer['pickup_seconds'])} away"
            f"{_in_zone(offer['pickup_zone'])}; the destination is"
            f"{_in_zone(offer['dropoff_zone']) or ' outside the zones'}"
        )
        for reason in offer["reason"].get("words", []):
            say(f"  why you: {reason}")

    async def _ask_in_time(self, offer: dict[str, Any]) -> bool | None:
        """The answer; None if the offer ended before one came."""
        deadline = datetime.fromisoformat(offer["deadline"])
        left = (deadline - self._line.now()).total_seconds()
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._keyboard.agrees(f"  Accept within {left:.0f} s?")),
            asyncio.create_task(self._ended(offer["offer_id"])),
            asyncio.create_task(self._count_down(deadline)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            return bool(tasks[0].result()) if tasks[0] in done else None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _count_down(self, deadline: datetime) -> None:
        """Until the deadline, by the service's clock."""
        while (left := (deadline - self._line.now()).total_seconds()) > 0:
            if self._console.is_terminal:
                self._console.print(f"\r  Accept within {left:.0f} s? \\[Y/n]: ", end="")
            await self._line.sleep(min(left, max(1.0, 0.5 * self._line.clock.rate)))

    async def _ended(self, offer_id: str) -> None:
        """Until the offer is withdrawn; what else comes meanwhile waits its turn."""
        others: list[dict[str, Any]] = []
        try:
            while True:
                message = await self._inbox.get()
                if message["type"] == "offer_ended" and message["offer_id"] == offer_id:
                    return
                others.append(message)
        finally:
            for message in others:
                self._inbox.put_nowait(message)

    async def _serve(self, trip: dict[str, Any]) -> bool:
        """From wherever the trip stands to its end."""
        say, path = self._console.print, f"/driver/v1/trips/{trip['trip_id']}"
        if trip["state"] == "assigned":
            if not await self._drive_to(trip["pickup"], f"to {trip['rider_first_name']}"):
                return False
            here, _ = self._way.at(self._line.now())
            trip = await self._line.post(f"{path}/arrive", {"lon": here.lon, "lat": here.lat})
            say("You are at the pick-up.")
        if trip["state"] == "arrived":
            boarded = await self._board(trip, path)
            if boarded is None:
                return False
            trip = boarded
        if trip["state"] == "at_stop":
            trip = await self._line.post(f"{path}/resume")
        if trip["state"] == "on_board":
            await self._drive_to(trip["dropoff"], "to the destination", on_board=True)
            trip = await self._line.post(f"{path}/complete")
        say(f"Completed: {money(trip['pay_minor'], trip['currency'])} for you.")
        self._inbox.put_nowait({"type": "welcome"})  # the next job may have been taken meanwhile
        return True

    async def _board(self, trip: dict[str, Any], path: str) -> dict[str, Any] | None:
        """By the rider's PIN, or with a reason; None if they cancelled meanwhile."""
        if self._yes:
            if await self._taken_away_within(BOARD_AFTER_SECONDS):
                return None
            return await self._line.post(
                f"{path}/board", {"reason": "the rider showed the booking"}
            )
        for _ in range(PIN_TRIES):
            pin = await self._keyboard.ask("The rider's PIN (Enter if they have none)")
            body = {"pin": pin} if pin else {"reason": await self._keyboard.ask("Why no PIN")}
            try:
                return await self._line.post(f"{path}/board", body)
            except Refused as refused:
                self._console.print(f"  {refused}")
                if refused.code == "illegal_step":
                    return None
        reason = {"reason": "the PIN does not fit"}
        await self._line.post(f"{path}/release", reason)
        self._console.print("You gave the trip back.")
        return None

    async def _drive_to(self, goal: dict[str, float], what: str, *, on_board: bool = False) -> bool:
        """Along the service's own route, at its pace; False if the trip was taken away."""
        await self._set_out(goal, what)
        seconds = (self._way.ends - self._line.now()).total_seconds()
        if on_board:
            await self._ride(seconds)
            return True
        if await self._taken_away_within(seconds):
            place, heading = self._way.at(self._line.now())
            self._way = Way.standing(place, at=self._line.now(), heading=heading)
            return False
        return True

    async def _set_out(self, goal: dict[str, float], what: str) -> None:
        """Begin to drive along the service's own route, and say how it begins."""
        here, _ = self._way.at(self._line.now())
        route = await self._line.get(
            "/driver/v1/routes",
            from_lon=here.lon, from_lat=here.lat, to_lon=goal["lon"], to_lat=goal["lat"],
        )  # fmt: skip
        line = [[here.lon, here.lat], *route["line"], [goal["lon"], goal["lat"]]]
        self._way = Way.along(line, begins=self._line.now(), seconds=float(route["seconds"]))
        self._console.print(
            f"Driving {what}: {route['metres'] / 1000:.1f} km, {minutes(route['seconds'])}."
        )
        for step in route["manoeuvres"][:4]:
            street = f" {step['street']}" if step["street"] else ""
            self._console.print(f"  {step['turn'].replace('_', ' ')}{street}, {step['metres']} m")

    async def _ride(self, seconds: float) -> None:
        """Wait with the rider on board; a next job may be offered."""
        until = self._line.now() + timedelta(seconds=seconds)
        while (left := (until - self._line.now())) > timedelta(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._line.clock.wall_seconds(left)):
                    message = await self._inbox.get()
                if message["type"] == "offer":
                    await self._take_next(message["offer"])

    async def _take_next(self, offer: dict[str, Any]) -> None:
        try:
            if await self._take(offer) is not None:
                self._console.print("It is your next job, after this trip.")
        except Refused as refused:
            self._console.print(f"  {refused}")

    async def _taken_away_within(self, seconds: float) -> bool:
        """Wait; whether the trip was cancelled meanwhile."""
        until = self._line.now() + timedelta(seconds=seconds)
        while (left := (until - self._line.now())) > timedelta(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._line.clock.wall_seconds(left)):
                    message = await self._inbox.get()
                    if message["type"] == "trip" and message["trip"]["ended_at"] is not None:
                        self._console.print("The trip was cancelled.")
                        return True
        return False


def _in_zone(zone: str | None) -> str:
    return "" if zone is None else f" in zone {zone}"
