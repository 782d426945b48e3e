"""SQL of what drivers ask for between two payout files, and of what they were told."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID, DriverId
from foundation.money import Currency
from storage.work import Reading, UnitOfWork

TOLD_OF = (
    "payout_ordered", "payout_settled", "payout_destination_set", "payout_destination_withdrawn",
    "payout_destination_in_use",
)  # fmt: skip
"""Kinds of facts that a driver is told by text message."""

DESTINATIONS_A_TURN = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A fact about a driver's payouts, at its place in the outbox."""

    event_id: UUID
    position: int
    kind: str
    driver_id: DriverId
    payload: Mapping[str, Any]


async def insert_request(work: UnitOfWork, driver_id: DriverId, currency: Currency) -> int | None:
    """Ask for the driver's next payout; its number, or None if it was asked for already."""
    asked = {"driver_id": driver_id, "currency": currency, "at": work.now}
    number: int | None = (await work.execute(_INSERT_REQUEST, asked)).scalar_one_or_none()
    return number


async def last_told(work: Reading) -> int:
    """The place of the latest fact that was told; 0 if none ever was."""
    return int((await work.execute(_LAST_TOLD)).scalar_one())


async def list_untold(work: Reading, *, after: int, limit: int) -> tuple[list[Untold], int]:
    """Facts after that place that nobody was told of, in order; and the place that was looked up to."""
    seen = int((await work.execute(_LAST_POSITION)).scalar_one())
    asked = {"after": after, "upto": seen, "kinds": list(TOLD_OF), "limit": limit}
    rows = await work.execute(_UNTOLD, asked)
    return [
        Untold(
            event_id=row.event_id, position=row.position, kind=row.kind,
            driver_id=DriverId(row.driver_id), payload=row.payload,
        )
        for row in rows
    ], seen  # fmt: skip


async def insert_notice(work: UnitOfWork, fact: Untold) -> bool:
    """Write down that a fact is told; whether it was not before."""
    values = {"event_id": fact.event_id, "position": fact.position, "at": work.now}
    return (await work.execute(_INSERT_NOTICE, values)).rowcount > 0


async def list_destinations_in_use_untold(work: Reading) -> list[tuple[DriverId, int, str]]:
    """Driver, number and last letters of destinations whose time has come, which nobody was told."""
    rows = await work.execute(_IN_USE_UNTOLD, {"limit": DESTINATIONS_A_TURN})
    return [(DriverId(row.driver_id), row.number, row.tail) for row in rows]


_INSERT_REQUEST = text("""
    INSERT INTO ledger.payout_request (driver_id, currency, number, asked_at)
    SELECT CAST(:driver_id AS uuid), CAST(:currency AS text),
           ledger.next_payout(CAST(:driver_id AS uuid), CAST(:currency AS text)),
           CAST(:at AS timestamptz)
    ON CONFLICT DO NOTHING RETURNING number
""")
_LAST_TOLD = text("SELECT coalesce(max(position), 0) FROM ledger.payout_notice")
_LAST_POSITION = text("SELECT coalesce(max(position), 0) FROM storage.outbox")
_UNTOLD = text("""
    SELECT event_id, position, kind, driver_id, payload FROM storage.outbox
    WHERE position > :after AND position <= :upto AND topic = 'ledger'
      AND kind = ANY(CAST(:kinds AS text[])) AND driver_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM ledger.payout_notice
                      WHERE payout_notice.event_id = outbox.event_id)
    ORDER BY position LIMIT :limit
""")
_INSERT_NOTICE = text("""
    INSERT INTO ledger.payout_notice (event_id, position, told_at)
    VALUES (:event_id, :position, :at) ON CONFLICT DO NOTHING
""")
_IN_USE_UNTOLD = text("""
    SELECT driver_id, number, tail FROM ledger.payout_destination AS destination
    WHERE usable_from <= public.service_now()
      AND NOT EXISTS (SELECT FROM ledger.payout_destination_withdrawn AS withdrawn
                      WHERE withdrawn.driver_id = destination.driver_id
                        AND withdrawn.number = destination.number)
      AND NOT EXISTS (
          SELECT FROM storage.outbox WHERE topic = 'ledger'
          AND key = format('payout_destination_in_use:%s:%s', destination.driver_id,
                           destination.number))
    ORDER BY driver_id, number LIMIT :limit
""")
