"""A trip paid by card, from the booking to a refund: what the till asks, what the books then say."""

import pytest

from ledger import service as books
from ledger import views
from ledger.account import Role
from ledger.payments import service
from ledger.payments.errors import (
    AboveWhatIsOwed,
    CardKeptBefore,
    CardNeeded,
    CardNotFound,
    CardNumberRefused,
    TripPaidOtherwise,
)
from ledger.payments.payment import PaymentState, Purpose
from ledger.payments.provider import KeptCard
from ledger.payments.views import payments_of_rider, trouble
from tests.booked import QuotedTrip
from tests.money import USD, numbered
from tests.payments import DECLINED, PayingCity, usd

OFFICER = numbered(77)


async def balance(paying: PayingCity, role: Role) -> int:
    async with paying.city.database.work() as work:
        assert not any((await views.imbalance(work)).values())
        return (await views.balances(work)).get((role, USD), 0)


async def settled(paying: PayingCity, *, method: str = "pm_good") -> QuotedTrip:
    """A trip that was driven and paid by card."""
    trip = await paying.booked(await paying.rider(method=method))
    await paying.turns()
    await paying.settle(trip)
    await paying.turns()
    return trip


async def test_a_trip_is_authorised_at_booking_and_captured_when_it_is_charged(
    paying: PayingCity,
) -> None:
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.turns()
    payment = await paying.of_trip(trip)
    total = trip.quote.total.minor
    assert (payment.state, payment.authorised_minor) == (PaymentState.AUTHORISED, total)
    assert await balance(paying, Role.PROVIDER) == 0, "what is set aside is not ours"
    await paying.settle(trip)
    await paying.turns()
    payment = await paying.of_trip(trip)
    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, total)
    assert await balance(paying, Role.RIDER) == 0
    fee = payment.fee_minor
    assert fee
    assert await balance(paying, Role.PROVIDER) == total - fee
    assert await balance(paying, Role.EXPENSE) == fee


async def test_a_trip_that_was_over_before_the_bank_answered_is_captured_all_the_same(
    paying: PayingCity,
) -> None:
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.settle(trip)
    await paying.turns()
    assert (await paying.of_trip(trip)).state is PaymentState.CAPTURED
    assert await balance(paying, Role.RIDER) == 0


async def test_what_was_set_aside_is_let_go_when_the_trip_is_cancelled(paying: PayingCity) -> None:
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.turns()
    async with paying.city.database.work() as work:
        await books.void_hold(work, trip_id=trip.trip_id)
    await paying.turns()
    assert (await paying.of_trip(trip)).state is PaymentState.CANCELLED
    assert await balance(paying, Role.RIDER) == 0


async def test_a_fee_is_captured_and_the_rest_let_go(paying: PayingCity) -> None:
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.turns()
    async with paying.city.database.work() as work:
        await books.settle_fee(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            kind="cancellation", amount=usd(300), tariff_rule_id=trip.quote.tariff_rule_id,
        )  # fmt: skip
    await paying.turns()
    payment = await paying.of_trip(trip)
    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 300)
    assert await balance(paying, Role.RIDER) == 0


async def test_what_the_office_refunds_goes_back_to_the_card(paying: PayingCity) -> None:
    trip = await settled(paying)
    total = trip.quote.total.minor
    for back in (200, 100):
        async with paying.city.database.work() as work:
            await books.refund(work, trip_id=trip.trip_id, amount=usd(back), reason="late")
        await paying.turns()
    payment = await paying.of_trip(trip)
    assert (payment.refunded_minor, payment.refunds) == (300, 2)
    assert await balance(paying, Role.RIDER) == 0
    async with paying.city.database.work() as work:
        await books.refund(work, trip_id=trip.trip_id, amount=usd(total - 300), reason="all")
    await paying.turns()
    assert (await paying.of_trip(trip)).state is PaymentState.REFUNDED
    assert await balance(paying, Role.RIDER) == 0


async def test_a_refund_before_the_capture_is_not_captured(paying: PayingCity) -> None:
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.settle(trip)
    async with paying.city.database.work() as work:
        await books.refund(work, trip_id=trip.trip_id, amount=usd(150), reason="late")
    await paying.turns()
    payment = await paying.of_trip(trip)
    assert payment.captured_minor == trip.quote.total.minor - 150
    assert payment.refunded_minor == 0
    assert await balance(paying, Role.RIDER) == 0


async def test_a_tip_is_a_payment_of_its_own(paying: PayingCity) -> None:
    trip = await settled(paying)
    async with paying.city.database.work() as work:
        await books.tip(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            amount=usd(250),
        )  # fmt: skip
    await paying.turns()
    async with paying.city.database.work() as work:
        found = await payments_of_rider(work, trip.rider_id)
    assert {(one.purpose, one.captured_minor) for one in found} == {
        ("trip", trip.quote.total.minor), ("tip", 250),
    }  # fmt: skip
    assert await balance(paying, Role.RIDER) == 0


