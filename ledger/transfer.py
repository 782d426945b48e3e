"""A transfer: one act of book-keeping, as a value that cannot be wrong in itself.

Its entries sum to zero in one currency; a debit is positive, a credit negative. A hold, a payout
and a pledge are pending until one other transfer, naming them in `resolves`, posts or voids them.
Identifiers follow from (subject, kind, ordinal), so whoever repeats an act makes the same transfer.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.identifiers import UUID, TransferId, TripId
from foundation.money import Currency
from ledger.account import Account
from ledger.derived import derived_id


class Kind(StrEnum):
    """What a transfer is for."""

    HOLD = "hold"
    VOID = "void"
    FARE = "fare"
    CANCELLATION_FEE = "cancellation_fee"
    NO_SHOW_FEE = "no_show_fee"
    TIP = "tip"
    REFUND = "refund"
    CASH_COLLECTED = "cash_collected"  # the driver took the money: the rider owes it no longer
    CASH_SHORT = "cash_short"  # less than that: the rider owes what is missing
    ASSIGNED = "assigned"  # a customer's account pays the trip
    VOUCHER_USED = "voucher_used"
    REVERSAL = "reversal"  # takes another transfer back, whole
    PAYMENT = "payment"  # money came in from a rider or supporter
    PAYMENT_REFUND = "payment_refund"  # and went back
    PROVIDER_FEE = "provider_fee"
    PROVIDER_PAYOUT = "provider_payout"  # the payment provider paid to the bank
    CHARGEBACK = "chargeback"
    PAYOUT = "payout"
    PAYOUT_SENT = "payout_sent"
    PAYOUT_RETURNED = "payout_returned"
    CUSTOMER_PAID = "customer_paid"
    VOUCHER_ISSUED = "voucher_issued"
    VOUCHER_LAPSED = "voucher_lapsed"  # what is left when its time is over goes back
    REFUND_PASSED_ON = "refund_passed_on"  # to the customer or the voucher that paid the trip
    PLEDGE = "pledge"
    PLEDGE_TAKEN = "pledge_taken"
    MATCH = "match"
    EXPENSE = "expense"
    INCOME = "income"
    LEVY_PAID = "levy_paid"
    TAX_PAID = "tax_paid"
    CLOSING = "closing"  # a closed period's result goes to the surplus
    ALLOCATION = "allocation"
    REVOLVED = "revolved"  # retained parts fall due
    ALLOCATION_PAID = "allocation_paid"


class State(StrEnum):
    """How far the money is: set aside, moved, or let go again."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


CHARGES = frozenset({Kind.FARE, Kind.CANCELLATION_FEE, Kind.NO_SHOW_FEE})
"""Kinds that charge a trip, of which a trip has one at most; they post its hold."""

FEES = CHARGES - {Kind.FARE}

PENDING = frozenset({Kind.HOLD, Kind.PAYOUT, Kind.PLEDGE})
"""Kinds that set money aside, until they are posted or voided."""

OF_A_TRIP = CHARGES | {
    Kind.HOLD, Kind.TIP, Kind.REFUND, Kind.CASH_COLLECTED, Kind.CASH_SHORT, Kind.ASSIGNED,
    Kind.VOUCHER_USED,
}  # fmt: skip
"""Kinds whose subject is a trip; a void is of a trip if what it ends is."""

REPEATABLE = frozenset(
    {
        Kind.HOLD, Kind.VOID, Kind.REFUND, Kind.PAYMENT_REFUND, Kind.PROVIDER_FEE, Kind.CLOSING,
        Kind.ALLOCATION
    }
)  # fmt: skip
"""Kinds that a subject may have several of, numbered from 1 without a gap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One side of a transfer.

    Attributes
    ----------
    amount_minor
        A debit above zero, a credit below.
    code
        What it is for: `fare`, `share`, `top_up`, `tip`, `refund`, `hold`, `fee`, or the code of a
        fare's line that goes whole to one party.
    share_of_minor, share_bps
        For a share: of which sum, and its basis points in the adopted split.
    """

    account: Account
    amount_minor: int
    code: str
    share_of_minor: int | None = None
    share_bps: int | None = None

    def __post_init__(self) -> None:
        assert type(self.amount_minor) is int, "money is whole minor units"
        assert (self.share_of_minor is None) == (self.share_bps is None)
        if self.share_of_minor is not None and self.share_bps is not None:
            # I20: within one minor unit of the exact share.
            exact = self.share_of_minor * self.share_bps
            assert abs(self.amount_minor * 10_000 + exact) < 10_000, "the share is not the split's"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Transfers that come all or none (TigerBeetle's linked transfers).

    Attributes
    ----------
    link_id
        The same for all of them.
    count
        How many they are.
    """

    link_id: UUID
    count: int

    def __post_init__(self) -> None:
        assert self.count >= 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """Entries that belong together.

    Attributes
    ----------
    subject_id
        What it is of: a trip, a payout, a payment, a pledge, a period, ...
    trip_id
        The subject, if it is a trip.
    ordinal
        The first, second, ... of its kind for the subject.
    resolves
        The pending transfer that this one posts or voids.
    reverses
        The posted transfer that this one takes back.
    link
        The transfers that are all written, or none.
    adoption_id
        The decision of the members that it carries out.
    expires_at
        Of a pending one: the service time after which it can only be voided. None: it stands.
    reason
        Of a void, a refund and a reversal: why.
    made_by
        The person of the office who did it; None for what happens by itself.
    """

    kind: Kind
    subject_id: UUID
    currency: Currency
    entries: tuple[Entry, ...]
    trip_id: TripId | None = None
    ordinal: int = 1
    resolves: TransferId | None = None
    reverses: TransferId | None = None
    link: Link | None = None
    adoption_id: UUID | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    made_by: UUID | None = None

    def __post_init__(self) -> None:
        assert all(entry.account.currency == self.currency for entry in self.entries)
        assert sum(entry.amount_minor for entry in self.entries) == 0, "sums to zero (I16)"
        assert len(self.entries) == 0 if self.kind is Kind.VOID else len(self.entries) >= 2
        assert self.ordinal == 1 or (self.ordinal > 1 and self.kind in REPEATABLE)
        assert self.kind is not Kind.VOID or self.resolves is not None
        assert self.trip_id is None or self.trip_id == self.subject_id
        assert self.kind not in OF_A_TRIP or self.trip_id is not None
        assert (self.kind is Kind.REVERSAL) == (self.reverses is not None)

    @property
    def transfer_id(self) -> TransferId:
        """The identifier that follows from subject, kind and number."""
        return transfer_id(self.kind, self.subject_id, self.ordinal)

    @property
    def state(self) -> State:
        """How far the money of this transfer is."""
        if self.kind in PENDING:
            return State.PENDING
        return State.VOIDED if self.kind is Kind.VOID else State.POSTED


def transfer_id(kind: Kind, subject_id: UUID, ordinal: int = 1) -> TransferId:
    """The identifier of the subject's transfer of that kind and number."""
    return TransferId(derived_id("transfer", kind.value, str(subject_id), str(ordinal)))
