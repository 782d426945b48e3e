"""From searches between arcs to travel times between points: what exact engines share.

Owns the arithmetic of offsets: a car stands somewhere along an arc, and a rider somewhere along
another or the same one. Refuses ids out of range (a programmer's mistake).
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from foundation.measures import Point
from roads.engine import CLOSED, UNREACHABLE
from roads.errors import NoRoute
from roads.network import (
    ARC_MS_MAX,
    BoolArray,
    FloatArray,
    IntArray,
    LongArray,
    RoadNetwork,
    WeightArray,
)
from roads.route import Path, Route, draw
from roads.snap import Snapper, Snaps

STUMP_METRES = 1.0
"""Less than this of an arc is not worth a word to the driver."""

CELLS_AT_ONCE = 4_000_000
"""Of a table of times: bounds the memory that a large one takes while it is worked out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weights:
    """What driving costs at one moment: never changed, only replaced.

    ``turn_weight`` is the time of a turn and of the arc it enters, milliseconds, uint32
    (turns,), or `CLOSED`.
    """

    arc_ms: LongArray
    turn_weight: WeightArray

    @classmethod
    def of(cls, network: RoadNetwork, arc_ms: WeightArray) -> "Weights":
        """Weights for a network; see `RoadEngine.publish`."""
        times = np.asarray(arc_ms).astype(np.int64)
        assert times.shape == (network.arc_count,), times.shape
        closed = times == CLOSED
        assert (closed | ((times >= 1) & (times <= ARC_MS_MAX))).all(), "1 ms to an hour"
        entered = times[network.turn_to]
        weight = np.where(entered == CLOSED, CLOSED, entered + network.turn_ms)
        times.setflags(write=False)
        fixed = weight.astype(np.uint32)
        fixed.setflags(write=False)
        return cls(arc_ms=times, turn_weight=fixed)


class ArcSearch(Protocol):
    """Shortest times between arcs: from the end of one to the end of another.

    Arcs are ids in range; answers are milliseconds, int64, `UNREACHABLE` where no way is open.
    There is at least one arc on each side.
    The same arc twice is meaningless to `matrix` and `pairs`; that is what `rounds` is for.
    """

    def matrix(self, weights: Weights, origins: IntArray, destinations: IntArray) -> LongArray:
        """From each of the origins to each of the destinations, (n, m)."""

    def pairs(self, weights: Weights, origins: IntArray, destinations: IntArray) -> LongArray:
        """From ``origins[i]`` to ``destinations[i]``, (p,)."""

    def rounds(self, weights: Weights, arcs: IntArray) -> LongArray:
        """From the end of each arc round to its end again, (k,)."""

    def path(self, weights: Weights, origin: int, destination: int) -> tuple[int, ...]:
        """The arcs of a shortest way, both included; for the same arc twice, the way round.

        Raises
        ------
        NoRoute
            If there is none.
        """


