"""Read models of customers, vouchers, invoices and disputes, shaped for entrances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID, RiderId, TransferId, TripId
from ledger.customers.errors import DisputeNotFound, DocumentNotFound
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerView:
    """A customer as the office sees it.

    Attributes
    ----------
    owed_minor
        What it owes now; below zero it has paid ahead.
    """

    customer_id: UUID
    kind: str
    legal_name: str
    address: str
    vat_id: str | None
    currency: str
    zone: str
    terms_days: int
    per_trip_minor: int | None
    per_month_minor: int | None
    is_closed: bool
    owed_minor: int
    cost_centres: tuple[dict[str, str], ...]
    riders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayableBy:
    """A customer that a rider may book on by its list."""

    customer_id: UUID
    legal_name: str
    cost_centre: str | None
    cost_centres: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsaid:
    """An entry of a customer that no document says yet.

    Attributes
    ----------
    takes_back
        The invoice that said what this takes back: a credit note names it.
    """

    transfer_id: TransferId
    kind: str
    trip_id: TripId | None
    amount_minor: int
    made_at: datetime
    cost_centre: str | None
    takes_back: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """An invoice or a credit note; `said` is its text, of which `digest` is the SHA-256."""

    document_id: UUID
    number: int
    kind: str
    customer_id: UUID
    month: date | None
    corrects: UUID | None
    currency: str
    total_minor: int
    due_on: date | None
    said: str
    digest: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeView:
    """A dispute and what was decided, if it was."""

    dispute_id: UUID
    trip_id: TripId
    about: str
    rider_id: RiderId
    asked_minor: int
    currency: str
    words: str
    opened_at: datetime
    outcome: str | None
    borne_by: str | None
    amount_minor: int | None
    reason: str | None
    transfer_id: UUID | None
    decided_at: datetime | None


async def cash_due(work: Reading, trip_id: TripId) -> int | None:
    """Minor units of a trip's fare that its driver took in cash, what was missing taken off."""
    found = await work.execute(_CASH, {"trip_id": trip_id})
    due: int | None = found.scalar_one()
    return due


async def list_customers(work: Reading) -> list[CustomerView]:
    """Every customer, in the order of their names."""
    return [
        CustomerView(**dict(row._mapping) | {"cost_centres": tuple(row.cost_centres)})
        for row in await work.execute(_CUSTOMERS)
    ]


async def list_payable(work: Reading, rider_id: RiderId) -> list[PayableBy]:
    """The customers that a rider may book on."""
    return [
        PayableBy(**dict(row._mapping) | {"cost_centres": tuple(row.cost_centres)})
        for row in await work.execute(_PAYABLE, {"rider_id": rider_id})
    ]


async def list_unsaid(work: Reading, customer_id: UUID, before: datetime) -> list[Unsaid]:
    """Entries of a customer made before an instant that no document says, oldest first."""
    rows = await work.execute(_UNSAID, {"customer_id": customer_id, "before": before})
    return [Unsaid(**row._mapping) for row in rows]


async def next_number(work: Reading) -> int:
    """The number that the next document has; whoever asks holds the lock of numbers."""
    found = await work.execute(_NUMBER)
    number: int = found.scalar_one()
    return number


async def list_documents(work: Reading, customer_id: UUID) -> list[DocumentView]:
    """A customer's invoices and credit notes, newest first."""
    rows = await work.execute(_DOCUMENTS, {"customer_id": customer_id})
    return [DocumentView(**row._mapping) for row in rows]


async def get_document(work: Reading, document_id: UUID) -> DocumentView:
    """One invoice or credit note.

    Raises
    ------
    DocumentNotFound
    """
    row = (await work.execute(_DOCUMENT, {"document_id": document_id})).one_or_none()
    if row is None:
        raise DocumentNotFound(document_id)
    return DocumentView(**row._mapping)


async def list_disputes(work: Reading, *, open_only: bool = True) -> list[DisputeView]:
    """Disputes, oldest first; those that wait for a decision, or the last 200 of all."""
    rows = await work.execute(_DISPUTES, {"open_only": open_only})
    return [DisputeView(**row._mapping) for row in rows]


async def list_disputes_of(work: Reading, rider_id: RiderId) -> list[DisputeView]:
    """A rider's own disputes, newest first."""
    rows = await work.execute(_DISPUTES_OF, {"rider_id": rider_id})
    return [DisputeView(**row._mapping) for row in rows]


async def get_dispute(work: Reading, dispute_id: UUID) -> DisputeView:
    """One dispute.

    Raises
    ------
    DisputeNotFound
    """
    row = (await work.execute(_DISPUTE, {"dispute_id": dispute_id})).one_or_none()
    if row is None:
        raise DisputeNotFound(dispute_id)
    return DisputeView(**row._mapping)


