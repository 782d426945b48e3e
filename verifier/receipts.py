"""Finding one's own ballot: a receipt against the board of the bundle."""

from dataclasses import dataclass

from verifier import tree
from verifier.archive import Archive
from verifier.board import BoardFigures
from verifier.encoding import Reader, document
from verifier.fault import Fault
from verifier.logs import signed_head
from verifier.terms import Terms

FORMAT = "khan-cars receipt 1"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a voter kept: the number and hash of their entry, under a head that the board signed."""

    index: int
    leaf: bytes
    size: int
    root: bytes


def read_receipt(data: bytes, terms: Terms) -> Receipt:
    """The receipt in a file, checked as far as it goes by itself.

    Raises
    ------
    Fault
        `receipt_of_another_vote`, `false_receipt`, `unsigned_head`.
    """
    fields = Reader(document(data, "the receipt"), "the receipt")
    fields.only("format", "manifest", "index", "leaf", "proof", "checkpoint")
    if fields.text("format") != FORMAT:
        raise Fault("document_malformed", f"The receipt is not a {FORMAT!r}.")
    if fields.data("manifest", 32) != terms.digest:
        raise Fault("receipt_of_another_vote", "The receipt is of another vote.")
    head = signed_head(fields.text("checkpoint"), terms.board, terms, "head in the receipt").head
    index, leaf = fields.number("index"), fields.data("leaf", 32)
    proof = [fields.as_data(one, "proof", 32) for one in fields.array("proof")]
    if tree.root_from_proof(leaf, index, head.size, proof) != head.root:
        raise Fault("false_receipt", "The receipt's proof does not lead to the head it names.")
    return Receipt(index, leaf, head.size, head.root)


def find(receipt: Receipt, archive: Archive, figures: BoardFigures) -> str:
    """What became of a receipt's ballot, in one sentence.

    Raises
    ------
    Fault
        `dropped_ballot`, `forked_board`, if the board of the bundle is not the one that the
        receipt was given under.
    """
    grown, mine = tree.Tree(), b""
    for line in archive.lines("board.jsonl"):
        if grown.size == receipt.index:
            mine = line
        grown.add(tree.leaf(line))
        if grown.size == receipt.size:
            break
    if grown.size < receipt.size:
        raise Fault(
            "dropped_ballot",
            f"The receipt's board had {receipt.size} entries; the bundle's has {grown.size}.",
        )
    if grown.root() != receipt.root:
        was_there = tree.leaf(mine) == receipt.leaf
        raise Fault(
            "forked_board" if was_there else "dropped_ballot",
            f"The board signed another history of {receipt.size} entries for this receipt"
            + ("." if was_there else ", and your ballot is not in the bundle's."),
        )
    return _fate(receipt, figures, mine)


def _fate(receipt: Receipt, figures: BoardFigures, line: bytes) -> str:
    entry = Reader(document(line, "your entry"), "your entry")
    if entry.text("kind") != "ballot":
        return f"Entry {receipt.index} is yours and is on the board: {entry.text('kind')}."
    key = entry.inner("ballot").data("key", 32)
    stands = figures.standing[key]
    if key in figures.cancelled:
        return f"Your ballot, entry {receipt.index}, was cancelled in favour of paper."
    if stands.index != receipt.index:
        return f"Your ballot, entry {receipt.index}, was replaced by your entry {stands.index}."
    if stands.said is None:
        return f"Your ballot, entry {receipt.index}, is broken: {stands.broken}."
    return f"Your ballot, entry {receipt.index}, was counted: {stands.said.decode()}"
