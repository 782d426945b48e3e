"""Simulated riders: ask for a price, book, wait, tell the PIN, ride, rate."""

import asyncio
from dataclasses import dataclass
from typing import Any

from foundation.chance import SeededChance
from foundation.measures import Point
from simulation.client import TRIP_OVER, Mailbox, Phone, Refused
from simulation.kerb import Kerb


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody wants to go from one place to another; `shares` if others may ride along."""

    pickup: Point
    dropoff: Point
    seats: int
    shares: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moods:
    """How often, in a hundred, a simulated rider does what."""

    cancels: int = 3
    stays_away: int = 1
    rates: int = 40
    tips: int = 20


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
        quote = await self._phone.post(
            "/rider/v1/quotes",
            {
                "pickup": {"lon": wish.pickup.lon, "lat": wish.pickup.lat},
                "dropoff": {"lon": wish.dropoff.lon, "lat": wish.dropoff.lat},
                "seats": wish.seats,
                "shared": wish.shares,
            },
        )
        trip_id = self._phone.new_id()
        self._kerb.await_car(trip_id)
        try:
            trip = await self._phone.post(
                "/rider/v1/trips", {"trip_id": trip_id, "quote_id": quote["quote_id"]}
            )
            return await self._wait(trip)
        finally:
            self._kerb.leave(trip_id)

    async def _wait(self, trip: dict[str, Any]) -> str:
        will_cancel = self._chance.below(100) < self._moods.cancels
        stays_away = self._chance.below(100) < self._moods.stays_away
        trip_id, state = trip["trip_id"], trip["state"]
        patience = None
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
                    await self._phone.sleep(5 + self._chance.uniform() * 55)
                    self._kerb.say_pin(trip_id, trip["pin"])
                state = trip["state"]
                if state in TRIP_OVER:
                    break
        finally:
            if patience is not None:
                patience.cancel()
        if state == "completed":
            await self._afterwards(trip_id)
        return str(state)

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