async def list_vouchers(work: Reading, customer_id: UUID) -> Sequence[dict[str, Any]]:
    """A customer's vouchers and what is left of each, newest first."""
    rows = await work.execute(_VOUCHERS, {"customer_id": customer_id})
    return [dict(row._mapping) for row in rows]


_CASH = text("""
    SELECT CAST(sum(CASE kind WHEN 'cash_short' THEN -amount_minor ELSE amount_minor END) AS bigint)
    FROM ledger.transfer JOIN ledger.entry USING (transfer_id)
    WHERE subject_id = :trip_id AND kind IN ('cash_collected', 'cash_short') AND line = 1
""")
_CUSTOMERS = text("""
    SELECT customer.customer_id, kind, legal_name, address, vat_id, customer.currency, zone,
           terms_days, limits.per_trip_minor, limits.per_month_minor,
           EXISTS (SELECT FROM customers.closed WHERE closed.customer_id = customer.customer_id)
               AS is_closed,
           (SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM ledger.entry
            WHERE account_id = ledger.account_id('customer', customer.customer_id, customer.currency))
               AS owed_minor,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('code', code, 'name', name) ORDER BY code),
                            '[]')
            FROM customers.cost_centre WHERE cost_centre.customer_id = customer.customer_id)
               AS cost_centres,
           (SELECT count(*) FROM customers.rider
            WHERE rider.customer_id = customer.customer_id AND ended_at IS NULL) AS riders
    FROM customers.customer
    CROSS JOIN LATERAL (
        SELECT * FROM customers.limits WHERE limits.customer_id = customer.customer_id
        ORDER BY number DESC LIMIT 1) AS limits
    ORDER BY legal_name, customer.customer_id
""")
_PAYABLE = text("""
    SELECT customer_id, legal_name, rider.cost_centre,
           (SELECT coalesce(jsonb_agg(code ORDER BY code), '[]') FROM customers.cost_centre
            WHERE cost_centre.customer_id = customer.customer_id) AS cost_centres
    FROM customers.rider JOIN customers.customer USING (customer_id)
    WHERE rider_id = :rider_id AND ended_at IS NULL
      AND NOT EXISTS (SELECT FROM customers.closed WHERE closed.customer_id = customer.customer_id)
    ORDER BY legal_name
""")
_UNSAID = text("""
    SELECT entries.transfer_id, entries.kind, entries.trip_id, entries.amount_minor,
           entries.made_at, payment.cost_centre,
           CASE WHEN entries.kind = 'refund_passed_on' THEN (
               SELECT document_id FROM customers.document_line
               JOIN customers.document USING (document_id)
               WHERE document_line.trip_id = entries.trip_id AND document.kind = 'invoice'
               LIMIT 1) END AS takes_back
    FROM customers.entries_of(CAST(:customer_id AS uuid)) AS entries
    LEFT JOIN customers.payment USING (trip_id)
    WHERE entries.made_at < :before
      AND NOT EXISTS (SELECT FROM customers.document_line AS line
                      WHERE line.transfer_id = entries.transfer_id)
    ORDER BY entries.made_at, entries.transfer_id
""")
_NUMBER = text("SELECT coalesce(max(number), 0) + 1 FROM customers.document")
_DOCUMENT_COLUMNS = """
    document_id, number, kind, customer_id, month, corrects, currency, total_minor, due_on, said,
    digest, issued_at
"""
_DOCUMENTS = text(f"""
    SELECT {_DOCUMENT_COLUMNS} FROM customers.document
    WHERE customer_id = :customer_id ORDER BY number DESC
""")
_DOCUMENT = text(f"""
    SELECT {_DOCUMENT_COLUMNS} FROM customers.document WHERE document_id = :document_id
""")
_DISPUTE_SELECT = """
    SELECT dispute_id, trip_id, about, rider_id, asked_minor, currency, words, opened_at,
           outcome, borne_by, amount_minor, reason, transfer_id, decided_at
    FROM customers.dispute LEFT JOIN customers.decision USING (dispute_id)
"""
_DISPUTES = text(f"""
    {_DISPUTE_SELECT} WHERE outcome IS NULL OR NOT :open_only ORDER BY opened_at LIMIT 200
""")
_DISPUTES_OF = text(f"{_DISPUTE_SELECT} WHERE rider_id = :rider_id ORDER BY opened_at DESC")
_DISPUTE = text(f"{_DISPUTE_SELECT} WHERE dispute_id = :dispute_id")
_VOUCHERS = text("""
    SELECT voucher_id, currency, amount_minor, valid_until, issued_at,
           amount_minor - customers.taken_of_voucher(voucher_id) AS left_minor
    FROM customers.voucher WHERE customer_id = :customer_id ORDER BY issued_at DESC
""")
