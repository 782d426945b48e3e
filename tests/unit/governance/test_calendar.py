"""Days as bylaws count them, over clock changes, holidays and midnights that do not exist."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.calendar import Calendar
from governance.errors import CalendarZoneUnknown

LONDON = Calendar(
    timezone="Europe/London", weekend=frozenset({5, 6}), holidays=frozenset({date(2026, 4, 3)})
)


def test_neither_the_day_of_sending_nor_the_day_of_meeting_counts() -> None:
    sent, held = datetime(2026, 5, 1, 23, tzinfo=UTC), datetime(2026, 5, 16, 0, 30, tzinfo=UTC)
    # 23:00 UTC is 2 May in London's summer: thirteen days lie between, not fourteen.
    assert LONDON.clear_days(sent, held) == 13
    assert LONDON.clear_days(sent - timedelta(hours=1), held) == 14
    assert LONDON.day_after_notice(sent, 14) == date(2026, 5, 17)


@pytest.mark.parametrize("changed_on", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_of_23_or_25_hours_is_one_clear_day(changed_on: date) -> None:
    sent = LONDON.start_of(changed_on - timedelta(days=1))
    held = LONDON.start_of(changed_on + timedelta(days=1))
    assert (held - sent) != timedelta(days=2)
    assert LONDON.clear_days(sent, held) == 1


def test_where_notice_counts_working_days_holidays_and_weekends_do_not() -> None:
    working = Calendar(
        timezone="Europe/London",
        weekend=LONDON.weekend,
        holidays=LONDON.holidays,
        working_days_only=True,
    )
    sent = datetime(2026, 4, 1, 12, tzinfo=UTC)  # Wednesday; Friday is the holiday
    assert working.day_after_notice(sent, 2) == date(2026, 4, 7)
    assert LONDON.day_after_notice(sent, 2) == date(2026, 4, 4)


def test_a_period_that_ends_on_a_holiday_runs_to_the_next_working_day() -> None:
    assert LONDON.last_day(date(2026, 3, 31), 4) == date(2026, 4, 6)  # Friday 3 April is a holiday
    assert LONDON.last_day(date(2026, 3, 31), 3) == date(2026, 4, 2)


@pytest.mark.parametrize(
    ("zone", "day", "hour"),
    [("America/Santiago", date(2024, 9, 8), 1), ("Africa/Cairo", date(2024, 4, 26), 1)],
)
def test_a_day_whose_midnight_does_not_exist_begins_an_hour_later(
    zone: str, day: date, hour: int
) -> None:
    calendar = Calendar(timezone=zone)
    begins = calendar.start_of(day)
    assert calendar.clock_of(begins) == f"0{hour}:00"
    assert calendar.day_of(begins) == day
    assert calendar.day_of(begins - timedelta(microseconds=1)) == day - timedelta(days=1)


@given(
    st.sampled_from(["Europe/London", "America/New_York", "America/Havana", "Africa/Cairo", "UTC",
                     "Asia/Kathmandu", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut"]),
    st.dates(min_value=date(2000, 1, 2), max_value=date(2035, 12, 30)),
)  # fmt: skip
def test_days_follow_one_another_without_gap(zone: str, day: date) -> None:
    calendar = Calendar(timezone=zone)
    begins, ends = calendar.start_of(day), calendar.end_of(day)
    assert timedelta(hours=22) < ends - begins < timedelta(hours=26)
    assert calendar.day_of(begins) == day == calendar.day_of(ends - timedelta(microseconds=1))
    assert calendar.day_of(begins - timedelta(microseconds=1)) < day


@given(
    st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2030, 1, 1)),
    st.integers(0, 60),
    st.booleans(),
)
def test_the_first_day_after_a_notice_has_just_the_days_asked_for(
    sent: datetime, days: int, working: bool
) -> None:
    calendar = Calendar(timezone="Europe/London", weekend=frozenset({6}), working_days_only=working)
    sent = sent.replace(tzinfo=UTC)
    first = calendar.day_after_notice(sent, days)
    assert calendar.clear_days(sent, calendar.start_of(first)) == days
    before = calendar.start_of(first - timedelta(days=1))
    assert calendar.clear_days(sent, before) == max(
        0, days - calendar.counts(first - timedelta(days=1))
    )


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(CalendarZoneUnknown, match="Europe/London"):
        Calendar(timezone="Europe/Londinium")
