"""The whole check, in the published order; it ends at the first thing that is wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from verifier.archive import Archive
from verifier.board import BoardFigures, Progress, Sifted, check_board, require_bounds, sift
from verifier.choices import is_blank
from verifier.counts import recount
from verifier.encoding import canonical, document, packed
from verifier.fault import Fault
from verifier.logs import LogCheck
from verifier.opening import lot_seed, read_opening, require_releases
from verifier.receipts import find, read_receipt
from verifier.rolls import DeskFigures, check_desk, read_roll, require_agreement
from verifier.terms import Terms, read_terms, require_signed
from verifier.work import Hands, Work

CERTIFICATE = "khan-cars certificate 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A bundle in which nothing is wrong.

    Attributes
    ----------
    manifest_hash
        Hexadecimal; to be compared with the notice of the vote.
    certificate
        The certificate, which the recount gives byte for byte.
    receipt
        What became of the receipt's ballot; None if none was given.
    """

    vote: str
    question: str
    manifest_hash: str
    certificate: dict[str, Any]
    receipt: str | None


def silent(stage: str, done: int, of: int) -> None:
    """Progress that nobody looks at."""


def verify(
    bundle: Path,
    *,
    receipt: bytes | None = None,
    noticed_hash: str | None = None,
    processes: int = 1,
    progress: Progress = silent,
) -> Verified:
    """Check a bundle from its manifest to its certificate.

    Parameters
    ----------
    bundle
        The ZIP file.
    receipt
        A receipt's bytes, to find one's own ballot.
    noticed_hash
        The manifest's hash as the notice gave it, hexadecimal: whoever made the bundle made
        everything else in it, too.
    processes
        How many to use for the signatures.
    progress
        Told the stage, how much is done, and of how much.

    Raises
    ------
    Fault
        The first thing that is wrong.
    """
    with Archive(bundle) as archive:
        manifest = archive.document("manifest.json")
        if noticed_hash is not None and sha256(manifest).hexdigest() != noticed_hash.lower():
            raise Fault("changed_manifest", "manifest.json is not the one in the notice.")
        terms = read_terms(manifest)
        require_signed(terms, archive.document("manifest.note"))
        mine = None if receipt is None else read_receipt(receipt, terms)
        return _verify(archive, terms, processes, progress, lambda found: (
            None if mine is None else find(mine, archive, found)
        ))  # fmt: skip


def _verify(
    archive: Archive, terms: Terms, processes: int, progress: Progress,
    find_mine: Callable[[BoardFigures], str | None],
) -> Verified:  # fmt: skip
    credentials = read_roll(archive, terms)
    opening = read_opening(archive.document("opening.json"), terms)
    desks = []
    with Hands(Work(terms, credentials, opening.election_key), processes) as hands:
        for number, desk in enumerate(terms.desks):
            progress(f"the log of {desk.name}, desk", number + 1, len(terms.desks))
            desks.append(check_desk(archive, hands, number))
        require_agreement(desks, terms)
        figures, log = check_board(archive, hands, progress)
    require_bounds(figures, desks, terms)
    sentence = find_mine(figures)
    if terms.election_key is not None:
        require_releases(opening, terms, log, figures.closes_at_ms)
    progress("count", 0, 1)
    sifted = sift(figures)
    result = recount(terms, sifted.votes, lot_seed(opening.lot, log.final.head))
    found = _certificate(terms, desks, (figures, sifted, log), result)
    published = archive.document("certificate.json")
    if found != published:
        raise Fault("broken_recount", _difference(found, published))
    return Verified(
        vote=terms.vote, question=terms.question, manifest_hash=terms.digest.hex(),
        certificate=document(found, "certificate.json"), receipt=sentence,
    )  # fmt: skip


def _certificate(
    terms: Terms,
    desks: list[DeskFigures],
    board: tuple[BoardFigures, Sifted, LogCheck],
    result: dict[str, Any],
) -> bytes:
    figures, sifted, log = board
    issued = [desk.issued for desk in desks]
    head = log.final.head
    return canonical(
        {
            "format": CERTIFICATE,
            "vote": terms.vote,
            "manifest": packed(terms.digest),
            "board": {"size": head.size, "root": packed(head.root)},
            "roll": terms.roll_size,
            "issued": issued,
            "unused": min(issued) - figures.keys,
            "keys": figures.keys,
            "superseded": figures.superseded,
            "cancelled": len(figures.cancelled),
            "papers": len(figures.papers),
            "valid": sum(times for _, times in sifted.votes),
            "blank": sum(times for said, times in sifted.votes if is_blank(said)),
            "broken": sifted.broken,
            "result": result,
        }
    )


def _difference(found: bytes, published: bytes) -> str:
    """Which figure of the certificate is another one."""
    ours, theirs = document(found, "the recount"), document(published, "certificate.json")
    names = [name for name in sorted(ours | theirs) if ours.get(name) != theirs.get(name)]
    if names == ["result"] and isinstance(theirs.get("result"), dict):
        inner = ours["result"] | theirs["result"]
        names = [
            f"result.{name}"
            for name in sorted(inner)
            if ours["result"].get(name) != theirs["result"].get(name)
        ]
    return f"Counting again gives another {', '.join(names)} than certificate.json."
