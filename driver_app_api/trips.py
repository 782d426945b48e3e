"""Your run: the trips under way, step by step, and the stops ahead."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import ledger.customers.paying
import registry.views
from dispatch.service import driving
from dispatch.views import trips as views
from dispatch.views.runs import list_stops_ahead
from dispatch.views.trips import TripView
from doorway.caller import Driver
from doorway.schemas import Place, problems
from doorway.services import Services, services_of
from doorway.writes import once
from driver_app_api.schemas import (
    ArriveIn,
    BoardIn,
    CashShortIn,
    CashShortOut,
    CurrentOut,
    NoShowIn,
    ReasonIn,
    RunOut,
    StopOut,
    TripOut,
)
from foundation.errors import Refusal
from foundation.identifiers import UUID, DriverId, PersonId, TripId
from foundation.measures import Point
from ledger.customers.views import cash_due
from registry.session import Caller
from storage.work import Reading, UnitOfWork

router = APIRouter(tags=["trips"])
_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"model": TripOut}, **problems(404, 409)}


async def shown(work: Reading, services: Services, trip: TripView, driver_id: DriverId) -> TripOut:
    """A trip as its driver sees it; once they gave it back, what came of it is not theirs."""
    if trip.driver_id != driver_id:
        trip = replace(
            trip,
            state="released",
            assigned_at=None,
            arrived_at=None,
            boarded_at=None,
            ended_at=None,
            end_reason=None,
        )
    names = await registry.views.first_names(work, [PersonId(trip.rider_id)], vault=services.vault)
    return TripOut(
        trip_id=trip.trip_id,
        state=trip.state,
        seq=trip.seq,
        attempt=trip.attempt,
        rider_first_name=names.get(PersonId(trip.rider_id), ""),
        pickup=Place.of(trip.pickup),
        dropoff=Place.of(trip.dropoff),
        pickup_zone=trip.pickup_zone,
        dropoff_zone=trip.dropoff_zone,
        seats=trip.seats,
        shared=trip.is_shared,
        needs=list(trip.needs),
        pay_minor=trip.pay_minor,
        currency=trip.currency,
        trip_metres=trip.metres,
        trip_seconds=trip.seconds,
        requested_at=trip.requested_at,
        booked_for=trip.booked_for,
        assigned_at=trip.assigned_at,
        arrived_at=trip.arrived_at,
        boarded_at=trip.boarded_at,
        ended_at=trip.ended_at,
        end_reason=trip.end_reason,
        payment=trip.payment,
        cash_to_collect_minor=await cash_to_collect(work, trip),
    )


async def cash_to_collect(work: Reading, trip: TripView) -> int:
    """Minor units that the driver gets from the rider: the fare if it is settled, else the price."""
    if trip.payment != "cash" or trip.state == "released":
        return 0
    due = await cash_due(work, trip.trip_id)
    return trip.total_minor if due is None and trip.ended_at is None else due or 0


async def show(work: Reading, services: Services, trip_id: TripId, driver_id: DriverId) -> TripOut:
    """A trip the driver holds or held (TripNotFound otherwise)."""
    trip = await views.trip_for_driver(work, trip_id, driver_id)
    return await shown(work, services, trip, driver_id)


Step = Callable[[UnitOfWork, TripId, DriverId], Awaitable[object]]


async def _take(request: Request, trip_id: UUID, caller: Caller, step: Step) -> Response:
    """Take a step once, and answer with the trip as it stands then."""
    services = services_of(request)
    driver_id = DriverId(caller.person_id)

    async def handle(work: UnitOfWork) -> Any:
        result = await step(work, TripId(trip_id), driver_id)
        if isinstance(result, Refusal):
            return result
        return (await show(work, services, TripId(trip_id), driver_id)).model_dump(mode="json")

    return await once(request, services.database, caller=str(driver_id), handler=handle)


async def stops_ahead(work: Reading, driver_id: DriverId) -> list[StopOut]:
    """A driver's stops, in the order in which to make them."""
    return [
        StopOut(
            trip_id=stop.trip_id,
            kind=stop.kind,
            state=stop.state,
            place=Place.of(stop.at),
            zone=stop.zone,
            seats=stop.seats,
            shared=stop.is_shared,
            booked_for=stop.booked_for,
            expected_at=stop.expected_at,
            latest_at=stop.latest_at,
        )
        for stop in await list_stops_ahead(work, driver_id)
    ]


@router.get("/run", responses=problems(), summary="Your stops ahead")
async def run(request: Request, caller: Driver) -> RunOut:
    """Whom to pick up and bring where, in order: the trip under way, the next one, shared ones."""
    async with services_of(request).database.reading() as work:
        return RunOut(stops=await stops_ahead(work, DriverId(caller.person_id)))


@router.get("/trips/current", responses=problems(), summary="The trip of your next stop")
async def current(request: Request, caller: Driver) -> CurrentOut:
    """Your trip, or null. With more than one under way, the one to attend to next."""
    services = services_of(request)
    async with services.database.reading() as work:
        driver_id = DriverId(caller.person_id)
        trip = await views.find_current_trip(work, driver_id)
        return CurrentOut(
            trip=None if trip is None else await shown(work, services, trip, driver_id)
        )


