"""SQL of sealed days, closed periods and reversals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from foundation.identifiers import UUID, AccountId, TransferId
from foundation.money import Currency
from ledger.account import Account, Role
from ledger.transfer import Entry, Kind
from storage.work import Reading, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedDay:
    """A day in which nothing is entered any more.

    Attributes
    ----------
    number
        1 for the first day of the books.
    day
        In the city's zone; it lasts from `starts_at` to before `ends_at`.
    digest
        SHA-256 in hexadecimal over the day's transfers and the digest of the day before.
    """

    number: int
    day: date
    starts_at: datetime
    ends_at: datetime
    transfers: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A transfer as it stands in the books, with what takes it back."""

    transfer_id: TransferId
    kind: Kind
    currency: Currency
    entries: tuple[Entry, ...]
    reversed_because: str | None


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
    """Write the period and the balance of every account at its end."""
    values = {"period_id": period_id, "ends_at": ends_at, "closed_by": closed_by}
    await work.execute(_CLOSE, values)


async def results(
    work: Reading, roles: Sequence[Role], *, start: datetime | None, end: datetime
) -> dict[tuple[Role, Currency], int]:
    """Posted minor units by role and currency from `start` to before `end`, without closings."""
    rows = await work.execute(
        _RESULTS, {"roles": [role.value for role in roles], "start": start, "end": end}
    )
    return {(Role(row.role), Currency(row.currency)): row.minor for row in rows}


async def find_posted(work: Reading, transfer_id: TransferId) -> Posted | None:
    """A posted transfer with its entries."""
    rows = (await work.execute(_POSTED, {"transfer_id": transfer_id})).all()
    if not rows:
        return None
    currency = Currency(rows[0].currency)
    return Posted(
        transfer_id=transfer_id,
        kind=Kind(rows[0].kind),
        currency=currency,
        entries=tuple(
            Entry(
                account=Account(role=Role(row.role), currency=currency, owner_id=row.owner_id),
                amount_minor=row.amount_minor,
                code=row.code,
            )
            for row in rows
        ),
        reversed_because=rows[0].reversed_because,
    )


async def closed_balances(work: Reading, ends_at: datetime) -> dict[AccountId, int]:
    """What each account stood at when the period that ends then was closed."""
    rows = await work.execute(_CLOSED_BALANCES, {"ends_at": ends_at})
    return {AccountId(row.account_id): row.amount_minor for row in rows}


_DAY = "number, day, starts_at, ends_at, transfers, digest"
_LAST_DAY = text(f"SELECT {_DAY} FROM ledger.sealed_day ORDER BY number DESC LIMIT 1")
_DAYS = text(
    f"SELECT {_DAY} FROM ledger.sealed_day WHERE number > :after ORDER BY number LIMIT :limit"
)
_FIRST_INSTANT = text("SELECT min(made_at) FROM ledger.transfer")
_SEAL = text(f"SELECT {_DAY} FROM ledger.seal_day(:day, :starts_at, :ends_at)")
_LAST_CLOSE = text("SELECT max(ends_at) FROM ledger.period")
_SEALED_UNTIL = text("SELECT 1 FROM ledger.sealed_day WHERE ends_at = :at")
_CLOSE = text("SELECT ledger.close_period(:period_id, :ends_at, :closed_by)")
_RESULTS = text("""
    SELECT account.role, account.currency, CAST(sum(entry.amount_minor) AS bigint) AS minor
    FROM ledger.account JOIN ledger.entry USING (account_id) JOIN ledger.transfer USING (transfer_id)
    WHERE account.role = ANY(CAST(:roles AS text[])) AND transfer.state = 'posted'
      AND transfer.kind <> 'closing' AND entry.made_at < :end
      AND entry.made_at >= coalesce(CAST(:start AS timestamptz), '-infinity')
    GROUP BY account.role, account.currency ORDER BY account.role, account.currency
""")
_POSTED = text("""
    SELECT transfer.kind, transfer.currency, account.role, account.owner_id, entry.amount_minor,
           entry.code,
           (SELECT taking.reason FROM ledger.transfer AS taking
            WHERE taking.subject_id = transfer.transfer_id AND taking.kind = 'reversal')
               AS reversed_because
    FROM ledger.transfer JOIN ledger.entry USING (transfer_id) JOIN ledger.account USING (account_id)
    WHERE transfer.transfer_id = :transfer_id AND transfer.state = 'posted'
    ORDER BY entry.line
""")
_CLOSED_BALANCES = text(
    "SELECT account_id, amount_minor FROM ledger.closed_balance WHERE ends_at = :ends_at"
)
