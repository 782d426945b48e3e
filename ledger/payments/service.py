"""What is done with payments, one verb each. Nobody here commits, and nobody asks a provider.

Booking, completing, cancelling and refunding need no word to a payment: the till reads the books and
sees what is due (docs/decisions/0519).
"""

from typing import Any

from foundation.identifiers import UUID, RiderId, TripId
from foundation.money import Money
from ledger.derived import derived_id
from ledger.errors import AmountNotPositive
from ledger.payments import errors
from ledger.payments import events as facts
from ledger.payments.payment import (
    KEY_LIVES,
    Card,
    Command,
    Payment,
    PaymentState,
    Purpose,
    Said,
    What,
    due,
    holds_card_number,
    merged,
)
from ledger.payments.postings import postings
from ledger.payments.provider import KeptCard
from ledger.payments.store import cards, commands
from ledger.payments.store import payments as store
from ledger.store.transfers import insert_transfer
from ledger.transfer import Kind, Transfer
from storage.work import UnitOfWork

DESK = "desk"
BATCH = 50


async def keep_card(
    work: UnitOfWork, rider_id: RiderId, card_id: UUID, kept: KeptCard, *, provider: str
) -> Card:
    """Keep a card that the provider keeps; the one kept before if it is the same.

    Raises
    ------
    CardKeptBefore
        If the token was used before, by whomever.
    CardNumberRefused
    """
    refuse_card_number(kept.method)
    card = Card(
        card_id=card_id, rider_id=rider_id, provider=provider, customer=kept.customer,
        method=kept.method, brand=kept.brand, tail=kept.tail, added_at=work.now,
    )  # fmt: skip
    await cards.insert_card(work, card)
    work.announce(
        facts.CardKept(
            event_id=work.new_id(), occurred_at=work.now, card_id=card_id, rider_id=rider_id
        )
    )
    return card


async def take_card_away(work: UnitOfWork, rider_id: RiderId, card_id: UUID) -> Card:
    """Keep a card no longer; what is authorised with it goes on.

    Raises
    ------
    CardNotFound
    """
    card = await cards.remove_card(work, rider_id, card_id)
    if card is None:
        raise errors.CardNotFound(card_id)
    work.announce(
        facts.CardTakenAway(
            event_id=work.new_id(), occurred_at=work.now, card_id=card_id, rider_id=rider_id
        )
    )
    return card


def refuse_card_number(said: str) -> None:
    """Let pass whatever cannot be a card's number.

    Raises
    ------
    CardNumberRefused
    """
    if holds_card_number(said):
        raise errors.CardNumberRefused


async def wants_card(
    work: UnitOfWork,
    *,
    trip_id: TripId,
    rider_id: RiderId,
    amount: Money,
    card_id: UUID | None = None,
) -> UUID:
    """A trip is paid by card: have its price authorised, with the newest card if none is named.

    Called in the unit of work that books the trip. From then on the till follows the books: it
    captures what the trip is charged, lets go what is not, gives back what is refunded.

    Raises
    ------
    CardNeeded, CardNotFound
        If the rider keeps none, or not this one.
    TripPaidOtherwise
        If the trip's payment is by another card, of another rider or sum.
    """
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    card = await _card(work, rider_id, card_id)
    payment = Payment(
        payment_id=derived_id("payment", str(trip_id), Purpose.TRIP.value),
        rider_id=rider_id, trip_id=trip_id, purpose=Purpose.TRIP, provider=card.provider,
        card_id=card.card_id, currency=amount.currency, wanted_minor=amount.minor,
    )  # fmt: skip
    if not await _want(work, payment):
        raise errors.TripPaidOtherwise(trip_id)
    return payment.payment_id


async def pay_owed(
    work: UnitOfWork,
    *,
    payment_id: UUID,
    rider_id: RiderId,
    amount: Money,
    card_id: UUID | None = None,
) -> Payment:
    """A rider pays what is owed by card; the card's bank is asked a moment later.

    Raises
    ------
    AmountNotPositive, AboveWhatIsOwed, CardNeeded, CardNotFound, PaymentIdTaken
    """
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    card = await _card(work, rider_id, card_id)
    payment = Payment(
        payment_id=payment_id, rider_id=rider_id, trip_id=None, purpose=Purpose.OWED,
        provider=card.provider, card_id=card.card_id, currency=amount.currency,
        wanted_minor=amount.minor,
    )  # fmt: skip
    await store.lock_rider(work, rider_id)
    before = await store.find_payment(work, payment_id)
    if before is None:
        await _refuse_above_owed(work, rider_id, amount)
    if not await _want(work, payment):
        raise errors.PaymentIdTaken(payment_id)
    return before or payment