@router.get("/trips/{trip_id}", responses=problems(404), summary="One of your trips")
async def get_trip(request: Request, trip_id: UUID, caller: Driver) -> TripOut:
    """A trip you hold or held."""
    services = services_of(request)
    async with services.database.reading() as work:
        return await show(work, services, TripId(trip_id), DriverId(caller.person_id))


@router.post("/trips/{trip_id}/arrive", responses=_ANSWERS, summary="At the pick-up")
async def arrive(request: Request, trip_id: UUID, caller: Driver, body: ArriveIn) -> Response:
    """You are at the pick-up; the rider is told, their free wait begins."""

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.arrive(
            work,
            trip_id=trip,
            driver_id=driver,
            at=Point(body.lon, body.lat),
            reason=body.reason,
        )

    return await _take(request, trip_id, caller, step)


@router.post("/trips/{trip_id}/board", responses=_ANSWERS, summary="The rider gets in")
async def board(request: Request, trip_id: UUID, caller: Driver, body: BoardIn) -> Response:
    """The rider tells you their PIN; without one, say why."""

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.board(
            work, trip_id=trip, driver_id=driver, pin=body.pin, reason=body.reason
        )

    return await _take(request, trip_id, caller, step)


@router.post("/trips/{trip_id}/stop", responses=_ANSWERS, summary="A stop on the way")
async def stop(request: Request, trip_id: UUID, caller: Driver) -> Response:
    """A stop at the rider's wish."""

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.stop(work, trip_id=trip, driver_id=driver)

    return await _take(request, trip_id, caller, step)


@router.post("/trips/{trip_id}/resume", responses=_ANSWERS, summary="On from a stop")
async def resume(request: Request, trip_id: UUID, caller: Driver) -> Response:
    """The stop is over."""

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.resume(work, trip_id=trip, driver_id=driver)

    return await _take(request, trip_id, caller, step)


@router.post("/trips/{trip_id}/complete", responses=_ANSWERS, summary="The trip is done")
async def complete(request: Request, trip_id: UUID, caller: Driver) -> Response:
    """The final fare is worked out and posted, your pay with it, in one step."""
    board = services_of(request).board
    metres = board.metres_on_board(DriverId(caller.person_id), TripId(trip_id))

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.complete(work, trip_id=trip, driver_id=driver, metres=metres)

    return await _take(request, trip_id, caller, step)


@router.post("/trips/{trip_id}/abort", responses=_ANSWERS, summary="Break the trip off")
async def abort(request: Request, trip_id: UUID, caller: Driver, body: ReasonIn) -> Response:
    """The trip cannot go on; nothing is charged, and the office looks at it."""
    board = services_of(request).board
    metres = board.metres_on_board(DriverId(caller.person_id), TripId(trip_id))

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.abort(
            work, trip_id=trip, driver_id=driver, reason=body.reason, metres=metres
        )

    return await _take(request, trip_id, caller, step)


@router.post("/trips/{trip_id}/no-show", responses=_ANSWERS, summary="The rider did not come")
async def no_show(request: Request, trip_id: UUID, caller: Driver, body: NoShowIn) -> Response:
    """After the wait is over and you tried to reach them; the no-show fee is posted."""

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.no_show(
            work, trip_id=trip, driver_id=driver, contact_attempted=body.contact_attempted
        )

    return await _take(request, trip_id, caller, step)


@router.post("/trips/{trip_id}/release", responses=_ANSWERS, summary="Give the trip back")
async def release(request: Request, trip_id: UUID, caller: Driver, body: ReasonIn) -> Response:
    """Before boarding: the trip looks for somebody else, and the rider keeps their place."""

    async def step(work: UnitOfWork, trip: TripId, driver: DriverId) -> object:
        return await driving.release(work, trip_id=trip, driver_id=driver, reason=body.reason)

    return await _take(request, trip_id, caller, step)


@router.post(
    "/trips/{trip_id}/cash-short",
    responses={200: {"model": CashShortOut}, **problems(404, 409)},
    summary="Say that cash was missing",
)
async def cash_short(
    request: Request, trip_id: UUID, body: CashShortIn, caller: Driver
) -> Response:
    """Of a trip paid in cash, what you did not get: the rider owes it then, not you. Once a trip; the
    rider is told and may dispute it."""
    driver_id = DriverId(caller.person_id)

    async def handle(work: UnitOfWork) -> Any:
        missing = await ledger.customers.paying.cash_was_short(
            work, trip_id=TripId(trip_id), driver_id=driver_id, missing_minor=body.missing_minor
        )
        return CashShortOut(
            trip_id=trip_id, missing_minor=missing.minor, currency=missing.currency
        ).model_dump(mode="json")

    return await once(request, services_of(request).database, caller=str(driver_id), handler=handle)
