"""What you earned, and the way there."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.requests import Request

import ledger.views
from dispatch.views import trips as views
from doorway.caller import Driver
from doorway.schemas import problems
from doorway.services import services_of
from driver_app_api.schemas import ManoeuvreOut, RouteEnds, RouteOut
from foundation.events import as_json
from foundation.identifiers import DriverId
from foundation.measures import Point
from roads.manoeuvres import manoeuvres_of

router = APIRouter(tags=["earnings"])


@router.get("/earnings", responses=problems(), summary="Today and this shift")
async def earnings(request: Request, caller: Driver) -> dict[str, Any]:
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
    document: dict[str, Any] = as_json(found)
    return document


@router.get("/statement", responses=problems(409), summary="Every line, with its reason")
async def statement(
    request: Request,
    caller: Driver,
    start: Annotated[AwareDatetime | None, Query()] = None,
    end: Annotated[AwareDatetime | None, Query()] = None,
) -> dict[str, Any]:
    """Your lines in the books from `start` to before `end`; the last 7 days by default."""
    async with services_of(request).database.work() as work:
        until = end or work.now
        found = await ledger.views.driver_statement(
            work, DriverId(caller.person_id), start or until - timedelta(days=7), until
        )
    document: dict[str, Any] = as_json(found)
    return document


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
