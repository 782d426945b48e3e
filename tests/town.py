"""A small town for tests of dispatch: its rules, an office, drivers on shift, riders with quotes."""

from dataclasses import dataclass, field
from datetime import datetime

import fares.service
from dispatch.position import Position
from dispatch.run import Planned, StopKind, Underway
from dispatch.service import driving, offers, requests, shifts
from dispatch.store import offers as offer_store
from dispatch.store import rounds as round_store
from dispatch.store.shifts import upsert_positions
from dispatch.trip import Actor, By, Trip
from fares.quote import Quote
from foundation.identifiers import (
    UUID,
    DriverId,
    OfferId,
    PersonId,
    RiderId,
    RoundId,
    ShiftId,
    TripId,
    VehicleId,
)
from foundation.measures import Point
from ledger.customers.way import BY_ACCOUNT, Chosen
from rulebook.rule import RuleKind
from storage.engine import Database
from storage.work import UnitOfWork
from tests import people, rules

STATION = Point(-73.9937, 40.7505)
PARK = Point(-73.9718, 40.7737)


@dataclass(slots=True)
class Town:
    """Made with `build`; every helper is a unit of work of its own."""

    database: Database
    office: PersonId
    rules: dict[RuleKind, UUID]
    _people: int = 0
    vehicles: dict[DriverId, VehicleId] = field(default_factory=dict)
    shifts: dict[DriverId, ShiftId] = field(default_factory=dict)

    @classmethod
    async def build(cls, database: Database, **bodies: dict[str, object]) -> "Town":
        """A founded town with an office and nobody on shift; rule bodies may be changed."""
        changed = rules.example_bodies()
        for kind, body in bodies.items():
            changed[RuleKind(kind)] = changed[RuleKind(kind)] | body
        founded = await rules.found(database, bodies=changed)
        async with database.work() as work:
            office = await people.an_officer(work)
        return cls(database, office, {kind: rule.rule_id for kind, rule in founded.items()})

    async def stand(self, driver_id: DriverId, place: Point) -> None:
        """Let a driver on shift be heard of at a place."""
        async with self.database.work() as work:
            at = Position(
                driver_id=driver_id, shift_id=self.shifts[driver_id], seq=1, point=place, heading=0,
                at=work.now,
            )  # fmt: skip
            await upsert_positions(work, [at])

    async def driver(self, *, on_shift: bool = True, **papers: object) -> DriverId:
        """A driver fit to work; on shift unless told otherwise."""
        self._people += 1
        async with self.database.work() as work:
            enrolled = await people.a_driver(work, self.office, self._people, **papers)  # type: ignore[arg-type]
        self.vehicles[enrolled.driver_id] = enrolled.vehicle_id
        if on_shift:
            await self.go_on_shift(enrolled.driver_id)
        return enrolled.driver_id

    async def go_on_shift(self, driver_id: DriverId) -> ShiftId:
        async with self.database.work() as work:
            shift = await shifts.start_shift(
                work,
                shift_id=ShiftId(work.new_id()),
                driver_id=driver_id,
                vehicle_id=self.vehicles[driver_id],
            )
        self.shifts[driver_id] = shift.shift_id
        return shift.shift_id

    async def rider(self) -> RiderId:
        self._people += 1
        async with self.database.work() as work:
            return await people.a_rider(work, self._people)

    async def quote(self, rider_id: RiderId, **changes: object) -> Quote:
        asked: dict[str, object] = {
            "pickup": STATION,
            "dropoff": PARK,
            "metres": 4200,
            "seconds": 900,
            "route_line": [(STATION.lon, STATION.lat), (PARK.lon, PARK.lat)],
            "zone_from": None,
            "zone_to": None,
            "vehicle_class": "standard",
        }
        async with self.database.work() as work:
            rules = await fares.service.quote_rules(work, booked_for=changes.get("booked_for"))  # type: ignore[arg-type]
            return await fares.service.make_quote(
                work,
                rules,
                rider_id=rider_id,
                **(asked | changes),  # type: ignore[arg-type]
            )

    async def trip(
        self, rider_id: RiderId | None = None, *, pays: Chosen = BY_ACCOUNT, **changes: object
    ) -> Trip:
        """A trip that looks for a driver."""
        rider_id = rider_id or await self.rider()
        quote = await self.quote(rider_id, **changes)
        async with self.database.work() as work:
            return await requests.request_trip(
                work,
                trip_id=TripId(work.new_id()),
                quote_id=quote.quote_id,
                rider_id=rider_id,
                by=By(actor=Actor.RIDER, actor_id=rider_id),
                pays=pays,
            )

    async def offer(self, trip: Trip, driver_id: DriverId, *, seconds: float = 15) -> OfferId:
        """An open offer of the trip to the driver, as a round would make it."""
        async with self.database.work() as work:
            made = await self.offer_in(work, trip, driver_id, seconds=seconds)
        assert made, "the offer was left out"
        return made[0]

    async def offer_in(
        self,
        work: UnitOfWork,
        trip: Trip,
        driver_id: DriverId,
        *,
        seconds: float = 15,
        places: tuple[int, int] | None = None,
    ) -> list[OfferId]:
        """As a round would make it that knows how the driver's run stands.

        `places` put the pick-up and the drop-off before so many of the run's stops; without, the
        trip comes after them all.
        """
        from datetime import timedelta

        runs = await round_store.list_runs_under_way(work)
        round_id = RoundId(work.new_id())
        new = offer_store.NewOffer(
            offer_id=OfferId(work.new_id()),
            trip_id=trip.trip_id,
            attempt=trip.attempt,
            driver_id=driver_id,
            vehicle_id=self.vehicles[driver_id],
            shift_id=self.shifts[driver_id],
            pickup_seconds=120,
            why={},
            run_trips=runs[driver_id].trips if driver_id in runs else (),
            plan=() if places is None else _inserted(trip, runs.get(driver_id), places, work.now),
        )
        made = await offer_store.insert_offers(
            work, [new], round_id=round_id, deadline=work.now + timedelta(seconds=seconds)
        )
        await round_store.insert_round(work, self.a_round(work, round_id))
        return sorted(made)

    def a_round(self, work: UnitOfWork, round_id: RoundId) -> round_store.StoredRound:
        from foundation.identifiers import RuleId

        return round_store.StoredRound(
            round_id=round_id, at=work.now,
            policy_rule_id=RuleId(self.rules[RuleKind.MATCHING_POLICY]), matcher="by hand",
            input=b"{}", input_digest="00", plan=b"{}", plan_digest="00", degraded=False,
            trips=1, drivers=1, pairs=1, pairings=1, offers=1, read_ms=0, roads_ms=0, solve_ms=0,
            total_ms=0,
        )  # fmt: skip

    async def accept(self, offer_id: OfferId, driver_id: DriverId) -> Trip:
        async with self.database.work() as work:
            return await offers.accept_offer(
                work, offer_id=offer_id, driver_id=driver_id, attempt=None
            )

    async def assigned(self) -> tuple[Trip, DriverId]:
        """A trip whose driver is on the way."""
        driver_id = await self.driver()
        trip = await self.trip()
        offer_id = await self.offer(trip, driver_id)
        return await self.accept(offer_id, driver_id), driver_id

    async def on_board(self) -> tuple[Trip, DriverId]:
        """A trip whose rider is in the car."""
        trip, driver_id = await self.assigned()
        await self.arrive(trip, driver_id)
        return await self.board(trip, driver_id), driver_id

    async def arrive(self, trip: Trip, driver_id: DriverId) -> Trip:
        async with self.database.work() as work:
            return await driving.arrive(
                work, trip_id=trip.trip_id, driver_id=driver_id, at=trip.pickup, reason=None
            )

    async def board(self, trip: Trip, driver_id: DriverId) -> Trip:
        async with self.database.work() as work:
            boarded = await driving.board(
                work, trip_id=trip.trip_id, driver_id=driver_id, pin=trip.pin, reason=None
            )
        assert isinstance(boarded, Trip)
        return boarded

    async def complete(self, trip: Trip, driver_id: DriverId) -> Trip:
        async with self.database.work() as work:
            return await driving.complete(
                work, trip_id=trip.trip_id, driver_id=driver_id, metres=None
            )

    async def with_next_job(self) -> tuple[Trip, Trip, DriverId]:
        """A rider in the car, and another trip that its driver took meanwhile."""
        trip, driver_id = await self.on_board()
        following = await self.trip()
        offer_id = await self.offer(following, driver_id)
        return trip, await self.accept(offer_id, driver_id), driver_id


def _inserted(
    trip: Trip, run: Underway | None, places: tuple[int, int], now: datetime
) -> tuple[Planned, ...]:
    """The trip among the stops of a run; a place beyond the last stop is after it."""
    ahead = [] if run is None else [(stop.trip_id, stop.kind) for stop in run.stops]
    first, last = sorted(min(place, len(ahead)) for place in places)
    ahead.insert(last, (trip.trip_id, StopKind.DROPOFF))
    ahead.insert(first, (trip.trip_id, StopKind.PICKUP))
    return tuple(Planned(trip_id=trip_id, kind=kind, expected_at=now) for trip_id, kind in ahead)
