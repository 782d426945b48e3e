"""A closed poll counted, its parts lying in a folder under their names in the bundle.

Work for a process beside the service: a ballot at a time, in the memory of the ballot keys, whatever
the length of the logs. Run as `python -m governance.polls.count FOLDER`, with the opening document
on the standard input.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from governance.ballots import bundle, checkpoint
from governance.ballots import manifest as manifests
from governance.ballots.choice import Choice, fields_of
from governance.ballots.manifest import KEY_BYTES, Manifest
from governance.ballots.merkle import Head
from governance.ballots.plain import Fields, parse, text_of, unpack
from governance.ballots.tally import Issuance, certificate, lot_seed, tally
from governance.results import count_by_rule

BUNDLE, CHOICES = "bundle.zip", "choices.json"
LOW_PRIORITY = 10
_PIECE_BYTES = 1 << 20


def count_folder(folder: Path, opening: bytes) -> None:
    """Open and count the ballots; write the certificate, the choices and the bundle beside the parts.

    Parameters
    ----------
    folder
        With `manifest.json`, `manifest.note`, `roll.jsonl` and every log and its heads.
    opening
        What is revealed after the close, as the bundle publishes it (`bundle.opening_document`).

    Raises
    ------
    DocumentMalformed
        If a part is not as it is published.
    BallotFormUnusable, CountImpossible
        If the rule's parameters make no sense.
    """
    manifest = manifests.read((folder / "manifest.json").read_bytes())
    revealed, head = parse(opening), final_head(manifest, _notes(folder / "board-heads.jsonl"))
    key = X25519PrivateKey.from_private_bytes(unpack(revealed["election_key"], KEY_BYTES))
    found = tally(manifest, _lines(folder / "board.jsonl"), key)
    seed = lot_seed(bytes.fromhex(text_of(revealed, "lot")), head)
    names = bundle.part_names(desks=len(manifest.desks))
    issued = tuple(_issued(folder / f"desk-{n}.jsonl") for n in range(len(manifest.desks)))
    said = certificate(
        manifest, found, head=head, issuance=Issuance(issued=issued),
        result=count_by_rule(manifest.question, found.votes, lot_seed=seed),
    )  # fmt: skip
    (folder / "opening.json").write_bytes(opening)
    (folder / "certificate.json").write_bytes(said)
    (folder / CHOICES).write_text(choices_text(found.votes), encoding="utf-8")
    with (folder / BUNDLE).open("wb") as file:
        bundle.write_parts(((name, pieces_of(folder / name)) for name in names), file)


def final_head(manifest: Manifest, notes: Sequence[str]) -> Head:
    """The board's last head, signed by its keeper; there is one.

    Raises
    ------
    NoteInvalid
        If the board has not signed it.
    """
    opened = checkpoint.open_note(notes[-1], [manifest.board])
    opened.require(manifest.board.name)
    return checkpoint.read_checkpoint(opened.text).head


def choices_text(votes: Iterable[tuple[Choice, int]]) -> str:
    """Choices with their numbers as they are kept."""
    said: list[tuple[Fields, int]] = [(fields_of(one), count) for one, count in votes]
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def pieces_of(path: Path, size: int = _PIECE_BYTES) -> Iterator[bytes]:
    """A file's bytes, so many at a time."""
    with path.open("rb") as file:
        while piece := file.read(size):
            yield piece


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")


def _notes(path: Path) -> list[str]:
    return [text_of(parse(line), "note") for line in _lines(path)]


def _issued(path: Path) -> int:
    """How many ballots a desk issued, by its log."""
    return sum(parse(line).get("kind") == "issued" for line in _lines(path))


def main() -> None:
    """Count the folder that is named; whatever goes wrong ends with a status."""
    os.nice(LOW_PRIORITY)
    count_folder(Path(sys.argv[1]), sys.stdin.buffer.read())


if __name__ == "__main__":
    main()
