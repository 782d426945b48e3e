"""On and off duty, and who you are here."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import registry.views
from dispatch.position import Position
from dispatch.service import shifts
from dispatch.views import trips as views
from doorway.caller import Driver
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from driver_app_api.schemas import ExpiringOut, MeOut, ShiftIn, ShiftOut, VehicleOut
from foundation.identifiers import UUID, DriverId, ShiftId, VehicleId
from foundation.measures import Point
from storage.work import UnitOfWork

router = APIRouter(tags=["shifts"])


@router.post(
    "/shifts",
    status_code=201,
    responses={201: {"model": ShiftOut}, **problems(409)},
    summary="Go on shift",
)
async def start_shift(request: Request, body: ShiftIn, caller: Driver) -> Response:
    """Go on duty with one of your vehicles. Refused, with every reason, if a paper is missing or
    over. From here on positions are taken, and offers come."""
    services = services_of(request)
    driver_id, place = DriverId(caller.person_id), Point(body.lon, body.lat)

    async def handle(work: UnitOfWork) -> object:
        shift = await shifts.start_shift(
            work,
            shift_id=ShiftId(body.shift_id),
            driver_id=driver_id,
            vehicle_id=VehicleId(body.vehicle_id),
        )
        return ShiftOut(
            shift_id=shift.shift_id,
            vehicle_id=shift.vehicle_id,
            started_at=shift.started_at,
            ends_by=shift.ends_by,
        ).model_dump(mode="json")

    response = await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )
    if response.status_code == 201:
        async with services.database.work() as work:
            await services.fleet.take_up_one(work, driver_id)
        services.board.report(
            Position(
                driver_id=driver_id,
                shift_id=ShiftId(body.shift_id),
                seq=0,
                point=place,
                heading=0,
                at=services.now(),
            )
        )
    return response


@router.post(
    "/shifts/{shift_id}/end", status_code=204, responses=problems(404, 409), summary="Go off shift"
)
async def end_shift(request: Request, shift_id: UUID, caller: Driver) -> Response:
    """Go off duty. An open offer is withdrawn, the last position is forgotten."""
    services = services_of(request)
    driver_id = DriverId(caller.person_id)

    async def handle(work: UnitOfWork) -> object:
        await shifts.end_shift(work, shift_id=ShiftId(shift_id), driver_id=driver_id)
        return None

    response = await once(request, services.database, caller=str(caller.person_id), handler=handle)
    if response.status_code == 204:
        services.board.end_shift(driver_id, ShiftId(shift_id))
    return response


@router.get("/me", responses=problems(), summary="You, and whether you may work")
async def me(request: Request, caller: Driver) -> MeOut:
    """Your name, vehicles, shift, what keeps you from working and which papers end soon."""
    services = services_of(request)
    driver_id = DriverId(caller.person_id)
    async with services.database.work() as work:
        person = await registry.views.person_view(work, caller.person_id, vault=services.vault)
        fitness = await registry.views.fitness(work, driver_id, work.now)
        vehicles = await registry.views.list_vehicles(work, driver_id)
        shift = await views.find_shift(work, driver_id)
    return MeOut(
        person_id=person.person_id,
        name=person.name,
        fit=not fitness.reasons,
        reasons=list(fitness.reasons),
        expiring=[
            ExpiringOut(kind=str(paper.kind), valid_to=paper.valid_to) for paper in fitness.expiring
        ],
        vehicles=[
            VehicleOut(
                vehicle_id=vehicle.vehicle_id,
                plate=vehicle.details.plate,
                make=vehicle.details.make,
                model=vehicle.details.model,
                colour=vehicle.details.colour,
                vehicle_class=vehicle.details.vehicle_class,
                seats=vehicle.details.seats,
                equipment=sorted(vehicle.details.equipment),
            )
            for vehicle in vehicles
        ],
        shift=None
        if shift is None
        else ShiftOut(
            shift_id=shift.shift_id,
            vehicle_id=shift.vehicle_id,
            started_at=shift.started_at,
            ends_by=shift.ends_by,
        ),
    )
