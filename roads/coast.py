"""The sea: from coastline ways to a polygon of water.

OpenStreetMap draws only the coast, as ways with land on the left and water on the right (wiki:
Tag:natural=coastline). Cut by the edge of the map they divide it into faces; each face is sea or land
by what its coasts say. Where the coast does not close, or says both, there is no answer: a map
without the sea is better than one that drowns the town. Pure.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from roads.network import FloatArray

_ASIDE_DEGREES = 1e-7
"""How far beside a coast's piece a point is looked up: a centimetre."""


def sea_of(coast: Sequence[FloatArray], frame: BaseGeometry) -> BaseGeometry | None:
    """The sea within a frame.

    Parameters
    ----------
    coast
        Coastline ways, (points, 2) in degrees, in the direction they are drawn.
    frame
        The edge of the map, a box in degrees.

    Returns
    -------
    BaseGeometry or None
        Polygons of sea; `None` where there is no coast, or it does not close.
    """
    lines = [shapely.LineString(line) for line in coast]
    inside = shapely.intersection(lines, frame) if lines else []
    edges = [line for line in shapely.get_parts(inside) if line.length > 0]
    if not edges:
        return None
    edge = shapely.union_all([*edges, frame.boundary])
    polygons = shapely.get_parts(shapely.polygonize(shapely.get_parts(edge)))
    # A coast that ends somewhere has the same face on both sides, which then says both.
    tree = shapely.STRtree(polygons)
    water = _votes(tree, edges, side=-1, count=len(polygons))
    land = _votes(tree, edges, side=1, count=len(polygons))
    if bool((water & land).any()) or not bool((water | land).all()):
        return None
    sea = shapely.union_all(polygons[water])
    return None if sea.is_empty else sea


def _votes(
    tree: shapely.STRtree, edges: Sequence[BaseGeometry], *, side: int, count: int
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which faces lie directly on one side (1 left, -1 right) of a piece of coast."""
    beside = []
    for edge in edges:
        for line in shapely.get_parts(edge):
            points = shapely.get_coordinates(line)
            step = np.diff(points, axis=0)
            length = np.hypot(step[:, 0], step[:, 1])
            middle = (points[:-1] + points[1:]) / 2
            left = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.maximum(length, 1e-12)[:, None]
            beside.append((middle + side * _ASIDE_DEGREES * left)[length > 3 * _ASIDE_DEGREES])
    found = tree.query(shapely.points(np.concatenate(beside)), predicate="within")[1]
    said = np.zeros(count, np.bool_)
    said[found] = True
    return said
