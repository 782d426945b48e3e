"""What Stripe signs is read; what anybody else sends is refused."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from khan.stripe_provider import StripeProvider
from ledger.payments.errors import WebhookNotOurs, WebhookUnreadable
from ledger.payments.provider import Told

SECRET = "whsec_of_this_test"
NOW = datetime(2030, 5, 1, 12, tzinfo=UTC)
OURS = "019b5e3c-7a10-7f00-8000-000000000001"


def event(kind: str, **about: Any) -> dict[str, Any]:
    return {"id": "evt_1", "type": kind, "data": {"object": {"id": "pi_1"} | about}}


def header(body: bytes, *, at: datetime = NOW, secret: str = SECRET) -> str:
    stamp = int(at.timestamp())
    signed = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={signed}"


def read(body: bytes, signature: str | None = None) -> Told:
    provider = StripeProvider(secret_key="sk", webhook_secret=SECRET)
    return provider.read_event(body, header(body) if signature is None else signature, now=NOW)


def told(kind: str, **about: Any) -> Told:
    return read(json.dumps(event(kind, **about)).encode())


def test_an_event_of_a_payment_names_ours() -> None:
    found = told("payment_intent.succeeded", metadata={"khan_payment": OURS}, amount=9)
    assert (found.payment_id, found.ref, found.is_known) == (UUID(OURS), "pi_1", True)
    assert found.facts == {"means": "payment_changed"}


def test_events_that_move_money_say_how_much() -> None:
    dispute = told(
        "charge.dispute.funds_withdrawn", payment_intent="pi_9", amount=50, currency="usd"
    )
    assert (dispute.about, dispute.ref) == ("pi_1", "pi_9")
    assert dispute.facts == {"means": "dispute_taken", "amount_minor": 50, "currency": "USD"}
    assert (
        told("payout.paid", amount=70, currency="isk", object="payout").facts["amount_minor"] == 0
    )


@pytest.mark.parametrize("kind", ["customer.created", "radar.something_new"])
def test_unknown_events_are_read_as_such(kind: str) -> None:
    found = told(kind)
    assert (found.kind, found.is_known, found.facts) == (kind, False, {})


def test_the_second_of_two_signatures_is_enough() -> None:
    body = b'{"id": "evt", "type": "x.y", "data": {"object": {}}}'
    fresh = header(body)
    stamp = fresh.split(",", 1)[0]
    assert read(body, f"{stamp},v0=00,v1=ffff,{fresh.split(',', 1)[1]}").kind == "x.y"


def test_what_is_not_signed_by_the_secret_or_too_old_is_refused() -> None:
    body = json.dumps(event("payment_intent.succeeded")).encode()
    good = header(body)
    for wrong in (
        "", "t=,v1=", "nonsense", good.replace("v1", "v0"), good + ",t=1", good[:-1],
        header(body, secret="whsec_other"), header(body + b" "), "t=99999999999999,v1=00", "t=٣,v1=0",
        good.replace("v1=", "v1=é"), header(body, at=NOW - timedelta(seconds=301)),
        header(body, at=NOW + timedelta(seconds=301)),
    ):  # fmt: skip
        with pytest.raises(WebhookNotOurs):
            read(body, wrong)
    assert read(body, header(body, at=NOW - timedelta(seconds=299))).is_known


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'"text"', b'{"id": "e"}', b'{"id": "e", "type": "x", "data": 3}',
        b'{"id": "e", "type": "payout.paid", "data": {"object": {"id": "po", "amount": "x"}}}',
        b'{"id": "e", "type": "payment_intent.succeeded",'
        b' "data": {"object": {"id": "pi", "metadata": {"khan_payment": "no uuid"}}}}',
    ],
)  # fmt: skip
def test_what_is_signed_and_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(WebhookUnreadable):
        read(body)
