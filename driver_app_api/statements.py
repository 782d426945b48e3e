"""Statements by week, shift and trip, and the costs that pay is told after."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from dispatch.views import trips as trip_views
from doorway.caller import Driver
from doorway.schemas import problems
from doorway.services import Services, services_of
from doorway.writes import once
from driver_app_api.statement_schemas import (
    CostIn,
    CostOut,
    CostsOut,
    FileAsked,
    FileForm,
    Language,
    StatementOf,
    WholeStatementOut,
)
from foundation.identifiers import UUID, DriverId, ShiftId
from foundation.money import Currency, Money
from ledger.costs.cost import AMOUNT_MAX, Cost, CostKind, allowance
from ledger.costs.errors import CostIncomplete
from ledger.costs.service import own_costs, record_cost
from ledger.statements import service
from ledger.statements.document import cost_document, document_of
from ledger.statements.errors import NothingOfThat
from ledger.statements.facts import OpenShift
from ledger.statements.paper import statement_pdf
from ledger.statements.period import week_named
from ledger.statements.table import statement_csv
from ledger.statements.values import Statement
from storage.work import UnitOfWork

router = APIRouter(tags=["earnings"])

Name = Annotated[
    str,
    Path(
        min_length=1,
        max_length=40,
        description="A week like 2030-W05 (ISO 8601), or a trip's or shift's identifier.",
        examples=["2030-W05"],
    ),
]
FILES = {
    "text/csv": {"schema": {"type": "string"}},
    "application/pdf": {"schema": {"type": "string", "format": "binary"}},
}
LanguageAsked = Annotated[Language, Query()]


async def _statement(
    services: Services, driver_id: DriverId, of: StatementOf, name: str
) -> Statement:
    """The statement, seen at one instant of the books."""
    zone = services.city.pack.zone_info
    week = week_named(name, zone) if of is StatementOf.WEEKS else None
    async with services.database.work(still=True) as work:
        going = await _open_shift(work, driver_id)
        if week is not None:
            found = await service.week_statement(
                work, driver_id, week, open_shift=going, with_costs=True
            )
        elif of is StatementOf.SHIFTS:
            shift_id = _identifier("shift", name)
            found = await service.shift_statement(work, driver_id, shift_id, open_shift=going)
        else:
            found = await service.trip_statement(work, driver_id, _identifier("trip", name))
    return found.sure()


async def _open_shift(work: UnitOfWork, driver_id: DriverId) -> OpenShift | None:
    shift = await trip_views.find_shift(work, driver_id)
    if shift is None:
        return None
    return OpenShift(shift_id=ShiftId(shift.shift_id), started_at=shift.started_at, until=work.now)


def _identifier(what: str, name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise NothingOfThat(what, name) from None


@router.get(
    "/statements/{of}/{name}",
    responses=problems(404),
    summary="A week, a shift or a trip: every line, sum and rate",
)
async def statement(
    request: Request, caller: Driver, of: StatementOf, name: Name, language: LanguageAsked = "en"
) -> WholeStatementOut:
    """What you were paid and why, line by line; by trip and shift; by the hour and the kilometre, before and
    after your own costs; and each trip's pay floor with its numbers. Weeks are the city's, from Monday."""
    services = services_of(request)
    found = await _statement(services, DriverId(caller.person_id), of, name)
    document = document_of(found, zone=services.city.pack.zone_info, language=language)
    return WholeStatementOut.model_validate_json(_json(document))


@router.get(
    "/statements/{of}/{name}/file",
    responses=problems(404) | {200: {"content": FILES}},
    response_class=Response,
    summary="The same to keep: a table, or paper",
)
async def statement_file(
    request: Request,
    caller: Driver,
    of: StatementOf,
    name: Name,
    asked: Annotated[FileAsked, Query()],
) -> Response:
    """The lines as CSV (RFC 4180), or all of it as PDF."""
    services = services_of(request)
    zone = services.city.pack.zone_info
    found = await _statement(services, DriverId(caller.person_id), of, name)
    if asked.form is FileForm.CSV:
        content, media_type = statement_csv(found, zone=zone, language=asked.language), "text/csv"
    else:
        # Letters take a processor's time: beside the loop, not in it.
        content = await asyncio.to_thread(
            statement_pdf, found, zone=zone, language=asked.language, made_at=services.now()
        )
        media_type = "application/pdf"
    named = f'attachment; filename="statement-{found.name}.{asked.form.value}"'
    return Response(content, media_type=media_type, headers={"Content-Disposition": named})


@router.get("/costs", responses=problems(), summary="What you wrote down of your own costs")
async def costs(request: Request, caller: Driver) -> CostsOut:
    """Fuel, charging, insurance, repairs, an allowance by the kilometre. Shown to you alone."""
    async with services_of(request).database.reading() as work:
        found = await own_costs(work, DriverId(caller.person_id), whole=True)
    return CostsOut(costs=[CostOut.model_validate_json(_json(cost_document(one))) for one in found])


@router.post(
    "/costs",
    status_code=204,
    responses=problems(404, 409),
    summary="Write down a cost, or put one right",
)
async def write_cost(request: Request, caller: Driver, body: CostIn) -> Response:
    """It stays as it is; another one that names it in `replaces` puts it right, with an amount of 0 takes it
    back. The answer is empty: answers to writes are kept for their repetition, and this is not to be."""
    services = services_of(request)
    pack = services.city.pack
    driver_id = DriverId(caller.person_id)

    async def handle(work: UnitOfWork) -> object:
        cost = _cost(body, driver_id, pack.currency)
        await record_cost(work, cost, zone=pack.zone_info)
        return None

    return await once(request, services.database, caller=str(driver_id), handler=handle)


def _cost(body: CostIn, driver_id: DriverId, currency: Currency) -> Cost:
    """The cost that was sent.

    Raises
    ------
    CostIncomplete
        If an amount, or metres with a rate, is missing or is one too many.
    CostDatesWrong
    """
    amount = _amount(body, currency)
    return Cost(
        cost_id=body.cost_id,
        driver_id=driver_id,
        kind=body.kind,
        amount=amount,
        spent_on=body.spent_on,
        covers_until=body.covers_until,
        metres=body.metres,
        per_km_mills=body.per_km_mills,
        note=body.note,
        replaces=body.replaces,
    )


def _amount(body: CostIn, currency: Currency) -> Money:
    has_way = body.metres is not None, body.per_km_mills is not None
    takes_back = body.amount_minor == 0 and has_way == (False, False)
    if body.kind is CostKind.DISTANCE and not takes_back:
        if body.metres is None or body.per_km_mills is None or body.amount_minor is not None:
            raise CostIncomplete("a distance has metres and a rate by the kilometre, and no amount")
        found = allowance(body.metres, body.per_km_mills, currency)
        if not 0 < found.minor <= AMOUNT_MAX:
            raise CostIncomplete(f"{found} is no amount to write down")
        return found
    if body.amount_minor is None or any(has_way):
        raise CostIncomplete("this kind has an amount, and neither metres nor a rate")
    return Money(body.amount_minor, currency)


def _json(document: object) -> bytes:
    return orjson.dumps(document)
