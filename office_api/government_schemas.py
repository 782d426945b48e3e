"""What the secretary and the returning officer send and get."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.schemas import Model, Reason
from governance.matter import MemberClass
from governance.member import ChangeKind

BoardText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)
]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]


class MemberIn(Model):
    """A person to take in, and as what."""

    person_id: UUID
    member_class: MemberClass


class MemberChangeIn(Model):
    """What happened to a membership. A class belongs to `joined` and `left`, and to nothing else; a
    suspension gives its reason."""

    kind: ChangeKind
    member_class: MemberClass | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""


class NoticeIn(Model):
    """When the vote opens, by the city's calendar; left out: the first day that the bylaws allow."""

    opens_on: Day | None = None


class DecisionIn(Model):
    """At which meeting hands were raised on an amendment; more for than against carries it."""

    meeting_id: UUID


class AnswerIn(Model):
    """What the board says to the members."""

    text: BoardText


class FollowUpIn(Model):
    """What became of a decision."""

    text: BoardText
    done_percent: Annotated[int, Field(strict=True, ge=0, le=100)]


class CorrectionIn(Model):
    """A class puts a member on the roll; none strikes them off."""

    member_id: UUID
    member_class: MemberClass | None = None
    reason: Reason


class RollNoteOut(Model):
    """A member left out, struck off or added, and why."""

    member_id: UUID
    what: str = Field(description="left_out, struck or added")
    reason: str
    member_class: MemberClass | None


class RollShownOut(Model):
    """A roll as it stands. Who is on it is not listed: every member can ask about themselves."""

    size: int
    by_class: dict[str, int]
    corrected_until: datetime
    published_digest: str | None = Field(description="Null until it is published at the opening.")
    notes: list[RollNoteOut]
