"""Make the data of cities/manhattan/ out of its three sources, the same bytes every time.

    python infra/make_manhattan_pack.py ../shared/data cities/manhattan

Owns what `cities/manhattan/SOURCES.md` tells of: every change made to the sources is made here.
It writes streets, demand, zones, boundary, land and city.json; the charter is written by people.
"""

import csv
import io
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

sys.path.insert(0, str(Path(__file__).parents[1]))

from infra.transverse_mercator import degrees_from_utm

UTM_ZONE = 18
DEGREE_DIGITS = 6
"""A tenth of a metre; the recorded places have no more."""

SIMPLIFY_METRES = 3.0
GPS_METRES = 60.0
"""A phone on a pier or the shore may say that it is in the river, by as much."""

FASTEST_KMH = 80.0
"""The highest limit in the source but for one street of 251 km/h, an error of its map."""

MISSING_ZONES = {
    # The source has 61 of Manhattan's taxi zones. Two in its midst are missing, although a tenth
    # of the trips touch them; number and name as in the TLC's taxi zone lookup table, and a point
    # inside. Their shape is the gap that the others leave.
    "233": ("UN/Turtle Bay South", (-73.9700, 40.7490)),
    "262": ("Yorkville East", (-73.9465, 40.7765)),
}
GAP_BEND_METRES = 3000.0
"""Between the ends of its neighbours' shores, a missing zone's shore is drawn with this radius."""

GAP_SHORE_METRES = 30.0
"""A missing zone's junctions on the shore drive lie this far from the water."""

GAP_BLOCK_METRES = 120.0
"""A missing zone ends this far from its outermost junction, where no neighbour begins before."""

EDGE_COLUMNS = ("from", "to", "length_m", "travel_time_s")
TRIP_COLUMNS = (
    *("asked_at", "pickup_lon", "pickup_lat", "dropoff_lon", "dropoff_lat"),
    "passengers",
)

Shapes = npt.NDArray[np.object_]


def main(data: Path, pack: Path) -> None:
    """Write the pack's data files."""
    network = json.loads((data / "manhattan-hive/manhattan_network.json").read_text())
    write(pack / "streets/nodes.csv", table(("id", "lon", "lat", "osm_id"), nodes_of(network)))
    write(pack / "streets/edges.csv", table(EDGE_COLUMNS, edges_of(network)))
    trips = list(trips_of(data / "manhattan-hive/nyc_20k.csv"))
    write(pack / "demand/trips.csv", table(TRIP_COLUMNS, trips))
    junctions = [(node["x"], node["y"]) for node in network["nodes"]]
    codes, names, land = zones_of(data / "nyc-zones/manhattan_taxi_zones.geojson", junctions)
    boundary = shapely.union_all(land).buffer(GPS_METRES).simplify(SIMPLIFY_METRES)
    zones = grown(land, boundary)
    properties = [{"code": c, "name": n} for c, n in zip(codes, names, strict=True)]
    write(pack / "zones.geojson", collection(zones, properties))
    write(pack / "boundary.geojson", collection([boundary], [{}]))
    write(pack / "land.geojson", collection([shapely.union_all(land)], [{}]))
    write(pack / "city.json", json.dumps(city(to_degrees(boundary)), indent=2, ensure_ascii=False))


def nodes_of(network: dict[str, Any]) -> Iterable[Sequence[object]]:
    """Junctions, numbered in the order of the source."""
    for number, node in enumerate(network["nodes"]):
        yield number, f"{node['x']:.7f}", f"{node['y']:.7f}", node["id"]


def edges_of(network: dict[str, Any]) -> Iterable[Sequence[object]]:
    """Directed streets, in the order of the source; the one speed beyond belief is cut."""
    numbers = {node["id"]: number for number, node in enumerate(network["nodes"])}
    for link in network["links"]:
        seconds = max(link["travel_time"], link["length"] / FASTEST_KMH * 3.6)
        metres = f"{link['length']:.3f}".rstrip("0").rstrip(".")
        yield numbers[link["source"]], numbers[link["target"]], metres, round(seconds, 1)


def trips_of(path: Path) -> Iterable[Sequence[object]]:
    """All recorded trips, to the second as recorded, in the order of the source."""
    with path.open(newline="") as text:
        for row in csv.DictReader(text):
            asked_at = row["departure_time"].replace(" ", "T")
            places = [row[name] for name in ("o_lon", "o_lat", "d_lon", "d_lat")]
            yield asked_at, *places, row["passengers"]


def zones_of(
    path: Path, junctions: Sequence[tuple[float, float]]
) -> tuple[list[str], list[str], Shapes]:
    """Codes, names and shapes (metres, UTM) of the zones, clean, and with the missing two."""
    features = json.loads(path.read_text())["features"]
    features.sort(key=lambda feature: int(feature["properties"]["zone_id"]))
    codes = [feature["properties"]["zone_id"] for feature in features]
    names = [feature["properties"]["zone_name"] for feature in features]
    # The source is in kilometres of UTM zone 18 north, whatever GeoJSON says of degrees.
    shapes = [shapely.from_geojson(json.dumps(f["geometry"])) for f in features]
    shapes = [shapely.transform(shape, lambda km: km * 1000) for shape in shapes]
    clean = shapely.coverage_clean(shapes, gap_width=20.0, snapping_distance=0.5)
    clean = shapely.coverage_simplify(clean, SIMPLIFY_METRES)
    whole = shapely.union_all(clean)
    closed = whole.buffer(GAP_BEND_METRES, quad_segs=64).buffer(-GAP_BEND_METRES, quad_segs=64)
    spots = np.array([utm_of(*lonlat) for lonlat in junctions])
    spots = spots[~shapely.contains_xy(whole.buffer(GPS_METRES), *spots.T)]
    for code, (name, inside) in MISSING_ZONES.items():
        centre = np.array(utm_of(*inside))
        near = spots[np.hypot(*(spots - centre).T) < 1500]
        gap = gap_between(whole, closed, shapely.multipoints(near), shapely.Point(centre))
        codes.append(code)
        names.append(name)
        clean = np.append(clean, gap)
    order = sorted(range(len(codes)), key=lambda i: int(codes[i]))
    both = shapely.coverage_clean(clean[order], gap_width=40.0, snapping_distance=0.5)
    return [codes[i] for i in order], [names[i] for i in order], both


