"""Invoices taken from entries, credit notes, and disputes that end in new entries."""

import json
from datetime import date, timedelta
from hashlib import sha256

import psycopg
import pytest
from sqlalchemy import text

from foundation.identifiers import UUID, TripId
from foundation.money import Money
from ledger import service as books
from ledger.customers import disputes, invoicing, paying, service, views
from ledger.customers.errors import (
    CannotBeDecidedSo,
    CustomerKnownOtherwise,
    DisputedAlready,
    DisputeDecided,
    DocumentNotFound,
    MonthNotOver,
    NothingToDispute,
    NothingToInvoice,
    OwnDispute,
    SupplierUnknown,
)
from ledger.customers.store_checks import faults
from ledger.customers.views import DisputeView
from tests.booked import City, QuotedTrip
from tests.money import USD
from tests.paying import CASH, SUPPLIER, Payers

MONTH = date(2014, 12, 1)
"""The example city's time is noon of 16 December 2014."""


@pytest.fixture
async def payers(city: City) -> Payers:
    async with city.database.work() as work:
        return Payers(city, work.new_id())


def later(city: City, days: int) -> None:
    with psycopg.connect(city.database.address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time"
            " SET service_origin = service_origin + make_interval(days => %s)",
            [days],
        )


async def invoiced(payers: Payers, customer_id: UUID, month: date = MONTH) -> views.DocumentView:
    async with payers.city.database.work() as work:
        return await invoicing.issue_invoice(
            work, customer_id, month, supplier=SUPPLIER, by=payers.office
        )


async def refunded(payers: Payers, trip: QuotedTrip, minor: int) -> None:
    async with payers.city.database.work() as work:
        await disputes.refund(
            work, trip_id=trip.trip_id, amount=Money(minor, USD), reason="a detour"
        )


async def sound(city: City) -> None:
    async with city.database.work() as work:
        assert [fault async for fault in faults(work)] == []


async def test_an_invoice_says_each_entry_once_and_nothing_of_where_riders_went(
    payers: Payers,
) -> None:
    mill = await payers.customer(centres=("press",))
    first = await payers.on_customer(mill, centre="press")
    second = await payers.on_customer(mill)
    await refunded(payers, second, 100)
    with pytest.raises(MonthNotOver):
        await invoiced(payers, mill)
    later(payers.city, 20)
    with pytest.raises(SupplierUnknown):
        async with payers.city.database.work() as work:
            await invoicing.issue_invoice(work, mill, MONTH, supplier=None, by=payers.office)
    made = await invoiced(payers, mill)
    assert await invoiced(payers, mill) == made
    document = json.loads(made.said)
    assert sha256(made.said.encode()).hexdigest() == made.digest
    price = first.quote.total.minor
    assert [(one["what"], one["cost_centre"], one["amount_minor"]) for one in document["lines"]] == [
        ("trip", "press", price), ("trip", None, price), ("refund", None, -100),
    ]  # fmt: skip
    assert document["by_cost_centre"] == {"": price - 100, "press": price}
    assert (document["total_minor"], made.total_minor) == (2 * price - 100, 2 * price - 100)
    assert str(first.rider_id) not in made.said
    assert str(first.quote.pickup.lat) not in made.said
    await sound(payers.city)


async def test_numbers_go_on_without_a_gap_over_all_customers(payers: Payers) -> None:
    numbers = []
    for _ in range(2):
        mill = await payers.customer()
        await payers.on_customer(mill)
        later(payers.city, 31)
        async with payers.city.database.work() as work:
            month = (work.now - timedelta(days=31)).date()
        numbers.append((await invoiced(payers, mill, month)).number)
        with pytest.raises(NothingToInvoice):
            await invoiced(payers, mill, date(2014, 10, 1))
    assert numbers == [1, 2]


