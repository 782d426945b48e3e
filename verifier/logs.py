"""A log's lines against its signed heads, while the lines go by."""

from collections.abc import Iterable
from dataclasses import dataclass

from verifier import notes, tree
from verifier.archive import Archive
from verifier.encoding import Reader, document
from verifier.fault import Fault
from verifier.notes import Head, Key, NoteWrong
from verifier.terms import Terms

HEADS_MAX = 200_000


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head that its keeper signed, and when witnesses did (POSIX seconds)."""

    head: Head
    witnessed_at: tuple[int, ...]


class LogCheck:
    """Follows one log from its first line to its last.

    Raises, as it goes, the faults of a log: `unsigned_head`, `too_few_witnesses`, `dropped_ballot`,
    `reordered_entries`, `changed_entries`, `forked_board`, `changed_manifest`.
    """

    def __init__(self, archive: Archive, name: str, keeper: Key, terms: Terms) -> None:
        self._archive, self._name, self._keeper, self._terms = archive, name, keeper, terms
        self.heads = self._read_heads()
        self.final = self.heads[-1]
        self._tree = tree.Tree()
        self._due: dict[int, list[Head]] = {}
        for one in self.heads:
            self._due.setdefault(one.head.size, []).append(one.head)
        self._forks: list[Head] = []
        self._compare()

    @property
    def size(self) -> int:
        """Lines read so far."""
        return self._tree.size

    def take(self, leaf: bytes, index: int, kind: str, manifest: bytes) -> None:
        """One line more: its leaf hash, the number it gives itself, and what it is."""
        if index != self.size:
            self._name_disorder(index)
        if self.size == 0 and kind != "manifest":
            raise Fault("document_malformed", f"{self._name} does not begin with its manifest.")
        if self.size == 0 and manifest != self._terms.digest:
            raise Fault("changed_manifest", f"{self._name} was begun for another manifest.")
        if self.size > 0 and kind == "manifest":
            raise Fault("document_malformed", f"{self._name} begins twice.")
        self._tree.add(leaf)
        self._compare()

    def require_within(self) -> None:
        """Stop at the first line that the final head does not cover: who knows how many follow."""
        if self.size > self.final.head.size:
            raise Fault(
                "changed_entries",
                f"{self._name} has more entries than the {self.final.head.size} that were signed.",
            )

    def finish(self) -> None:
        """After the last line: compare with the final head, and tell of forks."""
        final = self.final.head
        if self.size < final.size:
            raise Fault(
                "dropped_ballot",
                f"{self._name} has {self.size} entries; its keeper signed {final.size}.",
            )
        if final in self._forks:
            raise Fault(
                "changed_entries",
                f"The {self.size} entries of {self._name} do not give the root that was signed.",
            )
        if self._forks:
            raise Fault(
                "forked_board",
                f"{self._name} was shown to somebody with another history at "
                f"{self._forks[0].size} entries.",
            )

    def _compare(self) -> None:
        for head in self._due.pop(self.size, ()):
            if head.root != self._tree.root():
                self._forks.append(head)

    def _name_disorder(self, index: int) -> None:
        """Say whether an unexpected number means that entries are missing or moved."""
        numbers = {
            Reader(document(line, self._name), self._name).number("index")
            for line in self._archive.lines(f"{self._name}.jsonl")
        }
        if set(range(self.final.head.size)) <= numbers:
            raise Fault(
                "reordered_entries", f"Entry {index} of {self._name} stands at {self.size}."
            )
        raise Fault("dropped_ballot", f"Entry {self.size} of {self._name} is missing.")

    def _read_heads(self) -> list[SignedHead]:
        found = list(self._signed_heads(self._archive.lines(f"{self._name}-heads.jsonl")))
        if not found:
            raise Fault("unsigned_head", f"{self._name} has no signed head.")
        sizes = [one.head.size for one in found]
        if sizes != sorted(sizes):
            raise Fault("document_malformed", f"The heads of {self._name} are not in order.")
        fewest = min(found, key=lambda one: len(one.witnessed_at))
        if len(fewest.witnessed_at) < self._terms.witnesses_needed:
            raise Fault(
                "too_few_witnesses",
                f"{len(fewest.witnessed_at)} witnesses signed the head of {self._name} at "
                f"{fewest.head.size} entries; {self._terms.witnesses_needed} are needed.",
            )
        return found

    def _signed_heads(self, lines: Iterable[bytes]) -> Iterable[SignedHead]:
        for number, line in enumerate(lines):
            if number >= HEADS_MAX:
                raise Fault("document_malformed", f"{self._name} has too many heads.")
            where = f"head {number} of {self._name}"
            fields = Reader(document(line, where), where)
            fields.only("note")
            yield signed_head(fields.text("note"), self._keeper, self._terms, where)


def signed_head(text: str, keeper: Key, terms: Terms, where: str) -> SignedHead:
    """A head, its keeper's signature checked.

    Raises
    ------
    Fault
        `unsigned_head`, if it is not signed by its keeper.
    """
    try:
        note = notes.read(text, (keeper, *terms.witnesses))
        head = notes.head(note.text)
    except NoteWrong as wrong:
        raise Fault("unsigned_head", f"The {where} cannot be trusted: {wrong}.") from wrong
    if keeper.name not in note.signers or head.origin != keeper.name:
        raise Fault("unsigned_head", f"The {where} is not signed by {keeper.name}.")
    times = [at for name, at in note.signers.items() if name != keeper.name]
    return SignedHead(head, tuple(sorted(times)))
