"""Meetings, requests, proxies, appeals and what is due, as they are sent and shown."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from doorway.government.schemas import MemberOut, OpenChoice, Title
from doorway.schemas import Model
from governance.meeting import RecordKind

Instant = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))
]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
Mark = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")]
BallotCount = Annotated[int, Field(strict=True, ge=1, le=2_000_000)]


class MeetingLineOut(Model):
    """A meeting in a list."""

    meeting_id: UUID
    title: str
    place: str
    notice_at: datetime
    held_at: datetime
    matter: str
    state: str = Field(description="called, open, adjourned or closed")
    has_minutes: bool


class MeetingsOut(Model):
    """The latest first."""

    meetings: list[MeetingLineOut]


class ItemOut(Model):
    """One line of an agenda."""

    number: int
    title: str
    subject: str | None
    motion_id: UUID | None


class RecordOut(Model):
    """One thing that happened; whose doing it was stands for members of the co-operative."""

    kind: RecordKind
    at: datetime
    member_id: UUID | None
    item: int | None
    text: str


class MeetingOut(Model):
    """A meeting as it is now, with the quorum of this moment."""

    meeting_id: UUID
    title: str
    place: str
    notice_at: datetime
    held_at: datetime
    matter: str
    agenda: list[ItemOut]
    item_at_hand: int | None
    is_open: bool
    over_at: datetime | None
    counted: int = Field(description="How many count for the quorum, without who stands aside.")
    needed: int
    has_quorum: bool
    present: list[MemberOut]
    record: list[RecordOut]


class AdditionOut(Model):
    """A correction of minutes, which stands beside them."""

    text: str
    at: datetime


class MinutesOut(Model):
    """Minutes as drafted from the record. Members stand in them by number: a text that stays for
    ever names nobody."""

    meeting_id: UUID
    text: str
    digest: str = Field(description="SHA-256 of the text.")
    due_at: datetime
    drafted_at: datetime
    corrections: list[AdditionOut]


class MemberMinutesOut(MinutesOut):
    """The same for members: who the numbers are."""

    named: list[MemberOut]


class RequisitionIn(Model):
    """What the meeting is for."""

    title: Title
    business: Annotated[list[Title], Field(min_length=1, max_length=50)]


class RequisitionOut(Model):
    """A request for a meeting. With enough members behind it the board must call one."""

    requisition_id: UUID
    title: str
    business: list[str]
    signed: int
    is_mine: bool = Field(description="Whether you signed it.")


class ShortNoticeOut(Model):
    """A meeting at shorter notice that members are asked to agree to; how many have, not who."""

    short_notice_id: UUID
    title: str
    place: str
    held_at: datetime
    business: list[str]
    agreed: int
    members: int = Field(description="How many there are today.")
    share: str = Field(description="Of them, so many must agree.", examples=["9/10"])
    is_enough: bool = Field(description="Whether the office may send the notice.")
    is_mine: bool | None = Field(description="Whether you agreed; null in the office.")
    meeting_id: UUID | None = Field(description="The meeting, once its notice is sent.")


class ShortNoticesOut(Model):
    """The soonest first."""

    asked: list[ShortNoticeOut]


class ProxyIn(Model):
    """Who votes for you, and what, if you bind them."""

    holder: UUID
    instructed: OpenChoice | None = Field(
        default=None,
        description="for, against or abstain; or the document of a choice, as of your own ballot.",
    )


class ProxyOut(Model):
    """A proxy that you gave, or that was given to you."""

    proxy_id: UUID
    giver: MemberOut
    holder: MemberOut
    given_at: datetime
    instructed: str | None
    revoked_at: datetime | None
    used_at: datetime | None


class ProxiesOut(Model):
    """Those that you gave and those that you hold in one vote."""

    proxies: list[ProxyOut]


class ConflictIn(Model):
    """What your interest is."""

    interest: Note


class AppealIn(Model):
    """What went wrong, and how many ballots it concerns."""

    complaint: Said
    affected: BallotCount


class FindingVoteIn(Model):
    """Whether you, of the jury, uphold the complaint."""

    upholds: Annotated[bool, Field(strict=True)]


class DocumentOut(Model):
    """A document as published, and the SHA-256 of its canonical text."""

    document: dict[str, Any]
    digest: str


class OutcomeOut(Model):
    """An appeal as everybody may read it: what it came to, and what draws its jury again."""

    appeal_id: UUID
    motion_id: UUID
    lodged_at: datetime
    affected: int
    margin: int | None = Field(description="Ballots that would have altered it; null: unknown.")
    stays: bool = Field(description="Whether the result is stayed until it is heard.")
    commitment: str | None
    secret: str | None
    jurors: int
    votes: int
    upheld: bool | None = Field(description="Null until the jury has found.")
    sets_aside: bool | None
    finding: DocumentOut | None
    correction: DocumentOut | None


class OutcomesOut(Model):
    """The newest first."""

    appeals: list[OutcomeOut]


class AppealOut(OutcomeOut):
    """The same for members: the complaint, and who hears it."""

    complaint: str
    is_mine: bool
    jury: list[MemberOut]


class AppealsOut(Model):
    """The newest first."""

    appeals: list[AppealOut]


class DueOut(Model):
    """Something that should have been done by a day."""

    what: str = Field(description="answer_overdue, review_due or minutes_overdue")
    subject: UUID = Field(description="The motion, or the meeting.")
    due_on: date


class RemindersOut(Model):
    """The oldest first."""

    due: list[DueOut]
