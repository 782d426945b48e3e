"""The dispatcher's desk: named positions, for the office role and a stated purpose only."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

import registry.views
from dispatch.views import staff as staff_views
from dispatch.views.bookings import BookingAtRisk, list_at_risk
from doorway.caller import caller_of
from doorway.live import OFFICE_SIDE, HelloMissing, LiveSocket
from foundation.errors import Refusal
from foundation.identifiers import UUID, PersonId
from registry.person import Role
from registry.session import require_role

router = APIRouter()

EVERY_SECONDS = 1.0


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Every second, every driver on shift by name; the hello also carries `purpose_id`. And the
    bookings that nobody has taken shortly before their time, whenever they change."""
    connection = LiveSocket(socket, OFFICE_SIDE)
    opened = await connection.open()
    if opened is None:
        return
    caller, token, _ = opened
    services = connection.services
    names: dict[PersonId, str] = {}
    told: list[BookingAtRisk] = []
    try:
        purpose_id = UUID(str(connection.hello.get("purpose_id")))
    except ValueError:
        await connection.refuse(HelloMissing())
        return
    try:
        while True:
            require_role(await caller_of(services, token), Role.OFFICE)
            async with services.office_database.work() as work:
                found = await staff_views.read_positions(
                    work, purpose_id=purpose_id, actor_id=caller.person_id
                )
            unknown = {PersonId(one.driver_id) for one in found} - names.keys()
            if unknown:
                async with services.database.work() as work:
                    names |= await registry.views.first_names(work, unknown, vault=services.vault)
            drivers: list[dict[str, Any]] = [
                {
                    "driver_id": one.driver_id,
                    "first_name": names.get(PersonId(one.driver_id), ""),
                    "lon": one.point.lon,
                    "lat": one.point.lat,
                    "heading": one.heading,
                    "at": one.at,
                    "trip_id": one.trip_id,
                    "state": one.state,
                }
                for one in found
            ]
            await connection.send({"type": "positions", "drivers": drivers})
            async with services.database.reading() as reading:
                at_risk = await list_at_risk(reading)
            if at_risk != told:
                told = at_risk
                await connection.send({"type": "bookings_at_risk", "bookings": _shown(at_risk)})
            await asyncio.sleep(EVERY_SECONDS)
    except Refusal as refusal:
        await connection.refuse(refusal)
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        pass


def _shown(at_risk: list[BookingAtRisk]) -> list[dict[str, Any]]:
    """By zone and not by person, as `GET /office/v1/bookings/at-risk` has them."""
    return [
        {
            "trip_id": one.trip_id,
            "booked_for": one.wanted_at,
            "pickup_zone": one.zone,
            "needs": list(one.needs),
            "told_at": one.warned_at,
        }
        for one in at_risk
    ]
