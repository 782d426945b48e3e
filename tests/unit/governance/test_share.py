"""For or against, at the very edge of what is required."""

from fractions import Fraction
from typing import Any

import pytest

from governance.counting.errors import CountImpossible
from governance.counting.marks import MarkPaper
from governance.counting.share import (
    Outcome,
    RequiredShare,
    ShareCount,
    ShareVote,
    count_for_against,
)


def counted(
    votes_for: int, votes_against: int, abstain: int = 0, required: str = ">1/2", **others: Any
) -> ShareCount:
    """A count of so many votes."""
    ballots = {"for": votes_for, "against": votes_against, "abstain": abstain}
    papers = tuple(MarkPaper(mark=mark, count=count) for mark, count in ballots.items())
    share = RequiredShare.parse(required)
    return count_for_against(ShareVote(title="", required=share, papers=papers, **others))


@pytest.mark.parametrize(
    ("votes", "required", "outcome"),
    [
        ((6, 5), ">1/2", Outcome.PASSED),
        ((5, 5), ">1/2", Outcome.TIE),
        ((5, 5), ">=1/2", Outcome.TIE),
        ((5, 6), ">1/2", Outcome.NOT_ENOUGH),
        ((6, 1), ">=3/4", Outcome.PASSED),  # 3/4 of 7 is 5.25, so 6
        ((5, 2), ">=3/4", Outcome.NOT_ENOUGH),
        ((3, 1), ">=3/4", Outcome.PASSED),
        ((3, 1), ">3/4", Outcome.NOT_ENOUGH),
        ((3, 1), ">=0.75", Outcome.PASSED),
        ((2, 1), ">=2/3", Outcome.PASSED),
        ((200, 101), ">=2/3", Outcome.NOT_ENOUGH),
        ((7, 0), ">=1", Outcome.PASSED),
        ((7, 1), ">=1", Outcome.NOT_ENOUGH),
        ((0, 0), ">1/2", Outcome.TIE),
    ],
)
def test_the_share_is_exact(votes: tuple[int, int], required: str, outcome: Outcome) -> None:
    count = counted(*votes, required=required)
    assert count.outcome is outcome
    assert count.passed == (outcome is Outcome.PASSED)


def test_abstentions_count_for_the_quorum_and_for_nothing_else() -> None:
    assert counted(6, 4, 9, quorum=20).outcome is Outcome.NO_QUORUM
    count = counted(6, 4, 10, quorum=20)
    assert (count.outcome, count.share, count.present) == (Outcome.PASSED, Fraction(3, 5), 20)


def test_empty_and_broken_ballots_make_no_quorum() -> None:
    papers = tuple(MarkPaper(mark=mark) for mark in ("for", "", "For!", "perhaps"))
    vote = ShareVote(title="", required=RequiredShare.parse(">1/2"), papers=papers, quorum=2)
    count = count_for_against(vote)
    assert (count.outcome, count.present) == (Outcome.NO_QUORUM, 1)
    assert (count.ballots.empty, count.ballots.broken) == (1, 2)


def test_a_share_of_all_who_may_vote() -> None:
    assert counted(51, 0, required=">1/2", eligible=100).outcome is Outcome.PASSED
    assert counted(50, 0, required=">1/2", eligible=100).outcome is Outcome.NOT_ENOUGH
    with pytest.raises(CountImpossible, match="11 ballots were cast, and 10 may vote"):
        counted(11, 0, eligible=10)


@pytest.mark.parametrize(
    "text", ["1/2", "=1/2", ">1/0", ">=1/3", ">1", ">=3/2", ">=-1", "", ">=½", "> 0.5.1"]
)
def test_what_is_no_required_share_is_refused(text: str) -> None:
    with pytest.raises(CountImpossible):
        RequiredShare.parse(text)


@pytest.mark.parametrize("text", [">1/2", ">=3/4", ">=1"])
def test_a_share_is_written_as_it_is_read(text: str) -> None:
    assert str(RequiredShare.parse(text)) == text
