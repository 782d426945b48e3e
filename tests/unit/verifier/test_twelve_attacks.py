"""Twelve ways to falsify a sealed vote, each planted and each caught by its name.

Whoever plants them holds as many keys as the attack needs: a desk's, the board's, the box itself.
"""

import json
import os
from pathlib import Path

import pytest

from governance.ballots import blind_rsa, trustees
from governance.ballots.ballot import BallotKey, Token, fill, token_message
from governance.ballots.blind_rsa import SoftwareSigner
from governance.ballots.choice import Value
from governance.ballots.hours import close_entry
from governance.ballots.plain import canonical
from simulation.rehearsed_vote import RehearsedVote
from tests.ballot_scene import (
    CLOSES,
    DURING,
    RESOLUTION,
    changed_json,
    honest_parts,
    lines_of,
    opened,
    parts_of,
    three_votes,
    voters,
    write_parts,
)
from tests.second_verifier import verify
from verifier.check import Verified
from verifier.fault import Fault


@pytest.fixture
def found(tmp_path: Path):
    """What the verifier says of parts."""

    def say(parts: dict[str, bytes], **asked: object) -> Fault | Verified:
        try:
            return verify(write_parts(parts, tmp_path / "bundle.zip"), **asked)
        except Fault as fault:
            return fault

    return say


def _code(found: Fault | Verified) -> str | None:
    return found.code if isinstance(found, Fault) else None


def _closed(vote: RehearsedVote) -> dict[str, bytes]:
    vote.close()
    return parts_of(vote)


def _stuff(vote: RehearsedVote, tokens: tuple[Token, ...], key: BallotKey) -> None:
    """Put a ballot on the board past the box."""
    marked = BallotKey(public=key.public, signer=key.signer, tokens=tokens)
    ballot = fill(vote.manifest, marked, Value(200), sequence=1)
    vote.board.append({"kind": "ballot", "ballot": ballot.document()})


def _signed_by(vote: RehearsedVote, desk: int, key: BallotKey) -> Token:
    """A token that a desk signs without asking anybody."""
    signer = SoftwareSigner(vote.officials.issuers[desk])
    message = token_message(vote.manifest.digest(), key.public)
    prepared = blind_rsa.prepare(message, vote.chance)
    blinded = blind_rsa.blind(signer.public_key, prepared, vote.chance)
    signed = blind_rsa.blind_sign(signer, blinded.message)
    signature = blind_rsa.finalize(signer.public_key, blinded, signed)
    return Token(prefix=prepared[:32], signature=signature)


def test_nothing_is_wrong_with_an_honest_vote(found) -> None:
    verified = found(honest_parts())
    assert isinstance(verified, Verified), verified
    # 120, 150 and the changed 160, with one phantom at today's 120: the lower middle is 120.
    assert verified.certificate["result"]["value"] == 120
    assert verified.certificate["superseded"] == 1
    assert verified.certificate["unused"] == 0


def test_attack_01_double_vote(found) -> None:
    """A desk forgets on purpose that it issued a ballot, and issues another."""
    vote = opened()
    three_votes(vote)
    for marks in vote.marks:
        marks.clear()
    second = vote.take(voters(6)[0], at_ms=DURING)
    vote.vote(second, Value(200), sequence=1, at_ms=DURING)
    assert _code(found(_closed(vote))) == "double_vote"


def test_attack_02_forged_token(found) -> None:
    """The box lets in a ballot that no desk signed."""
    vote = opened()
    keys = three_votes(vote)
    stranger = vote.take(voters(6)[3], at_ms=DURING)
    noise = tuple(Token(prefix=os.urandom(32), signature=os.urandom(256)) for _ in range(2))
    _stuff(vote, noise, stranger)
    assert _code(found(_closed(vote))) == "forged_token"
    assert keys


def test_attack_02_forged_token_with_the_tokens_of_another_ballot(found) -> None:
    vote = opened()
    keys = three_votes(vote)
    stranger = vote.take(voters(6)[3], at_ms=DURING)
    _stuff(vote, keys[0].tokens, stranger)
    assert _code(found(_closed(vote))) == "forged_token"


