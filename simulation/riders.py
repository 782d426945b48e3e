"""Simulated riders: ask for a price, book, wait, tell the PIN, ride, rate."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from foundation.chance import SeededChance
from foundation.measures import Point
from simulation.client import TRIP_OVER, Mailbox, Phone, Refused
from simulation.kerb import Kerb


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody wants to go from one place to another."""

    pickup: Point
    dropoff: Point
    seats: int


AHEAD_SECONDS = (960, 1860)
"""How far ahead a simulated rider books, if they do: at least and at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moods:
    """How often, in a hundred, a simulated rider does what."""

    cancels: int = 3
    stays_away: int = 1
    rates: int = 40
    tips: int = 20
    books_ahead: int = 4


class SimulatedRider:
    """One rider with a phone; makes one trip at a time, any number in a day."""

    def __init__(
        self,
        phone: Phone,
        *,
        number: str,
        kerb: Kerb,
        chance: SeededChance,
        moods: Moods | None = None,
    ) -> None:
        self._phone, self._number, self._kerb = phone, number, kerb
        self._chance, self._moods = chance, moods or Moods()

    async def ride(self, wish: Wish, mailbox: Mailbox) -> str | None:
        """Make one trip, from the wish to whatever end.

        Returns
        -------
        str or None
            The trip's final state; None if no trip was booked.
        """
        if self._phone.token is None:
            await self._phone.sign_in(self._number, mailbox)
        quote = await self._quote(wish)
        trip_id = self._phone.new_id()
        self._kerb.await_car(trip_id)
        try:
            trip = await self._phone.post(
                "/rider/v1/trips", {"trip_id": trip_id, "quote_id": quote["quote_id"]}
            )
            return await self._wait(trip)
        finally:
            self._kerb.leave(trip_id)

    async def _quote(self, wish: Wish) -> dict[str, Any]:
        """A price for now; a few ask for one ahead, and take a car now if their city refuses."""
        asked: dict[str, Any] = {
            "pickup": {"lon": wish.pickup.lon, "lat": wish.pickup.lat},
            "dropoff": {"lon": wish.dropoff.lon, "lat": wish.dropoff.lat},
            "seats": wish.seats,
        }
        if self._chance.below(100) < self._moods.books_ahead:
            least, most = AHEAD_SECONDS
            ahead = timedelta(seconds=least + self._chance.below(most - least))
            wanted = (self._phone.now() + ahead).isoformat()
            try:
                return await self._phone.post("/rider/v1/quotes", asked | {"booked_for": wanted})
            except Refused as refused:
                if refused.code != "booked_time_out_of_range":
                    raise
        return await self._phone.post("/rider/v1/quotes", asked)

    async def _wait(self, trip: dict[str, Any]) -> str:
        will_cancel = self._chance.below(100) < self._moods.cancels
        stays_away = self._chance.below(100) < self._moods.stays_away
        trip_id, state = trip["trip_id"], trip["state"]
        patience = coming = None
        if will_cancel:
            patience = asyncio.create_task(self._lose_patience(trip_id))
        try:
            async for _, message in self._phone.listen("/rider/v1/live"):
                if message["type"] == "welcome":
                    # What happened before the socket was open is read, not heard.
                    trip = await self._phone.get(f"/rider/v1/trips/{trip_id}")
                elif message["type"] == "trip" and message["trip"]["trip_id"] == trip_id:
                    trip = message["trip"]
                else:
                    continue
                if trip["state"] == "arrived" != state and not stays_away:
                    coming = asyncio.create_task(self._come_down(trip))
                elif trip["state"] in ("matching", "assigned") and coming is not None:
                    coming.cancel()  # the driver gave the trip back: there is nobody at the kerb
                state = trip["state"]
                if state in TRIP_OVER:
                    break
        finally:
            for errand in (patience, coming):
                if errand is not None:
                    errand.cancel()
        if state == "completed":
            await self._afterwards(trip_id)
        return str(state)

    async def _come_down(self, trip: dict[str, Any]) -> None:
        """To the car that has come; who booked ahead comes at about the time they wanted."""
        pause = 5 + self._chance.uniform() * 55
        if trip["booked_for"] is not None:
            early = datetime.fromisoformat(trip["booked_for"]) - self._phone.now()
            pause += max(0.0, early.total_seconds() - 60)
        await self._phone.sleep(pause)
        self._kerb.say_pin(trip["trip_id"], trip["pin"])

    async def _lose_patience(self, trip_id: str) -> None:
        await self._phone.sleep(10 + self._chance.uniform() * 240)
        try:
            await self._phone.post(f"/rider/v1/trips/{trip_id}/cancel", {"reason": "plans_changed"})
        except Refused:
            return  # on board already

    async def _afterwards(self, trip_id: str) -> None:
        path = f"/rider/v1/trips/{trip_id}"
        if self._chance.below(100) < self._moods.tips:
            await self._phone.post(f"{path}/tip", {"amount_minor": 100 + self._chance.below(400)})
        if self._chance.below(100) < self._moods.rates:
            await self._phone.post(f"{path}/rating", {"stars": 3 + self._chance.below(3)})
