"""Meetings from the call to the minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID
from governance.bylaws import Bylaws, parse_bylaws
from governance.errors import MeetingClash
from governance.meeting import Item, Meeting, Record, RecordKind, call_meeting, minutes_of, went_on
from governance.member import MemberId
from governance.office_errors import (
    MeetingNotFound,
    MinutesClash,
    RequisitionRefused,
    ShortNoticeRefused,
)
from governance.office_events import (
    MeetingCalled,
    MeetingRequested,
    MeetingStepped,
    MinutesDrafted,
)
from governance.service.membership import bylaws_now, get_member
from governance.service.motions import check_standing, get_motion
from governance.service.short_notices import agreed_to
from governance.store import meetings as store
from governance.store import members as member_store
from governance.store.meetings import Addition, Grounds, Minutes, Requisition, StoredMeeting
from governance.store.short_notices import Asked
from rulebook.rule import RuleKind
from rulebook.service import get_rule, in_force
from storage.refusals import constraint_of
from storage.work import UnitOfWork

TOLD = frozenset({RecordKind.OPENED, RecordKind.DECIDED, RecordKind.ADJOURNED, RecordKind.CLOSED})
"""What of a meeting is announced; who comes and goes is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A meeting as it is to be called.

    Attributes
    ----------
    matter
        Of the bylaws, whose quorum this meeting needs.
    consents
        Who agreed on paper to a shorter notice.
    short_notice_id
        What members agreed to by themselves (`governance.service.short_notices`).
    requisition_id
        The members' request that it answers.
    resumes
        The adjourned meeting that it goes on with.
    """

    title: str
    place: str
    held_at: datetime
    items: tuple[Item, ...]
    matter: str = "ordinary"
    consents: tuple[MemberId, ...] = ()
    requisition_id: UUID | None = None
    resumes: UUID | None = None
    short_notice_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A meeting as it is now: who is there, who counts, how many are needed."""

    meeting: Meeting
    present: tuple[MemberId, ...]
    counted: int
    needed: int
    has_quorum: bool


async def request_meeting(
    work: UnitOfWork, *, title: str, business: Sequence[str], by: MemberId
) -> UUID:
    """Ask for a meeting; the first of the share of members that can call one.

    Raises
    ------
    RequisitionRefused
        If it names no business.
    NotYoursToDo
        If they are no member in good standing.
    """
    named = tuple(one.strip() for one in business if one.strip())
    if not named or not title.strip():
        raise RequisitionRefused("it names no business")
    requisition_id = work.new_id()
    await store.insert_requisition(work, requisition_id, title=title.strip(), business=named)
    await sign_request(work, requisition_id, by=by)
    return requisition_id


async def sign_request(work: UnitOfWork, requisition_id: UUID, *, by: MemberId) -> bool:
    """Ask for that meeting, too; whether enough members do now.

    Raises
    ------
    RequisitionRefused
        If there is no such request, or they signed it.
    NotYoursToDo
        If they are no member in good standing.
    """
    bylaws = await bylaws_now(work)
    await check_standing(work, by, bylaws)
    await store.lock_requisition(work, requisition_id)
    request = await _requisition(work, requisition_id)
    if by in request.signed:
        raise RequisitionRefused("they have signed it already")
    await store.insert_signature(work, requisition_id, by)
    members = await member_store.count_members(work)
    before, after = (
        Fraction(signed, max(1, members)) >= bylaws.meeting.requisition
        for signed in (len(request.signed), len(request.signed) + 1)
    )
    if after and not (before and request.signed):
        work.announce(
            MeetingRequested(
                event_id=work.new_id(), occurred_at=work.now, requisition_id=requisition_id
            )
        )
    return after


