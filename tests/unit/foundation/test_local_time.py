"""What a wall clock says across both clock changes, on both sides of the Atlantic."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.local_time import LocalTimeSkipped, LocalTimeTwice, Which, instant_of

NEW_YORK, MADRID = ZoneInfo("America/New_York"), ZoneInfo("Europe/Madrid")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # its clocks change by half an hour


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "wall", "utc"),
    [
        (NEW_YORK, "2026-03-08T01:59", "2026-03-08T06:59+00:00"),
        (NEW_YORK, "2026-03-08T03:00", "2026-03-08T07:00+00:00"),
        (MADRID, "2026-03-29T01:59", "2026-03-29T00:59+00:00"),
        (MADRID, "2026-03-29T03:00", "2026-03-29T01:00+00:00"),
        (NEW_YORK, "2026-11-01T00:59", "2026-11-01T04:59+00:00"),
        (NEW_YORK, "2026-11-01T02:00", "2026-11-01T07:00+00:00"),
        (MADRID, "2026-10-25T03:00", "2026-10-25T02:00+00:00"),
    ],
)
def test_on_either_side_of_a_change_a_reading_is_one_instant(
    zone: ZoneInfo, wall: str, utc: str
) -> None:
    assert instant_of(at(wall), zone) == at(utc)
    assert instant_of(at(wall), zone, which=Which.SECOND) == at(utc)


@pytest.mark.parametrize(
    ("zone", "wall", "told"),
    [
        (NEW_YORK, "2026-03-08T02:30", ("2026-03-08T01:30:00-05:00", "2026-03-08T03:30:00-04:00")),
        (MADRID, "2026-03-29T02:00", ("2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00")),
        (LORD_HOWE, "2026-10-04T02:15", ("2026-10-04T01:45:00+10:30", "2026-10-04T02:45:00+11:00")),
    ],
)
@pytest.mark.parametrize("which", [None, *Which])
def test_a_skipped_reading_is_refused_and_both_neighbours_are_named(
    zone: ZoneInfo, wall: str, told: tuple[str, str], which: Which | None
) -> None:
    with pytest.raises(LocalTimeSkipped) as refused:
        instant_of(at(wall), zone, which=which)
    assert (refused.value.facts["earlier"], refused.value.facts["later"]) == told


@pytest.mark.parametrize(
    ("zone", "wall", "first", "second"),
    [
        (NEW_YORK, "2026-11-01T01:30", "2026-11-01T05:30+00:00", "2026-11-01T06:30+00:00"),
        (MADRID, "2026-10-25T02:59", "2026-10-25T00:59+00:00", "2026-10-25T01:59+00:00"),
    ],
)
def test_a_repeated_reading_needs_to_be_told_which(
    zone: ZoneInfo, wall: str, first: str, second: str
) -> None:
    with pytest.raises(LocalTimeTwice, match=r"UTC[+-]\d{4}.*UTC[+-]\d{4}") as refused:
        instant_of(at(wall), zone)
    assert at(refused.value.facts["first"]) == at(first)
    assert at(refused.value.facts["second"]) == at(second)
    assert instant_of(at(wall), zone, which=Which.FIRST) == at(first)
    assert instant_of(at(wall), zone, which=Which.SECOND) == at(second)


@given(
    wall=st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2037, 12, 31)),
    zone=st.sampled_from([NEW_YORK, MADRID, LORD_HOWE]),
    which=st.sampled_from([None, *Which]),
)
def test_an_instant_shows_the_reading_it_came_from_or_there_is_none(
    wall: datetime, zone: ZoneInfo, which: Which | None
) -> None:
    try:
        found = instant_of(wall, zone, which=which)
    except LocalTimeSkipped:
        around = (wall.replace(tzinfo=zone, fold=f).utcoffset() for f in (0, 1))
        assert next(around) != next(around)
    except LocalTimeTwice as twice:
        apart = at(twice.facts["second"]) - at(twice.facts["first"])
        assert timedelta(0) < apart <= timedelta(hours=1)
        assert which is None
    else:
        assert found.tzinfo is UTC
        assert found.astimezone(zone).replace(tzinfo=None, fold=0) == wall
