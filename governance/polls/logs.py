"""A keeper's log as it is kept: committed entries in memory, and how a unit of work adds more.

What is in memory was committed before: a unit of work that fails leaves nothing to be taken back.
"""

from collections.abc import Sequence

from foundation.identifiers import UUID
from governance.ballots import checkpoint
from governance.ballots.checkpoint import Checkpoint, NamedKey, Signer
from governance.ballots.merkle import Frontier, GrowingTree, Head, leaf_hash
from governance.ballots.plain import Fields, canonical
from governance.polls.store.keepers import LINES_AT_ONCE, KeeperStore
from storage.work import Reading, UnitOfWork


class Mirror:
    """The committed entries of one log, as hashes."""

    def __init__(self) -> None:
        self.tree = GrowingTree()
        self.frontier = Frontier()

    def take(self, line: bytes) -> None:
        """One committed entry more."""
        leaf = leaf_hash(line)
        self.tree.append(leaf)
        self.frontier = self.frontier.grown(leaf)


async def refresh(work: Reading, store: KeeperStore, poll_id: UUID, mirror: Mirror) -> None:
    """Read what was committed since."""
    while True:
        lines = await store.lines(work, poll_id, first=mirror.tree.size)
        for number, line in lines:
            # Somebody else may have read the same meanwhile.
            if number == mirror.tree.size:
                mirror.take(line)
        if len(lines) < LINES_AT_ONCE:
            return


class Growth:
    """Entries that one unit of work adds to a log it has locked."""

    def __init__(
        self, work: UnitOfWork, store: KeeperStore, *, poll_id: UUID, frontier: Frontier
    ) -> None:
        self._work, self._store, self._poll_id = work, store, poll_id
        self._frontier = frontier

    @property
    def head(self) -> Head:
        """Size and root with what was added."""
        return Head(size=self._frontier.size, root=self._frontier.root())

    async def append(self, entries: Sequence[Fields]) -> None:
        """Write entries behind the last one; each gets its number as `index`."""
        for start in range(0, len(entries), LINES_AT_ONCE):
            first, lines = self._frontier.size, []
            for entry in entries[start : start + LINES_AT_ONCE]:
                assert "index" not in entry
                line = canonical({"index": self._frontier.size, **entry})
                lines.append(line)
                self._frontier = self._frontier.grown(leaf_hash(line))
            # So many in a statement: each line is checked by the database, and a statement is given
            # up after half a minute.
            await self._store.append(self._work, self._poll_id, first=first, lines=lines)

    async def sign(self, key: NamedKey, signer: Signer) -> None:
        """Keep the head as it is now, signed by the log's keeper."""
        text = Checkpoint(origin=key.name, head=self.head).text()
        note = checkpoint.note(text, [checkpoint.signature_line(text, key, signer)])
        await self._store.insert_head(self._work, self._poll_id, size=self.head.size, note=note)
