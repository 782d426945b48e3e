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
Number = Annotated[int, Field(strict=True, ge=-(10**12), le=10**12)]
OfficialName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Base64 = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]


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


class BoundsIn(Model):
    """Between which numbers members may choose, both included, in the unit that the motion names."""

    lowest: Number
    highest: Number


class WitnessIn(Model):
    """A witness's name and key, as `khan witness` prints them."""

    name: OfficialName = Field(examples=["council.example/witness"])
    key: Base64 = Field(description="Ed25519 public key, base64.")


class WitnessOut(Model):
    """A witness: polls that open from now on name it."""

    name: str
    key: str


class WitnessesOut(Model):
    """Everybody who witnesses polls, by name."""

    witnesses: list[WitnessOut]


class TrusteeIn(Model):
    """A trustee and the key that signs for them."""

    name: OfficialName
    key: Base64


class TrusteesIn(Model):
    """`terms.json` of `khan trustees deal`."""

    poll_id: UUID
    election_key: Base64 = Field(description="What ballots are sealed to.")
    needed: Annotated[int, Field(strict=True, ge=1, le=20)]
    people: Annotated[list[TrusteeIn], Field(min_length=1, max_length=20)]


class StatementIn(Model):
    """A trustee's signature over the board as it ended."""

    trustee: OfficialName
    at_ms: Annotated[int, Field(strict=True, ge=0, lt=1 << 53)]
    signature: Base64


class ReleaseIn(Model):
    """What `khan trustees release` writes."""

    poll_id: UUID
    trustee: OfficialName
    statement: StatementIn
    share_number: Annotated[int, Field(strict=True, ge=1, le=255)]
    share: Base64


class PollOfficialsOut(Model):
    """Who has a part in a poll, and what it waits for."""

    poll_id: UUID
    motion_id: UUID
    member_class: MemberClass | None
    tier: str
    state: str
    trustees: list[str]
    needed: int | None = Field(description="So many trustees open the ballots.")
    released: list[str] = Field(description="Trustees who gave their shares up.")
    missing: list[str] = Field(description="What keeps it from opening, or from being counted.")


class DecisionIn(Model):
    """The meeting at which hands were raised by name; more for than against carries an amendment."""

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
