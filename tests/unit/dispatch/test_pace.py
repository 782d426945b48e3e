"""The pace of rounds: shorter when little is open, never longer than members allow."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch import pace
from dispatch.pace import next_round_ms

LONGEST = st.integers(500, 30_000)
COUNT = st.integers(0, 20_000)
WORK = st.floats(0, 100_000)


def test_the_examples_in_words_are_right() -> None:
    assert doctest.testmod(pace).failed == 0


@pytest.mark.parametrize(
    ("trips", "drivers", "expected"),
    [(0, 0, 500), (0, 50, 500), (1, 0, 1000), (1, 1, 1000), (10, 90, 600), (500, 20, 1000)],
)
def test_the_pace_follows_the_share_of_trips(trips: int, drivers: int, expected: int) -> None:
    assert next_round_ms(1000, open_trips=trips, free_drivers=drivers) == expected


def test_a_slow_round_leaves_room_for_the_rest_of_the_service() -> None:
    assert next_round_ms(2000, open_trips=0, free_drivers=9, worked_ms=400) == 1600
    assert next_round_ms(2000, open_trips=0, free_drivers=9, worked_ms=4000) == 2000


@given(LONGEST, COUNT, COUNT, WORK)
def test_nobody_waits_longer_than_members_allow(
    longest: int, trips: int, drivers: int, work: float
) -> None:
    found = next_round_ms(longest, open_trips=trips, free_drivers=drivers, worked_ms=work)

    assert longest // 2 <= found <= longest


@given(LONGEST, COUNT, COUNT, COUNT)
def test_more_open_trips_never_shorten_the_pace(
    longest: int, trips: int, more: int, drivers: int
) -> None:
    fewer = next_round_ms(longest, open_trips=trips, free_drivers=drivers)

    assert next_round_ms(longest, open_trips=trips + more, free_drivers=drivers) >= fewer
