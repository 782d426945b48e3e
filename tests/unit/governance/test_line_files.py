"""Votes of one mark a ballot as text, and what is wrong with texts that are none."""

from fractions import Fraction

import pytest

from governance.counting.errors import BallotFileInvalid, CountImpossible
from governance.counting.line_files import read_number_vote, read_share_vote
from governance.counting.marks import MarkPaper

FARE = """\ufeff# the assembly of May
title Fare per kilometre, pence
lowest 100
highest 200
step 5
today 120
phantom_share 1/10

votes
60 * 150
120
abstain
empty
"""
ACCOUNTS = """title The accounts
required >=3/4
quorum 50
votes
6 * for
against
"""


def test_a_vote_on_a_number() -> None:
    vote = read_number_vote(FARE, "a.txt")
    assert (vote.title, vote.lowest, vote.highest, vote.step) == (
        "Fare per kilometre, pence", 100, 200, 5,
    )  # fmt: skip
    assert (vote.today, vote.phantoms, vote.phantom_share) == (120, 0, Fraction(1, 10))
    assert vote.papers == (
        MarkPaper(mark="150", count=60),
        MarkPaper(mark="120"),
        MarkPaper(mark="abstain"),
        MarkPaper(mark=""),
    )


def test_a_vote_for_or_against() -> None:
    vote = read_share_vote(ACCOUNTS, "a.txt")
    assert (vote.title, str(vote.required), vote.quorum, vote.eligible) == (
        "The accounts", ">=3/4", 50, None,
    )  # fmt: skip
    assert vote.papers[0] == MarkPaper(mark="for", count=6)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("lowest 100\n", "", None, "the term 'lowest' is missing"),
        ("lowest 100", "lowest ten", 3, "lowest is 'ten'"),
        ("step 5", "stride 5", 5, "'stride' is none of title, lowest"),
        ("step 5", "lowest 5", 5, "lowest is told twice"),
        ("1/10", "10 %", 7, "should be a fraction"),
        ("\nvotes", "", 9, "'60' is none of"),
        (FARE, "", None, "a line with the word votes is missing"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(
    old: str, new: str, line: int | None, told: str
) -> None:
    with pytest.raises(BallotFileInvalid) as refused:
        read_number_vote(FARE.replace(old, new), "a.txt")
    assert told in refused.value.sentence
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("new", "told"),
    [("", "'required' is missing"), ("required 3/4\n", "line 2: '3/4' is no share")],
)
def test_the_share_required_must_be_told(new: str, told: str) -> None:
    with pytest.raises(BallotFileInvalid, match=told):
        read_share_vote(ACCOUNTS.replace("required >=3/4\n", new), "a.txt")


def test_terms_that_make_no_sense_together_are_refused() -> None:
    with pytest.raises(CountImpossible):
        read_number_vote(FARE.replace("highest 200", "highest 99"), "a.txt")
