"""Payments by card over Stripe's API, with its version pinned.

Spoken in plain HTTP: ten calls of form fields and JSON (docs/decisions/0520 says why without Stripe's
library). Card numbers go from the rider's page to Stripe and never pass here. Source: Stripe API
reference, version 2024-06-20: PaymentIntents, Refunds, SetupIntents, webhook signatures.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import httpx
import orjson

from foundation.identifiers import RiderId
from ledger.payments.errors import WebhookNotOurs, WebhookUnreadable
from ledger.payments.payment import Payment, PaymentState, Said
from ledger.payments.provider import (
    KeptCard,
    ProviderRefused,
    ProviderUnavailable,
    Setup,
    Tokens,
    Told,
)
from ledger.payments.webhooks import (
    GIVEN_AGAIN,
    PAID_OUT,
    PAYMENT_CHANGED,
    PAYOUT_FAILED,
    TAKEN_BACK,
)

API_VERSION = "2024-06-20"
ADDRESS = "https://api.stripe.com"
TIMEOUT_SECONDS = 20.0
"""Well below the till's lease, so that nobody else asks for the same meanwhile."""
TOLERANCE_SECONDS = 300
"""A signed message older than this is refused, as Stripe's own libraries do."""

_METHOD = re.compile(r"pm_[A-Za-z0-9_]{1,100}")
_OURS, _COMMAND = "khan_payment", "khan_command"
_EXPAND = {"expand[]": "latest_charge.balance_transaction"}
_ASK_AGAIN = frozenset({401, 403, 409, 429})
"""What an operator or a moment may mend: a key, a limit, the same key still at work."""
_TWO_DECIMALS_THERE = frozenset({"ISK", "UGX"})
"""ISO 4217 gives them none; Stripe's API still counts them in hundredths."""
_STATES = {
    "requires_capture": PaymentState.AUTHORISED,
    "succeeded": PaymentState.CAPTURED,
    "canceled": PaymentState.CANCELLED,
    "requires_payment_method": PaymentState.FAILED,
    "requires_action": PaymentState.FAILED,
}
"""A PaymentIntent's status; what is still under way there is `WANTED` here."""
_MEANS = {
    "payment_intent.amount_capturable_updated": PAYMENT_CHANGED,
    "payment_intent.succeeded": PAYMENT_CHANGED,
    "payment_intent.canceled": PAYMENT_CHANGED,
    "payment_intent.payment_failed": PAYMENT_CHANGED,
    "charge.captured": PAYMENT_CHANGED,
    "charge.refunded": PAYMENT_CHANGED,
    "charge.updated": PAYMENT_CHANGED,
    "refund.updated": PAYMENT_CHANGED,
    "charge.dispute.funds_withdrawn": TAKEN_BACK,
    "charge.dispute.funds_reinstated": GIVEN_AGAIN,
    "payout.paid": PAID_OUT,
    "payout.failed": PAYOUT_FAILED,
}

Fields = Mapping[str, str]


class _Declined(Exception):
    """The card's bank said no (402)."""

    def __init__(self, why: str, ref: str | None) -> None:
        super().__init__(why)
        self.why, self.ref = why, ref


