"""Prices on the command line, without a service and without a database."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from fares.price import Journey, price
from fares.tariff import parse_tariff
from foundation.clock import wall_now
from foundation.errors import Invalid
from foundation.local_time import instant_of
from foundation.measures import Point
from foundation.money import Money
from khan.build import find_city, open_roads, read_charter
from khan.places import pasted
from khan.settings import cache_folder
from roads.pack import CityPack
from rulebook.booking_policy import parse_booking_policy
from rulebook.rule import RuleKind

_YEARS = (1900, 9000)
"""Local time of any of them can be reckoned with."""


class QuoteUnusable(Invalid):
    """What was asked for cannot be priced."""

    code = "quote_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"That cannot be priced: {reason}.", reason=reason)


def quote_lines(
    city: str, origin: str, destination: str, *, at: str | None, vehicle_class: str
) -> Iterator[str]:
    """The price of a trip by the founding tariff, as lines that sum to the total.

    Raises
    ------
    QuoteUnusable, PlaceUnreadable, ...
        As the rooms refuse.
    """
    pack = CityPack.open(find_city(city))
    pickup, dropoff = pasted(origin), pasted(destination)
    for which, place in (("--from", pickup), ("--to", dropoff)):
        if not pack.contains(place):
            turned = " (the latitude comes first)" if _is_turned(place, pack) else ""
            raise QuoteUnusable(f"{which} is outside {pack.title}{turned}")
    rules = read_charter(pack).bodies
    route = open_roads(pack, cache_folder()).route(pickup, dropoff)
    within = parse_booking_policy(rules[RuleKind.BOOKING_POLICY]).snap_within_m
    for which, gap in (
        ("--from", route.origin_gap_metres),
        ("--to", route.destination_gap_metres),
    ):
        if gap > within:
            raise QuoteUnusable(f"{which} is {gap:.0f} m from any street; {within} m is the most")
    when = _instant(at, pack)
    tariff = parse_tariff(dict(rules[RuleKind.TARIFF]))
    journey = Journey(
        metres=route.metres,
        seconds=-(-route.milliseconds // 1000),
        vehicle_class=vehicle_class,
        zone_from=pack.zone_of(pickup),
        zone_to=pack.zone_of(dropoff),
    )
    priced = price(tariff, journey, when)
    yield (
        f"{route.metres / 1000:.1f} km, {journey.seconds // 60} min {journey.seconds % 60} s, "
        f"{when.astimezone(pack.zone_info):%Y-%m-%d %H:%M} {pack.timezone}"
    )
    width = max(len(line.code) for line in priced.lines)
    for line in priced.lines:
        amount = str(Money(line.amount_minor, priced.total.currency))
        yield f"  {line.code:<{width}}  {amount:>14}"
    yield f"  {'total':<{width}}  {priced.total!s:>14}"


def _is_turned(place: Point, pack: CityPack) -> bool:
    """Whether it lies in the city with its longitude taken for the latitude."""
    return abs(place.lon) <= 90 and pack.contains(Point(place.lat, place.lon))


def _instant(at: str | None, pack: CityPack) -> datetime:
    if at is None:
        return wall_now()
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        raise QuoteUnusable(f"{at!r} is not a time like 2014-12-21T20:00") from None
    if not _YEARS[0] <= when.year <= _YEARS[1]:
        raise QuoteUnusable(f"{at!r} is too far away")
    return when if when.tzinfo else instant_of(when, pack.zone_info)


class FileUnreadable(Invalid):
    """A file named on the command line cannot be read."""

    code = "file_unreadable"

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file} cannot be read: {reason}.", file=str(file))
