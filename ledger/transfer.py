"""A transfer: one act of book-keeping, as a value that cannot be wrong in itself.

Its entries sum to zero in one currency; a debit is positive, a credit negative. A hold is pending
until one other transfer, naming it in `resolves`, posts or voids it. Identifiers follow from
(trip, kind, ordinal), so whoever repeats an act makes the same transfer.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from foundation.identifiers import TransferId, TripId
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


class State(StrEnum):
    """How far the money is: set aside, moved, or let go again."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"


CHARGES = frozenset({Kind.FARE, Kind.CANCELLATION_FEE, Kind.NO_SHOW_FEE})
"""Kinds that charge a trip, of which a trip has one at most; they post its hold."""

FEES = CHARGES - {Kind.FARE}

REPEATABLE = frozenset({Kind.HOLD, Kind.VOID, Kind.REFUND})
"""Kinds that a trip may have several of, numbered from 1 without a gap."""


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
class Transfer:
    """Entries that belong together.

    Attributes
    ----------
    ordinal
        The first, second, ... of its kind for the trip.
    resolves
        The hold that this transfer posts or voids.
    expires_at
        For a hold: the service time after which it can only be voided. None: it stands.
    reason
        For a void and a refund: why.
    """

    transfer_id: TransferId
    kind: Kind
    trip_id: TripId
    ordinal: int
    currency: Currency
    entries: tuple[Entry, ...]
    resolves: TransferId | None = None
    expires_at: datetime | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        assert all(entry.account.currency == self.currency for entry in self.entries)
        assert sum(entry.amount_minor for entry in self.entries) == 0, "sums to zero (I16)"
        assert len(self.entries) == 0 if self.kind is Kind.VOID else len(self.entries) >= 2
        assert self.ordinal == 1 or (self.ordinal > 1 and self.kind in REPEATABLE)
        assert self.kind is not Kind.VOID or self.resolves is not None

    @property
    def state(self) -> State:
        """How far the money of this transfer is."""
        match self.kind:
            case Kind.HOLD:
                return State.PENDING
            case Kind.VOID:
                return State.VOIDED
            case _:
                return State.POSTED


def transfer_id(kind: Kind, trip_id: TripId, ordinal: int = 1) -> TransferId:
    """The identifier of the trip's transfer of that kind and number."""
    return TransferId(derived_id("transfer", kind.value, str(trip_id), str(ordinal)))
