"""Facts of the books. Each names its transfer, and each transfer has exactly one (I31)."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import DriverId, RiderId, TransferId, TripId
from foundation.money import Currency

TOPIC = "ledger"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Booked(Event):
    """A transfer was written. Amounts are minor units of `currency`."""

    topic: ClassVar[str] = TOPIC

    transfer_id: TransferId
    trip_id: TripId
    rider_id: RiderId
    currency: Currency

    @property
    def key(self) -> str:
        """The transfer: the database asks for this row before it lets the transfer be committed."""
        return str(self.transfer_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldPlaced(_Booked):
    """Money was set aside for a trip."""

    kind: ClassVar[str] = "hold_placed"

    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldVoided(_Booked):
    """Money that was set aside was let go."""

    kind: ClassVar[str] = "hold_voided"

    amount_minor: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FarePosted(_Booked):
    """A trip's fare is in the books.

    `driver_minor` is what its driver got of it: `pay_minor`, of which `top_up_minor` came from the
    co-operative, and outlays given back.
    """

    kind: ClassVar[str] = "fare_posted"

    driver_id: DriverId
    total_minor: int
    driver_minor: int
    pay_minor: int
    top_up_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePosted(_Booked):
    """A fee for a trip that did not take place is in the books."""

    kind: ClassVar[str] = "fee_posted"

    driver_id: DriverId
    fee: str
    total_minor: int
    driver_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TipPosted(_Booked):
    """A rider tipped the driver; the whole of it is the driver's."""

    kind: ClassVar[str] = "tip_posted"

    driver_id: DriverId
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPosted(_Booked):
    """Part of a trip's charge was given back to the rider."""

    kind: ClassVar[str] = "refund_posted"

    amount_minor: int
    reason: str
