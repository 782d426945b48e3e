"""Where to wait: advice, never an order, and nothing is kept of who asked."""

from fastapi import APIRouter
from starlette.requests import Request

from dispatch.advice import Told
from dispatch.matching.explanation import sentence
from doorway.caller import Driver
from doorway.schemas import Place, problems
from doorway.services import Services, services_of
from driver_app_api.schemas import AdviceOut, ReasonOut, WayToGoOut
from foundation.identifiers import DriverId

router = APIRouter(tags=["reasons"])


@router.get("/advice", responses=problems(), summary="Where to wait")
async def advice(request: Request, caller: Driver) -> AdviceOut:
    """Where you would be worth more while you have no rider, with the numbers that say so. They
    can be checked: `/public/v1/demand` shows what is expected, the matching policy in force what it
    is worth. Nothing is kept of who asks or goes, and no round knows of it."""
    services = services_of(request)
    return advice_out(told_now(services, DriverId(caller.person_id)))


def told_now(services: Services, driver_id: DriverId) -> Told:
    """What a driver is told at this instant."""
    return services.advice.tell(services.board.find(driver_id), now=services.now())


def advice_out(told: Told) -> AdviceOut:
    """The same as it is sent."""
    way = told.goes_to
    return AdviceOut(
        goes_to=None
        if way is None
        else WayToGoOut(
            zone=way.zone,
            name=way.name,
            place=Place.of(way.place),
            drive_seconds=way.drive_seconds,
        ),
        reasons=[
            ReasonOut(code=reason.code, facts=dict(reason.facts), words=sentence(reason))
            for reason in told.reasons
        ],
        as_of=told.as_of,
        stands_until=told.stands_until,
    )
