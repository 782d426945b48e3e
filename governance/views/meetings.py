"""What people see of meetings: the list, a request with how many stand behind it, minutes."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from foundation.identifiers import UUID
from governance.office_errors import MeetingNotFound, MinutesClash, RequisitionRefused
from governance.store import meetings as store
from governance.store.meetings import Minutes, Requisition
from storage.work import Reading

_LIST = text("""
    SELECT meeting_id, title, place, notice_at, held_at, matter,
           (SELECT array_agg(kind) FROM governance.meeting_record AS one
            WHERE one.meeting_id = meeting.meeting_id
              AND kind IN ('opened', 'adjourned', 'closed')) AS steps,
           EXISTS (SELECT FROM governance.minutes AS one
                   WHERE one.meeting_id = meeting.meeting_id) AS has_minutes
    FROM governance.meeting ORDER BY held_at DESC, meeting_id DESC LIMIT :limit
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingLine:
    """A meeting in a list; `state` is called, open, adjourned or closed."""

    meeting_id: UUID
    title: str
    place: str
    notice_at: datetime
    held_at: datetime
    matter: str
    state: str
    has_minutes: bool


async def list_meetings(work: Reading, *, limit: int) -> tuple[MeetingLine, ...]:
    """Meetings, the latest first; one statement."""
    rows = (await work.execute(_LIST, {"limit": limit})).all()
    return tuple(
        MeetingLine(
            meeting_id=row.meeting_id, title=row.title, place=row.place, notice_at=row.notice_at,
            held_at=row.held_at, matter=row.matter, state=_state(row.steps or ()),
            has_minutes=row.has_minutes,
        )
        for row in rows
    )  # fmt: skip


def _state(steps: tuple[str, ...]) -> str:
    for step, state in (("closed", "closed"), ("adjourned", "adjourned"), ("opened", "open")):
        if step in steps:
            return state
    return "called"


async def get_minutes(work: Reading, meeting_id: UUID) -> Minutes:
    """The minutes of a meeting with their corrections.

    Raises
    ------
    MeetingNotFound
        If there is no such meeting.
    MinutesClash
        If they are not drafted yet.
    """
    found = await store.find_minutes(work, meeting_id)
    if found is None:
        if await store.find_meeting(work, meeting_id) is None:
            raise MeetingNotFound(str(meeting_id))
        raise MinutesClash("they are not drafted yet")
    return found


async def get_requisition(work: Reading, requisition_id: UUID) -> Requisition:
    """A request for a meeting.

    Raises
    ------
    RequisitionRefused
        If there is none.
    """
    found = await store.find_requisition(work, requisition_id)
    if found is None:
        raise RequisitionRefused("there is no such request")
    return found
