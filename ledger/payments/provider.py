"""The port to whoever moves money: what the books ask of a provider, and what it answers.

Every act brings a payment to where it shall be and answers how it stands then: asking twice is asking
once. An adapter looks first, or sends the command's identifier as the provider's idempotency key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Protocol

from foundation.errors import Conflict, Unavailable
from foundation.identifiers import UUID, RiderId
from ledger.payments.errors import CardNotOffered
from ledger.payments.payment import Payment, Said


class ProviderUnavailable(Unavailable):
    """The payment provider does not answer, or not now."""

    code = "provider_unavailable"

    def __init__(self, why: str) -> None:
        super().__init__("The payment provider does not answer; please try again in a moment.")
        self.why = why


class ProviderRefused(Conflict):
    """The payment provider refuses what it was asked; asking again will not help."""

    code = "provider_refused"

    def __init__(self, why: str) -> None:
        super().__init__(f"The payment provider refuses: {why}.", why=why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCard:
    """A card that the provider keeps for a rider, by its tokens."""

    customer: str
    method: str
    brand: str
    tail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A card about to be given: what the rider's page shows the provider, and nobody else."""

    customer: str
    client_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """By which the provider knows who pays, and how."""

    customer: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event of a provider, as far as the books go by it.

    Attributes
    ----------
    about
        The provider's name of what it is about: a payment, a dispute, a payout.
    payment_id
        Ours, if the provider repeats it.
    ref
        The provider's name for the payment, if it is of one.
    facts
        `amount_minor`, `currency` and `ref`, where the event moves money by itself.
    is_known
        Whether its kind means anything here.
    """

    event_id: str
    kind: str
    about: str | None = None
    payment_id: UUID | None = None
    ref: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_known: bool = False


class PaymentProvider(Protocol):
    """Whoever moves money for us. No call is made while a row is locked.

    All raise `ProviderUnavailable` if it cannot be told whether the act was done: ask again; and
    `ProviderRefused` if it was not done and will not be.
    """

    name: ClassVar[str]

    async def authorise(self, payment: Payment, tokens: Tokens | None, *, key: UUID) -> Said:
        """Set `payment.wanted_minor` aside. A card that is declined is an answer: `FAILED`."""
        ...

    async def capture(self, payment: Payment, amount_minor: int, *, key: UUID) -> Said:
        """Take so much of what was set aside, and let the rest go."""
        ...

    async def cancel(self, payment: Payment, *, key: UUID) -> Said:
        """Let what was set aside go."""
        ...

    async def refund(self, payment: Payment, total_minor: int, *, key: UUID) -> Said:
        """Give back until `total_minor` has been given back of it altogether."""
        ...

    async def find(self, payment: Payment) -> Said | None:
        """How it stands; None if the provider knows nothing of it."""
        ...


class CardProvider(PaymentProvider, Protocol):
    """A provider that keeps cards and tells by webhooks."""

    @property
    def publishable_key(self) -> str:
        """By which a rider's page speaks to the provider."""
        ...

    async def begin_card(self, rider_id: RiderId, customer: str | None) -> Setup:
        """Let the rider's page give a card to the provider; `customer` if the rider has a name there."""
        ...

    async def keep_card(self, rider_id: RiderId, customer: str | None, method: str) -> KeptCard:
        """Keep the card behind a token for the rider.

        Raises
        ------
        ProviderRefused
            If it is no token of a card, or another's, or the card is declined.
        """
        ...

    async def forget_card(self, method: str) -> None:
        """Let the provider forget a card; nothing if it has."""
        ...

    def read_event(self, body: bytes, signature: str, *, now: datetime) -> Told:
        """An event as the provider sent it.

        Parameters
        ----------
        now
            Wall time: the provider signs with its own clock.

        Raises
        ------
        ledger.payments.errors.WebhookNotOurs
            If the signature is another's, or too old.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Who moves money here: the desk always, cards if a provider of them is set up."""

    desk: PaymentProvider
    cards: CardProvider | None = None

    @property
    def by_name(self) -> Mapping[str, PaymentProvider]:
        """Each by its name."""
        found: dict[str, PaymentProvider] = {self.desk.name: self.desk}
        if self.cards is not None:
            found[self.cards.name] = self.cards
        return found

    def need_cards(self) -> CardProvider:
        """The provider of cards.

        Raises
        ------
        CardNotOffered
        """
        if self.cards is None:
            raise CardNotOffered
        return self.cards
