"""What the office sends and gets of customers, vouchers, invoices and disputes. Minor units."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from doorway.payment import CostCentre
from doorway.schemas import Model

Amount = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
VatId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class LimitsIn(Model):
    """What the customer pays at most; left out: no limit."""

    per_trip_minor: Amount | None = None
    per_month_minor: Amount | None = None


class CustomerIn(LimitsIn):
    """For whom an account is opened. The caller makes `customer_id`."""

    customer_id: UUID
    kind: Literal["corporate", "municipal"]
    legal_name: Line
    address: Address
    vat_id: VatId | None = None
    terms_days: Annotated[int, Field(strict=True, ge=0, le=120)] = 30


class CostCentreIn(Model):
    """A cost centre, by the customer's own code."""

    code: CostCentre
    name: Line


class RiderIn(Model):
    """Who may ride on it; on one cost centre if it is named."""

    rider_id: UUID
    cost_centre: CostCentre | None = None


class PinIn(Model):
    """Until when whoever has the PIN may ride; on one cost centre if it is named."""

    valid_until: AwareDatetime
    cost_centre: CostCentre | None = None


class PinOut(Model):
    """The PIN: it is told this once, only its digest is kept."""

    pin: str


class VoucherIn(Model):
    """A voucher for the customer's money. The caller makes `voucher_id`."""

    voucher_id: UUID
    amount_minor: Amount
    valid_until: AwareDatetime


class VoucherCodeOut(Model):
    """The voucher's code: it is told this once, only its digest is kept."""

    voucher_id: UUID
    code: str


class VoucherOut(Model):
    """A voucher and what is left of it, what is promised to bookings taken off."""

    voucher_id: UUID
    currency: str
    amount_minor: int
    left_minor: int
    valid_until: datetime
    issued_at: datetime


class VouchersOut(Model):
    """Newest first."""

    vouchers: list[VoucherOut]


class LapsedOut(Model):
    """What went back to the customer."""

    amount_minor: int
    currency: str


class PaidIn(Model):
    """What the customer paid to the bank. The caller makes `payment_id`."""

    payment_id: UUID
    amount_minor: Amount
    invoice_id: UUID | None = None


class MonthIn(Model):
    """A month that is over, like `2026-03`."""

    month: Month


class CustomerOut(Model):
    """A customer; `owed_minor` is what it owes now, below zero what it paid ahead."""

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
    cost_centres: list[dict[str, str]]
    riders: int


class CustomersOut(Model):
    """Every customer, in the order of their names."""

    customers: list[CustomerOut]


class InvoiceOut(Model):
    """An invoice or a credit note: `digest` is the SHA-256 of `document`, keys sorted, no spaces."""

    invoice_id: UUID
    number: int
    kind: str
    customer_id: UUID
    month: date | None
    corrects: UUID | None
    currency: str
    total_minor: int
    due_on: date | None
    issued_at: datetime
    digest: str
    document: dict[str, Any]


class InvoicesOut(Model):
    """Newest first."""

    invoices: list[InvoiceOut]


class DisputesOut(Model):
    """Those that wait for a decision, oldest first."""

    disputes: list["DisputeOut"]


class DisputeOut(Model):
    """What a rider disputes, and what was decided."""

    dispute_id: UUID
    trip_id: UUID
    about: str
    asked_minor: int
    currency: str
    words: str
    opened_at: datetime
    outcome: str | None
    borne_by: str | None
    amount_minor: int | None
    reason: str | None
    decided_at: datetime | None


class DecisionIn(Model):
    """A charge is refunded, at the cost of who is named; a tip or missing cash is reversed, whole."""

    outcome: Literal["refund", "reversal", "nothing"]
    amount_minor: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] = Field(
        default=0, description="Of a refund."
    )
    borne_by: Literal["cooperative", "driver"] | None = Field(
        default=None, description="Of a refund."
    )
    reason: Words
