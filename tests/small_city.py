"""A small city as a pack: six streets by six unless it is to be larger, two zones, Manhattan's charter; made in a moment."""

import json
import shutil
from pathlib import Path
from typing import Any

from foundation.measures import Point

COLUMNS = ROWS = 6
WEST, SOUTH = -73.99, 40.74
STEP_LON, STEP_LAT = 0.003, 0.00225
"""Both about 250 metres there."""
STEP_METRES, STEP_SECONDS = 250.0, 25.0
MARGIN = 0.001

_MANHATTAN = Path(__file__).resolve().parents[1] / "cities" / "manhattan" / "charter"


def corner(column: int, row: int) -> Point:
    """A junction, counted from the south-west."""
    return Point(round(WEST + column * STEP_LON, 6), round(SOUTH + row * STEP_LAT, 6))


def write_small_city(
    folder: Path,
    *,
    timezone: str = "America/New_York",
    size: int = COLUMNS,
    **rules: dict[str, Any],
) -> Path:
    """Write the pack `gridtown`.

    Parameters
    ----------
    size
        Streets each way.
    rules
        By name of a rule's file (`booking_policy=...`): fields to be changed in it.
    """
    for part in ("streets", "demand", "charter"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    west, south = WEST - MARGIN, SOUTH - MARGIN
    east, north = corner(size - 1, size - 1).lon + MARGIN, corner(size - 1, size - 1).lat
    north += MARGIN
    middle = (west + east) / 2
    _write(
        folder / "city.json",
        {
            "format": 1,
            "name": "gridtown",
            "title": "Gridtown",
            "country": "US",
            "timezone": timezone,
            "currency": "USD",
            "languages": ["en"],
            "locale": "en-US",
            "centre": [corner(2, 2).lon, corner(2, 2).lat],
            "bounds": [west, south, east, north],
            "streets": {"kind": "table", "nodes": "streets/nodes.csv", "edges": "streets/edges.csv"},
            "demand": {"kind": "recorded", "file": "demand/trips.csv", "recorded_on": "2014-12-21"},
            "attribution": "Made up",
            "sources": [
                {"what": "all", "name": "made up", "licence": "CC0-1.0", "address": "https://example.org"}
            ],
        },
    )  # fmt: skip
    _write(folder / "boundary.geojson", _collection(_box(west, south, east, north)))
    zones = [
        _box(west, south, middle, north, code="W", name="West End"),
        _box(middle, south, east, north, code="E", name="East End"),
    ]
    _write(folder / "zones.geojson", _collection(*zones))
    (folder / "SOURCES.md").write_text("Everything here is made up.\n", encoding="utf-8")
    _write_streets(folder, size)
    first, last = corner(0, 0), corner(5, 5)
    (folder / "demand" / "trips.csv").write_text(
        "asked_at,pickup_lon,pickup_lat,dropoff_lon,dropoff_lat,passengers\n"
        f"2014-12-21T20:00:00,{first.lon},{first.lat},{last.lon},{last.lat},1\n",
        encoding="utf-8",
    )
    for file in _MANHATTAN.glob("*.json"):
        shutil.copy(file, folder / "charter" / file.name)
    for name, changes in ({"charter": {"city": "gridtown"}} | rules).items():
        path = folder / "charter" / f"{name}.json"
        _write(path, json.loads(path.read_text(encoding="utf-8")) | changes)
    return folder


def _write_streets(folder: Path, size: int) -> None:
    nodes, edges = ["id,lon,lat,osm_id"], ["from,to,length_m,travel_time_s"]
    for row in range(size):
        for column in range(size):
            here, place = row * size + column, corner(column, row)
            nodes.append(f"{here},{place.lon},{place.lat},{1000 + here}")
            beside = [here + 1] if column + 1 < size else []
            beside += [here + size] if row + 1 < size else []
            for there in beside:
                edges.append(f"{here},{there},{STEP_METRES},{STEP_SECONDS}")
                edges.append(f"{there},{here},{STEP_METRES},{STEP_SECONDS}")
    (folder / "streets" / "nodes.csv").write_text("\n".join(nodes) + "\n", encoding="utf-8")
    (folder / "streets" / "edges.csv").write_text("\n".join(edges) + "\n", encoding="utf-8")


def _box(west: float, south: float, east: float, north: float, **properties: str) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document), encoding="utf-8")
