"""Meetings at shorter notice: what members are asked to agree to, and their consent."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.meeting_schemas import ShortNoticeOut, ShortNoticesOut
from doorway.government.motions import calling_member
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.member import MemberId
from governance.service import short_notices
from governance.service.short_notices import Consent
from storage.work import UnitOfWork

router = APIRouter(tags=["meetings"])


@router.get(
    "/short-notices", responses=problems(), summary="Which meetings you are asked to agree to"
)
async def list_short_notices(request: Request, caller: Anybody) -> ShortNoticesOut:
    """Meetings at shorter notice than the bylaws', the soonest first; for members."""
    async with services_of(request).database.work() as work:
        by = await calling_member(work, caller)
        found = await short_notices.list_open(work)
    return ShortNoticesOut(asked=[short_notice_out(one, by=by) for one in found])


@router.post(
    "/short-notices/{short_notice_id}/agree",
    responses={200: {"model": ShortNoticeOut}, **problems(404, 409)},
    summary="Agree to a shorter notice",
)
async def agree(request: Request, short_notice_id: UUID, caller: Anybody) -> Response:
    """Once and for good, to this meeting as it is told: its time, its place, its business. With the
    share of members that the bylaws name behind it the office may call it."""

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        found = await short_notices.agree(work, short_notice_id, by=by)
        return short_notice_out(found, by=by).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


def short_notice_out(found: Consent, *, by: MemberId | None) -> ShortNoticeOut:
    """What members are asked to agree to, without who did; `by` is the member who reads it."""
    asked = found.asked
    return ShortNoticeOut(
        short_notice_id=asked.short_notice_id,
        title=asked.title,
        place=asked.place,
        held_at=asked.held_at,
        business=list(asked.business),
        agreed=len(asked.agreed),
        members=found.members,
        share=str(found.share),
        is_enough=found.is_enough,
        is_mine=None if by is None else by in asked.agreed,
        meeting_id=asked.meeting_id,
    )
