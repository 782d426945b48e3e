"""Whatever riders, drivers, rounds and time do in whatever order: nothing is doubled or lost.

The real services on a real database, a unit of work a step; after each step the laws are read from
the tables, not from the services.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

import ledger.views
from dispatch.service import driving, offers, requests, shifts
from dispatch.sweep import sweep
from dispatch.trip import HELD_STATES, TRANSITIONS, Actor, By, Step, Trip, TripState
from dispatch.views.figures import run_report
from foundation.chance import SeededChance
from foundation.errors import Refusal
from foundation.identifiers import DriverId, RiderId
from storage import embedded
from storage.engine import Database
from storage.work import UnitOfWork
from tests.town import STATION, Town

DRIVERS, RIDERS = 3, 3
_USUAL = {
    TripState.ASSIGNED: Step.ARRIVE, TripState.ARRIVED: Step.BOARD,
    TripState.ON_BOARD: Step.COMPLETE, TripState.AT_STOP: Step.RESUME,
}  # fmt: skip
Act = Callable[[UnitOfWork], Awaitable[Any]]

_EVENTS = text("""
    SELECT trip.trip_id, trip.state, trip.attempt, trip.last_seq, event.seq, event.before,
           event.step, event.after
    FROM dispatch.trip JOIN dispatch.trip_event AS event USING (trip_id) ORDER BY trip_id, seq
""")
_HOLDS_LEFT_OPEN = text("""
    SELECT count(*) FROM dispatch.trip JOIN ledger.transfer AS hold
        ON hold.trip_id = trip.trip_id AND hold.kind = 'hold'
    WHERE (trip.ended_at IS NULL) = EXISTS (
        SELECT 1 FROM ledger.transfer AS ending WHERE ending.resolves = hold.transfer_id)
""")
_BUSY = text("""
    SELECT (SELECT array_agg(driver_id ORDER BY driver_id) FROM dispatch.run WHERE ended_at IS NULL),
           (SELECT count(*) FROM dispatch.assignment WHERE to_at IS NULL),
           (SELECT count(*) FROM dispatch.trip
            WHERE state IN ('assigned', 'arrived', 'on_board', 'at_stop')),
           (SELECT array_agg(DISTINCT driver_id ORDER BY driver_id) FROM dispatch.trip
            WHERE state IN ('assigned', 'arrived', 'on_board', 'at_stop'))
""")
# I2, counted from what happened: the seats taken in a car with each rider who is in it now.
_SEATS_TAKEN = text("""
    SELECT run.seats, sum(trip.seats) AS taken, bool_and(is_shared) OR count(*) = 1 AS agreed
    FROM dispatch.trip JOIN dispatch.run USING (run_id)
    WHERE state IN ('on_board', 'at_stop') GROUP BY run_id, run.seats
""")
_PLACES = text("""
    SELECT run_id, array_agg(place ORDER BY place) AS places,
           array_agg(done_at IS NULL ORDER BY place) AS ahead
    FROM dispatch.run_stop GROUP BY run_id
