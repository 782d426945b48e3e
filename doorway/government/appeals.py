"""Appeals against a result, as members lodge, read and, drawn by lot, hear them."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.meeting_schemas import AppealIn, AppealOut, AppealsOut, FindingVoteIn
from doorway.government.meeting_shown import SHOWN_MAX, appeal_out, appeals_out
from doorway.government.motions import calling_member
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.motion import MotionId
from governance.service import appeals
from governance.views import appeals as views
from governance.views import motions as motion_views
from storage.work import UnitOfWork

router = APIRouter(tags=["appeals"])


@router.post(
    "/motions/{motion_id}/appeals",
    status_code=201,
    responses={201: {"model": AppealOut}, **problems(404, 409, 410)},
    summary="Appeal against a result",
)
async def lodge(request: Request, motion_id: UUID, body: AppealIn, caller: Anybody) -> Response:
    """Once, within the window that the bylaws name. A jury by lot hears it; the result is stayed
    until then if what you complain of could have altered it."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        made = await appeals.lodge_appeal(
            work, MotionId(motion_id), by=by, complaint=body.complaint, affected=body.affected
        )
        found = await views.get_appeal(work, made.appeal_id)
        return (await appeal_out(work, found, by=by, vault=services.vault)).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get(
    "/motions/{motion_id}/appeals", responses=problems(404), summary="Appeals against a result"
)
async def list_appeals(request: Request, motion_id: UUID, caller: Anybody) -> AppealsOut:
    """The complaints, who hears them, and what was found; for members."""
    services = services_of(request)
    async with services.database.work() as work:
        by = await calling_member(work, caller)
        await motion_views.get_motion(work, MotionId(motion_id))
        found = await views.list_appeals(work, motion_id=MotionId(motion_id), limit=SHOWN_MAX)
        return AppealsOut(appeals=await appeals_out(work, found, by=by, vault=services.vault))


@router.get("/appeals/{appeal_id}", responses=problems(404), summary="One appeal")
async def get_appeal(request: Request, appeal_id: UUID, caller: Anybody) -> AppealOut:
    """The complaint, who hears it, and what was found; for members."""
    services = services_of(request)
    async with services.database.work() as work:
        by = await calling_member(work, caller)
        found = await views.get_appeal(work, appeal_id)
        return await appeal_out(work, found, by=by, vault=services.vault)


@router.post(
    "/appeals/{appeal_id}/vote",
    status_code=204,
    responses=problems(404, 409),
    summary="Find on an appeal, as one of its jury",
)
async def vote(request: Request, appeal_id: UUID, body: FindingVoteIn, caller: Anybody) -> Response:
    """Once, if the lot fell on you. How each of you found is told to nobody."""

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        await appeals.vote_as_juror(work, appeal_id, by=by, upholds=body.upholds)

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )
