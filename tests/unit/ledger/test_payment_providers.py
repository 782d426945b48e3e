"""Who moves money here, and what stands otherwise with a provider."""

from dataclasses import replace

import pytest

from foundation.identifiers import RiderId
from ledger.payments.desk import DeskProvider
from ledger.payments.errors import CardNotOffered
from ledger.payments.payment import Payment, PaymentState, Purpose, Said, differences
from ledger.payments.provider import Providers
from tests.money import USD, numbered
from tests.payments import MemoryProvider

PAYMENT = Payment(
    payment_id=numbered(1), rider_id=RiderId(numbered(2)), trip_id=None, purpose=Purpose.DESK,
    provider="desk", card_id=None, currency=USD, wanted_minor=500,
)  # fmt: skip


def test_without_a_provider_of_cards_they_are_not_offered() -> None:
    desk = Providers(desk=DeskProvider())
    assert set(desk.by_name) == {"desk"}
    with pytest.raises(CardNotOffered) as refused:
        desk.need_cards()
    assert refused.value.code == "card_not_offered"
    both = Providers(desk=DeskProvider(), cards=MemoryProvider())
    assert set(both.by_name) == {"desk", "stripe"}


async def test_the_desk_answers_as_it_is_asked() -> None:
    desk, key = DeskProvider(), numbered(9)
    said = await desk.authorise(PAYMENT, None, key=key)
    assert (said.state, said.authorised_minor) == (PaymentState.AUTHORISED, 500)
    held = replace(PAYMENT, state=said.state, authorised_minor=500)
    assert (await desk.cancel(held, key=key)).state is PaymentState.CANCELLED
    said = await desk.capture(held, 500, key=key)
    taken = replace(held, state=said.state, captured_minor=said.captured_minor)
    assert taken.captured_minor == 500
    for total, state in ((200, PaymentState.CAPTURED), (500, PaymentState.REFUNDED)):
        said = await desk.refund(taken, total, key=key)
        assert (said.state, said.refunded_minor) == (state, total)
    assert differences(taken, await desk.find(taken)) == ()


def test_what_differs_is_said_in_words() -> None:
    ours = replace(
        PAYMENT, ref="pi", state=PaymentState.CAPTURED, authorised_minor=500, captured_minor=500
    )
    theirs = Said(
        ref="pi", state=PaymentState.REFUNDED, authorised_minor=500, captured_minor=500,
        refunded_minor=500,
    )  # fmt: skip
    assert differences(ours, theirs) == (
        "state: captured in the books, refunded with the provider",
        "refunded: 0 in the books, 500 with the provider",
    )
    assert differences(ours, None) == ("the provider does not know it",)
    assert differences(PAYMENT, None) == ()
