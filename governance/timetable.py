"""When a text is frozen, a vote opens and closes: planned at the notice, never shortened.

Days are the bylaws' calendar days. Time in which nobody could vote is given back at the end.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from governance.bylaws import Bylaws
from governance.errors import NoticeTooShort
from governance.matter import Matter


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """The instants of a vote, aware UTC: open from `opens_at` to before `closes_at`."""

    notice_at: datetime
    freezes_at: datetime
    opens_at: datetime
    closes_at: datetime

    def __post_init__(self) -> None:
        assert self.notice_at <= self.freezes_at <= self.opens_at < self.closes_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which nobody could vote, from its first instant to before its end."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        assert self.since < self.until, "an outage ends after it begins"


def plan_vote(
    bylaws: Bylaws, matter: Matter, *, notice_at: datetime, opens_on: date | None = None
) -> Timetable:
    """The timetable of a vote whose notice is sent at `notice_at`.

    Parameters
    ----------
    opens_on
        The local day on which it opens; None is the first that the notice allows.

    Raises
    ------
    NoticeTooShort
        If that day comes before the clear days of notice, or the talk, are over.
    """
    calendar = bylaws.calendar
    needed = max(matter.notice_days, matter.talk_days + matter.freeze_days)
    earliest = calendar.day_after_notice(notice_at, needed)
    first = opens_on or earliest
    if first < earliest:
        given = calendar.clear_days(notice_at, calendar.start_of(first))
        raise NoticeTooShort(max(given, 0), needed)
    frozen_on = first - timedelta(days=matter.freeze_days)
    return Timetable(
        notice_at=notice_at,
        freezes_at=max(notice_at, calendar.start_of(frozen_on)),
        opens_at=calendar.start_of(first),
        closes_at=calendar.end_of(calendar.last_day(first, matter.vote_days)),
    )


def prolonged(timetable: Timetable, outages: Iterable[Outage]) -> Timetable:
    """The timetable with the time given back in which nobody could vote.

    Outages that overlap count once; one that begins in the time given back counts too. An outage
    before the opening or after the close changes nothing.
    """
    closes_at = timetable.closes_at
    counted_until = timetable.opens_at
    for outage in sorted(outages, key=lambda one: (one.since, one.until)):
        if outage.since >= closes_at:
            break
        since = max(outage.since, counted_until)
        closes_at += max(outage.until - since, timedelta(0))
        counted_until = max(counted_until, outage.until)
    return replace(timetable, closes_at=closes_at)
