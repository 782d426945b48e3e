"""From raw arcs to a road network in which every place can reach every other.

Owns the choice of what is kept: the largest part whose arcs reach one another by allowed turns.
Refuses streets that do not connect at all.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from roads.errors import NoConnectedStreets
from roads.network import (
    ARC_MS_MAX,
    BoolArray,
    FloatArray,
    IntArray,
    LongArray,
    RoadNetwork,
    WeightArray,
)
from roads.turns import all_turns, is_banned

NO_TURNS: IntArray = np.empty((0, 2), np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawStreets:
    """Arcs as read, before anything is left out; fields as in `RoadNetwork`.

    ``arc_ms`` may still be fractional (float64, milliseconds) and of any size; it is rounded, and
    brought into the range of a network, once, here.
    """

    node_lon: FloatArray
    node_lat: FloatArray
    arc_tail: IntArray
    arc_head: IntArray
    arc_ms: FloatArray
    arc_metres: FloatArray
    arc_name: IntArray
    reverse_arc: IntArray
    coords: FloatArray
    offsets: LongArray
    names: tuple[str, ...]


TurnCost = Callable[[IntArray, IntArray], LongArray]
"""Delay in milliseconds of turns given as raw arc indices (from, to)."""


def _no_delay(turn_from: IntArray, _turn_to: IntArray) -> LongArray:
    return np.zeros(len(turn_from), np.int64)


def connect(
    raw: RawStreets, *, banned: IntArray = NO_TURNS, turn_cost: TurnCost = _no_delay
) -> RoadNetwork:
    """Keep the largest part in which every arc reaches every other by allowed turns.

    Parameters
    ----------
    raw
        Arcs as read.
    banned
        Turns a sign forbids, raw arc indices, int32 (k, 2) of (from, to).
    turn_cost
        Delay of a turn; none when left out, as for tables whose times already hold it.

    Raises
    ------
    NoConnectedStreets
        If nothing is left.
    """
    if len(raw.arc_tail) == 0:
        raise NoConnectedStreets
    # Junctions first: a street that leads out of the city for good would otherwise hide that
    # the junction before it is, for whoever stays, a dead end where turning back is allowed.
    kept = _in_largest_part_of_junctions(raw.arc_tail, raw.arc_head, len(raw.node_lon))
    ids = np.flatnonzero(kept).astype(np.int32)
    if len(ids) < 2:
        raise NoConnectedStreets
    tail, head = raw.arc_tail[ids], raw.arc_head[ids]
    turn_from, turn_to = all_turns(tail, head, _renumbered(raw.reverse_arc[ids], ids, len(kept)))
    forbidden = is_banned(ids[turn_from], ids[turn_to], banned, len(kept))
    turn_from, turn_to = turn_from[~forbidden], turn_to[~forbidden]

    label = _parts(turn_from, turn_to, len(ids))
    stays = label == np.bincount(label).argmax()
    arcs = ids[stays]
    meets = stays[turn_from] & stays[turn_to]
    turns = (ids[turn_from[meets]], ids[turn_to[meets]])
    if len(arcs) < 2 or not meets.any():
        raise NoConnectedStreets
    return _compacted(raw, arcs, turns=turns, turn_ms=turn_cost(*turns))


def _parts(start: IntArray, end: IntArray, count: int) -> IntArray:
    """Strongly connected part of each thing, numbered from 0."""
    graph = coo_array((np.ones(len(start), np.int8), (start, end)), shape=(count, count))
    _, label = connected_components(graph.tocsr(), directed=True, connection="strong")
    return label.astype(np.int32)


def _in_largest_part_of_junctions(tail: IntArray, head: IntArray, nodes: int) -> BoolArray:
    label = _parts(tail, head, nodes)
    inside = label[tail] == label[head]
    if not inside.any():
        raise NoConnectedStreets
    largest = np.bincount(label[tail[inside]]).argmax()  # by arcs; the first of equals
    kept: BoolArray = inside & (label[tail] == largest)
    return kept


def _renumbered(values: IntArray, ids: IntArray, count: int) -> IntArray:
    """Old indices to their places in ``ids``; -1 for what is not there (or was -1)."""
    place = np.full(count + 1, -1, np.int32)  # the extra last entry answers for -1
    place[ids] = np.arange(len(ids), dtype=np.int32)
    return place[values]


def _compacted(
    raw: RawStreets,
    arcs: IntArray,
    *,
    turns: tuple[IntArray, IntArray],
    turn_ms: LongArray,
) -> RoadNetwork:
    total = len(raw.arc_tail)
    nodes = np.unique(np.concatenate([raw.arc_tail[arcs], raw.arc_head[arcs]])).astype(np.int32)
    lengths = np.diff(raw.offsets)[arcs]
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    points = np.arange(offsets[-1]) + np.repeat(raw.offsets[arcs] - offsets[:-1], lengths)
    used, name = np.unique(np.append(raw.arc_name[arcs], 0), return_inverse=True)
    whole_ms: WeightArray = np.clip(np.rint(raw.arc_ms[arcs]), 1, ARC_MS_MAX).astype(np.uint32)
    return RoadNetwork(
        node_lon=raw.node_lon[nodes],
        node_lat=raw.node_lat[nodes],
        arc_tail=_renumbered(raw.arc_tail[arcs], nodes, len(raw.node_lon)),
        arc_head=_renumbered(raw.arc_head[arcs], nodes, len(raw.node_lon)),
        arc_ms=whole_ms,
        arc_metres=raw.arc_metres[arcs].astype(np.float32),
        arc_name=name[:-1].astype(np.int32),
        reverse_arc=_renumbered(raw.reverse_arc[arcs], arcs, total),
        coords=raw.coords[points],
        offsets=offsets,
        turn_from=_renumbered(turns[0], arcs, total),
        turn_to=_renumbered(turns[1], arcs, total),
        turn_ms=turn_ms.astype(np.uint32),
        names=tuple(raw.names[i] for i in used),
    )
