"""What somebody types for a time is one instant by the city's clocks, or is asked back."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.local_time import LocalTimeSkipped
from khan.wanted_time import TimeMeansTwo, TimeUnreadable, instant_wanted, read_time, said_of

NEW_YORK = ZoneInfo("America/New_York")


def wanted(text: str, now: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return instant_wanted(read_time(text), now=datetime.fromisoformat(now), zone=zone)


@pytest.mark.parametrize(
    ("text", "now", "meant"),
    [
        # Later today, already past, and this very minute.
        ("20:30", "2026-07-01T20:00-04:00", "2026-07-01T20:30-04:00"),
        ("9:05", "2026-07-01T20:00-04:00", "2026-07-02T09:05-04:00"),
        (" 20:00 ", "2026-07-01T20:00-04:00", "2026-07-02T20:00-04:00"),
        # Today is the city's today: in London it is tomorrow already.
        ("23:00", "2026-07-02T02:30+00:00", "2026-07-01T23:00-04:00"),
        ("2026-07-04T20:30", "2026-07-01T20:00-04:00", "2026-07-04T20:30-04:00"),
        ("2026-07-04 20:30:15", "2026-07-01T20:00-04:00", "2026-07-04T20:30:15-04:00"),
        ("2026-07-04T20:30+02:00", "2026-07-01T20:00-04:00", "2026-07-04T18:30+00:00"),
        # A day that is over is the service's to refuse.
        ("2026-06-04T20:30", "2026-07-01T20:00-04:00", "2026-06-04T20:30-04:00"),
        ("2025-11-02T01:30", "2026-07-01T20:00-04:00", "2025-11-02T01:30-05:00"),
        # Tomorrow is after a change, or today goes over one.
        ("08:00", "2026-10-31T20:00-04:00", "2026-11-01T08:00-05:00"),
        ("08:00", "2026-03-07T20:00-05:00", "2026-03-08T08:00-04:00"),
        # The clocks showed it once already today, and will again.
        ("01:30", "2026-11-01T01:40-04:00", "2026-11-01T01:30-05:00"),
        ("01:30", "2026-11-01T01:10-05:00", "2026-11-01T01:30-05:00"),
        ("01:30", "2026-11-01T01:40-05:00", "2026-11-02T01:30-05:00"),
        # The clocks went over it already today: tomorrow's.
        ("02:30", "2026-03-08T03:10-04:00", "2026-03-09T02:30-04:00"),
        # With an offset, the hour that comes twice is one instant.
        ("2026-11-01T01:30-04:00", "2026-10-31T20:00-04:00", "2026-11-01T01:30-04:00"),
        ("2026-11-01T01:30-05:00", "2026-10-31T20:00-04:00", "2026-11-01T01:30-05:00"),
    ],
)
def test_a_time_by_the_clocks_of_the_city(text: str, now: str, meant: str) -> None:
    found = wanted(text, now)
    assert found == datetime.fromisoformat(meant)
    assert found.tzinfo is UTC


@pytest.mark.parametrize("text", ["01:30", "2026-11-01T01:30"])
@pytest.mark.parametrize("now", ["2026-10-31T20:00-04:00", "2026-11-01T01:10-04:00"])
def test_a_time_that_comes_twice_is_asked_back_in_words_that_can_be_typed(
    text: str, now: str
) -> None:
    with pytest.raises(TimeMeansTwo) as told:
        wanted(text, now)
    sentence = told.value.sentence
    for typed in ("2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00"):
        assert typed in sentence
        assert wanted(typed, now) == datetime.fromisoformat(typed)


@pytest.mark.parametrize("text", ["02:30", "2026-03-08T02:30"])
@pytest.mark.parametrize("now", ["2026-03-07T20:00-05:00", "2026-03-08T01:10-05:00"])
def test_a_time_that_no_clock_shows_is_refused(text: str, now: str) -> None:
    with pytest.raises(LocalTimeSkipped, match="2026-03-08 03:30"):
        wanted(text, now)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "25:00", "20:61", "8", "20:30:00", "20.30", "2026-11-01", "2026-13-01T10:00",
     "2026-02-30T10:00", "20261101T1000", "0001-01-01T00:00", "9999-12-31T23:59",
     "2026-11-01T10:00 please", "٢٠:٣٠"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeUnreadable):
        read_time(text)


@given(
    minute=st.integers(0, 24 * 60 - 1),
    now=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    zone=st.sampled_from(
        ["America/New_York", "Europe/Madrid", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Cairo"]
    ),
)
def test_a_time_of_the_day_is_the_next_at_which_the_clocks_show_it(
    minute: int, now: datetime, zone: str
) -> None:
    text, place = f"{minute // 60:02d}:{minute % 60:02d}", ZoneInfo(zone)
    try:
        found = instant_wanted(read_time(text), now=now, zone=place)
    except (LocalTimeSkipped, TimeMeansTwo):
        return
    assert f"{found.astimezone(place):%H:%M}" == text
    assert timedelta(0) < found - now <= timedelta(hours=26)
    # Nothing sooner shows it: seen minute by minute, by the clock alone.
    start = now.replace(second=0, microsecond=0)
    sooner = (start + timedelta(minutes=k) for k in range(1, 27 * 60))
    first = next(each for each in sooner if f"{each.astimezone(place):%H:%M}" == text)
    assert found == first


def test_an_instant_is_said_with_its_offset() -> None:
    first, second = (datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6))
    assert said_of(first, NEW_YORK) == "Sunday 2026-11-01 01:30 (UTC-04:00)"
    assert said_of(second, NEW_YORK) == "Sunday 2026-11-01 01:30 (UTC-05:00)"
