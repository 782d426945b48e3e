"""Booking, following, sharing, cancelling, rating, tipping."""

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import registry.views
from dispatch.service import after, requests
from dispatch.trip import Actor, By
from dispatch.views import trips as views
from dispatch.views.trips import TripView
from dispatch.waiting import arrival_seconds
from doorway.caller import Rider
from doorway.schemas import DriverCardOut, MoneyOut, Place, problems
from doorway.services import Services, services_of
from doorway.writes import once
from foundation.identifiers import UUID, PersonId, QuoteId, RiderId, TripId
from registry.licence import DriverCard
from rider_api.schemas import (
    CancelIn,
    RatingIn,
    ShareOut,
    TipIn,
    TripIn,
    TripOut,
    TripsOut,
)
from storage.work import Reading, UnitOfWork

router = APIRouter(tags=["trips"])

_STATES_WITH_CARD = frozenset({"assigned", "arrived", "on_board", "at_stop", "completed"})


def trip_out(trip: TripView, card: DriverCard | None, *, eta_seconds: int | None) -> TripOut:
    """A trip as its rider sees it; of other riders in the car only how many."""
    driver = None
    if card is not None:
        driver = DriverCardOut(
            first_name=card.first_name,
            plate=card.plate,
            colour=card.colour,
            make=card.make,
            model=card.model,
        )
    return TripOut(
        trip_id=trip.trip_id,
        state=trip.state,
        seq=trip.seq,
        attempt=trip.attempt,
        pickup=Place.of(trip.pickup),
        dropoff=Place.of(trip.dropoff),
        seats=trip.seats,
        vehicle_class=trip.vehicle_class,
        needs=list(trip.needs),
        total_minor=trip.total_minor,
        currency=trip.currency,
        metres=trip.metres,
        seconds=trip.seconds,
        pin=trip.pin,
        driver=driver,
        eta_seconds=eta_seconds,
        shared=trip.is_shared,
        co_riders=trip.co_riders,
        latest_pickup_at=trip.latest_pickup_at,
        latest_dropoff_at=trip.latest_dropoff_at,
        requested_at=trip.requested_at,
        booked_for=trip.booked_for,
        at_risk_since=trip.at_risk_since,
        expires_at=trip.expires_at,
        assigned_at=trip.assigned_at,
        arrived_at=trip.arrived_at,
        boarded_at=trip.boarded_at,
        ended_at=trip.ended_at,
        end_reason=trip.end_reason,
        payment=trip.payment,
    )


async def shown(work: Reading, services: Services, trips: Sequence[TripView]) -> list[TripOut]:
    """Trips with the cards of their drivers, in one query for all."""
    pairs = [
        (trip.driver_id, trip.vehicle_id)
        for trip in trips
        if trip.state in _STATES_WITH_CARD and trip.driver_id and trip.vehicle_id
    ]
    cards = await registry.views.driver_cards(work, pairs, vault=services.vault) if pairs else {}
    return [
        trip_out(
            trip,
            cards.get(trip.driver_id) if trip.driver_id is not None else None,
            eta_seconds=arrival_seconds(services.board, services.city.roads, trip),
        )
        for trip in trips
    ]


async def show(work: Reading, services: Services, trip_id: TripId, rider_id: PersonId) -> TripOut:
    """The rider's own trip (TripNotFound otherwise)."""
    trip = await views.trip_for_rider(work, trip_id, RiderId(rider_id))
    return (await shown(work, services, [trip]))[0]


@router.post(
    "/trips",
    status_code=201,
    responses={201: {"model": TripOut}, **problems(404, 409, 410)},
    summary="Book a quote",
)
async def request_trip(request: Request, body: TripIn, caller: Rider) -> Response:
    """Book a quote. The price is held, the trip looks for a driver at once (or in time, if booked
    ahead). The PIN in the answer is for the driver when you get in."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> object:
        await requests.request_trip(
            work,
            trip_id=TripId(body.trip_id),
            quote_id=QuoteId(body.quote_id),
            rider_id=RiderId(caller.person_id),
            by=By(actor=Actor.RIDER, actor_id=caller.person_id),
            pays=body.pays.chosen(services.providers),
        )
        trip = await show(work, services, TripId(body.trip_id), caller.person_id)
        return trip.model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get("/trips", responses=problems(), summary="Your trips, newest first")
async def list_trips(request: Request, caller: Rider) -> TripsOut:
    """The last 50 trips of the rider."""
    services = services_of(request)
    async with services.database.reading() as work:
        trips = await views.list_trips_of_rider(work, RiderId(caller.person_id))
        return TripsOut(trips=await shown(work, services, trips))


@router.get("/trips/{trip_id}", responses=problems(404), summary="One trip")
async def get_trip(request: Request, trip_id: UUID, caller: Rider) -> TripOut:
    """The trip as it stands."""
    services = services_of(request)
    async with services.database.reading() as work:
        return await show(work, services, TripId(trip_id), caller.person_id)


@router.post(
    "/trips/{trip_id}/cancel",
    responses={200: {"model": TripOut}, **problems(404, 409)},
    summary="Cancel",
)
async def cancel(request: Request, trip_id: UUID, caller: Rider, body: CancelIn) -> Response:
    """Cancel before boarding. Free until a driver is on the way and for a while after; then the
    booking policy's fee is charged."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> object:
        by = By(actor=Actor.RIDER, actor_id=caller.person_id, reason=body.reason)
        await requests.cancel(
            work, trip_id=TripId(trip_id), rider_id=RiderId(caller.person_id), by=by
        )
        trip = await show(work, services, TripId(trip_id), caller.person_id)
        return trip.model_dump(mode="json")

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)


@router.post(
    "/trips/{trip_id}/share",
    status_code=201,
    responses={201: {"model": ShareOut}, **problems(404)},
    summary="Make a link to follow the trip",
)
async def share(request: Request, trip_id: UUID, caller: Rider) -> Response:
    """Whoever has the link sees where the car is until an hour after the trip; no name, no PIN."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> object:
        made = await after.share(work, trip_id=TripId(trip_id), rider_id=RiderId(caller.person_id))
        return {"url": f"/public/v1/shared-trips/{made}"}

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.post("/trips/{trip_id}/rating", status_code=204, responses=problems(404, 409))
async def rate(request: Request, trip_id: UUID, caller: Rider, body: RatingIn) -> Response:
    """Rate a completed trip, once."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> object:
        await after.rate(
            work,
            trip_id=TripId(trip_id),
            rider_id=RiderId(caller.person_id),
            stars=body.stars,
            comment=body.comment,
        )
        return None

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)


@router.post("/trips/{trip_id}/tip", responses={200: {"model": MoneyOut}, **problems(404, 409)})
async def tip(request: Request, trip_id: UUID, caller: Rider, body: TipIn) -> Response:
    """Tip the driver of a completed trip; all of it is theirs."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> object:
        given = await after.tip(
            work,
            trip_id=TripId(trip_id),
            rider_id=RiderId(caller.person_id),
            amount_minor=body.amount_minor,
        )
        return MoneyOut.of(given).model_dump(mode="json")

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)
