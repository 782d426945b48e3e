"""What a payment writes into the books: from what was known and what is known now to transfers.

Money with a card provider stands in `provider`, money from the desk goes to the `bank`. A fee of the
provider is the co-operative's expense. What a card's bank takes back, the rider owes again.
"""

from foundation.identifiers import UUID
from foundation.money import Currency
from ledger.account import Account, Role, account_of_rider
from ledger.derived import derived_id
from ledger.payments.payment import Payment, Purpose
from ledger.transfer import Entry, Kind, Transfer

FEE_CODE = "expense.payment_provider"


def postings(
    before: Payment, after: Payment, *, reason: str | None = None, made_by: UUID | None = None
) -> tuple[Transfer, ...]:
    """The transfers that bring the books from `before` to `after`; none if no money moved."""
    assert before.payment_id == after.payment_id
    found = []
    if after.captured_minor > before.captured_minor:
        assert before.captured_minor == 0, "a payment is captured once"
        found.append(
            Transfer(
                kind=Kind.PAYMENT, subject_id=after.payment_id, currency=after.currency,
                entries=_moved(after, after.captured_minor, code="payment"), made_by=made_by,
            )
        )  # fmt: skip
    if after.refunded_minor > before.refunded_minor:
        back = after.refunded_minor - before.refunded_minor
        found.append(
            Transfer(
                kind=Kind.PAYMENT_REFUND, subject_id=after.payment_id, ordinal=after.refunds,
                currency=after.currency, entries=_moved(after, -back, code="payment_refund"),
                reason=reason or "given back by the provider", made_by=made_by,
            )
        )  # fmt: skip
    if after.fee_minor and before.fee_minor is None:
        found.append(_fee(after, after.fee_minor))
    return tuple(found)


def chargeback(payment: Payment, dispute: str, amount_minor: int) -> Transfer:
    """A card's bank took money back: the rider owes it again."""
    assert amount_minor > 0
    return Transfer(
        kind=Kind.CHARGEBACK,
        subject_id=derived_id("dispute", payment.provider, dispute),
        currency=payment.currency,
        entries=_moved(payment, -amount_minor, code="chargeback"),
    )


def provider_payout(provider: str, payout: str, amount_minor: int, currency: Currency) -> Transfer:
    """The provider paid what it held to the bank; below zero it took money from there."""
    assert amount_minor != 0
    bank, held = (Account(role=role, currency=currency) for role in (Role.BANK, Role.PROVIDER))
    return Transfer(
        kind=Kind.PROVIDER_PAYOUT,
        subject_id=derived_id("provider_payout", provider, payout),
        currency=currency,
        entries=(
            Entry(account=bank, amount_minor=amount_minor, code="provider_payout"),
            Entry(account=held, amount_minor=-amount_minor, code="provider_payout"),
        ),
    )


def where_it_lies(payment: Payment) -> Role:
    """The account that money of this payment goes to."""
    return Role.BANK if payment.purpose is Purpose.DESK else Role.PROVIDER


def _moved(payment: Payment, amount_minor: int, *, code: str) -> tuple[Entry, ...]:
    """From the rider to where the money lies; the other way round if it is below zero."""
    held = Account(role=where_it_lies(payment), currency=payment.currency)
    rider = account_of_rider(payment.rider_id, payment.currency)
    return (
        Entry(account=held, amount_minor=amount_minor, code=code),
        Entry(account=rider, amount_minor=-amount_minor, code=code),
    )


def _fee(payment: Payment, fee_minor: int) -> Transfer:
    expense = Account(role=Role.EXPENSE, currency=payment.currency)
    held = Account(role=where_it_lies(payment), currency=payment.currency)
    return Transfer(
        kind=Kind.PROVIDER_FEE,
        subject_id=payment.payment_id,
        currency=payment.currency,
        entries=(
            Entry(account=expense, amount_minor=fee_minor, code=FEE_CODE),
            Entry(account=held, amount_minor=-fee_minor, code=FEE_CODE),
        ),
    )
