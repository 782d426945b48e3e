"""What a map shows of an OpenStreetMap extract: streets, rails, water, green, named places.

Owns the reading of those tags and shapes; the sea is in `coast`. It draws every street, not only
those a car may use, and leaves out what is broken: a map with a hole is better than no map.
Refuses a file that cannot be read. Layers and attributes: docs/reference/tiles.md.

OpenStreetMap data is (c) OpenStreetMap contributors, Open Database Licence 1.0. Keys: the wiki's
pages Key:highway, Key:natural, Key:waterway, Key:landuse, Key:leisure, Key:railway, Key:place.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from roads.errors import ExtractUnreadable
from roads.network import FloatArray
from roads.tile_features import KINDS, PLACE_KINDS, place
from roads.tiles import MapFeature, Progress, attributes_of

RANKS = {
    "motorway": 1,
    "trunk": 2,
    "primary": 3,
    "secondary": 4,
    "tertiary": 5,
    **dict.fromkeys(["residential", "unclassified", "road"], 6),
    **dict.fromkeys(["service", "living_street"], 7),
    **dict.fromkeys(["pedestrian", "footway", "path", "steps", "cycleway", "track"], 8),
}
_ZOOM_OF_RANK = {1: 10, 2: 10, 3: 10, 4: 11, 5: 12, 6: 12, 7: 14, 8: 14}

_GREEN = {
    ("leisure", "park"): "park",
    ("leisure", "nature_reserve"): "park",
    ("leisure", "garden"): "garden",
    ("leisure", "golf_course"): "golf",
    ("leisure", "pitch"): "pitch",
    ("leisure", "playground"): "park",
    ("landuse", "cemetery"): "cemetery",
    ("landuse", "forest"): "wood",
    ("natural", "wood"): "wood",
    ("landuse", "grass"): "grass",
    ("landuse", "meadow"): "grass",
    ("landuse", "recreation_ground"): "grass",
    ("landuse", "village_green"): "grass",
    ("natural", "grassland"): "grass",
    ("natural", "heath"): "grass",
    ("natural", "scrub"): "grass",
    ("landuse", "orchard"): "farm",
    ("landuse", "vineyard"): "farm",
    ("landuse", "farmland"): "farm",
    ("natural", "beach"): "sand",
    ("natural", "sand"): "sand",
}
_WATER = {
    ("natural", "water"): "lake",
    ("landuse", "reservoir"): "lake",
    ("waterway", "riverbank"): "river",
    ("waterway", "dock"): "dock",
    ("leisure", "swimming_pool"): "pool",
}
_WATER_KINDS = frozenset({"lake", "river", "canal", "stream", "dock", "pool"})
_STREAMS = {"river": 10, "canal": 11, "stream": 13}
_RAILS = {"rail": 11, "light_rail": 11, "subway": 12, "tram": 13}
_NODE_KEYS = ("place", "railway", "station")
_WAY_KEYS = ("highway", "railway", "waterway", "natural", "landuse", "leisure")
_AREA_KEYS = ("natural", "landuse", "leisure", "waterway")
_COUNTRY_KEYS = ("addr:country", "ISO3166-1:alpha2", "ISO3166-2", "is_in:country_code")

Tags = Mapping[str, str]


class _Unsorted(Exception):
    """The things of the file are not in the order of their numbers."""


@dataclass(slots=True, kw_only=True)
class DrawnExtract:
    """What an extract shows, and what it says of where it is."""

    features: list[MapFeature] = field(default_factory=list)
    coast: list[FloatArray] = field(default_factory=list)
    """Coastline ways, degrees, land on the left and water on the right as they are drawn."""
    places: list[tuple[str, str, BaseGeometry]] = field(default_factory=list)
    """Kind, name and point of every named place, also of kinds that a map leaves out."""
    countries: dict[str, int] = field(default_factory=dict)
    """How often the tags name a country (ISO 3166-1)."""
    box: BaseGeometry | None = None
    """What the extract says it holds, if it says so."""


def read_map(path: Path, progress: Progress) -> DrawnExtract:
    """Read everything that is drawn, in two passes over the file.

    Raises
    ------
    ExtractUnreadable
        If the file is missing, is not an extract, or ends too early.
    """
    if not path.is_file():
        raise ExtractUnreadable(path, "there is no such file")
    try:
        drawn = _read(path, with_areas=True)
    except _Unsorted:
        # An editor's own file: areas of several ways cannot be put together, the rest can.
        drawn = _read(path, with_areas=False)
    progress("map features read", len(drawn.features))
    return drawn


def _read(path: Path, *, with_areas: bool) -> DrawnExtract:
    # Imported here: the parser is needed to build a city, never to run one.
    import osmium
    from osmium.osm import AREA, NODE, WAY

    drawn = DrawnExtract()
    wkb = osmium.geom.WKBFactory()
    try:
        # The package's own types allow for changesets, which no extract holds.
        things: Any = osmium.FileProcessor(str(path))
        drawn.box = _box(things.header.box())
        if with_areas:
            things = things.with_areas(osmium.filter.KeyFilter(*_AREA_KEYS))
        else:
            things = things.with_locations()
        on_nodes = osmium.filter.KeyFilter(*_NODE_KEYS, *_COUNTRY_KEYS)
        on_nodes.enable_for(NODE)
        on_others = osmium.filter.KeyFilter(*_WAY_KEYS, *_COUNTRY_KEYS)
        on_others.enable_for(WAY | AREA)
        for thing in things.with_filter(on_nodes).with_filter(on_others):
            if thing.is_relation():
                continue
            tags = {tag.k: tag.v for tag in thing.tags}
            _count_country(drawn, tags)
            if thing.is_area():
                _take_area(drawn, tags, _polygons(thing, wkb))
            elif thing.is_way():
                _take_way(drawn, tags, thing, wkb)
                if not with_areas and thing.is_closed():
                    _take_area(drawn, tags, _polygon(thing, wkb))
            elif thing.is_node():
                _take_node(drawn, tags, thing)
    except (RuntimeError, OSError, ValueError) as broken:
        # libosmium raises RuntimeError for every fault of a file.
        if with_areas and "out of order" in str(broken):
            raise _Unsorted from broken
        raise ExtractUnreadable(path, str(broken).rstrip(".") or "it is broken") from broken
    return drawn


def _box(said: Any) -> BaseGeometry | None:
    """The box in an extract's header; `None` if there is none, or it is nonsense."""
    if not said.valid():
        return None
    low, high = said.bottom_left, said.top_right
    if high.lon - low.lon > 20 or high.lat - low.lat > 20:
        return None  # a whole quarter of the Earth, as some writers put it by default
    return shapely.box(low.lon, low.lat, high.lon, high.lat)


