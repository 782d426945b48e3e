"""The life of a payment, as a pure function: what the provider says, and what is due next.

A payment moves forward only. What a provider says may come late, twice or in another order: it is
merged into what is known, so that the end is the same whatever the order. All amounts are minor
units of the payment's currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from foundation.identifiers import UUID, RiderId, TripId
from foundation.money import Currency
from ledger.derived import derived_id


class PaymentState(StrEnum):
    """Where a payment stands."""

    WANTED = "wanted"
    AUTHORISED = "authorised"
    CAPTURED = "captured"
    REFUNDED = "refunded"  # the whole of it
    CANCELLED = "cancelled"
    FAILED = "failed"  # the provider said no


class Purpose(StrEnum):
    """What a payment is for."""

    TRIP = "trip"  # authorised when it is booked, captured when it is charged
    TIP = "tip"
    OWED = "owed"  # what a rider owes, paid by card
    DESK = "desk"  # money given by hand at the office's desk


class What(StrEnum):
    """What can be asked of a provider."""

    AUTHORISE = "authorise"
    CAPTURE = "capture"
    CANCEL = "cancel"
    REFUND = "refund"


TRANSITIONS: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.WANTED: frozenset(PaymentState) - {PaymentState.WANTED},
    PaymentState.AUTHORISED: frozenset(PaymentState)
    - {PaymentState.WANTED, PaymentState.AUTHORISED},
    PaymentState.CAPTURED: frozenset({PaymentState.REFUNDED}),
    PaymentState.REFUNDED: frozenset(),
    PaymentState.CANCELLED: frozenset(),
    PaymentState.FAILED: frozenset(),
}
"""From each state, what may follow; the database's trigger says the same."""

LEASE = timedelta(seconds=60)
"""Longer than a provider's call may take: whoever takes a command up has it alone for so long."""

_FIRST_WAIT = timedelta(seconds=5)
ATTEMPTS_MAX = 10
"""Together 85 minutes, well within the 24 hours for which Stripe keeps an idempotency key."""

KEY_LIVES = timedelta(hours=23)
"""For so long an authorisation may be asked for again by the same key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment as it is known here.

    Attributes
    ----------
    ref
        The provider's name for it; None until it answered.
    fee_minor
        What the provider keeps of it; None until it said so.
    failure
        A word of the provider why it failed.
    """

    payment_id: UUID
    rider_id: RiderId
    trip_id: TripId | None
    purpose: Purpose
    provider: str
    card_id: UUID | None
    currency: Currency
    wanted_minor: int
    state: PaymentState = PaymentState.WANTED
    ref: str | None = None
    authorised_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    refunds: int = 0
    fee_minor: int | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A payment as its provider says it stands."""

    ref: str | None
    state: PaymentState
    authorised_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    fee_minor: int | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InBooks:
    """What the books say of the trip a payment is for.

    Attributes
    ----------
    charged_minor
        What the trip was charged, its tip apart; None until it is.
    refunded_minor
        What the co-operative gave back of that.
    is_held
        Whether money is still set aside for it.
    """

    charged_minor: int | None
    refunded_minor: int
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Something to be asked of a provider.

    Attributes
    ----------
    amount_minor
        To authorise or to capture; of a refund: what shall have been given back altogether.
    """

    payment_id: UUID
    what: What
    ordinal: int
    amount_minor: int
    reason: str | None = None

    @property
    def command_id(self) -> UUID:
        """Follows from the payment, so that asking again is telling the provider the same key."""
        return derived_id(
            "payment_command", str(self.payment_id), self.what.value, str(self.ordinal)
        )


