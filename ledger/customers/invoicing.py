"""Invoices and credit notes: numbered without a gap, never changed, taken from the entries alone."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from foundation.identifiers import UUID
from foundation.local_time import day_starts
from ledger.customers import store, views
from ledger.customers.errors import (
    DocumentNotFound,
    MonthNotOver,
    NothingToInvoice,
    SupplierUnknown,
)
from ledger.customers.events import InvoiceIssued
from ledger.customers.invoice import Heading, Item, Supplier, document_of, text_of
from ledger.customers.service import get_customer
from ledger.customers.views import DocumentView, Unsaid
from ledger.customers.way import Terms
from storage.work import UnitOfWork

NUMBERS = UUID(int=0)
"""Whose lock whoever takes a number holds."""


async def issue_invoice(
    work: UnitOfWork, customer_id: UUID, month: date, *, supplier: Supplier | None, by: UUID
) -> DocumentView:
    """Invoice a customer's month with everything that no document said before; again, the same.

    What takes back a trip of an earlier invoice is left to a credit note.

    Raises
    ------
    CustomerNotFound, SupplierUnknown, MonthNotOver, NothingToInvoice
    """
    customer = await get_customer(work, customer_id)
    await store.lock_payer(work, NUMBERS)
    month = month.replace(day=1)
    for known in await views.list_documents(work, customer_id):
        if known.month == month:
            return known
    ends = day_starts((month + timedelta(days=32)).replace(day=1), ZoneInfo(customer.terms.zone))
    if work.now < ends:
        raise MonthNotOver(month.isoformat()[:7])
    unsaid = await views.list_unsaid(work, customer_id, ends)
    items = [one for one in unsaid if one.takes_back is None]
    today = work.now.astimezone(ZoneInfo(customer.terms.zone)).date()
    heading = Heading(
        document_id=work.new_id(), number=await views.next_number(work), kind="invoice",
        customer_id=customer_id, issued_at=work.now, month=month,
        due_on=today + timedelta(days=customer.terms.terms_days),
    )  # fmt: skip
    return await _issue(work, heading, items, terms=customer.terms, supplier=supplier, by=by)


async def issue_credit_note(
    work: UnitOfWork, document_id: UUID, *, supplier: Supplier | None, by: UUID
) -> DocumentView:
    """Say in a new document what was refunded of an invoice's trips since.

    Raises
    ------
    DocumentNotFound
        If there is no such invoice.
    SupplierUnknown, NothingToInvoice
    """
    invoice = await views.get_document(work, document_id)
    if invoice.kind != "invoice":
        raise DocumentNotFound(document_id)
    customer = await get_customer(work, invoice.customer_id)
    await store.lock_payer(work, NUMBERS)
    unsaid = await views.list_unsaid(work, invoice.customer_id, datetime.max.replace(tzinfo=UTC))
    items = [one for one in unsaid if one.takes_back == document_id]
    heading = Heading(
        document_id=work.new_id(), number=await views.next_number(work), kind="credit_note",
        customer_id=invoice.customer_id, issued_at=work.now, corrects=invoice.number,
    )  # fmt: skip
    return await _issue(
        work, heading, items, terms=customer.terms, supplier=supplier, by=by, corrects=document_id
    )


async def _issue(
    work: UnitOfWork, heading: Heading, unsaid: Sequence[Unsaid], *, terms: Terms,
    supplier: Supplier | None, by: UUID, corrects: UUID | None = None,
) -> DocumentView:  # fmt: skip
    if supplier is None:
        raise SupplierUnknown
    if not unsaid:
        raise NothingToInvoice
    items = [
        Item(
            transfer_id=one.transfer_id, kind=one.kind, trip_id=one.trip_id,
            cost_centre=one.cost_centre, amount_minor=one.amount_minor, made_at=one.made_at,
        )
        for one in unsaid
    ]  # fmt: skip
    document = document_of(heading, items, terms=terms, supplier=supplier)
    said, digest = text_of(document)
    for line, item in enumerate(items, start=1):
        await store.insert(
            work, "document_line",
            {
                "document_id": heading.document_id, "line": line, "trip_id": item.trip_id,
                "transfer_id": item.transfer_id, "amount_minor": item.amount_minor,
            },
        )  # fmt: skip
    await store.insert(
        work, "document",
        {
            "document_id": heading.document_id, "number": heading.number, "kind": heading.kind,
            "customer_id": heading.customer_id, "month": heading.month, "corrects": corrects,
            "currency": terms.currency, "lines": len(items), "due_on": heading.due_on,
            "total_minor": document["total_minor"], "said": said, "digest": digest,
            "issued_by": by, "issued_at": work.now,
        },
    )  # fmt: skip
    work.announce(
        InvoiceIssued(
            event_id=work.new_id(), occurred_at=work.now, document_id=heading.document_id,
            number=heading.number, what=heading.kind, customer_id=heading.customer_id,
            currency=terms.currency, total_minor=document["total_minor"],
        )
    )  # fmt: skip
    return await views.get_document(work, heading.document_id)
