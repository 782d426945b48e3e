"""What members send, and what is shown of motions: with names to members, without to everybody."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from doorway.government.asked import AskedOut, AsksIn, TextAskedIn
from doorway.schemas import Model
from governance.matter import MemberClass
from governance.motion import MotionState
from rulebook.rule import RuleKind

TEXT_EXAMPLES = ["The office opens on Saturdays, from 9 to 13."]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=60_000)]
"""Longer than a body may be is no text of a motion."""
MatterCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ProposalIn(Model):
    """What you move. The text of a rule is its whole body as JSON; see the rule in force at
    `/public/v1/rules/{kind}`."""

    title: Title
    text: Text = Field(examples=TEXT_EXAMPLES)
    matter: MatterCode = Field(description="A matter of the bylaws, which says what it takes.")
    rule_kind: RuleKind | None = Field(
        default=None, description="The rule it writes if it passes; left out: a resolution."
    )
    asks: AsksIn = Field(
        default_factory=TextAskedIn,
        description="What those who vote are asked, of the kind that the matter decides by; left "
        "out: the text, for or against.",
    )


class NominationIn(Model):
    """Whom you propose for an election; left out: yourself."""

    member_id: UUID | None = None


class StandIn(Model):
    """The name by which you are on the ballot."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class AmendmentIn(Model):
    """The whole text as you would have it; what changes is shown to everybody."""

    text: Text


OpenChoice = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,20}$")] | dict[str, Any]
"""A mark, or the document of a choice."""


class ChoiceIn(Model):
    """A ballot in an open vote; another one before the close takes its place."""

    choice: OpenChoice = Field(
        description="for, against or abstain; or the document of a choice as the ballot bundle has "
        'it: {"value": 120}, {"ranks": [[2], [1]]}, {"approved": [1, 3]}.'
    )


class ClassOut(Model):
    """One of the classes you are a member in."""

    member_class: MemberClass
    since: datetime


class ChangeOut(Model):
    """One line of a membership's history."""

    kind: str
    at: datetime
    member_class: MemberClass | None
    reason: str


class MembershipOut(Model):
    """How somebody stands with the co-operative today."""

    member_id: UUID | None = Field(description="Null for somebody who never joined.")
    classes: list[ClassOut]
    may_vote_as: MemberClass | None = Field(
        description="The class whose vote they have, on a matter of every class with one."
    )
    reason: str | None = Field(description="Why they have none, by code.")
    words: str | None = Field(description="The same for people.")
    suspended_at: datetime | None
    appealed_at: datetime | None
    behind_since: datetime | None
    history: list[ChangeOut]


class MotionLineOut(Model):
    """A motion in a list."""

    motion_id: UUID
    title: str
    matter: str
    rule_kind: str | None
    state: MotionState
    proposed_at: datetime
    seconds: int
    opens_at: datetime | None
    closes_at: datetime | None


class MotionsOut(Model):
    """The newest first."""

    motions: list[MotionLineOut]
    before: UUID | None = Field(description="Ask with it for what is older; null at the end.")


class AmendmentOut(Model):
    """Another text for a motion, shown as what it changes."""

    amendment_id: UUID
    state: str = Field(description="waiting, accepted, put_to_vote, carried or defeated")
    amends_version: int
    proposed_at: datetime
    text: str
    diff: str = Field(description="Unified, by lines: - goes, + comes.")
    votes_for: int | None
    votes_against: int | None


class TimetableOut(Model):
    """When a vote was called, its text is frozen, it opens, and it is over."""

    notice_at: datetime
    corrected_until: datetime = Field(description="Until when the roll can be corrected.")
    freezes_at: datetime
    opens_at: datetime
    closes_at: datetime


class RollOut(Model):
    """The roll as published at the opening: how many, and the hash over their salted hashes."""

    size: int
    digest: str


class AnswerOut(Model):
    """What the board says."""

    text: str
    at: datetime


class FollowUpOut(Model):
    """What became of a decision."""

    text: str
    done_percent: int
    at: datetime


class CertificateOut(Model):
    """The result; `digest` is the SHA-256 of `document` as canonical JSON (sorted keys, no
    spaces, UTF-8)."""

    digest: str
    has_passed: bool
    document: dict[str, Any]


class EnactedOut(Model):
    """The rule that a motion wrote; `/public/v1/rules/{kind}/{version}` leads back."""

    rule_id: UUID
    kind: RuleKind
    version: int
    valid_from: datetime


class MotionOut(AskedOut):
    """A motion as everybody may read it: nobody is named."""

    motion_id: UUID
    title: str
    matter: str
    rule_kind: str | None
    state: MotionState
    proposed_at: datetime
    version: int
    text: str
    texts: list[str] = Field(description="Every version, the oldest first.")
    amendments: list[AmendmentOut]
    seconds: int
    seconds_missing: int | None = Field(description="Null once nobody needs to stand behind it.")
    tier: str | None = Field(description="open, detached or sealed; null before the notice")
    timetable: TimetableOut | None
    roll: RollOut | None
    answer_by: date | None
    answer: AnswerOut | None
    is_answer_overdue: bool
    review_on: date | None
    follow_ups: list[FollowUpOut]
    certificate: CertificateOut | None
    rule: EnactedOut | None


class MemberOut(Model):
    """A member by name."""

    member_id: UUID
    name: str


class PartOut(Model):
    """Your own part in a motion."""

    is_mover: bool
    has_seconded: bool
    on_roll: bool | None = Field(description="Null before the notice.")
    member_class: MemberClass | None
    reason: str | None = Field(description="Why you are not on the roll, by code.")
    words: str | None = Field(description="The same for people.")
    choice: str | None = Field(description="Your last ballot, in an open vote.")


class MemberMotionOut(MotionOut):
    """A motion as members read it; to whoever is no member today, nobody is named."""

    mover: MemberOut | None
    seconders: list[MemberOut]
    nominated: list[MemberOut] = Field(
        description="Whoever is proposed and has not withdrawn, standing or not yet."
    )
    withdrawn: list[MemberOut] = Field(description="Whoever was proposed and does not stand.")
    amended_by: dict[str, MemberOut] = Field(description="Who wrote each amendment.")
    mine: PartOut


class VoteToldOut(Model):
    """What a live socket says of a vote."""

    motion_id: UUID
    title: str
    state: MotionState
    opens_at: datetime | None
    closes_at: datetime | None


class AmendmentMadeOut(Model):
    """Your amendment stands beside the text, for the mover to accept or members to decide."""

    amendment_id: UUID
    diff: str


class ChoiceOut(Model):
    """What your last ballot says."""

    choice: str | None = Field(
        description="for, against, abstain; or the document of a choice, as canonical JSON."
    )


class OpenBallotOut(Model):
    """What a member said in an open vote."""

    member: MemberOut
    member_class: MemberClass
    choice: str


class OpenBallotsOut(Model):
    """The last ballot of each, by member."""

    ballots: list[OpenBallotOut]
    after: UUID | None = Field(description="Ask with it for more; null at the end.")
