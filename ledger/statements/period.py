"""The time that a statement is of: a week by the city's clocks, or all time for one trip or shift. Pure.

A week is ISO 8601's: from Monday's first instant to before the next Monday's, in the city's zone. It is
167 or 169 hours long when the clocks change in it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from foundation.local_time import day_starts
from ledger.statements.errors import WeekUnreadable

_WEEK = re.compile(r"(\d{4})-W(\d{2})", re.ASCII)
_YEARS = range(2000, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week in a zone.

    Attributes
    ----------
    name
        As ISO 8601 writes it: `2030-W05`.
    start, end
        Its first instant and the first one after it, aware UTC.
    first, last
        Its Monday and its Sunday.
    """

    name: str
    start: datetime
    end: datetime
    first: date
    last: date


def week_named(word: str, zone: ZoneInfo) -> Week:
    """The week of that name.

    Raises
    ------
    WeekUnreadable
        If it is written otherwise, or the year has no such week.
    """
    found = _WEEK.fullmatch(word)
    if found is None or int(found[1]) not in _YEARS:
        raise WeekUnreadable(word)
    try:
        monday = date.fromisocalendar(int(found[1]), int(found[2]), 1)
    except ValueError:
        raise WeekUnreadable(word) from None
    return _week(monday, zone)


def week_of(instant: datetime, zone: ZoneInfo) -> Week:
    """The week that an instant falls into."""
    day = instant.astimezone(zone).date()
    return _week(day - timedelta(days=day.weekday()), zone)


def seconds_within(begins: datetime, ends: datetime, week: Week | None) -> int:
    """Whole seconds from `begins` to `ends`, as far as they lie in the week; all of them without one."""
    if week is not None:
        begins, ends = max(begins, week.start), min(ends, week.end)
    return max(0, (ends.astimezone(UTC) - begins.astimezone(UTC)) // timedelta(seconds=1))


def _week(monday: date, zone: ZoneInfo) -> Week:
    year, number, _ = monday.isocalendar()
    after = monday + timedelta(days=7)
    return Week(
        name=f"{year}-W{number:02d}",
        start=day_starts(monday, zone),
        end=day_starts(after, zone),
        first=monday,
        last=after - timedelta(days=1),
    )
