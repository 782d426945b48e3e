"""What the rest of the service reads of the desks' and the board's tables; it writes none of them."""

from dataclasses import dataclass

from sqlalchemy import text

from foundation.identifiers import UUID
from governance.tier import Tier
from storage.work import Reading

_TIER = text("SELECT tier FROM governance.poll WHERE poll_id = :poll_id")
_MANIFEST = text("SELECT document FROM governance.manifest WHERE poll_id = :poll_id")
_SIGNATURES = text("""
    SELECT (SELECT line FROM desk_secretary.manifest_signature WHERE poll_id = :poll_id) AS secretary,
           (SELECT line FROM desk_city_clerk.manifest_signature WHERE poll_id = :poll_id) AS city_clerk,
           (SELECT line FROM ballot_board.manifest_signature WHERE poll_id = :poll_id) AS board
""")
_LOT = text("SELECT secret FROM desk_secretary.lot_revealed WHERE poll_id = :poll_id")
_CLOSE = text("""
    SELECT line, number FROM ballot_board.log_line
    WHERE poll_id = :poll_id AND polls.said(line) ->> 'kind' = 'close'
""")
_FINISHED = text("""
    SELECT EXISTS (SELECT 1 FROM ballot_board.finished WHERE poll_id = :poll_id)
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signatures:
    """Who has signed the manifest, each with a line of the note; None who has not."""

    secretary: str | None
    city_clerk: str | None
    board: str | None


async def find_tier(work: Reading, poll_id: UUID) -> Tier | None:
    """The tier of a poll that was noticed."""
    found = (await work.execute(_TIER, {"poll_id": poll_id})).scalar_one_or_none()
    return None if found is None else Tier(found)


async def find_manifest(work: Reading, poll_id: UUID) -> str | None:
    """The manifest of a poll that was opened."""
    found: str | None = (await work.execute(_MANIFEST, {"poll_id": poll_id})).scalar_one_or_none()
    return found


async def signatures(work: Reading, poll_id: UUID) -> Signatures:
    """Who has signed the manifest."""
    row = (await work.execute(_SIGNATURES, {"poll_id": poll_id})).one()
    return Signatures(secretary=row.secretary, city_clerk=row.city_clerk, board=row.board)


async def find_lot(work: Reading, poll_id: UUID) -> bytes | None:
    """What settles ties, once it is revealed."""
    found = (await work.execute(_LOT, {"poll_id": poll_id})).scalar_one_or_none()
    return None if found is None else bytes(found)


async def find_close(work: Reading, poll_id: UUID) -> int | None:
    """The number of the board's close entry."""
    found = (await work.execute(_CLOSE, {"poll_id": poll_id})).one_or_none()
    return None if found is None else int(found.number)


async def find_close_entry(work: Reading, poll_id: UUID) -> bytes | None:
    """The board's close entry."""
    found = (await work.execute(_CLOSE, {"poll_id": poll_id})).one_or_none()
    return None if found is None else bytes(found.line)


async def is_finished(work: Reading, poll_id: UUID) -> bool:
    """Whether nothing more comes onto the board."""
    return bool((await work.execute(_FINISHED, {"poll_id": poll_id})).scalar_one())
