"""How long a rider would wait now: a guess for the quote, promised to nobody."""

import numpy as np

from dispatch.position import Phase, PositionBoard
from foundation.measures import Point, distance_metres
from roads.engine import UNREACHABLE, RoadEngine

NEAREST_LOOKED_AT = 8
"""Of the drivers nearest by straight line; the nearest by road is among them almost always
(routing research: in the top 10 in 99 %)."""


def expected_wait_seconds(board: PositionBoard, roads: RoadEngine, pickup: Point) -> int | None:
    """Road time in whole seconds of the nearest free driver; None if nobody is free."""
    free = sorted(
        (distance_metres(known.position.point, pickup), known.driver_id, known.position.point)
        for known in board
        if known.phase is Phase.FREE and known.position is not None
    )[:NEAREST_LOOKED_AT]
    if not free:
        return None
    places = np.array([(point.lon, point.lat) for _, _, point in free])
    times = roads.times(roads.snap(places), roads.snap(np.array([(pickup.lon, pickup.lat)])))
    soonest = int(times.min())
    return None if soonest >= UNREACHABLE else -(-soonest // 1000)
