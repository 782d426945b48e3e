"""The lower median on votes worked out by hand."""

import json
from fractions import Fraction
from typing import Any

import pytest

from governance.counting.document import document_of
from governance.counting.errors import CountImpossible
from governance.counting.marks import MarkPaper
from governance.counting.median import NumberVote, count_lower_median


def number_vote(ballots: dict[str, int], **others: Any) -> NumberVote:
    """A vote from 100 to 200 in steps of 5."""
    terms = {"title": "Fare", "lowest": 100, "highest": 200, "step": 5} | others
    papers = tuple(MarkPaper(mark=mark, count=count) for mark, count in ballots.items())
    return NumberVote(papers=papers, **terms)


@pytest.mark.parametrize(
    ("ballots", "value"),
    [
        ({"150": 1}, 150),
        ({"150": 60, "120": 40}, 150),
        ({"150": 50, "120": 50}, 120),  # of the two in the middle the lower
        ({"100": 1, "105": 1, "200": 1}, 105),
        ({"100": 1, "105": 1, "195": 1, "200": 1}, 105),
        ({"120": 1, "abstain": 9}, 120),
        ({"abstain": 9}, None),
        ({}, None),
    ],
)
def test_the_ballot_in_the_middle_decides(ballots: dict[str, int], value: int | None) -> None:
    assert count_lower_median(number_vote(ballots)).value == value


def test_phantoms_ask_for_more_than_half_of_the_voters() -> None:
    ballots = {"150": 60, "120": 40}
    count = count_lower_median(number_vote(ballots, today=120, phantoms=25))
    assert (count.value, count.place, count.weighed) == (120, 63, 125)
    assert [(one.value, one.ballots, one.phantoms, one.up_to_here) for one in count.lines] == [
        (120, 40, 25, 65),
        (150, 60, 0, 125),
    ]
    assert count_lower_median(number_vote(ballots, today=120, phantoms=19)).value == 150


def test_a_share_of_phantoms_is_rounded_up() -> None:
    vote = number_vote({"150": 11}, today=97, phantom_share=Fraction(1, 10))
    count = count_lower_median(vote)
    assert (count.phantoms, count.value) == (2, 150)
    assert count.lines[0].value == 97  # today may lie outside what may be voted


@pytest.mark.parametrize(
    ("mark", "reason"),
    [
        ("95", "outside 100 to 200"),
        ("205", "outside 100 to 200"),
        ("101", "between the steps"),
        ("1e2", "no whole number"),
        ("120.0", "no whole number"),
        ("much", "no whole number"),
    ],
)
def test_what_may_not_be_voted_breaks_the_ballot(mark: str, reason: str) -> None:
    count = count_lower_median(number_vote({mark: 7, "150": 1, "": 2}))
    assert (count.ballots.broken, count.ballots.empty, count.value) == (7, 2, 150)
    assert reason in count.ballots.broken_ballots[0].reason


def test_one_number_written_in_two_ways_is_one_number() -> None:
    count = count_lower_median(number_vote({"150": 1, "0150": 2, " 150 ": 1}))
    assert [(line.value, line.ballots) for line in count.lines] == [(150, 4)]


@pytest.mark.parametrize(
    "terms",
    [
        {"step": 0},
        {"highest": 203},
        {"highest": 95},
        {"phantoms": 3},
        {"phantoms": -1, "today": 100},
    ],
)
def test_terms_that_make_no_sense_are_refused(terms: dict[str, int]) -> None:
    with pytest.raises(CountImpossible):
        number_vote({}, **terms)


def test_the_record_is_plain_data() -> None:
    record = json.loads(json.dumps(document_of(count_lower_median(number_vote({"150": 2})))))
    assert (record["value"], record["lines"][0]["up_to_here"]) == (150, 2)
