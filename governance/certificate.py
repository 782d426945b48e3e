"""Certificates: what a vote came to, as one document with one hash that anyone can work out again."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from governance.counting.document import document_of
from governance.counting.marks import MarkPaper
from governance.counting.share import ShareCount, ShareVote, count_for_against
from governance.electoral_roll import ElectoralRoll
from governance.matter import Matter, MemberClass
from governance.motion import Motion, MotionId
from rulebook.rule import canonical, digest_of

FORMAT = "khan-cars certificate 1"
MarkCount = tuple[MemberClass, str, int]
"""Class, mark, and how many members' last ballots say just that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The result of a vote for or against.

    Attributes
    ----------
    count
        Of everybody's last ballots.
    each_class
        Of those classes each of which must pass it by itself.
    """

    motion_id: MotionId
    roll_size: int
    roll_digest: str
    text_digest: str
    matter: str
    certified_at: datetime
    certified_by: str
    count: ShareCount
    each_class: tuple[tuple[MemberClass, ShareCount], ...]

    @property
    def has_passed(self) -> bool:
        """Whether the whole passed it, and each class that must."""
        return self.count.passed and all(count.passed for _, count in self.each_class)

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
            "count": document_of(self.count),
            "each_class": {str(one): document_of(count) for one, count in self.each_class},
        }
        return canonical(document).decode()

    @property
    def digest(self) -> str:
        """SHA-256 of the document, in hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def certify_count(
    motion: Motion,
    matter: Matter,
    roll: ElectoralRoll,
    marks: Iterable[MarkCount],
    *,
    certified_at: datetime,
    certified_by: str,
) -> Certificate:
    """Count a vote for or against by what the bylaws of its notice ask for.

    Parameters
    ----------
    marks
        Each member's last ballot.
    certified_by
        The returning officer, by name.
    """
    given = tuple(marks)
    whole = count_for_against(
        ShareVote(
            title=motion.title,
            required=matter.required,
            papers=_papers(given),
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
                    papers=_papers(mark for mark in given if mark[0] == one),
                    eligible=max(1, roll.size_of(one)) if matter.is_of_all else None,
                )
            ),
        )
        for one in matter.pass_each
    )
    return Certificate(
        motion_id=motion.motion_id,
        roll_size=roll.size,
        roll_digest=roll.digest,
        text_digest=digest_of(motion.text),
        matter=matter.code,
        certified_at=certified_at,
        certified_by=certified_by,
        count=whole,
        each_class=each,
    )


def _papers(marks: Iterable[MarkCount]) -> tuple[MarkPaper, ...]:
    return tuple(MarkPaper(mark=mark, count=count) for _, mark, count in marks)
