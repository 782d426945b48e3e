"""Every ballot is counted once, as valid, empty or broken, and a broken one says why."""

import pytest

from governance.counting.ranked import Paper, sift
from tests.counting import ranked_vote


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ("2 1 2", "number 2 is ranked twice"),
        ("1 9", "number 9 is not on the ballot"),
        ("0 1", "number 0 is not on the ballot"),
        ("1=2 3", "two are at the same rank"),
        ("1 2 3", "it has 3 ranks and 2 are allowed"),
    ],
)
def test_a_ballot_that_cannot_be_followed_is_counted_and_named(marks: str, reason: str) -> None:
    vote = ranked_vote(f"3: {marks}", "4: 1", candidates=3, ranks_max=2)
    valid, figures = sift(vote)
    assert valid == {((1,),): 4}
    assert (figures.cast, figures.valid, figures.broken) == (7, 4, 3)
    (broken,) = figures.broken_ballots
    assert (broken.marks, broken.count, broken.reason) == (marks, 3, reason)


def test_an_empty_ballot_is_empty_and_not_broken() -> None:
    _, figures = sift(ranked_vote("5:", "1: 1", candidates=2))
    assert (figures.empty, figures.broken, figures.valid) == (5, 0, 1)


def test_equal_ranks_are_followed_where_the_rule_allows_them() -> None:
    valid, figures = sift(ranked_vote("2: 2=1 3", candidates=3), allow_equal=True)
    assert valid == {((1, 2), (3,)): 2}
    assert figures.broken == 0


def test_whoever_withdrew_does_not_break_a_ballot() -> None:
    valid, figures = sift(ranked_vote("2: 3 1", "1: 3", candidates=3, withdrawn=(3,)))
    assert valid == {((1,),): 2}
    assert figures.withdrawn_only == 1


def test_a_ballot_that_was_cast_no_times_is_no_ballot() -> None:
    vote = ranked_vote("0: 1 1", "0: 2", candidates=2)
    assert vote.papers[0] == Paper(ranking=((1,), (1,)), count=0)
    valid, figures = sift(vote)
    assert (valid, figures.cast, figures.broken_ballots) == ({}, 0, ())