async def call(work: UnitOfWork, called: Call) -> StoredMeeting:
    """Send the notice of a meeting.

    Raises
    ------
    NoticeTooShort
        If there are too few clear days, and too few agreed.
    MeetingClash
        If it has no agenda, is held in the past, or goes on with a meeting that was not adjourned.
    RequisitionRefused
        If too few members ask for it, or the agenda leaves out what they ask for.
    ShortNoticeRefused
        If members agreed to another meeting, or to one that is called.
    MatterUnknown, MeetingNotFound, MotionNotFound, MemberNotFound
        As they say.
    """
    await _check_named(work, called)
    rule = await in_force(work, RuleKind.BYLAWS, work.now)
    bylaws = parse_bylaws(rule.body)
    if called.held_at <= work.now:
        raise MeetingClash("it would be held before its notice")
    joined = await _joined(work)
    members = len(joined)
    meeting = Meeting(
        title=called.title.strip(),
        notice_at=work.now,
        held_at=called.held_at,
        agenda=tuple(one.title for one in called.items),
        quorum=bylaws.get_matter(called.matter).quorum,
        members=members,
        resumes=called.resumes is not None,
        adjourned_at=None if called.resumes is None else await _adjourned(work, called.resumes),
    )
    if called.requisition_id is not None:
        await _check_requisition(work, called, bylaws, members=members)
    grounds = await _grounds(work, called)
    consenting = len(joined & set(grounds.consenting))
    call_meeting(meeting, bylaws=bylaws, consent=Fraction(consenting, max(1, members)))
    stored = StoredMeeting(
        meeting_id=work.new_id(),
        meeting=meeting,
        place=called.place.strip(),
        bylaws_rule_id=rule.rule_id,
        matter=called.matter,
        items=called.items,
        exempt_words=(),
    )
    await _insert(work, stored, grounds)
    work.announce(
        MeetingCalled(
            event_id=work.new_id(),
            occurred_at=work.now,
            meeting_id=stored.meeting_id,
            title=meeting.title,
            held_at=meeting.held_at,
            agenda=list(meeting.agenda),
        )
    )
    return stored


async def record(work: UnitOfWork, meeting_id: UUID, happened: Record) -> Live:
    """Write one more thing that happened at a meeting, in its order; raises as `went_on`.

    Raises
    ------
    MeetingNotFound, MemberNotFound
        If there is none.
    MeetingClash
        Also if it is said to happen later than now.
    """
    await store.lock_meeting(work, meeting_id)
    before, bylaws = await _meeting(work, meeting_id)
    if happened.member is not None:
        await get_member(work, happened.member)
    if happened.at > work.now:
        raise MeetingClash("nothing is written before it happens")
    after = went_on(before, happened, bylaws=bylaws)
    await store.insert_record(work, meeting_id, after)
    if happened.kind in TOLD:
        work.announce(
            MeetingStepped(
                event_id=work.new_id(),
                occurred_at=work.now,
                meeting_id=meeting_id,
                number=len(after.record),
                step=happened.kind,
            )
        )
    return _live(after, bylaws)


async def live(work: UnitOfWork, meeting_id: UUID) -> Live:
    """A meeting as it is now; raises `MeetingNotFound`."""
    return _live(*await _meeting(work, meeting_id))


async def draft_minutes(
    work: UnitOfWork, meeting_id: UUID, *, names: Mapping[MemberId, str]
) -> Minutes:
    """Draft the minutes from the record; what they say, the record says.

    Parameters
    ----------
    names
        What members are called in minutes; who has no name there stands with their number.

    Raises
    ------
    MinutesClash
        If the meeting is not over, or they are drafted already.
    MeetingNotFound
        If there is none.
    """
    await store.lock_meeting(work, meeting_id)
    meeting, bylaws = await _meeting(work, meeting_id)
    if meeting.over_at is None:
        raise MinutesClash("the meeting is not over")
    if await store.find_minutes(work, meeting_id) is not None:
        raise MinutesClash("they are drafted; what is wrong in them is corrected beside them")
    due_at = meeting.over_at + timedelta(hours=bylaws.minutes_draft_hours)
    late = "" if work.now <= due_at else f", late: they were due at {due_at.isoformat()}"
    said = minutes_of(meeting, bylaws=bylaws, names=tuple(names.items()))
    said += f"\n\nDrafted from the record at {work.now.isoformat()}{late}."
    digest = await store.insert_minutes(work, meeting_id, said, due_at=due_at)
    work.announce(
        MinutesDrafted(
            event_id=work.new_id(), occurred_at=work.now, meeting_id=meeting_id, digest=digest
        )
    )
    return Minutes(text=said, digest=digest, due_at=due_at, drafted_at=work.now, additions=())


async def correct_minutes(
    work: UnitOfWork, meeting_id: UUID, *, text: str, asked_by: MemberId
) -> Minutes:
    """Put a correction beside minutes, which stay as drafted.

    Raises
    ------
    MinutesClash
        If they are not drafted, or it says nothing.
    MeetingNotFound, MemberNotFound
        If there is none.
    """
    await store.lock_meeting(work, meeting_id)
    await stored_meeting(work, meeting_id)
    await get_member(work, asked_by)
    found = await store.find_minutes(work, meeting_id)
    if found is None or not text.strip():
        raise MinutesClash("there is nothing to correct" if found is None else "it says nothing")
    await store.insert_addition(work, meeting_id, text.strip(), asked_by=asked_by)
    added = Addition(text=text.strip(), asked_by=asked_by, at=work.now)
    return replace(found, additions=(*found.additions, added))


