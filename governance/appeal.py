"""Appeals against a result: until when, how many ballots would have altered it, and who hears them.

A jury by lot hears an appeal. The seed is sealed before anybody appeals and mixed with the complaint,
so that neither who keeps it nor who appeals can choose the jury. A result is set aside if the jury
upholds the complaint and what it concerns could have altered the outcome; else it stands. Nothing
that was written is rewritten: the certificate stays, a correction stands beside it.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from foundation.identifiers import UUID
from governance.bylaws import Bylaws
from governance.counting.lots import SEED_BYTES, Lot, SeededLots, commitment_to
from governance.counting.share import RequiredShare
from governance.member import MemberId
from governance.motion import MotionId
from governance.office_errors import AppealClash
from rulebook.rule import canonical

FINDING_FORMAT = "khan-cars finding 1"
CORRECTION_FORMAT = "khan-cars correction 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A count for or against, as far as its margin depends on it.

    Attributes
    ----------
    quorum
        Ballots needed.
    eligible
        How many may vote, where the share is of all; None where it is of the votes cast.
    """

    votes_for: int
    votes_against: int
    abstentions: int
    quorum: int
    required: RequiredShare
    eligible: int | None = None

    @property
    def passed(self) -> bool:
        """Whether it carries the motion; as many for as against never does."""
        if self.votes_for + self.votes_against + self.abstentions < self.quorum:
            return False
        cast = self.votes_for + self.votes_against
        whole = cast if self.eligible is None else self.eligible
        return self.votes_for > self.votes_against and self.required.is_met_by(
            self.votes_for, whole
        )


def margin_of(tally: Tally, *, roll_size: int) -> int | None:
    """The fewest ballots that, changed, added or taken away, would have altered the outcome.

    Returns
    -------
    int or None
        None if no number of ballots of this roll would have.
    """
    reaches = _fails_without if tally.passed else _passes_with
    return next(
        (ballots for ballots in range(1, roll_size + 1) if reaches(tally, ballots, roll_size)), None
    )


def _fails_without(tally: Tally, ballots: int, roll_size: int) -> bool:
    """Whether it fails if `ballots` of those for were against, or not there."""
    turned = min(ballots, tally.votes_for)
    against = _changed(tally, for_=-turned, against=turned)
    gone = min(ballots, tally.votes_for)
    absent = _changed(tally, for_=-gone)
    fewer = tally.votes_for + tally.votes_against + tally.abstentions - ballots < tally.quorum
    return fewer or not against.passed or not absent.passed


def _passes_with(tally: Tally, ballots: int, roll_size: int) -> bool:
    """Whether it passes if `ballots` were for: new ones for the quorum, then turned, then new."""
    cast = tally.votes_for + tally.votes_against + tally.abstentions
    room = roll_size - cast
    new = max(0, tally.quorum - cast)
    if new > min(ballots, room):
        return False
    turned = min(ballots - new, tally.votes_against)
    roused = min(ballots - new - turned, tally.abstentions)
    more = min(ballots - new - turned - roused, room - new)
    return _changed(
        tally, for_=new + turned + roused + more, against=-turned, abstaining=-roused
    ).passed


def _changed(tally: Tally, *, for_: int = 0, against: int = 0, abstaining: int = 0) -> Tally:
    return Tally(
        votes_for=tally.votes_for + for_,
        votes_against=tally.votes_against + against,
        abstentions=tally.abstentions + abstaining,
        quorum=tally.quorum,
        required=tally.required,
        eligible=tally.eligible,
    )


def appeals_until(certified_at: datetime, bylaws: Bylaws) -> datetime:
    """The instant before which an appeal may be lodged: after the window's clear days."""
    calendar = bylaws.calendar
    return calendar.start_of(calendar.day_after_notice(certified_at, bylaws.appeal_days))


def stays_result(affected: int, margin: int | None) -> bool:
    """Whether an appeal stays the result until it is heard: unless the margin exceeds it.

    Parameters
    ----------
    affected
        How many ballots the complaint concerns.
    margin
        As `margin_of` gives it; None where it is not known, which never exceeds anything.
    """
    return margin is None or affected >= margin


@dataclass(frozen=True, slots=True, kw_only=True)
class Jury:
    """Who hears an appeal, in the order drawn, and the lot that anyone can draw again."""

    members: tuple[MemberId, ...]
    lot: Lot


