"""A run and its seats: who may join where, and what a change leaves to the others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from dispatch.errors import OutOfTurn, PlanOvertaken
from dispatch.run import (
    Party,
    Planned,
    Run,
    StopKind,
    check_turn,
    delivered,
    joined,
    without,
)
from foundation.identifiers import RunId, TripId

START = datetime(2030, 1, 1, tzinfo=UTC)
A, B, C = (TripId(UUID(int=number)) for number in (1, 2, 3))
ALONE, SHARED = Party(riders=1, is_shared=False), Party(riders=1, is_shared=True)
UP, OFF = StopKind.PICKUP, StopKind.DROPOFF


def planned(*stops: tuple[TripId, StopKind]) -> list[Planned]:
    """A stop a minute."""
    return [
        Planned(trip_id=trip_id, kind=kind, expected_at=START + timedelta(minutes=minute))
        for minute, (trip_id, kind) in enumerate(stops)
    ]


def empty(seats: int = 4) -> Run:
    return Run(run_id=RunId(UUID(int=9)), seats=seats, counted_until=START)


def order(run: Run) -> list[tuple[TripId, StopKind, int]]:
    return [(stop.trip_id, stop.kind, stop.place) for stop in run.ahead]


def alone() -> Run:
    return joined(empty(), planned((A, UP), (A, OFF)), trip_id=A, party=ALONE)


def boarded(run: Run, trip_id: TripId) -> Run:
    stops = tuple(
        replace(stop, done_at=START) if (stop.trip_id, stop.kind) == (trip_id, UP) else stop
        for stop in run.stops
    )
    blocks = {
        one: tuple(claim.block for claim in run.claims() if claim.trip_id == one)
        for one in run.trips_ahead
    }
    return replace(run, stops=stops, blocks=blocks)


def test_a_rider_alone_has_every_seat() -> None:
    (claim,) = alone().claims()
    assert (claim.block, claim.from_place, claim.to_place) == ((1, 5), 1, 2)


def test_a_next_job_begins_where_the_trip_before_it_ends() -> None:
    run = boarded(alone(), A)
    run = joined(run, planned((A, OFF), (B, UP), (B, OFF)), trip_id=B, party=ALONE)
    assert order(run) == [(A, OFF, 2), (B, UP, 3), (B, OFF, 4)]
    assert [(c.trip_id, c.block, c.from_place, c.to_place) for c in run.claims()] == [
        (A, (1, 5), 1, 2), (B, (1, 5), 3, 4),
    ]  # fmt: skip


def test_nobody_rides_along_with_a_rider_alone() -> None:
    run = boarded(alone(), A)
    with pytest.raises(PlanOvertaken):
        joined(run, planned((B, UP), (A, OFF), (B, OFF)), trip_id=B, party=SHARED).claims()


def test_who_shares_takes_a_seat_and_leaves_the_others() -> None:
    run = joined(empty(2), planned((A, UP), (A, OFF)), trip_id=A, party=SHARED)
    run = joined(run, planned((A, UP), (B, UP), (A, OFF), (B, OFF)), trip_id=B, party=SHARED)
    assert {c.trip_id: c.block for c in run.claims()} == {A: (1, 2), B: (2, 3)}
    run = joined(
        run, planned((A, UP), (B, UP), (A, OFF), (C, UP), (B, OFF), (C, OFF)), trip_id=C,
        party=SHARED,
    )  # fmt: skip
    assert {c.trip_id: c.block for c in run.claims()} == {A: (1, 2), B: (2, 3), C: (1, 2)}


def test_who_is_on_board_stays_seated() -> None:
    run = joined(empty(3), planned((A, UP), (A, OFF)), trip_id=A, party=SHARED)
    run = joined(run, planned((A, UP), (B, UP), (A, OFF), (B, OFF)), trip_id=B, party=SHARED)
    run = boarded(boarded(run, A), B)
    run = delivered(run, A, now=START)
    run = joined(run, planned((C, UP), (B, OFF), (C, OFF)), trip_id=C, party=SHARED)
    assert {c.trip_id: c.block for c in run.claims()} == {B: (2, 3), C: (1, 2)}


def test_seats_that_do_not_lie_together_are_two_claims() -> None:
    run = joined(empty(3), planned((A, UP), (A, OFF)), trip_id=A, party=SHARED)
    run = joined(run, planned((A, UP), (B, UP), (A, OFF), (B, OFF)), trip_id=B, party=SHARED)
    run = delivered(boarded(boarded(run, A), B), A, now=START)
    two = Party(riders=2, is_shared=True)
    run = joined(run, planned((C, UP), (B, OFF), (C, OFF)), trip_id=C, party=two)
    assert [(c.nth, c.block) for c in run.claims() if c.trip_id == C] == [(1, (1, 2)), (2, (3, 4))]


def test_who_gets_out_before_their_turn_moves_nobody_else() -> None:
    run = joined(empty(), planned((A, UP), (A, OFF)), trip_id=A, party=SHARED)
    run = joined(run, planned((A, UP), (B, UP), (A, OFF), (B, OFF)), trip_id=B, party=SHARED)
    run = delivered(boarded(boarded(run, A), B), B, now=START)
    assert order(run) == [(A, OFF, 4)]
    assert {c.trip_id: (c.from_place, c.to_place) for c in run.claims(also=B)} == {
        A: (1, 4), B: (2, 3),
    }  # fmt: skip


def test_a_trip_that_leaves_lets_the_others_close_up() -> None:
    run = boarded(alone(), A)
    run = joined(run, planned((A, OFF), (B, UP), (B, OFF)), trip_id=B, party=ALONE)
    assert order(without(run, B)) == [(A, OFF, 2)]
    assert order(without(alone(), A)) == []


def test_a_plan_passes_over_what_was_done_since() -> None:
    plan = planned((A, OFF), (B, UP), (B, OFF))
    run = delivered(boarded(alone(), A), A, now=START)
    assert order(joined(run, plan, trip_id=B, party=ALONE)) == [(B, UP, 3), (B, OFF, 4)]


def test_a_plan_that_does_not_know_a_stop_is_overtaken() -> None:
    run = boarded(alone(), A)
    with pytest.raises(PlanOvertaken):
        joined(run, planned((B, UP), (B, OFF)), trip_id=B, party=ALONE)


@pytest.mark.parametrize(("minutes", "is_kept"), [(2, True), (1, False)])
def test_a_promise_is_kept_or_the_plan_refused(minutes: int, is_kept: bool) -> None:
    promised = {UP: START, OFF: START + timedelta(minutes=minutes)}
    run = joined(empty(), planned((A, UP), (A, OFF)), trip_id=A, party=SHARED, promised=promised)
    later = planned((A, UP), (B, UP), (A, OFF), (B, OFF))
    if is_kept:
        assert len(joined(run, later, trip_id=B, party=SHARED).ahead) == 4
    else:
        with pytest.raises(PlanOvertaken):
            joined(run, later, trip_id=B, party=SHARED)


def test_a_pick_up_out_of_turn_is_refused() -> None:
    run = boarded(alone(), A)
    run = joined(run, planned((A, OFF), (B, UP), (B, OFF)), trip_id=B, party=ALONE)
    with pytest.raises(OutOfTurn):
        check_turn(run, B)
    check_turn(delivered(run, A, now=START), B)
