"""Whatever order people tap in, a trip keeps its promises."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dispatch.errors import IllegalStep
from dispatch.run import Party
from dispatch.trip import (
    FINAL_STATES,
    HELD_STATES,
    OPEN_STATES,
    TRANSITIONS,
    UNHELD_STATES,
    Actor,
    By,
    Holder,
    Step,
    Trip,
    TripState,
    TripStep,
    advance,
    whole_seconds,
)
from foundation.identifiers import (
    DriverId,
    QuoteId,
    RiderId,
    RuleId,
    RunId,
    ShiftId,
    TripId,
    VehicleId,
)
from foundation.measures import Point

START = datetime(2030, 1, 1, tzinfo=UTC)
_S = TripState


def numbered(number: int) -> UUID:
    return UUID(int=number)


def new_trip(state: TripState = _S.REQUESTED) -> Trip:
    return Trip(
        trip_id=TripId(numbered(1)), rider_id=RiderId(numbered(2)), quote_id=QuoteId(numbered(3)),
        booking_rule_id=RuleId(numbered(4)), state=state, last_seq=1, attempt=1,
        pickup=Point(6.13, 49.61), dropoff=Point(6.2, 49.63), pin="1234", pin_tries_left=5,
        requested_at=START, booked_for=None, expires_at=START + timedelta(hours=1),
        state_since=START, party=Party(riders=1, is_shared=False), direct_seconds=600,
    )  # fmt: skip


def holder(number: int) -> Holder:
    return Holder(
        driver_id=DriverId(numbered(100 + number)), vehicle_id=VehicleId(numbered(200 + number)),
        run_id=RunId(numbered(300 + number)), shift_id=ShiftId(numbered(400 + number)),
    )  # fmt: skip


class TripMachine(RuleBasedStateMachine):
    """Throws every step at a trip at every moment, allowed or not."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.trip = new_trip()
        self.facts: list[TripStep] = []
        self.ended: Trip | None = None

    @rule(seconds=st.floats(min_value=-5, max_value=3600))
    def time_passes(self, seconds: float) -> None:
        """A little backwards too: units of work may begin in another order than they end."""
        self.now += timedelta(seconds=seconds)

    @rule(step=st.sampled_from(Step), driver=st.integers(1, 2), actor=st.sampled_from(Actor))
    def somebody_acts(self, step: Step, driver: int, actor: Actor) -> None:
        by = By(actor=actor, reason="because")
        chosen = holder(driver) if step is Step.ACCEPT else None
        if (self.trip.state, step) not in TRANSITIONS:
            with pytest.raises(IllegalStep):
                advance(self.trip, step, now=self.now, by=by, holder=chosen)
            return
        before = self.trip
        self.trip, fact = advance(before, step, now=self.now, by=by, holder=chosen)
        self.facts.append(fact)
        released = step is Step.DRIVER_RELEASE
        assert self.trip.attempt == before.attempt + released
        assert fact.attempt == before.attempt
        held_by = before.holder or chosen
        assert fact.driver_id == (held_by.driver_id if held_by else None)
        if self.trip.state in FINAL_STATES:
            self.ended = self.trip

    @invariant()
    def a_held_trip_has_a_holder_and_a_trip_that_looks_has_none(self) -> None:
        assert self.trip.state not in HELD_STATES or self.trip.holder is not None
        assert self.trip.state not in UNHELD_STATES or self.trip.holder is None
        assert (self.trip.assigned_at is None) == (self.trip.holder is None)

    @invariant()
    def the_facts_alone_retell_the_trip(self) -> None:
        states = [_S.REQUESTED, *(fact.after for fact in self.facts)]
        assert states[-1] is self.trip.state
        assert [fact.before for fact in self.facts] == states[:-1]
        assert [fact.seq for fact in self.facts] == list(range(2, self.trip.last_seq + 1))
        instants = [fact.occurred_at for fact in self.facts]
        assert instants == sorted(instants)
        if instants:
            assert self.trip.state_since == instants[-1]

    @invariant()
    def an_ended_trip_stays_as_it_ended(self) -> None:
        assert (self.ended is not None) == (self.trip.state in FINAL_STATES)
        assert self.ended is None or self.trip == self.ended
        assert (self.trip.ended_at is not None) == (self.trip.state in FINAL_STATES)

    @invariant()
    def attempts_are_releases_and_the_request(self) -> None:
        releases = [fact for fact in self.facts if fact.step is Step.DRIVER_RELEASE]
        assert self.trip.attempt == 1 + len(releases)

    @invariant()
    def the_wait_and_the_stops_add_up_from_the_facts(self) -> None:
        stopped, stops, since = 0, 0, None
        waited, arrived = 0, None
        for fact in self.facts:
            if fact.before is _S.AT_STOP and since is not None:
                stopped += whole_seconds(fact.occurred_at - since)
                since = None
            if fact.after is _S.AT_STOP:
                stops, since = stops + 1, fact.occurred_at
            if fact.step is Step.ARRIVE:
                arrived = fact.occurred_at
            if fact.step is Step.BOARD and arrived is not None:
                waited = whole_seconds(fact.occurred_at - arrived)
        assert (self.trip.stops, self.trip.stop_seconds) == (stops, stopped)
        assert self.trip.waiting_seconds == waited
        assert self.trip.stop_since == since