def merged(payment: Payment, said: Said) -> Payment:
    """The payment after hearing `said`, which may be old news.

    Nothing goes back: amounts only grow, a final state stays. What contradicts a final state
    is left for `differences` to tell.
    """
    ref = payment.ref or said.ref
    if payment.ref is not None and said.ref is not None and payment.ref != said.ref:
        return payment
    captured = payment.captured_minor or said.captured_minor
    refunded = min(max(payment.refunded_minor, said.refunded_minor), captured)
    authorised = max(payment.authorised_minor, said.authorised_minor, captured)
    state = said.state if captured == 0 else PaymentState.CAPTURED
    if captured and refunded == captured:
        state = PaymentState.REFUNDED
    if state is not payment.state and state not in TRANSITIONS[payment.state]:
        return replace(payment, ref=ref, authorised_minor=authorised)
    return replace(
        payment,
        ref=ref,
        state=state,
        authorised_minor=authorised,
        captured_minor=captured,
        refunded_minor=refunded,
        refunds=payment.refunds + (refunded > payment.refunded_minor),
        fee_minor=said.fee_minor if payment.fee_minor is None and captured else payment.fee_minor,
        failure=payment.failure or (said.failure if state is PaymentState.FAILED else None),
    )


def due(payment: Payment, books: InBooks | None) -> Command | None:
    """What the provider must be asked next, so that it holds what the books say; None if nothing.

    Parameters
    ----------
    books
        Of a payment for a trip.
    """
    if payment.state is PaymentState.AUTHORISED:
        if payment.purpose is not Purpose.TRIP:
            return _command(payment, What.CAPTURE, payment.authorised_minor)
        take = _still_owed(payment, books)
        if take is None:
            return None
        take = min(take, payment.authorised_minor)
        return _command(payment, What.CAPTURE if take else What.CANCEL, take)
    if payment.state is PaymentState.CAPTURED and payment.purpose is Purpose.TRIP:
        keep = _still_owed(payment, books)
        if keep is None:
            return None
        back = payment.captured_minor - min(payment.captured_minor, keep)
        if back > payment.refunded_minor:
            return _command(payment, What.REFUND, back, reason="given back by the office")
    return None


def _still_owed(payment: Payment, books: InBooks | None) -> int | None:
    """What the trip came to, refunds taken off; None while it goes on."""
    assert payment.purpose is Purpose.TRIP
    assert books is not None
    if books.charged_minor is None:
        return None if books.is_held else 0
    return max(0, books.charged_minor - books.refunded_minor)


def wait_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts that failed: 5 seconds, doubled each time."""
    assert attempts >= 1
    return _FIRST_WAIT * (1 << (attempts - 1))


def differences(payment: Payment, said: Said | None) -> tuple[str, ...]:
    """Where the books and the provider differ, in words; empty if they agree."""
    if said is None:
        nothing = payment.ref is None and payment.captured_minor == 0
        return () if nothing else ("the provider does not know it",)
    pairs = (
        ("state", payment.state.value, said.state.value),
        ("captured", payment.captured_minor, said.captured_minor),
        ("refunded", payment.refunded_minor, said.refunded_minor),
    )
    return tuple(
        f"{what}: {ours} in the books, {theirs} with the provider"
        for what, ours, theirs in pairs
        if ours != theirs
    )


def _command(
    payment: Payment, what: What, amount_minor: int, *, reason: str | None = None
) -> Command:
    return Command(
        payment_id=payment.payment_id,
        what=what,
        ordinal=payment.refunds + 1 if what is What.REFUND else 1,
        amount_minor=amount_minor,
        reason=reason,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card as a token; `method` and `customer` are the provider's names."""

    card_id: UUID
    rider_id: RiderId
    provider: str
    customer: str
    method: str
    brand: str
    tail: str
    added_at: datetime


def holds_card_number(said: str) -> bool:
    """Whether a text holds twelve digits in a row, blanks and dashes apart (ISO/IEC 7812)."""
    digits = 0
    for letter in said.replace(" ", "").replace("-", ""):
        digits = digits + 1 if letter.isascii() and letter.isdigit() else 0
        if digits == 12:
            return True
    return False