async def test_a_declined_card_leaves_the_fare_owed_and_the_office_told(
    paying: PayingCity,
) -> None:
    trip = await settled(paying, method=DECLINED)
    payment = await paying.of_trip(trip)
    assert (payment.state, payment.failure) == (PaymentState.FAILED, "card_declined")
    async with paying.city.database.work() as work:
        (found,) = await trouble(work)
        assert (found.payment_id, found.owed_minor) == (payment.payment_id, trip.quote.total.minor)
        paid = await service.pay_at_desk(
            work, payment_id=work.new_id(), rider_id=trip.rider_id, amount=trip.quote.total,
            made_by=OFFICER,
        )  # fmt: skip
    assert (paid.state, paid.purpose) == (PaymentState.CAPTURED, Purpose.DESK)
    assert await balance(paying, Role.RIDER) == 0
    assert await balance(paying, Role.BANK) == trip.quote.total.minor
    async with paying.city.database.work() as work:
        assert await trouble(work) == []


async def test_what_is_owed_is_paid_by_card_once_and_never_more(paying: PayingCity) -> None:
    rider_id = await paying.rider(method="pm_good")
    trip = await paying.booked(rider_id, by_card=False)
    await paying.settle(trip)
    total = trip.quote.total
    for _ in range(2):  # the same once more is the same
        async with paying.city.database.work() as work:
            await service.pay_owed(work, payment_id=numbered(5), rider_id=rider_id, amount=total)
    with pytest.raises(AboveWhatIsOwed, match=r"0\.00 USD"):
        async with paying.city.database.work() as work:
            await service.pay_owed(work, payment_id=numbered(6), rider_id=rider_id, amount=usd(1))
    await paying.turns()
    assert await balance(paying, Role.RIDER) == 0
    assert await balance(paying, Role.PROVIDER) > 0


async def test_a_desk_payment_is_given_back_by_hand(paying: PayingCity) -> None:
    rider_id = await paying.rider()
    await paying.settle(trip := await paying.booked(rider_id, by_card=False))
    async with paying.city.database.work() as work:
        payment_id = work.new_id()
        await service.pay_at_desk(
            work, payment_id=payment_id, rider_id=rider_id, amount=trip.quote.total,
            made_by=OFFICER,
        )  # fmt: skip
    async with paying.city.database.work() as work:
        await service.give_back(
            work, payment_id=payment_id, total=usd(100), reason="overpaid", made_by=OFFICER
        )
    await paying.turns()
    assert (await paying.payment(payment_id)).refunded_minor == 100
    assert await balance(paying, Role.RIDER) == 100


async def test_booking_by_card_asks_for_a_card_and_is_one_payment(paying: PayingCity) -> None:
    without = await paying.rider()
    with pytest.raises(CardNeeded):
        await paying.booked(without)
    rider_id = await paying.rider(method="pm_good")
    trip = await paying.booked(rider_id)
    with pytest.raises(CardNotFound):
        async with paying.city.database.work() as work:
            await service.wants_card(
                work, trip_id=trip.trip_id, rider_id=rider_id, amount=trip.quote.total,
                card_id=numbered(1),
            )  # fmt: skip
    with pytest.raises(TripPaidOtherwise):
        async with paying.city.database.work() as work:
            await service.wants_card(work, trip_id=trip.trip_id, rider_id=rider_id, amount=usd(1))


async def test_no_card_number_is_kept(paying: PayingCity) -> None:
    rider_id = await paying.rider(method="pm_good")
    number = KeptCard(customer="cus", method="4242 4242 4242 4242", brand="visa", tail="4242")
    with pytest.raises(CardNumberRefused):
        async with paying.city.database.work() as work:
            await service.keep_card(work, rider_id, work.new_id(), number, provider="stripe")
    again = KeptCard(customer="cus", method="pm_good", brand="visa", tail="4242")
    with pytest.raises(CardKeptBefore):
        async with paying.city.database.work() as work:
            await service.keep_card(work, rider_id, work.new_id(), again, provider="stripe")


async def test_a_forgotten_riders_card_is_gone_and_the_payment_fails(
    paying: PayingCity, owner: object
) -> None:
    trip = await paying.booked(await paying.rider(method="pm_good"))
    owner.execute("DELETE FROM registry.contact WHERE person_id = %s", [trip.rider_id])  # type: ignore[attr-defined]
    await paying.turns()
    payment = await paying.of_trip(trip)
    assert (payment.state, payment.failure) == (PaymentState.FAILED, "card_gone")


async def test_a_taken_away_card_pays_nothing_new(paying: PayingCity) -> None:
    rider_id = await paying.rider(method="pm_good")
    trip = await paying.booked(rider_id)
    async with paying.city.database.work() as work:
        card_id = (await paying.of_trip(trip)).card_id
        assert card_id is not None
        await service.take_card_away(work, rider_id, card_id)
    with pytest.raises(CardNotFound):
        async with paying.city.database.work() as work:
            await service.take_card_away(work, rider_id, card_id)
    with pytest.raises(CardNeeded):
        await paying.booked(rider_id)
    await paying.turns()
    assert (await paying.of_trip(trip)).state is PaymentState.AUTHORISED
