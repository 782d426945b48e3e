"""What you earned, and the way there."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.requests import Request

import ledger.views
from dispatch.views import trips as views
from doorway.caller import Driver
from doorway.periods import period
from doorway.schemas import MoneyOut, StatementLineOut, problems
from doorway.services import services_of
from driver_app_api.schemas import (
    EarnedOut,
    EarningsOut,
    ManoeuvreOut,
    RouteEnds,
    RouteOut,
    StatementOut,
    TotalsOut,
    WorkedOut,
)
from foundation.identifiers import DriverId
from foundation.measures import Point
from foundation.money import Money
from ledger.statement import Earnings, Worked
from roads.manoeuvres import manoeuvres_of

router = APIRouter(tags=["earnings"])


def _maybe(money: Money | None) -> MoneyOut | None:
    return None if money is None else MoneyOut.of(money)


def _worked(worked: Worked) -> WorkedOut:
    return WorkedOut(
        seconds_on_shift=worked.seconds_on_shift,
        seconds_engaged=worked.seconds_engaged,
        metres=worked.metres,
        trips=worked.trips,
    )


def _earned(earned: Earnings) -> EarnedOut:
    return EarnedOut(
        pay=MoneyOut.of(earned.pay),
        tips=MoneyOut.of(earned.tips),
        reimbursed=MoneyOut.of(earned.reimbursed),
        worked=_worked(earned.worked),
        pay_per_engaged_hour=_maybe(earned.pay_per_engaged_hour),
        pay_per_hour_on_shift=_maybe(earned.pay_per_hour_on_shift),
    )


@router.get("/earnings", responses=problems(), summary="Today and this shift")
async def earnings(request: Request, caller: Driver) -> EarningsOut:
    """Pay and tips since the city's midnight, and since your shift began."""
    services = services_of(request)
    driver_id = DriverId(caller.person_id)
    async with services.database.work() as work:
        shift = await views.find_shift(work, driver_id)
        local = work.now.astimezone(services.city.pack.zone_info)
        midnight = datetime(local.year, local.month, local.day, tzinfo=local.tzinfo)
        until = work.now + timedelta(seconds=1)
        periods = {"today": (midnight, until)}
        if shift is not None:
            periods["shift"] = (shift.started_at, until)
        found = await ledger.views.driver_earnings(
            work, driver_id, currency=services.city.pack.currency, periods=periods
        )
    return EarningsOut(
        today=_earned(found["today"]),
        shift=_earned(found["shift"]) if "shift" in found else None,
    )


@router.get("/statement", responses=problems(), summary="Every line, with its reason")
async def statement(
    request: Request,
    caller: Driver,
    start: Annotated[AwareDatetime | None, Query()] = None,
    end: Annotated[AwareDatetime | None, Query()] = None,
) -> StatementOut:
    """Your lines in the books from `start` to before `end`; the last 7 days by default."""
    async with services_of(request).database.work() as work:
        since, until = period(start, end, now=work.now, days=7)
        found = await ledger.views.driver_statement(work, DriverId(caller.person_id), since, until)
    return StatementOut(
        start=found.start,
        end=found.end,
        lines=[StatementLineOut.of_line(line) for line in found.lines],
        totals=[
            TotalsOut(
                opening=MoneyOut.of(one.opening),
                pay=MoneyOut.of(one.pay),
                tips=MoneyOut.of(one.tips),
                reimbursed=MoneyOut.of(one.reimbursed),
                other=MoneyOut.of(one.other),
                closing=MoneyOut.of(one.closing),
                pay_per_engaged_hour=_maybe(found.pay_per_engaged_hour(one)),
                pay_per_hour_on_shift=_maybe(found.pay_per_hour_on_shift(one)),
            )
            for one in found.totals
        ],
        worked=_worked(found.worked),
    )


@router.get("/routes", responses=problems(404), summary="The way there")
async def route(
    request: Request,
    caller: Driver,
    ends: Annotated[RouteEnds, Query()],
) -> RouteOut:
    """The quickest way on the streets, with what to do along it."""
    city = services_of(request).city
    found = city.roads.route(Point(ends.from_lon, ends.from_lat), Point(ends.to_lon, ends.to_lat))
    steps = [] if found.degraded else manoeuvres_of(city.pack.network, found)
    return RouteOut(
        seconds=-(-found.milliseconds // 1000),
        metres=found.metres,
        line=[(float(lon), float(lat)) for lon, lat in found.line],
        manoeuvres=[
            ManoeuvreOut(
                turn=str(step.turn),
                street=step.street,
                metres=step.metres,
                lon=step.at.lon,
                lat=step.at.lat,
            )
            for step in steps
        ],
        degraded=found.degraded,
    )
