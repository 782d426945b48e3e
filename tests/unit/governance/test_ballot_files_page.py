"""The files shown in docs/reference/ballot_files.md are files that can be counted."""

import re
from pathlib import Path

import pytest

from governance.counting.blt import read_blt
from governance.counting.equal_shares import count_equal_shares
from governance.counting.line_files import read_number_vote, read_share_vote
from governance.counting.median import count_lower_median
from governance.counting.pabulib import read_pb
from governance.counting.share import count_for_against
from governance.counting.stv import count_scottish_stv
from tests.counting import NoLots

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/ballot_files.md"


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    """Every block of the page, in order."""
    found = re.findall(
        r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert len(found) == 5
    return found


def test_the_ranked_ballots(blocks: list[str]) -> None:
    count = count_scottish_stv(read_blt(blocks[0], "page"), NoLots())
    assert (count.title, count.withdrawn) == ("Board 2026", (3,))
    assert (count.ballots.valid, count.ballots.empty, count.ballots.broken) == (5, 1, 2)


def test_the_budget(blocks: list[str]) -> None:
    count = count_equal_shares(read_pb(blocks[1], "page"), NoLots())
    assert count.selected == ("17", "23")


def test_the_number(blocks: list[str]) -> None:
    assert count_lower_median(read_number_vote(blocks[2], "page")).value == 120


def test_the_motion(blocks: list[str]) -> None:
    assert count_for_against(read_share_vote(blocks[3], "page")).passed
