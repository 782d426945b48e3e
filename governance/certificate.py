"""Certificates: what a vote came to, as one document with one hash that anyone can work out again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundation.identifiers import UUID
from governance.asked import TextAsked, document_of_asked
from governance.ballots.choice import Choice, Mark, Question, RuleName
from governance.ballots.plain import Fields
from governance.counting.document import document_of
from governance.counting.marks import MarkPaper
from governance.counting.share import ShareCount, ShareVote, count_for_against
from governance.electoral_roll import ElectoralRoll
from governance.matter import Matter, MemberClass
from governance.motion import Motion, MotionId
from governance.results import count_by_rule
from rulebook.rule import canonical, digest_of

FORMAT = "khan-cars certificate 1"
PASSED = "passed"
NO_QUORUM = "no_quorum"
UNCHANGED = "unchanged"
NOBODY = "nobody_elected"
NOTHING = "nothing_selected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassVotes:
    """Ballots of one class, or of one poll.

    Attributes
    ----------
    member_class
        None where nobody asks for the class.
    votes
        Each different choice that could be followed, and how many ballots say it.
    broken
        Ballots that could not be followed.
    """

    member_class: MemberClass | None
    votes: tuple[tuple[Choice, int], ...]
    broken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSeal:
    """A poll that was counted, and the hash of its certificate."""

    poll_id: UUID
    member_class: MemberClass | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """All ballots of a vote, and what they are counted by.

    Attributes
    ----------
    question
        As on the ballots.
    lot_seed
        32 bytes that settle what votes leave equal.
    polls
        Those it is the sum of; none where names were shown.
    """

    question: Question
    ballots: tuple[ClassVotes, ...]
    lot_seed: bytes
    polls: tuple[PollSeal, ...] = ()

    @property
    def valid(self) -> int:
        """Ballots that could be followed, blank ones included: those that count for the quorum."""
        return sum(count for one in self.ballots for _, count in one.votes)

    @property
    def cast(self) -> int:
        """All ballots."""
        return self.valid + sum(one.broken for one in self.ballots)

    @property
    def votes(self) -> tuple[tuple[Choice, int], ...]:
        """Each different choice of all together, and how many ballots say it."""
        whole: dict[Choice, int] = {}
        for one in self.ballots:
            for choice, count in one.votes:
                whole[choice] = whole.get(choice, 0) + count
        return tuple(whole.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The result of a vote.

    Attributes
    ----------
    cast, valid, quorum
        Ballots, those of them that could be followed, and how many of these were needed.
    outcome
        `passed`, or the first reason why not. A number that stays, or texts none of which is better
        than what is, decide nothing: `unchanged`.
    count, each_class
        Of a vote for or against: of everybody's ballots, and of those classes each of which must pass it.
    result
        Of any other: the record of the count, as the ballot bundle publishes it.
    value
        The number decided.
    winner
        The number of the text that won.
    """

    motion_id: MotionId
    roll_size: int
    roll_digest: str
    text_digest: str
    asks_digest: str | None
    matter: str
    certified_at: datetime
    certified_by: str
    cast: int
    valid: int
    quorum: int
    outcome: str
    count: ShareCount | None = None
    each_class: tuple[tuple[MemberClass, ShareCount], ...] = ()
    question: Question | None = None
    result: Fields | None = None
    lot_seed: str | None = None
    value: int | None = None
    winner: int | None = None
    polls: tuple[PollSeal, ...] = ()

    @property
    def has_passed(self) -> bool:
        """Whether the whole passed it, and each class that must."""
        return self.outcome == PASSED and all(count.passed for _, count in self.each_class)

    @property
    def text(self) -> str:
        """The document, as canonical JSON."""
        document: dict[str, object] = {
            "format": FORMAT,
            "motion": str(self.motion_id),
            "matter": self.matter,
            "text_digest": self.text_digest,
            "roll": {"size": self.roll_size, "digest": self.roll_digest},
            "certified_at": self.certified_at.isoformat(),
            "certified_by": self.certified_by,
            "has_passed": self.has_passed,
            "count": self._count(),
            "each_class": {str(one): document_of(count) for one, count in self.each_class},
            "polls": [
                {"poll": str(one.poll_id), "member_class": one.member_class, "digest": one.digest}
                for one in self.polls
            ],
        }
        if self.asks_digest is not None:
            document["asks_digest"] = self.asks_digest
        return canonical(document).decode()

    def _count(self) -> object:
        if self.count is not None:
            return document_of(self.count)
        assert self.question is not None
        return {
            "outcome": self.outcome,
            "quorum": self.quorum,
            "ballots": {"cast": self.cast, "valid": self.valid},
            "question": self.question.document(),
            "result": self.result,
            "lot_seed": self.lot_seed,
        }

    @property
    def digest(self) -> str:
        """SHA-256 of the document, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def certify_count(
    motion: Motion,
    matter: Matter,
    roll: ElectoralRoll,
    box: Box,
    *,
    certified_at: datetime,
    certified_by: str,
) -> Certificate:
    """Count a vote by what the bylaws of its notice ask for.

    Parameters
    ----------
    certified_by
        The returning officer, by name.
    """
    by_rule = box.question.rule is RuleName.FOR_AGAINST
    counted = _share(motion, matter, roll, box) if by_rule else _by_rule(matter, roll, box)
    asked = motion.asks
    return Certificate(
        motion_id=motion.motion_id,
        roll_size=roll.size,
        roll_digest=roll.digest,
        text_digest=digest_of(motion.text),
        asks_digest=None if isinstance(asked, TextAsked) else digest_of(document_of_asked(asked)),
        matter=matter.code,
        certified_at=certified_at,
        certified_by=certified_by,
        cast=box.cast,
        valid=box.valid,
        quorum=matter.quorum.of(roll.size),
        polls=box.polls,
        **counted,
    )


def _share(motion: Motion, matter: Matter, roll: ElectoralRoll, box: Box) -> dict[str, Any]:
    whole = count_for_against(
        ShareVote(
            title=motion.title,
            required=matter.required,
            papers=_papers(box.ballots),
            quorum=matter.quorum.of(roll.size),
            eligible=max(1, roll.size) if matter.is_of_all else None,
        )
    )
    each = tuple(
        (
            one,
            count_for_against(
                ShareVote(
                    title=f"{motion.title} ({one})",
                    required=matter.required,
                    papers=_papers(part for part in box.ballots if part.member_class == one),
                    eligible=max(1, roll.size_of(one)) if matter.is_of_all else None,
                )
            ),
        )
        for one in matter.pass_each
    )
    return {"count": whole, "each_class": each, "outcome": whole.outcome.value}


def _by_rule(matter: Matter, roll: ElectoralRoll, box: Box) -> dict[str, Any]:
    result = count_by_rule(box.question, box.votes, lot_seed=box.lot_seed)
    value, winner = result.get("value"), result.get("winner")
    match box.question.rule:
        case RuleName.LOWER_MEDIAN:
            kept = UNCHANGED if value in (None, box.question.parameter("today")) else PASSED
        case RuleName.SCHULZE:
            kept = UNCHANGED if winner in (None, box.question.parameter("status_quo")) else PASSED
        case RuleName.SCOTTISH_STV:
            kept = PASSED if result["elected_numbers"] else NOBODY
        case _:
            kept = PASSED if result["selected_numbers"] else NOTHING
    has_quorum = box.valid >= matter.quorum.of(roll.size)
    return {
        "question": box.question,
        "result": result,
        "lot_seed": box.lot_seed.hex(),
        "outcome": kept if has_quorum else NO_QUORUM,
        "value": value,
        "winner": winner,
    }


def _papers(parts: Iterable[ClassVotes]) -> tuple[MarkPaper, ...]:
    return tuple(
        MarkPaper(mark=choice.mark, count=count)
        for part in parts
        for choice, count in part.votes
        if isinstance(choice, Mark)
    )