class StripeProvider:
    """Stripe, by its API."""

    name: ClassVar[str] = "stripe"

    def __init__(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        publishable_key: str = "",
        address: str = ADDRESS,
    ) -> None:
        self._webhook_secret = webhook_secret.encode()
        self._publishable_key = publishable_key
        self._http = httpx.AsyncClient(
            base_url=address,
            headers={"Authorization": f"Bearer {secret_key}", "Stripe-Version": API_VERSION},
            timeout=TIMEOUT_SECONDS,
        )

    @property
    def publishable_key(self) -> str:
        """By which a rider's page speaks to Stripe."""
        return self._publishable_key

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def authorise(self, payment: Payment, tokens: Tokens | None, *, key: UUID) -> Said:
        """Make and confirm a PaymentIntent that is captured later, without the rider at hand."""
        assert tokens is not None, "Stripe moves money of cards alone"
        if payment.ref is not None:
            return await self._read(payment, payment.ref)
        fields = {
            "amount": str(_there(payment.wanted_minor, payment.currency)),
            "currency": payment.currency.lower(),
            "customer": tokens.customer,
            "payment_method": tokens.method,
            "payment_method_types[]": "card",
            "capture_method": "manual",
            "confirm": "true",
            "off_session": "true",
            f"metadata[{_OURS}]": str(payment.payment_id),
        } | _EXPAND
        try:
            intent = await self._post("/v1/payment_intents", fields, key=str(key))
        except _Declined as declined:
            return Said(ref=declined.ref, state=PaymentState.FAILED, failure=declined.why)
        return await self._said(payment, intent)

    async def capture(self, payment: Payment, amount_minor: int, *, key: UUID) -> Said:
        """Capture a PaymentIntent, unless it is over."""
        said = await self._read(payment, _ref(payment))
        if said.state is not PaymentState.AUTHORISED:
            return said
        fields = {"amount_to_capture": str(_there(amount_minor, payment.currency))} | _EXPAND
        return await self._move(payment, "capture", fields, key=key)

    async def cancel(self, payment: Payment, *, key: UUID) -> Said:
        """Cancel a PaymentIntent, unless it is over."""
        said = await self._read(payment, _ref(payment))
        if said.state in (PaymentState.CANCELLED, PaymentState.CAPTURED, PaymentState.REFUNDED):
            return said
        return await self._move(payment, "cancel", _EXPAND, key=key)

    async def refund(self, payment: Payment, total_minor: int, *, key: UUID) -> Said:
        """Refund what is missing to `total_minor`."""
        said = await self._read(payment, _ref(payment))
        if said.refunded_minor >= total_minor:
            return said
        missing = total_minor - said.refunded_minor
        fields = {
            "payment_intent": _ref(payment),
            "amount": str(_there(missing, payment.currency)),
            f"metadata[{_COMMAND}]": str(key),
        }
        try:
            await self._post("/v1/refunds", fields, key=str(key))
        except _Declined as declined:
            raise ProviderRefused(declined.why) from declined
        return await self._read(payment, _ref(payment))

    async def find(self, payment: Payment) -> Said | None:
        """How its PaymentIntent stands."""
        if payment.ref is None:
            return None
        try:
            return await self._read(payment, payment.ref)
        except ProviderRefused as refused:
            if refused.why == "not_found":
                return None
            raise

    async def begin_card(self, rider_id: RiderId, customer: str | None) -> Setup:
        """Make a SetupIntent, which the rider's page confirms with Stripe."""
        name = customer or await self._name_rider(rider_id)
        intent = await self._post(
            "/v1/setup_intents",
            {"customer": name, "usage": "off_session", "payment_method_types[]": "card"},
        )
        return Setup(customer=name, client_secret=intent["client_secret"])

    async def keep_card(self, rider_id: RiderId, customer: str | None, method: str) -> KeptCard:
        """Attach a PaymentMethod to the rider's Customer; again if it is attached already."""
        if not _METHOD.fullmatch(method):
            raise ProviderRefused("it is no token of a card")
        name = customer or await self._name_rider(rider_id)
        try:
            kept = await self._post(f"/v1/payment_methods/{method}/attach", {"customer": name})
        except _Declined as declined:
            raise ProviderRefused(declined.why) from declined
        card = kept.get("card")
        if not isinstance(card, dict):
            raise ProviderRefused("it is no card")
        brand = re.sub(r"[^a-z]+", "_", str(card.get("brand") or "card").lower())[:30]
        return KeptCard(customer=name, method=kept["id"], brand=brand, tail=str(card["last4"]))

    async def forget_card(self, method: str) -> None:
        """Detach a PaymentMethod."""
        try:
            await self._post(f"/v1/payment_methods/{method}/detach", {})
        except ProviderRefused:
            return  # it is gone

    def read_event(self, body: bytes, signature: str, *, now: datetime) -> Told:
        """An event whose signature (scheme v1: HMAC-SHA256 over time and body) is ours and fresh."""
        stamp, signatures = _signed(signature)
        if abs(now.timestamp() - stamp) > TOLERANCE_SECONDS:
            raise WebhookNotOurs
        text = b"%d.%s" % (stamp, body)
        wanted = hmac.new(self._webhook_secret, text, hashlib.sha256).hexdigest().encode()
        if not any(hmac.compare_digest(wanted, one) for one in signatures):
            raise WebhookNotOurs
        return _told(body)

    async def _name_rider(self, rider_id: RiderId) -> str:
        made = await self._post(
            "/v1/customers",
            {"metadata[khan_rider]": str(rider_id)},
            key=f"khan-customer-{rider_id}",
        )
        return str(made["id"])

    async def _move(self, payment: Payment, act: str, fields: Fields, *, key: UUID) -> Said:
        path = f"/v1/payment_intents/{_ref(payment)}/{act}"
        try:
            return await self._said(payment, await self._post(path, fields, key=str(key)))
        except _Declined as declined:
            raise ProviderRefused(declined.why) from declined

    async def _read(self, payment: Payment, ref: str) -> Said:
        intent = await self._ask("GET", f"/v1/payment_intents/{ref}", query=_EXPAND)
        return await self._said(payment, intent)

    async def _said(self, payment: Payment, intent: Mapping[str, Any]) -> Said:
        state = _STATES.get(intent["status"], PaymentState.WANTED)
        captured = refunded = 0
        if state is PaymentState.CAPTURED:
            query = {"payment_intent": intent["id"], "limit": "100"}
            refunds = (await self._ask("GET", "/v1/refunds", query=query))["data"]
            captured, refunded = _taken_and_given_back(intent, refunds)
        authorised = captured if captured else int(intent["amount"])
        if state not in (PaymentState.AUTHORISED, PaymentState.CAPTURED):
            authorised = 0
        currency = payment.currency
        fee = _fee(intent)
        return Said(
            ref=intent["id"],
            state=PaymentState.REFUNDED if captured and captured == refunded else state,
            authorised_minor=_here(authorised, currency),
            captured_minor=_here(captured, currency),
            refunded_minor=_here(refunded, currency),
            fee_minor=None if fee is None else _here(fee, currency),
            failure=_failure(intent) if state is PaymentState.FAILED else None,
        )

    async def _post(self, path: str, fields: Fields, *, key: str | None = None) -> dict[str, Any]:
        return await self._ask("POST", path, fields=fields, key=key)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Fields | None = None,
        fields: Fields | None = None,
        key: str | None = None,
    ) -> dict[str, Any]:
        """One call.

        Raises
        ------
        ProviderUnavailable, ProviderRefused, _Declined
        """
        headers = {} if key is None else {"Idempotency-Key": key}
        try:
            answer = await self._http.request(
                method, path, params=query, data=fields, headers=headers
            )
            document = orjson.loads(answer.content)
        except (httpx.HTTPError, orjson.JSONDecodeError) as error:
            raise ProviderUnavailable(type(error).__name__) from error
        if answer.is_success:
            assert isinstance(document, dict)
            return document
        fault = document.get("error", {}) if isinstance(document, dict) else {}
        code = str(fault.get("decline_code") or fault.get("code") or f"status {answer.status_code}")
        if answer.status_code == 402:
            raise _Declined(code[:100], (fault.get("payment_intent") or {}).get("id"))
        if answer.status_code >= 500 or answer.status_code in _ASK_AGAIN:
            raise ProviderUnavailable(code[:100])
        raise ProviderRefused("not_found" if answer.status_code == 404 else code[:100])


