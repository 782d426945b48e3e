"""Append-only logs: the board and each desk's issuance log are one kind of thing.

An entry is a canonical JSON line with its own number in it. Entry 0 names the manifest. Heads are
signed by the log's keeper and by witnesses, who first check that nothing before has changed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from governance.ballots import checkpoint
from governance.ballots.checkpoint import Checkpoint, NamedKey, Signer
from governance.ballots.errors import NoteInvalid
from governance.ballots.merkle import GrowingTree, Head, leaf_hash, verify_consistency
from governance.ballots.plain import Fields, Plain, canonical, pack


class EntryStore(Protocol):
    """Where a log's lines are kept: memory, a table, a file."""

    def append(self, line: bytes) -> None:
        """Keep one line more, after all others."""
        ...

    def lines(self) -> Iterable[bytes]:
        """Every line in its order."""
        ...

    def leaves(self) -> Sequence[bytes]:
        """The leaf hash of every line in its order."""
        ...


class MemoryStore:
    """A log's lines in memory."""

    def __init__(self) -> None:
        self._lines: list[bytes] = []
        self._leaves: list[bytes] = []

    def append(self, line: bytes) -> None:
        """Keep one line more, after all others."""
        self._lines.append(line)
        self._leaves.append(leaf_hash(line))

    def lines(self) -> Sequence[bytes]:
        """Every line in its order."""
        return tuple(self._lines)

    def leaves(self) -> Sequence[bytes]:
        """The leaf hash of every line in its order."""
        return tuple(self._leaves)


def first_entry(manifest_digest: bytes) -> Fields:
    """Entry 0 of every log: which vote this is."""
    return {"kind": "manifest", "manifest": pack(manifest_digest)}


class Log:
    """A log that grows: its name, where its lines are, and the tree over them."""

    def __init__(self, key: NamedKey, store: EntryStore) -> None:
        self.key = key
        self._store = store
        self._tree = GrowingTree(store.leaves())

    @property
    def head(self) -> Head:
        """Size and root as they are now."""
        return self._tree.head()

    def append(self, entry: Fields) -> int:
        """Add an entry; its number comes back and stands in it as `index`."""
        assert "index" not in entry
        index = self._tree.size
        line = canonical({"index": index, **entry})
        self._store.append(line)
        self._tree.append(leaf_hash(line))
        return index

    def signed_head(self, signer: Signer) -> str:
        """The head as a note that the log's keeper signs (C2SP tlog-checkpoint)."""
        text = Checkpoint(origin=self.key.name, head=self.head).text()
        return checkpoint.note(text, [checkpoint.signature_line(text, self.key, signer)])

    def proof_of(self, index: int) -> tuple[bytes, ...]:
        """The inclusion proof of an entry in the present tree."""
        return self._tree.inclusion_proof(index)

    def growth_from(self, size: int) -> tuple[bytes, ...]:
        """The proof for a witness that the present tree continues the one of `size` entries."""
        return self._tree.consistency_proof(size)

    def lines(self) -> Iterable[bytes]:
        """Every line in its order."""
        return self._store.lines()

    def leaf(self, index: int) -> bytes:
        """The leaf hash of an entry."""
        return self._tree.leaf(index)


class Witness:
    """Somebody else who remembers each log's last head, and signs only what continues it.

    `seen` is what it remembers, by the log's name; whoever restarts it gives it back.

    Source: C2SP tlog-witness, without its HTTP.
    """

    def __init__(
        self, key: NamedKey, signer: Signer, *, seen: Mapping[str, Head] | None = None
    ) -> None:
        self.key = key
        self._signer = signer
        self.seen: dict[str, Head] = dict(seen or {})

    def cosign(
        self, note: str, *, keeper: NamedKey, proof: Sequence[bytes], at_seconds: int
    ) -> str:
        """The note with this witness's line on it.

        Parameters
        ----------
        note
            A head signed by the log's keeper.
        keeper
            The keeper's key.
        proof
            That this head continues the last one this witness signed; empty for the first.
        at_seconds
            Now, POSIX time.

        Raises
        ------
        NoteInvalid
            If the keeper has not signed it.
        ProofInvalid
            If it does not continue what was signed before.
        """
        opened = checkpoint.open_note(note, [keeper])
        opened.require(keeper.name)
        found = checkpoint.read_checkpoint(opened.text)
        if found.origin != keeper.name:
            raise NoteInvalid("it is the head of another log")
        seen = self.seen.get(found.origin)
        if seen is not None:
            verify_consistency(seen, found.head, proof=proof)
        self.seen[found.origin] = found.head
        return note + checkpoint.cosignature_line(
            opened.text, self.key, self._signer, at_seconds=at_seconds
        )


def entry_kind(entry: Fields) -> Plain:
    """What an entry is: `manifest`, `issued`, `paper`, `ballot`, `cancellation`, ..."""
    return entry.get("kind")
