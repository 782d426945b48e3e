"""Meetings as the secretary calls, records and minutes them; outages; what is due."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.government.meeting_schemas import (
    MeetingOut,
    MeetingsOut,
    MemberMinutesOut,
    RemindersOut,
    ShortNoticeOut,
)
from doorway.government.meeting_shown import (
    meeting_out,
    meetings_out,
    member_minutes_out,
    reminders_out,
)
from doorway.government.short_notices import short_notice_out
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.meeting import Item, Record
from governance.member import MemberId
from governance.motion import MotionId
from governance.service import amendments, meetings, outages, short_notices
from office_api.meeting_schemas import (
    HandIn,
    MeetingIn,
    MinutesCorrectionIn,
    OutageIn,
    OutageOut,
    RecordIn,
    ShortNoticeIn,
)
from office_api.motions import NAMELESS_OFFICER
from registry.session import Caller
from registry.views import person_view
from storage.work import UnitOfWork

router = APIRouter(tags=["meetings"])

_MEETING: dict[int | str, dict[str, Any]] = {200: {"model": MeetingOut}, **problems(404, 409)}
_MINUTES: dict[int | str, dict[str, Any]] = {200: {"model": MemberMinutesOut}, **problems(404, 409)}
Act = Callable[[UnitOfWork], Awaitable[Any]]


@router.get("/meetings", responses=problems(), summary="Which meetings there are")
async def list_meetings(request: Request, caller: Office) -> MeetingsOut:
    """The latest first."""
    async with services_of(request).database.reading() as work:
        return await meetings_out(work)


@router.get("/meetings/{meeting_id}", responses=problems(404), summary="A meeting as it is now")
async def get_meeting(request: Request, meeting_id: UUID, caller: Office) -> MeetingOut:
    """Its agenda and record, who is there, how many count for the quorum and how many are needed."""
    services = services_of(request)
    async with services.database.work() as work:
        return await meeting_out(work, meeting_id, vault=services.vault)


@router.post(
    "/meetings",
    status_code=201,
    responses={201: {"model": MeetingOut}, **problems(404, 409)},
    summary="Call a meeting",
)
async def call(request: Request, body: MeetingIn, caller: Office) -> Response:
    """Its notice names the whole business. With fewer clear days than the bylaws ask for, it rests
    on the members who agreed to that, by themselves or on paper."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        called = meetings.Call(
            title=body.title,
            place=body.place,
            held_at=body.held_at,
            items=tuple(
                Item(
                    title=one.title,
                    subject=one.subject,
                    motion_id=None if one.motion_id is None else MotionId(one.motion_id),
                )
                for one in body.items
            ),
            matter=body.matter,
            consents=tuple(MemberId(one) for one in body.consents),
            requisition_id=body.requisition_id,
            resumes=body.resumes,
            short_notice_id=body.short_notice_id,
        )
        made = await meetings.call(work, called)
        return await meeting_out(work, made.meeting_id, vault=services.vault)

    return await _done(request, caller, act, status=201)


@router.post(
    "/short-notices",
    status_code=201,
    responses={201: {"model": ShortNoticeOut}, **problems(409)},
    summary="Ask members to agree to a shorter notice",
)
async def ask_for_consent(request: Request, body: ShortNoticeIn, caller: Office) -> Response:
    """Of a meeting exactly like this. When enough have agreed, call it and name this identifier."""

    async def act(work: UnitOfWork) -> Any:
        found = await short_notices.ask(
            work, title=body.title, place=body.place, held_at=body.held_at,
            business=tuple(body.business),
        )  # fmt: skip
        return short_notice_out(found, by=None)

    return await _done(request, caller, act, status=201)


@router.get(
    "/short-notices/{short_notice_id}",
    responses=problems(404, 409),
    summary="How many agree to a shorter notice",
)
async def consent_so_far(request: Request, short_notice_id: UUID, caller: Office) -> ShortNoticeOut:
    """Of how many members, and how many are needed."""
    async with services_of(request).database.work() as work:
        return short_notice_out(await short_notices.get_consent(work, short_notice_id), by=None)