def _ref(payment: Payment) -> str:
    if payment.ref is None:
        raise ProviderRefused("it was never authorised")
    return payment.ref


def _there(amount_minor: int, currency: str) -> int:
    """Our minor units as Stripe counts them."""
    return amount_minor * 100 if currency in _TWO_DECIMALS_THERE else amount_minor


def _here(amount: int, currency: str) -> int:
    """Stripe's units as ours."""
    return amount // 100 if currency in _TWO_DECIMALS_THERE else amount


def _taken_and_given_back(
    intent: Mapping[str, Any], refunds: list[Mapping[str, Any]]
) -> tuple[int, int]:
    """What was captured, and what of that went back.

    What was authorised and not captured may stand among the refunds. It moved no money, so that
    it has no balance transaction; a server that does not tell `amount_received` gives it one, and
    there only refunds of ours count.
    """
    standing = [one for one in refunds if one.get("status") not in ("failed", "canceled")]
    received = intent.get("amount_received")
    if received is not None:
        moved = [one for one in standing if one.get("balance_transaction") is not None]
        return int(received), sum(int(one["amount"]) for one in moved)
    ours = sum(int(one["amount"]) for one in standing if _COMMAND in (one.get("metadata") or {}))
    every = sum(int(one["amount"]) for one in standing)
    return int(intent["amount"]) - (every - ours), ours


def _fee(intent: Mapping[str, Any]) -> int | None:
    charge = intent.get("latest_charge")
    moved = charge.get("balance_transaction") if isinstance(charge, dict) else None
    return int(moved["fee"]) if isinstance(moved, dict) else None


def _failure(intent: Mapping[str, Any]) -> str:
    error = intent.get("last_payment_error") or {}
    said = error.get("decline_code") or error.get("code")
    return str(said or "authentication_required")[:100]


def _signed(header: str) -> tuple[int, list[bytes]]:
    """The time and the signatures of a `Stripe-Signature` header.

    Raises
    ------
    WebhookNotOurs
    """
    pairs = [part.partition("=")[::2] for part in header.split(",")]
    stamps = [value for name, value in pairs if name.strip() == "t"]
    if len(stamps) != 1 or not re.fullmatch(r"[0-9]{1,12}", stamps[0], flags=re.ASCII):
        raise WebhookNotOurs
    signatures = [value.encode() for name, value in pairs if name.strip() == "v1"]
    return int(stamps[0]), signatures


def _told(body: bytes) -> Told:
    try:
        event = orjson.loads(body)
        kind, about = str(event["type"])[:100], event["data"]["object"]
        event_id = str(event["id"])[:255]
        found = None if about.get("id") is None else str(about["id"])[:255]
        means = _MEANS.get(kind)
        if means is None or not event_id or found is None:
            return Told(event_id=event_id or "none", kind=kind, about=found)
        return _known_event(event_id, kind, means, about)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise WebhookUnreadable from error


def _known_event(event_id: str, kind: str, means: str, about: Mapping[str, Any]) -> Told:
    facts: dict[str, Any] = {"means": means}
    if means != PAYMENT_CHANGED:
        currency = str(about["currency"]).upper()
        facts |= {"currency": currency, "amount_minor": _here(int(about["amount"]), currency)}
    is_intent = kind.startswith("payment_intent.")
    ref = about["id"] if is_intent else about.get("payment_intent")
    ours = (about.get("metadata") or {}).get(_OURS) if is_intent else None
    return Told(
        event_id=event_id,
        kind=kind,
        about=str(about["id"]),
        payment_id=None if ours is None else UUID(ours),
        ref=None if ref is None else str(ref),
        facts=facts,
        is_known=True,
    )
