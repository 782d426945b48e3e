"""The rider's live feed: their trips as they change, and where their driver is."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket

from dispatch.views import trips as views
from dispatch.views.trips import TripView
from doorway.government.live import what_it_means
from doorway.live import RIDER_SIDE, FrameUnreadable, LiveSocket
from foundation.errors import Refusal
from foundation.identifiers import UUID, DriverId, PersonId, RiderId, TripId
from governance.events import TOLD_TO_EVERYBODY
from rider_api.trips import shown
from storage.outbox import Announced
from storage.work import Reading

router = APIRouter()

POSITION_EVERY_SECONDS = 1.0
_HELD = frozenset({"assigned", "arrived", "on_board", "at_stop"})


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Trips with their sequence numbers, positions without: the latest is all that counts."""
    connection = LiveSocket(socket, RIDER_SIDE)
    opened = await connection.open()
    if opened is None:
        return
    caller, token, since = opened
    feed = _Feed(connection, RiderId(caller.person_id))
    try:
        await feed.look()
    except Refusal as refusal:
        await connection.refuse(refusal)
        return
    await connection.run(
        caller, token, since, describe=feed.describe, receive=feed.receive, also=feed.positions
    )


class _Feed:
    """What one rider's socket says and hears."""

    def __init__(self, connection: LiveSocket, rider_id: RiderId) -> None:
        self._connection, self._rider_id = connection, rider_id
        self._held: dict[TripId, DriverId] = {}
        self._sent: dict[TripId, int] = {}

    async def look(self) -> None:
        """Find the trips that a driver serves now."""
        async with self._connection.services.database.reading() as work:
            trips = await views.list_held_trips_of_rider(work, self._rider_id)
        for trip in trips:
            self._note(trip)

    def _note(self, trip: TripView) -> None:
        self._held.pop(trip.trip_id, None)
        if trip.state in _HELD and trip.driver_id is not None:
            self._held[trip.trip_id] = trip.driver_id

    async def describe(self, work: Reading, announced: Announced) -> dict[str, Any] | None:
        """A step of one of the rider's trips, or trouble with a booked one, with the trip as it
        stands."""
        if announced.topic in TOLD_TO_EVERYBODY:
            return await what_it_means(work, announced, PersonId(self._rider_id))
        if announced.kind == "booking_at_risk":
            return await self._trip(work, announced, kind=announced.kind)
        if "trip_id" not in announced.payload or "after" not in announced.payload:
            return None
        return await self._trip(work, announced, kind="trip")

    async def _trip(self, work: Reading, announced: Announced, *, kind: str) -> dict[str, Any]:
        trip_id = TripId(UUID(announced.payload["trip_id"]))
        trip = await views.trip_for_rider(work, trip_id, self._rider_id)
        self._note(trip)
        out = (await shown(work, self._connection.services, [trip]))[0]
        return {"type": kind, "event": announced.kind, "trip": out.model_dump(mode="json")}

    async def receive(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Pings that keep a connection open."""
        if message.get("type") == "ping":
            return {"type": "pong"}
        raise FrameUnreadable

    async def positions(self) -> None:
        """Where the driver of each live trip is, once a second if it changed."""
        await asyncio.sleep(POSITION_EVERY_SECONDS)
        for trip_id, driver_id in list(self._held.items()):
            known = self._connection.services.board.find(driver_id)
            # Only the driver of the live trip, and only while it is theirs.
            if known is None or trip_id not in known.trips or known.position is None:
                continue
            if self._sent.get(trip_id) == known.position.seq:
                continue
            self._sent[trip_id] = known.position.seq
            point = known.position.point
            await self._connection.send(
                {
                    "type": "position", "trip_id": trip_id, "lon": point.lon, "lat": point.lat,
                    "heading": known.position.heading, "at": known.position.at,
                }
            )  # fmt: skip
