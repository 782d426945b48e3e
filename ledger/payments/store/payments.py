"""Payments, and what the books say of their trips."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID, RiderId, TripId
from foundation.money import Currency
from ledger.payments.payment import InBooks, Payment, PaymentState, Purpose
from storage.work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Moving:
    """A payment and what the books say of its trip; `moves` counts the trip's refunds and tip."""

    payment: Payment
    books: InBooks | None
    moves: int


async def insert_payment(
    work: UnitOfWork, payment: Payment, *, note: str | None = None, made_by: UUID | None = None
) -> bool:
    """Write a payment that is wanted; False if its identifier, or its trip's payment, is there."""
    values = {
        "payment_id": payment.payment_id,
        "rider_id": payment.rider_id,
        "trip_id": payment.trip_id,
        "purpose": payment.purpose.value,
        "provider": payment.provider,
        "card_id": payment.card_id,
        "currency": payment.currency,
        "wanted_minor": payment.wanted_minor,
        "note": note,
        "made_by": made_by,
        "now": work.now,
    }
    written: bool = (await work.execute(_INSERT, values)).rowcount > 0
    return written


async def find_payment(work: Reading, payment_id: UUID) -> Payment | None:
    """A payment as it stands."""
    row = (await work.execute(_FIND, {"payment_id": payment_id})).one_or_none()
    return None if row is None else payment_of(row)


async def lock_payment(work: UnitOfWork, payment_id: UUID) -> Payment | None:
    """A payment that nobody else moves until the end of the unit of work."""
    row = (await work.execute(_LOCK, {"payment_id": payment_id})).one_or_none()
    return None if row is None else payment_of(row)


async def find_by_ref(work: Reading, provider: str, ref: str) -> UUID | None:
    """The payment that the provider calls `ref`."""
    found: UUID | None = (
        await work.execute(_BY_REF, {"provider": provider, "ref": ref})
    ).scalar_one_or_none()
    return found


async def save_payment(work: UnitOfWork, payment: Payment) -> None:
    """Write what is known now of a payment that is locked."""
    await work.execute(
        _SAVE,
        {
            "payment_id": payment.payment_id,
            "state": payment.state.value,
            "ref": payment.ref,
            "authorised_minor": payment.authorised_minor,
            "captured_minor": payment.captured_minor,
            "refunded_minor": payment.refunded_minor,
            "refunds": payment.refunds,
            "fee_minor": payment.fee_minor,
            "failure": payment.failure,
            "now": work.now,
        },
    )


async def nudge(work: UnitOfWork, payment_id: UUID, *, ref: str | None) -> None:
    """The provider, who calls it `ref`, told that something changed: look there."""
    await work.execute(_NUDGE, {"payment_id": payment_id, "ref": ref})


async def note_look(work: UnitOfWork, payment_id: UUID, nudges: int) -> None:
    """What was told up to the nudge of that number has been looked into."""
    await work.execute(_LOOKED, {"payment_id": payment_id, "nudges": nudges})


async def list_nudged(work: Reading, *, limit: int) -> list[tuple[Payment, int]]:
    """Payments to look into, each with the number of its latest nudge."""
    rows = await work.execute(_NUDGED, {"limit": limit})
    return [(payment_of(row), row.nudges) for row in rows]


async def list_moving(work: Reading, *, limit: int) -> list[Moving]:
    """Payments of which something may be due.

    Those with a command that is open, or was given up, wait for that.
    """
    rows = (await work.execute(_MOVING, {"limit": limit})).all()
    return [Moving(payment=payment_of(row), books=_in_books(row), moves=row.moves) for row in rows]


async def note_followed(work: UnitOfWork, payment_id: UUID, moves: int) -> None:
    """The card has followed its trip's refunds and tip up to that number."""
    await work.execute(_FOLLOWED, {"payment_id": payment_id, "moves": moves})


async def list_tips(work: Reading, *, limit: int) -> Sequence[Any]:
    """Tips for trips that were paid by card, which nobody paid yet: `trip_id`, `rider_id`,
    `provider`, `card_id`, `currency`, `tip_minor`."""
    return (await work.execute(_TIPS, {"limit": limit})).all()


async def list_changed(work: Reading, since: datetime, *, limit: int) -> list[Payment]:
    """Payments that changed from `since` on, the oldest change first."""
    rows = await work.execute(_CHANGED, {"since": since, "limit": limit})
    return [payment_of(row) for row in rows]


async def owed_minor(work: Reading, rider_id: RiderId, currency: Currency) -> int:
    """What the rider owes and is not being paid: the balance, less what cards are asked for."""
    found: int = (
        await work.execute(_OWED, {"rider_id": rider_id, "currency": currency})
    ).scalar_one()
    return found


async def lock_rider(work: UnitOfWork, rider_id: RiderId) -> None:
    """Two payments of one rider at once wait for each other."""
    await work.execute(_LOCK_RIDER, {"rider_id": str(rider_id)})


def payment_of(row: Any) -> Payment:
    """A row as a payment."""
    return Payment(
        payment_id=row.payment_id,
        rider_id=RiderId(row.rider_id),
        trip_id=None if row.trip_id is None else TripId(row.trip_id),
        purpose=Purpose(row.purpose),
        provider=row.provider,
        card_id=row.card_id,
        currency=Currency(row.currency),
        wanted_minor=row.wanted_minor,
        state=PaymentState(row.state),
        ref=row.ref,
        authorised_minor=row.authorised_minor,
        captured_minor=row.captured_minor,
        refunded_minor=row.refunded_minor,
        refunds=row.refunds,
        fee_minor=row.fee_minor,
        failure=row.failure,
    )


