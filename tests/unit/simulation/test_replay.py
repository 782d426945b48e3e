"""A recorded day replayed: the recorded places, the recorded shape, and chance by the seed."""

from collections import Counter
from itertools import islice, takewhile

import numpy as np
import pytest

from foundation.chance import SeededChance
from foundation.measures import Point, distance_metres
from simulation.replay import (
    SAME_PLACE_METRES,
    RecordedTrip,
    TripWish,
    replay,
    riders_in_hour,
    usable_trips,
)

HERE, THERE, FAR = Point(10.0, 50.0), Point(10.02, 50.0), Point(11.0, 50.0)


def trip(second: int, pickup: Point = HERE, dropoff: Point = THERE) -> RecordedTrip:
    return RecordedTrip(second=second, pickup=pickup, dropoff=dropoff, passengers=1)


def day(each_minute: int = 2) -> list[RecordedTrip]:
    """So many trips in every minute of the day, each from a place of its own."""
    return [
        trip(60 * minute, Point(10 + number / 1000, 50 + minute / 10_000), THERE)
        for minute in range(1440)
        for number in range(each_minute)
    ]


def first_hour(
    trips: list[RecordedTrip], *, start: int = 0, seed: int = 7, riders: float | None = None
) -> list[TripWish]:
    wishes = replay(trips, start_second=start, chance=SeededChance(seed), riders_per_hour=riders)
    return list(takewhile(lambda wish: wish.after_seconds < 3600, wishes))


def test_every_recorded_trip_comes_once_in_its_minute_and_in_order() -> None:
    trips = day()
    wishes = first_hour(trips)
    assert Counter(w.pickup for w in wishes) == Counter(t.pickup for t in trips if t.second < 3600)
    minute_of = {t.pickup: t.second // 60 for t in trips}
    assert all(int(w.after_seconds // 60) == minute_of[w.pickup] for w in wishes)
    assert [w.after_seconds for w in wishes] == sorted(w.after_seconds for w in wishes)
    assert len({w.after_seconds % 60 for w in wishes}) == len(wishes)


def test_a_trip_recorded_to_the_second_keeps_its_second() -> None:
    assert [w.after_seconds for w in first_hour([trip(90)])] == [90.0]


def test_the_same_seed_gives_the_same_wishes_and_another_seed_others() -> None:
    assert first_hour(day()) == first_hour(day())
    assert first_hour(day()) != first_hour(day(), seed=8)


def test_the_order_of_the_table_means_nothing() -> None:
    assert first_hour(list(reversed(day()))) == first_hour(day())


def test_the_window_opens_where_it_is_asked_to_and_goes_on_after_midnight() -> None:
    late = trip(23 * 3600 + 59 * 60 + 30)
    early = trip(60, THERE, HERE)
    wishes = replay([early, late], start_second=23 * 3600, chance=SeededChance(1))
    first, second, third = islice(wishes, 3)
    assert first.after_seconds == 3600 - 30
    assert second.pickup == THERE
    assert 3660 <= second.after_seconds < 3720
    assert third.after_seconds == first.after_seconds + 86_400


def test_a_window_that_opens_within_a_minute_leaves_out_what_is_over() -> None:
    wishes = first_hour(day(20), start=30)
    assert wishes[0].after_seconds >= 0
    assert sum(w.after_seconds < 30 for w in wishes) < 20


@pytest.mark.parametrize("riders", [30.0, 60.0, 300.0, 1000.0])
def test_about_as_many_riders_come_as_are_asked_for(riders: float) -> None:
    count = len(first_hour(day(), riders=riders))
    assert count == pytest.approx(riders, abs=4 * np.sqrt(riders))


def test_no_riders_asked_for_are_no_riders() -> None:
    assert first_hour(day(), riders=0) == []
    assert first_hour([]) == []
    assert first_hour([], riders=100) == []


def test_riders_beyond_those_recorded_start_where_somebody_did_and_go_somewhere() -> None:
    trips = day()
    wishes = first_hour(trips, riders=1200)
    assert {w.pickup for w in wishes} <= {t.pickup for t in trips}
    assert all(distance_metres(w.pickup, w.dropoff) >= SAME_PLACE_METRES for w in wishes)


def test_an_hour_without_trips_counts_as_the_day_s_mean() -> None:
    morning = [trip(8 * 3600 + 60 * i) for i in range(48)]
    assert riders_in_hour(morning, 8 * 3600) == 48
    assert riders_in_hour(morning, 20 * 3600) == 2


def test_trips_out_of_the_city_and_to_nowhere_are_left_out_and_counted() -> None:
    next_door = Point(10.0003, 50.0)
    trips = [trip(0), trip(0, HERE, FAR), trip(0, FAR, HERE), trip(0, HERE, next_door)]
    usable = usable_trips(trips, lambda points: points[:, 0] < 10.5)
    assert usable.trips == (trips[0],)
    assert (usable.outside, usable.nowhere) == (2, 1)
    assert usable_trips([], lambda points: points[:, 0] < 0).trips == ()
