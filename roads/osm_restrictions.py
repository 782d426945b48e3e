"""From mapped turn restrictions to forbidden turns between arcs.

Owns the choice of which arcs a restriction means. Pure. Refuses nothing: a restriction that
fits no arcs is counted and left out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from roads.measure import turn_degrees
from roads.network import FloatArray, IntArray, LongArray
from roads.osm_read import Restriction


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArcEnds:
    """Where arcs begin and end, as far as restrictions care; all (arcs,).

    Nodes and ways are OpenStreetMap's numbers; bearings are those of the first and the last
    piece of the polyline, in degrees.
    """

    tail_node: LongArray
    head_node: LongArray
    first_way: LongArray
    last_way: LongArray
    first_bearing: FloatArray
    last_bearing: FloatArray


def forbidden_turns(
    restrictions: Sequence[Restriction], ends: ArcEnds
) -> tuple[IntArray, Counter[str]]:
    """The turns that restrictions forbid.

    Returns
    -------
    tuple of banned and figures
        int32 (k, 2) of arcs (from, to), sorted, each once; and how many restrictions were
        ``used``, and how many fit no street of ours (``no_such_street``).
    """
    vias = np.array(sorted({r.via_node for r in restrictions}), np.int64)
    arriving: dict[tuple[int, int], list[int]] = {}
    leaving: dict[tuple[int, int], list[int]] = {}
    exits: dict[int, list[int]] = {}
    for arc in np.flatnonzero(np.isin(ends.head_node, vias)).tolist():
        arriving.setdefault((int(ends.head_node[arc]), int(ends.last_way[arc])), []).append(arc)
    for arc in np.flatnonzero(np.isin(ends.tail_node, vias)).tolist():
        node = int(ends.tail_node[arc])
        leaving.setdefault((node, int(ends.first_way[arc])), []).append(arc)
        exits.setdefault(node, []).append(arc)

    banned: set[tuple[int, int]] = set()
    figures: Counter[str] = Counter()
    for restriction in restrictions:
        node = restriction.via_node
        comes = [a for way in restriction.from_ways for a in arriving.get((node, way), ())]
        goes = [a for way in restriction.to_ways for a in leaving.get((node, way), ())]
        meant = list(_meant(restriction.kind, comes, goes, ends))
        figures["used" if meant else "no_such_street"] += 1
        if restriction.kind.startswith("no_"):
            banned.update(meant)
            continue
        only = {arc: {to for a, to in meant if a == arc} for arc, _ in meant}
        banned.update(
            (a, to) for a, allowed in only.items() for to in exits[node] if to not in allowed
        )
    return np.array(sorted(banned), np.int32).reshape(-1, 2), figures


def _meant(
    kind: str, comes: Sequence[int], goes: Sequence[int], ends: ArcEnds
) -> Iterator[tuple[int, int]]:
    """The pairs of arcs a restriction speaks of.

    Where the node lies inside a way, the way's name alone fits both directions of it; then the
    kind ("left") decides which one the sign means.
    """
    is_plain = len(comes) == 1 and len(goes) == 1
    for arc in comes:
        for to in goes:
            change = float(turn_degrees(ends.last_bearing[arc], ends.first_bearing[to]))
            if is_plain or _fits(kind, change):
                yield arc, to


def _fits(kind: str, change: float) -> bool:
    if kind.endswith("u_turn"):
        return abs(change) > 135
    if abs(change) > 175:
        return False  # straight back is never what a sign about another turn means
    if kind.endswith("left_turn"):
        return change < -10
    if kind.endswith("right_turn"):
        return change > 10
    if kind.endswith("straight_on"):
        return abs(change) < 50
    return True
