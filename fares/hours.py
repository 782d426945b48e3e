"""Local hours, days and holidays: when a tariff's rule or surcharge applies.

An instant has exactly one local clock reading, also in the hour that a clock change repeats or
skips, so that every instant falls inside or outside a window and nothing is left to chance.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days and hours in local time.

    Attributes
    ----------
    weekdays
        0 (Monday) to 6; with `dates`, the two are joined: "Sundays and holidays". None with no
        `dates` means every day.
    dates
        Local dates of a calendar, or None.
    start_minute, end_minute
        Minutes since local midnight, start included, end left out; both None means all day. An
        end before the start runs over midnight, and belongs to the day on which it began.
    """

    weekdays: frozenset[int] | None = None
    dates: frozenset[date] | None = None
    start_minute: int | None = None
    end_minute: int | None = None

    @property
    def is_always(self) -> bool:
        """Whether every instant is inside."""
        return self.weekdays is None and self.dates is None and self.start_minute is None

    def holds(self, local: datetime) -> bool:
        """Whether the local clock reading `local` is inside."""
        day = local.date()
        if self.start_minute is not None and self.end_minute is not None:
            minute = local.hour * 60 + local.minute
            if self.start_minute < self.end_minute:
                if not self.start_minute <= minute < self.end_minute:
                    return False
            elif minute < self.end_minute:
                day -= timedelta(days=1)  # Saturday 02:00 is still Friday's night
            elif minute < self.start_minute:
                return False
        if self.weekdays is None and self.dates is None:
            return True
        if self.weekdays is not None and day.weekday() in self.weekdays:
            return True
        return self.dates is not None and day in self.dates


def minute_of(clock: str) -> int:
    """Minutes since midnight of "HH:MM"; "24:00" is 1440."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
