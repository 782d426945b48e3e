"""A town to drive through on a screen: streets, zones, and vector tiles cut from them.

For the stand-in only. Manhattan is read from the shared data when it is there; otherwise a
small made-up grid serves, which is also what the tests use, because it is the same everywhere.
"""

import csv
import json
import math
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Point, Polygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
if not SHARED.is_dir():  # a work tree one folder deeper
    SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
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

    @property
    def bounds(self) -> list[float]:
        """West, south, east, north."""
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


def manhattan() -> Town | None:
    """Manhattan from the shared data; None when that is not beside the repository."""
    streets = SHARED / "manhattan-day"
    if not streets.is_dir():
        return None
    with (streets / "nodes.csv").open() as file:
        nodes = np.array([(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)])
    with (streets / "edges.csv").open() as file:
        rows = list(csv.DictReader(file))
    metres = np.array([float(row["length_m"]) for row in rows])
    zones = [
        Zone(
            code=item["properties"]["zone_id"],
            name=item["properties"]["zone_name"],
            shape=shapely.transform(shapely.make_valid(shape(item["geometry"])), from_utm18),
        )
        for item in json.loads((SHARED / "nyc-zones" / "manhattan_taxi_zones.geojson").read_text())[
            "features"
        ]
    ]
    with (streets / "requests.csv").open() as file:
        asked = [row for row in csv.DictReader(file) if 72_000 <= float(row["t"]) < 79_200]
    parks = [(zone.shape, {"kind": "park"}) for zone in zones if zone.name.endswith(" Park")]
    return Town(
        name="manhattan",
        title="Manhattan",
        timezone="America/New_York",
        nodes=nodes,
        tails=np.array([int(row["u"]) for row in rows]),
        heads=np.array([int(row["v"]) for row in rows]),
        metres=metres,
        speeds=metres / np.array([float(row["travel_time_s"]) for row in rows]),
        names=[""] * len(rows),
        zones=zones,
        demand=np.array([(float(row["o_lon"]), float(row["o_lat"])) for row in asked]),
        layers={"green": parks},
    )


def from_utm18(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Kilometres of UTM zone 18 north to degrees (Snyder 1987, USGS PP 1395, eq. 8-17 to 8-25)."""
    east, north = points[:, 0] * 1000 - 500_000, points[:, 1] * 1000
    a, e2, scale = 6_378_137.0, 0.006_694_379_990_14, 0.9996
    ep2 = e2 / (1 - e2)
    mu = north / scale / (a * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256))
    e1 = (1 - math.sqrt(1 - e2)) / (1 + math.sqrt(1 - e2))
    phi = (
        mu
        + (3 * e1 / 2 - 27 * e1**3 / 32) * np.sin(2 * mu)
        + (21 * e1**2 / 16 - 55 * e1**4 / 32) * np.sin(4 * mu)
        + 151 * e1**3 / 96 * np.sin(6 * mu)
    )
    c, t = ep2 * np.cos(phi) ** 2, np.tan(phi) ** 2
    n = a / np.sqrt(1 - e2 * np.sin(phi) ** 2)
    r = a * (1 - e2) / (1 - e2 * np.sin(phi) ** 2) ** 1.5
    d = east / (n * scale)
    lat = phi - n * np.tan(phi) / r * (d**2 / 2 - (5 + 3 * t + 10 * c) * d**4 / 24)
    lon = (d - (1 + 2 * t + c) * d**3 / 6) / np.cos(phi)
    return np.column_stack([np.degrees(lon) - 75.0, np.degrees(lat)])


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
        self.cut = lru_cache(maxsize=500)(self._cut)

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
