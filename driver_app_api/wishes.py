"""What you say of your shift: where you would like to end it, how far your car still goes."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dispatch.position import OnShift
from dispatch.service import wishes as service
from dispatch.wishes import Wishes
from doorway.caller import Driver
from doorway.schemas import Place, problems
from doorway.services import services_of
from doorway.writes import once
from driver_app_api.schemas import HomewardIn, RangeIn, WishesOut
from foundation.identifiers import UUID, DriverId, ShiftId
from registry.session import Caller
from storage.work import UnitOfWork

router = APIRouter(tags=["shifts"])

Say = Callable[[UnitOfWork, ShiftId, DriverId], Awaitable[Wishes]]
Take = Callable[[OnShift, Wishes], None]


async def _said(
    request: Request, shift_id: UUID, caller: Caller, *, say: Say, take: Take
) -> Response:
    """Keep it once (`say`); rounds know it from then on (`take`).

    The answer is empty: answers to writes are kept for their repetition, and a place is not to be.
    """
    services = services_of(request)
    driver_id = DriverId(caller.person_id)
    kept: list[Wishes] = []

    async def handle(work: UnitOfWork) -> object:
        kept.append(await say(work, ShiftId(shift_id), driver_id))
        return None

    response = await once(request, services.database, caller=str(driver_id), handler=handle)
    known = services.board.find(driver_id)
    if response.status_code == 204 and kept and known is not None and known.shift_id == shift_id:
        take(known, kept[-1])
    return response


@router.get(
    "/shifts/{shift_id}/wishes", responses=problems(404), summary="What is kept of your wishes"
)
async def wishes(request: Request, shift_id: UUID, caller: Driver) -> WishesOut:
    """What you said of your open shift, as it is kept; gone when the shift ends."""
    async with services_of(request).database.reading() as work:
        kept = await service.own_wishes(
            work, shift_id=ShiftId(shift_id), driver_id=DriverId(caller.person_id)
        )
    return WishesOut(
        homeward=None if kept.homeward is None else Place.of(kept.homeward),
        range_metres=kept.range_metres,
    )


@router.post(
    "/shifts/{shift_id}/homeward",
    status_code=204,
    responses=problems(404),
    summary="Where you would like to end",
)
async def homeward(request: Request, shift_id: UUID, caller: Driver, body: HomewardIn) -> Response:
    """In the last part of your shift, trips that lead there are preferred for you. Kept to about a
    kilometre, shown to nobody, forgotten when the shift ends."""
    place = None if body.place is None else body.place.point()

    async def say(work: UnitOfWork, shift: ShiftId, driver: DriverId) -> Wishes:
        return await service.head_home(work, shift_id=shift, driver_id=driver, place=place)

    def take(known: OnShift, wishes: Wishes) -> None:
        known.homeward = wishes.homeward

    return await _said(request, shift_id, caller, say=say, take=take)


@router.post(
    "/shifts/{shift_id}/range",
    status_code=204,
    responses=problems(404),
    summary="How far your car still goes",
)
async def range_left(request: Request, shift_id: UUID, caller: Driver, body: RangeIn) -> Response:
    """You are not offered what is further. What you drive is taken off; say it again after
    charging."""

    async def say(work: UnitOfWork, shift: ShiftId, driver: DriverId) -> Wishes:
        return await service.state_range(
            work, shift_id=shift, driver_id=driver, metres=body.range_metres
        )

    def take(known: OnShift, wishes: Wishes) -> None:
        known.range_metres = wishes.range_metres

    return await _said(request, shift_id, caller, say=say, take=take)