async def test_a_refund_after_the_invoice_is_said_by_a_credit_note(payers: Payers) -> None:
    mill = await payers.customer()
    trip = await payers.on_customer(mill)
    later(payers.city, 20)
    invoice = await invoiced(payers, mill)
    await refunded(payers, trip, 250)
    later(payers.city, 31)
    with pytest.raises(NothingToInvoice):
        await invoiced(payers, mill, date(2015, 1, 1))

    async def credit() -> views.DocumentView:
        async with payers.city.database.work() as work:
            return await invoicing.issue_credit_note(
                work, invoice.document_id, supplier=SUPPLIER, by=payers.office
            )

    note = await credit()
    assert (note.number, note.kind, note.total_minor) == (invoice.number + 1, "credit_note", -250)
    assert json.loads(note.said)["corrects"] == invoice.number
    with pytest.raises(NothingToInvoice):
        await credit()
    await sound(payers.city)


async def disputed(
    payers: Payers, trip: QuotedTrip, about: str = "charge", minor: int = 300
) -> DisputeView:
    async with payers.city.database.work() as work:
        return await disputes.open_dispute(
            work, work.new_id(), trip_id=trip.trip_id, rider_id=trip.rider_id, about=about,
            asked_minor=minor, words="We drove in circles.",
        )  # fmt: skip


async def decided(
    payers: Payers, dispute: DisputeView, outcome: str, minor: int = 0, *,
    borne_by: str | None = None, by: UUID | None = None,
) -> DisputeView:  # fmt: skip
    async with payers.city.database.work() as work:
        return await disputes.decide(
            work, dispute.dispute_id, outcome=outcome, amount_minor=minor, borne_by=borne_by,
            reason="the route shows it", by=by or payers.office,
        )  # fmt: skip


async def balance(city: City, role: str, owner: UUID) -> int:
    async with city.database.work() as work:
        found = await work.execute(
            text(
                "SELECT CAST(coalesce(sum(amount_minor), 0) AS bigint) FROM ledger.entry"
                " JOIN ledger.transfer USING (transfer_id) WHERE state = 'posted'"
                " AND account_id = ledger.account_id(:role, :owner, 'USD')"
            ),
            {"role": role, "owner": owner},
        )
        minor: int = found.scalar_one()
        return minor


@pytest.mark.parametrize("borne_by", ["driver", "cooperative"])
async def test_a_dispute_ends_in_a_refund_that_the_named_one_bears(
    payers: Payers, borne_by: str
) -> None:
    city = payers.city
    trip = await city.settled_trip()
    before = await balance(city, "driver", trip.driver_id)
    made = await decided(payers, await disputed(payers, trip), "refund", 200, borne_by=borne_by)
    assert (made.outcome, made.borne_by, made.amount_minor) == ("refund", borne_by, 200)
    assert await balance(city, "rider", trip.rider_id) == trip.quote.total.minor - 200
    borne = await balance(city, "driver", trip.driver_id) - before
    assert borne == (200 if borne_by == "driver" else 0)
    await sound(city)


async def test_a_driver_gives_back_no_more_than_they_got(payers: Payers) -> None:
    trip = await payers.city.settled_trip()
    all_of_it = trip.quote.total.minor
    dispute = await disputed(payers, trip, minor=all_of_it)
    with pytest.raises(CannotBeDecidedSo, match="got no more"):
        await decided(payers, dispute, "refund", all_of_it, borne_by="driver")


async def test_a_tip_and_missing_cash_are_taken_back_whole(payers: Payers) -> None:
    city = payers.city
    trip = await payers.book(await city.quoted_trip(), CASH)
    await payers.charge(trip)
    async with city.database.work() as work:
        await paying.cash_was_short(
            work, trip_id=trip.trip_id, driver_id=trip.driver_id, missing_minor=300
        )
        await books.tip(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            amount=Money(150, USD),
        )  # fmt: skip
    assert await balance(city, "rider", trip.rider_id) == 450
    for about, minor in (("cash", 300), ("tip", 150)):
        made = await decided(payers, await disputed(payers, trip, about, minor), "reversal")
        assert (made.borne_by, made.amount_minor) == ("driver", minor)
    assert await balance(city, "rider", trip.rider_id) == 0
    await sound(city)


