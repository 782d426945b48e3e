"""An auditor's looks at the books: each on record, in the transaction that looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID, PersonId
from foundation.money import Currency
from ledger.account import Account, Role
from ledger.errors import AuditorNeeded
from ledger.export.service import Form
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork


class What(StrEnum):
    """What was looked at."""

    ACCOUNTS = "accounts"
    TRANSFERS = "transfers"
    EXPORT = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look, as members read it: by whom, at what, of which time."""

    look_id: UUID
    auditor_id: UUID
    what: What
    starts_at: datetime | None
    ends_at: datetime
    form: Form | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What an account came to; a debit above zero. `is_pending`: set aside on it."""

    account: Account
    is_pending: bool
    amount_minor: int


async def log_look(
    work: UnitOfWork,
    auditor_id: PersonId,
    what: What,
    *,
    ends_at: datetime,
    starts_at: datetime | None = None,
    form: Form | None = None,
) -> None:
    """Put a look on record, before anything is read.

    Raises
    ------
    AuditorNeeded
        If the person is no auditor by now; the unit of work is lost.
    """
    values = {
        "look_id": work.new_id(),
        "auditor_id": auditor_id,
        "what": what.value,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "form": None if form is None else form.value,
        "at": work.now,
    }
    try:
        await work.execute(_LOG, values)
    except IntegrityError as error:
        if constraint_of(error) == "an_auditor_looks":
            raise AuditorNeeded from error
        raise


async def list_looks(work: Reading, *, limit: int, before: datetime | None = None) -> list[Look]:
    """The latest looks, newest first."""
    rows = await work.execute(_LOOKS, {"limit": limit, "before": before})
    return [_look(row) for row in rows]


async def list_held(
    work: Reading, *, ends_at: datetime, role: Role, limit: int, offset: int = 0
) -> Sequence[Held]:
    """What the accounts of a role came to before `ends_at`, in one order."""
    rows = await work.execute(
        _HELD, {"ends_at": ends_at, "role": role.value, "limit": limit, "offset": offset}
    )
    return [
        Held(
            account=Account(role=role, owner_id=row.owner_id, currency=Currency(row.currency)),
            is_pending=row.is_pending,
            amount_minor=row.amount_minor,
        )
        for row in rows
    ]


def _look(row: Row[Any]) -> Look:
    return Look(
        look_id=row.look_id,
        auditor_id=row.auditor_id,
        what=What(row.what),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        form=None if row.form is None else Form(row.form),
        at=row.at,
    )


_LOG = text("""
    INSERT INTO ledger.audit_look (look_id, auditor_id, what, starts_at, ends_at, form, at)
    VALUES (:look_id, :auditor_id, :what, :starts_at, :ends_at, :form, :at)
""")
_LOOKS = text("""
    SELECT look_id, auditor_id, what, starts_at, ends_at, form, at FROM ledger.audit_look
    WHERE at < coalesce(CAST(:before AS timestamptz), 'infinity')
    ORDER BY at DESC, look_id DESC LIMIT :limit
""")
_HELD = text("""
    SELECT owner_id, currency, is_pending, amount_minor FROM ledger.balances_at(:ends_at)
    WHERE role = :role LIMIT :limit OFFSET :offset
""")