def draw_jury(
    appeal_id: UUID, complaint: str, candidates: Iterable[MemberId], *, secret: bytes, size: int
) -> Jury:
    """Draw a jury.

    Parameters
    ----------
    candidates
        Those on the roll of the vote but whoever appeals, moved the motion, or has an interest.
    secret
        The 32 bytes behind the commitment that was published before.
    size
        How many hear it; all of them if there are fewer.
    """
    assert len(secret) == SEED_BYTES
    lots = SeededLots(hashlib.sha256(secret + complaint.encode()).digest())
    named = {str(one): one for one in candidates}
    lot = lots.draw(f"jury {appeal_id}", named)
    return Jury(members=tuple(named[one.of] for one in lot.tickets[:size]), lot=lot)


def check_secret(secret: bytes, commitment: str) -> None:
    """Whether a revealed secret is the one that was sealed.

    Raises
    ------
    AppealClash
        If it is not.
    """
    if len(secret) != SEED_BYTES or commitment_to(secret) != commitment:
        raise AppealClash("that is not the seed that was sealed before the appeal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a jury found.

    Attributes
    ----------
    affected
        How many ballots the fault concerned, as the jury found.
    margin
        Of the result; None where it is not known.
    """

    appeal_id: UUID
    motion_id: MotionId
    upholding: int
    votes: int
    affected: int
    margin: int | None
    reasons: str
    found_at: datetime

    @property
    def upheld(self) -> bool:
        """Whether more than half of those who voted uphold the complaint."""
        return 2 * self.upholding > self.votes

    @property
    def sets_aside(self) -> bool:
        """Whether the result does not stand."""
        return self.upheld and stays_result(self.affected, self.margin)

    @property
    def text(self) -> str:
        """The document, as canonical JSON."""
        return canonical(
            {
                "format": FINDING_FORMAT,
                "appeal": str(self.appeal_id),
                "motion": str(self.motion_id),
                "jury": {"upholding": self.upholding, "votes": self.votes},
                "affected": self.affected,
                "margin": self.margin,
                "upheld": self.upheld,
                "sets_aside": self.sets_aside,
                "reasons": self.reasons,
                "found_at": self.found_at.isoformat(),
            }
        ).decode()


def find(
    *,
    appeal_id: UUID,
    motion_id: MotionId,
    jury: tuple[int, int, int],
    affected: int,
    margin: int | None,
    reasons: str,
    found_at: datetime,
) -> Finding:
    """What the jury found.

    Parameters
    ----------
    jury
        How many were drawn, how many of them voted, how many of these uphold the complaint.

    Raises
    ------
    AppealClash
        If not more than half of the jury voted, or no reasons are given.
    """
    drawn, votes, upholding = jury
    if 2 * votes <= drawn:
        raise AppealClash(f"{votes} of {drawn} jurors have voted, and more than half must")
    if not reasons.strip():
        raise AppealClash("a finding gives its reasons")
    return Finding(
        appeal_id=appeal_id,
        motion_id=motion_id,
        upholding=upholding,
        votes=votes,
        affected=affected,
        margin=margin,
        reasons=reasons.strip(),
        found_at=found_at,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultCorrection:
    """What a result is from a finding on, beside the certificate that stays as it was.

    Attributes
    ----------
    instead
        What holds now, in the jury's words: void, to be voted again, or another winner.
    paid
        What was done by the result before, and who settles it; nothing of it is rewritten.
    corrected_rule
        Whether the rule that the result wrote is followed by the one that stood before.
    """

    finding: Finding
    certificate_digest: str
    instead: str
    paid: str
    corrected_rule: UUID | None

    @property
    def text(self) -> str:
        """The document, as canonical JSON."""
        rule = self.corrected_rule
        return canonical(
            {
                "format": CORRECTION_FORMAT,
                "motion": str(self.finding.motion_id),
                "certificate": self.certificate_digest,
                "finding": hashlib.sha256(self.finding.text.encode()).hexdigest(),
                "instead": self.instead,
                "paid": self.paid,
                "corrected_rule": None if rule is None else str(rule),
                "corrected_at": self.finding.found_at.isoformat(),
            }
        ).decode()
