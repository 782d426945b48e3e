"""Offers: what you are shown, and your answer."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.service import offers
from dispatch.views import trips as views
from dispatch.views.trips import OfferView
from doorway.caller import Driver
from doorway.schemas import Place, problems
from doorway.services import services_of
from doorway.writes import once
from driver_app_api.schemas import AcceptIn, DeclineIn, OfferOut, OffersOut, TripOut
from driver_app_api.trips import show
from foundation.identifiers import UUID, DriverId, OfferId
from storage.work import UnitOfWork

router = APIRouter(tags=["offers"])


def offer_out(offer: OfferView) -> OfferOut:
    """An offer as its driver sees it."""
    return OfferOut(
        offer_id=offer.offer_id,
        trip_id=offer.trip_id,
        attempt=offer.attempt,
        state=offer.state,
        made_at=offer.made_at,
        deadline=offer.deadline,
        pickup=Place.of(offer.pickup),
        dropoff=Place.of(offer.dropoff),
        pickup_zone=offer.pickup_zone,
        dropoff_zone=offer.dropoff_zone,
        pay_minor=offer.pay_minor,
        currency=offer.currency,
        trip_metres=offer.trip_metres,
        trip_seconds=offer.trip_seconds,
        pickup_seconds=offer.pickup_seconds,
        booked_for=offer.booked_for,
        seats=offer.seats,
        needs=list(offer.needs),
        reason=offer.why,
    )


@router.get("/offers", responses=problems(), summary="Open offers")
async def list_offers(request: Request, caller: Driver) -> OffersOut:
    """What you may answer now: pay, distance, time, destination, and why you."""
    async with services_of(request).database.reading() as work:
        found = await views.list_open_offers(work, DriverId(caller.person_id))
    return OffersOut(offers=[offer_out(offer) for offer in found])


@router.post(
    "/offers/{offer_id}/accept",
    responses={200: {"model": TripOut}, **problems(404, 409, 410)},
    summary="Accept",
)
async def accept(request: Request, offer_id: UUID, caller: Driver, body: AcceptIn) -> Response:
    """Take the trip. Only before the deadline, by the service's clock."""
    services = services_of(request)
    driver_id = DriverId(caller.person_id)

    async def handle(work: UnitOfWork) -> Any:
        trip = await offers.accept_offer(
            work, offer_id=OfferId(offer_id), driver_id=driver_id, attempt=body.attempt
        )
        return (await show(work, services, trip.trip_id, driver_id)).model_dump(mode="json")

    return await once(request, services.database, caller=str(driver_id), handler=handle)


@router.post(
    "/offers/{offer_id}/decline",
    status_code=204,
    responses=problems(404, 410),
    summary="Decline",
)
async def decline(request: Request, offer_id: UUID, caller: Driver, body: DeclineIn) -> Response:
    """Say no. This trip is not shown to you again, and that is all that follows."""
    services = services_of(request)
    driver_id = DriverId(caller.person_id)

    async def handle(work: UnitOfWork) -> Any:
        await offers.decline_offer(
            work, offer_id=OfferId(offer_id), driver_id=driver_id, reason=body.reason
        )

    return await once(request, services.database, caller=str(driver_id), handler=handle)
