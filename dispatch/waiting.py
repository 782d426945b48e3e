"""How long a rider would wait now: a guess for the quote, promised to nobody."""

import math
from heapq import nsmallest

import numpy as np

from dispatch.position import Phase, PositionBoard
from foundation.measures import Point
from roads.engine import UNREACHABLE, RoadEngine

NEAREST_LOOKED_AT = 8
"""Of the drivers nearest by straight line; the nearest by road is among them almost always
(routing research: in the top 10 in 99 %)."""


def expected_wait_seconds(board: PositionBoard, roads: RoadEngine, pickup: Point) -> int | None:
    """Road time in whole seconds of the nearest free driver; None if nobody is free."""
    nearest = _nearest_free(board, pickup)
    if not nearest:
        return None
    snaps = roads.snap(np.array([(point.lon, point.lat) for point in (pickup, *nearest)]))
    rows = np.arange(len(snaps))
    soonest = int(roads.times(snaps.take(rows[1:]), snaps.take(rows[:1])).min())
    return None if soonest >= UNREACHABLE else -(-soonest // 1000)


def _nearest_free(board: PositionBoard, pickup: Point) -> list[Point]:
    """Places of the free drivers nearest by straight line.

    Compared on a flat map around the pick-up: all drivers are looked at for every quote, and a
    great circle each would cost more than the rest of the quote.
    """
    lon, lat, narrow = pickup.lon, pickup.lat, math.cos(math.radians(pickup.lat))
    free = [
        known.position.point
        for known in board
        if known.phase is Phase.FREE and known.position is not None
    ]
    return nsmallest(
        NEAREST_LOOKED_AT,
        free,
        key=lambda point: ((point.lon - lon) * narrow) ** 2 + (point.lat - lat) ** 2,
    )
