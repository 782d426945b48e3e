"""Facts of the books. Each names its transfer, and each transfer has exactly one (I31)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import UUID, DriverId, RiderId, TransferId, TripId
from foundation.money import Currency

TOPIC = "ledger"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalPosted(_Written):
    """A transfer was taken back by a new one."""

    kind: ClassVar[str] = "reversal_posted"

    reversed_transfer_id: TransferId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingPosted(_Written):
    """A period was closed; its result went to the surplus. Below zero is a loss."""

    kind: ClassVar[str] = "closing_posted"

    period_id: UUID
    result_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySealed(Event):
    """Nothing is entered in that day any more; whoever keeps its digest can tell a change."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "day_sealed"

    day: date
    transfers: int
    digest: str

    @property
    def key(self) -> str:
        """The day."""
        return f"day:{self.day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutOrdered(_Written):
    """What a driver is owed is on its way to the bank."""

    kind: ClassVar[str] = "payout_ordered"

    driver_id: DriverId
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutSettled(_Written):
    """The bank sent a payout (`payout_sent`), refused it (`void`) or it came back."""

    kind: ClassVar[str] = "payout_settled"

    driver_id: DriverId
    amount_minor: int
    how: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutDestinationSet(Event):
    """A driver's money will go to another account; whoever did not ask for it takes it back."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "payout_destination_set"

    driver_id: DriverId
    number: int
    tail: str
    usable_from: datetime

    @property
    def key(self) -> str:
        """The driver and the number: the database asks for this row (I22)."""
        return f"payout_destination:{self.driver_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutDestinationWithdrawn(Event):
    """A destination was taken back before it was used."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "payout_destination_withdrawn"

    driver_id: DriverId
    number: int
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutDestinationInUse(Event):
    """Its 72 hours are over: from now on a driver's money goes to that account."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "payout_destination_in_use"

    driver_id: DriverId
    number: int
    tail: str

    @property
    def key(self) -> str:
        """The driver and the number: it is told once."""
        return f"payout_destination_in_use:{self.driver_id}:{self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAsked(Event):
    """A driver asked to be paid with the next file; the number is that of the payout asked for."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "payout_asked"

    driver_id: DriverId
    currency: Currency
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFileHandedOut(Event):
    """Somebody fetched a payout file, in which payees' names and accounts stand."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "payout_file_handed_out"

    payout_file_id: UUID
    handed_to: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class HousePosted(_Written):
    """The co-operative spent or was given money, or paid levy or tax on; `code` says what for."""

    kind: ClassVar[str] = "house_posted"

    what: str
    code: str
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgeBooked(_Written):
    """A pledge was set aside, taken, matched or let go (then without an amount), as `what` says."""

    kind: ClassVar[str] = "pledge_booked"

    pledge_id: UUID
    what: str
    amount_minor: int
