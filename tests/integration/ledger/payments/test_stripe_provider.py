"""Stripe's adapter against a real server (localstripe), and the promises that every provider keeps."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from foundation.identifiers import RiderId
from khan.stripe_provider import StripeProvider
from ledger.payments.payment import Payment, PaymentState, Purpose, Said, differences
from ledger.payments.provider import (
    CardProvider,
    ProviderRefused,
    ProviderUnavailable,
    Tokens,
)
from tests.localstripe_server import SECRET_KEY, a_card, a_stripe, intents
from tests.money import USD, numbered
from tests.payments import DECLINED, MemoryProvider

DECLINES_AT_CHARGE = "4000000000000341"
ASKS_THE_OWNER = "4000002760003184"
DECLINES_AT_ONCE = "4000000000000002"


@pytest.fixture(scope="module")
def stripe() -> Iterator[str]:
    """The address of a Stripe of this file's own."""
    with a_stripe() as address:
        yield address


@pytest.fixture(params=["memory", "stripe"])
async def provider(
    request: pytest.FixtureRequest, stripe: str
) -> AsyncIterator[tuple[CardProvider, dict[str, str]]]:
    """Each provider of cards, with the token of a good card and of one that is declined."""
    if request.param == "memory":
        yield MemoryProvider(), {"good": "pm_good", "declined": DECLINED}
        return
    adapter = of(stripe)
    yield adapter, {"good": a_card(stripe), "declined": a_card(stripe, DECLINES_AT_CHARGE)}
    await adapter.close()


def of(address: str, key: str = SECRET_KEY) -> StripeProvider:
    return StripeProvider(secret_key=key, webhook_secret="whsec_test", address=address)


def wanted(payment_id: UUID, minor: int = 2_000) -> Payment:
    return Payment(
        payment_id=payment_id, rider_id=RiderId(numbered(1)), trip_id=None, purpose=Purpose.OWED,
        provider="stripe", card_id=numbered(2), currency=USD, wanted_minor=minor,
    )  # fmt: skip


def after(payment: Payment, said: Said) -> Payment:
    return replace(
        payment, ref=said.ref, state=said.state, authorised_minor=said.authorised_minor,
        captured_minor=said.captured_minor, refunded_minor=said.refunded_minor,
    )  # fmt: skip


@pytest.fixture
def fresh(request: pytest.FixtureRequest) -> Payment:
    """A payment no other test has."""
    from uuid import uuid5

    return wanted(uuid5(UUID(int=1), request.node.nodeid))


Pair = tuple[CardProvider, dict[str, str]]


async def authorised(pair: Pair, payment: Payment, *, card: str = "good") -> Payment:
    provider, cards = pair
    kept = await provider.keep_card(payment.rider_id, None, cards[card])
    tokens = Tokens(customer=kept.customer, method=kept.method)
    said = await provider.authorise(payment, tokens, key=key(payment, 1))
    again = await provider.authorise(payment, tokens, key=key(payment, 1))
    assert again == said, "asking twice is asking once"
    return after(payment, said)


def key(payment: Payment, number: int) -> UUID:
    return UUID(int=payment.payment_id.int ^ number)


async def test_what_is_authorised_is_captured_in_part_and_the_rest_let_go(
    provider: Pair, fresh: Payment
) -> None:
    payment = await authorised(provider, fresh)
    assert (payment.state, payment.authorised_minor) == (PaymentState.AUTHORISED, 2_000)
    for _ in range(2):
        said = await provider[0].capture(payment, 1_500, key=key(payment, 2))
        assert (said.state, said.captured_minor) == (PaymentState.CAPTURED, 1_500)
        assert said.refunded_minor == 0
        assert said.fee_minor is not None
    found = await provider[0].find(payment)
    assert found is not None
    assert differences(after(payment, said), found) == ()
    # Whoever lost the answer and lost the key too is told how it stands.
    assert (await provider[0].capture(payment, 1_500, key=key(payment, 9))) == said


