"""What an invoice or a credit note says: a line for each entry, and nothing of where riders went. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from foundation.identifiers import UUID, TransferId, TripId
from ledger.customers.way import Terms

WHAT = {
    "assigned": "trip",
    "voucher_issued": "voucher",
    "voucher_lapsed": "voucher over",
    "refund_passed_on": "refund",
}
"""What a line is for, by the kind of its entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplier:
    """Who invoices: name, address and VAT id, as law asks (Directive 2006/112/EC, Article 226)."""

    legal_name: str
    address: str
    vat_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of the customer's account, to be said."""

    transfer_id: TransferId
    kind: str
    trip_id: TripId | None
    cost_centre: str | None
    amount_minor: int
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What stands above the lines.

    Attributes
    ----------
    month
        Of an invoice: the first day of its month.
    corrects
        Of a credit note: the invoice's number.
    """

    document_id: UUID
    number: int
    kind: str
    customer_id: UUID
    issued_at: datetime
    month: date | None = None
    corrects: int | None = None
    due_on: date | None = None


def document_of(
    heading: Heading, items: Sequence[Item], *, terms: Terms, supplier: Supplier
) -> dict[str, Any]:
    """The document: whoever has it can add it up. Amounts are minor units, taxes included."""
    zone = ZoneInfo(terms.zone)
    return {
        "number": heading.number,
        "kind": heading.kind,
        "document_id": str(heading.document_id),
        "issued_on": heading.issued_at.astimezone(zone).date().isoformat(),
        "month": heading.month and heading.month.isoformat()[:7],
        "corrects": heading.corrects,
        "due_on": heading.due_on and heading.due_on.isoformat(),
        "supplier": {
            "legal_name": supplier.legal_name, "address": supplier.address,
            "vat_id": supplier.vat_id,
        },
        "customer": {
            "customer_id": str(heading.customer_id), "legal_name": terms.legal_name,
            "address": terms.address, "vat_id": terms.vat_id,
        },
        "currency": terms.currency,
        "lines": [
            {
                "line": line, "what": WHAT[item.kind],
                "on": item.made_at.astimezone(zone).date().isoformat(),
                "trip_id": item.trip_id and str(item.trip_id), "cost_centre": item.cost_centre,
                "amount_minor": item.amount_minor, "transfer_id": str(item.transfer_id),
            }
            for line, item in enumerate(items, start=1)
        ],
        "by_cost_centre": _by_cost_centre(items),
        "total_minor": sum(item.amount_minor for item in items),
    }  # fmt: skip


def text_of(document: dict[str, Any]) -> tuple[str, str]:
    """The document's text and its SHA-256: sorted keys, no spaces."""
    said = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return said, sha256(said.encode()).hexdigest()


def _by_cost_centre(items: Sequence[Item]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for item in items:
        centre = item.cost_centre or ""
        sums[centre] = sums.get(centre, 0) + item.amount_minor
    return dict(sorted(sums.items()))
