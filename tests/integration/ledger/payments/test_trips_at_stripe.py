"""Trips paid by card at a real Stripe server, whose every answer gets lost the first time."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import text

from khan.stripe_provider import StripeProvider
from ledger import service as books
from ledger import views
from ledger.account import Role
from ledger.payments import service
from ledger.payments.payment import PaymentState
from ledger.payments.reconcile import reconcile
from ledger.payments.till import Till
from tests.booked import City
from tests.localstripe_server import SECRET_KEY, a_card, a_stripe, intents
from tests.money import USD
from tests.payments import LosesAnswers, PayingCity, usd
from tests.service_time import move_time


@pytest.fixture(scope="module")
def stripe() -> Iterator[str]:
    with a_stripe() as address:
        yield address


@pytest.fixture
async def paying(city: City, stripe: str) -> AsyncIterator[PayingCity]:
    adapter = StripeProvider(secret_key=SECRET_KEY, webhook_secret="whsec", address=stripe)
    lossy = LosesAnswers(inner=adapter)
    yield PayingCity(city=city, provider=lossy, till=Till(city.database, {"stripe": lossy}))
    await adapter.close()


async def let_it_lose_one(paying: PayingCity, address: str) -> None:
    """The next answer is lost; a while later the till has asked again."""
    assert isinstance(paying.provider, LosesAnswers)
    paying.provider.lost = 1
    await paying.turns()
    move_time(address, 3600)
    await paying.turns()
    async with paying.city.database.work() as work:
        found = await work.execute(
            text("SELECT what, attempts, failure FROM ledger.payment_command")
        )
    assert paying.provider.lost == 0, found.all()


@pytest.mark.parametrize("ends", ["driven", "cancelled"])
async def test_a_trip_is_paid_once_though_every_answer_is_lost_once(
    paying: PayingCity, stripe: str, database_address: str, ends: str
) -> None:
    rider_id = await paying.rider()
    assert isinstance(paying.provider, LosesAnswers)
    assert isinstance(paying.provider.inner, StripeProvider)
    kept = await paying.provider.inner.keep_card(rider_id, None, a_card(stripe))
    async with paying.city.database.work() as work:
        await service.keep_card(work, rider_id, work.new_id(), kept, provider="stripe")
    before = {one["id"] for one in intents(stripe)}
    trip = await paying.booked(rider_id)
    await let_it_lose_one(paying, database_address)
    assert (await paying.of_trip(trip)).state is PaymentState.AUTHORISED
    if ends == "cancelled":
        async with paying.city.database.work() as work:
            await books.void_hold(work, trip_id=trip.trip_id)
        await let_it_lose_one(paying, database_address)
    else:
        await paying.settle(trip)
        await let_it_lose_one(paying, database_address)
        async with paying.city.database.work() as work:
            await books.refund(work, trip_id=trip.trip_id, amount=usd(150), reason="late")
        await let_it_lose_one(paying, database_address)
    total = 0 if ends == "cancelled" else trip.quote.total.minor
    payment = await paying.of_trip(trip)
    assert (payment.captured_minor, payment.refunded_minor) == (total, 150 if total else 0)
    (intent,) = [one for one in intents(stripe) if one["id"] not in before]
    assert intent["metadata"] == {"khan_payment": str(payment.payment_id)}
    async with paying.city.database.work() as work:
        found = await views.balances(work)
    assert found.get((Role.RIDER, USD), 0) == 0
    assert found.get((Role.PROVIDER, USD), 0) == (total - 150 if total else 0)
    compared = await reconcile(
        paying.city.database, {"stripe": paying.provider.inner}, since=work.now.replace(year=2000)
    )
    assert (compared.compared, compared.differing) == (1, ())
