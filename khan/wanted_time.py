"""When somebody at a terminal wants a car: what they type, and the instant that they mean.

Pure: the present and the zone come in. What the clocks of a city show means one instant, or it is
asked back; nothing is guessed at a clock change but what is past already.
"""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from foundation.errors import Invalid
from foundation.local_time import LocalTimeSkipped, Which, instant_of

_OF_THE_DAY = re.compile(r"\d{1,2}:\d{2}")
_OF_A_DAY = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")
_YEARS = (1900, 9000)
"""Local time of any of them can be reckoned with."""


class TimeUnreadable(Invalid):
    """What was typed is no time."""

    code = "time_unreadable"

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not a time like 20:30 or 2026-11-01T20:30.", text=text)


class TimeMeansTwo(Invalid):
    """The clocks go back over that time of the day, and both are still to come."""

    code = "time_means_two"

    def __init__(self, first: datetime, second: datetime) -> None:
        super().__init__(
            f"The clocks there show {first:%Y-%m-%d %H:%M} twice; say "
            f"{first.isoformat(timespec='minutes')} or {second.isoformat(timespec='minutes')}.",
            first=first.isoformat(),
            second=second.isoformat(),
        )


def read_time(text: str) -> time | datetime:
    """What was typed: `HH:MM`, or a date with a time, with an offset from UTC or without.

    Raises
    ------
    TimeUnreadable
    """
    said = text.strip()
    try:
        if _OF_THE_DAY.fullmatch(said):
            return time.fromisoformat(said.zfill(len("HH:MM")))
        if _OF_A_DAY.fullmatch(said):
            reading = datetime.fromisoformat(said)
            if _YEARS[0] <= reading.year <= _YEARS[1]:
                return reading
    except ValueError:
        pass
    raise TimeUnreadable(text)


def instant_wanted(said: time | datetime, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The instant that is meant.

    A time of the day is today's by the clocks of the zone if that is still to come, else
    tomorrow's. In the hour that a clock change repeats, it is the one still to come if only one is.

    Parameters
    ----------
    said
        As `read_time` gives it; with an offset it is an instant already.
    now
        Aware.
    zone
        Where the clocks hang.

    Returns
    -------
    datetime
        Aware, UTC. A date that lies in the past is given back as said: the service refuses it.

    Raises
    ------
    TimeMeansTwo
        If the clocks show it twice, and both are still to come.
    foundation.local_time.LocalTimeSkipped
        If the clocks go forward over it.
    """
    if isinstance(said, datetime):
        if said.tzinfo is not None:
            return said.astimezone(UTC)
        return _one_of(_shown(said, zone), now, zone) or instant_of(said, zone, which=Which.SECOND)
    here = now.astimezone(zone).replace(tzinfo=None)
    wall = datetime.combine(here.date(), said)
    try:
        shown = _shown(wall, zone)
    except LocalTimeSkipped:
        if wall > here:
            raise
        shown = []  # the clocks went over it already
    found = _one_of(shown, now, zone)
    if found is not None:
        return found
    tomorrow = wall + timedelta(days=1)
    found = _one_of(_shown(tomorrow, zone), now, zone)
    assert found is not None, "tomorrow is still to come"
    return found


def said_of(instant: datetime, zone: ZoneInfo) -> str:
    """An instant for people there, as `Sunday 2026-11-01 01:30 (UTC-05:00)`."""
    local = instant.astimezone(zone)
    offset = local.isoformat()[-len("+00:00") :]
    return f"{local:%A %Y-%m-%d %H:%M} (UTC{offset})"


def _shown(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants at which the clocks show a reading: one, or two in order."""
    return list(dict.fromkeys(instant_of(wall, zone, which=which) for which in Which))


def _one_of(instants: list[datetime], now: datetime, zone: ZoneInfo) -> datetime | None:
    """The one still to come; None if none is."""
    ahead = [instant for instant in instants if instant > now]
    if len(ahead) > 1:
        raise TimeMeansTwo(*(instant.astimezone(zone) for instant in ahead))
    return ahead[0] if ahead else None
