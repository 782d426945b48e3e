"""One ride, seen from a rider's terminal."""

import asyncio
from contextlib import aclosing
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from foundation.measures import Point, distance_metres
from khan.terminal_words import Keyboard, minutes, money, price_table
from khan.wanted_time import said_of
from simulation.client import TRIP_OVER, Phone, Refused

_TELL_AGAIN_METRES = 150.0


class Riding:
    """Price, booking, the way, the receipt."""

    def __init__(
        self, line: Phone, console: Console, keyboard: Keyboard, *, yes: bool, zone: ZoneInfo
    ) -> None:
        self._line, self._console, self._keyboard = line, console, keyboard
        self._yes, self._zone = yes, zone
        self._told: tuple[str, int] = ("", 0)
        self._distance = float("inf")

    async def ride(
        self, origin: Point, destination: Point, *, booked_for: datetime | None = None
    ) -> dict[str, Any] | None:
        """From the price to the receipt; Ctrl-C on the way offers to cancel.

        Parameters
        ----------
        booked_for
            When the car is wanted, aware; None is now.

        Returns
        -------
        dict or None
            The receipt; None if there is none, for nobody was driven.
        """
        quote = await self._line.post(
            "/rider/v1/quotes",
            {
                "pickup": {"lon": origin.lon, "lat": origin.lat},
                "dropoff": {"lon": destination.lon, "lat": destination.lat},
                "booked_for": None if booked_for is None else booked_for.isoformat(),
            },
        )
        self._show(quote)
        if not self._yes and not await self._keyboard.agrees("Book it?"):
            self._console.print("Nothing was booked.")
            return None
        trip = await self._line.post(
            "/rider/v1/trips",
            {"trip_id": self._line.new_id(), "quote_id": quote["quote_id"]},
        )
        self._console.print(f"Booked. Your PIN for the driver is [bold]{trip['pin']}[/bold].")
        try:
            trip = await self._follow(trip)
        except asyncio.CancelledError:
            await self._leave(trip["trip_id"])
            raise
        return await self._receipt(trip["trip_id"]) if trip["state"] == "completed" else None

    def _show(self, quote: dict[str, Any]) -> None:
        say, currency = self._console.print, quote["currency"]
        say(price_table(quote["lines"], quote["total_minor"], currency))
        say(f"{quote['metres'] / 1000:.1f} km, about {minutes(quote['seconds'])}.")
        say(f"The driver gets {money(quote['driver_pay_minor'], currency)} of it.")
        if quote["booked_for"] is not None:
            say(f"Your car would come on {self._when(quote['booked_for'])}.")
            return
        wait = quote["expected_wait_seconds"]
        say(
            "Nobody is free this moment; you would wait for the next."
            if wait is None
            else f"A car would be with you in about {minutes(wait)}."
        )

    def _when(self, instant: str) -> str:
        return said_of(datetime.fromisoformat(instant), self._zone)

    async def _follow(self, trip: dict[str, Any]) -> dict[str, Any]:
        """Until the trip is over."""
        path = f"/rider/v1/trips/{trip['trip_id']}"
        async with aclosing(self._line.listen("/rider/v1/live")) as feed:
            async for _, message in feed:
                match message["type"]:
                    case "welcome":
                        trip = await self._line.get(path)
                        self._tell(trip)
                    case "trip" if message["trip"]["trip_id"] == trip["trip_id"]:
                        trip = message["trip"]
                        self._tell(trip)
                    case "booking_at_risk" if message["trip"]["trip_id"] == trip["trip_id"]:
                        until = self._when(message["trip"]["expires_at"])
                        self._console.print(
                            f"Nobody has taken it yet; we go on asking until {until}."
                        )
                    case "position" if message["trip_id"] == trip["trip_id"]:
                        self._tell_where(trip, Point(message["lon"], message["lat"]))
                    case _:
                        continue
                if trip["state"] in TRIP_OVER:
                    break
        return trip

    def _tell(self, trip: dict[str, Any]) -> None:
        state = (trip["state"], trip["attempt"])
        if state == self._told:
            return
        self._told, self._distance = state, float("inf")
        say, driver = self._console.print, trip["driver"] or {}
        match trip["state"]:
            case "scheduled":
                when = self._when(trip["booked_for"])
                say(
                    f"Your car is promised for [bold]{when}[/bold]; a driver is looked for in time."
                )
                say(f"Ctrl-C {'cancels it' if self._yes else 'cancels it, or leaves it booked'}.")
            case "matching":
                say("Looking for a driver ...")
            case "assigned":
                say(
                    f"[bold]{driver['first_name']}[/bold] comes in a {driver['colour']} "
                    f"{driver['make']} {driver['model']}, plate [bold]{driver['plate']}[/bold], "
                    f"in about {minutes(trip['eta_seconds'] or 0)}."
                )
            case "arrived":
                say(f"Your car is there. Tell the driver your PIN: [bold]{trip['pin']}[/bold]")
            case "on_board":
                say("You are on your way.")
            case "at_stop":
                say("A stop on the way.")
            case "completed":
                say("You are there.")
            case _:
                reason = f" ({trip['end_reason']})" if trip["end_reason"] else ""
                say(f"The trip is over: {trip['state'].replace('_', ' ')}{reason}.")

    def _tell_where(self, trip: dict[str, Any], car: Point) -> None:
        """How far the car is, each time it came a good deal nearer."""
        coming = trip["state"] == "assigned"
        goal = trip["pickup"] if coming else trip["dropoff"]
        metres = distance_metres(car, Point(goal["lon"], goal["lat"]))
        if trip["state"] not in ("assigned", "on_board") or (
            abs(self._distance - metres) < _TELL_AGAIN_METRES
        ):
            return
        self._distance = metres
        what = "Your car is" if coming else "You are"
        where = "away" if coming else "from your destination"
        self._console.print(f"  {what} {metres / 1000:.1f} km {where}.")

    async def _leave(self, trip_id: str) -> None:
        """Ctrl-C: offer to cancel."""
        if not self._yes and not await self._keyboard.agrees("\nCancel the trip?"):
            self._console.print("The trip goes on without this window.")
            return
        try:
            path = f"/rider/v1/trips/{trip_id}/cancel"
            await self._line.post(path, {"reason": "the rider left"})
        except Refused as refused:
            self._console.print(f"It goes on: {refused}")
            return
        self._console.print("Cancelled.")

    async def _receipt(self, trip_id: str) -> dict[str, Any]:
        receipt = await self._line.get(f"/rider/v1/trips/{trip_id}/receipt")
        fare = receipt["fare"]
        self._console.print("[bold]Receipt[/bold]")
        self._console.print(price_table(fare["lines"], fare["total_minor"], receipt["currency"]))
        return receipt
