"""A trip followed by whoever holds its link."""

from fastapi import APIRouter
from starlette.requests import Request

import registry.views
from dispatch.service.after import digest_of
from dispatch.views import trips as views
from dispatch.waiting import arrival_seconds
from doorway.schemas import DriverCardOut, Place, problems
from doorway.services import services_of
from public_api.schemas import SharedTripOut

router = APIRouter(prefix="/public/v1", tags=["share links"])
_HELD = frozenset({"assigned", "arrived", "on_board", "at_stop"})


@router.get("/shared-trips/{token}", responses=problems(404), summary="Follow a shared trip")
async def shared_trip(request: Request, token: str) -> SharedTripOut:
    """Where the car of a shared trip is, until an hour after the trip."""
    services = services_of(request)
    async with services.database.reading() as work:
        trip = await views.shared_trip(work, digest_of(token))
        card = None
        if trip.state in _HELD and trip.driver_id and trip.vehicle_id:
            card = await registry.views.driver_card(
                work, trip.driver_id, trip.vehicle_id, vault=services.vault
            )
    known = services.board.find(trip.driver_id) if card and trip.driver_id else None
    position = known.position if known and trip.trip_id in known.trips else None
    return SharedTripOut(
        state=trip.state,
        pickup=Place.of(trip.pickup),
        dropoff=Place.of(trip.dropoff),
        driver=None
        if card is None
        else DriverCardOut(
            first_name=card.first_name,
            plate=card.plate,
            colour=card.colour,
            make=card.make,
            model=card.model,
        ),
        car=None if position is None else Place.of(position.point),
        heading=None if position is None else position.heading,
        eta_seconds=arrival_seconds(services.board, services.city.roads, trip),
        ended_at=trip.ended_at,
    )