@pytest.mark.parametrize("desk", [0, 1])
def test_attack_03_one_desk_alone(found, desk: int) -> None:
    """The secretary, or the city clerk, makes a ballot without the other."""
    vote = opened()
    three_votes(vote)
    stranger = vote.take(voters(6)[3], at_ms=DURING)
    alone = _signed_by(vote, desk, stranger)
    _stuff(vote, (alone, alone), stranger)
    assert _code(found(_closed(vote))) == "one_desk_alone"


def test_attack_03_one_desk_alone_in_other_dresses(found) -> None:
    """It leaves the other's token out."""
    vote = opened()
    three_votes(vote)
    stranger = vote.take(voters(6)[3], at_ms=DURING)
    _stuff(vote, (_signed_by(vote, 0, stranger),), stranger)
    assert _code(found(_closed(vote))) == "one_desk_alone"


def test_attack_04_dropped_ballot(found) -> None:
    """A line is taken out of the published board."""
    parts = honest_parts()
    lines = lines_of(parts["board.jsonl"])
    for gone in range(1, len(lines)):
        left = b"".join(lines[:gone] + lines[gone + 1 :])
        assert _code(found(parts | {"board.jsonl": left})) == "dropped_ballot", gone


def test_attack_04_dropped_ballot_with_every_official_in_it(found) -> None:
    """Board and witnesses sign a history without the ballot; the voter's receipt tells."""
    shown = opened()
    three_votes(shown)
    receipt = shown.receipt(2, at_seconds=DURING // 1000 + 60).document()

    published = opened()
    keys = [published.take(voter, at_ms=DURING) for voter in voters(6)[:3]]
    published.vote(keys[0], Value(150), sequence=1, at_ms=DURING)
    for at in (1, 2, 3):
        published.vote(keys[2], Value(150), sequence=at, at_ms=DURING)
    parts = _closed(published)
    assert isinstance(found(parts), Verified)
    assert _code(found(parts, receipt=receipt)) == "dropped_ballot"


def test_attack_05_forked_board(found) -> None:
    """Two members are shown two boards: the receipt of one does not fit the other."""
    one = opened()
    keys = three_votes(one)
    other = opened()
    others = [other.take(voter, at_ms=DURING) for voter in voters(6)[:3]]
    assert [key.public for key in others] == [key.public for key in keys]
    document = one.board.lines()[1]
    other.board.append({"kind": "ballot", "ballot": _ballot_in(document)})
    other.vote(others[1], Value(200), sequence=1, at_ms=DURING)
    receipt = other.receipt(1, at_seconds=DURING // 1000 + 60).document()
    parts = _closed(one)
    assert isinstance(found(parts), Verified)
    assert _code(found(parts, receipt=receipt)) == "forked_board"

    fork = parts["board-heads.jsonl"]
    head = canonical({"note": other.heads[other.board.key.name][0]}) + b"\n"
    assert _code(found(parts | {"board-heads.jsonl": head + fork})) == "forked_board"


def _ballot_in(line: bytes):
    return json.loads(line)["ballot"]


def test_attack_06_late_ballot(found) -> None:
    """The box takes a ballot after the board was closed."""
    vote = opened()
    keys = three_votes(vote)
    vote.close()
    late = fill(vote.manifest, keys[1], Value(200), sequence=7)
    vote.board.append({"kind": "ballot", "ballot": late.document()})
    vote.sign_head(vote.board, at_seconds=CLOSES // 1000 + 5)
    assert _code(found(parts_of(vote))) == "late_ballot"


def test_attack_06_late_ballot_under_a_close_that_was_put_off(found) -> None:
    """The closing entry is held back; the witnesses' clocks tell."""
    vote = opened()
    keys = three_votes(vote)
    vote.vote(keys[1], Value(200), sequence=7, at_ms=DURING)
    vote.board.append(close_entry(vote.hours))
    for log in vote.logs:
        vote.sign_head(log, at_seconds=CLOSES // 1000 + 3600)
    assert _code(found(parts_of(vote))) == "late_ballot"


def test_attack_07_changed_manifest(found) -> None:
    """The bounds of the vote are changed after the notice."""
    parts = honest_parts()
    changed = changed_json(
        parts["manifest.json"], lambda m: m["rule"]["parameters"].update(highest=150)
    )
    assert _code(found(parts | {"manifest.json": changed})) == "changed_manifest"


def test_attack_07_changed_manifest_with_every_official_in_it(found) -> None:
    """Everything is made anew for another manifest; the hash in the notice tells."""
    noticed = opened().manifest.digest().hex()
    vote = opened(members=5)
    three_votes(vote)
    parts = _closed(vote)
    assert isinstance(found(parts), Verified)
    assert isinstance(found(honest_parts(), noticed_hash=noticed), Verified)
    assert _code(found(parts, noticed_hash=noticed)) == "changed_manifest"


def test_attack_08_swapped_roll(found) -> None:
    """Somebody on the roll is replaced; somebody is added; somebody is struck off."""
    parts = honest_parts()
    lines = lines_of(parts["roll.jsonl"])
    stranger = lines[0].replace(lines[0][15:20], b"AAAAA")
    for roll in (
        [stranger, *lines[1:]],
        [*lines, stranger],
        lines[:-1],
        [lines[1], lines[0], *lines[2:]],
    ):
        assert _code(found(parts | {"roll.jsonl": b"".join(roll)})) == "swapped_roll"


def test_attack_09_reordered_entries(found) -> None:
    """A changed mind is put before the first one."""
    parts = honest_parts()
    lines = lines_of(parts["board.jsonl"])
    lines[1], lines[4] = lines[4], lines[1]
    assert _code(found(parts | {"board.jsonl": b"".join(lines)})) == "reordered_entries"


def test_attack_10_early_key(found) -> None:
    """Trustees look into the votes while people still vote."""
    vote = opened()
    three_votes(vote)
    vote.sign_head(vote.board, at_seconds=DURING // 1000 + 60)
    early = vote.board.head
    vote.close()
    parts = parts_of(vote)
    person, key = vote.manifest.trustees.people[1], vote.officials.trustees[1]

    for head, at_ms in ((early, CLOSES + 5), (vote.board.head, CLOSES - 1)):
        signature = key.sign(trustees.release_message(vote.manifest.digest(), head, at_ms))
        statement = {"trustee": person.name, "at_ms": at_ms, "signature": trustees.pack(signature)}
        opening = changed_json(
            parts["opening.json"], lambda o, said=statement: o["releases"].__setitem__(0, said)
        )
        assert _code(found(parts | {"opening.json": opening})) == "early_key"


def test_attack_11_replay_into_another_vote(found) -> None:
    """A ballot of one vote is put into the next, whose officials are the same."""
    first = opened(RESOLUTION)
    keys = [first.take(voter, at_ms=DURING) for voter in voters(6)[:2]]
    second = opened()
    three_votes(second)
    ballot = fill(first.manifest, keys[0], Value(200), sequence=1)
    second.board.append({"kind": "ballot", "ballot": ballot.document()})
    assert _code(found(_closed(second))) == "replayed_ballot"


def test_attack_11_replay_under_a_new_label(found) -> None:
    """The ballot is made anew for the second vote, with the tokens of the first."""
    first = opened(RESOLUTION)
    key = first.take(voters(6)[0], at_ms=DURING)
    second = opened()
    three_votes(second)
    _stuff(second, key.tokens, key)
    assert _code(found(_closed(second))) == "forged_token"


def test_attack_12_broken_recount(found) -> None:
    """The certificate says another fare."""
    parts = honest_parts()
    for change in (
        lambda c: c["result"].update(value=160),
        lambda c: c.update(valid=4),
        lambda c: c["broken"].append({"index": 2, "reason": "malformed"}),
        lambda c: c.update(unused=1),
    ):
        certificate = changed_json(parts["certificate.json"], change)
        fault = found(parts | {"certificate.json": certificate})
        assert _code(fault) == "broken_recount"
