"""A route: how long, how far, along which line and which streets.

Owns the shape of a route and its drawing from a list of arcs. Refuses nothing.
"""

from dataclasses import dataclass

import numpy as np

from roads.measure import FlatMap
from roads.network import FloatArray, IntArray, LongArray, RoadNetwork


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
    arcs, arc_metres, arc_points
        The arcs driven, the first and the last as a rule only in part; metres driven on each,
        and where in the line each begins. All (arcs,), empty if degraded.
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
    arc_metres: FloatArray
    arc_points: LongArray
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """A path drawn; the fields are those of `Route`."""

    line: FloatArray
    streets: tuple[Stretch, ...]
    arc_metres: FloatArray
    arc_points: LongArray


def draw(network: RoadNetwork, path: Path, flat_map: FlatMap) -> Drawing:
    """Line, streets and metres of a path; ``flat_map`` is where its fractions were measured."""
    arcs = np.array(path.arcs, np.int64)
    metres = network.arc_metres[arcs].astype(np.float64)
    first = network.arc_line(path.arcs[0])
    if len(arcs) == 1:
        line = _cut(first, path.from_fraction, path.to_fraction, flat_map)
        metres *= path.to_fraction - path.from_fraction
        points = np.zeros(1, np.int64)
    else:
        head = _cut(first, path.from_fraction, 1.0, flat_map)
        tail = _cut(network.arc_line(path.arcs[-1]), 0.0, path.to_fraction, flat_map)
        # Where one arc ends the next begins: each leaves out its first point but the first.
        middle = arcs[1:-1]
        begins = network.offsets[middle] + 1
        sizes = network.offsets[middle + 1] - begins
        ends = np.cumsum(sizes)
        rows = np.arange(sizes.sum()) + np.repeat(begins - (ends - sizes), sizes)
        line = np.concatenate([head, network.coords[rows], tail[1:]])
        metres[0] *= 1.0 - path.from_fraction
        metres[-1] *= path.to_fraction
        points = np.concatenate([[0, 0], ends]).astype(np.int64)
        points[1:] += len(head) - 1
    line, points = _without_repeats(line, points)
    streets = _streets(network, arcs, metres, points)
    return Drawing(line=line, streets=streets, arc_metres=metres, arc_points=points)


def _without_repeats(line: FloatArray, points: LongArray) -> tuple[FloatArray, LongArray]:
    """The line without points that repeat the one before: they would have no direction.

    A line that goes nowhere keeps its two ends.
    """
    moves = (np.diff(line, axis=0) != 0).any(axis=1)
    if not moves.any():
        return line[[0, -1]], np.zeros_like(points)
    kept = np.concatenate([[True], moves])
    return line[kept], (np.cumsum(kept) - 1)[points]


def _streets(
    network: RoadNetwork, arcs: LongArray, metres: FloatArray, first_points: LongArray
) -> tuple[Stretch, ...]:
    """Neighbouring arcs of one name are one stretch."""
    names = network.arc_name[arcs]
    begins = np.flatnonzero(np.diff(names, prepend=-1))
    lengths = np.add.reduceat(metres, begins)
    return tuple(
        Stretch(
            name=network.names[int(names[begin])],
            metres=float(length),
            first_point=int(first_points[begin]),
        )
        for begin, length in zip(begins, lengths, strict=True)
    )


def _cut(line: FloatArray, begin: float, end: float, flat_map: FlatMap) -> FloatArray:
    """The part of a polyline between two fractions of its length, at least two points."""
    if begin == 0.0 and end == 1.0:
        return line
    steps = np.diff(flat_map.flatten(line), axis=0)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
    start, stop = begin * along[-1], end * along[-1]
    inner = line[(along > start) & (along < stop)]
    ends = np.array(
        [
            [np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])]
            for at in (start, stop)
        ]
    )
    return np.concatenate([ends[:1], inner, ends[1:]])
