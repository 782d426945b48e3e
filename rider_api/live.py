"""The rider's live feed: their trips as they change, and where their driver is."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket

from dispatch.views import trips as views
from doorway.live import RIDER_SIDE, FrameUnreadable, LiveSocket
from foundation.errors import Refusal
from foundation.identifiers import UUID, DriverId, TripId
from rider_api.trips import show
from storage.outbox import Announced
from storage.work import UnitOfWork

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
    services = connection.services
    held: dict[TripId, DriverId] = {}
    sent: dict[TripId, int] = {}

    async def describe(work: UnitOfWork, announced: Announced) -> dict[str, Any] | None:
        if "trip_id" not in announced.payload or "after" not in announced.payload:
            return None
        trip_id = TripId(UUID(announced.payload["trip_id"]))
        trip = await views.trip_for_rider(work, trip_id, caller.person_id)  # type: ignore[arg-type]
        held.pop(trip_id, None)
        if trip.state in _HELD and trip.driver_id is not None:
            held[trip_id] = trip.driver_id
        shown = await show(work, services, trip_id, caller.person_id)
        return {"type": "trip", "event": announced.kind, "trip": shown.model_dump(mode="json")}

    async def receive(message: dict[str, Any]) -> dict[str, Any] | None:
        if message.get("type") == "ping":
            return {"type": "pong"}
        raise FrameUnreadable

    async def positions() -> None:
        await asyncio.sleep(POSITION_EVERY_SECONDS)
        for trip_id, driver_id in list(held.items()):
            known = services.board.find(driver_id)
            # Only the driver of the live trip, and only while they serve it.
            if known is None or known.trip_id != trip_id or known.position is None:
                continue
            if sent.get(trip_id) == known.position.seq:
                continue
            sent[trip_id] = known.position.seq
            point = known.position.point
            await connection.send(
                {
                    "type": "position", "trip_id": trip_id, "lon": point.lon, "lat": point.lat,
                    "heading": known.position.heading, "at": known.position.at,
                }
            )  # fmt: skip

    try:
        async with services.database.work() as work:
            trips = await views.list_trips_of_rider(work, caller.person_id, most=5)  # type: ignore[arg-type]
    except Refusal as refusal:
        await connection.refuse(refusal)
        return
    held |= {
        trip.trip_id: trip.driver_id
        for trip in trips
        if trip.state in _HELD and trip.driver_id is not None
    }
    await connection.run(caller, token, since, describe=describe, receive=receive, also=positions)
