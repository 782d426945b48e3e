"""A rider keeps a card and pays with it, the office takes money at the desk and looks after the rest."""

import asyncio
from typing import Any

from tests.journeys.people import PATIENCE_SECONDS, Office, Rider, new_id
from tests.localstripe_server import SECRET_KEY, a_card, forget_card

WEBHOOK_SECRET = "whsec_of_the_journeys"


def settings_of(stripe: str) -> dict[str, str]:
    """What a service is set to so that it asks the Stripe at that address."""
    return {
        "stripe_secret_key": SECRET_KEY,
        "stripe_webhook_secret": WEBHOOK_SECRET,
        "stripe_publishable_key": "pk_test_of_ours",
        "stripe_address": stripe,
    }


async def paying_by_card(rider: Rider, office: Office) -> None:
    """The rider owes something. Every operation of payments is used."""
    stripe = rider.service.settings.stripe_address  # type: ignore[union-attr]
    setup = await rider.post("/rider/v1/cards/setup")
    assert setup["client_secret"].startswith("seti_")
    kept = await keep(rider, a_card(stripe))
    lost = await keep(rider, token := a_card(stripe))
    found = await rider.get("/rider/v1/cards")
    assert {one["card_id"] for one in found["cards"]} == {kept["card_id"], lost["card_id"]}
    owed = (await rider.get("/rider/v1/payments"))["owed_minor"]
    assert owed > 400
    paid = await pay(rider, owed - 400, kept)
    assert (await until(rider, paid, state="captured"))["captured_minor"] == owed - 400
    await at_the_desk(rider, office)
    forget_card(stripe, token)
    in_vain = await pay(rider, 100, lost)
    await until(rider, in_vain, waits_for=None)
    trouble = (await office.get("/office/v1/payments/trouble"))["payments"]
    (told,) = [one for one in trouble if one["payment_id"] == in_vain]
    assert (told["what"], told["state"]) == ("authorise", "wanted")
    await office.post(f"/office/v1/payments/{in_vain}/retry")
    await until(rider, in_vain, waits_for=None)
    compared = await office.post(
        "/office/v1/payments/reconciliations", {"since": "2010-01-01T00:00:00Z"}
    )
    assert (compared["differing"], compared["faults"], compared["is_whole"]) == ([], [], True)
    gone = await rider.ask(
        "DELETE", f"/rider/v1/cards/{lost['card_id']}", headers={"Idempotency-Key": new_id()}
    )
    assert gone.status_code == 204


async def keep(rider: Rider, method: str) -> Any:
    return await rider.post("/rider/v1/cards", {"card_id": new_id(), "method": method})


async def pay(rider: Rider, amount_minor: int, card: dict[str, Any]) -> str:
    """Have a card asked for so much; the payment."""
    payment_id = new_id()
    body = {"payment_id": payment_id, "amount_minor": amount_minor, "card_id": card["card_id"]}
    for _ in range(2):  # the line broke, and it is sent again
        answer = await rider.post("/rider/v1/payments", body)
        assert answer["amount_minor"] == amount_minor
    return payment_id


async def until(rider: Rider, payment_id: str, **wanted: object) -> Any:
    """Wait until a payment says so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = (await rider.get("/rider/v1/payments"))["payments"]
            (payment,) = [one for one in found if one["payment_id"] == payment_id]
            if all(payment[name] == value for name, value in wanted.items()):
                return payment
            await asyncio.sleep(0.1)


async def at_the_desk(rider: Rider, office: Office) -> None:
    """Money is given by hand, and some of it given back."""
    payment_id = new_id()
    body = {
        "payment_id": payment_id, "rider_id": rider.person_id, "amount_minor": 300,
        "note": "in coins",
    }  # fmt: skip
    assert (await office.post("/office/v1/payments/desk", body))["captured_minor"] == 300
    back = {"total_minor": 50, "reason": "counted wrongly"}
    await office.post(f"/office/v1/payments/{payment_id}/refunds", back)
    await until(rider, payment_id, refunded_minor=50)
