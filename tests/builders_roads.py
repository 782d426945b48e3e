"""Small named road networks, for every room's tests.

All lie near (10, 50), where a thousandth of a degree is about 71.5 m eastward and 111.2 m
northward.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from roads.build import NO_TURNS, RawStreets, connect
from roads.measure import distances_metres
from roads.network import IntArray, LongArray, RoadNetwork

WEST, SOUTH = 10.0, 50.0


@dataclass(frozen=True, kw_only=True)
class Street:
    """One street between two junctions; two-way unless said otherwise."""

    start: int
    end: int
    seconds: float = 10.0
    name: str = ""
    one_way: bool = False
    by_way_of: tuple[tuple[float, float], ...] = ()
    """Points between, as (east, north) in thousandths of a degree."""


def network_of(
    junctions: Sequence[tuple[float, float]],
    streets: Sequence[Street],
    *,
    banned: Sequence[tuple[int, int]] = (),
    turn_ms: int = 0,
) -> RoadNetwork:
    """A network from junctions (east, north; thousandths of a degree) and streets.

    Arcs are numbered in the order of the streets, there before back. ``banned`` names turns by
    such arc numbers (which stay, if nothing has to be left out). Every turn costs ``turn_ms``.
    """
    lonlat = np.array([(WEST + x / 1000, SOUTH + y / 1000) for x, y in junctions])
    names = ("", *sorted({s.name for s in streets} - {""}))
    tails, heads, ms, name, back, lines = [], [], [], [], [], []
    for street in streets:
        middle = [(WEST + x / 1000, SOUTH + y / 1000) for x, y in street.by_way_of]
        line = np.array([lonlat[street.start], *middle, lonlat[street.end]])
        ways = [(street.start, street.end, line)]
        if not street.one_way:
            ways.append((street.end, street.start, line[::-1]))
        here = len(tails)
        for order, (tail, head, drawn) in enumerate(ways):
            tails.append(tail)
            heads.append(head)
            ms.append(street.seconds * 1000.0)
            name.append(names.index(street.name))
            back.append(-1 if street.one_way else here + 1 - order)
            lines.append(drawn)
    coords = np.concatenate(lines)
    offsets = np.cumsum([0, *(len(line) for line in lines)]).astype(np.int64)

    def cost(turn_from: IntArray, _turn_to: IntArray) -> LongArray:
        return np.full(len(turn_from), turn_ms, np.int64)

    return connect(
        RawStreets(
            node_lon=lonlat[:, 0],
            node_lat=lonlat[:, 1],
            arc_tail=np.array(tails, np.int32),
            arc_head=np.array(heads, np.int32),
            arc_ms=np.array(ms, np.float64),
            arc_metres=np.array([distances_metres(a[:-1], a[1:]).sum() for a in lines]),
            arc_name=np.array(name, np.int32),
            reverse_arc=np.array(back, np.int32),
            coords=coords,
            offsets=offsets,
            names=names,
        ),
        banned=np.array(banned, np.int32).reshape(-1, 2) if banned else NO_TURNS,
        turn_cost=cost,
    )


def two_way_street() -> RoadNetwork:
    """One street with a dead end at both ends: arcs 0 (east) and 1 (west), 10 s each."""
    return network_of([(0, 0), (1, 0)], [Street(start=0, end=1, name="Long Street")])


def one_way_square() -> RoadNetwork:
    """A block driven one way round, anticlockwise: arcs 0 to 3, 10 s each, no U-turn anywhere."""
    corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]
    sides = [Street(start=i, end=(i + 1) % 4, one_way=True, name=f"Side {i}") for i in range(4)]
    return network_of(corners, sides)


def grid(
    columns: int = 4, rows: int = 4, *, seconds: float = 10.0, turn_ms: int = 0
) -> RoadNetwork:
    """A chessboard of two-way streets: a small town."""
    junctions = [(float(x), float(y)) for y in range(rows) for x in range(columns)]
    streets = []
    for y in range(rows):
        for x in range(columns):
            here = y * columns + x
            if x + 1 < columns:
                streets.append(Street(start=here, end=here + 1, seconds=seconds, name=f"Row {y}"))
            if y + 1 < rows:
                streets.append(
                    Street(start=here, end=here + columns, seconds=seconds, name=f"Column {x}")
                )
    return network_of(junctions, streets, turn_ms=turn_ms)
