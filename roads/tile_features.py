"""What a map shows of a city besides OpenStreetMap: zones, service area, and its streets.

Owns the drawing of a network that knows no more than speeds (docs/reference/tiles.md). Pure.
"""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from roads.network import RoadNetwork
from roads.strokes import stroke_metres
from roads.tiles import MapFeature, attributes_of
from roads.zones import Zones

KINDS = {
    1: "motorway",
    2: "trunk",
    3: "primary",
    4: "secondary",
    5: "tertiary",
    6: "residential",
    7: "service",
    8: "foot",
}
"""Ranks of roads, and what a map calls them."""

_RANK_ABOVE_KMH = ((80.0, 1), (60.0, 2), (45.0, 3))
_RANK_FROM_METRES = ((4_000.0, 4), (2_000.0, 5))
_SPEED_ROUNDING_KMH = 0.5
"""Speeds worked out of rounded times are off by as much; 45 km/h is not above 45."""

_PLACE_ZOOMS = {
    **dict.fromkeys(["city", "town"], 10),
    **dict.fromkeys(["suburb", "village"], 11),
    "zone": 12,
    **dict.fromkeys(["quarter", "neighbourhood", "hamlet"], 13),
    "station": 13,
}
PLACE_KINDS = tuple(_PLACE_ZOOMS)
"""Kinds of named points, the ones to be drawn first first."""


def place(kind: str, name: str, point: BaseGeometry, *, code: str = "") -> MapFeature:
    """A label on one point."""
    rank = PLACE_KINDS.index(kind) + 1
    return MapFeature(
        layer="places",
        shape=point,
        attributes=attributes_of(kind=kind, name=name, rank=rank, code=code),
        zoom_min=_PLACE_ZOOMS[kind],
    )


def features_of_area(
    boundary: BaseGeometry, zones: Zones, land: BaseGeometry | None
) -> Iterator[MapFeature]:
    """Service area, zones and their labels, and land (by default: all zones together)."""
    shapes = [zone.shape for zone in zones.zones]
    yield MapFeature(layer="land", shape=land or shapely.union_all(shapes))
    yield MapFeature(layer="boundary", shape=boundary)
    for zone in zones.zones:
        about = attributes_of(code=zone.code, name=zone.name)
        yield MapFeature(layer="zones", shape=zone.shape, attributes=about)
        inside = shapely.point_on_surface(zone.shape)
        yield place("zone", zone.name, inside, code=zone.code)


def features_of_streets(network: RoadNetwork) -> Iterator[MapFeature]:
    """Streets of a network of which only speeds are known, two-way ones once."""
    kmh = network.arc_metres / network.arc_ms * 3600.0
    metres = stroke_metres(network)
    conditions = [kmh > limit + _SPEED_ROUNDING_KMH for limit, _ in _RANK_ABOVE_KMH]
    conditions += [metres >= length for length, _ in _RANK_FROM_METRES]
    ranks = np.select(conditions, [r for _, r in (*_RANK_ABOVE_KMH, *_RANK_FROM_METRES)], 6)
    lines = shapely.linestrings(
        network.coords, indices=np.repeat(np.arange(network.arc_count), np.diff(network.offsets))
    )
    back = network.reverse_arc
    for arc in np.flatnonzero((back < 0) | (np.arange(network.arc_count) < back)).tolist():
        rank = int(ranks[arc])
        about = attributes_of(
            rank=rank,
            kind=KINDS[rank],
            name=network.arc_street(arc),
            oneway=int(back[arc] < 0),
        )
        yield MapFeature(layer="roads", shape=lines[arc], attributes=about)
