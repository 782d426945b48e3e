"""A route: how long, how far, along which line and which streets.

Owns the shape of a route and its drawing from a list of arcs. Refuses nothing.
"""

from dataclasses import dataclass

import numpy as np

from roads.measure import FlatMap
from roads.network import FloatArray, IntArray, RoadNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a route along one street."""

    name: str
    """Of the street, empty where it has none."""
    metres: float
    first_point: int
    """Where the stretch begins in the route's line."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Route:
    """The quickest way between two points, from street to street.

    Parameters
    ----------
    milliseconds
        Driving time.
    metres
        Length, rounded to a whole metre.
    line
        Degrees, (k, 2), at least two points; from the street nearest the origin to the street
        nearest the destination.
    streets
        The line in parts, each along one street, in order.
    arcs
        The arcs driven, the first and the last as a rule only in part; empty if degraded.
    origin_gap_metres, destination_gap_metres
        From the points asked for to the ends of the line.
    degraded
        Whether the answer is a guess that knows no streets.
    """

    milliseconds: int
    metres: int
    line: FloatArray
    streets: tuple[Stretch, ...]
    arcs: IntArray
    origin_gap_metres: float
    destination_gap_metres: float
    degraded: bool

    @property
    def seconds(self) -> int:
        """Driving time rounded to whole seconds, halves up."""
        return (self.milliseconds + 500) // 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """Arcs driven one after the other, with how much of the first and the last is driven."""

    arcs: tuple[int, ...]
    from_fraction: float
    to_fraction: float


def draw(network: RoadNetwork, path: Path) -> tuple[FloatArray, tuple[Stretch, ...], float]:
    """Line, streets and metres of a path.

    Returns
    -------
    tuple of line, streets and metres
        Degrees (k, 2); the line's parts by street; metres, float.
    """
    flat_map = FlatMap.around(network.coords)
    parts: list[FloatArray] = []
    streets: list[Stretch] = []
    points, total = 0, 0.0
    last = len(path.arcs) - 1
    for order, arc in enumerate(path.arcs):
        begin = path.from_fraction if order == 0 else 0.0
        end = path.to_fraction if order == last else 1.0
        piece = _cut(network.arc_line(arc), begin, end, flat_map)
        if order > 0:
            piece = piece[1:]  # where one arc ends the next begins
        metres = float(network.arc_metres[arc]) * (end - begin)
        name = network.arc_street(arc)
        if streets and streets[-1].name == name:
            before = streets.pop()
            stretch = Stretch(
                name=name, metres=before.metres + metres, first_point=before.first_point
            )
        else:
            stretch = Stretch(name=name, metres=metres, first_point=max(points - 1, 0))
        streets.append(stretch)
        parts.append(piece)
        points += len(piece)
        total += metres
    return np.concatenate(parts), tuple(streets), total


def _cut(line: FloatArray, begin: float, end: float, flat_map: FlatMap) -> FloatArray:
    """The part of a polyline between two fractions of its length, at least two points."""
    if begin == 0.0 and end == 1.0:
        return line
    flat = flat_map.flatten(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(flat, axis=0).T))])
    start, stop = begin * along[-1], end * along[-1]
    inner = line[(along > start) & (along < stop)]
    ends = [
        [np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])] for at in (start, stop)
    ]
    return np.concatenate([ends[:1], inner, ends[1:]])
