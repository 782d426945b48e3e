"""A founded city with quoted trips, for tests that write the books of a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy import event

from fares.fare import Driven, Extras, Fare
from fares.quote import Quote
from fares.service import compute_fare, make_quote, quote_rules
from foundation.identifiers import DriverId, RiderId, RuleId, TripId
from foundation.measures import Point
from ledger import service
from ledger.settlement import Parties
from rulebook.rule import RuleKind
from storage.engine import Database
from tests.rules import found


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedTrip:
    """A trip that was quoted; nothing is in the books yet."""

    trip_id: TripId
    rider_id: RiderId
    driver_id: DriverId
    quote: Quote

    @property
    def parties(self) -> Parties:
        return Parties(trip_id=self.trip_id, rider_id=self.rider_id, driver_id=self.driver_id)


@dataclass(slots=True)
class City:
    """The example city in one database."""

    database: Database
    tariff_rule_id: RuleId

    async def quoted_trip(
        self,
        *,
        driver_id: DriverId | None = None,
        rider_id: RiderId | None = None,
        metres: int = 5_000,
        seconds: int = 900,
        concession: str | None = None,
    ) -> QuotedTrip:
        """Quote a rider a trip."""
        async with self.database.work() as work:
            rider = rider_id or RiderId(work.new_id())
            quote = await make_quote(
                work,
                await quote_rules(work),
                rider_id=rider,
                pickup=Point(-73.98, 40.75),
                dropoff=Point(-73.97, 40.78),
                metres=metres,
                seconds=seconds,
                route_line=[(-73.98, 40.75), (-73.97, 40.78)],
                zone_from=None,
                zone_to=None,
                vehicle_class="standard",
                concession=concession,
            )
            return QuotedTrip(
                trip_id=TripId(work.new_id()),
                rider_id=rider,
                driver_id=driver_id or DriverId(work.new_id()),
                quote=quote,
            )

    async def held_trip(self, **details: object) -> QuotedTrip:
        """Quote a trip and hold its price."""
        trip = await self.quoted_trip(**details)  # type: ignore[arg-type]
        async with self.database.work() as work:
            await service.hold(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total
            )
        return trip

    async def settled_trip(self, *, extras: Extras | None = None, **details: object) -> QuotedTrip:
        """Quote, hold and settle a trip."""
        trip = await self.held_trip(**details)
        await self.settle(trip, await self.fare(trip, extras=extras))
        return trip

    async def fare(
        self, trip: QuotedTrip, *, extras: Extras | None = None, seconds: int | None = None
    ) -> Fare:
        """What is owed for the trip."""
        driven = Driven(metres=trip.quote.metres, seconds=seconds or trip.quote.seconds)
        async with self.database.work() as work:
            return await compute_fare(work, trip.quote, extras=extras or Extras(), driven=driven)

    async def settle(self, trip: QuotedTrip, fare: Fare) -> None:
        """Settle the trip in a unit of work of its own."""
        async with self.database.work() as work:
            await service.settle_trip(
                work,
                trip_id=trip.trip_id,
                rider_id=trip.rider_id,
                driver_id=trip.driver_id,
                fare=fare,
            )

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements sent meanwhile, without the begin of a unit of work and its outbox."""
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if "storage.outbox" not in statement and statement.strip() != "SELECT service_now()":
                sent.append(statement)

        engine = self.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)


async def found_example(database: Database) -> City:
    """Found the example city, at noon of a working day: prices depend on the hour."""
    with psycopg.connect(database.address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time SET demonstration = true, wall_origin = clock_timestamp(),"
            " service_origin = '2014-12-16 12:00-05', rate = 1"
        )
        # The books alone: the trips of these tests are only identifiers, and never completed.
        owner.execute("ALTER TABLE ledger.charge DISABLE TRIGGER i17_paid_means_completed")
    rules = await found(database)
    return City(database=database, tariff_rule_id=RuleId(rules[RuleKind.TARIFF].rule_id))
