"""A run and its seats: who may join where, and what a change leaves to the others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.errors import OutOfTurn, PlanOvertaken
from dispatch.run import (
    Party,
    Planned,
    Run,
    Stop,
    StopKind,
    check_turn,
    delivered,
    joined,
    share_counted,
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


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


def ridden(rides: dict[TripId, tuple[int, int]], *, until: int) -> Run:
    """A run in which riders got in and out in those minutes, as it stands at a minute."""
    done = [(begin, trip_id, UP) for trip_id, (begin, _) in rides.items() if begin <= until]
    done += [(end, trip_id, OFF) for trip_id, (_, end) in rides.items() if end < until]
    return replace(
        empty(),
        stops=tuple(
            Stop(
                trip_id=trip_id, kind=kind, place=place, expected_at=minute(at), done_at=minute(at)
            )
            for place, (at, trip_id, kind) in enumerate(sorted(done), start=1)
        ),
    )


@pytest.mark.parametrize(
    ("others", "share"),
    [
        ({}, Fraction(1)),
        ({B: (2, 8)}, Fraction(4, 10)),  # all of B's way was in A's time
        ({B: (2, 30)}, Fraction(1)),  # B is on board still, and counts the rest
        ({B: (-5, 3)}, Fraction(7, 10)),
        ({B: (1, 6), C: (4, 8)}, Fraction(3, 10)),  # once, though two were there
        ({B: (-5, -1)}, Fraction(1)),
    ],
)
def test_of_a_ride_that_counts_which_no_other_trip_has_counted(
    others: dict[TripId, tuple[int, int]], share: Fraction
) -> None:
    run = ridden({A: (0, 10), **others}, until=10)
    assert share_counted(run, A, boarded_at=minute(0), now=minute(10)) == share


def test_a_ride_of_no_time_counts_whole() -> None:
    assert share_counted(empty(), A, boarded_at=START, now=START) == 1


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), min_size=1, max_size=5))
def test_the_shares_of_a_run_sum_to_the_time_with_anybody_on_board(
    given_rides: list[tuple[int, int]],
) -> None:
    # Ends that differ: two who get out in the same instant do so one after the other.
    rides = {
        TripId(UUID(int=number)): (10 * begin, 10 * (begin + long) + number)
        for number, (begin, long) in enumerate(given_rides, start=1)
    }
    counted = sum(
        share_counted(ridden(rides, until=end), trip_id, boarded_at=minute(begin), now=minute(end))
        * (end - begin)
        for trip_id, (begin, end) in rides.items()
    )
    with_anybody = {at for begin, end in rides.values() for at in range(begin, end)}
    assert counted == len(with_anybody)
