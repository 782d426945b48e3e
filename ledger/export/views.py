"""The books as an export reads them: by day, through a cursor, never whole."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, text

from foundation.identifiers import UUID
from foundation.local_time import day_starts
from foundation.money import Currency
from ledger.account import Role
from ledger.export.books import (
    Closing,
    Decision,
    Frame,
    OpenedAccount,
    OwnedAccount,
    SealedDay,
    WrittenEntry,
    WrittenTransfer,
)
from ledger.transfer import Kind, State
from storage.work import Reading

ROWS_AT_ONCE = 2_000
"""Rows that are in memory together."""


async def read_frame(work: Reading) -> Frame:
    """What holds for the whole export: days, currencies, decisions."""
    zone = ZoneInfo((await work.execute(_ZONE)).scalar_one_or_none() or "UTC")
    span = (await work.execute(_SPAN)).one()
    first = span.first or datetime(2000, 1, 1, tzinfo=UTC)
    decisions = (await work.execute(_DECISIONS)).all()
    days = await work.execute(_DAYS)
    closes = await work.execute(_CLOSES)
    return Frame(
        title=f"The books under {decisions[0].title}" if decisions else "The books",
        zone=zone,
        first=first.astimezone(zone).date(),
        last=(span.last or first).astimezone(zone).date(),
        currencies=tuple(Currency(code) for code in span.currencies),
        decisions=tuple(
            Decision(decision_id=row.adoption_id, kind=row.kind, title=row.title, digest=row.digest)
            for row in decisions
        ),
        days=[
            SealedDay(number=row.number, day=row.day, transfers=row.transfers, digest=row.digest)
            for row in days
        ],
        closes=tuple((row.ends_at.astimezone(zone).date(), row.ends_at) for row in closes),
        transfers=span.transfers,
    )


async def list_opened(work: Reading) -> AsyncIterator[list[OpenedAccount]]:
    """Every account, in an order that says nothing of who came when, and those in
    which something stands that is set aside; in batches."""
    async for rows in _batches(work, _OPENED, {}):
        yield [
            OpenedAccount(
                role=Role(row.role),
                owner_id=row.owner_id,
                currencies=tuple(Currency(code) for code in row.currencies),
                is_pending=row.is_pending,
            )
            for row in rows
        ]


async def transfers_of_day(
    work: Reading, day: date, zone: ZoneInfo
) -> AsyncIterator[list[WrittenTransfer]]:
    """The transfers of a day of the city, in the order they were made; in batches."""
    span = {"starts": day_starts(day, zone), "ends": day_starts(day + timedelta(days=1), zone)}
    kept: list[Row[Any]] = []
    async for rows in _batches(work, _WRITTEN, span):
        # The last transfer of a batch may go on in the next one.
        kept.extend(rows)
        whole = [list(group) for _, group in groupby(kept, key=_transfer_of)]
        kept = whole.pop()
        yield [_transfer(group, day) for group in whole]
    if kept:
        yield [_transfer(kept, day)]


async def closings(
    work: Reading, day: date, ends_at: datetime, *, of_period: bool
) -> AsyncIterator[list[Closing]]:
    """What accounts came to before `ends_at`, in batches.

    Parameters
    ----------
    day
        The first one that is not counted.
    of_period
        As the period that ended then kept them, of the accounts that changed in it; otherwise of
        all accounts, added up anew.
    """
    statement = _CLOSED if of_period else _BALANCES
    async for rows in _batches(work, statement, {"ends_at": ends_at}):
        yield [
            Closing(
                day=day,
                account=OwnedAccount(
                    role=Role(row.role),
                    owner_id=row.owner_id,
                    currency=Currency(row.currency),
                    is_pending=row.is_pending,
                ),
                amount_minor=row.amount_minor,
            )
            for row in rows
        ]


async def _batches(
    work: Reading, statement: Any, values: dict[str, Any]
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Rows through a cursor on the server."""
    async with work.connection.stream(
        statement, values, execution_options={"yield_per": ROWS_AT_ONCE}
    ) as result:
        async for rows in result.partitions():
            yield rows


def _transfer_of(row: Row[Any]) -> UUID:
    found: UUID = row.transfer_id
    return found


def _transfer(rows: Sequence[Row[Any]], day: date) -> WrittenTransfer:
    first = rows[0]
    return WrittenTransfer(
        transfer_id=first.transfer_id,
        kind=Kind(first.kind),
        state=State(first.state),
        is_open=first.is_open,
        subject_id=first.subject_id,
        trip_id=first.trip_id,
        ordinal=first.ordinal,
        currency=Currency(first.currency),
        made_at=first.made_at,
        day=day,
        resolves=first.resolves,
        reverses=first.reverses,
        link_id=first.link_id,
        decision_id=first.decision_id,
        tariff_rule_id=first.tariff_rule_id,
        reason=first.reason,
        made_by=first.made_by,
        entries=tuple(
            WrittenEntry(
                role=Role(row.role),
                owner_id=row.owner_id,
                amount_minor=row.amount_minor,
                code=row.code,
                share_of_minor=row.share_of_minor,
                share_bps=row.share_bps,
            )
            for row in rows
            if row.line is not None
        ),
    )


_ZONE = text("""
    SELECT CAST(body AS jsonb) ->> 'timezone' FROM rulebook.rule
    WHERE kind = 'tariff' ORDER BY version DESC LIMIT 1
""")
_SPAN = text("""
    SELECT min(made_at) AS first, max(made_at) AS last, count(*) AS transfers,
           coalesce(array_agg(DISTINCT currency), '{}') AS currencies
    FROM ledger.transfer
""")
_DECISIONS = text("""
    SELECT adoption_id, kind, title, digest FROM rulebook.adoption ORDER BY adopted_at, adoption_id
""")
_DAYS = text("SELECT number, day, transfers, digest FROM ledger.sealed_day ORDER BY number")
_CLOSES = text("SELECT ends_at FROM ledger.period ORDER BY ends_at")
_OPENED = text("""
    SELECT role, owner_id, is_pending, array_agg(DISTINCT currency) AS currencies
    FROM (
        SELECT role, owner_id, false AS is_pending, currency FROM ledger.account
        UNION ALL
        SELECT account.role, account.owner_id, true, account.currency
        FROM ledger.transfer
        JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
        WHERE transfer.state = 'pending' AND NOT EXISTS (
            SELECT FROM ledger.transfer AS ending WHERE ending.resolves = transfer.transfer_id)
    ) AS every
    GROUP BY role, owner_id, is_pending
    ORDER BY role, sha256(convert_to(CAST(owner_id AS text), 'UTF8')), is_pending
""")
_WRITTEN = text("SELECT * FROM ledger.written(:starts, :ends)")
_BALANCES = text("SELECT * FROM ledger.balances_at(:ends_at)")
_CLOSED = text("""
    SELECT account.role, account.owner_id, account.currency, false AS is_pending,
           closed.amount_minor
    FROM ledger.closed_balance AS closed
    JOIN ledger.account USING (account_id)
    LEFT JOIN ledger.period ON period.ends_at = closed.ends_at
    LEFT JOIN ledger.closed_balance AS before
        ON before.account_id = closed.account_id AND before.ends_at = period.previous_ends_at
    WHERE closed.ends_at = :ends_at AND before.amount_minor IS DISTINCT FROM closed.amount_minor
    ORDER BY account.role, account.account_id
""")
