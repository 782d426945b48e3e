"""Meetings as members ask for them, follow them and read their minutes; and what is due."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.meeting_schemas import (
    MeetingOut,
    MeetingsOut,
    MemberMinutesOut,
    RemindersOut,
    RequisitionIn,
    RequisitionOut,
)
from doorway.government.meeting_shown import (
    meeting_out,
    meetings_out,
    member_minutes_out,
    reminders_out,
)
from doorway.government.motions import calling_member
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.member import MemberId
from governance.service import meetings
from governance.views import meetings as views
from storage.work import UnitOfWork

router = APIRouter(tags=["meetings"])


@router.get("/meetings", responses=problems(), summary="Which meetings there are")
async def list_meetings(request: Request, caller: Anybody) -> MeetingsOut:
    """The latest first."""
    async with services_of(request).database.reading() as work:
        return await meetings_out(work)


@router.get("/meetings/{meeting_id}", responses=problems(404), summary="A meeting as it is now")
async def get_meeting(request: Request, meeting_id: UUID, caller: Anybody) -> MeetingOut:
    """Its agenda and record, who is there, how many count for the quorum and how many are needed;
    for members."""
    services = services_of(request)
    async with services.database.work() as work:
        await calling_member(work, caller)
        return await meeting_out(work, meeting_id, vault=services.vault)


@router.get(
    "/meetings/{meeting_id}/minutes", responses=problems(404, 409), summary="What the minutes say"
)
async def minutes(request: Request, meeting_id: UUID, caller: Anybody) -> MemberMinutesOut:
    """As everybody may read them, and to members who the numbers in them are."""
    services = services_of(request)
    async with services.database.work() as work:
        await calling_member(work, caller)
        return await member_minutes_out(work, meeting_id, vault=services.vault)


@router.post(
    "/requisitions",
    status_code=201,
    responses={201: {"model": RequisitionOut}, **problems(404, 409)},
    summary="Ask for a meeting",
)
async def request_meeting(request: Request, body: RequisitionIn, caller: Anybody) -> Response:
    """You are the first to sign. With the share of members that the bylaws name behind it, the
    board must call a meeting whose agenda holds all of this business."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        made = await meetings.request_meeting(work, title=body.title, business=body.business, by=by)
        return (await _requisition_out(work, made, by)).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get(
    "/requisitions/{requisition_id}",
    responses=problems(404, 409),
    summary="A request for a meeting",
)
async def get_requisition(
    request: Request, requisition_id: UUID, caller: Anybody
) -> RequisitionOut:
    """What it is for, and how many ask for it."""
    async with services_of(request).database.work() as work:
        return await _requisition_out(work, requisition_id, await calling_member(work, caller))


@router.post(
    "/requisitions/{requisition_id}/sign",
    responses={200: {"model": RequisitionOut}, **problems(404, 409)},
    summary="Ask for that meeting, too",
)
async def sign(request: Request, requisition_id: UUID, caller: Anybody) -> Response:
    """Once."""

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        await meetings.sign_request(work, requisition_id, by=by)
        return (await _requisition_out(work, requisition_id, by)).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


@router.get("/reminders", responses=problems(), summary="What is due, and from whom")
async def reminders(request: Request, caller: Anybody) -> RemindersOut:
    """Answers of the board that are overdue, reviews that fell due, minutes that are not drafted;
    for members."""
    async with services_of(request).database.work() as work:
        await calling_member(work, caller)
        return await reminders_out(work)


async def _requisition_out(work: UnitOfWork, requisition_id: UUID, by: MemberId) -> RequisitionOut:
    found = await views.get_requisition(work, requisition_id)
    return RequisitionOut(
        requisition_id=requisition_id,
        title=found.title,
        business=list(found.business),
        signed=len(found.signed),
        is_mine=by in found.signed,
    )
