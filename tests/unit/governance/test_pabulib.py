"""Pabulib's `.pb` files, and what is wrong with those that are not."""

import pytest

from governance.counting.budget import Limits, Marks
from governance.counting.errors import BallotFileInvalid
from governance.counting.pabulib import read_pb

FILE = """META
key;value
description;The fund
budget;1000.50
vote_type;approval
max_length;2
PROJECTS
project_id;cost;name
1;500;A "green" bench
L/2;99.5;"A; well"
VOTES
voter_id;vote
7;1, L/2
8;
9;1
"""
POINTS = FILE.replace("approval", "cumulative").replace("voter_id;vote", "voter_id;vote;points")
POINTS = POINTS.replace("7;1, L/2", "7;1,L/2;2,1").replace("8;\n", "8;;\n").replace("9;1", "9;1;3")


def test_ticks() -> None:
    vote = read_pb("\ufeff" + FILE.replace("\n", "\r\n"), "a.pb")
    assert (vote.title, str(vote.budget), vote.marks) == ("The fund", "2001/2", Marks.TICKS)
    assert [(p.id, str(p.cost), p.name) for p in vote.projects] == [
        ("1", "500", 'A "green" bench'),
        ("L/2", "199/2", "A; well"),
    ]
    assert [paper.projects for paper in vote.papers] == [("1", "L/2"), (), ("1",)]
    assert vote.limits == Limits(projects_max=2)


def test_points() -> None:
    vote = read_pb(POINTS, "a.pb")
    assert vote.marks is Marks.POINTS
    assert [(paper.projects, paper.points) for paper in vote.papers] == [
        (("1", "L/2"), (2, 1)),
        ((), ()),
        (("1",), (3,)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (FILE, "", None, "the part META is missing"),
        ("META\n", "", 1, "does not begin with META"),
        ("VOTES\nvoter_id;vote\n7;1, L/2\n8;\n9;1\n", "", None, "the part VOTES is missing"),
        ("budget;1000.50\n", "", None, "does not tell the budget"),
        ("budget;1000.50", "budget;1e3", 4, "budget is '1e3'"),
        ("approval", "shouting", 5, "vote_type is none of"),
        ("approval", "cumulative", None, "no column 'points'"),
        ("max_length;2", "max_length;2.5", 6, "max_length is 5/2"),
        ("approval\nmax_length;2", "ordinal", 5, "no max_length"),
        ("project_id;cost", "project_id;price", None, "no column 'cost'"),
        ("1;500", "1;5OO", 9, "cost is '5OO'"),
        ("1;500", "1;-3", 9, "cost is '-3'"),
        ("1;500", "1;0", 9, "costs nothing"),
        ("1;500", ";500", 9, "project_id is empty"),
        ("L/2;99.5", "1;99.5", 10, "there already"),
        ("7;1, L/2", "7;1;L/2", 13, "3 columns stand under the 2 headings of VOTES"),
        ("VOTES", "META", 11, "there twice"),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_with_its_line(
    old: str, new: str, line: int | None, told: str
) -> None:
    with pytest.raises(BallotFileInvalid) as refused:
        read_pb(FILE.replace(old, new), "a.pb")
    assert told in refused.value.sentence
    assert refused.value.line == line


def test_points_that_are_no_numbers_are_a_malformed_file() -> None:
    with pytest.raises(BallotFileInvalid, match="line 15: points are 'x'"):
        read_pb(POINTS.replace("9;1;3", "9;1;x"), "a.pb")
