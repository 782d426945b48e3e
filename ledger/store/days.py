"""SQL of sealed days, closed periods and reversals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID, AccountId, TransferId
from foundation.money import Currency
from ledger.account import Account, Role
from ledger.chain import SealedDay
from ledger.errors import PeriodClosedAlready, SpentMeanwhile
from ledger.reversal import Written
from ledger.store.transfers import insert_transfer
from ledger.transfer import Entry, Kind, Transfer
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork

_CLOSED_MEANWHILE = ("a_period_ends_after_it_begins", "a_period_closes_once")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedPeriod:
    """A period that was closed, and what it came to.

    Attributes
    ----------
    closed_by
        The person of the office.
    results
        Minor units by currency; below zero is a loss.
    """

    period_id: UUID
    starts_at: datetime
    ends_at: datetime
    closed_by: UUID
    closed_at: datetime
    results: dict[Currency, int]


async def find_last_sealed_day(work: Reading) -> SealedDay | None:
    """The last link of the chain."""
    row = (await work.execute(_LAST_DAY)).one_or_none()
    return None if row is None else SealedDay(**row._mapping)


async def list_sealed_days(work: Reading, *, after: int, limit: int) -> list[SealedDay]:
    """Sealed days with numbers above `after`, in their order."""
    rows = await work.execute(_DAYS, {"after": after, "limit": limit})
    return [SealedDay(**row._mapping) for row in rows]


async def find_first_instant(work: Reading) -> datetime | None:
    """When the first transfer was made; None in empty books."""
    first: datetime | None = (await work.execute(_FIRST_INSTANT)).scalar_one()
    return first


async def seal_day(
    work: UnitOfWork, day: date, *, starts_at: datetime, ends_at: datetime
) -> SealedDay:
    """Write the next link; waits for whoever is entering something now."""
    values = {"day": day, "starts_at": starts_at, "ends_at": ends_at}
    return SealedDay(**(await work.execute(_SEAL, values)).one()._mapping)


async def find_last_close(work: Reading) -> datetime | None:
    """The end of the last closed period; None if none was closed."""
    last: datetime | None = (await work.execute(_LAST_CLOSE)).scalar_one()
    return last


async def is_end_of_a_sealed_day(work: Reading, at: datetime) -> bool:
    """Whether a day was sealed that ends at `at`."""
    return (await work.execute(_SEALED_UNTIL, {"at": at})).one_or_none() is not None


async def close_period(
    work: UnitOfWork, period_id: UUID, *, ends_at: datetime, closed_by: UUID
) -> None:
    """Write the period and the balance of every account at its end.

    Raises
    ------
    PeriodClosedAlready
        If another one closed it at the same moment; the unit of work is lost.
    """
    values = {"period_id": period_id, "ends_at": ends_at, "closed_by": closed_by}
    try:
        await work.execute(_CLOSE, values)
    except IntegrityError as error:
        if constraint_of(error) in _CLOSED_MEANWHILE:
            raise PeriodClosedAlready(ends_at) from error
        raise


async def list_periods(work: Reading, *, limit: int) -> list[ClosedPeriod]:
    """The latest closed periods, the latest first."""
    rows = (await work.execute(_PERIODS, {"limit": limit})).all()
    return [
        ClosedPeriod(
            period_id=row.period_id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            closed_by=row.closed_by,
            closed_at=row.closed_at,
            results={Currency(one): minor for one, minor in sorted(row.results.items())},
        )
        for row in rows
    ]


async def results(
    work: Reading, roles: Sequence[Role], *, start: datetime | None, end: datetime
) -> dict[tuple[Role, Currency], int]:
    """Posted minor units by role and currency from `start` to before `end`, without closings."""
    rows = await work.execute(
        _RESULTS, {"roles": [role.value for role in roles], "start": start, "end": end}
    )
    return {(Role(row.role), Currency(row.currency)): row.minor for row in rows}


async def list_written_together(work: Reading, transfer_id: TransferId) -> list[Written]:
    """A transfer and those that came by the same link, that one first; empty if there is none."""
    rows = await work.execute(_WRITTEN_TOGETHER, {"transfer_id": transfer_id})
    return [
        Written(
            transfer_id=TransferId(first.transfer_id),
            kind=Kind(first.kind),
            currency=Currency(first.currency),
            entries=tuple(
                Entry(
                    account=Account(
                        role=Role(row.role),
                        currency=Currency(row.currency),
                        owner_id=row.owner_id,
                    ),
                    amount_minor=row.amount_minor,
                    code=row.code,
                )
                for row in (first, *others)
                if row.role is not None  # a void moves nothing
            ),
            link_id=first.link_id,
            is_reversed=first.is_reversed,
        )
        for _, (first, *others) in groupby(rows, key=attrgetter("transfer_id"))
    ]


async def insert_reversal(work: UnitOfWork, transfer: Transfer) -> bool:
    """Write what takes a transfer back, unless it is there; whether it was written.

    Raises
    ------
    SpentMeanwhile
        If an account that may not owe has less than is taken; the unit of work is lost.
    """
    try:
        return await insert_transfer(work, transfer)
    except IntegrityError as error:
        if constraint_of(error) == "never_more_than_there_is":
            raise SpentMeanwhile(transfer.subject_id) from error
        raise


async def closed_balances(work: Reading, ends_at: datetime) -> dict[AccountId, int]:
    """What each account stood at when the period that ends then was closed."""
    rows = await work.execute(_CLOSED_BALANCES, {"ends_at": ends_at})
    return {AccountId(row.account_id): row.amount_minor for row in rows}


_DAY = "number, day, starts_at, ends_at, transfers, digest, form"
_LAST_DAY = text(f"SELECT {_DAY} FROM ledger.sealed_day ORDER BY number DESC LIMIT 1")
_DAYS = text(
    f"SELECT {_DAY} FROM ledger.sealed_day WHERE number > :after ORDER BY number LIMIT :limit"
)
_FIRST_INSTANT = text("SELECT min(made_at) FROM ledger.transfer")
_SEAL = text(f"SELECT {_DAY} FROM ledger.seal_day(:day, :starts_at, :ends_at)")
_LAST_CLOSE = text("SELECT max(ends_at) FROM ledger.period")
_SEALED_UNTIL = text("SELECT 1 FROM ledger.sealed_day WHERE ends_at = :at")
_PERIODS = text("""
    SELECT period_id, starts_at, ends_at, closed_by, closed_at, coalesce((
        SELECT jsonb_object_agg(transfer.currency, -entry.amount_minor)
        FROM ledger.transfer JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
        WHERE transfer.subject_id = period.period_id AND transfer.kind = 'closing'
          AND account.role = 'surplus'), '{}') AS results
    FROM ledger.period ORDER BY ends_at DESC LIMIT :limit
