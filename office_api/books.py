"""The books as the office keeps them: days sealed, periods closed, mistakes taken back."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import Model, Reason, problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID, TransferId
from foundation.local_time import day_starts
from ledger import days
from ledger.store.days import ClosedPeriod, list_periods
from storage.work import UnitOfWork

router = APIRouter(prefix="/books", tags=["the books"])

DAYS_AT_ONCE = 31
PERIODS_SHOWN = 200

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2999, 12, 31))]


class SealedOut(Model):
    """A day in which nothing is entered any more."""

    number: int
    day: date
    transfers: int
    digest: str = Field(description="Keep it elsewhere: whoever has it can tell any later change.")


class SealedDaysOut(Model):
    """The days that were sealed now, first to last; none if no day was over."""

    sealed: list[SealedOut]


class CloseIn(Model):
    """Which day is the last of the period."""

    last_day: Day = Field(description="By the city's clocks; it must be sealed.")


class ResultOut(Model):
    """What a period came to in one currency; below zero is a loss."""

    currency: str
    result_minor: int


class PeriodOut(Model):
    """A closed period; nothing in it is changed any more."""

    period_id: UUID
    first_day: date
    last_day: date
    closed_by: UUID
    closed_at: datetime
    results: list[ResultOut] = Field(
        description="Moved to the surplus. None: nothing came or went."
    )


class PeriodsOut(Model):
    """Closed periods, the latest first."""

    periods: list[PeriodOut]


class ReverseIn(Model):
    """What is taken back, and why."""

    transfer_id: UUID
    reason: Reason = Field(description="Whoever has the transfer on a statement reads it.")


class ReversalOut(Model):
    """A transfer that takes another one back."""

    transfer_id: UUID
    reverses: UUID


class ReversalsOut(Model):
    """One, or as many as came together."""

    reversals: list[ReversalOut]


@router.post("/days", responses={200: {"model": SealedDaysOut}, **problems()}, summary="Seal days")
async def seal(request: Request, caller: Office) -> Response:
    """Every day that is over, at most 31 at once. The service does it by itself a few minutes after
    midnight; this is for whoever cannot wait."""
    services = services_of(request)
    zone = services.city.pack.zone_info

    async def act(work: UnitOfWork) -> Any:
        sealed: list[SealedOut] = []
        while len(sealed) < DAYS_AT_ONCE:
            day = await days.seal_next_day(work, zone)
            if day is None:
                break
            sealed.append(
                SealedOut(
                    number=day.number, day=day.day, transfers=day.transfers, digest=day.digest
                )
            )
        return SealedDaysOut(sealed=sealed).model_dump(mode="json")

    return await once(request, services.database, caller=str(caller.person_id), handler=act)


@router.get("/periods", responses=problems(), summary="Which periods are closed")
async def periods(request: Request, caller: Office) -> PeriodsOut:
    """The latest 200, with what each came to."""
    services = services_of(request)
    async with services.database.reading() as work:
        found = await list_periods(work, limit=PERIODS_SHOWN)
    zone = services.city.pack.zone_info
    return PeriodsOut(periods=[_period_out(one, zone) for one in found])


@router.post(
    "/periods",
    status_code=201,
    responses={201: {"model": PeriodOut}, **problems(409)},
    summary="Close a period",
)
async def close(request: Request, body: CloseIn, caller: Office) -> Response:
    """From the end of the one before to the end of a sealed day: its result goes to the surplus, and
    it is never opened again. What is found wrong later is put right in an open period."""
    services = services_of(request)
    zone = services.city.pack.zone_info

    async def act(work: UnitOfWork) -> Any:
        ends_at = day_starts(body.last_day + timedelta(days=1), zone)
        await days.close_period(
            work, period_id=work.new_id(), ends_at=ends_at, closed_by=caller.person_id
        )
        (closed,) = await list_periods(work, limit=1)
        return _period_out(closed, zone).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=act, status=201
    )


@router.post(
    "/reversals",
    status_code=201,
    responses={201: {"model": ReversalsOut}, **problems(404, 409)},
    summary="Take a transfer back",
)
async def reverse(request: Request, body: ReverseIn, caller: Office) -> Response:
    """Whole and once, by a new transfer in your name; what came together with it is taken back, too.
    What a trip was charged is refunded instead, what is pending voided; other kinds stand, and the
    refusal says what to do."""

    async def act(work: UnitOfWork) -> Any:
        made = await days.reverse_together(
            work, TransferId(body.transfer_id), reason=body.reason, made_by=caller.person_id
        )
        return ReversalsOut(
            reversals=[
                ReversalOut(transfer_id=one.transfer_id, reverses=one.subject_id) for one in made
            ]
        ).model_dump(mode="json")

    return await once(
        request,
        services_of(request).database,
        caller=str(caller.person_id),
        handler=act,
        status=201,
    )


def _period_out(one: ClosedPeriod, zone: ZoneInfo) -> PeriodOut:
    return PeriodOut(
        period_id=one.period_id,
        first_day=one.starts_at.astimezone(zone).date(),
        last_day=one.ends_at.astimezone(zone).date() - timedelta(days=1),
        closed_by=one.closed_by,
        closed_at=one.closed_at,
        results=[
            ResultOut(currency=currency, result_minor=minor)
            for currency, minor in one.results.items()
        ],
    )