def _count_country(drawn: DrawnExtract, tags: Tags) -> None:
    said = tags.get("addr:country") or tags.get("ISO3166-1:alpha2") or tags.get("ISO3166-2", "")[:2]
    said = said or tags.get("is_in:country_code", "")
    if len(said) == 2 and said.isascii() and said.isalpha():
        drawn.countries[said.upper()] = drawn.countries.get(said.upper(), 0) + 1


def _take_node(drawn: DrawnExtract, tags: Tags, node: Any) -> None:
    name = tags.get("name", "").strip()
    kind = tags.get("place", "")
    if tags.get("railway") == "station" or tags.get("station") == "subway":
        kind = "station"
    if not name or not kind:
        return
    point = shapely.Point(node.location.lon, node.location.lat)
    if kind != "station":
        drawn.places.append((kind, name, point))
    if kind in PLACE_KINDS:
        drawn.features.append(place(kind, name, point))


def _take_way(drawn: DrawnExtract, tags: Tags, way: Any, wkb: Any) -> None:
    about = None if tags.get("area") == "yes" else _street(tags) or _rail(tags) or _stream(tags)
    is_coast = tags.get("natural") == "coastline"
    if about is None and not is_coast:
        return
    lines = _lines(way, wkb)
    if is_coast:
        drawn.coast.extend(shapely.get_coordinates(line) for line in lines)
    if about is None:
        return
    layer, zoom, attributes = about
    if tags.get("oneway") in ("-1", "reverse"):
        lines = [shapely.reverse(line) for line in lines]
    kept = attributes_of(**attributes)
    drawn.features.extend(
        MapFeature(layer=layer, shape=line, attributes=kept, zoom_min=zoom) for line in lines
    )