async def test_a_dispute_is_opened_once_and_decided_once(payers: Payers) -> None:
    trip = await payers.city.settled_trip()
    dispute = await disputed(payers, trip)
    with pytest.raises(DisputedAlready):
        await disputed(payers, trip)
    before = await balance(payers.city, "rider", trip.rider_id)
    assert (await decided(payers, dispute, "nothing")).amount_minor == 0
    assert await balance(payers.city, "rider", trip.rider_id) == before
    with pytest.raises(DisputeDecided):
        await decided(payers, dispute, "refund", 100, borne_by="driver")


async def test_nobody_disputes_what_is_not_theirs_or_decides_their_own(payers: Payers) -> None:
    trip = await payers.city.settled_trip()
    dispute = await disputed(payers, trip)
    for person in (trip.rider_id, trip.driver_id):
        with pytest.raises(OwnDispute):
            await decided(payers, dispute, "nothing", by=person)
    for about, minor in (("tip", 1), ("cash", 1), ("charge", trip.quote.total.minor + 1)):
        with pytest.raises(NothingToDispute):
            await disputed(payers, trip, about, minor)
    with pytest.raises(NothingToDispute):
        async with payers.city.database.work() as work:
            await disputes.open_dispute(
                work, work.new_id(), trip_id=TripId(trip.trip_id), rider_id=trip.driver_id,  # type: ignore[arg-type]
                about="charge", asked_minor=1, words="Not mine.",
            )  # fmt: skip


async def test_a_decision_goes_with_what_is_disputed(payers: Payers) -> None:
    trip = await payers.city.settled_trip()
    dispute = await disputed(payers, trip)
    wrong = [("reversal", 0, None), ("refund", 100, None), ("nothing", 5, None),
             ("nothing", 0, "driver")]  # fmt: skip
    for outcome, minor, borne_by in wrong:
        with pytest.raises(CannotBeDecidedSo):
            await decided(payers, dispute, outcome, minor, borne_by=borne_by)


async def test_a_payment_names_the_invoice_it_is_for(payers: Payers) -> None:
    mill = await payers.customer()
    await payers.on_customer(mill)
    later(payers.city, 20)
    invoice = await invoiced(payers, mill)
    async with payers.city.database.work() as work:
        await service.record_payment(
            work, work.new_id(), mill, Money(invoice.total_minor, USD),
            document_id=invoice.document_id, by=payers.office,
        )  # fmt: skip
    async with payers.city.database.work() as work:
        assert [one.owed_minor for one in await views.list_customers(work)] == [0]


async def test_a_payment_is_of_an_invoice_of_that_customer_and_is_entered_once(
    payers: Payers,
) -> None:
    mill, city_hall = await payers.customer(), await payers.customer()
    await payers.on_customer(mill)
    later(payers.city, 20)
    invoice = await invoiced(payers, mill)
    payment_id = UUID(int=7)

    async def pay(customer: UUID, minor: int, document: UUID | None) -> None:
        async with payers.city.database.work() as work:
            await service.record_payment(
                work, payment_id, customer, Money(minor, USD), document_id=document,
                by=payers.office,
            )  # fmt: skip

    for customer, document in ((city_hall, invoice.document_id), (mill, payment_id)):
        with pytest.raises(DocumentNotFound):
            await pay(customer, 100, document)
    await pay(mill, 100, invoice.document_id)
    await pay(mill, 100, invoice.document_id)
    with pytest.raises(CustomerKnownOtherwise):
        await pay(mill, 200, invoice.document_id)
    async with payers.city.database.work() as work:
        owed = {one.customer_id: one.owed_minor for one in await views.list_customers(work)}
    assert owed == {mill: invoice.total_minor - 100, city_hall: 0}