def _live(meeting: Meeting, bylaws: Bylaws) -> Live:
    return Live(
        meeting=meeting,
        present=meeting.present(),
        counted=meeting.counted(bylaws),
        needed=meeting.quorum_needed,
        has_quorum=meeting.has_quorum(bylaws),
    )


async def stored_meeting(work: UnitOfWork, meeting_id: UUID) -> StoredMeeting:
    """A meeting as it is kept.

    Raises
    ------
    MeetingNotFound
        If there is none.
    """
    found = await store.find_meeting(work, meeting_id)
    if found is None:
        raise MeetingNotFound(str(meeting_id))
    return found


async def bylaws_of(work: UnitOfWork, stored: StoredMeeting) -> Bylaws:
    """The bylaws that a meeting is judged by: those of its notice."""
    return parse_bylaws((await get_rule(work, stored.bylaws_rule_id)).body)


async def _meeting(work: UnitOfWork, meeting_id: UUID) -> tuple[Meeting, Bylaws]:
    stored = await stored_meeting(work, meeting_id)
    bylaws = await bylaws_of(work, stored)
    return stored.judged_by(bylaws), bylaws


async def _check_named(work: UnitOfWork, called: Call) -> None:
    """Whether the members and motions that a notice names are there."""
    for motion_id in {one.motion_id for one in called.items if one.motion_id is not None}:
        await get_motion(work, motion_id)
    for member_id in dict.fromkeys(called.consents):
        await get_member(work, member_id)


async def _grounds(work: UnitOfWork, called: Call) -> Grounds:
    """What the notice rests on; who agreed both by themselves and on paper is named once."""
    agreed: tuple[MemberId, ...] = ()
    if called.short_notice_id is not None:
        meeting = Asked(
            short_notice_id=called.short_notice_id, title=called.title.strip(),
            place=called.place.strip(), held_at=called.held_at,
            business=tuple(one.title for one in called.items),
        )  # fmt: skip
        agreed = await agreed_to(work, meeting)
    return Grounds(
        agreed=agreed,
        on_paper=tuple(one for one in dict.fromkeys(called.consents) if one not in agreed),
        short_notice_id=called.short_notice_id,
        requisition_id=called.requisition_id,
        resumes=called.resumes,
    )


async def _insert(work: UnitOfWork, stored: StoredMeeting, grounds: Grounds) -> None:
    """Write a notice; a request is answered once, an adjourned meeting goes on once."""
    try:
        await store.insert_meeting(work, stored, grounds=grounds)
    except IntegrityError as error:
        if constraint_of(error) == "called_once_for_a_requisition":
            raise RequisitionRefused("a meeting is called for it already") from None
        if constraint_of(error) == "resumed_once":
            raise MeetingClash("another meeting goes on with that one already") from None
        if constraint_of(error) == "called_once_as_agreed":
            raise ShortNoticeRefused("the meeting is called already") from None
        raise


async def _joined(work: UnitOfWork) -> frozenset[MemberId]:
    """Members of today."""
    return frozenset(one.member_id for one in await member_store.list_members(work) if one.joined)


async def _adjourned(work: UnitOfWork, meeting_id: UUID) -> datetime:
    before = (await stored_meeting(work, meeting_id)).meeting
    if not before.record or before.record[-1].kind is not RecordKind.ADJOURNED:
        raise MeetingClash("the meeting that it resumes was not adjourned")
    return before.record[-1].at


async def _requisition(work: UnitOfWork, requisition_id: UUID) -> Requisition:
    found = await store.find_requisition(work, requisition_id)
    if found is None:
        raise RequisitionRefused("there is no such request")
    return found


async def _check_requisition(
    work: UnitOfWork, called: Call, bylaws: Bylaws, *, members: int
) -> None:
    assert called.requisition_id is not None
    asked = await _requisition(work, called.requisition_id)
    if Fraction(len(asked.signed), max(1, members)) < bylaws.meeting.requisition:
        raise RequisitionRefused(f"only {len(asked.signed)} members ask for it")
    left_out = set(asked.business) - {one.title for one in called.items}
    if left_out:
        raise RequisitionRefused(f"its agenda leaves out {', '.join(sorted(left_out))}")
