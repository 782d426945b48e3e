"""City packs: everything the service must know about a city, as a folder of data.

Owns the reading and checking of a pack (docs/reference/city_pack.md). Refuses a pack that lacks a
file or contradicts itself, naming the file and the field; what the rules of its charter mean
is for the rooms that act on them. Making packs is in `pack_builder`.
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from foundation.measures import Point
from foundation.money import Currency
from roads.errors import (
    NetworkUnreadable,
    NoConnectedStreets,
    PackIncomplete,
    PackInvalid,
    TableUnreadable,
    ZonesUnreadable,
)
from roads.network import FloatArray, RoadNetwork
from roads.pack_fields import Fields, Source, existing, read_object, read_shape
from roads.table import network_from_table
from roads.zones import NO_ZONE, Zones

FORMAT = 1
"""Raised whenever a file or field of a pack changes its meaning."""

CITY, BOUNDARY, ZONES, LAND = "city.json", "boundary.geojson", "zones.geojson", "land.geojson"
SOURCES, TILES, CHARTER = "SOURCES.md", "tiles.pmtiles", "charter"
CHARTER_FILES = {
    "charter.json": "who founded the city",
    "bylaws.json": "the members' bylaws",
    "tariff.json": "the first tariff",
    "pay_floor.json": "the least that drivers earn",
    "booking_policy.json": "the terms of a booking",
    "matching_policy.json": "who is offered which trip",
}
"""Files of the charter that every pack has; `levy.json` and others may be there too."""

_FIELDS = {
    *("format", "name", "title", "country", "timezone", "currency", "languages", "locale"),
    *("centre", "bounds", "streets", "demand", "attribution", "sources"),
}
_UNZONED_SHARE_MAX = 0.001
_JUNCTIONS_OUTSIDE_SHARE_MAX = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Where a pack's trips come from.

    Attributes
    ----------
    kind
        ``recorded``: a table of trips of one day; ``model``: the parameters of a model.
    recorded_on
        The local date of the recording; `None` for a model.
    """

    kind: Literal["recorded", "model"]
    path: Path
    recorded_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CityPack:
    """One city, checked and ready for use; may be read by many threads.

    Attributes
    ----------
    name, title
        For addresses and files; for people.
    country, timezone, currency, languages, locale
        ISO 3166-1, IANA, ISO 4217, BCP 47 (the most usual first), BCP 47.
    centre, bounds
        Where a map opens; west, south, east, north in degrees.
    boundary, land
        Service area; what a map draws as land, where that is known. Degrees.
    charter_folder
        For `rulebook.charter.parse_charter`.
    tiles
        The map that came with the pack, if one did (`roads.tiles`).
    """

    folder: Path
    name: str
    title: str
    country: str
    timezone: str
    currency: Currency
    languages: tuple[str, ...]
    locale: str
    centre: Point
    bounds: tuple[float, float, float, float]
    attribution: str
    sources: tuple[Source, ...]
    boundary: BaseGeometry
    land: BaseGeometry | None
    zones: Zones
    network: RoadNetwork
    charter_folder: Path
    demand: Demand
    tiles: Path | None

    @property
    def zone_info(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def zones_file(self) -> Path:
        """The zones as GeoJSON, as a client gets them."""
        return self.folder / ZONES

    def contains(self, point: Point) -> bool:
        """Whether trips may begin or end there."""
        return bool(shapely.intersects_xy(self.boundary, point.lon, point.lat))

    def contains_each(self, points: FloatArray) -> npt.NDArray[np.bool_]:
        """`contains` of each point, (n, 2) in degrees."""
        inside: npt.NDArray[np.bool_] = shapely.intersects_xy(
            self.boundary, points[:, 0], points[:, 1]
        )
        return inside

    def zone_of(self, point: Point) -> str | None:
        """Code of a place's zone: each place in the service area has one, no other has.

        Zones are drawn by hand or cut from a grid, and hairlines stay open between them: there,
        the nearest zone counts, of several the first.
        """
        if not self.contains(point):
            return None
        code = self.zones.zone_of(point)
        return code if code is not None else self._nearest_zone(point)

    def _nearest_zone(self, point: Point) -> str:
        spot = shapely.Point(point.lon, point.lat)
        shapes = np.array([zone.shape for zone in self.zones.zones], dtype=object)
        return self.zones.codes[int(np.argmin(shapely.distance(shapes, spot)))]

    @classmethod
    def open(cls, folder: Path) -> "CityPack":
        """Read and check a pack.

        Raises
        ------
        PackIncomplete
            If the folder or a file is missing; names it.
        PackInvalid
            If a file is broken or contradicts another; names the file and the field.
        """
        if not folder.is_dir():
            raise PackIncomplete(folder, str(folder), "the folder of the pack")
        city = read_object(folder, CITY, "name, time zone, currency and languages")
        if city.values.get("format") != FORMAT:
            raise city.refuse("format", f"must be {FORMAT}, the form this program reads")
        city.only(_FIELDS)
        boundary = read_shape(folder, BOUNDARY, "the service area")
        shapely.prepare(boundary)
        has_land = (folder / LAND).is_file()
        pack = cls(
            folder=folder,
            name=city.name("name"),
            title=city.text("title"),
            country=city.country("country"),
            timezone=city.timezone("timezone"),
            currency=city.currency("currency"),
            languages=city.languages("languages"),
            locale=city.language("locale"),
            centre=city.point("centre"),
            bounds=city.bounds("bounds"),
            attribution=city.text("attribution"),
            sources=city.sources("sources"),
            boundary=boundary,
            land=read_shape(folder, LAND, "the shore") if has_land else None,
            zones=_zones(folder),
            network=_network(city.part("streets")),
            charter_folder=_charter_folder(folder),
            demand=_demand(city.part("demand")),
            tiles=folder / TILES if (folder / TILES).is_file() else None,
        )
        existing(folder, SOURCES, "sources and licences of the data")
        _check_places(pack, city)
        _check_charter(pack)
        return pack


def _zones(folder: Path) -> Zones:
    document = read_object(folder, ZONES, "the zones")
    try:
        zones = Zones.from_geojson(document.values)
    except ZonesUnreadable as wrong:
        raise PackInvalid(folder, ZONES, "", str(wrong.facts["reason"])) from wrong
    if len(zones) == 0:
        raise PackInvalid(folder, ZONES, "features", "there is no zone")
    return zones


def _network(streets: Fields) -> RoadNetwork:
    """The streets, of whichever kind; a fault in them is told as the pack's."""
    kind = streets.values.get("kind")
    try:
        if kind == "table":
            streets.only({"kind", "nodes", "edges"})
            nodes = streets.file_named("nodes", "the junctions")
            return network_from_table(nodes, streets.file_named("edges", "the streets"))
        if kind == "network":
            streets.only({"kind", "file"})
            return RoadNetwork.load(streets.file_named("file", "the streets"))
    except (NetworkUnreadable, TableUnreadable) as wrong:
        file = Path(wrong.facts["path"]).relative_to(streets.folder)
        line = wrong.facts.get("line")
        where = f"line {line}" if line else ""
        reason = str(wrong.facts["reason"])
        raise PackInvalid(streets.folder, str(file), where, reason) from wrong
    except NoConnectedStreets as wrong:
        file_of_edges = str(streets.values["edges"])
        reason = wrong.sentence.rstrip(".")
        raise PackInvalid(streets.folder, file_of_edges, "", reason) from wrong
    raise streets.refuse("kind", 'must be "table" or "network"')


def _demand(demand: Fields) -> Demand:
    kind = demand.values.get("kind")
    if kind == "recorded":
        demand.only({"kind", "file", "recorded_on"})
        path = demand.file_named("file", "recorded trips")
        return Demand(kind="recorded", path=path, recorded_on=demand.day("recorded_on"))
    if kind == "model":
        demand.only({"kind", "file"})
        path = demand.file_named("file", "the model of demand")
        return Demand(kind="model", path=path, recorded_on=None)
    raise demand.refuse("kind", 'must be "recorded" or "model"')


def _charter_folder(folder: Path) -> Path:
    for file, what in CHARTER_FILES.items():
        read_object(folder, f"{CHARTER}/{file}", what)
    return folder / CHARTER


def _check_places(pack: CityPack, city: Fields) -> None:
    """Refuse a pack whose parts lie in different places, or leave part of the city unzoned."""
    west, south, east, north = pack.boundary.bounds
    box_west, box_south, box_east, box_north = pack.bounds
    slack = 0.01
    if not (
        box_west - slack <= west
        and box_south - slack <= south
        and east <= box_east + slack
        and north <= box_north + slack
    ):
        raise city.refuse("bounds", f"do not hold {BOUNDARY}")
    if not pack.contains(pack.centre):
        raise city.refuse("centre", f"lies outside {BOUNDARY}")
    network = pack.network
    junctions = np.stack([network.node_lon, network.node_lat], axis=1)
    outside = 1.0 - float(pack.contains_each(junctions).mean())
    if outside > _JUNCTIONS_OUTSIDE_SHARE_MAX:
        reason = f"{outside:.0%} of the junctions lie outside it"
        raise PackInvalid(pack.folder, BOUNDARY, "", reason)
    zones = pack.zones
    if bool((zones.indices_of(junctions[pack.contains_each(junctions)]) == NO_ZONE).mean() > 0.01):
        raise PackInvalid(pack.folder, ZONES, "", "part of the streets lies in no zone")
    covered = shapely.union_all([zone.shape for zone in zones.zones])
    bare = pack.boundary.difference(covered).area / pack.boundary.area
    if bare > _UNZONED_SHARE_MAX:
        reason = f"{bare:.1%} of the service area lies in no zone"
        raise PackInvalid(pack.folder, ZONES, "", reason)


def _check_charter(pack: CityPack) -> None:
    """The charter is of this city: its money and its hours are the city's."""
    for file, field, ours in (
        ("charter.json", "city", pack.name),
        ("tariff.json", "currency", pack.currency),
        ("tariff.json", "timezone", pack.timezone),
        ("pay_floor.json", "currency", pack.currency),
    ):
        rule = read_object(pack.folder, f"{CHARTER}/{file}", CHARTER_FILES[file])
        if rule.values.get(field) != ours:
            raise rule.refuse(field, f"must be {ours!r}, as in {CITY}")
