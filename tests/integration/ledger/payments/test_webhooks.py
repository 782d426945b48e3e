"""Events of a provider are taken once, in any order, and end in the same books."""

from itertools import permutations

import pytest
from sqlalchemy import text

from foundation.identifiers import UUID
from ledger import service as books
from ledger import views
from ledger.account import Role
from ledger.payments import service
from ledger.payments.payment import PaymentState
from ledger.payments.provider import Told
from ledger.payments.webhooks import take_event
from tests.booked import QuotedTrip
from tests.money import USD
from tests.payments import LosesAnswers, MemoryProvider, PayingCity, usd
from tests.service_time import move_time


async def told(paying: PayingCity, *events: Told) -> list[bool]:
    taken = []
    for event in events:
        async with paying.city.database.work() as work:
            taken.append(await take_event(work, "stripe", event))
    return taken


def money(event_id: str, means: str, about: str, minor: int, *, ref: str | None = None) -> Told:
    return Told(
        event_id=event_id, kind=means, about=about, ref=ref, is_known=True,
        facts={"means": means, "amount_minor": minor, "currency": "USD"},
    )  # fmt: skip


def changed(event_id: str, ref: str, payment_id: UUID | None = None) -> Told:
    return Told(
        event_id=event_id, kind="payment_intent.succeeded", about=ref, ref=ref,
        payment_id=payment_id, is_known=True, facts={"means": "payment_changed"},
    )  # fmt: skip


async def balance(paying: PayingCity, role: Role) -> int:
    async with paying.city.database.work() as work:
        assert not any((await views.imbalance(work)).values())
        return (await views.balances(work)).get((role, USD), 0)


async def captured(paying: PayingCity, number: int = 1) -> QuotedTrip:
    trip = await paying.booked(await paying.rider(method=f"pm_good{number}"))
    await paying.settle(trip)
    await paying.turns()
    return trip


async def test_any_order_and_repeats_of_disputes_and_payouts_end_alike(paying: PayingCity) -> None:
    """Taken and given again; paid out and come back: nothing is left of either, whatever comes first."""
    for number, order in enumerate(permutations(range(4))):
        payment = await paying.of_trip(await captured(paying, number))
        events = [
            money(f"{number}a", "dispute_taken", f"dp_{number}", 700, ref=payment.ref),
            money(f"{number}b", "dispute_given_again", f"dp_{number}", 700, ref=payment.ref),
            money(f"{number}c", "payout_paid", f"po_{number}", 900),
            money(f"{number}d", "payout_failed", f"po_{number}", 900),
        ]
        before = {role: await balance(paying, role) for role in Role}
        for place, one in enumerate(order):
            assert await told(paying, events[one], events[order[0]]) == [True, False], place
        after = {role: await balance(paying, role) for role in Role}
        assert after == before
        async with paying.city.database.work() as work:
            rows = await work.execute(
                text(
                    "SELECT count(*) FROM ledger.transfer WHERE kind IN ('chargeback', 'provider_payout')"
                )
            )
            assert rows.scalar_one() == 2 * (number + 1)
        if number == 11:
            break  # half of all orders: the two pairs are alike


async def test_a_chargeback_is_owed_again_and_a_payout_is_in_the_bank(paying: PayingCity) -> None:
    payment = await paying.of_trip(await captured(paying))
    held = await balance(paying, Role.PROVIDER)
    await told(
        paying,
        money("e1", "dispute_taken", "dp_1", 300, ref=payment.ref),
        money("e2", "payout_paid", "po_1", 200),
        money("e3", "payout_paid", "po_nothing", 0),
        money("e4", "dispute_taken", "dp_2", 300, ref="pi_nobodys"),
    )
    assert await balance(paying, Role.RIDER) == 300
    assert await balance(paying, Role.BANK) == 200
    assert await balance(paying, Role.PROVIDER) == held - 500


async def test_an_event_makes_the_till_look_and_an_old_one_changes_nothing(
    paying: PayingCity,
) -> None:
    provider = paying.provider
    assert isinstance(provider, MemoryProvider)
    payment = await paying.of_trip(await captured(paying))
    # The provider gave something back by itself; one event tells of it, three times.
    key = UUID(int=5)
    await provider.refund(payment, 120, key=key)
    assert payment.ref is not None
    events = [
        changed("late", payment.ref),
        changed("late", payment.ref),
        changed("later", payment.ref),
    ]
    assert await told(paying, *events) == [True, False, True]
    await paying.turns()
    assert (await paying.payment(payment.payment_id)).refunded_minor == 120
    await told(paying, changed("latest", payment.ref))
    await paying.turns()
    after = await paying.payment(payment.payment_id)
    assert (after.refunded_minor, after.refunds) == (120, 1)


