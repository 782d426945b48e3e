"""Who pays a trip: cash, a customer within its limits, a voucher as far as it goes."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from fares.fare import Extras
from foundation.errors import Refusal
from foundation.identifiers import UUID
from foundation.money import Money
from ledger import service as books
from ledger import views
from ledger.customers import disputes, paying, service, vouchers
from ledger.customers.errors import (
    AboveMonthLimit,
    AboveTripLimit,
    CustomerDoesNotPay,
    CustomerKnownOtherwise,
    MoreMissingThanOwed,
    NoCashTrip,
    RiderListedAlready,
    VoucherNotOver,
    VoucherNotUsable,
    WayToPayUnclear,
)
from ledger.customers.store_checks import faults
from ledger.customers.way import Chosen, Limits, Way
from tests.booked import City, QuotedTrip
from tests.money import USD
from tests.paying import CASH, TERMS, Payers, by_voucher, on


@pytest.fixture
async def payers(city: City) -> Payers:
    async with city.database.work() as work:
        return Payers(city, work.new_id())


async def owed(city: City, role: str, owner: UUID) -> int:
    """What stands in an account, debits above zero."""
    async with city.database.work() as work:
        assert not any((await views.imbalance(work)).values())
        assert [fault async for fault in faults(work)] == []
        found = await work.execute(
            text(
                "SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM ledger.entry"
                " JOIN ledger.transfer USING (transfer_id)"
                " WHERE state = 'posted' AND account_id = ledger.account_id(:role, :owner, 'USD')"
            ),
            {"role": role, "owner": owner},
        )
        minor: int = found.scalar_one()
        return minor


async def test_a_driver_who_takes_cash_owes_the_shares_of_the_others(payers: Payers) -> None:
    city = payers.city
    trip = await payers.book(await city.quoted_trip(), CASH)
    total = await payers.charge(trip)
    fare = await city.fare(trip)
    assert await owed(city, "rider", trip.rider_id) == 0
    assert await owed(city, "driver", trip.driver_id) == total - fare.pay.pay_minor


async def test_cash_that_was_missing_is_the_riders_debt_once(payers: Payers) -> None:
    city = payers.city
    trip = await payers.book(await city.quoted_trip(), CASH)
    total = await payers.charge(trip)
    before = await owed(city, "driver", trip.driver_id)
    for _ in range(2):
        async with city.database.work() as work:
            await paying.cash_was_short(
                work, trip_id=trip.trip_id, driver_id=trip.driver_id, missing_minor=300
            )
    assert await owed(city, "driver", trip.driver_id) == before - 300
    assert await owed(city, "rider", trip.rider_id) == 300
    for minor in (301, 0, total + 1):
        with pytest.raises(MoreMissingThanOwed):
            async with city.database.work() as work:
                await paying.cash_was_short(
                    work, trip_id=trip.trip_id, driver_id=trip.driver_id, missing_minor=minor
                )
    with pytest.raises(NoCashTrip):
        async with city.database.work() as work:
            await paying.cash_was_short(
                work, trip_id=trip.trip_id, driver_id=trip.rider_id, missing_minor=300  # type: ignore[arg-type]
            )  # fmt: skip


async def test_the_fee_of_a_cash_trip_that_did_not_take_place_is_the_riders_debt(
    payers: Payers,
) -> None:
    city = payers.city
    trip = await payers.book(await city.quoted_trip(), CASH)
    await fee(payers, trip, 500)
    assert await owed(city, "rider", trip.rider_id) == 500


async def test_a_customer_pays_trip_waiting_and_fees_of_its_riders(payers: Payers) -> None:
    city = payers.city
    mill = await payers.customer(centres=("press",))
    trip = await city.quoted_trip()
    await payers.listed(mill, trip, "press")
    await payers.book(trip, on(mill))
    total = await payers.charge(trip, Extras(waiting_seconds=900))
    assert total > trip.quote.total.minor
    other = await payers.book(await city.quoted_trip(rider_id=trip.rider_id), on(mill))
    await fee(payers, other, 500)
    assert await owed(city, "customer", mill) == total + 500
    assert await owed(city, "rider", trip.rider_id) == 0


async def test_beyond_its_limit_a_customer_pays_what_it_promised_and_the_rider_the_rest(
    payers: Payers,
) -> None:
    city = payers.city
    trip = await city.quoted_trip()
    mill = await payers.customer(Limits(per_trip_minor=trip.quote.total.minor + 10))
    await payers.listed(mill, trip)
    await payers.book(trip, on(mill))
    total = await payers.charge(trip, Extras(waiting_seconds=900))
    assert await owed(city, "customer", mill) == trip.quote.total.minor + 10
    assert await owed(city, "rider", trip.rider_id) == total - trip.quote.total.minor - 10


async def test_who_is_not_listed_and_has_no_pin_does_not_ride_on_a_customer(payers: Payers) -> None:
    city = payers.city
    mill = await payers.customer(centres=("press", "sales"))
    trip = await city.quoted_trip()
    async with city.database.work() as work:
        until = work.now + timedelta(days=1)
        pin = await service.make_pin(
            work, mill, cost_centre="press", valid_until=until, by=payers.office
        )
    wrong = [on(mill), on(mill, pin="0000000000"), on(mill, pin=pin, centre="sales"),
             on(trip.rider_id, pin=pin)]  # fmt: skip
    for chosen in wrong:
        with pytest.raises(CustomerDoesNotPay):
            await payers.book(trip, chosen)
    await payers.book(trip, on(mill, pin=pin))
    await payers.charge(trip)
    assert await owed(city, "customer", mill) == trip.quote.total.minor
    async with city.database.work() as work:
        await service.close_customer(work, mill, by=payers.office)
    with pytest.raises(CustomerDoesNotPay):
        await payers.book(await city.quoted_trip(), on(mill, pin=pin))


async def test_a_rider_is_listed_once_and_taken_off(payers: Payers) -> None:
    mill = await payers.customer()
    trip = await payers.city.quoted_trip()
    await payers.listed(mill, trip)
    with pytest.raises(RiderListedAlready):
        await payers.listed(mill, trip)
    async with payers.city.database.work() as work:
        await service.unlist_rider(work, mill, trip.rider_id, by=payers.office)
    with pytest.raises(CustomerDoesNotPay):
        await payers.book(trip, on(mill))


async def test_two_bookings_at_once_never_exceed_the_limit_of_a_month(payers: Payers) -> None:
    city = payers.city
    trips = [await city.quoted_trip() for _ in range(4)]
    price = trips[0].quote.total.minor
    mill = await payers.customer(Limits(per_month_minor=2 * price + 10))
    for trip in trips:
        await payers.listed(mill, trip)
    answers = await asyncio.gather(
        *(payers.book(trip, on(mill)) for trip in trips), return_exceptions=True
    )
    booked = [one for one in answers if isinstance(one, QuotedTrip)]
    assert len(booked) == 2
    assert all(isinstance(one, QuotedTrip | AboveMonthLimit) for one in answers)
    # One that is let go leaves its room; what waiting cost beyond the limit is the rider's.
    async with city.database.work() as work:
        await books.void_hold(work, trip_id=booked[0].trip_id)
    free = next(trip for trip in trips if trip not in booked)
    await payers.book(free, on(mill))
    for trip in (free, booked[1]):
        await payers.charge(trip, Extras(waiting_seconds=900))
    assert await owed(city, "customer", mill) == 2 * price + 10


async def test_a_trip_dearer_than_the_limit_is_refused(payers: Payers) -> None:
    trip = await payers.city.quoted_trip()
    mill = await payers.customer(Limits(per_trip_minor=trip.quote.total.minor - 1))
    await payers.listed(mill, trip)
    with pytest.raises(AboveTripLimit):
        await payers.book(trip, on(mill))
    async with payers.city.database.work() as work:
        await service.set_limits(work, mill, Limits(), by=payers.office)
    await payers.book(trip, on(mill))


async def test_a_voucher_pays_until_nothing_is_left(payers: Payers) -> None:
    city = payers.city
    mill = await payers.customer()
    first, second = await city.quoted_trip(), await city.quoted_trip()
    price = first.quote.total.minor
    voucher_id, code = await payers.voucher(mill, price + 100)
    assert await owed(city, "customer", mill) == price + 100
    for trip in (first, second):
        await payers.book(trip, by_voucher(code))
    with pytest.raises(VoucherNotUsable):
        await payers.book(await city.quoted_trip(), by_voucher(code))
    for trip in (first, second):
        await payers.charge(trip)
    assert await owed(city, "voucher", mill) == 0
    assert await owed(city, "rider", first.rider_id) == 0
    assert await owed(city, "rider", second.rider_id) == price - 100
    with pytest.raises(VoucherNotOver):
        async with city.database.work() as work:
            await vouchers.lapse(work, voucher_id, by=payers.office)


async def test_two_at_once_never_use_more_than_a_voucher_has(payers: Payers) -> None:
    city = payers.city
    mill = await payers.customer()
    trips = [await city.quoted_trip() for _ in range(3)]
    price = trips[0].quote.total.minor
    _, code = await payers.voucher(mill, price + 1)
    answers = await asyncio.gather(
        *(payers.book(trip, by_voucher(code)) for trip in trips), return_exceptions=True
    )
    refused = [one for one in answers if isinstance(one, BaseException)]
    assert [type(one) for one in refused] == [VoucherNotUsable]
    for trip in trips:
        if trip in answers:
            await payers.charge(trip)
    assert await owed(city, "voucher", mill) == 0


async def test_a_voucher_whose_time_is_over_pays_nothing_and_goes_back(payers: Payers) -> None:
    city = payers.city
    mill = await payers.customer()
    voucher_id, code = await payers.voucher(mill, 2_000, days=1)
    later(city, days=2)
    with pytest.raises(VoucherNotUsable):
        await payers.book(await city.quoted_trip(), by_voucher(code))
    for _ in range(2):
        async with city.database.work() as work:
            await vouchers.lapse(work, voucher_id, by=payers.office)
    assert await owed(city, "customer", mill) == 0


async def test_a_refund_goes_back_to_whoever_paid(payers: Payers) -> None:
    city = payers.city
    mill = await payers.customer()
    trip = await payers.on_customer(mill)
    _, code = await payers.voucher(mill, 1_000)
    ridden = await payers.book(await city.quoted_trip(), by_voucher(code))
    await payers.charge(ridden)
    debt = await owed(city, "customer", mill)
    rest = await owed(city, "rider", ridden.rider_id)
    for one, minor in ((trip, 400), (ridden, 1_100)):
        async with city.database.work() as work:
            await disputes.refund(
                work, trip_id=one.trip_id, amount=Money(minor, USD), reason="a detour"
            )
    assert await owed(city, "customer", mill) == debt - 400
    assert await owed(city, "rider", trip.rider_id) == 0
    assert await owed(city, "voucher", mill) == -1_000
    assert await owed(city, "rider", ridden.rider_id) == rest - 100


async def test_what_is_named_goes_with_the_way_to_pay(payers: Payers) -> None:
    trip = await payers.city.quoted_trip()
    someone = payers.office
    unclear = [
        Chosen(way=Way.CUSTOMER), Chosen(way=Way.VOUCHER), Chosen(way=Way.CASH, voucher="1" * 16),
        Chosen(way=Way.ACCOUNT, customer_id=someone), Chosen(way=Way.CASH, card_id=someone), Chosen(way=Way.VOUCHER, voucher="1", pin="1"),
    ]  # fmt: skip
    for chosen in unclear:
        with pytest.raises(WayToPayUnclear):
            await payers.book(trip, chosen)
    with pytest.raises(VoucherNotUsable):
        await payers.book(trip, by_voucher("0" * 16))


async def test_opening_a_customer_again_changes_nothing_and_otherwise_is_refused(
    payers: Payers,
) -> None:
    mill = await payers.customer(Limits(per_trip_minor=5))
    async with payers.city.database.work() as work:
        await service.open_customer(work, mill, TERMS, Limits(), by=payers.office)
        assert (await service.get_customer(work, mill)).limits == Limits(per_trip_minor=5)
    from dataclasses import replace

    with pytest.raises(CustomerKnownOtherwise):
        async with payers.city.database.work() as work:
            other = replace(TERMS, legal_name="The Other Mill")
            await service.open_customer(work, mill, other, Limits(), by=payers.office)


async def test_what_a_customer_pays_is_entered_once(payers: Payers) -> None:
    city = payers.city
    mill = await payers.customer()
    trip = await payers.on_customer(mill)
    async with city.database.work() as work:
        payment_id = work.new_id()
    for _ in range(2):
        async with city.database.work() as work:
            await service.record_payment(
                work, payment_id, mill, trip.quote.total, document_id=None, by=payers.office
            )
    assert await owed(city, "customer", mill) == 0
    with pytest.raises(Refusal):
        async with city.database.work() as work:
            await service.record_payment(
                work, work.new_id(), mill, Money(0, USD), document_id=None, by=payers.office
            )


async def fee(payers: Payers, trip: QuotedTrip, minor: int) -> None:
    async with payers.city.database.work() as work:
        await books.settle_fee(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            kind="no_show", amount=Money(minor, USD), tariff_rule_id=payers.city.tariff_rule_id,
        )  # fmt: skip
        await paying.pay_charge(work, trip.trip_id)


def later(city: City, *, days: int) -> None:
    """Let the service's time be so many days on."""
    import psycopg

    with psycopg.connect(city.database.address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time SET service_origin = service_origin + make_interval(days => %s)",
            [days],
        )
