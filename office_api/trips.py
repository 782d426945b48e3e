"""Phone bookings, and looks at trips."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from dispatch.service import requests
from dispatch.trip import Actor, By
from dispatch.views import staff as staff_views
from dispatch.views.bookings import list_at_risk
from doorway.caller import Office
from doorway.papers import PAPER, answer_receipt
from doorway.places import quote_between
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID, DriverId, RiderId, TripId
from foundation.local_time import instant_of
from office_api.schemas import (
    BookingAtRiskOut,
    BookingIn,
    BookingOut,
    BookingsAtRiskOut,
    CancelIn,
    PurposeIn,
    PurposeOut,
    TripOut,
)
from papers.service import issue_receipt
from registry.needs import needs_of
from registry.service import join_person
from storage.work import UnitOfWork

router = APIRouter(tags=["trips"])


@router.post(
    "/bookings",
    status_code=201,
    responses={201: {"model": BookingOut}, **problems(404, 409)},
    summary="Book for somebody on the telephone",
)
async def book(request: Request, body: BookingIn, caller: Office) -> Response:
    """Quote and book in one step for a caller, known by their phone or new: for now, or for a time
    that they name by the clocks of the city."""
    services = services_of(request)

    zone = services.city.pack.zone_info
    booked_for = None
    if body.wanted is not None:
        booked_for = instant_of(body.wanted.local, zone, which=body.wanted.which)

    async def handle(work: UnitOfWork) -> Any:
        person_id = await join_person(work, phone=body.phone, name=body.name, vault=services.vault)
        rider_id = RiderId(person_id)
        usual = await needs_of(work, person_id, vault=services.vault)
        quote = await quote_between(
            work,
            services.city,
            rider_id=rider_id,
            pickup=body.pickup.point(),
            dropoff=body.dropoff.point(),
            seats=body.seats,
            vehicle_class=body.vehicle_class,
            needs=sorted(usual.union(body.needs)),
            booked_for=booked_for,
        )
        trip = await requests.request_trip(
            work,
            trip_id=TripId(body.trip_id),
            quote_id=quote.quote_id,
            rider_id=rider_id,
            by=By(actor=Actor.OFFICE, actor_id=caller.person_id),
            channel="phone",
            taken_by=caller.person_id,
            pays=body.pays.chosen(services.providers),
        )
        return BookingOut(
            trip_id=trip.trip_id,
            state=trip.state,
            total_minor=quote.total.minor,
            currency=quote.total.currency,
            pin=trip.pin,
            booked_for=booked_for,
            wanted_local=None if booked_for is None else booked_for.astimezone(zone).isoformat(),
            expires_at=trip.expires_at,
        ).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get("/bookings/at-risk", responses=problems(), summary="Bookings without a driver")
async def bookings_at_risk(request: Request, caller: Office) -> BookingsAtRiskOut:
    """Booked trips wanted soon that nobody has taken yet, so that somebody can call the rider.
    Whose they are shows a look at the trip, for a purpose."""
    async with services_of(request).database.reading() as work:
        found = await list_at_risk(work)
    return BookingsAtRiskOut(
        bookings=[
            BookingAtRiskOut(
                trip_id=one.trip_id,
                booked_for=one.wanted_at,
                pickup_zone=one.zone,
                needs=list(one.needs),
                told_at=one.warned_at,
            )
            for one in found
        ]
    )


@router.post(
    "/purposes",
    status_code=201,
    responses={201: {"model": PurposeOut}, **problems()},
    summary="Say why you are about to look",
)
async def state_purpose(request: Request, body: PurposeIn, caller: Office) -> Response:
    """Every look at a person's trip, position or papers needs one, and leaves a row in a public log."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        purpose_id = await staff_views.state_purpose(
            work,
            actor_id=caller.person_id,
            reason=body.reason,
            note=body.note,
            trip_id=None if body.trip_id is None else TripId(body.trip_id),
            driver_id=None if body.driver_id is None else DriverId(body.driver_id),
            hours=body.hours,
        )
        return {"purpose_id": purpose_id}

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get("/trips/{trip_id}", responses=problems(404), summary="Look at a trip")
async def look(
    request: Request, trip_id: UUID, caller: Office, purpose_id: Annotated[UUID, Header()]
) -> TripOut:
    """A trip with its events, for the purpose in the header `Purpose-Id`."""
    async with services_of(request).office_database.work() as work:
        trip = await staff_views.read_trip(
            work, purpose_id=purpose_id, actor_id=caller.person_id, trip_id=TripId(trip_id)
        )
    return TripOut(trip=trip)


@router.get(
    "/trips/{trip_id}/receipt",
    response_class=Response,
    responses=problems(404, 409) | PAPER,
    summary="A rider's receipt",
)
async def receipt(
    request: Request, trip_id: UUID, caller: Office, purpose_id: Annotated[UUID, Header()]
) -> Response:
    """The receipt as its rider gets it, for the purpose in the header `Purpose-Id`; the look is logged."""
    services = services_of(request)
    async with services.office_database.work() as work:
        await staff_views.read_trip(
            work, purpose_id=purpose_id, actor_id=caller.person_id, trip_id=TripId(trip_id)
        )
    async with services.database.work() as work:
        made = await issue_receipt(work, TripId(trip_id), letterhead=services.letterhead)
    return await answer_receipt(request, made)


@router.post(
    "/trips/{trip_id}/cancel",
    status_code=204,
    responses=problems(404, 409),
    summary="Cancel for the operator",
)
async def cancel(request: Request, trip_id: UUID, body: CancelIn, caller: Office) -> Response:
    """End a trip before boarding, without a fee."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        by = By(actor=Actor.OFFICE, actor_id=caller.person_id, reason=body.reason)
        await requests.cancel_by_operator(work, trip_id=TripId(trip_id), by=by)

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)