""")
_CLOSE = text("SELECT ledger.close_period(:period_id, :ends_at, :closed_by)")
_RESULTS = text("""
    SELECT account.role, account.currency, CAST(sum(entry.amount_minor) AS bigint) AS minor
    FROM ledger.account JOIN ledger.entry USING (account_id) JOIN ledger.transfer USING (transfer_id)
    WHERE account.role = ANY(CAST(:roles AS text[])) AND transfer.state = 'posted'
      AND transfer.kind <> 'closing' AND entry.made_at < :end
      AND entry.made_at >= coalesce(CAST(:start AS timestamptz), '-infinity')
    GROUP BY account.role, account.currency ORDER BY account.role, account.currency
""")
_WRITTEN_TOGETHER = text("""
    SELECT transfer.transfer_id, transfer.kind, transfer.currency, transfer.link_id, account.role,
           account.owner_id, entry.amount_minor, entry.code,
           EXISTS (SELECT FROM ledger.transfer AS taking
                   WHERE taking.subject_id = transfer.transfer_id AND taking.kind = 'reversal')
               AS is_reversed
    FROM ledger.transfer AS asked
    JOIN ledger.transfer
        ON transfer.transfer_id = asked.transfer_id OR transfer.link_id = asked.link_id
    LEFT JOIN ledger.entry ON entry.transfer_id = transfer.transfer_id
    LEFT JOIN ledger.account USING (account_id)
    WHERE asked.transfer_id = :transfer_id
    ORDER BY transfer.transfer_id <> asked.transfer_id, transfer.transfer_id, entry.line
""")
_CLOSED_BALANCES = text(
    "SELECT account_id, amount_minor FROM ledger.closed_balance WHERE ends_at = :ends_at"
)
