"""From runs of map nodes to arcs between junctions.

Owns junction compression: a node where a street merely bends is a point of a polyline, not a
junction, which makes the graph five times smaller. Pure; refuses nothing.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from roads.network import BoolArray, FloatArray, IntArray, LongArray

_Number = TypeVar("_Number", np.int64, np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segments:
    """Straight pieces between two neighbouring map nodes, (segments,) each.

    ``start != end`` always; ``street`` is equal for two segments that one driver would call the
    same street.
    """

    start: LongArray
    end: LongArray
    way: LongArray
    street: LongArray
    is_forward: BoolArray
    is_backward: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chains:
    """Streets between junctions, each once: a list of segments end to end.

    Chain ``c`` has the nodes ``nodes[node_offsets[c]:node_offsets[c + 1]]`` and the segments
    ``segments[node_offsets[c] - c:...]`` (one fewer); ``is_along`` tells whether a segment is
    drawn in the chain's direction.
    """

    nodes: LongArray
    node_offsets: LongArray
    segments: LongArray
    is_along: BoolArray

    @property
    def segment_offsets(self) -> LongArray:
        """Where the segments of each chain begin, int64 (chains + 1,)."""
        return self.node_offsets - np.arange(len(self.node_offsets))


def chains_of(segments: Segments, *, node_count: int, kept_nodes: IntArray) -> Chains:
    """Join segments wherever a node is passed through without a choice.

    Parameters
    ----------
    kept_nodes
        Nodes that stay junctions whatever meets there (a turn is forbidden there).
    """
    passed, mates = _passed_through(segments, node_count, kept_nodes)
    walk = _Walk(segments, passed.tolist(), mates)
    count = len(segments.start)
    for segment in range(count):
        walk.from_junction(segment)
    for segment in range(count):  # what is left are rings that no other street touches
        walk.round_ring(segment)
    return walk.chains()


def _passed_through(
    segments: Segments, node_count: int, kept_nodes: IntArray
) -> tuple[BoolArray, tuple[list[int], list[int]]]:
    """Which nodes are no junctions, and the two segments that meet at each of those."""
    count = len(segments.start)
    ends = np.concatenate([segments.start, segments.end])
    degree = np.bincount(ends, minlength=node_count)
    order = np.argsort(ends, kind="stable")
    first = np.cumsum(degree) - degree
    passed: BoolArray = degree == 2
    passed[kept_nodes] = False

    where = np.flatnonzero(passed)
    one, other = order[first[where]], order[first[where] + 1]
    enters_one, leaves_one = _at_end(segments, one)
    enters_other, leaves_other = _at_end(segments, other)
    one, other = one % count, other % count
    alike = (segments.street[one] == segments.street[other]) & (one != other)
    # Traffic flows on: whoever may arrive by the one may leave by the other, and the reverse.
    alike &= (enters_one == leaves_other) & (enters_other == leaves_one)
    passed[where] = alike

    mates_one = np.full(node_count, -1, np.int64)
    mates_other = mates_one.copy()
    mates_one[where], mates_other[where] = one, other
    return passed, (mates_one.tolist(), mates_other.tolist())


def _at_end(segments: Segments, half: LongArray) -> tuple[BoolArray, BoolArray]:
    """Whether a car may arrive at, and leave, a node by a segment's start or end half."""
    count = len(segments.start)
    segment, at_end = half % count, half >= count
    forward, backward = segments.is_forward[segment], segments.is_backward[segment]
    return np.where(at_end, forward, backward), np.where(at_end, backward, forward)


