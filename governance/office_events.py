"""What is announced around votes: meetings, minutes, extensions, appeals, and what is due.

No announcement tells who was there, who stood aside, who withdrew, who voted, or who appealed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import UUID

TOPIC = "governance.office"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingRequested(Event):
    """Enough members asked for a meeting; the board must call it."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "meeting_requested"
    requisition_id: UUID

    @property
    def key(self) -> str:
        """The request: it is reached once."""
        return f"{self.kind}:{self.requisition_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortNoticeAsked(Event):
    """Members are asked to agree to a meeting at shorter notice than the bylaws'."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "short_notice_asked"
    short_notice_id: UUID
    title: str
    held_at: datetime

    @property
    def key(self) -> str:
        """What is asked: once."""
        return f"{self.kind}:{self.short_notice_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortNoticeAgreed(Event):
    """Enough members agreed to a shorter notice, with the `number`-th consent; it can be sent."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "short_notice_agreed"
    short_notice_id: UUID
    number: int

    @property
    def key(self) -> str:
        """What they agreed to, and which consent made it enough; after others join, another may."""
        return f"{self.kind}:{self.short_notice_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingCalled(Event):
    """The notice of a meeting was sent: when it is held, and its business."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "meeting_called"
    meeting_id: UUID
    title: str
    held_at: datetime
    agenda: list[str]

    @property
    def key(self) -> str:
        """The meeting: it is called once."""
        return f"{self.kind}:{self.meeting_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeetingStepped(Event):
    """A meeting was opened, decided an item, was adjourned or closed."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "meeting_stepped"
    meeting_id: UUID
    number: int
    step: str

    @property
    def key(self) -> str:
        """The line of the meeting's record."""
        return f"{self.kind}:{self.meeting_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MinutesDrafted(Event):
    """The minutes of a meeting were drafted, with the hash of their text."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "minutes_drafted"
    meeting_id: UUID
    digest: str

    @property
    def key(self) -> str:
        """The meeting: its minutes are drafted once."""
        return f"{self.kind}:{self.meeting_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteExtended(Event):
    """The time in which nobody could vote was given back: the vote closes later."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "vote_extended"
    motion_id: UUID
    number: int
    closes_at: datetime

    @property
    def key(self) -> str:
        """The vote and the extension's number."""
        return f"{self.kind}:{self.motion_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateWithdrew(Event):
    """A candidate withdrew, the `number`-th of this election; `left` still stand for `seats`."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "candidate_withdrew"
    motion_id: UUID
    number: int
    left: int
    seats: int

    @property
    def key(self) -> str:
        """The election, and how many had withdrawn."""
        return f"{self.kind}:{self.motion_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealLodged(Event):
    """A member appealed against a result; `stays` tells whether it is stayed until the finding."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "appeal_lodged"
    appeal_id: UUID
    motion_id: UUID
    stays: bool

    @property
    def key(self) -> str:
        """The appeal."""
        return f"{self.kind}:{self.appeal_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class JuryDrawn(Event):
    """The jury of an appeal was drawn by lot; anyone can draw it again from `secret` (hexadecimal)."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "jury_drawn"
    appeal_id: UUID
    secret: str

    @property
    def key(self) -> str:
        """The appeal: its jury is drawn once."""
        return f"{self.kind}:{self.appeal_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealFound(Event):
    """A jury found on an appeal; `sets_aside` tells whether the result stands no more."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "appeal_found"
    appeal_id: UUID
    motion_id: UUID
    upheld: bool
    sets_aside: bool

    @property
    def key(self) -> str:
        """The appeal: it is found on once."""
        return f"{self.kind}:{self.appeal_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderDue(Event):
    """Something has fallen due: `what` is answer_overdue, review_due or minutes_overdue.

    `subject` is the motion, or the meeting; `due_on` a local day, ISO 8601.
    """

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "reminder_due"
    what: str
    subject: UUID
    due_on: str

    @property
    def key(self) -> str:
        """What is told, once, of its subject."""
        return f"{self.kind}:{self.what}:{self.subject}"
