"""What receipts read of trips, money, rules and keys."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from dispatch.errors import TripNotFound
from foundation.identifiers import UUID, QuoteId, RiderId, RuleId, TransferId, TripId
from papers.receipt import Correction, Payment
from papers.signing import PublishedKey
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class TripToReceipt:
    """A trip as its receipt needs it; `ended_at` is None while it is under way."""

    trip_id: TripId
    rider_id: RiderId
    quote_id: QuoteId
    booking_rule_id: RuleId
    ended_at: datetime | None


async def get_trip(work: Reading, trip_id: TripId, rider_id: RiderId | None) -> TripToReceipt:
    """A trip; of a certain rider, if one is named.

    Raises
    ------
    TripNotFound
        If there is none, or it is another rider's.
    """
    row = (await work.execute(_TRIP, {"trip_id": trip_id})).one_or_none()
    if row is None or rider_id not in (None, row.rider_id):
        raise TripNotFound(trip_id)
    return TripToReceipt(
        trip_id=trip_id,
        rider_id=RiderId(row.rider_id),
        quote_id=QuoteId(row.quote_id),
        booking_rule_id=RuleId(row.booking_rule_id),
        ended_at=row.ended_at,
    )


async def list_corrections(work: Reading, trip_id: UUID) -> tuple[Correction, ...]:
    """What was given back of a trip, oldest first."""
    rows = await work.execute(_CORRECTIONS, {"trip_id": trip_id})
    return tuple(
        Correction(
            transfer_id=TransferId(row.transfer_id),
            made_at=row.made_at,
            amount_minor=row.amount_minor,
            reason=row.reason,
        )
        for row in rows
    )


async def find_payment(work: Reading, trip_id: UUID) -> Payment | None:
    """How the trip's charge was paid and when; None as long as it stands in the rider's account."""
    row = (await work.execute(_PAYMENT, {"trip_id": trip_id})).one()
    return None if row.paid_at is None else Payment(way=row.way, paid_at=row.paid_at)


async def list_keys(work: Reading) -> tuple[PublishedKey, ...]:
    """Every key that ever signed, the newest first."""
    rows = await work.execute(_KEYS)
    return tuple(
        PublishedKey(
            key_id=row.key_id,
            public_key=bytes(row.public_key),
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows
    )


_TRIP = text("""
    SELECT rider_id, quote_id, booking_rule_id, ended_at FROM dispatch.trip
    WHERE trip_id = :trip_id
""")

_CORRECTIONS = text("""
    SELECT transfer.transfer_id, transfer.made_at, transfer.reason,
           abs(entry.amount_minor) AS amount_minor
    FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
    WHERE transfer.subject_id = :trip_id AND transfer.kind = 'refund'
      AND transfer.state = 'posted' AND entry.line = 1
    ORDER BY transfer.ordinal
    LIMIT 100
""")

_PAYMENT = text("""
    SELECT customers.way_of(:trip_id) AS way, (
        SELECT min(made_at) FROM (
            SELECT made_at FROM ledger.transfer
            WHERE subject_id = :trip_id AND kind IN ('cash_collected', 'assigned', 'voucher_used')
            UNION ALL
            SELECT paid.made_at FROM ledger.payment
            JOIN ledger.transfer AS paid ON paid.subject_id = payment.payment_id AND paid.kind = 'payment'
            WHERE payment.trip_id = :trip_id AND payment.purpose = 'trip'
        ) AS paying) AS paid_at
""")

_KEYS = text("""
    SELECT key_id, public_key, valid_from,
           lead(valid_from) OVER (ORDER BY valid_from) AS valid_to
    FROM papers.signing_key ORDER BY valid_from DESC LIMIT 1000
""")