async def test_what_is_unknown_is_kept_and_moves_nothing(paying: PayingCity) -> None:
    payment = await paying.of_trip(await captured(paying))
    assert payment.ref is not None
    strange = [
        Told(event_id="u1", kind="customer.created", about="cus_1"),
        Told(event_id="u2", kind="radar.new_thing"),
        changed("u3", "pi_another", payment.payment_id),
        changed("u4", "pi_another"),
        Told(event_id="u5", kind="x", about="y", is_known=True, facts={"means": "nonsense"}),
    ]
    before = {role: await balance(paying, role) for role in Role}
    assert await told(paying, *strange) == [True] * 5
    assert (await paying.till.turn()).looked == 0
    assert {role: await balance(paying, role) for role in Role} == before
    async with paying.city.database.work() as work:
        rows = await work.execute(text("SELECT event_id FROM ledger.provider_event"))
        assert {"u1", "u2", "u3", "u4", "u5"} <= {row.event_id for row in rows}


async def test_an_event_finds_what_was_authorised_and_whose_answer_was_lost(
    paying: PayingCity,
) -> None:
    """The answer to the authorisation never came; the event names the payment, and all goes on."""
    lossy = LosesAnswers(inner=paying.provider, lost=1)
    paying.till._providers["stripe"] = lossy
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.till.turn()
    payment = await paying.of_trip(trip)
    assert (payment.state, payment.ref) == (PaymentState.WANTED, None)
    await told(paying, changed("e1", f"pi_{payment.payment_id}", payment.payment_id))
    await paying.turns()
    assert (await paying.payment(payment.payment_id)).state is PaymentState.AUTHORISED


@pytest.mark.parametrize("lost", [1, 3])
async def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(
    paying: PayingCity, database_address: str, lost: int
) -> None:
    provider = paying.provider
    assert isinstance(provider, MemoryProvider)
    paying.till._providers["stripe"] = LosesAnswers(inner=provider, lost=lost)
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.settle(trip)
    for _ in range(lost + 1):
        await paying.turns()
        move_time(database_address, 3600)
    async with paying.city.database.work() as work:
        await books.refund(work, trip_id=trip.trip_id, amount=usd(100), reason="late")
    await paying.turns()
    payment = await paying.of_trip(trip)
    assert (payment.state, payment.refunded_minor) == (PaymentState.CAPTURED, 100)
    assert [act for act, _ in provider.acts] == ["authorise", "capture", "refund"]
    assert await balance(paying, Role.RIDER) == 0


async def test_what_fails_for_good_is_given_up_and_asked_again_by_the_office(
    paying: PayingCity, database_address: str
) -> None:
    from ledger.payments.errors import NothingToRetry
    from ledger.payments.payment import ATTEMPTS_MAX
    from ledger.payments.views import trouble

    lossy = LosesAnswers(inner=paying.provider, lost=ATTEMPTS_MAX)
    trip = await paying.booked(await paying.rider(method="pm_good"))
    await paying.turns()
    paying.till._providers["stripe"] = lossy
    await paying.settle(trip)
    for _ in range(ATTEMPTS_MAX):
        await paying.turns()
        move_time(database_address, 2 * 3600)
    payment = await paying.of_trip(trip)
    async with paying.city.database.work() as work:
        (found,) = await trouble(work)
        kinds = await work.execute(text("SELECT kind FROM storage.outbox"))
        assert "payment_given_up" in {row.kind for row in kinds}
    assert (found.payment_id, found.what, found.failure) == (
        payment.payment_id, "capture", "the line broke",
    )  # fmt: skip
    async with paying.city.database.work() as work:
        await service.retry(work, payment.payment_id)
    await paying.turns()
    assert (await paying.of_trip(trip)).state is PaymentState.CAPTURED
    async with paying.city.database.work() as work:
        assert await trouble(work) == []
        with pytest.raises(NothingToRetry):
            await service.retry(work, payment.payment_id)
