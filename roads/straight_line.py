"""Guessing travel times by the crow, and falling back to that when an engine fails.

Owns the guess: straight distance, stretched by a usual detour, at a stated speed. Every answer
says that it is degraded. Refuses nothing.
"""

import threading
from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import numpy as np

from foundation.measures import Point
from roads.engine import UNREACHABLE, RoadEngine
from roads.errors import EngineFailed
from roads.measure import distances_metres
from roads.network import FloatArray, IntArray, LongArray, RoadNetwork, WeightArray
from roads.route import Route, Stretch
from roads.snap import NO_ARCS, Snapper, Snaps, snaps_without_streets

SPEED_KMH = 20.0
"""Mean speed of a car in a city, our own guess; stated in every report of a degraded answer."""

DETOUR = 1.3
"""Length by road over length by the crow: 4 / pi is 1.27 for a dense grid and all directions."""


class StraightLineEngine:
    """A `RoadEngine` that knows no streets; `publish` means nothing to it."""

    name = "straight_line"
    degraded = True

    def __init__(
        self,
        network: RoadNetwork | None = None,
        *,
        speed_kmh: float = SPEED_KMH,
        detour: float = DETOUR,
    ) -> None:
        assert speed_kmh > 0
        assert detour >= 1
        self._network = network
        self._detour = detour
        self._ms_per_metre = detour * 3600.0 / speed_kmh

    def publish(self, arc_ms: WeightArray) -> None:
        """See `RoadEngine.publish`; there are no arcs here."""

    def snap(self, points: FloatArray) -> Snaps:
        """See `RoadEngine.snap`; without a network every point is as good as on a street."""
        if self._snapper is None:
            return snaps_without_streets(points)
        return self._snapper.snap(points)

    @cached_property
    def _snapper(self) -> Snapper | None:
        # Made when first needed: a stand-in that is never called costs nothing.
        return None if self._network is None else Snapper(self._network)

    def times(self, origins: Snaps, destinations: Snaps) -> IntArray:
        """See `RoadEngine.times`."""
        return self._ms(origins.points[:, None, :], destinations.points[None, :, :])

    def pair_times(
        self, origins: Snaps, destinations: Snaps, pairs: IntArray | LongArray
    ) -> IntArray:
        """See `RoadEngine.pair_times`."""
        asked = np.asarray(pairs).reshape(-1, 2)
        return self._ms(origins.points[asked[:, 0]], destinations.points[asked[:, 1]])

    def route(self, origin: Point, destination: Point) -> Route:
        """See `RoadEngine.route`; there is always one."""
        line = np.array([[origin.lon, origin.lat], [destination.lon, destination.lat]])
        snaps = self.snap(line)
        metres = float(distances_metres(line[0], line[1])) * self._detour
        return Route(
            milliseconds=int(self._ms(line[:1], line[1:])[0]),
            metres=round(metres),
            line=line,
            streets=(Stretch(name="", metres=metres, first_point=0),),
            arcs=NO_ARCS,
            arc_metres=np.empty(0),
            arc_points=np.empty(0, np.int64),
            origin_gap_metres=float(snaps.metres[0]),
            destination_gap_metres=float(snaps.metres[1]),
            degraded=True,
        )

    def _ms(self, a: FloatArray, b: FloatArray) -> IntArray:
        ms = np.rint(distances_metres(a, b) * self._ms_per_metre)
        whole: IntArray = np.minimum(ms, UNREACHABLE - 1).astype(np.int32)
        return whole


Answer = TypeVar("Answer")


class FallingBack:
    """An engine that answers by the crow when the one inside it fails, and says so.

    `degraded` tells of the last answer given to the calling thread, so that a round may ask
    for its times and then whether they were guesses.
    """

    def __init__(self, inner: RoadEngine, instead: StraightLineEngine) -> None:
        self._inner, self._instead = inner, instead
        self._last = threading.local()

    @property
    def name(self) -> str:
        """Name of the engine inside."""
        return self._inner.name

    @property
    def degraded(self) -> bool:
        """Whether the last answer to this thread was a guess."""
        return bool(getattr(self._last, "degraded", False))

    def publish(self, arc_ms: WeightArray) -> None:
        """See `RoadEngine.publish`."""
        self._inner.publish(arc_ms)

    def snap(self, points: FloatArray) -> Snaps:
        """See `RoadEngine.snap`."""
        return self._answer(lambda: self._inner.snap(points), lambda: self._instead.snap(points))

    def times(self, origins: Snaps, destinations: Snaps) -> IntArray:
        """See `RoadEngine.times`."""
        return self._answer(
            lambda: self._inner.times(origins, destinations),
            lambda: self._instead.times(origins, destinations),
        )

    def pair_times(
        self, origins: Snaps, destinations: Snaps, pairs: IntArray | LongArray
    ) -> IntArray:
        """See `RoadEngine.pair_times`."""
        return self._answer(
            lambda: self._inner.pair_times(origins, destinations, pairs),
            lambda: self._instead.pair_times(origins, destinations, pairs),
        )

    def route(self, origin: Point, destination: Point) -> Route:
        """See `RoadEngine.route`. That no open way leads there is an answer, not a failure."""
        return self._answer(
            lambda: self._inner.route(origin, destination),
            lambda: self._instead.route(origin, destination),
        )

    def _answer(self, ask: Callable[[], Answer], guess: Callable[[], Answer]) -> Answer:
        try:
            answer = ask()
        except (EngineFailed, MemoryError, RuntimeError, OSError):
            # What a library may raise from inside; refusals and our own mistakes go through.
            self._last.degraded = True
            return guess()
        self._last.degraded = self._inner.degraded
        return answer
