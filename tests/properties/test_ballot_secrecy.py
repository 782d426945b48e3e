"""Laws of sealed votes, whatever people choose and whoever tampers."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.ballots.choice import Mark, Value
from governance.tier import Tier
from tests.ballot_scene import (
    DURING,
    RESOLUTION,
    honest_parts,
    opened,
    parts_of,
    three_votes,
    voters,
    write_parts,
)
from verifier.check import verify
from verifier.fault import Fault

SLOW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _values(part: bytes) -> set[str]:
    """Every text of 16 characters or more in a log, wherever it stands."""
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        elif isinstance(value, str) and len(value) >= 16:
            found.add(value)

    for line in part.splitlines():
        walk(json.loads(line))
    return found


def test_nothing_on_the_board_stands_in_a_desks_log_or_on_the_roll() -> None:
    """I26: no published value joins a voter to a ballot; the vote's own hash stands in both."""
    parts = honest_parts()
    board = _values(parts["board.jsonl"])
    (vote,) = {json.loads(line)["manifest"] for line in parts["board.jsonl"].splitlines()[:1]}
    for name in ("roll.jsonl", "desk-0.jsonl", "desk-1.jsonl"):
        assert _values(parts[name]) & board <= {vote}, name


def test_the_search_for_a_tie_finds_one_where_names_are_shown() -> None:
    """The search above would have found it: in an open vote the entry of the roll is on the board."""
    vote = opened(RESOLUTION, tier=Tier.OPEN)
    voter = voters(6)[0]
    key = vote.take(voter, at_ms=DURING)
    entry = voter.roll_entry(Tier.OPEN).commitment
    vote.vote(key, Mark("for"), sequence=1, at_ms=DURING, voter=entry)
    vote.close()
    parts = parts_of(vote)
    assert len(_values(parts["roll.jsonl"]) & _values(parts["board.jsonl"])) == 1


def test_who_chose_what_leaves_no_mark_at_the_desks() -> None:
    """Two votes with choices exchanged: the desks' logs have the same shape, line for line."""
    shapes = []
    for values in ((150, 120, 160), (160, 150, 120)):
        vote = opened()
        keys = [vote.take(voter, at_ms=DURING) for voter in voters(6)[:3]]
        for key, value in zip(keys, values, strict=True):
            vote.vote(key, Value(value), sequence=1, at_ms=DURING)
        vote.close()
        parts = parts_of(vote)
        lines = [
            parts[name].splitlines() for name in ("desk-0.jsonl", "desk-1.jsonl", "board.jsonl")
        ]
        shapes.append([[(len(line), sorted(json.loads(line))) for line in part] for part in lines])
        desks = [json.loads(line) for line in lines[0][1:]]
        shapes.append([(one["commitment"], one["requests"]) for one in desks])
    assert shapes[1] == shapes[3]
    # ECDSA signatures in DER differ in length by themselves; everything else is alike.
    assert [len(one) for one in shapes[0]] == [len(one) for one in shapes[2]]
    assert shapes[0][2] == shapes[2][2]


@SLOW
@given(data=st.data())
def test_every_vote_is_counted_once_and_the_last_one_counts(
    data: st.DataObject, tmp_path: Path
) -> None:
    vote = opened()
    keys = [vote.take(voter, at_ms=DURING) for voter in voters(6)[:4]]
    values = st.one_of(st.none(), st.integers(20, 40).map(lambda n: 5 * n))
    acts = data.draw(st.lists(st.tuples(st.integers(0, 3), values), max_size=8))
    last: dict[int, int | None] = {}
    for sequence, (who, value) in enumerate(acts, start=1):
        vote.vote(keys[who], Value(value), sequence=sequence, at_ms=DURING)
        last[who] = value
    vote.close()
    found = verify(write_parts(parts_of(vote), tmp_path / "bundle.zip")).certificate
    expected = Counter(value for value in last.values() if value is not None)
    assert found["result"]["values"] == [[v, expected[v]] for v in sorted(expected)]
    assert (found["valid"], found["superseded"]) == (len(last), len(acts) - len(last))


@settings(SLOW, max_examples=150)
@given(data=st.data())
def test_whatever_byte_is_changed_the_verifier_names_a_fault(
    data: st.DataObject, tmp_path: Path
) -> None:
    parts = honest_parts()
    name = data.draw(st.sampled_from(sorted(parts)))
    place = data.draw(st.integers(0, len(parts[name]) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != parts[name][place]))
    changed = parts[name][:place] + bytes([other]) + parts[name][place + 1 :]
    with pytest.raises(Fault):
        verify(write_parts(parts | {name: changed}, tmp_path / "bundle.zip"))


@SLOW
@given(data=st.data())
def test_whatever_line_is_lost_or_doubled_the_verifier_names_a_fault(
    data: st.DataObject, tmp_path: Path
) -> None:
    parts = honest_parts()
    name = data.draw(st.sampled_from(["roll.jsonl", "desk-0.jsonl", "desk-1.jsonl", "board.jsonl"]))
    lines = parts[name].splitlines(keepends=True)
    place = data.draw(st.integers(0, len(lines) - 1))
    lines[place : place + 1] = [lines[place]] * data.draw(st.sampled_from([0, 2]))
    with pytest.raises(Fault):
        verify(write_parts(parts | {name: b"".join(lines)}, tmp_path / "bundle.zip"))


def test_an_honest_vote_is_what_the_tampering_began_with(tmp_path: Path) -> None:
    vote = opened()
    three_votes(vote)
    vote.close()
    verify(write_parts(parts_of(vote), tmp_path / "one.zip"))
    verify(write_parts(honest_parts(), tmp_path / "other.zip"))
