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
from khan.terminal_words import Keyboard, minutes, money, money_arrived
from simulation.client import Phone, Refused
from simulation.motion import Way, position_message, position_pause

BOARD_AFTER_SECONDS = 30.0
PIN_TRIES = 3
MONEY_WITHIN_SECONDS = 5.0
OVERTAKEN = frozenset(["illegal_step", "trip_not_found", "out_of_turn"])
"""Refusals that say: somebody was quicker, look at the stops again."""


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
        self._shift_id, self._served = "", 0
        self._completed: set[str] = set()
        self._paid_for: set[str] = set()
        self._paid = asyncio.Event()

    async def drive(self, trips: int) -> None:
        """Serve `trips` trips; Ctrl-C goes off shift, if no trip is under way."""
        await self._go_on_shift()
        async with self._on_line():
            try:
                while self._served < trips:
                    await self._next()
                await self._hear_of_money()
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
            if message["type"] == "money":
                self._console.print(f"Money: {money_arrived(message)}.", markup=False)
                self._paid_for.add(message["trip_id"])
                self._paid.set()
            self._inbox.put_nowait(message)

    async def _hear_of_money(self) -> None:
        """Wait a moment for word that the trips are paid: it comes just after they are completed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MONEY_WITHIN_SECONDS):
                while self._completed - self._paid_for:
                    await self._paid.wait()
                    self._paid.clear()

    async def _report(self) -> None:
        """A position every few seconds; what is lost on the way is lost."""
        pause = position_pause(self._line.clock.rate)
        while True:
            if self._socket is not None:
                message = position_message(self._way, self._line.now())
                with contextlib.suppress(ConnectionClosed):
                    await self._socket.send(json.dumps(message))
            await self._line.sleep(pause)

    async def _next(self) -> None:
        """Wait for something to do, and do it."""
        message = await self._inbox.get()
        try:
            match message["type"]:
                case "welcome":
                    await self._look()
                case "offer":
                    await self._answer(message["offer"])
                    await self._make_stops()
                case "advice":
                    await self._advised(message["advice"])
                case "problem":
                    self._console.print(f"  {message['detail']}")
        except Refused as refused:
            self._console.print(f"  {refused}")

    async def _look(self) -> None:
        """After a (re)connection: stops may lie ahead, an offer may wait."""
        if not await self._stops():
            offers = (await self._line.get("/driver/v1/offers"))["offers"]
            if not offers:
                await self._advised(await self._line.get("/driver/v1/advice"))
            for offer in offers[:1]:
                await self._answer(offer)
        await self._make_stops()

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
        """Show an offer and send the answer; whether its trip is among the stops ahead now."""
        path = f"/driver/v1/offers/{offer['offer_id']}"
        self._show(offer)
        answer = True if self._yes else await self._ask_in_time(offer)
        if answer is None:
            self._console.print("\nThe offer is over; another will come.")
            return False
        if not answer:
            await self._line.post(f"{path}/decline", {})
            self._console.print("Declined; nothing follows from that.")
            return False
        await self._line.post(f"{path}/accept", {"attempt": offer["attempt"]})
        if offer["next_job"]:
            await self._say_stops()
        return True

    def _show(self, offer: dict[str, Any]) -> None:
        say = self._console.print
        say(
            f"\n[bold]An offer: {money(offer['pay_minor'], offer['currency'])}[/bold] for "
            f"{offer['trip_metres'] / 1000:.1f} km, {minutes(offer['trip_seconds'])}"
        )
        if offer["next_job"]:
            what = "a rider who joins you" if offer["shared"] else "your next job"
            say(f"  {what}: {minutes(offer['added_seconds'])} more under way")
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

    async def _stops(self) -> list[dict[str, Any]]:
        """The stops ahead, in the order in which to make them."""
        found: list[dict[str, Any]] = (await self._line.get("/driver/v1/run"))["stops"]
        return found

    async def _say_stops(self) -> None:
        """Whom to pick up and bring, in order."""
        told = []
        for stop in await self._stops():
            trip = await self._line.get(f"/driver/v1/trips/{stop['trip_id']}")
            what = "pick up" if stop["kind"] == "pickup" else "bring"
            told.append(f"{what} {trip['rider_first_name']}")
        self._console.print(f"Your stops ahead: {', '.join(told)}.")

    async def _make_stops(self) -> None:
        """One stop after the other, in the order that the service tells, until none is ahead."""
        while stops := await self._stops():
            try:
                await self._make(stops[0])
            except Refused as refused:
                if refused.code not in OVERTAKEN:
                    raise
                self._console.print(f"  {refused}")

    async def _make(self, stop: dict[str, Any]) -> None:
        """Go to a stop and do what is to be done there, from wherever its trip stands."""
        say, path = self._console.print, f"/driver/v1/trips/{stop['trip_id']}"
        trip = await self._line.get(path)
        name = trip["rider_first_name"]
        if stop["kind"] == "pickup":
            if stop["state"] == "assigned":
                if not await self._drive_to(stop, f"to {name}"):
                    return
                here, _ = self._way.at(self._line.now())
                await self._line.post(f"{path}/arrive", {"lon": here.lon, "lat": here.lat})
                say("You are at the pick-up.")
            await self._board(stop, path)
            return
        if stop["state"] == "at_stop":
            await self._line.post(f"{path}/resume")
        if not await self._drive_to(stop, f"to the destination of {name}"):
            return
        trip = await self._line.post(f"{path}/complete")
        self._completed.add(stop["trip_id"])
        say(f"Completed: {money(trip['pay_minor'], trip['currency'])} for you.")
        self._inbox.put_nowait({"type": "welcome"})  # an offer may have come meanwhile
        self._served += 1

    async def _board(self, stop: dict[str, Any], path: str) -> None:
        """By the rider's PIN, or with a reason; unless they cancelled meanwhile."""
        if self._yes:
            until = self._line.now() + timedelta(seconds=BOARD_AFTER_SECONDS)
            if await self._still_first_at(until, stop):
                reason = {"reason": "the rider showed the booking"}
                await self._line.post(f"{path}/board", reason)
            return
        for _ in range(PIN_TRIES):
            pin = await self._keyboard.ask("The rider's PIN (Enter if they have none)")
            body = {"pin": pin} if pin else {"reason": await self._keyboard.ask("Why no PIN")}
            try:
                await self._line.post(f"{path}/board", body)
                return
            except Refused as refused:
                self._console.print(f"  {refused}")
                if refused.code in OVERTAKEN:
                    return
        reason = {"reason": "the PIN does not fit"}
        await self._line.post(f"{path}/release", reason)
        self._console.print("You gave the trip back.")

    async def _drive_to(self, stop: dict[str, Any], what: str) -> bool:
        """Along the service's own route, at its pace; False if another stop comes first now."""
        await self._set_out(stop["place"], what)
        if await self._still_first_at(self._way.ends, stop):
            return True
        place, heading = self._way.at(self._line.now())
        self._way = Way.standing(place, at=self._line.now(), heading=heading)
        return False

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

    async def _still_first_at(self, until: datetime, stop: dict[str, Any]) -> bool:
        """Wait, answering offers; whether this stop is still the next one then."""
        while (left := (until - self._line.now())) > timedelta(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._line.clock.wall_seconds(left)):
                    message = await self._inbox.get()
                if await self._changes_the_stops(message) and not await self._is_first(stop):
                    return False
        return True

    async def _changes_the_stops(self, message: dict[str, Any]) -> bool:
        """Whether what is heard may ask for another way; an offer is answered."""
        if message["type"] == "offer":
            try:
                return await self._answer(message["offer"])
            except Refused as refused:
                self._console.print(f"  {refused}")
        if message["type"] != "trip" or not message["trip"]["state"].startswith("cancelled"):
            return bool(message["type"] == "welcome")
        self._console.print(f"The trip of {message['trip']['rider_first_name']} was cancelled.")
        return True

    async def _is_first(self, stop: dict[str, Any]) -> bool:
        stops = await self._stops()
        key = (stop["trip_id"], stop["kind"])
        return bool(stops) and (stops[0]["trip_id"], stops[0]["kind"]) == key


def _in_zone(zone: str | None) -> str:
    return "" if zone is None else f" in zone {zone}"
