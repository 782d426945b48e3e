"""A desk's own tables: the roll it reads, the marks it makes; no ballot."""

from collections.abc import Sequence

from foundation.identifiers import UUID
from governance.ballots.issuance import NO_MARK, Mark
from governance.ballots.roll import RollEntry
from governance.polls.store.keepers import KeeperStore
from storage.work import Reading, UnitOfWork

_INSERT_KEY = """
    INSERT INTO KEEPER.poll_key (poll_id, log_public, issuer_spki, lot_commitment)
    VALUES (:poll_id, :log_public, :issuer_spki, :lot_commitment)
"""
_TERMS = (
    "SELECT log_public, issuer_spki, lot_commitment FROM KEEPER.poll_key WHERE poll_id = :poll_id"
)
_ROLL = """
    SELECT commitment, credential, name FROM governance.poll_roll
    WHERE poll_id = :poll_id AND (CAST(:only AS text) IS NULL OR commitment = :only)
    ORDER BY commitment LIMIT 2000000
"""
_MARK = (
    "SELECT issued, paper FROM KEEPER.mark WHERE poll_id = :poll_id AND commitment = :commitment"
)
_INSERT_MARK = """
    INSERT INTO KEEPER.mark (poll_id, commitment, issued, paper)
    VALUES (:poll_id, :commitment, CAST(:issued AS bytea[]), :paper)
"""
_TO_PAPER = """
    UPDATE KEEPER.mark SET paper = true WHERE poll_id = :poll_id AND commitment = :commitment
"""
_COUNT = "SELECT count(*) FROM KEEPER.mark WHERE poll_id = :poll_id AND issued IS NOT NULL"
_CHANGED = """
    SELECT count(*) FROM KEEPER.mark WHERE poll_id = :poll_id AND issued IS NOT NULL AND paper
"""
_CANCELLATIONS = "SELECT polls.cancellations(:poll_id)"
_UNENDED = """
    SELECT poll_id FROM KEEPER.manifest_signature AS signed
    WHERE polls.is_over(poll_id) AND polls.has_closed(poll_id)
      AND NOT EXISTS (SELECT 1 FROM KEEPER.head WHERE head.poll_id = signed.poll_id)
      AND (polls.tier_of(poll_id) <> 'detached'
           OR EXISTS (SELECT 1 FROM ballot_board.finished AS done WHERE done.poll_id = signed.poll_id))
    ORDER BY poll_id LIMIT 100
"""
_DETACHED = """
    SELECT commitment FROM governance.detached_mark WHERE poll_id = :poll_id
    ORDER BY commitment LIMIT 2000000
"""
_LOT_DUE = """
    SELECT poll_id FROM ballot_board.finished AS done
    WHERE EXISTS (SELECT 1 FROM desk_secretary.manifest_signature AS one WHERE one.poll_id = done.poll_id)
      AND NOT EXISTS (SELECT 1 FROM desk_secretary.lot_revealed AS one WHERE one.poll_id = done.poll_id)
    ORDER BY poll_id LIMIT 100
"""
_REVEAL = "INSERT INTO desk_secretary.lot_revealed (poll_id, secret) VALUES (:poll_id, :secret)"