""")


class Lives(RuleBasedStateMachine):
    """A town of few people, who do anything at any time; a refusal is an answer."""

    template: ClassVar[str]
    server: ClassVar[embedded.EmbeddedServer]
    number: ClassVar[int] = 0

    @initialize()
    def found(self) -> None:
        Lives.number += 1
        name = f"khan_lives_{Lives.number}"
        embedded.create_database(self.server, name, template=self.template)
        self.name = name
        self.loop = asyncio.new_event_loop()
        self.loop.run_until_complete(self._found(self.server.address(name)))

    async def _found(self, address: str) -> None:
        self.town = await Town.build(Database(address, chance=SeededChance(7), pool_size=2))
        self.drivers = [await self.town.driver() for _ in range(DRIVERS)]
        self.riders = [await self.town.rider() for _ in range(RIDERS)]
        self.trips: dict[RiderId, Trip] = {}

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        self.loop.run_until_complete(self.town.database.dispose())
        self.loop.close()
        with psycopg.connect(self.server.address("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {self.name} WITH (FORCE)")

    def tried(self, act: Act) -> bool:
        """Whether it was done; if not, it was refused in words for people."""

        async def try_it() -> bool:
            try:
                async with self.town.database.work() as work:
                    await act(work)
            except Refusal:
                return False
            return True

        return self.loop.run_until_complete(try_it())

    def held_by(self, driver_id: DriverId) -> Trip | None:
        async def find() -> Trip | None:
            async with self.town.database.work() as work:
                trip_id = await shifts.store.find_trip_under_way(work, driver_id)
                return None if trip_id is None else await driving.store.find_trip(work, trip_id)

        return self.loop.run_until_complete(find())

    @rule(who=st.integers(0, RIDERS - 1), shares=st.booleans(), seats=st.sampled_from([1, 2, 3]))
    def a_rider_asks(self, who: int, shares: bool, seats: int) -> None:
        async def ask() -> None:
            try:
                self.trips[self.riders[who]] = await self.town.trip(
                    self.riders[who], is_shared=shares, seats=seats
                )
            except Refusal:
                assert self.riders[who] in self.trips

        self.loop.run_until_complete(ask())

    @rule(who=st.integers(0, RIDERS - 1), is_office=st.booleans())
    def somebody_cancels(self, who: int, is_office: bool) -> None:
        trip = self.trips.get(self.riders[who])
        if trip is None:
            return
        if is_office:
            by = By(actor=Actor.OFFICE, actor_id=self.town.office)
            self.tried(lambda work: requests.cancel_by_operator(work, trip_id=trip.trip_id, by=by))
        else:
            by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
            self.tried(
                lambda work: requests.cancel(
                    work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by
                )
            )

    @rule(
        who=st.integers(0, RIDERS - 1), driver=st.integers(0, DRIVERS - 1), late=st.booleans(),
        places=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    )  # fmt: skip
    def a_round_offers(self, who: int, driver: int, late: bool, places: tuple[int, int]) -> None:
        """By itself or between any two stops, whether there is a seat or not."""
        trip = self.trips.get(self.riders[who])
        if trip is None:
            return

        async def offer(work: UnitOfWork) -> None:
            now = await driving.store.find_trip(work, trip.trip_id)
            assert now is not None
            await self.town.offer_in(
                work, now, self.drivers[driver], seconds=0.001 if late else 600,
                places=places if now.party.is_shared else None,
            )  # fmt: skip

        assert self.tried(offer), "a round is never refused; it leaves out"

    @rule(driver=st.integers(0, DRIVERS - 1), accepts=st.sampled_from([True, True, False]))
    def a_driver_answers(self, driver: int, accepts: bool) -> None:
        who = self.drivers[driver]

        async def answer(work: UnitOfWork) -> None:
            offer = await offers.store.find_open_of_driver(work, who)
            if offer is None:
                return
            if accepts:
                await offers.accept_offer(
                    work, offer_id=offer.offer_id, driver_id=who, attempt=offer.attempt
                )
            else:
                await offers.decline_offer(
                    work, offer_id=offer.offer_id, driver_id=who, reason=None
                )

        self.tried(answer)

    @rule(
        driver=st.integers(0, DRIVERS - 1),
        step=st.sampled_from(
            [
                Step.ARRIVE,
                Step.BOARD,
                Step.STOP,
                Step.RESUME,
                Step.COMPLETE,
                Step.ABORT,
                Step.DRIVER_RELEASE,
                Step.NO_SHOW,
            ]
        ),
        is_sensible=st.booleans(),
        knows_the_pin=st.booleans(),
    )
    def a_driver_drives(
        self, driver: int, step: Step, is_sensible: bool, knows_the_pin: bool
    ) -> None:
        who, trip = self.drivers[driver], self.held_by(self.drivers[driver])
        if trip is None:
            return
        if is_sensible:  # the next step of a usual trip, or few would ever be completed
            step = _USUAL[trip.state]
        pin = trip.pin if knows_the_pin else "none"
        both = {"trip_id": trip.trip_id, "driver_id": who}
        acts: dict[Step, Act] = {
            Step.ARRIVE: lambda work: driving.arrive(work, **both, at=STATION, reason=None),
            Step.BOARD: lambda work: driving.board(work, **both, pin=pin, reason=None),
            Step.STOP: lambda work: driving.stop(work, **both),
            Step.RESUME: lambda work: driving.resume(work, **both),
            Step.COMPLETE: lambda work: driving.complete(work, **both, metres=None),
            Step.ABORT: lambda work: driving.abort(work, **both, reason="fire"),
            Step.DRIVER_RELEASE: lambda work: driving.release(work, **both, reason="flat tyre"),
            Step.NO_SHOW: lambda work: driving.no_show(work, **both, contact_attempted=True),
        }  # type: ignore[arg-type]
        done = self.tried(acts[step])
        assert not done or (trip.state, step) in TRANSITIONS

    @rule(driver=st.integers(0, DRIVERS - 1))
    def a_driver_goes_home_or_comes_back(self, driver: int) -> None:
        who = self.drivers[driver]
        ended = self.tried(
            lambda work: shifts.end_shift(work, shift_id=self.town.shifts[who], driver_id=who)
        )
        assert ended is (self.held_by(who) is None)
        if ended:
            self.loop.run_until_complete(self.town.go_on_shift(who))

    @rule()
    def time_is_swept(self) -> None:
        self.loop.run_until_complete(sweep(self.town.database))

    @invariant()
    def the_tables_hold_the_laws(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self._read_the_laws())

    async def _read_the_laws(self) -> None:
        async with self.town.database.work() as work:
            report = await run_report(work)
            assert (report["double_assignments"], report["lost_trips"]) == (0, 0)
            assert not any((await ledger.views.imbalance(work)).values())
            runs, assignments, under_way, drivers = (await work.execute(_BUSY)).one()
            assert runs == drivers, "a run for each driver with a trip, and none without"
            assert assignments == under_way
            for car in await work.execute(_SEATS_TAKEN):
                assert car.taken <= car.seats
                assert car.agreed, "somebody who does not share has company"
            for run in await work.execute(_PLACES):
                assert run.places == list(range(1, len(run.places) + 1)), "numbered without a gap"
                assert run.ahead == sorted(run.ahead), "done in their order"
            assert (await work.execute(_HOLDS_LEFT_OPEN)).scalar_one() == 0
            rows = (await work.execute(_EVENTS)).all()
        for trip_id in {row.trip_id for row in rows}:
            self._is_retold([row for row in rows if row.trip_id == trip_id])

    @staticmethod
    def _is_retold(events: list[Any]) -> None:
        """The events alone tell where the trip stands, how often it was tried, who held it."""
        assert [event.seq for event in events] == list(range(1, events[-1].last_seq + 1))
        told, attempt = TripState(events[0].after), 1
        for event in events[1:]:
            step = Step(event.step)
            attempt += step is Step.DRIVER_RELEASE
            assert event.before == told
            told = TRANSITIONS[told, step]
            assert event.after == told
        assert (told, attempt) == (events[-1].state, events[-1].attempt)
        holding = sum(
            (TripState(event.after) in HELD_STATES)
            - (event.before != "none" and TripState(event.before) in HELD_STATES)
            for event in events
        )
        assert holding == (told in HELD_STATES)


@pytest.fixture
def lives(embedded_server: embedded.EmbeddedServer, template_database: str) -> type[Lives]:
    Lives.server, Lives.template = embedded_server, template_database
    return Lives


def test_no_life_doubles_or_loses_a_trip(lives: type[Lives]) -> None:
    run_state_machine_as_test(
        lives,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