async def test_refunds_add_up_to_the_whole_and_never_above(provider: Pair, fresh: Payment) -> None:
    payment = await authorised(provider, fresh)
    payment = after(payment, await provider[0].capture(payment, 1_500, key=key(payment, 2)))
    for total, state in ((400, PaymentState.CAPTURED), (1_500, PaymentState.REFUNDED)):
        for number in (total, total, total + 1):
            said = await provider[0].refund(payment, total, key=key(payment, number))
            assert (said.state, said.refunded_minor) == (state, total)
        payment = after(payment, said)


async def test_what_is_authorised_is_let_go(provider: Pair, fresh: Payment) -> None:
    payment = await authorised(provider, fresh)
    for number in (2, 2, 3):
        said = await provider[0].cancel(payment, key=key(payment, number))
        assert (said.state, said.captured_minor) == (PaymentState.CANCELLED, 0)
    late = await provider[0].capture(payment, 1_500, key=key(payment, 4))
    assert late.state is PaymentState.CANCELLED, "what was let go is not taken"


async def test_a_declined_card_is_an_answer(provider: Pair, fresh: Payment) -> None:
    payment = await authorised(provider, fresh, card="declined")
    assert payment.state is PaymentState.FAILED


async def test_nothing_is_known_of_what_was_never_asked(provider: Pair, fresh: Payment) -> None:
    assert await provider[0].find(fresh) is None


async def test_stripe_knows_nothing_by_that_name(stripe: str, fresh: Payment) -> None:
    adapter = of(stripe)
    assert await adapter.find(replace(fresh, ref="pi_nobodys")) is None
    with pytest.raises(ProviderRefused):
        await adapter.capture(fresh, 1, key=numbered(1))
    await adapter.close()


async def test_a_lost_key_finds_the_payment_by_its_name(stripe: str, fresh: Payment) -> None:
    adapter = of(stripe)
    payment = await authorised((adapter, {"good": a_card(stripe)}), fresh)
    before = len(intents(stripe))
    tokens = Tokens(customer="cus_unused", method="pm_unused")
    said = await adapter.authorise(payment, tokens, key=key(payment, 7))
    assert (said.ref, said.state) == (payment.ref, PaymentState.AUTHORISED)
    assert len(intents(stripe)) == before
    await adapter.close()


async def test_a_card_whose_owner_must_be_asked_is_declined(stripe: str, fresh: Payment) -> None:
    adapter = of(stripe)
    card = a_card(stripe, ASKS_THE_OWNER)
    payment = await authorised((adapter, {"good": card}), fresh)
    assert payment.state is PaymentState.FAILED
    await adapter.close()


async def test_cards_are_kept_by_tokens_alone(stripe: str) -> None:
    adapter, rider_id = of(stripe), RiderId(numbered(41))
    setup = await adapter.begin_card(rider_id, None)
    assert setup.client_secret.startswith("seti_")
    kept = await adapter.keep_card(rider_id, setup.customer, a_card(stripe))
    assert (kept.customer, kept.brand, kept.tail) == (setup.customer, "visa", "4242")
    assert (await adapter.keep_card(rider_id, None, kept.method)).customer == setup.customer
    await adapter.forget_card(kept.method)
    await adapter.forget_card("pm_nobodys")
    with pytest.raises(ProviderRefused, match="no token"):
        await adapter.keep_card(rider_id, None, "../customers")
    with pytest.raises(ProviderRefused, match="declined"):
        await adapter.keep_card(rider_id, None, a_card(stripe, DECLINES_AT_ONCE))
    await adapter.close()


async def test_a_wrong_key_and_a_silent_server_may_be_asked_again(
    stripe: str, fresh: Payment
) -> None:
    for adapter in (of(stripe, key="nonsense"), of("http://127.0.0.1:9")):
        with pytest.raises(ProviderUnavailable):
            await adapter.find(replace(fresh, ref="pi_1"))
        await adapter.close()
