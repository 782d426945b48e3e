"""The open books of a month as everybody reads them, kept until another day is sealed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.money import Currency
from ledger.account import Role
from ledger.open_books import DayPaid, Flow, MonthOfMoney, account_for, released
from ledger.transfer import Kind
from storage.work import Reading

MONTHS_KEPT = 120
"""Whoever asks for more has them added up again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMonth:
    """A month as it is published.

    Attributes
    ----------
    days
        Its sealed days with their digests, first to last.
    until
        The last day that is added up; None if nothing is, and `money` is empty.
    """

    month: date
    days: tuple[DayPaid, ...]
    until: date | None
    money: tuple[MonthOfMoney, ...]


class OpenBooks:
    """Months that were added up. What is sealed never changes, so they are right for ever."""

    def __init__(self) -> None:
        self._kept: dict[date, tuple[int, OpenMonth]] = {}

    async def month(self, work: Reading, month: date) -> OpenMonth:
        """The month that begins on that day.

        Its sums are computed once for each day that is sealed, whoever asks and how often.
        """
        following = _next(month)
        sealed = {"first": month, "following": following}
        count = (await work.execute(_COUNT, sealed)).scalar_one()
        known = self._kept.get(month)
        if known is not None and known[0] == count:
            return known[1]
        found = await _month(work, month, following)
        if count:
            if len(self._kept) >= MONTHS_KEPT:
                self._kept.clear()
            self._kept[month] = (count, found)
        return found


async def _month(work: Reading, month: date, following: date) -> OpenMonth:
    rows = await work.execute(_DAYS, {"first": month, "following": following})
    days = tuple(_day(row) for row in rows)
    shown = days[: released(days)]
    money: tuple[MonthOfMoney, ...] = ()
    if shown:
        span = {"starts": shown[0].starts_at, "ends": shown[-1].ends_at}
        money = account_for([_flow(row) for row in await work.execute(_FLOWS, span)])
    return OpenMonth(month=month, days=days, until=shown[-1].day if shown else None, money=money)


def _day(row: Row[Any]) -> DayPaid:
    starts_at: datetime = row.starts_at
    return DayPaid(
        number=row.number,
        day=row.day,
        starts_at=starts_at,
        ends_at=row.ends_at,
        digest=row.digest,
        drivers=frozenset(row.drivers),
    )


def _flow(row: Row[Any]) -> Flow:
    return Flow(
        currency=Currency(row.currency),
        kind=Kind(row.kind),
        role=Role(row.role),
        code=row.code,
        minor=row.minor,
    )


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


_COUNT = text("""
    SELECT count(*) FROM ledger.sealed_day WHERE day >= :first AND day < :following
""")
_DAYS = text("""
    SELECT sealed.number, sealed.day, sealed.starts_at, sealed.ends_at, sealed.digest,
           coalesce(paid.drivers, '{}') AS drivers
    FROM ledger.sealed_day AS sealed
    CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT account.owner_id) AS drivers
        FROM ledger.transfer
        JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
        WHERE transfer.made_at >= sealed.starts_at AND transfer.made_at < sealed.ends_at
          AND transfer.state = 'posted' AND account.role = 'driver'
    ) AS paid
    WHERE sealed.day >= :first AND sealed.day < :following
    ORDER BY sealed.number
""")
_FLOWS = text("""
    SELECT currency, kind, role, code, CAST(sum(amount_minor) AS bigint) AS minor
    FROM (
        SELECT account.currency, transfer.kind, account.role, entry.amount_minor,
               CASE WHEN account.role = 'expense' OR entry.code = 'top_up' THEN entry.code ELSE '' END
                   AS code
        FROM ledger.transfer
        JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
        WHERE transfer.made_at >= :starts AND transfer.made_at < :ends
          AND transfer.state = 'posted'
    ) AS every
    GROUP BY currency, kind, role, code
    ORDER BY currency, kind, role, code
""")
