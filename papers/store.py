"""Numbers of receipts and public keys: the only SQL that writes them."""

from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text

from foundation.identifiers import TripId
from papers.receipt import Issue
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A receipt as it stands: its number and date, who supplied, which key signed."""

    issue: Issue
    edition: bytes
    key_id: str | None
    signature: bytes | None


async def find_last(work: UnitOfWork, trip_id: TripId) -> Issued | None:
    """The newest receipt of a trip."""
    row = (await work.execute(_LAST, {"trip_id": trip_id})).one_or_none()
    if row is None:
        return None
    supplier: dict[str, Any] | None = row.supplier
    return Issued(
        issue=Issue(
            number=row.number,
            replaces=row.replaces,
            issued_at=row.issued_at,
            supplier=supplier,
        ),
        edition=bytes(row.edition),
        key_id=row.key_id,
        signature=None if row.signature is None else bytes(row.signature),
    )


async def take_number(work: UnitOfWork) -> int:
    """The number after the last one; nobody else takes any until this unit of work ends."""
    await work.execute(_LOCK)
    # Asked after the lock is held: what others wrote before is seen by the next statement.
    number: int = (await work.execute(_NEXT)).scalar_one()
    return number


async def insert_receipt(work: UnitOfWork, trip_id: TripId, issued: Issued) -> None:
    """Write a receipt's row."""
    issue = issued.issue
    await work.execute(
        _INSERT,
        {
            "number": issue.number,
            "trip_id": trip_id,
            "edition": issued.edition,
            "replaces": issue.replaces,
            "issued_at": issue.issued_at,
            "supplier": None if issue.supplier is None else orjson.dumps(issue.supplier).decode(),
            "key_id": issued.key_id,
            "signature": issued.signature,
        },
    )


async def insert_key(work: UnitOfWork, key_id: str, public_key: bytes) -> None:
    """Publish a key from now on."""
    await work.execute(
        _INSERT_KEY, {"key_id": key_id, "public_key": public_key, "valid_from": work.now}
    )


async def lock_numbers(work: UnitOfWork) -> None:
    """Wait for whoever is taking a number or publishing a key."""
    await work.execute(_LOCK)


_LAST = text("""
    SELECT number, replaces, issued_at, supplier, edition, key_id, signature FROM papers.receipt
    WHERE trip_id = :trip_id ORDER BY number DESC LIMIT 1
""")
_LOCK = text("SELECT papers.lock_numbers()")
_NEXT = text("SELECT coalesce(max(number), 0) + 1 FROM papers.receipt")
_INSERT = text("""
    INSERT INTO papers.receipt (number, trip_id, edition, replaces, issued_at, supplier, key_id, signature)
    VALUES (:number, :trip_id, :edition, :replaces, :issued_at, CAST(:supplier AS jsonb), :key_id, :signature)
""")
_INSERT_KEY = text("""
    INSERT INTO papers.signing_key (key_id, public_key, valid_from)
    VALUES (:key_id, :public_key, :valid_from)
""")
