"""A voter's receipt: where on the board the ballot stands, with the proof of it.

A file, or a QR code of it. Whoever holds it can show that the ballot was taken, and find it in the
published bundle; who shows it to somebody else shows how they voted.
"""

from dataclasses import dataclass

from governance.ballots import checkpoint
from governance.ballots.checkpoint import NamedKey
from governance.ballots.errors import DocumentMalformed
from governance.ballots.log import Log
from governance.ballots.manifest import Manifest
from governance.ballots.merkle import HASH_BYTES, verify_inclusion
from governance.ballots.plain import (
    canonical,
    list_of,
    number_of,
    only,
    pack,
    parse,
    text_of,
    unpack,
)

FORMAT = "khan-cars receipt 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The answer of the box.

    Attributes
    ----------
    manifest
        The vote's manifest hash.
    index
        The entry's number on the board.
    leaf
        The entry's leaf hash.
    proof
        From the leaf to the root of `note`.
    note
        The board's signed head, with the witnesses' lines that it had.
    """

    manifest: bytes
    index: int
    leaf: bytes
    proof: tuple[bytes, ...]
    note: str

    def document(self) -> bytes:
        """The receipt as a file."""
        return canonical(
            {
                "format": FORMAT,
                "manifest": pack(self.manifest),
                "index": self.index,
                "leaf": pack(self.leaf),
                "proof": [pack(one) for one in self.proof],
                "checkpoint": self.note,
            }
        )


def receipt_for(log: Log, index: int, *, manifest_digest: bytes, note: str) -> Receipt:
    """The receipt for an entry under a signed head of the present tree."""
    return Receipt(
        manifest=manifest_digest, index=index, leaf=log.leaf(index), proof=log.proof_of(index),
        note=note,
    )  # fmt: skip


def read(document: bytes) -> Receipt:
    """The receipt in a file.

    Raises
    ------
    DocumentMalformed
        If there is none.
    """
    fields = parse(document)
    if fields.get("format") != FORMAT:
        raise DocumentMalformed(f"it is not a {FORMAT}")
    only(fields, "format", "manifest", "index", "leaf", "proof", "checkpoint")
    return Receipt(
        manifest=unpack(fields["manifest"], HASH_BYTES),
        index=number_of(fields, "index"),
        leaf=unpack(fields["leaf"], HASH_BYTES),
        proof=tuple(unpack(one, HASH_BYTES) for one in list_of(fields, "proof")),
        note=text_of(fields, "checkpoint"),
    )


def check(receipt: Receipt, manifest: Manifest, witnesses: tuple[NamedKey, ...] = ()) -> None:
    """Check a receipt as the voter's device does, right after voting.

    Raises
    ------
    DocumentMalformed, NoteInvalid, ProofInvalid
        If it is of another vote, not signed by the board (and `witnesses`), or does not hold.
    """
    if receipt.manifest != manifest.digest():
        raise DocumentMalformed("it is of another vote")
    opened = checkpoint.open_note(receipt.note, [manifest.board, *witnesses])
    opened.require(manifest.board.name, *(one.name for one in witnesses))
    head = checkpoint.read_checkpoint(opened.text).head
    verify_inclusion(
        receipt.leaf, receipt.proof, index=receipt.index, size=head.size, root=head.root
    )
