"""Meetings, minutes, appeals and what is due, from what the house keeps to what is sent."""

from collections.abc import Sequence

from doorway.government.meeting_schemas import (
    AdditionOut,
    AppealOut,
    DocumentOut,
    DueOut,
    ItemOut,
    MeetingLineOut,
    MeetingOut,
    MeetingsOut,
    MemberMinutesOut,
    MinutesOut,
    OutcomeOut,
    RecordOut,
    RemindersOut,
)
from doorway.government.shown import named
from foundation.identifiers import UUID
from governance.member import MemberId
from governance.service import meetings, reminders
from governance.views import meetings as views
from governance.views.appeals import AppealView, Document
from registry.vault import Vault
from storage.work import Reading, UnitOfWork

SHOWN_MAX = 200


async def meetings_out(work: Reading) -> MeetingsOut:
    """The latest meetings."""
    return MeetingsOut(
        meetings=[
            MeetingLineOut(
                meeting_id=one.meeting_id, title=one.title, place=one.place,
                notice_at=one.notice_at, held_at=one.held_at, matter=one.matter, state=one.state,
                has_minutes=one.has_minutes,
            )
            for one in await views.list_meetings(work, limit=SHOWN_MAX)
        ]
    )  # fmt: skip


async def meeting_out(work: UnitOfWork, meeting_id: UUID, *, vault: Vault) -> MeetingOut:
    """A meeting with who is there, for members and the office; raises `MeetingNotFound`."""
    stored = await meetings.stored_meeting(work, meeting_id)
    live = await meetings.live(work, meeting_id)
    known = await named(work, set(live.present), vault=vault)
    meeting = live.meeting
    return MeetingOut(
        meeting_id=meeting_id, title=meeting.title, place=stored.place,
        notice_at=meeting.notice_at, held_at=meeting.held_at, matter=stored.matter,
        agenda=[
            ItemOut(number=number, title=one.title, subject=one.subject, motion_id=one.motion_id)
            for number, one in enumerate(stored.items, start=1)
        ],
        item_at_hand=meeting.item_at_hand, is_open=meeting.is_open, over_at=meeting.over_at,
        counted=live.counted, needed=live.needed, has_quorum=live.has_quorum,
        present=[known[one] for one in live.present],
        record=[
            RecordOut(kind=one.kind, at=one.at, member_id=one.member, item=one.item, text=one.text)
            for one in meeting.record
        ],
    )  # fmt: skip


async def minutes_out(work: Reading, meeting_id: UUID) -> MinutesOut:
    """Minutes as everybody may read them; raises as `views.get_minutes`."""
    found = await views.get_minutes(work, meeting_id)
    return MinutesOut(
        meeting_id=meeting_id,
        text=found.text,
        digest=found.digest,
        due_at=found.due_at,
        drafted_at=found.drafted_at,
        corrections=[AdditionOut(text=one.text, at=one.at) for one in found.additions],
    )


async def member_minutes_out(
    work: UnitOfWork, meeting_id: UUID, *, vault: Vault
) -> MemberMinutesOut:
    """Minutes with who the numbers in them are; raises as `views.get_minutes`."""
    shown = await minutes_out(work, meeting_id)
    meeting = (await meetings.live(work, meeting_id)).meeting
    who = {one.member for one in meeting.record if one.member is not None}
    who |= {one.member for one in meeting.withdrawals}
    known = await named(work, who, vault=vault)
    return MemberMinutesOut(**dict(shown), named=[known[one] for one in sorted(known)])


def outcome_out(found: AppealView) -> OutcomeOut:
    """An appeal as everybody may read it."""
    return OutcomeOut(
        appeal_id=found.appeal_id, motion_id=found.motion_id, lodged_at=found.lodged_at,
        affected=found.affected, margin=found.margin, stays=found.stays,
        commitment=found.commitment, secret=found.secret, jurors=len(found.jury), votes=found.votes,
        upheld=found.upheld, sets_aside=found.sets_aside, finding=_document(found.finding),
        correction=_document(found.correction),
    )  # fmt: skip


async def appeal_out(
    work: Reading, found: AppealView, *, by: MemberId | None, vault: Vault
) -> AppealOut:
    """An appeal as members and the office read it."""
    [shown] = await appeals_out(work, [found], by=by, vault=vault)
    return shown


async def appeals_out(
    work: Reading, found: Sequence[AppealView], *, by: MemberId | None, vault: Vault
) -> list[AppealOut]:
    """Appeals as members and the office read them; names are asked for once, however many there are."""
    known = await named(work, {who for one in found for who in one.jury}, vault=vault)
    return [
        AppealOut(
            **dict(outcome_out(one)),
            complaint=one.complaint,
            is_mine=one.member_id == by,
            jury=[known[who] for who in one.jury],
        )
        for one in found
    ]


async def reminders_out(work: UnitOfWork) -> RemindersOut:
    """What is overdue or due now."""
    return RemindersOut(
        due=[
            DueOut(what=one.kind, subject=one.subject, due_on=one.due_on)
            for one in await reminders.list_due(work)
        ]
    )


def _document(found: Document | None) -> DocumentOut | None:
    return None if found is None else DocumentOut(document=found.document, digest=found.digest)
