"""Facts of customers, vouchers, cash, invoices and disputes. Those of transfers name them (I31)."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import UUID, DriverId, RiderId, TransferId, TripId
from foundation.money import Currency
from ledger.events import TOPIC


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written(Event):
    """A transfer was written. Amounts are minor units of `currency`."""

    topic: ClassVar[str] = TOPIC

    transfer_id: TransferId
    currency: Currency

    @property
    def key(self) -> str:
        """The transfer: the database asks for this row before it lets the transfer be committed."""
        return str(self.transfer_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Booked(_Written):
    """A transfer of a trip was written."""

    trip_id: TripId
    rider_id: RiderId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeAssigned(_Booked):
    """A customer's account pays a trip, or a part of it."""

    kind: ClassVar[str] = "charge_assigned"

    customer_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherUsed(_Booked):
    """A voucher pays a trip, or a part of it."""

    kind: ClassVar[str] = "voucher_used"

    voucher_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CashCollected(_Booked):
    """The driver took a fare in cash; they owe it to the co-operative."""

    kind: ClassVar[str] = "cash_collected"

    driver_id: DriverId
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CashFellShort(_Booked):
    """The driver said that cash was missing; the rider owes it."""

    kind: ClassVar[str] = "cash_fell_short"

    driver_id: DriverId
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPassedOn(_Booked):
    """A refund went on to the customer or the voucher that paid the trip."""

    kind: ClassVar[str] = "refund_passed_on"

    customer_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherIssued(_Written):
    """A voucher was issued for its customer's money."""

    kind: ClassVar[str] = "voucher_issued"

    customer_id: UUID
    voucher_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherLapsed(_Written):
    """What was left of a voucher went back to its customer."""

    kind: ClassVar[str] = "voucher_lapsed"

    customer_id: UUID
    voucher_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPaid(_Written):
    """A customer's money came to the bank."""

    kind: ClassVar[str] = "customer_paid"

    customer_id: UUID
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceIssued(Event):
    """An invoice or a credit note was issued; `what` says which."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "invoice_issued"

    document_id: UUID
    number: int
    what: str
    customer_id: UUID
    currency: Currency
    total_minor: int

    @property
    def key(self) -> str:
        """The document."""
        return f"invoice:{self.document_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeOpened(Event):
    """A rider disputes what they were charged."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "dispute_opened"

    dispute_id: UUID
    trip_id: TripId
    rider_id: RiderId
    about: str

    @property
    def key(self) -> str:
        """The dispute."""
        return f"dispute:{self.dispute_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeDecided(Event):
    """The office decided a dispute."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "dispute_decided"

    dispute_id: UUID
    trip_id: TripId
    rider_id: RiderId
    outcome: str
    borne_by: str | None

    @property
    def key(self) -> str:
        """The decision."""
        return f"dispute_decision:{self.dispute_id}"
