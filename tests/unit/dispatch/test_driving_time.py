"""Driving time counts work, not shifts, and comes back as the window moves on."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from dispatch.driving_time import DrivingTime, Engaged
from dispatch.wishes import coarse
from foundation.measures import Point

NOW = datetime(2030, 1, 2, tzinfo=UTC)
HOUR = 3600
RULE = {"most_seconds": 10 * HOUR, "window_seconds": 24 * HOUR}


def ago(hours: float, seconds: int = HOUR) -> Engaged:
    return Engaged(ended_at=NOW - timedelta(hours=hours), seconds=seconds)


def test_what_was_driven_in_any_shift_of_the_window_is_taken_off() -> None:
    known = DrivingTime.of([ago(2), ago(20), ago(23.9)])
    assert known.seconds_left(NOW, **RULE) == 7 * HOUR


def test_driving_time_comes_back_as_the_window_moves_on() -> None:
    known = DrivingTime.of([ago(23), ago(1)])
    assert known.seconds_left(NOW, **RULE) == 8 * HOUR
    assert known.seconds_left(NOW + timedelta(hours=1), **RULE) == 9 * HOUR
    assert known.seconds_left(NOW + timedelta(hours=23), **RULE) == 10 * HOUR


def test_the_trip_under_way_counts_and_is_counted_once() -> None:
    known = DrivingTime.of([], engaged_since=NOW - timedelta(minutes=30))
    assert known.seconds_left(NOW, **RULE) == 10 * HOUR - 1800
    known.begin(NOW)  # heard again after a restart
    known.end(NOW)
    known.end(NOW + timedelta(hours=1))
    assert known.seconds_left(NOW + timedelta(hours=2), **RULE) == 10 * HOUR - 1800


def test_nobody_has_less_than_nothing_left() -> None:
    assert DrivingTime.of([ago(1, 11 * HOUR)]).seconds_left(NOW, **RULE) == 0


@given(
    work=st.lists(st.tuples(st.floats(0, 48), st.integers(0, 4 * HOUR)), max_size=30),
    later=st.lists(st.integers(0, 10), max_size=5),
)
def test_letting_go_of_what_is_old_changes_no_answer(
    work: list[tuple[float, int]], later: list[int]
) -> None:
    """Asked often or asked once: the same as summing the window anew."""
    entries = [ago(hours, seconds) for hours, seconds in work]
    known, at = DrivingTime.of(entries), NOW
    for hours in later:
        at += timedelta(hours=hours)
        begins = at - timedelta(hours=24)
        done = sum(one.seconds for one in entries if one.ended_at > begins)
        assert known.seconds_left(at, **RULE) == max(0, 10 * HOUR - done)


def test_of_a_home_a_corner_of_the_grid_is_kept() -> None:
    assert coarse(Point(-73.98765, 40.75432)) == Point(-73.99, 40.75)
