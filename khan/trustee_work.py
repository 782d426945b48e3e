"""What trustees do on their own machines: share the election key before a poll, give it up after.

Dealing is done at a witnessed meeting on a machine without a network; nothing here sends a share
anywhere. What is given up is a file that the trustee hands to the office.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from foundation.errors import Conflict, Unavailable
from foundation.identifiers import UUID
from governance.ballots import checkpoint, trustees
from governance.ballots.checkpoint import NamedKey
from governance.ballots.errors import DocumentMalformed, NoteInvalid
from governance.ballots.hours import Hours
from governance.ballots.manifest import Manifest, TrusteeTerms
from governance.ballots.merkle import Frontier, Head, leaf_hash
from governance.ballots.plain import (
    Fields,
    as_object,
    canonical,
    list_of,
    number_of,
    pack,
    parse,
    text_of,
    unpack,
)
from governance.ballots.trustees import Share, Trustee
from simulation.client import Refused, ServiceGone
from simulation.voter import ask, read_manifest

FORMAT = "khan-cars trustee share 1"


class BoardNotEnded(Conflict):
    """The board still grows: a share given up now would be early."""

    code = "board_not_ended"

    def __init__(self, reason: str) -> None:
        super().__init__(f"Keep your share: {reason}. Try again later.", reason=reason)


class BoardUnreachable(Unavailable):
    """The board does not answer, or has no such poll."""

    code = "board_unreachable"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"The board at {url} cannot be read: {reason}.", url=url)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBoard:
    """A board as a trustee has read and checked it: its terms, its hours, its final head."""

    manifest: Manifest
    hours: Hours
    head: Head


def deal(poll_id: UUID, *, people: int, needed: int, folder: Path) -> Path:
    """Make an election key, divide it, and write a file for each trustee and one for the office.

    The key itself is written nowhere. Returns the file for the office.

    Raises
    ------
    FileExistsError
        If the folder holds shares already.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    election = X25519PrivateKey.generate()
    public = pack(election.public_key().public_bytes_raw())
    named = []
    for share in trustees.deal(election, needed=needed, people=people):
        signer = Ed25519PrivateKey.generate()
        name = f"khan-cars/{poll_id}/trustee/{share.number}"
        named.append({"name": name, "key": pack(signer.public_key().public_bytes_raw())})
        _write_secret(
            folder / f"trustee-{share.number}.json",
            {
                "format": FORMAT, "poll_id": str(poll_id), "name": name, "number": share.number,
                "share": pack(share.secret), "signing_key": pack(signer.private_bytes_raw()),
                "election_key": public,
            },
        )  # fmt: skip
    terms: Fields = {
        "poll_id": str(poll_id), "election_key": public, "needed": needed, "people": named,
    }  # fmt: skip
    place = folder / "terms.json"
    place.write_bytes(canonical(terms) + b"\n")
    return place


async def release(
    share_file: bytes, board: httpx.AsyncClient, *, noticed_hash: str, at_ms: int
) -> Fields:
    """Check that the board has ended, and give the share up: what goes to the office.

    Parameters
    ----------
    noticed_hash
        The manifest's hash as it was published at the opening, hexadecimal. The manifest names hours
        and witnesses: a board that showed another could ask for the share while people vote.

    Raises
    ------
    DocumentMalformed
        If the file is no share of this poll, or the board shows another manifest.
    BoardUnreachable, BoardNotEnded, NoteInvalid, TooEarlyToOpen
        As they say; the share has not left the file.
    """
    kept = parse(share_file.strip())
    if kept.get("format") != FORMAT:
        raise DocumentMalformed(f"it is not a {FORMAT}")
    found = await read_board(board, text_of(kept, "poll_id"), noticed_hash=noticed_hash)
    terms = found.manifest.trustees
    signer = Ed25519PrivateKey.from_private_bytes(unpack(kept["signing_key"], 32))
    key = NamedKey(name=text_of(kept, "name"), public=signer.public_key().public_bytes_raw())
    if terms is None or not _is_of(terms, key, unpack(kept["election_key"], 32)):
        raise DocumentMalformed(
            "the share is not of the key that this poll's ballots are sealed to"
        )
    trustee = Trustee(
        key=key,
        signer=signer,
        share=Share(number=number_of(kept, "number"), secret=unpack(kept["share"], 32)),
    )
    share, statement = trustee.release(
        found.manifest.digest(), found.head, hours=found.hours, at_ms=at_ms
    )
    return {
        "poll_id": found.manifest.vote, "trustee": key.name, "statement": statement,
        "share_number": share.number, "share": pack(share.secret),
    }  # fmt: skip


async def read_board(board: httpx.AsyncClient, poll_id: str, *, noticed_hash: str) -> ReadBoard:
    """A board that has ended, every entry of it held against the head that witnesses signed.

    Raises
    ------
    BoardUnreachable, BoardNotEnded, NoteInvalid
    DocumentMalformed
        If its manifest is not the one whose hash was published.
    """
    path = f"/board/v1/polls/{UUID(poll_id)}"
    try:
        manifest = read_manifest(await ask(board, "GET", f"{path}/manifest"), noticed_hash.lower())
        shown = parse(await ask(board, "GET", path))
        read, hours = await _entries(board, path, manifest)
    except (Refused, ServiceGone) as fault:
        raise BoardUnreachable(str(board.base_url), str(fault)) from fault
    if shown["finished"] is not True:
        raise BoardNotEnded("the board has not ended")
    opened = checkpoint.open_note(text_of(shown, "note"), [manifest.board, *manifest.witnesses])
    opened.require(manifest.board.name)
    # Names, not lines: who signs twice witnesses once.
    if len({one.name for one in opened.signed}) - 1 < manifest.witnesses_needed:
        raise BoardNotEnded("too few witnesses have signed the board as it ended")
    found = checkpoint.read_checkpoint(opened.text)
    if found.origin != manifest.board.name:
        raise NoteInvalid("it is the head of another log")
    head = found.head
    if (read.size, read.root()) != (head.size, head.root):
        raise NoteInvalid("the board shows other entries than it signed")
    return ReadBoard(manifest=manifest, hours=hours, head=head)


async def _entries(
    board: httpx.AsyncClient, path: str, manifest: Manifest
) -> tuple[Frontier, Hours]:
    """The tree over every entry, and when the poll closed; no more is kept than the board sends at once."""
    read, closes_at_ms = Frontier(), manifest.closes_at_ms
    while True:
        answer = parse(await ask(board, "GET", f"{path}/log?from={read.size}"))
        some = [str(one).encode() for one in list_of(answer, "lines")]
        for line in some:
            read, entry = read.grown(leaf_hash(line)), parse(line)
            if entry["kind"] == "extension":
                closes_at_ms = max(closes_at_ms, number_of(entry, "closes_at_ms"))
        if not some:
            return read, Hours(opens_at_ms=manifest.opens_at_ms, closes_at_ms=closes_at_ms)


def _is_of(terms: TrusteeTerms, key: NamedKey, election_key: bytes) -> bool:
    return terms.election_key == election_key and key in terms.people


def _write_secret(place: Path, document: Fields) -> None:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(canonical(as_object(document, "share")) + b"\n")