def _in_books(row: Any) -> InBooks | None:
    if row.purpose != Purpose.TRIP:
        return None
    return InBooks(
        charged_minor=row.charged_minor,
        refunded_minor=row.trip_refunded_minor,
        is_held=row.is_held,
    )


COLUMNS = (
    "payment.payment_id, payment.rider_id, payment.trip_id, payment.purpose, payment.provider,"
    " payment.card_id, payment.currency, payment.wanted_minor, payment.state, payment.ref,"
    " payment.authorised_minor, payment.captured_minor, payment.refunded_minor, payment.refunds,"
    " payment.fee_minor, payment.failure"
)

_INSERT = text("""
    INSERT INTO ledger.payment (payment_id, rider_id, trip_id, purpose, provider, card_id, currency,
                                wanted_minor, note, made_by, made_at, changed_at)
    VALUES (:payment_id, :rider_id, :trip_id, :purpose, :provider, :card_id, :currency,
            :wanted_minor, :note, :made_by, :now, :now)
    ON CONFLICT DO NOTHING
""")

_FIND = text(f"SELECT {COLUMNS} FROM ledger.payment WHERE payment_id = :payment_id")

_LOCK = text(f"SELECT {COLUMNS} FROM ledger.payment WHERE payment_id = :payment_id FOR UPDATE")

_BY_REF = text("SELECT payment_id FROM ledger.payment WHERE provider = :provider AND ref = :ref")

_SAVE = text("""
    UPDATE ledger.payment
    SET state = :state, ref = :ref, authorised_minor = :authorised_minor,
        captured_minor = :captured_minor, refunded_minor = :refunded_minor, refunds = :refunds,
        fee_minor = :fee_minor, failure = :failure, changed_at = :now
    WHERE payment_id = :payment_id
""")

_NUDGE = text("""
    UPDATE ledger.payment SET nudges = nudges + 1, ref = coalesce(ref, CAST(:ref AS text))
    WHERE payment_id = :payment_id
""")

_LOOKED = text("""
    UPDATE ledger.payment SET looks = greatest(looks, CAST(:nudges AS integer))
    WHERE payment_id = :payment_id
""")

_NUDGED = text(f"""
    SELECT {COLUMNS}, payment.nudges FROM ledger.payment WHERE nudges > looks
    ORDER BY payment_id LIMIT :limit
""")

_MOVING = text(f"""
    SELECT {COLUMNS}, payment.moves, charge.total_minor AS charged_minor, given.trip_refunded_minor,
           held.is_held
    FROM ledger.payment
    LEFT JOIN ledger.charge USING (trip_id)
    CROSS JOIN LATERAL (
        SELECT CAST(coalesce(sum(entry.amount_minor), 0) AS bigint) AS trip_refunded_minor
        FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
        WHERE transfer.subject_id = payment.trip_id AND transfer.kind = 'refund' AND entry.line = 1
    ) AS given
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM ledger.transfer AS hold
            WHERE hold.subject_id = payment.trip_id AND hold.kind = 'hold'
              AND NOT EXISTS (SELECT FROM ledger.transfer AS ending
                              WHERE ending.resolves = hold.transfer_id)) AS is_held
    ) AS held
    WHERE (payment.state = 'authorised'
           OR payment.state = 'captured' AND payment.moves > payment.followed)
      AND (payment.purpose <> 'trip' OR charge.trip_id IS NOT NULL OR NOT held.is_held)
      AND NOT EXISTS (
          SELECT FROM ledger.payment_command AS command
          WHERE command.payment_id = payment.payment_id AND command.done_at IS NULL)
    ORDER BY payment.made_at, payment.payment_id LIMIT :limit
""")

_FOLLOWED = text("""
    UPDATE ledger.payment SET followed = greatest(followed, CAST(:moves AS integer))
    WHERE payment_id = :payment_id
""")

_TIPS = text("""
    SELECT trip.trip_id, trip.rider_id, trip.provider, trip.card_id, trip.currency,
           CAST(entry.amount_minor AS bigint) AS tip_minor
    FROM ledger.payment AS trip
    JOIN ledger.transfer AS given ON given.subject_id = trip.trip_id AND given.kind = 'tip'
    JOIN ledger.entry ON entry.transfer_id = given.transfer_id AND entry.line = 1
    WHERE trip.purpose = 'trip' AND trip.state = 'captured' AND trip.moves > trip.followed
      AND NOT EXISTS (SELECT FROM ledger.payment AS tip
                      WHERE tip.trip_id = trip.trip_id AND tip.purpose = 'tip')
    ORDER BY given.made_at, trip.trip_id LIMIT :limit
""")

_CHANGED = text(f"""
    SELECT {COLUMNS} FROM ledger.payment WHERE changed_at >= :since
    ORDER BY changed_at, payment_id LIMIT :limit
""")

_OWED = text("""
    SELECT CAST(coalesce((
        SELECT sum(entry.amount_minor) FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
        WHERE account_id = ledger.account_id('rider', CAST(:rider_id AS uuid), CAST(:currency AS text))
          AND transfer.state = 'posted'
    ), 0) - coalesce((
        SELECT sum(least(wanted_minor, coalesce(charge.total_minor, wanted_minor)))
        FROM ledger.payment LEFT JOIN ledger.charge USING (trip_id)
        WHERE payment.rider_id = :rider_id AND payment.currency = :currency
          AND payment.state IN ('wanted', 'authorised')
          AND (payment.purpose <> 'trip' OR charge.trip_id IS NOT NULL)
    ), 0) AS bigint)
""")

_LOCK_RIDER = text(
    "SELECT pg_advisory_xact_lock(hashtext('ledger.payment'), hashtext(CAST(:rider_id AS text)))"
)
