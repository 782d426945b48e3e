"""What providers say beside what the books say."""

from dataclasses import replace
from datetime import UTC, datetime

from ledger.payments.payment import PaymentState
from ledger.payments.reconcile import reconcile
from tests.payments import MemoryProvider, PayingCity

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


async def test_what_differs_is_listed_payment_by_payment(paying: PayingCity) -> None:
    provider = paying.provider
    assert isinstance(provider, MemoryProvider)
    rider_id = await paying.rider(method="pm_good")
    trips = [await paying.booked(rider_id) for _ in range(3)]
    for trip in trips:
        await paying.settle(trip)
    await paying.turns()
    names = {"stripe": provider}
    found = await reconcile(paying.city.database, names, since=LONG_AGO)
    assert (found.compared, found.differing, found.is_whole) == (3, (), True)
    short, unknown, _ = [await paying.of_trip(trip) for trip in trips]
    # Planted: less was taken than the books say; one is not known at all.
    said = provider.payments[short.payment_id]
    provider.payments[short.payment_id] = replace(said, captured_minor=said.captured_minor - 1)
    del provider.payments[unknown.payment_id]
    found = await reconcile(paying.city.database, names, since=LONG_AGO)
    assert {one.payment.payment_id: len(one.differences) for one in found.differing} == {
        short.payment_id: 1, unknown.payment_id: 1,
    }  # fmt: skip
    assert (await paying.payment(short.payment_id)).state is PaymentState.CAPTURED
    part = await reconcile(paying.city.database, {}, since=LONG_AGO, limit=2)
    assert (part.compared, part.is_whole, len(part.differing)) == (2, False, 2)
