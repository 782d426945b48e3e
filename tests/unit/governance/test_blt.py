"""`.blt` files in both dialects, and what is wrong with those that are not."""

import pytest

from governance.counting.blt import read_blt
from governance.counting.errors import BallotFileInvalid

QUOTED = """\ufeff3 2  # three candidates
-2
# by post
(b1) 4 1 2 0
2 1=3 2 0
1 0
0
"Åsa" # from the north
"Bo" "Cy"
"A vote"
"""
BARE = "3 2\r\n4 1 2 0\r\n2 3 0\r\n0\r\nÅsa (Ind) #1\r\nBo\r\nCy\r\nThe Ward\r\n"


def test_the_quoted_dialect() -> None:
    vote = read_blt(QUOTED, "a.blt")
    assert [option.name for option in vote.options] == ["Åsa", "Bo", "Cy"]
    assert (vote.title, vote.seats, vote.withdrawn) == ("A vote", 2, (2,))
    assert [(paper.count, paper.ranking) for paper in vote.papers] == [
        (4, ((1,), (2,))),
        (2, ((1, 3), (2,))),
        (1, ()),
    ]


def test_the_bare_dialect() -> None:
    vote = read_blt(BARE, "a.blt")
    assert [option.name for option in vote.options] == ["Åsa (Ind) #1", "Bo", "Cy"]
    assert (vote.title, len(vote.papers)) == ("The Ward", 2)


def test_withdrawn_by_word_and_other_instructions() -> None:
    vote = read_blt(QUOTED.replace("-2\n", "[withdrawn 1 3]\n[tie 3 2 1 ]\n"), "a.blt")
    assert vote.withdrawn == (1, 3)


def test_a_title_may_be_missing() -> None:
    assert read_blt(BARE.replace("The Ward\r\n", ""), "a.blt").title == ""


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("", None, "the file is empty"),
        ("hello\n", 1, "does not begin with two numbers"),
        ("0 2\n", 1, "0 candidates"),
        ("3 0\n", 1, "no seat"),
        ("3 x\n", 1, "'x' stands where the number of seats should be"),
        ("3 2\n4 1 2\n0\n", 2, "does not end with 0"),
        ("3 2\n1 1 b 0\n0\n", 2, "'b' stands where the number of a candidate"),
        ("3 2\n1.5 1 0\n0\n", 2, "'1.5' stands where how often"),
        ("3 2\n1 1== 0\n0\n", 2, "''"),
        ("3 2\n-4\n0\n", 2, "candidate 4 has withdrawn, and there are 3"),
        ("3 2\n[withdrawn]x\n0\n", 2, "no instruction"),
        ("3 2\n4 1 2 0\n", 2, "a line with 0 alone is missing"),
        ('3 2\n0\n"A"\n"B"\n', 4, "only 2 names"),
        ('3 2\n0\n"A"\n""\n"C"\n', 4, "a name is empty"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(text: str, line: int | None, told: str) -> None:
    with pytest.raises(BallotFileInvalid) as refused:
        read_blt(text, "a.blt")
    assert refused.value.line == line
    assert told in refused.value.sentence
    assert refused.value.sentence.startswith("a.blt")
