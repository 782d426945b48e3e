"""The port to travel times: what every road engine promises, and the choice of one.

Owns the promise. The engines: `cch` (the usual one), `dijkstra` (needs no preparation),
`straight_line` (knows no streets and says so). Refuses nothing itself.
"""

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from foundation.measures import Point
from roads.network import FloatArray, IntArray, LongArray, RoadNetwork, WeightArray
from roads.route import Route
from roads.snap import Snaps

UNREACHABLE = 2**31 - 1
"""The travel time, in milliseconds, to where no open street leads (the largest int32)."""

CLOSED = 2**31 - 1
"""The weight of an arc that may not be driven now."""


class RoadEngine(Protocol):
    """Travel times and routes over one network; every method may be called by many threads.

    Points are degrees, (n, 2) as (longitude, latitude); times whole milliseconds, int32.
    """

    @property
    def name(self) -> str:
        """Which engine this is, for reports."""

    @property
    def degraded(self) -> bool:
        """Whether answers are guesses; where engines are joined, the last one to this thread."""

    def snap(self, points: FloatArray) -> Snaps:
        """Find the places on the streets that points stand for, with the distance to them.

        Raises
        ------
        PointNotOnEarth
            If a coordinate is not finite or out of range.
        """

    def times(self, origins: Snaps, destinations: Snaps) -> IntArray:
        """Times from every origin to every destination, int32 (origins, destinations)."""

    def pair_times(
        self, origins: Snaps, destinations: Snaps, pairs: IntArray | LongArray
    ) -> IntArray:
        """Times of chosen pairs, int32 (p,); ``pairs`` is (p, 2) of origin and destination."""

    def route(self, origin: Point, destination: Point) -> Route:
        """The quickest way from one point to another.

        Raises
        ------
        NoRoute
            If no open street leads there.
        """

    def publish(self, arc_ms: WeightArray) -> None:
        """Drive all arcs at new times from now on; no call sees half of them.

        Parameters
        ----------
        arc_ms
            Milliseconds, uint32 (arcs,), 1 to an hour each, or `CLOSED`.
        """


# Each adapter is imported only when it is wanted: it brings a heavy library.
def _cch(network: RoadNetwork, cache_folder: Path) -> RoadEngine:
    from roads.cch import CchEngine

    return CchEngine(network, cache_folder)


def _dijkstra(network: RoadNetwork, _cache_folder: Path) -> RoadEngine:
    from roads.dijkstra import DijkstraEngine

    return DijkstraEngine(network)


def open_engine(
    network: RoadNetwork,
    cache_folder: Path,
    prefer: Sequence[Callable[[RoadNetwork, Path], RoadEngine]] = (_cch, _dijkstra),
) -> RoadEngine:
    """The first of the preferred engines that works here; by the crow if none does.

    The hierarchies of `cch` live on the fact that few streets lead out of a quarter. Where
    that is not so, they lose: on an artificial, perfect grid of 60,000 junctions a route took
    about a second and `dijkstra` a tenth of that. On the extracts of real cities tried so far
    `cch` was ahead.

    Parameters
    ----------
    cache_folder
        Where an engine may keep what it prepared; made if absent, safe to delete or to share
        between processes.
    prefer
        What makes an engine, or raises ImportError or EngineFailed.
    """
    from roads.errors import EngineFailed
    from roads.straight_line import FallingBack, StraightLineEngine

    straight = StraightLineEngine(network)
    for make in prefer:
        with contextlib.suppress(ImportError, EngineFailed):
            return FallingBack(make(network, cache_folder), straight)
    return straight
