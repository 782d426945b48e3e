"""The board's own tables: ballots that wait and that stand; no roll."""

from collections.abc import Sequence
from dataclasses import dataclass

from foundation.identifiers import UUID
from governance.polls.keeper import Keeper
from governance.polls.store.keepers import KeeperStore
from storage.work import Reading, UnitOfWork

_INSERT_KEY = "INSERT INTO KEEPER.poll_key (poll_id, log_public) VALUES (:poll_id, :log_public)"
_WAIT = """
    INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (:poll_id, :ballot)
    ON CONFLICT DO NOTHING
"""
_WAITING = "SELECT poll_id, ballot, digest FROM ballot_board.waiting ORDER BY poll_id, digest"
_WAITING_OF = """
    SELECT poll_id, ballot, digest FROM ballot_board.waiting WHERE poll_id = :poll_id ORDER BY digest
"""
_LOCK_WAITING = "LOCK TABLE ballot_board.waiting IN ACCESS EXCLUSIVE MODE"
_TRUNCATE = "TRUNCATE ballot_board.waiting"
_WAIT_AGAIN = """
    INSERT INTO ballot_board.waiting (poll_id, ballot)
    SELECT * FROM unnest(CAST(:polls AS uuid[]), CAST(:ballots AS text[]))
"""
_OPEN = """
    SELECT poll_id FROM ballot_board.manifest_signature ORDER BY poll_id DESC LIMIT 1000
"""
_TO_CLOSE = """
    SELECT poll_id, polls.now_ms() AS now_ms FROM ballot_board.manifest_signature
    WHERE polls.is_over(poll_id) AND NOT ballot_board.is_closed(poll_id)
    ORDER BY poll_id LIMIT 100
"""
_TO_EXTEND = """
    SELECT poll_id, noticed.closes_at_ms
    FROM ballot_board.manifest_signature JOIN governance.poll USING (poll_id)
    JOIN (SELECT motion_id, CAST(floor(extract(epoch FROM closes_at) * 1000) AS bigint) AS closes_at_ms
          FROM governance.notice) AS noticed USING (motion_id)
    WHERE noticed.closes_at_ms > polls.closes_at_ms(poll_id) AND NOT ballot_board.is_closed(poll_id)
    ORDER BY poll_id LIMIT 100
"""
_TO_FINISH = """
    SELECT poll_id FROM ballot_board.manifest_signature AS signed
    WHERE NOT EXISTS (SELECT 1 FROM ballot_board.finished AS done WHERE done.poll_id = signed.poll_id)
      AND ballot_board.is_closed(poll_id) AND polls.papers_given(poll_id) = 0
    ORDER BY poll_id LIMIT 100
"""
_IS_CLOSED = "SELECT ballot_board.is_closed(:poll_id)"
_FINISH = "INSERT INTO ballot_board.finished (poll_id) VALUES (:poll_id)"
_IS_FINISHED = "SELECT EXISTS (SELECT 1 FROM ballot_board.finished WHERE poll_id = :poll_id)"
_PAPERS = "SELECT polls.papers_given(:poll_id)"
_EXTEND = """
    INSERT INTO ballot_board.extension (poll_id, number, closes_at_ms, reason)
    SELECT :poll_id, 1 + count(*), :closes_at_ms, :reason
    FROM ballot_board.extension WHERE poll_id = :poll_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A ballot or a cancellation that waits: its canonical document and the hash of it."""

    poll_id: UUID
    document: str
    digest: str


class BoardStore(KeeperStore):
    """The board's tables."""

    def __init__(self) -> None:
        super().__init__(Keeper.BOARD)

    async def insert_key(self, work: UnitOfWork, poll_id: UUID, *, log_public: bytes) -> None:
        """Keep the public key of a poll's board."""
        await self.run(work, _INSERT_KEY, {"poll_id": poll_id, "log_public": log_public})

    async def open_polls(self, work: Reading) -> list[UUID]:
        """Polls that have a board, the newest first."""
        return [row.poll_id for row in await self.run(work, _OPEN)]

    async def let_wait(self, work: UnitOfWork, poll_id: UUID, document: str) -> None:
        """Keep a ballot until others have come; the same one again changes nothing."""
        await self.run(work, _WAIT, {"poll_id": poll_id, "ballot": document})

    async def waiting(self, work: Reading, poll_id: UUID | None = None) -> list[Waiting]:
        """What waits, of one poll or of all, in the order of hashes."""
        statement = _WAITING if poll_id is None else _WAITING_OF
        found = await self.run(work, statement, None if poll_id is None else {"poll_id": poll_id})
        return [
            Waiting(poll_id=row.poll_id, document=row.ballot, digest=row.digest) for row in found
        ]

    async def lock_waiting(self, work: UnitOfWork) -> None:
        """Let nobody hand anything in until the end of the unit of work."""
        await self.run(work, _LOCK_WAITING)

    async def shuffle_waiting(self, work: UnitOfWork, staying: Sequence[Waiting]) -> None:
        """Empty the table down to its file, and put back what stays, in the order of hashes."""
        await self.run(work, _TRUNCATE)
        if staying:
            kept = sorted(staying, key=lambda one: (one.poll_id, one.digest))
            await self.run(
                work,
                _WAIT_AGAIN,
                {"polls": [o.poll_id for o in kept], "ballots": [o.document for o in kept]},
            )

    async def polls_to_close(self, work: Reading) -> list[tuple[UUID, int]]:
        """Polls that are over and whose board is not closed; and now, in milliseconds since 1970."""
        return [(row.poll_id, row.now_ms) for row in await self.run(work, _TO_CLOSE)]

    async def polls_to_extend(self, work: Reading) -> list[tuple[UUID, int]]:
        """Polls whose notice closes later by now, with that instant in milliseconds since 1970."""
        return [(row.poll_id, row.closes_at_ms) for row in await self.run(work, _TO_EXTEND)]

    async def polls_to_finish(self, work: Reading) -> list[UUID]:
        """Polls that are closed and in which no paper was given out."""
        return [row.poll_id for row in await self.run(work, _TO_FINISH)]

    async def is_closed(self, work: Reading, poll_id: UUID) -> bool:
        """Whether the board has its close entry."""
        return bool((await self.run(work, _IS_CLOSED, {"poll_id": poll_id})).scalar_one())

    async def is_finished(self, work: Reading, poll_id: UUID) -> bool:
        """Whether nothing more comes onto the board."""
        return bool((await self.run(work, _IS_FINISHED, {"poll_id": poll_id})).scalar_one())

    async def finish(self, work: UnitOfWork, poll_id: UUID) -> None:
        """Note that nothing more comes onto the board."""
        await self.run(work, _FINISH, {"poll_id": poll_id})

    async def papers_given(self, work: Reading, poll_id: UUID) -> int | None:
        """How many papers were given out; None until the secretary's desk has ended its log."""
        found: int | None = (await self.run(work, _PAPERS, {"poll_id": poll_id})).scalar_one()
        return found

    async def extend(
        self, work: UnitOfWork, poll_id: UUID, *, closes_at_ms: int, reason: str
    ) -> None:
        """Note a later close."""
        await self.run(
            work, _EXTEND, {"poll_id": poll_id, "closes_at_ms": closes_at_ms, "reason": reason}
        )