class _Walk:
    """Follows segments from junction to junction; lists, because NumPy scalars are slow."""

    def __init__(
        self, segments: Segments, passed: list[bool], mates: tuple[list[int], list[int]]
    ) -> None:
        self._start, self._end = segments.start.tolist(), segments.end.tolist()
        self._passed = passed
        self._mates = mates
        self._done = [False] * len(self._start)
        self._nodes: list[int] = []
        self._offsets = [0]
        self._segments: list[int] = []
        self._along: list[bool] = []

    def from_junction(self, segment: int) -> None:
        """Walk the chain of a segment if one of its ends is a junction."""
        if self._done[segment]:
            return
        start, end = self._start[segment], self._end[segment]
        if not self._passed[start]:
            self._keep(*self._follow(start, segment))
        elif not self._passed[end]:
            self._keep(*self._follow(end, segment))

    def round_ring(self, segment: int) -> None:
        """Walk a ring, making a junction of the node its first segment starts at."""
        if not self._done[segment]:
            start = self._start[segment]
            self._passed[start] = False
            self._keep(*self._follow(start, segment))

    def _follow(self, node: int, segment: int) -> tuple[list[int], list[int]]:
        nodes, segments = [node], [segment]
        while True:
            self._done[segment] = True
            node = self._end[segment] if self._start[segment] == node else self._start[segment]
            nodes.append(node)
            if not self._passed[node]:
                return nodes, segments
            one, other = self._mates[0][node], self._mates[1][node]
            segment = other if one == segment else one
            segments.append(segment)

    def _keep(self, nodes: list[int], segments: list[int]) -> None:
        if nodes[0] != nodes[-1]:
            self._append(nodes, segments)
            return
        # A street that ends where it begins would be an arc from a junction to itself, along
        # which "ahead" and "behind" lose their meaning: its middle becomes a junction.
        half = len(segments) // 2
        self._append(nodes[: half + 1], segments[:half])
        self._append(nodes[half:], segments[half:])

    def _append(self, nodes: list[int], segments: list[int]) -> None:
        self._nodes += nodes
        self._offsets.append(len(self._nodes))
        self._segments += segments
        self._along += [
            self._start[segment] == here
            for segment, (here, _) in zip(segments, pairwise(nodes), strict=True)
        ]

    def chains(self) -> Chains:
        return Chains(
            nodes=np.array(self._nodes, np.int64),
            node_offsets=np.array(self._offsets, np.int64),
            segments=np.array(self._segments, np.int64),
            is_along=np.array(self._along, np.bool_),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChainArcs:
    """Directed arcs of chains, before rounding: arrays (arcs,), polylines as map nodes."""

    tail: LongArray
    head: LongArray
    ms: FloatArray
    metres: FloatArray
    first_segment: LongArray
    last_segment: LongArray
    reverse: IntArray
    line_nodes: LongArray
    offsets: LongArray


def arcs_of(
    chains: Chains,
    segments: Segments,
    *,
    metres: FloatArray,
    forward_ms: FloatArray,
    backward_ms: FloatArray,
) -> ChainArcs:
    """One arc for each direction in which a chain may be driven.

    Parameters
    ----------
    metres, forward_ms, backward_ms
        Of each segment; times of a forbidden direction are never read.
    """
    cut = chains.segment_offsets
    along, piece = chains.is_along, chains.segments
    there = np.add.reduceat(np.where(along, forward_ms[piece], backward_ms[piece]), cut[:-1])
    back = np.add.reduceat(np.where(along, backward_ms[piece], forward_ms[piece]), cut[:-1])
    length = np.add.reduceat(metres[piece], cut[:-1])
    first, last = piece[cut[:-1]], piece[cut[1:] - 1]
    exists = _directions(chains, segments)

    # Both directions of chain c in a row: entries 2c and 2c + 1, then without the forbidden.
    def both(one: npt.NDArray[_Number], other: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
        pairs: npt.NDArray[_Number] = np.stack([one, other], axis=1)
        return pairs[exists]

    begin, end = chains.node_offsets[:-1], chains.node_offsets[1:] - 1
    sizes = both(end - begin + 1, end - begin + 1)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    starts = both(begin, end)
    steps = both(np.ones_like(begin), -np.ones_like(begin))
    ordinal = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    points = np.repeat(starts, sizes) + ordinal * np.repeat(steps, sizes)
    return ChainArcs(
        tail=both(chains.nodes[begin], chains.nodes[end]),
        head=both(chains.nodes[end], chains.nodes[begin]),
        ms=both(there, back),
        metres=both(length, length),
        first_segment=both(first, last),
        last_segment=both(last, first),
        reverse=_reverses(exists),
        line_nodes=chains.nodes[points],
        offsets=offsets,
    )


def _directions(chains: Chains, segments: Segments) -> BoolArray:
    """Whether each chain may be driven as walked, and against it; bool (chains, 2).

    The first segment speaks for all: a chain goes on only where traffic does.
    """
    first = chains.segment_offsets[:-1]
    piece = chains.segments[first]
    as_drawn = np.stack([segments.is_forward[piece], segments.is_backward[piece]], axis=1)
    along: BoolArray = chains.is_along[first]
    exists = as_drawn.copy()
    exists[~along] = as_drawn[~along][:, ::-1]
    return exists


def _reverses(exists: BoolArray) -> IntArray:
    """For each arc that exists, the arc of the other direction, -1 where there is none."""
    number = (np.cumsum(exists.ravel()) - 1).reshape(-1, 2)
    reverse = number[:, ::-1].copy()
    reverse[~exists.all(axis=1)] = -1
    return reverse[exists].astype(np.int32)