async def pay_at_desk(
    work: UnitOfWork,
    *,
    payment_id: UUID,
    rider_id: RiderId,
    amount: Money,
    made_by: UUID,
    note: str | None = None,
) -> Payment:
    """Record money that a rider gave at the office's desk; it is in the books at once.

    Raises
    ------
    AmountNotPositive, AboveWhatIsOwed, PaymentIdTaken, CardNumberRefused
    """
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    if note is not None:
        refuse_card_number(note)
    payment = Payment(
        payment_id=payment_id, rider_id=rider_id, trip_id=None, purpose=Purpose.DESK,
        provider=DESK, card_id=None, currency=amount.currency, wanted_minor=amount.minor,
    )  # fmt: skip
    await store.lock_rider(work, rider_id)
    before = await store.find_payment(work, payment_id)
    if before is not None:
        if not _is_same(before, payment):
            raise errors.PaymentIdTaken(payment_id)
        return before
    await _refuse_above_owed(work, rider_id, amount)
    if not await store.insert_payment(work, payment, note=note, made_by=made_by):
        raise errors.PaymentIdTaken(payment_id)
    taken = Said(
        ref=None, state=PaymentState.CAPTURED, authorised_minor=amount.minor,
        captured_minor=amount.minor,
    )  # fmt: skip
    return await _take_in(work, payment, taken, made_by=made_by)


async def give_back(
    work: UnitOfWork, *, payment_id: UUID, total: Money, reason: str, made_by: UUID
) -> Payment:
    """Give back of a payment for what was owed, until `total` has gone back altogether.

    A trip's payment follows the trip: refund the trip, and the card is given back by itself.

    Raises
    ------
    PaymentNotFound
    AboveWhatWasPaid
        If it is more than was paid, or the payment is a trip's.
    PaymentBusy
        If its provider is being asked.
    """
    refuse_card_number(reason)
    payment = await store.lock_payment(work, payment_id)
    if payment is None:
        raise errors.PaymentNotFound(payment_id)
    is_of_trip = payment.purpose in (Purpose.TRIP, Purpose.TIP)
    most = 0 if is_of_trip else payment.captured_minor
    if total.currency != payment.currency or not payment.refunded_minor < total.minor <= most:
        raise errors.AboveWhatWasPaid(
            Money(max(0, most - payment.refunded_minor), payment.currency)
        )
    command = Command(
        payment_id=payment_id, what=What.REFUND, ordinal=payment.refunds + 1,
        amount_minor=total.minor, reason=reason,
    )  # fmt: skip
    if not await commands.insert_command(work, command, made_by=made_by):
        raise errors.PaymentBusy(payment_id)
    return payment


async def retry(work: UnitOfWork, payment_id: UUID) -> None:
    """Ask the provider once more for what was given up.

    Raises
    ------
    PaymentNotFound, NothingToRetry
    RetryTooLate
        If it is an authorisation whose key the provider may have forgotten: it could be made twice.
    """
    payment = await store.lock_payment(work, payment_id)
    if payment is None:
        raise errors.PaymentNotFound(payment_id)
    waiting = await commands.find_open(work, payment_id)
    if waiting is None or waiting.given_up_at is None:
        raise errors.NothingToRetry(payment_id)
    if waiting.what == What.AUTHORISE and waiting.made_at + KEY_LIVES < work.now:
        raise errors.RetryTooLate(payment_id)
    await commands.revive(work, payment_id)


async def plan(work: UnitOfWork) -> int:
    """Write down what the books make due of the providers; how many commands."""
    written = 0
    for tip in await store.list_tips(work, limit=BATCH):
        written += await _want(work, _tip(tip))
    for one in await store.list_moving(work, limit=BATCH):
        command = due(one.payment, one.books)
        if command is not None:
            written += await commands.insert_command(work, command)
        else:
            await store.note_followed(work, one.payment.payment_id, one.moves)
    return written


async def take_in(
    work: UnitOfWork,
    payment_id: UUID,
    said: Said,
    *,
    reason: str | None = None,
    made_by: UUID | None = None,
) -> Payment:
    """Take in how the provider says that a payment stands, be it old news or new.

    Raises
    ------
    PaymentNotFound
    """
    payment = await store.lock_payment(work, payment_id)
    if payment is None:
        raise errors.PaymentNotFound(payment_id)
    return await _take_in(work, payment, said, reason=reason, made_by=made_by)


