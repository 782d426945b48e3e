"""From two places to a priced journey: snapped, routed, zoned; refused outside the city."""

from collections.abc import Sequence
from datetime import datetime

import fares.service
from doorway.errors import PlaceOutsideCity, PlacesTheSame
from doorway.services import City
from fares.quote import Quote
from foundation.identifiers import RiderId
from foundation.measures import Point
from storage.work import UnitOfWork

SHORTEST_METRES = 20


async def quote_between(
    work: UnitOfWork,
    city: City,
    *,
    rider_id: RiderId,
    pickup: Point,
    dropoff: Point,
    seats: int,
    vehicle_class: str,
    needs: Sequence[str],
    booked_for: datetime | None,
    is_shared: bool = False,
) -> Quote:
    """Price the quickest way between two places and keep the quote.

    Raises
    ------
    PlaceOutsideCity, PlacesTheSame
    roads.errors.NoRoute
        If no street leads there.
    fares.errors.*
        As `fares.service.make_quote`.
    """
    rules = await fares.service.quote_rules(work, booked_for=booked_for)
    snap_within_m = rules.policy.snap_within_m
    route = city.roads.route(pickup, dropoff)
    for which, place, gap in (
        ("pick-up", pickup, route.origin_gap_metres),
        ("destination", dropoff, route.destination_gap_metres),
    ):
        if gap > snap_within_m or not city.pack.contains(place):
            raise PlaceOutsideCity(which, round(gap), snap_within_m)
    if route.metres < SHORTEST_METRES:
        raise PlacesTheSame
    return await fares.service.make_quote(
        work,
        rules,
        rider_id=rider_id,
        pickup=pickup,
        dropoff=dropoff,
        metres=route.metres,
        seconds=-(-route.milliseconds // 1000),
        route_line=[(float(lon), float(lat)) for lon, lat in route.line],
        zone_from=city.pack.zone_of(pickup),
        zone_to=city.pack.zone_of(dropoff),
        vehicle_class=vehicle_class,
        seats=seats,
        needs=needs,
        booked_for=booked_for,
        is_shared=is_shared,
        degraded=route.degraded,
    )
