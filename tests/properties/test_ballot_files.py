"""Whatever somebody does to a ballot file, it is counted or refused with a sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.errors import Refusal
from governance.counting.blt import read_blt
from governance.counting.document import document_of
from governance.counting.equal_shares import count_equal_shares
from governance.counting.line_files import read_number_vote, read_share_vote
from governance.counting.lots import SeededLots
from governance.counting.median import count_lower_median
from governance.counting.pabulib import read_pb
from governance.counting.schulze import count_schulze
from governance.counting.share import count_for_against
from governance.counting.stv import count_scottish_stv

LOTS = SeededLots(bytes(32))
PAGE = Path(__file__).resolve().parents[2] / "docs/reference/ballot_files.md"
SHOWN = re.findall(r"^```\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
COUNTS: list[tuple[str, Callable[[str], Any]]] = [
    (SHOWN[0], lambda text: count_scottish_stv(read_blt(text, "file"), LOTS)),
    (SHOWN[0], lambda text: count_schulze(read_blt(text, "file"), LOTS)),
    (SHOWN[1], lambda text: count_equal_shares(read_pb(text, "file"), LOTS, complete=False)),
    (SHOWN[2], lambda text: count_lower_median(read_number_vote(text, "file"))),
    (SHOWN[3], lambda text: count_for_against(read_share_vote(text, "file"))),
]
PIECES = st.sampled_from(
    [*'0123456789 -=;,./\n\r"#[]()ab*>\x00\u2028', "٣", "½", "0\n", "votes\n", "META\n"]
)
EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 12), PIECES | st.just("")), min_size=1, max_size=5
)


@pytest.mark.parametrize(("shown", "count"), COUNTS)
@given(edits=EDITS)
def test_a_file_is_counted_or_refused_with_a_sentence(
    shown: str, count: Callable[[str], Any], edits: list[tuple[int, int, str]]
) -> None:
    text = shown
    for at, removed, put in edits:
        text = text[:at] + put + text[at + removed :]
    try:
        told = json.dumps(document_of(count(text)))
    except Refusal as refusal:
        told = refusal.sentence
    assert told
    assert "\n" not in told
