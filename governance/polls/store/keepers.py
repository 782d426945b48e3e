"""What a desk and the board keep alike: keys, the signed manifest, the log, heads, cosignatures.

Each schema has the same tables; a keeper's role can write its own alone.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.engine import CursorResult

from foundation.identifiers import UUID
from governance.polls.keeper import Keeper
from governance.tier import Tier
from storage.work import Reading, UnitOfWork

LINES_AT_ONCE = 1000

_WITHOUT_KEY = """
    SELECT poll_id, tier FROM governance.poll AS poll
    WHERE tier <> 'open'
      AND NOT EXISTS (SELECT 1 FROM KEEPER.poll_key AS key WHERE key.poll_id = poll.poll_id)
    ORDER BY poll_id LIMIT 100
"""
_UNSIGNED = """
    SELECT poll_id, document FROM governance.manifest AS manifest
    WHERE EXISTS (SELECT 1 FROM KEEPER.poll_key AS key WHERE key.poll_id = manifest.poll_id)
      AND NOT EXISTS (SELECT 1 FROM KEEPER.manifest_signature AS signed
                      WHERE signed.poll_id = manifest.poll_id)
    ORDER BY poll_id LIMIT 100
"""
_MANIFEST = """
    SELECT document FROM governance.manifest JOIN KEEPER.manifest_signature USING (poll_id)
    WHERE poll_id = :poll_id
"""
_SIGN = "INSERT INTO KEEPER.manifest_signature (poll_id, line) VALUES (:poll_id, :line)"
_KEY = "SELECT log_public FROM KEEPER.poll_key WHERE poll_id = :poll_id"
_LOCK = "SELECT KEEPER.one_at_a_time(:poll_id)"
_LINES = """
    SELECT number, line FROM KEEPER.log_line WHERE poll_id = :poll_id AND number >= :first
    ORDER BY number LIMIT :limit
"""
_APPEND = """
    INSERT INTO KEEPER.log_line (poll_id, number, line)
    SELECT :poll_id, :first + place - 1, line
    FROM unnest(CAST(:lines AS bytea[])) WITH ORDINALITY AS new (line, place) ORDER BY place
"""
_HEAD = "INSERT INTO KEEPER.head (poll_id, size, note) VALUES (:poll_id, :size, :note)"
_HEADS = """
    SELECT size, note, coalesce(
               (SELECT string_agg(line, '' ORDER BY witness) FROM KEEPER.cosignature AS one
                WHERE (one.poll_id, one.size) = (head.poll_id, head.size)), '') AS lines
    FROM KEEPER.head WHERE poll_id = :poll_id AND size >= :least ORDER BY size DESC LIMIT :limit
"""
_COSIGN = """
    INSERT INTO KEEPER.cosignature (poll_id, size, witness, line)
    VALUES (:poll_id, :size, :witness, :line) ON CONFLICT DO NOTHING
"""
_EXTENDED = "SELECT max(closes_at_ms) FROM ballot_board.extension WHERE poll_id = :poll_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticedPoll:
    """A poll as its notice gives it."""

    poll_id: UUID
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptHead:
    """A signed head: how many entries, and the note with the witnesses' lines that it has."""

    size: int
    note: str
    cosignatures: int


class KeeperStore:
    """The tables of one keeper."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper

    async def run(
        self, work: Reading, statement: str, parameters: Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        """Run a statement of this module on this keeper's schema."""
        return await work.execute(_of(self.keeper, statement), parameters)

    async def polls_without_key(self, work: Reading) -> list[NoticedPoll]:
        """Polls that this keeper has made no key for; open ones need none."""
        return [
            NoticedPoll(poll_id=row.poll_id, tier=Tier(row.tier))
            for row in await self.run(work, _WITHOUT_KEY)
        ]

    async def unsigned_manifests(self, work: Reading) -> list[tuple[UUID, str]]:
        """Manifests of polls with a key here that this keeper has not signed."""
        return [(row.poll_id, row.document) for row in await self.run(work, _UNSIGNED)]

    async def find_manifest(self, work: Reading, poll_id: UUID) -> str | None:
        """The manifest, once this keeper has signed it."""
        found = await self.run(work, _MANIFEST, {"poll_id": poll_id})
        return found.scalar_one_or_none()

    async def insert_signature(self, work: UnitOfWork, poll_id: UUID, line: str) -> None:
        """Keep this keeper's line under the manifest."""
        await self.run(work, _SIGN, {"poll_id": poll_id, "line": line})

    async def find_key(self, work: Reading, poll_id: UUID) -> bytes | None:
        """The public key of a poll's log."""
        found = await self.run(work, _KEY, {"poll_id": poll_id})
        return found.scalar_one_or_none()

    async def lock(self, work: UnitOfWork, poll_id: UUID) -> None:
        """Wait for one's turn at a poll's log, and keep it to the end of the unit of work."""
        await self.run(work, _LOCK, {"poll_id": poll_id})

    async def lines(
        self, work: Reading, poll_id: UUID, *, first: int, limit: int = LINES_AT_ONCE
    ) -> list[tuple[int, bytes]]:
        """Entries from number `first` on, in their order."""
        found = await self.run(
            work, _LINES, {"poll_id": poll_id, "first": first, "limit": min(limit, LINES_AT_ONCE)}
        )
        return [(row.number, bytes(row.line)) for row in found]

    async def append(
        self, work: UnitOfWork, poll_id: UUID, *, first: int, lines: Sequence[bytes]
    ) -> None:
        """Write entries, the first of them as number `first`."""
        await self.run(work, _APPEND, {"poll_id": poll_id, "first": first, "lines": list(lines)})

    async def insert_head(self, work: UnitOfWork, poll_id: UUID, *, size: int, note: str) -> None:
        """Keep a signed head."""
        await self.run(work, _HEAD, {"poll_id": poll_id, "size": size, "note": note})

    async def heads(
        self, work: Reading, poll_id: UUID, *, least: int = 1, limit: int = 1000
    ) -> list[KeptHead]:
        """The newest heads of at least `least` entries, largest first."""
        found = await self.run(work, _HEADS, {"poll_id": poll_id, "least": least, "limit": limit})
        return [
            KeptHead(size=row.size, note=row.note + row.lines, cosignatures=row.lines.count("\n"))
            for row in found
        ]

    async def keep_cosignature(
        self, work: UnitOfWork, poll_id: UUID, *, size: int, witness: str, line: str
    ) -> None:
        """Keep a witness's line under a head; again changes nothing."""
        await self.run(
            work, _COSIGN, {"poll_id": poll_id, "size": size, "witness": witness, "line": line}
        )

    async def extended_to_ms(self, work: Reading, poll_id: UUID) -> int | None:
        """The latest close that the poll was extended to, milliseconds since 1970."""
        found: int | None = (await self.run(work, _EXTENDED, {"poll_id": poll_id})).scalar_one()
        return found


@functools.cache
def _of(keeper: Keeper, statement: str) -> TextClause:
    return text(statement.replace("KEEPER", keeper.schema))
