"""Who joins whom in a round: the cheapest place, one rider a run, and the same answer again."""

import pytest

from dispatch.matching.errors import RoundUnreadable
from dispatch.matching.shared.joining import Wish, decided_again, encode, join
from dispatch.matching.shared.run import Run, Stop, StopKind
from tests.matching_world import driver_id, trip_id
from tests.shared_runs import line_of, ride

ROADS = line_of(20)
UP, OFF = StopKind.PICKUP, StopKind.DROPOFF


def on_the_way(driver: int, rider: int, *, at: int, to: int, seats: int = 4) -> Run:
    """A driver at a place of the street, about to fetch a rider one place on."""
    return Run(
        driver_id=driver_id(driver), place=at, free_at_ms=0, seats=seats,
        trips=(ride(rider, at + 1, to, roads=ROADS),),
        stops=(Stop(UP, trip_id(rider)), Stop(OFF, trip_id(rider))),
    )  # fmt: skip


def wish(rider: int, pickup: int, dropoff: int, *runs: Run, seats: int = 1) -> Wish:
    return Wish(trip=ride(rider, pickup, dropoff, roads=ROADS, seats=seats), runs=runs, roads=ROADS)


def test_a_rider_joins_the_run_that_passes_by() -> None:
    passing, turning = on_the_way(1, 1, at=0, to=10), on_the_way(2, 2, at=8, to=18)
    (found,) = join([wish(9, 3, 7, turning, passing)])
    assert (found.driver_id, found.trip_id) == (driver_id(1), trip_id(9))
    assert found.insertion.terms.added_drive_ms == 0


def test_of_equal_runs_the_driver_with_the_lower_identifier_is_asked() -> None:
    twins = [on_the_way(number, number, at=0, to=10) for number in (2, 1)]
    (found,) = join([wish(9, 3, 7, *twins)])
    assert found.driver_id == driver_id(1)


def test_one_rider_joins_a_run_in_a_round_and_the_first_in_turn_has_it() -> None:
    run = on_the_way(1, 1, at=0, to=10)
    found = join([wish(8, 4, 6, run), wish(9, 3, 7, run)])
    assert [(one.wish, one.trip_id) for one in found] == [(0, trip_id(8))]


def test_a_way_that_saves_nothing_is_not_shared() -> None:
    run = on_the_way(1, 1, at=5, to=8)
    assert join([wish(9, 8, 10, run)]) == (), "two places more for a ride of two places"
    assert len(join([wish(9, 7, 9, run)])) == 1


def test_nobody_joins_where_there_is_no_seat() -> None:
    assert join([wish(9, 3, 7, on_the_way(1, 1, at=0, to=10, seats=1))]) == ()
    assert join([wish(9, 3, 7, on_the_way(1, 1, at=0, to=10, seats=2), seats=2)]) == ()


def test_I15_the_stored_question_gives_the_stored_answer() -> None:
    wishes = [wish(8, 4, 6, on_the_way(1, 1, at=0, to=10)), wish(9, 3, 7)]
    encoded = encode(wishes, join(wishes))
    assert decided_again(encoded) == encoded


def test_another_answer_is_noticed_and_damage_refused() -> None:
    wishes = [wish(8, 4, 6, on_the_way(1, 1, at=0, to=10))]
    told_otherwise = encode(wishes, [])
    assert decided_again(told_otherwise) != told_otherwise
    with pytest.raises(RoundUnreadable):
        decided_again(encode(wishes, []).replace(b"seats", b"chair"))
