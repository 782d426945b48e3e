"""A rider pays what is owed by card, at a real Stripe server that tells the service by webhooks."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator

import psycopg
import pytest

from foundation.clock import wall_now
from khan.seed import OFFICE_PHONE
from tests.journeys.conftest import Found
from tests.journeys.payin_story import WEBHOOK_SECRET, keep, paying_by_card, settings_of, until
from tests.journeys.people import PATIENCE_SECONDS, Office, Town, new_id
from tests.journeys.service import Service, in_a_thread
from tests.localstripe_server import a_card, a_stripe, tell
from tests.small_city import corner

WEBHOOK = "/provider/v1/webhooks/stripe"


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with (
        a_stripe() as stripe,
        in_a_thread(found_city(drivers=2), **settings_of(stripe)) as running,
    ):
        tell(stripe, running.url + WEBHOOK, WEBHOOK_SECRET)
        yield running


def events(service: Service, kind: str) -> int:
    with psycopg.connect(service.city.address) as connection:
        row = connection.execute(
            "SELECT count(*) FROM ledger.provider_event WHERE kind = %s", [kind]
        ).fetchone()
    assert row is not None
    return int(row[0])


async def test_a_rider_pays_by_card_and_stripe_tells_of_it(town: Town, service: Service) -> None:
    rider, driver = await town.rider(), await town.driver(corner(2, 2))
    trip = await rider.book(corner(2, 2), corner(5, 5))
    await driver.arrive(await driver.take(trip["trip_id"]))
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    await driver.step(trip["trip_id"], "complete")
    async with Office(service, OFFICE_PHONE) as office:
        await office.sign_in_by_passkey()
        await paying_by_card(rider, office)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not events(service, "payment_intent.succeeded"):
            await asyncio.sleep(0.1)


async def test_a_trip_is_booked_by_card_and_the_card_pays_what_it_was_charged(
    town: Town, service: Service
) -> None:
    rider, driver = await town.rider(), await town.driver(corner(2, 2))
    assert "card" in (await rider.get("/rider/v1/ways-to-pay"))["ways"]
    quote = await rider.quote(corner(2, 2), corner(5, 5))
    booking = {"quote_id": quote["quote_id"], "pays": {"payment": "card"}}
    told = await rider.refused("POST", "/rider/v1/trips", booking | {"trip_id": new_id()})
    assert told == "409 card_needed"
    card = await keep(rider, a_card(service.settings.stripe_address))
    booking["pays"] = {"payment": "card", "card_id": card["card_id"]}
    trip = await rider.post("/rider/v1/trips", booking | {"trip_id": new_id()})
    assert trip["payment"] == "card"
    await driver.arrive(await driver.take(trip["trip_id"]))
    await driver.step(trip["trip_id"], "board", {"pin": trip["pin"]})
    await driver.step(trip["trip_id"], "complete")
    found = (await rider.get("/rider/v1/payments"))["payments"]
    [payment] = [one for one in found if one["trip_id"] == trip["trip_id"]]
    paid = await until(rider, payment["payment_id"], state="captured")
    assert paid["captured_minor"] == quote["total_minor"]
    assert (await rider.get("/rider/v1/payments"))["owed_minor"] == 0
    receipt = await rider.get(f"/rider/v1/trips/{trip['trip_id']}/receipt")
    assert receipt["payment"]["way"] == "card"


async def test_what_stripe_did_not_sign_is_refused_and_what_it_signed_is_taken_once(
    town: Town, service: Service
) -> None:
    stranger = await town.stranger()
    body = b'{"id": "evt_mine", "type": "radar.mine", "data": {"object": {"id": "x"}}}'
    stamp = int(wall_now().timestamp())
    signed = hmac.new(WEBHOOK_SECRET.encode(), b"%d.%s" % (stamp, body), hashlib.sha256)
    good = {"Stripe-Signature": f"t={stamp},v1={signed.hexdigest()}"}
    for headers in (
        {},
        {"Stripe-Signature": good["Stripe-Signature"][:-1]},
        {"Stripe-Signature": ""},
    ):
        told = await stranger.refused("POST", WEBHOOK, content=body, headers=headers)
        assert told == "403 webhook_not_ours"
    changed = body.replace(b"evt_mine", b"evt_other")
    told = await stranger.refused("POST", WEBHOOK, content=changed, headers=good)
    assert told == "403 webhook_not_ours"
    assert events(service, "radar.mine") == 0
    for _ in range(3):
        answer = await stranger.ask("POST", WEBHOOK, content=body, headers=good)
        assert answer.status_code == 204
    assert events(service, "radar.mine") == 1


async def test_a_card_number_and_a_foreign_payment_are_refused(town: Town) -> None:
    rider = await town.rider()
    number = {"card_id": new_id(), "method": "4242 4242 4242 4242"}
    assert await rider.refused("POST", "/rider/v1/cards", number) == "422 card_number_refused"
    nothing = {"payment_id": new_id(), "amount_minor": 1}
    assert await rider.refused("POST", "/rider/v1/payments", nothing) == "409 card_needed"
    token = {"card_id": new_id(), "method": "pm_nobodys"}
    assert await rider.refused("POST", "/rider/v1/cards", token) == "409 card_refused"
