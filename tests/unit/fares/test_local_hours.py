"""The tariff follows the clock on the wall, through nights, holidays and both clock changes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from fares.hours import Window, minute_of
from fares.price import Journey, choose_rule
from fares.tariff import parse_tariff

# The clock changes of these zones in 2014: (UTC instant, offset in minutes from then on).
CHANGES = {
    "America/New_York": [
        ("2014-01-01T00:00", -300), ("2014-03-09T07:00", -240), ("2014-11-02T06:00", -300),
    ],
    "Europe/London": [("2014-01-01T00:00", 0), ("2014-03-30T01:00", 60), ("2014-10-26T01:00", 0)],
    "Australia/Lord_Howe": [
        ("2014-01-01T00:00", 660), ("2014-04-05T15:00", 630), ("2014-10-04T15:30", 660),
    ],
    "Asia/Kathmandu": [("2014-01-01T00:00", 345), ("2014-06-01T00:00", 345)],
}  # fmt: skip


def tariff(timezone: str = "America/New_York", **night: Any) -> dict[str, Any]:
    return {
        "name": "Two rules",
        "currency": "USD",
        "minor_digits": 2,
        "timezone": timezone,
        "vehicle_classes": ["standard"],
        "calendars": {"holidays": ["2014-12-25"]},
        "rules": [{"name": "day", "priority": 0}, {"name": "night", "priority": 1} | night],
        "share": {"driver_bps": 10000, "coop_bps": 0, "city_bps": 0},
    }


def rule_at(body: dict[str, Any], at: datetime) -> str:
    journey = Journey(metres=1000, seconds=100, vehicle_class="standard")
    return choose_rule(parse_tariff(body), journey, at).name


def new_york(text: str, offset: str = "-05:00") -> datetime:
    return datetime.fromisoformat(f"{text}:00{offset}")


@pytest.mark.parametrize(
    ("at", "rule"),
    [
        (new_york("2014-12-19T21:59"), "day"),  # Friday
        (new_york("2014-12-19T22:00"), "night"),
        (new_york("2014-12-20T05:59"), "night"),  # Saturday, and still Friday's night
        (new_york("2014-12-20T06:00"), "day"),
        (new_york("2014-12-20T22:00"), "day"),  # Saturday's night is another
        (new_york("2014-12-19T02:00"), "day"),  # Thursday's night
    ],
)
def test_a_night_belongs_to_the_day_it_began(at: datetime, rule: str) -> None:
    body = tariff(days=["fri"], start_local="22:00", end_local="06:00")
    assert rule_at(body, at) == rule


@pytest.mark.parametrize(
    ("day", "rule"), [("24", "day"), ("25", "night"), ("26", "day"), ("28", "night")]
)
def test_sundays_and_holidays(day: str, rule: str) -> None:
    body = tariff(days=["sun"], calendar="holidays")
    assert rule_at(body, new_york(f"2014-12-{day}T12:00")) == rule


def test_a_holiday_alone() -> None:
    body = tariff(calendar="holidays")
    assert rule_at(body, new_york("2014-12-25T00:00")) == "night"
    assert rule_at(body, new_york("2014-12-24T23:59")) == "day"
    assert rule_at(body, new_york("2014-12-26T00:00")) == "day"
    assert rule_at(body, new_york("2014-12-28T12:00")) == "day"  # a Sunday


def test_until_midnight_is_written_24() -> None:
    body = tariff(start_local="20:00", end_local="24:00")
    assert rule_at(body, new_york("2014-12-24T23:59")) == "night"
    assert rule_at(body, new_york("2014-12-25T00:00")) == "day"


def test_in_the_hour_that_comes_twice_both_are_in_the_window() -> None:
    body = tariff(start_local="01:00", end_local="02:00")
    first, second = (
        datetime(2014, 11, 2, 5, 30, tzinfo=UTC),
        datetime(2014, 11, 2, 6, 30, tzinfo=UTC),
    )
    assert rule_at(body, first) == rule_at(body, second) == "night"
    assert rule_at(body, first - timedelta(minutes=31)) == "day"
    assert rule_at(body, second + timedelta(minutes=30)) == "day"


def test_an_hour_that_is_skipped_never_comes() -> None:
    body = tariff(start_local="02:00", end_local="03:00")
    begin = datetime(2014, 3, 9, 5, tzinfo=UTC)
    rules = {rule_at(body, begin + timedelta(minutes=minute)) for minute in range(300)}
    assert rules == {"day"}


def local_by_hand(zone: str, at: datetime) -> datetime:
    """The clock's reading from the table above: another way than the one under test."""
    offset = CHANGES[zone][0][1]
    for instant, minutes in CHANGES[zone]:
        if at >= datetime.fromisoformat(instant + "+00:00"):
            offset = minutes
    return at.replace(tzinfo=None) + timedelta(minutes=offset)


def holds_by_hand(local: datetime, days: set[int], start: int, end: int) -> bool:
    """The window written out as intervals of local time, one for each day."""
    for back in (0, 1):
        day = datetime(local.year, local.month, local.day) - timedelta(days=back)
        length = (end - start) % 1440
        begins = day + timedelta(minutes=start)
        if day.weekday() in days and begins <= local < begins + timedelta(minutes=length):
            return True
    return False


@pytest.mark.parametrize("zone", sorted(CHANGES))
def test_every_minute_around_each_clock_change_has_the_rule_of_its_reading(zone: str) -> None:
    """Ten hours a change, each minute and the microsecond before it; windows that touch it."""
    spans = [(0, 180), (60, 120), (120, 180), (90, 150), (1380, 150), (1320, 360)]
    windows = [
        (Window(weekdays=frozenset({5, 6}), start_minute=start, end_minute=end), start, end)
        for start, end in spans
    ]
    parsed = parse_tariff(tariff(zone)).zone
    for instant, _ in CHANGES[zone][1:]:
        change = datetime.fromisoformat(instant + "+00:00")
        for minute in range(-300, 300):
            for at in (
                change + timedelta(minutes=minute),
                change + timedelta(minutes=minute, microseconds=-1),
            ):
                local = at.astimezone(parsed)
                expected = local_by_hand(zone, at)
                assert local.replace(tzinfo=None) == expected
                for window, start, end in windows:
                    assert window.holds(local) == holds_by_hand(expected, {5, 6}, start, end)


def test_clock_readings() -> None:
    assert [minute_of(clock) for clock in ("00:00", "09:05", "24:00")] == [0, 545, 1440]
    assert Window().is_always
    assert not Window(dates=frozenset({date(2014, 12, 25)})).is_always
