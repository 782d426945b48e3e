"""The city, its zones, its clock, its rules, its map."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

import rulebook.service
from dispatch.views.staff import list_accesses
from doorway.schemas import Clock, Place, problems
from doorway.services import services_of
from public_api.schemas import (
    CityOut,
    DemandOut,
    FairnessOut,
    RuleOut,
    RulesOut,
    WaitingZoneOut,
)
from rulebook.rule import Rule, RuleKind

router = APIRouter(prefix="/public/v1", tags=["the city"])
tiles = APIRouter(include_in_schema=False)

DOCUMENTATION = [
    {"title": "Rider API", "href": "/docs/rider"},
    {"title": "Driver API", "href": "/docs/driver"},
    {"title": "Office API", "href": "/docs/office"},
    {"title": "Public API", "href": "/docs/public"},
]


@router.get("/clock", summary="Service time")
async def clock(request: Request) -> Clock:
    """What time it is here. In a demonstration it may run faster than wall time."""
    services = services_of(request)
    return Clock(now=services.now(), rate=services.clock.rate)


@router.get("/city", summary="The city served")
async def city(request: Request) -> CityOut:
    """Name, places, languages, and where the map and the documentation are."""
    services = services_of(request)
    pack = services.city.pack
    return CityOut(
        name=pack.name,
        title=pack.title,
        timezone=pack.timezone,
        currency=pack.currency,
        country=pack.country,
        languages=list(pack.languages),
        centre=(pack.centre.lon, pack.centre.lat),
        bounds=pack.bounds,
        tiles="/tiles/{z}/{x}/{y}.mvt",
        zones="/public/v1/zones",
        attribution=pack.attribution,
        demonstration=services.is_demonstration,
        documentation=DOCUMENTATION,
    )


@router.get(
    "/zones",
    response_class=FileResponse,
    responses={200: {"content": {"application/geo+json": {"schema": {"type": "object"}}}}},
    summary="The zones, as GeoJSON",
)
async def zones(request: Request) -> Response:
    """The zones that tariffs and figures speak of."""
    pack = services_of(request).city.pack
    return FileResponse(pack.zones_file, media_type="application/geo+json")


def rule_out(rule: Rule) -> RuleOut:
    """A rule as everybody reads it."""
    return RuleOut(
        rule_id=rule.rule_id,
        kind=rule.kind,
        version=rule.version,
        valid_from=rule.valid_from,
        valid_to=rule.valid_to,
        adopted_by=rule.adopted_by,
        digest=rule.digest,
        body=dict(rule.body),
    )


@router.get("/access-log", responses=problems(), summary="Who looked, and why")
async def access_log(request: Request) -> dict[str, Any]:
    """The last looks by staff at a trip or at positions: by role, for what reason; never at whom.
    Each row's digest covers the row before it."""
    async with services_of(request).database.work() as work:
        return {"accesses": await list_accesses(work)}


@router.get("/fairness", responses=problems(), summary="How evenly drivers earn and wait")
async def fairness(request: Request) -> FairnessOut:
    """Earnings an hour on shift, their spread, and the longest wait without an offer, of everybody
    on shift. Nothing is said of fewer than ten drivers, and nothing anew within five minutes."""
    services = services_of(request)
    found = services.fairness.at(services.now())
    return FairnessOut(
        as_of=found.as_of,
        drivers=found.drivers,
        currency=services.city.pack.currency,
        earnings_hour_minor=found.earnings_hour_minor,
        earnings_gini=found.earnings_gini,
        idle_minutes_max=found.idle_minutes_max,
    )


@router.get("/demand", responses=problems(), summary="Where trips are asked for")
async def demand(request: Request) -> DemandOut:
    """Requests an hour expected from each waiting zone, by those of the last while: what advice to
    drivers rests on. Nothing is said of fewer than ten requests, and nothing anew within five
    minutes."""
    board = services_of(request).advice
    found, turn = board.demand.latest, board.latest
    if found is None or turn is None:
        return DemandOut(as_of=None, counted_seconds=None, zones=[])
    zones = turn.zones
    middles: list[list[float]] = zones.division.middles.round(6).tolist()
    return DemandOut(
        as_of=found.as_of,
        counted_seconds=found.counted_seconds,
        zones=[
            WaitingZoneOut(
                zone=number,
                name=name,
                heart=Place.of(heart),
                middle=(middle[0], middle[1]),
                requests_hour=requests_hour,
            )
            for number, (name, heart, middle, requests_hour) in enumerate(
                zip(zones.names, zones.hearts, middles, found.requests_hour, strict=True)
            )
        ],
    )


@router.get("/rules", responses=problems(), summary="The rules in force")
async def rules(request: Request) -> RulesOut:
    """Tariff, pay floor, policies: one of each kind, as adopted."""
    async with services_of(request).database.work() as work:
        found = await rulebook.service.list_rules(work)
        now = work.now
    return RulesOut(
        rules=[
            rule_out(rule)
            for rule in found
            if rule.valid_from <= now and (rule.valid_to is None or now < rule.valid_to)
        ]
    )


@router.get("/rules/{kind}", responses=problems(404), summary="Every version of a rule")
async def rules_of_kind(request: Request, kind: RuleKind) -> RulesOut:
    """Past, present and to come, oldest first."""
    async with services_of(request).database.work() as work:
        found = await rulebook.service.list_rules(work, kind)
    return RulesOut(rules=[rule_out(rule) for rule in found])


@tiles.get("/tiles/{z}/{x}/{y}.mvt")
async def tile(request: Request, z: int, x: int, y: int) -> Response:
    """One vector tile, drawn from the city's own streets; 204 where there is nothing."""
    file = services_of(request).city.tiles
    found = None if file is None else file.tile(z, x, y)
    headers: dict[str, Any] = {"Cache-Control": "public, max-age=86400"}
    if found is None:
        return Response(status_code=204, headers=headers)
    return Response(
        found,
        media_type="application/vnd.mapbox-vector-tile",
        headers=headers | {"Content-Encoding": "gzip"},
    )
