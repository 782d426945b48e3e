"""The bundle: everything about one vote in one ZIP file, for whoever wants to check it.

The format is docs/reference/ballot_bundle.md; `khan verify` reads it with code of its own.
"""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from governance.ballots.plain import Fields, canonical, pack
from governance.ballots.roll import RollEntry

_NO_DATE = (1980, 1, 1, 0, 0, 0)  # the file is the same whenever it is written


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedLog:
    """A log as it is published: its lines, and its signed heads in the order they were made."""

    lines: Iterable[bytes]
    notes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The parts of a bundle.

    Attributes
    ----------
    manifest, opening, certificate
        Canonical documents.
    manifest_note
        The manifest's hash, signed by desks and board.
    desks
        The issuance logs in the desks' order.
    """

    manifest: bytes
    manifest_note: str
    roll: Iterable[RollEntry]
    desks: Sequence[PublishedLog]
    board: PublishedLog
    opening: bytes
    certificate: bytes


def opening_document(
    *, election_key: bytes | None, lot: bytes, releases: Sequence[Fields]
) -> bytes:
    """What is revealed after the close.

    Parameters
    ----------
    election_key
        The private key that opens the ballots, 32 bytes; None in an open vote.
    lot
        The 32 bytes behind the manifest's lot commitment.
    releases
        The trustees' signed statements.
    """
    return canonical(
        {
            "election_key": None if election_key is None else pack(election_key),
            "lot": lot.hex(),
            "releases": list(releases),
        }
    )


def write(bundle: Bundle, to: BinaryIO) -> None:
    """Write a bundle; the same parts give the same file."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        _put(archive, "manifest.json", [bundle.manifest])
        _put(archive, "manifest.note", [bundle.manifest_note.encode()])
        _put(archive, "roll.jsonl", _lines(one.line() for one in bundle.roll))
        for number, desk in enumerate(bundle.desks):
            _put_log(archive, f"desk-{number}", desk)
        _put_log(archive, "board", bundle.board)
        _put(archive, "opening.json", [bundle.opening])
        _put(archive, "certificate.json", [bundle.certificate])


def _put_log(archive: zipfile.ZipFile, name: str, log: PublishedLog) -> None:
    _put(archive, f"{name}.jsonl", _lines(log.lines))
    _put(archive, f"{name}-heads.jsonl", _lines(canonical({"note": one}) for one in log.notes))


def _lines(documents: Iterable[bytes]) -> Iterable[bytes]:
    for document in documents:
        assert b"\n" not in document
        yield document + b"\n"


def _put(archive: zipfile.ZipFile, name: str, pieces: Iterable[bytes]) -> None:
    member = zipfile.ZipInfo(name, date_time=_NO_DATE)
    member.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as file:
        for piece in pieces:
            file.write(piece)