@router.post(
    "/meetings/{meeting_id}/record", responses=_MEETING, summary="Write what happens at a meeting"
)
async def record(request: Request, meeting_id: UUID, body: RecordIn, caller: Office) -> Response:
    """Now, and in its order: who comes and goes, the opening, items, decisions, the end. Nothing
    opens or is decided without a quorum; without one, a meeting is adjourned after a wait."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        happened = Record(
            kind=body.kind,
            at=work.now,
            member=None if body.member_id is None else MemberId(body.member_id),
            item=body.item,
            text=body.text,
        )
        await meetings.record(work, meeting_id, happened)
        return await meeting_out(work, meeting_id, vault=services.vault)

    return await _done(request, caller, act)


@router.post(
    "/meetings/{meeting_id}/hands",
    status_code=204,
    responses=problems(404, 409),
    summary="Write how a member votes on an amendment",
)
async def raise_hand(request: Request, meeting_id: UUID, body: HandIn, caller: Office) -> Response:
    """By name and once, while the meeting speaks of its motion; of members who are there and stand
    not aside."""

    async def handle(work: UnitOfWork) -> Any:
        await amendments.raise_hand(
            work, meeting_id, body.amendment_id, by=MemberId(body.member_id), choice=body.choice
        )

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


@router.post("/meetings/{meeting_id}/minutes", responses=_MINUTES, summary="Draft the minutes")
async def draft(request: Request, meeting_id: UUID, caller: Office) -> Response:
    """From the record, once the meeting is over. Members stand in them by number; who that is,
    members read beside them. What you wrote as text stands in them word for word, in public."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        await meetings.draft_minutes(work, meeting_id, names={})
        return await member_minutes_out(work, meeting_id, vault=services.vault)

    return await _done(request, caller, act)


@router.get(
    "/meetings/{meeting_id}/minutes", responses=problems(404, 409), summary="What the minutes say"
)
async def minutes(request: Request, meeting_id: UUID, caller: Office) -> MemberMinutesOut:
    """With the corrections beside them, and who the numbers in them are."""
    services = services_of(request)
    async with services.database.work() as work:
        return await member_minutes_out(work, meeting_id, vault=services.vault)


@router.post(
    "/meetings/{meeting_id}/minutes/corrections", responses=_MINUTES, summary="Correct minutes"
)
async def correct(
    request: Request, meeting_id: UUID, body: MinutesCorrectionIn, caller: Office
) -> Response:
    """Beside the text, which stays as it was drafted."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        asked_by = MemberId(body.asked_by)
        await meetings.correct_minutes(work, meeting_id, text=body.text, asked_by=asked_by)
        return await member_minutes_out(work, meeting_id, vault=services.vault)

    return await _done(request, caller, act)


@router.post(
    "/outages",
    status_code=201,
    responses={201: {"model": OutageOut}, **problems(409)},
    summary="Put an outage on record",
)
async def note_outage(request: Request, body: OutageIn, caller: Office) -> Response:
    """In your name, when it is over. It moves no close by itself: extend the votes it reached into."""
    vault = services_of(request).vault

    async def act(work: UnitOfWork) -> Any:
        officer = await person_view(work, caller.person_id, vault=vault)
        outage_id = await outages.note_outage(
            work,
            part=body.part,
            since=body.since,
            until=body.until,
            cause=body.cause,
            noted_by=officer.name or NAMELESS_OFFICER,
        )
        return OutageOut(outage_id=outage_id)

    return await _done(request, caller, act, status=201)


@router.get("/reminders", responses=problems(), summary="What is due")
async def reminders(request: Request, caller: Office) -> RemindersOut:
    """Answers that are overdue, reviews that fell due, minutes that are not drafted; the oldest
    first."""
    async with services_of(request).database.work() as work:
        return await reminders_out(work)


async def _done(request: Request, caller: Caller, act: Act, *, status: int = 200) -> Response:
    """Do an act once, and answer with what it gives."""

    async def handle(work: UnitOfWork) -> Any:
        return (await act(work)).model_dump(mode="json")

    return await once(
        request,
        services_of(request).database,
        caller=str(caller.person_id),
        handler=handle,
        status=status,
    )
