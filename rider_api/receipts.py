"""The receipt of a trip, the rider's statement, and the rider."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.requests import Request

import fares.service
import ledger.views
import registry.views
from dispatch.errors import TripNotEnded
from dispatch.views import trips as views
from doorway.caller import Rider
from doorway.periods import period
from doorway.schemas import MoneyOut, StatementLineOut, problems
from doorway.services import services_of
from foundation.identifiers import UUID, RiderId, TripId
from rider_api.schemas import MeOut, StatementOut

router = APIRouter(tags=["receipts"])


@router.get("/trips/{trip_id}/receipt", responses=problems(404, 409), summary="The receipt")
async def receipt(request: Request, trip_id: UUID, caller: Rider) -> dict[str, Any]:
    """Everything the price came from, the tariff itself included: `khan receipt verify` computes
    it again from this document alone."""
    async with services_of(request).database.work() as work:
        trip = await views.trip_for_rider(work, TripId(trip_id), RiderId(caller.person_id))
        if trip.state != "completed" or trip.ended_at is None:
            raise TripNotEnded(trip_id)
        charge = await ledger.views.fare_of_trip(work, trip.trip_id)
        assert charge.quote_id is not None
        quote = await fares.service.get_quote(work, charge.quote_id, trip.rider_id)
        return await fares.service.receipt_of(
            work,
            quote,
            charge.document,
            trip_id=trip.trip_id,
            completed_at=trip.ended_at,
            tip_minor=charge.tip.minor,
            transfers=charge.transfers,
        )


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
