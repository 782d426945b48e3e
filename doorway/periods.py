"""A stretch of time as a caller asks for it."""

from datetime import datetime, timedelta

from doorway.errors import PeriodBackwards


def period(
    start: datetime | None, end: datetime | None, *, now: datetime, days: int
) -> tuple[datetime, datetime]:
    """From `start` to before `end`; the last `days` before now where they are left out.

    Raises
    ------
    PeriodBackwards
    """
    until = end or now
    since = start or until - timedelta(days=days)
    if since > until:
        raise PeriodBackwards
    return since, until
