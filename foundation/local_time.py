"""From what a clock on the wall says to the instant that is meant, also when clocks change.

A reading is refused where it cannot be meant: in the hour that a change skips, and in the hour
that it repeats unless the person says which of the two. IANA zones know every change.
"""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from foundation.errors import Invalid


class Which(StrEnum):
    """Which of two: in the hour that a clock change repeats, before it or after it."""

    FIRST = "first"
    SECOND = "second"


class LocalTimeSkipped(Invalid):
    """The clocks go forward over that time of the day; no clock shows it."""

    code = "local_time_skipped"

    def __init__(self, wall: datetime, earlier: datetime, later: datetime) -> None:
        super().__init__(
            f"No clock shows {_said(wall)} there: the clocks go forward over it. "
            f"Say {_said(earlier)} or {_said(later)}.",
            earlier=earlier.isoformat(),
            later=later.isoformat(),
        )


class LocalTimeTwice(Invalid):
    """The clocks go back over that time of the day; they show it twice."""

    code = "local_time_twice"

    def __init__(self, wall: datetime, first: datetime, second: datetime) -> None:
        super().__init__(
            f"The clocks show {_said(wall)} twice there: say whether the first (UTC{first:%z}) or "
            f"the second (UTC{second:%z}) is meant.",
            first=first.isoformat(),
            second=second.isoformat(),
        )


def day_starts(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day by the clocks of a zone, aware UTC.

    Where clocks go forward over midnight it is the instant of that change.
    """
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def instant_of(wall: datetime, zone: ZoneInfo, *, which: Which | None = None) -> datetime:
    """The instant at which the clocks of a zone show a reading.

    Parameters
    ----------
    wall
        What the clock shows, without an offset.
    zone
        Where the clock hangs.
    which
        Which of two is meant, in the hour that a clock change repeats; means nothing elsewhere.

    Returns
    -------
    datetime
        Aware, UTC.

    Raises
    ------
    LocalTimeSkipped
        If no clock there ever shows it.
    LocalTimeTwice
        If the clocks show it twice and `which` does not say which is meant.
    """
    assert wall.tzinfo is None, "a reading has no offset"
    # PEP 495: before a change, and after it. A reading in a gap comes back as another one.
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    shown = before.astimezone(zone).replace(tzinfo=None, fold=0)
    if shown != wall:
        raise LocalTimeSkipped(wall, after.astimezone(zone), before.astimezone(zone))
    if before != after and which is None:
        raise LocalTimeTwice(wall, before.astimezone(zone), after.astimezone(zone))
    return after if which is Which.SECOND else before


def _said(reading: datetime) -> str:
    return f"{reading:%Y-%m-%d %H:%M}"
