"""What a provider tells by itself: each event once, in any order, with the same end.

An event of a payment moves nothing: it makes the till look how the payment stands, so that a late
or repeated one cannot do harm. Disputes and payouts to the bank, which belong to no payment's state, are
worked out from all events about them.
"""

from collections.abc import Mapping
from typing import Any

from foundation.identifiers import TransferId
from foundation.money import Currency
from ledger.days import reverse
from ledger.errors import ReversedAlready
from ledger.payments import events as facts
from ledger.payments.payment import Payment
from ledger.payments.postings import chargeback, provider_payout
from ledger.payments.provider import Told
from ledger.payments.store import commands
from ledger.payments.store import payments as store
from ledger.store.transfers import insert_transfer
from ledger.transfer import Transfer
from storage.work import UnitOfWork

TAKEN_BACK, GIVEN_AGAIN = "dispute_taken", "dispute_given_again"
PAID_OUT, PAYOUT_FAILED = "payout_paid", "payout_failed"
PAYMENT_CHANGED = "payment_changed"
KNOWN = frozenset({TAKEN_BACK, GIVEN_AGAIN, PAID_OUT, PAYOUT_FAILED, PAYMENT_CHANGED})
"""What an event can mean here; `facts["means"]` says which. Others are kept and ignored."""


async def take_event(work: UnitOfWork, provider: str, told: Told) -> bool:
    """Take an event of `provider` in; False if it was taken before."""
    if told.about is not None:
        await commands.lock_about(work, provider, told.about)
    payment = await _payment_of(work, provider, told)
    known = told.is_known and told.facts.get("means") in KNOWN
    payment_id = None if payment is None else payment.payment_id
    if not await commands.insert_event(work, provider, told, payment_id=payment_id):
        return False
    if not known or told.about is None:
        return True
    means = told.facts["means"]
    if means in (PAID_OUT, PAYOUT_FAILED):
        await _payout(work, provider, told.about)
    elif payment is not None and means in (TAKEN_BACK, GIVEN_AGAIN):
        await _dispute(work, payment, told.about)
    elif payment is not None:
        await store.nudge(work, payment.payment_id, ref=told.ref)
    return True


async def _payment_of(work: UnitOfWork, provider: str, told: Told) -> Payment | None:
    """The payment an event is of, if it is one of ours and the provider's name fits."""
    payment_id = told.payment_id
    if payment_id is None and told.ref is not None:
        payment_id = await store.find_by_ref(work, provider, told.ref)
    payment = None if payment_id is None else await store.find_payment(work, payment_id)
    if payment is None or payment.provider != provider:
        return None
    return payment if told.ref in (None, payment.ref) or payment.ref is None else None


async def _dispute(work: UnitOfWork, payment: Payment, dispute: str) -> None:
    told = _by_meaning(await commands.list_events_about(work, payment.provider, dispute))
    taken = told.get(TAKEN_BACK)
    if taken is None:
        return
    transfer = chargeback(payment, dispute, taken["amount_minor"])
    if await insert_transfer(work, transfer):
        work.announce(
            facts.ChargebackPosted(
                event_id=work.new_id(), occurred_at=work.now, payment_id=payment.payment_id,
                rider_id=payment.rider_id, trip_id=payment.trip_id, currency=payment.currency,
                amount_minor=taken["amount_minor"], transfer_id=transfer.transfer_id,
            )
        )  # fmt: skip
    if GIVEN_AGAIN in told:
        await _reverse(work, transfer, reason="the dispute was won")


async def _payout(work: UnitOfWork, provider: str, payout: str) -> None:
    told = _by_meaning(await commands.list_events_about(work, provider, payout))
    paid = told.get(PAID_OUT)
    if paid is None or paid["amount_minor"] == 0:
        return
    currency = Currency(paid["currency"])
    transfer = provider_payout(provider, payout, paid["amount_minor"], currency)
    if await insert_transfer(work, transfer):
        work.announce(
            facts.ProviderPayoutPosted(
                event_id=work.new_id(), occurred_at=work.now, transfer_id=transfer.transfer_id,
                currency=currency, provider=provider, amount_minor=paid["amount_minor"],
            )
        )  # fmt: skip
    if PAYOUT_FAILED in told:
        await _reverse(work, transfer, reason="the payout came back")


async def _reverse(work: UnitOfWork, transfer: Transfer, *, reason: str) -> None:
    try:
        await reverse(work, TransferId(transfer.transfer_id), reason=reason, made_by=None)
    except ReversedAlready:
        return


def _by_meaning(events: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {one["means"]: one for one in events.values()}
