"""What the secretary sends about meetings, outages and appeals."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.government.meeting_schemas import AppealOut, Instant, Mark, Note, Said
from doorway.government.schemas import MatterCode, Title
from doorway.schemas import Model
from governance.meeting import RecordKind

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Free = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]


class ItemIn(Model):
    """One line of an agenda."""

    title: Title
    subject: MatterCode | None = Field(
        default=None, description="A word of the bylaws' exceptions, if it falls under one."
    )
    motion_id: UUID | None = None


class MeetingIn(Model):
    """A notice: when, where, and the whole business."""

    title: Title
    place: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    held_at: Instant
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=100)]
    matter: MatterCode = Field(default="ordinary", description="Whose quorum it needs.")
    consents: Annotated[list[UUID], Field(max_length=1000)] = Field(
        default=[], description="Who agreed to a shorter notice on paper that you have seen."
    )
    short_notice_id: UUID | None = Field(
        default=None,
        description="What members agreed to by themselves; the meeting is exactly that one.",
    )
    requisition_id: UUID | None = None
    resumes: UUID | None = Field(default=None, description="The meeting that was adjourned.")


class ShortNoticeIn(Model):
    """The meeting as it would be called; nothing of it can be another once members agree."""

    title: Title
    place: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    held_at: Instant
    business: Annotated[list[Title], Field(min_length=1, max_length=100)]


class RecordIn(Model):
    """Something that happens now. A member belongs to arrived, left and conflict_declared; an item
    to item_begun, conflict_declared, said and decided."""

    kind: RecordKind
    member_id: UUID | None = None
    item: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    text: Free = ""


class HandIn(Model):
    """A hand that is raised, by name."""

    amendment_id: UUID
    member_id: UUID
    choice: Mark = Field(description="for, against or abstain")


class MinutesCorrectionIn(Model):
    """What minutes should say, and who asked for it."""

    text: Said
    asked_by: UUID


class OutageIn(Model):
    """Who was down when."""

    part: MatterCode = Field(description="service, box, desk_secretary or desk_city_clerk")
    since: Instant
    until: Instant
    cause: Note


class OutageOut(Model):
    """An outage on record."""

    outage_id: UUID


class LotIn(Model):
    """The SHA-256 of a seed of 32 bytes that will draw a jury."""

    commitment: Digest


class JuryIn(Model):
    """The seed that was sealed, hexadecimal."""

    secret: Digest


class FindingIn(Model):
    """What the jury found. A result that is set aside says what holds instead."""

    affected: Annotated[int, Field(strict=True, ge=0, le=2_000_000)]
    reasons: Said
    instead: Free = ""
    paid: Free = Field(
        default="", description="What was paid by the result, and how it is settled."
    )


class OfficeAppealsOut(Model):
    """The newest first."""

    appeals: list[AppealOut]
    stayed: list[UUID] = Field(description="Motions whose result nobody should act on yet.")
