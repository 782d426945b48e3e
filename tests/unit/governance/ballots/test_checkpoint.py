"""Notes, checkpoints and cosignatures as c2sp.org writes them."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from governance.ballots import checkpoint
from governance.ballots.checkpoint import Checkpoint, NamedKey, SignatureType
from governance.ballots.errors import NoteInvalid, ProofInvalid
from governance.ballots.log import Log, MemoryStore, Witness
from governance.ballots.merkle import EMPTY_ROOT, Head
from verifier import notes

KEEPER = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
HEAD = Checkpoint(origin="example.com/log", head=Head(size=7, root=b"r" * 32))


def _named(name: str, key: Ed25519PrivateKey, kind: SignatureType = SignatureType.NOTE) -> NamedKey:
    return NamedKey(name=name, public=key.public_key().public_bytes_raw(), kind=kind)


KEEPER_KEY = _named("example.com/log", KEEPER)
WITNESS_KEY = _named("witness.example/1", OTHER, SignatureType.COSIGNATURE)


def _note() -> str:
    text = HEAD.text()
    return checkpoint.note(
        text,
        [
            checkpoint.signature_line(text, KEEPER_KEY, KEEPER),
            checkpoint.cosignature_line(text, WITNESS_KEY, OTHER, at_seconds=1_679_315_147),
        ],
    )


def test_the_published_example_of_a_cosignature_names_its_key_and_time() -> None:
    """The line of c2sp.org/tlog-cosignature: key ID 8d66cf3f, POSIX time 1679315147."""
    told = "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA=="
    data = base64.b64decode(told)
    assert (len(data), data[:4].hex()) == (4 + 8 + 64, "8d66cf3f")
    assert int.from_bytes(data[4:12], "big") == 1_679_315_147
    ours = _note().splitlines()[-1].split(" ")[2]
    assert base64.b64decode(ours)[4:12] == data[4:12]
    assert len(base64.b64decode(ours)) == len(data)


def test_a_note_reads_as_it_was_written_in_both_readers() -> None:
    opened = checkpoint.open_note(_note(), [KEEPER_KEY, WITNESS_KEY])
    assert checkpoint.read_checkpoint(opened.text) == HEAD
    assert [(one.name, one.at_seconds) for one in opened.signed] == [
        ("example.com/log", None), ("witness.example/1", 1_679_315_147),
    ]  # fmt: skip
    keys = [notes.Key(one.name, one.public, int(one.kind)) for one in (KEEPER_KEY, WITNESS_KEY)]
    theirs = notes.read(_note(), keys)
    assert theirs.signers == {"example.com/log": 0, "witness.example/1": 1_679_315_147}
    assert notes.head(theirs.text) == notes.Head("example.com/log", 7, b"r" * 32)


def test_lines_of_strangers_are_passed_over_and_false_ones_refused() -> None:
    stranger = _named("example.com/log", OTHER)
    opened = checkpoint.open_note(_note(), [stranger])
    assert opened.signed == ()
    with pytest.raises(NoteInvalid, match="has not signed"):
        opened.require("example.com/log")
    forged = _note().replace("\n7\n", "\n8\n")
    with pytest.raises(NoteInvalid, match="not its own"):
        checkpoint.open_note(forged, [KEEPER_KEY])
    with pytest.raises(notes.NoteWrong):
        notes.read(forged, [notes.Key(KEEPER_KEY.name, KEEPER_KEY.public)])


def test_a_witness_line_cannot_pass_for_the_keepers() -> None:
    as_note = _named("witness.example/1", OTHER)
    assert checkpoint.open_note(_note(), [as_note]).signed == ()


@pytest.mark.parametrize(
    "text",
    [
        "", "a\n1\n", "a\n01\n" + "A" * 43 + "=\n", "a\n-1\n" + "A" * 43 + "=\n",
        "a\n1\nAAAA\n", "a\n1\n" + "A" * 43 + "=\nmore\n", "\n1\n" + "A" * 43 + "=\n",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused_by_both(text: str) -> None:
    with pytest.raises(NoteInvalid):
        checkpoint.read_checkpoint(text)
    with pytest.raises(notes.NoteWrong):
        notes.head(text)


@pytest.mark.parametrize(
    "whole",
    ["text\n", "text\n\nno line\n", "text\n\n— a b", "te\txt\n\n— a AAAAAAAA\n", "x\n\n— a !!\n"],
)
def test_what_is_no_note_is_refused_by_both(whole: str) -> None:
    with pytest.raises(NoteInvalid):
        checkpoint.open_note(whole, [KEEPER_KEY])
    with pytest.raises(notes.NoteWrong):
        notes.read(whole, [notes.Key(KEEPER_KEY.name, KEEPER_KEY.public)])


def test_a_witness_signs_what_continues_and_refuses_another_history() -> None:
    log, fork = (Log(KEEPER_KEY, MemoryStore()) for _ in range(2))
    assert log.head == Head(size=0, root=EMPTY_ROOT)
    for number in range(5):
        log.append({"kind": str(number)})
        fork.append({"kind": str(number if number != 3 else 9)})
    witness = Witness(WITNESS_KEY, OTHER)
    witness.cosign(log.signed_head(KEEPER), keeper=KEEPER_KEY, proof=(), at_seconds=1)
    log.append({"kind": "more"})
    fork.append({"kind": "more"})
    with pytest.raises(ProofInvalid):
        witness.cosign(
            fork.signed_head(KEEPER), keeper=KEEPER_KEY, proof=fork.growth_from(5), at_seconds=2
        )
    note = witness.cosign(
        log.signed_head(KEEPER), keeper=KEEPER_KEY, proof=log.growth_from(5), at_seconds=2
    )
    opened = checkpoint.open_note(note, [KEEPER_KEY, WITNESS_KEY])
    opened.require("example.com/log", "witness.example/1")
    with pytest.raises(NoteInvalid):
        witness.cosign(log.signed_head(OTHER), keeper=KEEPER_KEY, proof=(), at_seconds=3)
