"""Paying the drivers: a look ahead, the file for the bank, and what the bank answers."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import problems
from doorway.services import Services, services_of
from doorway.writes import Handler, once
from foundation.identifiers import UUID
from foundation.money import Currency
from ledger import payouts
from ledger.errors import ExecutionDayPast, PayoutFileNotFound
from ledger.events import PayoutFileHandedOut
from ledger.store.payouts import find_file, list_files, list_payouts_of_file
from office_api.payout_schemas import (
    FileContentOut,
    FileMadeOut,
    FileOut,
    FilesOut,
    FileStatesOut,
    PayoutOut,
    PreviewOut,
    ReturnedIn,
    RunIn,
    SentOut,
)
from registry.session import Caller, require_strong
from storage.work import UnitOfWork

router = APIRouter(prefix="/payouts", tags=["payouts"])

Least = Annotated[int | None, Query(ge=1, le=10**12, description="Smaller sums are held.")]
XML = "application/xml"


def _currency(services: Services) -> Currency:
    return Currency(services.city.pack.currency)


async def _done(request: Request, caller: Caller, act: Handler, *, status: int = 200) -> Response:
    database = services_of(request).database
    return await once(request, database, caller=str(caller.person_id), handler=act, status=status)


@router.get("/preview", responses=problems(), summary="Whom a run would pay")
async def preview(
    request: Request, caller: Office, least_minor: Least = None, *, only_asked: bool = False
) -> PreviewOut:
    """Who would get what if the file were made now, and who is held and why."""
    services = services_of(request)
    least = least_minor or services.payouts.least_minor
    async with services.database.work() as work:
        plan = await payouts.preview(
            work, _currency(services), least_minor=least, only_asked=only_asked
        )
    return PreviewOut.of_plan(plan, _currency(services), least_minor=least)


@router.post(
    "/files",
    status_code=201,
    responses={201: {"model": FileMadeOut}, **problems(409)},
    summary="Make the file that pays the drivers",
)
async def make(request: Request, body: RunIn, caller: Office) -> Response:
    """After a sign-in with your passkey. Everybody whom the preview names is paid all they are owed;
    the sums are set aside until the bank has answered."""
    services = services_of(request)
    payer = services.payouts.paying()

    async def act(work: UnitOfWork) -> Any:
        require_strong(caller, work.now)
        today: date = work.now.astimezone(services.city.pack.zone_info).date()
        if body.execute_on < today:
            raise ExecutionDayPast(body.execute_on, today)
        made = await payouts.make_file(
            work,
            services.vault,
            body.payout_file_id,
            payer=payer,
            currency=_currency(services),
            execute_on=body.execute_on,
            least_minor=body.least_minor or services.payouts.least_minor,
            made_by=caller.person_id,
            only_asked=body.only_asked,
        )
        return FileMadeOut(
            file=FileOut.of_file(made.file), without_destination=list(made.without_destination)
        ).model_dump(mode="json")

    return await _done(request, caller, act, status=201)


@router.get("/files", responses=problems(), summary="The files, and what the bank said")
async def files(
    request: Request, caller: Office, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> FilesOut:
    """The latest files, each with how many of its payouts pend, were sent, refused, came back."""
    async with services_of(request).database.reading() as reading:
        found = await list_files(reading, limit=limit)
    return FilesOut(files=[FileStatesOut.of_states(one) for one in found])


@router.get("/files/{payout_file_id}", responses=problems(404), summary="The payouts of a file")
async def content(request: Request, payout_file_id: UUID, caller: Office) -> FileContentOut:
    """Each with its state, in the order in which the file has them."""
    async with services_of(request).database.work() as work:
        file = await find_file(work, payout_file_id)
        if file is None:
            raise PayoutFileNotFound(payout_file_id)
        found = await list_payouts_of_file(work, payout_file_id)
    return FileContentOut(
        file=FileOut.of_file(file), payouts=[PayoutOut.of_payout(one) for one in found]
    )


@router.get(
    "/files/{payout_file_id}/pain001",
    response_class=Response,
    responses={
        200: {"content": {XML: {"schema": {"type": "string"}}}, "description": "The file."},
        **problems(404, 409),
    },
    summary="Fetch the file for the bank",
)
async def fetch(request: Request, payout_file_id: UUID, caller: Office) -> Response:
    """ISO 20022 pain.001.001.09, after a sign-in with your passkey. Names and accounts of all payees
    stand in it: that you fetched it is written down."""
    services = services_of(request)
    payer = services.payouts.paying()
    async with services.database.work() as work:
        require_strong(caller, work.now)
        document = await payouts.file_text(work, services.vault, payout_file_id, payer=payer)
        work.announce(
            PayoutFileHandedOut(
                event_id=work.new_id(), occurred_at=work.now, payout_file_id=payout_file_id,
                handed_to=caller.person_id,
            )
        )  # fmt: skip
    name = f'attachment; filename="pain001-{payout_file_id}.xml"'
    return Response(document, media_type=XML, headers={"Content-Disposition": name})


@router.post(
    "/files/{payout_file_id}/sent",
    responses={200: {"model": SentOut}, **problems(404)},
    summary="The bank carried the file out",
)
async def sent(request: Request, payout_file_id: UUID, caller: Office) -> Response:
    """Every payout of it that pends is posted; what was refused before stays as it is."""

    async def act(work: UnitOfWork) -> Any:
        posted = await payouts.mark_sent(work, payout_file_id, made_by=caller.person_id)
        return SentOut(sent=posted).model_dump(mode="json")

    return await _done(request, caller, act)


@router.post(
    "/{payout_id}/returned",
    status_code=204,
    responses=problems(404, 409),
    summary="A payout was refused, or came back",
)
async def returned(request: Request, payout_id: UUID, body: ReturnedIn, caller: Office) -> Response:
    """The driver is owed it again, by new entries, and is told why."""

    async def act(work: UnitOfWork) -> Any:
        await payouts.mark_returned(work, payout_id, reason=body.reason, made_by=caller.person_id)

    return await _done(request, caller, act)
