"""Facts of payments. What moves money names its transfer (I31)."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import UUID, RiderId, TransferId, TripId
from foundation.money import Currency
from ledger.events import TOPIC


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfPayment(Event):
    """Of one payment; its rider hears it."""

    topic: ClassVar[str] = TOPIC

    payment_id: UUID
    rider_id: RiderId
    trip_id: TripId | None
    currency: Currency
    amount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _MovedMoney(_OfPayment):
    """A transfer of a payment was written."""

    transfer_id: TransferId

    @property
    def key(self) -> str:
        """The transfer: the database asks for this row before it lets the transfer be committed."""
        return str(self.transfer_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAuthorised(_OfPayment):
    """A card's bank set money aside."""

    kind: ClassVar[str] = "payment_authorised"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentLetGo(_OfPayment):
    """What was set aside on a card was let go."""

    kind: ClassVar[str] = "payment_let_go"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFailed(_OfPayment):
    """A card was declined: the sum is owed until it is paid otherwise."""

    kind: ClassVar[str] = "payment_failed"

    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentGivenUp(_OfPayment):
    """The provider was asked in vain so often that the office must look; `what` says for what."""

    kind: ClassVar[str] = "payment_given_up"

    what: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCaptured(_MovedMoney):
    """Money came in from a rider."""

    kind: ClassVar[str] = "payment_captured"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentGivenBack(_MovedMoney):
    """Money that had come in went back to the rider."""

    kind: ClassVar[str] = "payment_given_back"

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFeePosted(_MovedMoney):
    """The provider kept its fee of a payment."""

    kind: ClassVar[str] = "provider_fee_posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargebackPosted(_MovedMoney):
    """A card's bank took a payment back: the rider owes it again."""

    kind: ClassVar[str] = "chargeback_posted"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPayoutPosted(Event):
    """The provider paid what it held to the bank."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "provider_payout_posted"

    transfer_id: TransferId
    currency: Currency
    provider: str
    amount_minor: int

    @property
    def key(self) -> str:
        """The transfer: the database asks for this row before it lets the transfer be committed."""
        return str(self.transfer_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardKept(Event):
    """A rider keeps a card here: the provider's token for it, never its number."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "card_kept"

    card_id: UUID
    rider_id: RiderId


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTakenAway(Event):
    """A rider keeps a card no longer."""

    topic: ClassVar[str] = TOPIC
    kind: ClassVar[str] = "card_taken_away"

    card_id: UUID
    rider_id: RiderId