class SearchEngine:
    """A `RoadEngine` over a network, exact to the millisecond for the search it is given."""

    degraded = False

    def __init__(
        self,
        network: RoadNetwork,
        search: ArcSearch,
        name: str,
        *,
        cells_at_once: int = CELLS_AT_ONCE,
    ) -> None:
        self.name = name
        self.network = network
        self._cells_at_once = cells_at_once
        self._search = search
        self._snapper = Snapper(network)
        self._weights = Weights.of(network, network.arc_ms)

    def publish(self, arc_ms: WeightArray) -> None:
        """See `RoadEngine.publish`: one reference changes, so no reader sees half an update."""
        self._weights = Weights.of(self.network, arc_ms)

    def snap(self, points: FloatArray) -> Snaps:
        """See `RoadEngine.snap`."""
        return self._snapper.snap(points)

    def times(self, origins: Snaps, destinations: Snaps) -> IntArray:
        """See `RoadEngine.times`."""
        weights = self._weights
        answer = np.full((len(origins), len(destinations)), UNREACHABLE, np.int32)
        if answer.size == 0:
            return answer
        _check(origins, self.network)
        _check(destinations, self.network)
        goals, goal = np.unique(destinations.arcs, return_inverse=True)
        rows = max(1, self._cells_at_once // max(1, len(destinations.arcs) * 3))
        for begin in range(0, len(origins), rows):
            some = origins.take(np.arange(begin, min(begin + rows, len(origins))))
            starts, start = np.unique(some.arcs, return_inverse=True)
            between = self._search.matrix(weights, starts, goals)[start[:, None], goal[None, :]]
            shape = between.shape
            flat = self._between_places(
                weights,
                between.ravel(),
                arcs=(np.repeat(some.arcs, shape[1]), np.tile(destinations.arcs, shape[0])),
                fractions=(
                    np.repeat(some.fractions, shape[1]),
                    np.tile(destinations.fractions, shape[0]),
                ),
            )
            best = np.minimum.reduceat(flat.reshape(shape), some.offsets[:-1], axis=0)
            best = np.minimum.reduceat(best, destinations.offsets[:-1], axis=1)
            answer[begin : begin + rows] = best
        return answer

    def pair_times(
        self, origins: Snaps, destinations: Snaps, pairs: IntArray | LongArray
    ) -> IntArray:
        """See `RoadEngine.pair_times`."""
        asked: LongArray = np.asarray(pairs, np.int64).reshape(-1, 2)
        if len(asked) == 0:
            return np.empty(0, np.int32)
        sizes = (len(origins), len(destinations))
        assert ((asked >= 0) & (asked < sizes)).all(), "a pair names a point that is not there"
        flat, first, _, _ = self._candidate_times(self._weights, origins, destinations, asked)
        best: IntArray = np.minimum.reduceat(flat, first).astype(np.int32)
        return best

    def route(self, origin: Point, destination: Point) -> Route:
        """See `RoadEngine.route`."""
        weights = self._weights
        both = self.snap(np.array([[p.lon, p.lat] for p in (origin, destination)]))
        start, end = (both.take(np.array([row])) for row in (0, 1))
        flat, _, leave, reach = self._candidate_times(
            weights, start, end, np.zeros((1, 2), np.int64)
        )
        if flat.min() >= UNREACHABLE:
            raise NoRoute
        best = self._best(flat, (start, leave), (end, reach))
        one, other = int(leave[best]), int(reach[best])
        arc, goal = int(start.arcs[one]), int(end.arcs[other])
        is_ahead = arc == goal and start.fractions[one] <= end.fractions[other]
        path = Path(
            arcs=(arc,) if is_ahead else self._search.path(weights, arc, goal),
            from_fraction=float(start.fractions[one]),
            to_fraction=float(end.fractions[other]),
        )
        drawing = draw(self.network, path, self._snapper.flat_map)
        return Route(
            milliseconds=int(flat[best]),
            metres=round(float(drawing.arc_metres.sum())),
            line=drawing.line,
            streets=drawing.streets,
            arcs=np.array(path.arcs, np.int32),
            arc_metres=drawing.arc_metres,
            arc_points=drawing.arc_points,
            origin_gap_metres=float(start.metres[0]),
            destination_gap_metres=float(end.metres[0]),
            degraded=False,
        )

    def _best(
        self, flat: LongArray, begins: tuple[Snaps, LongArray], ends: tuple[Snaps, LongArray]
    ) -> int:
        """The quickest combination; of equals, one that drives no stump of an arc.

        At a junction a place is the end of some arcs and the beginning of others. Who sets out
        from there into a street is not told to depart along another one.
        """
        quickest = np.flatnonzero(flat == flat.min())
        (start, leave), (end, reach) = begins, ends
        one, other = leave[quickest], reach[quickest]
        metres = self.network.arc_metres
        to_drive = (1 - start.fractions[one]) * metres[start.arcs[one]]
        driven = end.fractions[other] * metres[end.arcs[other]]
        stumps = (to_drive < STUMP_METRES).astype(int) + (driven < STUMP_METRES)
        return int(quickest[stumps.argmin()])

    def _candidate_times(
        self, weights: Weights, origins: Snaps, destinations: Snaps, pairs: LongArray
    ) -> tuple[LongArray, LongArray, LongArray, LongArray]:
        """Times of all combinations of candidates of each pair.

        Returns
        -------
        tuple of times, first, leave and reach
            Milliseconds of each combination; where each pair's combinations begin; and the
            candidate of the origin and of the destination of each combination.
        """
        _check(origins, self.network)
        _check(destinations, self.network)
        one, other = pairs[:, 0], pairs[:, 1]
        width = destinations.candidate_counts[other]
        combinations = origins.candidate_counts[one] * width
        first = np.cumsum(combinations) - combinations
        ordinal = np.arange(combinations.sum()) - np.repeat(first, combinations)
        wide = np.repeat(width, combinations)
        leave = np.repeat(origins.offsets[one], combinations) + ordinal // wide
        reach = np.repeat(destinations.offsets[other], combinations) + ordinal % wide
        arcs = (origins.arcs[leave], destinations.arcs[reach])
        fractions = (origins.fractions[leave], destinations.fractions[reach])
        # Where the destination lies ahead on the same arc there is nothing to search.
        ask = (arcs[0] != arcs[1]) & _open_at(weights, *arcs)
        between = np.full(len(ask), UNREACHABLE, np.int64)
        if ask.any():
            between[ask] = self._search.pairs(weights, arcs[0][ask], arcs[1][ask])
        flat = self._between_places(weights, between, arcs=arcs, fractions=fractions)
        return flat, first, leave, reach

    def _between_places(
        self,
        weights: Weights,
        between: LongArray,
        *,
        arcs: tuple[IntArray, IntArray],
        fractions: tuple[FloatArray, FloatArray],
    ) -> LongArray:
        """From times between ends of arcs to times between places along them; all (n,)."""
        (leave, reach), (begin, end) = arcs, fractions
        same = np.flatnonzero(leave == reach)
        ahead = same[begin[same] <= end[same]]
        behind = same[begin[same] > end[same]]
        if len(behind):
            between = between.copy()
            turned, which = np.unique(leave[behind], return_inverse=True)
            between[behind] = self._search.rounds(weights, turned)[which]
        # Each part of an arc is rounded by itself, so that every engine rounds alike.
        length = weights.arc_ms[reach]
        done = np.rint(begin * weights.arc_ms[leave]).astype(np.int64)
        wanted = np.rint(end * length).astype(np.int64)
        times = between + (weights.arc_ms[leave] - done) - (length - wanted)
        times[ahead] = (wanted - done)[ahead]
        reached = between < UNREACHABLE
        reached[ahead] = True
        reached &= _open_at(weights, leave, reach)
        settled: LongArray = np.where(reached, np.minimum(times, UNREACHABLE), UNREACHABLE)
        return settled


def _open_at(weights: Weights, leave: IntArray, reach: IntArray) -> BoolArray:
    """Whether both arcs may be driven now."""
    is_open: BoolArray = (weights.arc_ms[leave] != CLOSED) & (weights.arc_ms[reach] != CLOSED)
    return is_open


def _check(snaps: Snaps, network: RoadNetwork) -> None:
    assert (snaps.candidate_counts > 0).all(), "these snaps come from an engine without streets"
    check_arcs(snaps.arcs, network.arc_count)


def check_arcs(arcs: IntArray, arc_count: int) -> None:
    """Stop at an id out of range, before a library that does not look reads past its memory."""
    assert ((arcs >= 0) & (arcs < arc_count)).all(), "no such arc"
