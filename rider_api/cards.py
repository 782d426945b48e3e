"""Cards that a rider keeps, and paying what is owed with them.

The rider's page gives the card to the payment provider and sends us its token. A request whose body
holds something like a card's number is refused, and nothing of it is kept.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Rider
from doorway.schemas import Model, problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import RiderId
from foundation.money import Money
from ledger.payments import service, views
from ledger.payments.errors import CardRefused
from ledger.payments.payment import Card
from ledger.payments.provider import ProviderRefused
from ledger.payments.store import cards as kept_cards
from storage.work import UnitOfWork

router = APIRouter(tags=["payments"])


class CardOut(Model):
    """A card by what its owner knows it by; its number is with the payment provider alone."""

    card_id: UUID
    brand: str
    tail: str
    added_at: datetime

    @classmethod
    def of(cls, card: Card) -> "CardOut":
        """A card as it is sent."""
        return cls(card_id=card.card_id, brand=card.brand, tail=card.tail, added_at=card.added_at)


class CardsOut(Model):
    """The rider's cards, the newest first. `publishable_key` is for the provider's own script."""

    are_offered: bool
    publishable_key: str
    cards: list[CardOut]


class SetupOut(Model):
    """What the rider's page shows the payment provider to give it a card."""

    publishable_key: str
    client_secret: str


class CardIn(Model):
    """The token that the payment provider gave for a card."""

    card_id: UUID
    method: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(
        examples=["pm_1PQrSTu2VwXyZ"]
    )


class PayIn(Model):
    """Pay so much of what is owed; with the newest card if none is named."""

    payment_id: UUID
    amount_minor: Annotated[int, Field(strict=True, ge=1, le=10**9)]
    card_id: UUID | None = None


class PaymentOut(Model):
    """A payment; `waits_for` says what its provider is being asked."""

    payment_id: UUID
    trip_id: UUID | None
    purpose: str
    state: str
    currency: str
    wanted_minor: int
    captured_minor: int
    refunded_minor: int
    failure: str | None
    card: str | None
    waits_for: str | None
    made_at: datetime

    @classmethod
    def of(cls, view: views.PaymentView) -> "PaymentOut":
        """A payment as it is sent."""
        return cls(**{name: getattr(view, name) for name in cls.model_fields})


class PaymentsOut(Model):
    """A rider's payments, the newest first, and what is owed that no card is being asked for."""

    owed_minor: int
    currency: str
    payments: list[PaymentOut]


class PayingOut(Model):
    """A payment that its provider will be asked for within seconds."""

    payment_id: UUID
    amount_minor: int
    currency: str


@router.get("/cards", responses=problems(), summary="Your cards")
async def cards(request: Request, caller: Rider) -> CardsOut:
    """Whether cards are taken here, and which you keep."""
    services = services_of(request)
    async with services.database.work() as work:
        found = await kept_cards.list_cards(work, RiderId(caller.person_id))
    provider = services.providers.cards
    return CardsOut(
        are_offered=provider is not None,
        publishable_key="" if provider is None else provider.publishable_key,
        cards=[CardOut.of(card) for card in found],
    )


@router.post("/cards/setup", responses=problems(409, 503), summary="Begin to give a card")
async def begin(request: Request, caller: Rider) -> SetupOut:
    """The secret with which your page gives the payment provider a card. Nothing is kept here."""
    services = services_of(request)
    provider = services.providers.need_cards()
    rider_id = RiderId(caller.person_id)
    async with services.database.work() as work:
        name = await kept_cards.find_name_there(work, rider_id, provider.name)
    setup = await provider.begin_card(rider_id, name)
    return SetupOut(publishable_key=provider.publishable_key, client_secret=setup.client_secret)


@router.post(
    "/cards",
    status_code=201,
    responses={201: {"model": CardOut}, **problems(409, 503)},
    summary="Keep a card",
)
async def keep(request: Request, body: CardIn, caller: Rider) -> Response:
    """By its token. The newest card pays unless another is named."""
    services = services_of(request)
    service.refuse_card_number(body.method)
    provider = services.providers.need_cards()
    rider_id = RiderId(caller.person_id)
    async with services.database.work() as work:
        name = await kept_cards.find_name_there(work, rider_id, provider.name)
    try:
        kept = await provider.keep_card(rider_id, name, body.method)
    except ProviderRefused as refused:
        raise CardRefused(refused.why) from refused

    async def handle(work: UnitOfWork) -> object:
        card = await service.keep_card(work, rider_id, body.card_id, kept, provider=provider.name)
        return CardOut.of(card).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.delete(
    "/cards/{card_id}", status_code=204, responses=problems(404, 503), summary="Take a card away"
)
async def take_away(request: Request, card_id: UUID, caller: Rider) -> Response:
    """What is authorised with it goes on; nothing new is paid with it."""
    services = services_of(request)
    taken: list[Card] = []

    async def handle(work: UnitOfWork) -> None:
        taken.append(await service.take_card_away(work, RiderId(caller.person_id), card_id))

    answer = await once(request, services.database, caller=str(caller.person_id), handler=handle)
    if taken and services.providers.cards is not None:
        await services.providers.cards.forget_card(taken[0].method)
    return answer


@router.get("/payments", responses=problems(), summary="Your payments")
async def payments(request: Request, caller: Rider) -> PaymentsOut:
    """The latest fifty, and what you owe that no card is being asked for."""
    services = services_of(request)
    currency = services.city.pack.currency
    async with services.database.work() as work:
        found = await views.payments_of_rider(work, RiderId(caller.person_id))
        owed = await views.owed(work, RiderId(caller.person_id), currency)
    return PaymentsOut(
        owed_minor=owed.minor,
        currency=currency,
        payments=[PaymentOut.of(view) for view in found],
    )


@router.post(
    "/payments",
    status_code=201,
    responses={201: {"model": PayingOut}, **problems(404, 409)},
    summary="Pay what you owe",
)
async def pay(request: Request, body: PayIn, caller: Rider) -> Response:
    """By card. The card's bank is asked a moment later; `GET /rider/v1/payments` tells what it said."""
    services = services_of(request)
    services.providers.need_cards()
    amount = Money(body.amount_minor, services.city.pack.currency)

    async def handle(work: UnitOfWork) -> object:
        made = await service.pay_owed(
            work, payment_id=body.payment_id, rider_id=RiderId(caller.person_id), amount=amount,
            card_id=body.card_id,
        )  # fmt: skip
        return PayingOut(
            payment_id=made.payment_id, amount_minor=made.wanted_minor, currency=made.currency
        ).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )
