"""Zones for a city that has none: hexagons, named after what lies in them.

Owns the service area drawn around a network, and its division. Cells are those of H3 (h3geo.org),
whose numbers stay what they are when the streets change. Pure.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from foundation.measures import Point
from roads.measure import FlatMap, distances_metres
from roads.network import FloatArray, RoadNetwork
from roads.zones import Zone

AROUND_METRES = 250.0
"""Service reaches this far from the streets: as far as a place may be from its street."""

_HULL_RATIO = 0.15
_GRID_METRES = 150.0
_SIMPLIFY_METRES = 40.0
_RESOLUTIONS = (8, 7, 6, 5)
"""Cells of 0.7, 5, 36 and 250 square kilometres."""

_CELLS_MAX = 150
"""More zones than that, and none has enough trips to be told of without telling of persons."""

_JUNCTIONS_MIN = 4
"""A cell with fewer is joined to its neighbour."""

_PLACE_ORDER = (
    "suburb",
    "quarter",
    "neighbourhood",
    "village",
    "town",
    "hamlet",
    "city",
    "locality",
)

NamedPlaces = Sequence[tuple[str, str, BaseGeometry]]
"""Kind (as in OpenStreetMap's `place`), name and point."""


def service_area(network: RoadNetwork) -> BaseGeometry:
    """The ground around a network's streets, degrees: a hull that follows them in."""
    flat = FlatMap.around(network.coords)
    metres = flat.flatten(network.coords)
    # One point a square is enough for the outline, and a hundred times quicker.
    _, kept = np.unique(np.floor(metres / _GRID_METRES), axis=0, return_index=True)
    points = shapely.multipoints(metres[kept])
    hull = shapely.concave_hull(points, ratio=_HULL_RATIO)
    area = hull.buffer(AROUND_METRES).simplify(_SIMPLIFY_METRES)
    # The hull may cut a corner that a street takes.
    lines = shapely.linestrings(
        metres, indices=np.repeat(np.arange(network.arc_count), np.diff(network.offsets))
    )
    outside = lines[~shapely.contains(area, lines)]
    whole = shapely.union_all([area, *(line.buffer(AROUND_METRES / 2) for line in outside)])
    degrees: BaseGeometry = shapely.transform(whole, flat.unflatten)
    return shapely.set_precision(degrees, 1e-6)


def zones_within(
    boundary: BaseGeometry, network: RoadNetwork, places: NamedPlaces, centre: Point
) -> tuple[Zone, ...]:
    """Divide the service area into hexagons, numbered from the centre outwards.

    Each is named after a place in it, else after its longest street.
    """
    cells = _cells(boundary)
    junctions = np.stack([network.node_lon, network.node_lat], axis=1)
    shapes = _joined(cells, boundary, junctions)
    middles = np.array([[shape.centroid.x, shape.centroid.y] for shape in shapes])
    far = distances_metres(middles, np.array([centre.lon, centre.lat]))
    shapes = [shapes[i] for i in np.argsort(far, kind="stable")]
    digits = max(2, len(str(len(shapes))))
    codes = [f"z{number:0{digits}d}" for number in range(1, len(shapes) + 1)]
    names = _names(shapes, codes, network, places)
    return tuple(
        Zone(code=code, name=name, shape=shape)
        for code, name, shape in zip(codes, names, shapes, strict=True)
    )


def _cells(boundary: BaseGeometry) -> dict[str, BaseGeometry]:
    """The cells that touch the area, cut by it; of the finest size that gives not too many."""
    import h3

    cells: list[str] = []
    for resolution in _RESOLUTIONS:
        shape = h3.geo_to_h3shape(shapely.geometry.mapping(boundary))
        cells = sorted(h3.h3shape_to_cells_experimental(shape, resolution, contain="overlap"))
        if len(cells) <= _CELLS_MAX:
            break
    out = {}
    for cell in cells:
        corners = [(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]
        part = _areal(shapely.Polygon(corners).intersection(boundary))
        if not part.is_empty:
            out[cell] = part
    return out


def _joined(
    cells: dict[str, BaseGeometry], boundary: BaseGeometry, junctions: FloatArray
) -> list[BaseGeometry]:
    """Join cells with hardly a junction to the neighbour that has the most."""
    import h3

    names = sorted(cells)
    tree = shapely.STRtree([cells[name] for name in names])
    found = tree.query(shapely.points(junctions), predicate="intersects")[1]
    count = dict(zip(names, np.bincount(found, minlength=len(names)).tolist(), strict=True))
    goes_to = {name: name for name in names}
    for name in sorted(names, key=lambda n: (count[n], n)):
        if count[name] >= _JUNCTIONS_MIN:
            break
        beside = [n for n in h3.grid_disk(name, 1) if n != name and n in cells]
        beside = [n for n in beside if cells[n].intersection(cells[name]).length > 0]
        if beside:
            goes_to[name] = max(beside, key=lambda n: (count[n], n))
            count[goes_to[name]] += count[name]
    parts = defaultdict(list)
    for name in names:
        end = name
        seen = set()
        while goes_to[end] != end and end not in seen:
            seen.add(end)
            end = goes_to[end]
        parts[end].append(cells[name])
    return [_areal(shapely.union_all(parts[end])) for end in sorted(parts)]


def _areal(shape: BaseGeometry) -> BaseGeometry:
    """A shape without the lines and points that an overlay leaves."""
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > 0]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def _names(
    shapes: Sequence[BaseGeometry],
    codes: Sequence[str],
    network: RoadNetwork,
    places: NamedPlaces,
) -> list[str]:
    known = [p for p in places if p[0] in _PLACE_ORDER]
    known = sorted(known, key=lambda p: (_PLACE_ORDER.index(p[0]), p[1]))
    tree = shapely.STRtree(list(shapes))
    of_zone: dict[int, list[str]] = defaultdict(list)
    for _, name, point in known:
        for zone in tree.query(point, predicate="intersects").tolist():
            of_zone[zone].append(name)
    streets = _streets_of(tree, network)
    taken: set[str] = set()
    names = []
    for zone, code in enumerate(codes):
        wishes = [*of_zone[zone], *streets.get(zone, ())]
        name = next((wish for wish in wishes if wish not in taken), f"Zone {code[1:]}")
        taken.add(name)
        names.append(name[:100])
    return names


def _streets_of(tree: shapely.STRtree, network: RoadNetwork) -> dict[int, list[str]]:
    """Names of each zone's streets, the longest first; those with a number in them last."""
    middle = (network.offsets[:-1] + network.offsets[1:]) // 2
    spots: npt.NDArray[np.object_] = shapely.points(network.coords[middle])
    arcs, zones = tree.query(spots, predicate="intersects")
    named = network.arc_name[arcs] > 0
    key = zones[named] * len(network.names) + network.arc_name[arcs[named]]
    pairs, place = np.unique(key, return_inverse=True)
    metres = np.bincount(place, weights=network.arc_metres[arcs[named]])
    out: dict[int, list[str]] = defaultdict(list)
    is_number = np.array([any(c.isdigit() for c in name) for name in network.names])
    order = np.lexsort((pairs, -metres, is_number[pairs % len(network.names)]))
    for pair in pairs[order].tolist():
        zone, name = divmod(pair, len(network.names))
        if len(out[zone]) < 20:
            out[zone].append(network.names[name])
    return out
