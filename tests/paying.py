"""Customers, vouchers and trips that they pay, for tests on a real database."""

from dataclasses import dataclass
from datetime import timedelta

from fares.fare import Extras
from foundation.identifiers import UUID
from foundation.money import Money
from ledger import service as books
from ledger.customers import paying, service, vouchers
from ledger.customers.invoice import Supplier
from ledger.customers.way import Chosen, Limits, Terms, Way
from storage.work import UnitOfWork
from tests.booked import City, QuotedTrip
from tests.money import USD

SUPPLIER = Supplier(legal_name="Khan Cars Co-operative", address="1 Depot Road", vat_id="XX1")
TERMS = Terms(
    kind="corporate", legal_name="The Mill", address="2 Mill Lane", vat_id=None, currency=USD,
    zone="America/New_York", terms_days=14,
)  # fmt: skip


@dataclass(slots=True)
class Payers:
    """A city with customers; every helper is a unit of work of its own."""

    city: City
    office: UUID

    async def customer(self, limits: Limits = Limits(), *, centres: tuple[str, ...] = ()) -> UUID:  # noqa: B008
        async with self.city.database.work() as work:
            customer_id = work.new_id()
            await service.open_customer(work, customer_id, TERMS, limits, by=self.office)
            for code in centres:
                await service.add_cost_centre(
                    work, customer_id, code, name=f"Centre {code}", by=self.office
                )
            return customer_id

    async def listed(self, customer_id: UUID, trip: QuotedTrip, centre: str | None = None) -> None:
        async with self.city.database.work() as work:
            await service.list_rider(
                work, customer_id, trip.rider_id, cost_centre=centre, by=self.office
            )

    async def voucher(self, customer_id: UUID, minor: int, *, days: int = 30) -> tuple[UUID, str]:
        async with self.city.database.work() as work:
            voucher_id = work.new_id()
            code = await vouchers.issue(
                work, voucher_id, customer_id, Money(minor, USD),
                valid_until=work.now + timedelta(days=days), by=self.office,
            )  # fmt: skip
            return voucher_id, code

    async def book(self, trip: QuotedTrip, chosen: Chosen) -> QuotedTrip:
        """Say how the trip is paid, and hold its price."""
        async with self.city.database.work() as work:
            await self.book_in(work, trip, chosen)
        return trip

    async def book_in(self, work: UnitOfWork, trip: QuotedTrip, chosen: Chosen) -> None:
        await paying.choose(
            work, chosen, trip_id=trip.trip_id, rider_id=trip.rider_id, total=trip.quote.total,
            rides_at=work.now,
        )  # fmt: skip
        await books.hold(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total
        )

    async def charge(self, trip: QuotedTrip, extras: Extras | None = None) -> int:
        """Settle the trip and let it be paid as booked; what it was charged."""
        fare = await self.city.fare(trip, extras=extras)
        async with self.city.database.work() as work:
            await books.settle_trip(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
                fare=fare,
            )  # fmt: skip
            await paying.pay_charge(work, trip.trip_id)
        return fare.total.minor

    async def on_customer(self, customer_id: UUID, *, centre: str | None = None) -> QuotedTrip:
        """A trip of somebody on the list, charged and paid by the customer."""
        trip = await self.city.quoted_trip()
        await self.listed(customer_id, trip)
        await self.book(trip, on(customer_id, centre=centre))
        await self.charge(trip)
        return trip


def on(customer_id: UUID, *, centre: str | None = None, pin: str | None = None) -> Chosen:
    return Chosen(way=Way.CUSTOMER, customer_id=customer_id, cost_centre=centre, pin=pin)


def by_voucher(code: str) -> Chosen:
    return Chosen(way=Way.VOUCHER, voucher=code)


CASH = Chosen(way=Way.CASH)
