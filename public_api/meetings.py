"""What everybody may see of meetings and appeals: when they are, minutes, outcomes. Nobody is named."""

from fastapi import APIRouter
from starlette.requests import Request

from doorway.government.meeting_schemas import MeetingsOut, MinutesOut, OutcomesOut
from doorway.government.meeting_shown import SHOWN_MAX, meetings_out, minutes_out, outcome_out
from doorway.schemas import problems
from doorway.services import services_of
from foundation.identifiers import UUID
from governance.motion import MotionId
from governance.views import appeals as appeal_views
from governance.views import motions as motion_views

router = APIRouter(prefix="/public/v1", tags=["meetings"])


@router.get("/meetings", responses=problems(), summary="Which meetings there are")
async def list_meetings(request: Request) -> MeetingsOut:
    """The latest first."""
    async with services_of(request).database.reading() as work:
        return await meetings_out(work)


@router.get(
    "/meetings/{meeting_id}/minutes", responses=problems(404, 409), summary="What the minutes say"
)
async def minutes(request: Request, meeting_id: UUID) -> MinutesOut:
    """As drafted from the record, with their hash and the corrections beside them."""
    async with services_of(request).database.reading() as work:
        return await minutes_out(work, meeting_id)


@router.get("/motions/{motion_id}/appeals", responses=problems(404), summary="What appeals came to")
async def outcomes(request: Request, motion_id: UUID) -> OutcomesOut:
    """Against one result: whether it is stayed, what the jury found, and what holds instead; with
    the seed from which its jury can be drawn again."""
    async with services_of(request).database.reading() as work:
        await motion_views.get_motion(work, MotionId(motion_id))
        found = await appeal_views.list_appeals(
            work, motion_id=MotionId(motion_id), limit=SHOWN_MAX
        )
    return OutcomesOut(appeals=[outcome_out(one) for one in found])
