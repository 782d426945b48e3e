"""Auditors: appointed by the office; they read the books, and each look stays on record."""

import tempfile
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from doorway.caller import Auditor, Office
from doorway.schemas import Model, problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from foundation.local_time import day_starts
from ledger.account import Role
from ledger.audit_views import What, list_held, log_look
from ledger.export.books import WrittenTransfer
from ledger.export.names import RealNames
from ledger.export.service import Form, export
from ledger.export.views import transfers_of_day
from registry.person import Role as PersonRole
from registry.service import grant_role, join_person
from storage.work import UnitOfWork

router = APIRouter(tags=["auditors"])

ACCOUNTS_SHOWN = 1_000
TRANSFERS_SHOWN = 500

On = Annotated[date, Query(description="A day by the city's clocks.", examples=["2026-11-21"])]
Page = Annotated[int, Query(ge=0, le=10_000, description="From 0 on.")]


class AuditorIn(Model):
    """Whom the members or the city chose to examine the books."""

    phone: Annotated[str, StringConstraints(min_length=4, max_length=40)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]


class AuditorOut(Model):
    """Who may look from now on, after signing in by passkey."""

    person_id: UUID


class HeldOut(Model):
    """An account, and what it came to: a debit above zero."""

    account_id: UUID
    owner_id: UUID | None
    currency: str
    is_pending: bool = Field(description="What is set aside on it, and has not moved.")
    amount_minor: int


class AccountsOut(Model):
    """Accounts of one role at the end of a day."""

    role: Role
    on: date
    accounts: list[HeldOut]
    more: bool


class EntryOut(Model):
    """One side of a transfer: a debit above zero."""

    role: Role
    owner_id: UUID | None
    amount_minor: int
    code: str


class TransferOut(Model):
    """A transfer as it stands in the books."""

    transfer_id: UUID
    kind: str
    state: str
    subject_id: UUID
    currency: str
    made_at: datetime
    resolves: UUID | None
    reverses: UUID | None
    decision_id: UUID | None = Field(description="The members' decision it rests on.")
    reason: str | None
    made_by: UUID | None
    entries: list[EntryOut]


class TransfersOut(Model):
    """Transfers of a day, in the order they were made."""

    on: date
    transfers: list[TransferOut]
    more: bool


@router.post(
    "/auditors",
    status_code=201,
    responses={201: {"model": AuditorOut}, **problems(409)},
    summary="Appoint an auditor",
)
async def appoint(request: Request, body: AuditorIn, caller: Office) -> Response:
    """By their phone, known or new. What they look at is on record for every member."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        person_id = await join_person(work, phone=body.phone, name=body.name, vault=services.vault)
        await grant_role(
            work, person_id, PersonRole.AUDITOR, by=caller.person_id, cache=services.sessions
        )
        return AuditorOut(person_id=person_id).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get("/books/accounts", responses=problems(), summary="Look at accounts")
async def accounts(
    request: Request, caller: Auditor, role: Role, on: On, page: Page = 0
) -> AccountsOut:
    """What the accounts of a role came to at the end of a day, a thousand at a time."""
    services = services_of(request)
    ends_at = day_starts(on + timedelta(days=1), services.city.pack.zone_info)
    async with services.database.work(still=True) as work:
        await log_look(work, caller.person_id, What.ACCOUNTS, ends_at=ends_at)
        found = await list_held(
            work,
            ends_at=ends_at,
            role=role,
            limit=ACCOUNTS_SHOWN + 1,
            offset=page * ACCOUNTS_SHOWN,
        )
    shown = [
        HeldOut(
            account_id=one.account.account_id,
            owner_id=one.account.owner_id,
            currency=one.account.currency,
            is_pending=one.is_pending,
            amount_minor=one.amount_minor,
        )
        for one in found[:ACCOUNTS_SHOWN]
    ]
    return AccountsOut(role=role, on=on, accounts=shown, more=len(found) > ACCOUNTS_SHOWN)


@router.get("/books/transfers", responses=problems(), summary="Look at the transfers of a day")
async def transfers(request: Request, caller: Auditor, on: On, page: Page = 0) -> TransfersOut:
    """Every transfer made on a day with its entries, five hundred at a time."""
    services = services_of(request)
    zone = services.city.pack.zone_info
    starts_at, ends_at = day_starts(on, zone), day_starts(on + timedelta(days=1), zone)
    first = page * TRANSFERS_SHOWN
    shown: list[WrittenTransfer] = []
    passed = 0
    async with services.database.work(still=True) as work:
        await log_look(work, caller.person_id, What.TRANSFERS, starts_at=starts_at, ends_at=ends_at)
        async for batch in transfers_of_day(work, on, zone):
            shown += batch[max(0, first - passed) :]
            passed += len(batch)
            if len(shown) > TRANSFERS_SHOWN:
                break
    return TransfersOut(
        on=on,
        transfers=[_transfer_out(one) for one in shown[:TRANSFERS_SHOWN]],
        more=len(shown) > TRANSFERS_SHOWN,
    )


@router.get(
    "/books/export",
    response_class=FileResponse,
    responses={
        **problems(),
        200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
    },
    summary="Take the books with you",
)
async def take(
    request: Request, caller: Auditor, form: Annotated[Form, Query(alias="format")]
) -> Response:
    """All of the books in one file, with identifiers, times and reasons as they are
    (docs/reference/ledger_export.md)."""
    services = services_of(request)
    folder = tempfile.TemporaryDirectory(prefix="khan-export-")
    out = Path(folder.name) / f"books.{form}"
    try:
        async with services.database.work(still=True) as work:
            await log_look(work, caller.person_id, What.EXPORT, ends_at=work.now, form=form)
            await export(work, out, form=form, names=RealNames())
    except BaseException:
        folder.cleanup()
        raise
    return FileResponse(
        out,
        filename=out.name,
        media_type="application/octet-stream",
        background=BackgroundTask(folder.cleanup),
    )


def _transfer_out(one: WrittenTransfer) -> TransferOut:
    return TransferOut(
        transfer_id=one.transfer_id,
        kind=one.kind.value,
        state=one.state.value,
        subject_id=one.subject_id,
        currency=one.currency,
        made_at=one.made_at,
        resolves=one.resolves,
        reverses=one.reverses,
        decision_id=one.decision_id,
        reason=one.reason,
        made_by=one.made_by,
        entries=[
            EntryOut(
                role=entry.role,
                owner_id=entry.owner_id,
                amount_minor=entry.amount_minor,
                code=entry.code,
            )
            for entry in one.entries
        ],
    )
