"""The receipt of a trip, the rider's statement, and the rider."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.requests import Request
from starlette.responses import Response

import ledger.views
import registry.views
from doorway.caller import Rider
from doorway.papers import PAPER, answer_receipt
from doorway.periods import period
from doorway.schemas import MoneyOut, StatementLineOut, problems
from doorway.services import services_of
from foundation.identifiers import UUID, RiderId, TripId
from papers.service import issue_receipt
from rider_api.schemas import MeOut, StatementOut

router = APIRouter(tags=["receipts"])


@router.get(
    "/trips/{trip_id}/receipt",
    response_class=Response,
    responses=problems(404, 409) | PAPER,
    summary="The receipt",
)
async def receipt(request: Request, trip_id: UUID, caller: Rider) -> Response:
    """Of a fare or a fee, numbered and signed: JSON, a page or a PDF, as `Accept` asks, in the language
    of `Accept-Language`. The JSON holds everything that the price came from, the tariff itself
    included: `khan receipt verify` computes it again from this document alone."""
    services = services_of(request)
    async with services.database.work() as work:
        made = await issue_receipt(
            work,
            TripId(trip_id),
            letterhead=services.letterhead,
            rider_id=RiderId(caller.person_id),
        )
    return await answer_receipt(request, made)


@router.get("/statement", responses=problems(), summary="What you owed and paid")
async def statement(
    request: Request,
    caller: Rider,
    start: Annotated[AwareDatetime | None, Query()] = None,
    end: Annotated[AwareDatetime | None, Query()] = None,
) -> StatementOut:
    """The rider's lines in the books from `start` to before `end`; the last 31 days by default."""
    async with services_of(request).database.work() as work:
        since, until = period(start, end, now=work.now, days=31)
        found = await ledger.views.rider_statement(work, RiderId(caller.person_id), since, until)
    return StatementOut(
        start=found.start,
        end=found.end,
        opening=[MoneyOut.of(money) for money in found.opening],
        lines=[StatementLineOut.of_line(line) for line in found.lines],
        owed=[MoneyOut.of(money) for money in found.owed],
    )


@router.get("/me", responses=problems(404), summary="Who you are here")
async def me(request: Request, caller: Rider) -> MeOut:
    """The rider's own details."""
    services = services_of(request)
    async with services.database.work() as work:
        person = await registry.views.person_view(work, caller.person_id, vault=services.vault)
    return MeOut(
        person_id=person.person_id,
        name=person.name,
        phone=person.phone,
        language=person.language,
        roles=[str(role) for role in person.roles],
        passkeys=person.passkeys,
    )
