"""Days as bylaws count them: whole local days of the city, clear days, and the last day of a period.

Owns the way from an instant to a day and back. A day begins with its first instant by the city's
clock, wherever clocks are changed; a day of 23 or 25 hours is one day. Refuses to know which
holidays there are: they come as data.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from governance.errors import CalendarZoneUnknown

DAY = timedelta(days=1)
SEARCH_DAYS_MAX = 3_700
"""No rule looks further ahead than ten years; a calendar without working days ends here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """A city's days.

    Attributes
    ----------
    timezone
        IANA name.
    weekend
        Days of the week that are no working days, Monday is 0.
    holidays
        Local days that are none either.
    working_days_only
        Whether clear days are working days; otherwise every day counts.
    """

    timezone: str
    weekend: AbstractSet[int] = frozenset()
    holidays: AbstractSet[date] = frozenset()
    working_days_only: bool = False

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise CalendarZoneUnknown(self.timezone) from None
        assert len(self.weekend) < 7, "a week without a working day has no end"

    def day_of(self, instant: datetime) -> date:
        """The local day of an aware instant."""
        assert instant.tzinfo is not None, "an instant names its offset"
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def clock_of(self, instant: datetime) -> str:
        """The local time of day of an aware instant, as minutes show it: "19:05"."""
        return instant.astimezone(ZoneInfo(self.timezone)).strftime("%H:%M")

    def start_of(self, day: date) -> datetime:
        """The first instant of a local day, aware UTC.

        Where clocks go forward over midnight the day begins with the hour that exists; where they
        go back over it, with the first of the two midnights.
        """
        zone = ZoneInfo(self.timezone)
        # Of a midnight that does not exist, fold=1 takes the offset after the change: an instant
        # that still belongs to the day before. The later of the two is the day's own.
        first, second = (
            datetime.combine(day, time(fold=fold), tzinfo=zone).astimezone(UTC) for fold in (0, 1)
        )
        if self.day_of(min(first, second)) == day:
            return min(first, second)
        return _first_instant(self, day, min(first, second), max(first, second))

    def end_of(self, day: date) -> datetime:
        """The instant at which a local day is over, aware UTC."""
        return self.start_of(day + DAY)

    def is_working_day(self, day: date) -> bool:
        """Whether a day is neither of the weekend nor a holiday."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def counts(self, day: date) -> bool:
        """Whether a day counts towards a notice."""
        return not self.working_days_only or self.is_working_day(day)

    def clear_days(self, sent_at: datetime, held_at: datetime) -> int:
        """Days of notice: neither the day of sending nor the day of meeting counts.

        Parameters
        ----------
        sent_at, held_at
            Aware instants.
        """
        first, last = self.day_of(sent_at), self.day_of(held_at)
        days = (first + DAY * step for step in range(1, (last - first).days))
        return sum(1 for day in days if self.counts(day))

    def day_after_notice(self, sent_at: datetime, clear_days: int) -> date:
        """The first day on which a meeting may be held, or a vote may open.

        Parameters
        ----------
        sent_at
            When the notice was sent, aware.
        clear_days
            How many days must lie between.
        """
        assert clear_days >= 0, "a notice has no negative days"
        day = self.day_of(sent_at)
        left = clear_days
        for _ in range(SEARCH_DAYS_MAX):
            day += DAY
            if left == 0:
                return day
            if self.counts(day):
                left -= 1
        raise AssertionError("a notice of more than ten years")

    def last_day(self, first: date, days: int) -> date:
        """The last day of a period of `days` days that begins with `first`.

        If that is no working day, the period runs to the end of the next one (Regulation (EEC,
        Euratom) No 1182/71, article 3(4)); it is never shortened.
        """
        assert days >= 1, "a period has a day at least"
        day = first + DAY * (days - 1)
        while not self.is_working_day(day):
            day += DAY
        return day


def _first_instant(calendar: Calendar, day: date, before: datetime, after: datetime) -> datetime:
    """The instant between two at which `day` begins, to the second."""
    span = int((after - before).total_seconds())
    low, high = 0, span
    while low < high:
        middle = (low + high) // 2
        if calendar.day_of(before + timedelta(seconds=middle)) < day:
            low = middle + 1
        else:
            high = middle
    return before + timedelta(seconds=low)
