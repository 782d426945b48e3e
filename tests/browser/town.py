"""A town to drive through on a screen: streets, zones, and vector tiles cut from them.

For the stand-in only. A city pack can be driven through; the tests use a small made-up grid,
because it is the same everywhere and there at once.
"""

import csv
import math
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

KINDS = {1: "motorway", 2: "trunk", 3: "primary", 4: "secondary", 5: "tertiary", 6: "residential"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone as the map and the table of queues know it."""

    code: str
    name: str
    shape: BaseGeometry


@dataclass(frozen=True, kw_only=True)
class Town:
    """Streets as arcs between nodes; longitude first, WGS 84."""

    name: str
    title: str
    timezone: str
    nodes: NDArray[np.float64]  # (nodes, 2)
    tails: NDArray[np.int64]  # (arcs,)
    heads: NDArray[np.int64]  # (arcs,)
    metres: NDArray[np.float64]  # (arcs,)
    speeds: NDArray[np.float64]  # (arcs,), metres in a second
    names: list[str]  # (arcs,), empty where a street has none
    zones: list[Zone]
    demand: NDArray[np.float64]  # (trips, 2): where people ask for a car
    layers: dict[str, Any] = field(default_factory=dict)
    edges: tuple[float, float, float, float] | None = None

    @property
    def bounds(self) -> list[float]:
        """West, south, east, north."""
        if self.edges is not None:
            return list(self.edges)
        return [*self.nodes.min(axis=0).tolist(), *self.nodes.max(axis=0).tolist()]


def rank_of(speed: float) -> int:
    """The road rank that docs/reference/tiles.md gives a street of which only speed is known."""
    for rank, kmh in enumerate((80, 60, 45, 35, 25), start=1):
        if speed * 3.6 > kmh:
            return rank
    return 6


def grid_town(side: int = 14) -> Town:
    """A town of square blocks of 150 m beside a lake, with named streets and four zones."""
    lon0, lat0, step_lon, step_lat = 2.15, 41.38, 0.0018, 0.00135
    nodes = np.array(
        [(lon0 + x * step_lon, lat0 + y * step_lat) for y in range(side) for x in range(side)]
    )
    tails, heads, names, speeds = [], [], [], []
    for y in range(side):
        for x in range(side):
            for dx, dy, name in ((1, 0, f"Carrer {y + 1}"), (0, 1, f"Avinguda {x + 1}")):
                if x + dx < side and y + dy < side:
                    a, b = y * side + x, (y + dy) * side + x + dx
                    wide = (y if dx else x) % 4 == 1
                    for tail, head in ((a, b), (b, a)):
                        tails.append(tail)
                        heads.append(head)
                        names.append(name)
                        speeds.append(13.5 if wide else 9.0)
    half, rest = side // 2 * step_lon - step_lon / 2, side // 2 * step_lat - step_lat / 2
    west, south = lon0 - step_lon / 2, lat0 - step_lat / 2
    east, north = west + side * step_lon, south + side * step_lat
    middle_lon, middle_lat = lon0 + half, lat0 + rest
    zones = [
        Zone(code="1", name="Old Harbour", shape=box(west, south, middle_lon, middle_lat)),
        Zone(code="2", name="Market", shape=box(middle_lon, south, east, middle_lat)),
        Zone(code="3", name="Hillside", shape=box(west, middle_lat, middle_lon, north)),
        Zone(code="4", name="University", shape=box(middle_lon, middle_lat, east, north)),
    ]
    chance = np.random.default_rng(5)
    demand = nodes[chance.integers(0, len(nodes), 400)]
    return Town(
        name="gridton",
        title="Gridton",
        timezone="Europe/Madrid",
        nodes=nodes,
        tails=np.array(tails),
        heads=np.array(heads),
        metres=np.full(len(tails), 150.0),
        speeds=np.array(speeds),
        names=names,
        zones=zones,
        demand=demand,
        layers={
            "water": [(box(east, south, east + 0.01, north), {"kind": "lake", "name": "Lake"})]
        },
    )


class Map(Protocol):
    """Gives one tile, gzipped or not; None or empty where there is nothing."""

    def tile(self, zoom: int, x: int, y: int) -> bytes | None: ...


def packed_town(folder: Path) -> tuple[Town, Map]:
    """The town of a city pack and its own map, drawn once into a folder for passing things."""
    from khan.build import open_tiles
    from roads.pack import CityPack

    pack = CityPack.open(folder)
    streets = pack.network
    seconds = streets.arc_ms / 1000
    nodes = np.column_stack([streets.node_lon, streets.node_lat])
    demand = nodes
    if pack.demand.kind == "recorded":
        with pack.demand.path.open(encoding="utf-8") as file:
            evening = [
                row for row in csv.DictReader(file) if row["asked_at"][11:13] in ("20", "21")
            ]
        demand = np.array([(float(row["pickup_lon"]), float(row["pickup_lat"])) for row in evening])
    town = Town(
        name=pack.name,
        title=pack.title,
        timezone=pack.timezone,
        nodes=nodes,
        tails=streets.arc_tail.astype(np.int64),
        heads=streets.arc_head.astype(np.int64),
        metres=np.maximum(1.0, streets.arc_metres.astype(np.float64)),
        speeds=streets.arc_metres / np.maximum(seconds, 0.1),
        names=[],
        zones=[Zone(code=z.code, name=z.name, shape=z.shape) for z in pack.zones.zones],
        demand=demand,
        edges=pack.bounds,
    )
    return town, open_tiles(pack, Path(tempfile.gettempdir()) / "khan-stand-in-tiles")


class Tiles:
    """Vector tiles of a town, cut when asked for, in the layers of docs/reference/tiles.md."""

    def __init__(self, town: Town) -> None:
        land = shapely.union_all([zone.shape for zone in town.zones])
        roads, seen = [], set()
        for arc, (tail, head) in enumerate(
            zip(town.tails.tolist(), town.heads.tolist(), strict=True)
        ):
            if (head, tail) in seen:
                continue  # two-way streets are drawn once
            seen.add((tail, head))
            rank = rank_of(float(town.speeds[arc]))
            about = {"rank": rank, "kind": KINDS[rank]} | (
                {"name": town.names[arc]} if town.names[arc] else {}
            )
            roads.append((shapely.linestrings(town.nodes[[tail, head]]), about))
        self._layers: dict[str, list[tuple[BaseGeometry, dict[str, Any]]]] = {
            "land": [(land, {})],
            "green": town.layers.get("green", []),
            "water": town.layers.get("water", []),
            "boundary": [(land, {})],
            "zones": [(zone.shape, {"code": zone.code, "name": zone.name}) for zone in town.zones],
            "roads": roads,
            "places": [
                (
                    zone.shape.representative_point(),
                    {"kind": "zone", "code": zone.code, "name": zone.name, "rank": 3},
                )
                for zone in town.zones
            ],
        }
        self._trees = {
            name: shapely.STRtree([item for item, _ in items])
            for name, items in self._layers.items()
            if items
        }
        self.tile = lru_cache(maxsize=500)(self._cut)

    def _cut(self, z: int, x: int, y: int) -> bytes:
        """One tile as Mapbox Vector Tile bytes; empty when nothing lies in it."""
        west, south, east, north = tile_bounds(z, x, y)
        pad = (east - west) / 64
        frame = box(west - pad, south - pad, east + pad, north + pad)
        (left, bottom), (right, top) = mercator(np.array([(west, south), (east, north)]))

        def into_tile(points: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.rint((mercator(points) - (left, top)) * 4096 / (right - left, bottom - top))

        layers = []
        for name, tree in self._trees.items():
            features = []
            for index in sorted(tree.query(frame).tolist()):
                item, about = self._layers[name][index]
                piece = shapely.intersection(item, frame)
                if piece.is_empty or (
                    isinstance(item, Point) and not box(west, south, east, north).contains(item)
                ):
                    continue
                features.append(
                    {"geometry": shapely.transform(piece, into_tile), "properties": about}
                )
            if features:
                layers.append({"name": name, "features": features})
        if not layers:
            return b""
        # Already in the tile's own units: the encoder's way there is one that shapely means to drop.
        options = {"extents": 4096, "y_coord_down": True}
        return bytes(mapbox_vector_tile.encode(layers, default_options=options))


def mercator(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees to Web Mercator metres."""
    radius = 6_378_137.0
    return np.column_stack(
        [
            np.radians(points[:, 0]) * radius,
            np.log(np.tan(math.pi / 4 + np.radians(points[:, 1]) / 2)) * radius,
        ]
    )


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """West, south, east, north of an XYZ tile, in degrees."""

    def latitude(row: int) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row / 2**z))))

    return x / 2**z * 360 - 180, latitude(y + 1), (x + 1) / 2**z * 360 - 180, latitude(y)


def zones_geojson(town: Town) -> dict[str, Any]:
    """The zones as `GET /public/v1/zones` gives them, thinned to about 5 m."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"code": zone.code, "name": zone.name},
                "geometry": mapping(shapely.simplify(zone.shape, 0.00005)),
            }
            for zone in town.zones
        ],
    }


def zone_of(town: Town, place: tuple[float, float]) -> Zone | None:
    """The zone a place lies in."""
    point = Point(place)
    return next(
        (
            zone
            for zone in town.zones
            if isinstance(zone.shape, Polygon | BaseGeometry) and zone.shape.contains(point)
        ),
        None,
    )