async def _take_in(
    work: UnitOfWork,
    payment: Payment,
    said: Said,
    *,
    reason: str | None = None,
    made_by: UUID | None = None,
) -> Payment:
    after = merged(payment, said)
    if after == payment:
        return payment
    for transfer in postings(payment, after, reason=reason, made_by=made_by):
        written = await insert_transfer(work, transfer)
        assert written, "the payment is locked, and says what was written"
        _announce_transfer(work, after, transfer)
    await store.save_payment(work, after)
    if after.state is not payment.state:
        _announce_state(work, after)
    return after


async def _want(work: UnitOfWork, payment: Payment) -> bool:
    """Write a payment and have it authorised; False if another has its identifier or trip."""
    if not await store.insert_payment(work, payment):
        before = await store.find_payment(work, payment.payment_id)
        return before is not None and _is_same(before, payment)
    command = Command(
        payment_id=payment.payment_id, what=What.AUTHORISE, ordinal=1,
        amount_minor=payment.wanted_minor,
    )  # fmt: skip
    return await commands.insert_command(work, command)


def _is_same(before: Payment, asked: Payment) -> bool:
    names = ("rider_id", "trip_id", "purpose", "card_id", "currency", "wanted_minor")
    return all(getattr(before, name) == getattr(asked, name) for name in names)


def _tip(row: Any) -> Payment:
    return Payment(
        payment_id=derived_id("payment", str(row.trip_id), Purpose.TIP.value),
        rider_id=row.rider_id, trip_id=row.trip_id, purpose=Purpose.TIP, provider=row.provider,
        card_id=row.card_id, currency=row.currency, wanted_minor=row.tip_minor,
    )  # fmt: skip


async def _card(work: UnitOfWork, rider_id: RiderId, card_id: UUID | None) -> Card:
    kept = await cards.list_cards(work, rider_id)
    if card_id is None and kept:
        return kept[0]
    if card_id is None:
        raise errors.CardNeeded
    found = [card for card in kept if card.card_id == card_id]
    if not found:
        raise errors.CardNotFound(card_id)
    return found[0]


async def _refuse_above_owed(work: UnitOfWork, rider_id: RiderId, amount: Money) -> None:
    owed = await store.owed_minor(work, rider_id, amount.currency)
    if amount.minor > owed:
        raise errors.AboveWhatIsOwed(Money(max(0, owed), amount.currency))


_OF_TRANSFER: dict[Kind, type[facts.PaymentCaptured] | type[facts.ProviderFeePosted]] = {
    Kind.PAYMENT: facts.PaymentCaptured,
    Kind.PROVIDER_FEE: facts.ProviderFeePosted,
}


def _announce_transfer(work: UnitOfWork, payment: Payment, transfer: Transfer) -> None:
    told = _of(work, payment, max(entry.amount_minor for entry in transfer.entries))
    if transfer.kind is Kind.PAYMENT_REFUND:
        assert transfer.reason is not None
        work.announce(
            facts.PaymentGivenBack(**told, transfer_id=transfer.transfer_id, reason=transfer.reason)
        )
        return
    work.announce(_OF_TRANSFER[transfer.kind](**told, transfer_id=transfer.transfer_id))


def _announce_state(work: UnitOfWork, payment: Payment) -> None:
    told = _of(work, payment, payment.wanted_minor)
    match payment.state:
        case PaymentState.AUTHORISED:
            work.announce(facts.PaymentAuthorised(**told))
        case PaymentState.CANCELLED:
            work.announce(facts.PaymentLetGo(**told))
        case PaymentState.FAILED:
            work.announce(facts.PaymentFailed(**told, failure=payment.failure or "declined"))
        case _:  # what moved money was told with its transfer
            pass


def announce_given_up(work: UnitOfWork, payment: Payment, *, what: What, failure: str) -> None:
    """Tell that the provider was asked in vain."""
    told = _of(work, payment, payment.wanted_minor)
    work.announce(facts.PaymentGivenUp(**told, what=what.value, failure=failure))


def _of(work: UnitOfWork, payment: Payment, amount_minor: int) -> dict[str, Any]:
    return {
        "event_id": work.new_id(),
        "occurred_at": work.now,
        "payment_id": payment.payment_id,
        "rider_id": payment.rider_id,
        "trip_id": payment.trip_id,
        "currency": payment.currency,
        "amount_minor": amount_minor,
    }
