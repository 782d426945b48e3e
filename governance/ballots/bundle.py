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


def part_names(*, desks: int) -> tuple[str, ...]:
    """The parts of a bundle with so many desks, in their order in the file."""
    logs = [*(f"desk-{number}" for number in range(desks)), "board"]
    return (
        "manifest.json", "manifest.note", "roll.jsonl",
        *(name for log in logs for name in (f"{log}.jsonl", f"{log}-heads.jsonl")),
        "opening.json", "certificate.json",
    )  # fmt: skip


def write(bundle: Bundle, to: BinaryIO) -> None:
    """Write a bundle; the same parts give the same file."""
    parts: dict[str, Iterable[bytes]] = {
        "manifest.json": [bundle.manifest],
        "manifest.note": [bundle.manifest_note.encode()],
        "roll.jsonl": lines(one.line() for one in bundle.roll),
        "opening.json": [bundle.opening],
        "certificate.json": [bundle.certificate],
    }
    names = [*(f"desk-{number}" for number in range(len(bundle.desks))), "board"]
    for name, log in zip(names, (*bundle.desks, bundle.board), strict=True):
        parts |= {f"{name}.jsonl": lines(log.lines), f"{name}-heads.jsonl": head_lines(log.notes)}
    write_parts(((name, parts[name]) for name in part_names(desks=len(bundle.desks))), to)


def write_parts(parts: Iterable[tuple[str, Iterable[bytes]]], to: BinaryIO) -> None:
    """Write a bundle of parts as they come, each in pieces of any length."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, pieces in parts:
            member = zipfile.ZipInfo(name, date_time=_NO_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(member, "w", force_zip64=True) as file:
                for piece in pieces:
                    file.write(piece)


def head_lines(notes: Iterable[str]) -> Iterable[bytes]:
    """The part with a log's signed heads."""
    return lines(canonical({"note": one}) for one in notes)


def lines(documents: Iterable[bytes]) -> Iterable[bytes]:
    """Documents as the lines of a part."""
    for document in documents:
        assert b"\n" not in document
        yield document + b"\n"