class DeskStore(KeeperStore):
    """The tables of one desk."""

    async def insert_key(
        self,
        work: UnitOfWork,
        poll_id: UUID,
        *,
        log_public: bytes,
        issuer_spki: bytes | None,
        lot_commitment: bytes | None,
    ) -> None:
        """Keep the public keys of a poll."""
        await self.run(
            work,
            _INSERT_KEY,
            {
                "poll_id": poll_id, "log_public": log_public, "issuer_spki": issuer_spki,
                "lot_commitment": lot_commitment,
            },
        )  # fmt: skip

    async def terms(
        self, work: Reading, poll_id: UUID
    ) -> tuple[bytes, bytes | None, bytes | None] | None:
        """Public log key, issuer's key, lot commitment; None if the desk has not prepared."""
        row = (await self.run(work, _TERMS, {"poll_id": poll_id})).one_or_none()
        return None if row is None else (row.log_public, row.issuer_spki, row.lot_commitment)

    async def roll(self, work: Reading, poll_id: UUID) -> list[RollEntry]:
        """The roll as published, in its order."""
        found = await self.run(work, _ROLL, {"poll_id": poll_id, "only": None})
        return [_entry(row.commitment, row.credential, row.name) for row in found]

    async def find_entry(self, work: Reading, poll_id: UUID, commitment: bytes) -> RollEntry | None:
        """One entry of the roll."""
        found = await self.run(work, _ROLL, {"poll_id": poll_id, "only": commitment.hex()})
        row = found.one_or_none()
        return None if row is None else _entry(row.commitment, row.credential, row.name)

    async def find_mark(self, work: Reading, poll_id: UUID, commitment: bytes) -> Mark:
        """What is noted beside an entry."""
        found = await self.run(work, _MARK, {"poll_id": poll_id, "commitment": commitment.hex()})
        row = found.one_or_none()
        if row is None:
            return NO_MARK
        issued = None if row.issued is None else tuple(bytes(one) for one in row.issued)
        return Mark(issued=issued, paper=row.paper)

    async def insert_mark(
        self, work: UnitOfWork, poll_id: UUID, commitment: bytes, *, mark: Mark
    ) -> None:
        """Note something beside an entry for the first time."""
        issued: Sequence[bytes] | None = None if mark.issued is None else list(mark.issued)
        await self.run(
            work,
            _INSERT_MARK,
            {
                "poll_id": poll_id, "commitment": commitment.hex(), "issued": issued,
                "paper": mark.paper,
            },
        )  # fmt: skip

    async def change_to_paper(self, work: UnitOfWork, poll_id: UUID, commitment: bytes) -> None:
        """Note that who was issued a ballot votes on paper."""
        await self.run(work, _TO_PAPER, {"poll_id": poll_id, "commitment": commitment.hex()})

    async def count_issued(self, work: Reading, poll_id: UUID) -> int:
        """How many were issued a ballot."""
        found = await self.run(work, _COUNT, {"poll_id": poll_id})
        return int(found.scalar_one())

    async def spare_cancellations(self, work: Reading, poll_id: UUID) -> int:
        """Cancellations handed in for which no paper was given out yet."""
        all_of_them = await self.run(work, _CANCELLATIONS, {"poll_id": poll_id})
        used = await self.run(work, _CHANGED, {"poll_id": poll_id})
        return int(all_of_them.scalar_one()) - int(used.scalar_one())

    async def polls_to_end(self, work: Reading) -> list[UUID]:
        """Polls whose board is closed and whose log here has no signed head.

        Not just over: a board that was away at the close waits for an extension, in which desks
        issue again. Of a detached poll after the board has ended: who took part was handed in with the ballots.
        """
        return [row.poll_id for row in await self.run(work, _UNENDED)]

    async def took_part(self, work: Reading, poll_id: UUID) -> list[bytes]:
        """The entries that voted in a detached poll, in the order of the roll."""
        found = await self.run(work, _DETACHED, {"poll_id": poll_id})
        return [bytes.fromhex(row.commitment) for row in found]

    async def lots_due(self, work: Reading) -> list[UUID]:
        """Polls whose board has ended and whose lot is not revealed (the secretary's desk)."""
        return [row.poll_id for row in await self.run(work, _LOT_DUE)]

    async def reveal_lot(self, work: UnitOfWork, poll_id: UUID, secret: bytes) -> None:
        """Reveal what settles ties."""
        await self.run(work, _REVEAL, {"poll_id": poll_id, "secret": secret})


def _entry(commitment: str, credential: bytes, name: str) -> RollEntry:
    return RollEntry(commitment=bytes.fromhex(commitment), credential=bytes(credential), name=name)
