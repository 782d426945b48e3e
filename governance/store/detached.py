"""Who took part in a detached poll, and the ballots that wait; nothing ties one to the other."""

from sqlalchemy import text

from foundation.identifiers import UUID
from governance.ballots.plain import Fields, canonical
from storage.work import Reading, UnitOfWork

_MARK = text("""
    INSERT INTO governance.detached_mark (poll_id, commitment) VALUES (:poll_id, :commitment)
    ON CONFLICT DO NOTHING RETURNING poll_id
""")

_INSERT_WAITING = text("""
    INSERT INTO ballot_board.waiting (poll_id, ballot) VALUES (:poll_id, :ballot)
    ON CONFLICT DO NOTHING
""")

_STANDING = text("""
    WITH entry AS (
        SELECT CAST(ballot AS jsonb) AS ballot, false AS cancels FROM ballot_board.waiting
        WHERE poll_id = :poll_id
        UNION ALL
        SELECT coalesce(said -> 'ballot', said), said ->> 'kind' = 'cancellation'
        FROM (SELECT CAST(convert_from(line, 'UTF8') AS jsonb) AS said FROM ballot_board.log_line
              WHERE poll_id = :poll_id) AS line)
    SELECT coalesce(max(CAST(ballot ->> 'sequence' AS integer)), 0) AS sequence,
           coalesce(bool_or(cancels), false) AS is_cancelled
    FROM entry WHERE ballot ->> 'key' = :key
""")


async def mark(work: UnitOfWork, poll_id: UUID, commitment: str) -> bool:
    """Note that an entry of the roll took part; False if it did before."""
    written = await work.execute(_MARK, {"poll_id": poll_id, "commitment": commitment})
    return written.one_or_none() is not None


async def find_standing(work: Reading, poll_id: UUID, key: str) -> tuple[int, bool]:
    """The highest number of a ballot key (base64), and whether it was cancelled."""
    row = (await work.execute(_STANDING, {"poll_id": poll_id, "key": key})).one()
    return row.sequence, row.is_cancelled


async def insert_waiting(work: UnitOfWork, poll_id: UUID, ballot: Fields) -> None:
    """Put a ballot where it waits for others."""
    document = canonical(ballot).decode()
    await work.execute(_INSERT_WAITING, {"poll_id": poll_id, "ballot": document})
