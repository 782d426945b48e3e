"""What a receipt proves to whoever it is shown to: that a ballot is counted, and not whose it is."""

import json
from pathlib import Path

import pytest

from governance.ballots.receipt import receipt_for
from tests.ballot_scene import DURING, opened, parts_of, three_votes, voters, write_parts
from verifier.command import run


def test_anyone_can_make_the_receipt_of_any_ballot_and_none_names_a_member(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vote = opened()
    three_votes(vote)
    given = vote.receipt(1, at_seconds=DURING // 1000 + 60)
    # A stranger, with nothing but the published board and its signed head, makes the same and others.
    made = [
        receipt_for(vote.board, index, manifest_digest=vote.manifest.digest(), note=given.note)
        for index in (1, 2, 3)
    ]
    assert made[0].document() == given.document()
    assert set(json.loads(given.document())) == {
        "format", "manifest", "index", "leaf", "proof", "checkpoint",
    }  # fmt: skip
    for voter in voters(6):
        assert voter.member.encode() not in given.document()
    vote.close()
    bundle = write_parts(parts_of(vote), tmp_path / "bundle.zip")
    for one in made:
        shown = tmp_path / "receipt.json"
        shown.write_bytes(one.document())
        assert run(bundle, receipt=shown, noticed_hash=None, processes=1) == 0
        assert f"entry {one.index}" in capsys.readouterr().out