TestTripMachine = TripMachine.TestCase
TestTripMachine.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


@given(st.timedeltas())
def test_seconds_that_have_not_fully_passed_are_not_counted(span: timedelta) -> None:
    counted = whole_seconds(span)
    assert counted >= 0
    if span >= timedelta():
        assert timedelta(seconds=counted) <= span < timedelta(seconds=counted + 1)
    else:
        assert counted == 0


def test_every_state_can_be_reached_and_every_open_state_can_end() -> None:
    reached, grown = {_S.REQUESTED, _S.SCHEDULED}, True
    while grown:
        more = {after for (before, _), after in TRANSITIONS.items() if before in reached}
        grown = not more <= reached
        reached |= more
    assert reached == set(TripState)
    assert {state for state, _ in TRANSITIONS} == OPEN_STATES == set(TripState) - FINAL_STATES
    can_end = set(FINAL_STATES)
    for _ in TripState:
        can_end |= {before for (before, _), after in TRANSITIONS.items() if after in can_end}
    assert can_end == set(TripState)


def test_the_database_knows_the_same_steps_and_states(owner: psycopg.Connection) -> None:
    rows = owner.execute("SELECT before, step, after FROM dispatch.trip_transition").fetchall()
    ours = {(str(before), str(step), str(after)) for (before, step), after in TRANSITIONS.items()}
    begins = {("none", "request", "requested"), ("none", "book", "scheduled")}
    assert set(rows) == ours | begins
    states = dict(owner.execute("SELECT state, is_final FROM dispatch.trip_state").fetchall())
    assert states == {"none": False} | {str(one): one in FINAL_STATES for one in TripState}
    drivers = dict(owner.execute("SELECT state, has_driver FROM dispatch.trip_state").fetchall())
    assert all(drivers[state] is True for state in HELD_STATES)
    assert all(drivers[state] is False for state in UNHELD_STATES)


# ------------------------------------------------------- the regulator's table (MDS 2.0.2)

MdsStep = tuple[str, str, str]
"""State of the vehicle before, the state after, the event between."""

_HELD_ENDS = {
    Step.DRIVER_RELEASE: "driver_cancellation",
    Step.RIDER_CANCEL: "passenger_cancellation",
    Step.OPERATOR_CANCEL: "provider_cancellation",
    Step.NO_SHOW: "driver_cancellation",
}
_VEHICLE = {
    _S.ASSIGNED: "reserved", _S.ARRIVED: "stopped", _S.ON_BOARD: "on_trip", _S.AT_STOP: "stopped",
}  # fmt: skip
_EVENT = {
    Step.ACCEPT: "reservation_start", Step.ARRIVE: "reservation_stop", Step.BOARD: "trip_start",
    Step.STOP: "trip_stop", Step.RESUME: "trip_resume",
}  # fmt: skip


def mds_steps(before: TripState, step: Step, after: TripState) -> list[MdsStep]:
    """What the vehicle is reported to do at a step; nothing before a driver accepts."""
    was, becomes = _VEHICLE.get(before, "available"), _VEHICLE.get(after, "available")
    if step in _EVENT:
        return [(was, becomes, _EVENT[step])]
    if step in (Step.COMPLETE, Step.ABORT):
        ending = [("stopped", "available", "trip_end")]
        return ending if was == "stopped" else [(was, "stopped", "trip_stop"), *ending]
    return [(was, becomes, _HELD_ENDS[step])] if before in HELD_STATES else []


def walks(
    state: TripState, depth: int, so_far: tuple[tuple[TripState, Step, TripState], ...] = ()
) -> Iterator[tuple[tuple[TripState, Step, TripState], ...]]:
    """Every way a trip can go from a state, up to so many steps."""
    following = [(step, after) for (before, step), after in TRANSITIONS.items() if before is state]
    if not following or depth == 0:
        yield so_far
        return
    for step, after in following:
        yield from walks(after, depth - 1, (*so_far, (state, step, after)))


@pytest.mark.shared
def test_every_walk_is_told_to_the_regulator_in_legal_steps(shared_data: Path) -> None:
    table = shared_data / "standards" / "mds-2.0.2" / "passenger-services-transitions.csv"
    with table.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    legal = {
        (row["from_vehicle_state"], row["to_vehicle_state"], row["event_type"]) for row in rows
    }
    assert len(rows) == 42
    told: set[MdsStep] = set()
    complete = 0
    for first in (_S.REQUESTED, _S.SCHEDULED):
        for walk in walks(first, depth=12):
            steps = [one for taken in walk for one in mds_steps(*taken)]
            told |= set(steps)
            where = "available"
            for was, becomes, _ in steps:
                assert was == where, f"a gap in {walk}"
                where = becomes
            if walk[-1][2] in FINAL_STATES:
                complete += 1
                assert where == "available"
    assert complete == 480
    assert told <= legal, told - legal
    assert len(told) == 12, "all that a solo trip can say"