def _lines(way: Any, wkb: Any) -> list[BaseGeometry]:
    """The runs of a way's nodes that are in the extract, at least two nodes each."""
    from osmium import InvalidLocationError

    try:
        return [shapely.from_wkb(wkb.create_linestring(way))]
    except (InvalidLocationError, RuntimeError):
        pass  # a node is missing: the parts on either side of it are there
    runs: list[list[tuple[float, float]]] = [[]]
    for node in way.nodes:
        if node.location.valid():
            runs[-1].append((node.lon, node.lat))
        elif runs[-1]:
            runs.append([])
    return [shapely.LineString(run) for run in runs if len(run) > 1]


_About = tuple[str, int, dict[str, str | int]]


def _street(tags: Tags) -> _About | None:
    highway = tags.get("highway", "")
    base = highway.removesuffix("_link")
    rank = RANKS.get(base)
    if rank is None:
        return None
    oneway = tags.get("oneway", "")
    implied = base == "motorway" or tags.get("junction") in ("roundabout", "circular")
    is_oneway = oneway in ("yes", "true", "1", "-1", "reverse") or (implied and oneway != "no")
    return (
        "roads",
        _ZOOM_OF_RANK[rank],
        {
            "rank": rank,
            "kind": KINDS[rank],
            "name": (tags.get("name") or tags.get("ref") or "").strip(),
            "link": int(base != highway),
            "oneway": int(is_oneway and rank < 8),
            **_levels(tags),
        },
    )


def _rail(tags: Tags) -> _About | None:
    kind = tags.get("railway", "")
    if kind not in _RAILS:
        return None
    return "rail", _RAILS[kind], {"kind": kind, **_levels(tags)}


def _stream(tags: Tags) -> _About | None:
    kind = tags.get("waterway", "")
    if kind not in _STREAMS or tags.get("tunnel", "no") != "no":
        return None
    name = tags.get("name", "").strip()
    return "water", _STREAMS[kind], {"kind": kind, "name": name, "line": 1}


def _levels(tags: Tags) -> dict[str, str | int]:
    return {
        "bridge": int(tags.get("bridge", "no") != "no"),
        "tunnel": int(tags.get("tunnel", "no") != "no"),
    }


def _polygons(area: Any, wkb: Any) -> BaseGeometry | None:
    """The shape of an area put together by the parser."""
    try:
        return shapely.from_wkb(wkb.create_multipolygon(area))
    except (RuntimeError, shapely.errors.ShapelyError):
        return None  # a ring that does not close: the map goes without it


def _polygon(way: Any, wkb: Any) -> BaseGeometry | None:
    """The shape that a closed way goes round."""
    lines = _lines(way, wkb)
    if len(lines) != 1 or shapely.get_num_points(lines[0]) < 4:
        return None
    return shapely.make_valid(shapely.Polygon(lines[0]))


def _take_area(drawn: DrawnExtract, tags: Tags, shape: BaseGeometry | None) -> None:
    about = _area(tags)
    if about is None or shape is None:
        return
    layer, kind = about
    name = tags.get("name", "").strip()
    attributes = attributes_of(kind=kind, name=name)
    drawn.features.append(MapFeature(layer=layer, shape=shape, attributes=attributes))


def _area(tags: Tags) -> tuple[str, str] | None:
    for (key, value), kind in _WATER.items():
        if tags.get(key) == value:
            finer = tags.get("water", "")
            return "water", finer if finer in _WATER_KINDS else kind
    for (key, value), kind in _GREEN.items():
        if tags.get(key) == value:
            return "green", kind
    return None