def gap_between(
    whole: BaseGeometry, closed: BaseGeometry, junctions: BaseGeometry, inside: BaseGeometry
) -> BaseGeometry:
    """The ground around `junctions` that no zone of `whole` covers, without a hole beside them."""
    block = junctions.convex_hull
    reach = closed.intersection(block.buffer(GAP_BLOCK_METRES)).union(
        block.buffer(GAP_SHORE_METRES)
    )
    parts = shapely.get_parts(reach.difference(whole).buffer(-10).buffer(10))
    gap = next(part for part in parts if part.contains(inside))
    both = whole.union(gap)
    holes = [shapely.Polygon(ring) for shape in shapely.get_parts(both) for ring in shape.interiors]
    beside = gap.buffer(GAP_BLOCK_METRES)
    return shapely.union_all([gap, *(hole for hole in holes if hole.intersects(beside))])


def utm_of(lon: float, lat: float) -> tuple[float, float]:
    """A rough way to the grid, by Newton's method on the way back: good to a metre."""
    at = np.array([583_000.0, 4_510_000.0])
    for _ in range(5):
        off = np.array([lon, lat]) - degrees_from_utm(at[:1], at[1:], zone=UTM_ZONE)[0]
        at = at + off * np.array([84_300.0, 111_000.0])
    return float(at[0]), float(at[1])


def grown(land: Shapes, boundary: BaseGeometry) -> list[BaseGeometry]:
    """The zones with the strip of water before them, so that all of the boundary has a zone."""
    rest = boundary.difference(shapely.union_all(land))
    out = []
    for zone in land:
        strip = rest.intersection(zone.buffer(GPS_METRES + 2 * SIMPLIFY_METRES, join_style="mitre"))
        out.append(areal(zone.union(strip)))
        rest = rest.difference(strip)
    return list(shapely.coverage_clean(out, gap_width=5.0, snapping_distance=0.2))


def areal(shape: BaseGeometry) -> BaseGeometry:
    """A shape without the lines and points that an overlay leaves."""
    parts = shapely.get_parts(shapely.get_parts(shape))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def to_degrees(shape: BaseGeometry) -> BaseGeometry:
    """From UTM metres to longitude and latitude."""
    return shapely.transform(
        shape, lambda m: degrees_from_utm(m[:, 0], m[:, 1], zone=UTM_ZONE).round(DEGREE_DIGITS)
    )


def collection(shapes: Iterable[BaseGeometry], properties: Sequence[dict[str, str]]) -> str:
    """A GeoJSON FeatureCollection, one feature a line."""
    lines = []
    for shape, about in zip(shapes, properties, strict=True):
        geometry = shapely.make_valid(to_degrees(shape))
        parts = [p for p in shapely.get_parts(geometry) if p.geom_type == "Polygon"]
        largest = max(parts, key=lambda part: part.area)
        kept = [p for p in parts if p.area > largest.area / 1000]
        geometry = shapely.normalize(kept[0] if len(kept) == 1 else shapely.MultiPolygon(kept))
        geometry = shapely.orient_polygons(geometry)
        drawn = json.loads(shapely.to_geojson(geometry))
        feature = {"type": "Feature", "properties": about, "geometry": drawn}
        lines.append(json.dumps(feature, separators=(",", ":"), ensure_ascii=False))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n"


def city(boundary: BaseGeometry) -> dict[str, Any]:
    """What city.json says."""
    return {
        "format": 1,
        "name": "manhattan",
        "title": "Manhattan",
        "country": "US",
        "timezone": "America/New_York",
        "currency": "USD",
        "languages": ["en", "es"],
        "locale": "en-US",
        "centre": [-73.9772, 40.7527],
        "bounds": [round(float(edge), 4) for edge in boundary.bounds],
        "streets": {"kind": "table", "nodes": "streets/nodes.csv", "edges": "streets/edges.csv"},
        "demand": {"kind": "recorded", "file": "demand/trips.csv", "recorded_on": "2014-12-21"},
        "attribution": "© OpenStreetMap contributors · zones and trips: NYC Open Data, NYC TLC",
        "sources": [
            {
                "what": "streets",
                "name": "OpenStreetMap, by way of PyPI nrel-hive 1.3.1",
                "licence": "ODbL-1.0",
                "address": "https://www.openstreetmap.org/copyright",
            },
            {
                "what": "demand",
                "name": "NYC TLC yellow taxi trip records, by way of PyPI nrel-hive 1.3.1",
                "licence": "NYC Open Data terms of use; the package BSD-3-Clause",
                "address": "https://www.nyc.gov/site/tlc/about/tlc-trip-record-data.page",
            },
            {
                "what": "zones",
                "name": "NYC TLC taxi zones",
                "licence": "NYC Open Data terms of use",
                "address": "https://data.cityofnewyork.us/Transportation/NYC-Taxi-Zones/d3c5-ddgc",
            },
        ],
    }


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Comma-separated text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def write(path: Path, text: str) -> None:
    """Write a file as it stands, ending in one line end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: make_manhattan_pack.py SHARED_DATA PACK_FOLDER")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
