"""For or against: a motion passes if its share of the votes for and against is what is required.

Shares are fractions, never rounded: 3/4 of 7 votes is 6 of them. An abstention counts for the
quorum and for nothing else. As many for as against: lost, whatever is required, since there is no casting vote
(Co-operatives UK, model rules); so less than one half cannot be required.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from governance.counting.errors import CountImpossible
from governance.counting.marks import ABSTAIN, MarkPaper, sift_marks
from governance.counting.ranked import BallotFigures

RULE = "for_against"
FOR = "for"
AGAINST = "against"
_SHARE = re.compile(r"(>=|>)\s*(\d{1,9}(?:/[1-9]\d{0,8}|\.\d{1,9})?)", flags=re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredShare:
    """What a share must come to, exactly: `least`, or more than it where `is_more` is set."""

    least: Fraction
    is_more: bool

    def __post_init__(self) -> None:
        if not Fraction(1, 2) <= self.least <= 1 or (self.is_more and self.least == 1):
            raise CountImpossible(f"the share required, {self}, is not from one half to all")

    def __str__(self) -> str:
        return f"{'>' if self.is_more else '>='}{self.least}"

    @classmethod
    def parse(cls, text: str) -> "RequiredShare":
        """A share as bylaws write it: ">1/2", ">=3/4", ">=0.75".

        Raises
        ------
        CountImpossible
            If it is not such a share, or less than one half, or more than all.
        """
        found = _SHARE.fullmatch(text.strip())
        if found is None:
            raise CountImpossible(f"{text[:40]!r} is no share like >1/2 or >=3/4")
        return cls(least=Fraction(found[2]), is_more=found[1] == ">")

    def is_met_by(self, part: int, whole: int) -> bool:
        """Whether `part` of `whole` votes is enough; nothing of nothing never is."""
        if not whole:
            return False
        share = Fraction(part, whole)
        return share > self.least if self.is_more else share >= self.least


class Outcome(StrEnum):
    """What became of a motion; the first reason that holds."""

    PASSED = "passed"
    NO_QUORUM = "no_quorum"
    TIE = "tie"
    NOT_ENOUGH = "not_enough"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareVote:
    """A vote for or against as it is to be counted.

    Attributes
    ----------
    required
        Of the votes for and against; with `eligible`, of all who may vote.
    quorum
        So many ballots for, against and abstaining are needed; empty and broken ones do not count.
    eligible
        How many may vote, where the bylaws ask for a share of these; else None.
    """

    title: str
    required: RequiredShare
    papers: tuple[MarkPaper, ...]
    quorum: int = 0
    eligible: int | None = None

    def __post_init__(self) -> None:
        if self.quorum < 0 or (self.eligible is not None and self.eligible < 1):
            raise CountImpossible("quorum and eligible cannot be below nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareCount:
    """A whole count; `share` is votes for over `whole`, None where `whole` is 0."""

    rule: str
    title: str
    ballots: BallotFigures
    votes_for: int
    votes_against: int
    abstentions: int
    quorum: int
    present: int
    required: str
    whole: int
    share: Fraction | None
    outcome: Outcome

    @property
    def passed(self) -> bool:
        """Whether the motion is carried."""
        return self.outcome is Outcome.PASSED


def count_for_against(vote: ShareVote) -> ShareCount:
    """Count a vote for or against.

    Parameters
    ----------
    vote
        What is required, and ballots that say "for", "against" or "abstain".

    Raises
    ------
    CountImpossible
        If more votes were cast than people may vote.
    """
    marks, ballots = sift_marks(vote.papers, _fault)
    votes_for, votes_against = marks.get(FOR, 0), marks.get(AGAINST, 0)
    if vote.eligible is not None and ballots.cast > vote.eligible:
        raise CountImpossible(f"{ballots.cast} ballots were cast, and {vote.eligible} may vote")
    whole = votes_for + votes_against if vote.eligible is None else vote.eligible
    if ballots.valid < vote.quorum:
        outcome = Outcome.NO_QUORUM
    elif votes_for == votes_against:
        outcome = Outcome.TIE
    elif vote.required.is_met_by(votes_for, whole):
        outcome = Outcome.PASSED
    else:
        outcome = Outcome.NOT_ENOUGH
    return ShareCount(
        rule=RULE, title=vote.title, ballots=ballots, votes_for=votes_for,
        votes_against=votes_against, abstentions=marks.get(ABSTAIN, 0), quorum=vote.quorum,
        present=ballots.valid, required=str(vote.required), whole=whole,
        share=Fraction(votes_for, whole) if whole else None, outcome=outcome,
    )  # fmt: skip


def _fault(mark: str) -> str | None:
    return None if mark in (FOR, AGAINST, ABSTAIN) else "it is none of for, against, abstain"
