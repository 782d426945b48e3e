"""How long a rider would wait, or still has to: guesses from where cars are, promised to nobody."""

import math
from heapq import nsmallest

import numpy as np

from dispatch.position import Phase, PositionBoard
from dispatch.views.trips import TripView
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


def arrival_seconds(board: PositionBoard, roads: RoadEngine, trip: TripView) -> int | None:
    """Whole seconds until the driver is at the pick-up; None unless one is on the way.

    From where the car is now by road, through the stops that come before. As told with the offer
    where the car was not heard of, or no road leads there.
    """
    if trip.state != "assigned" or trip.driver_id is None:
        return None
    known = board.find(trip.driver_id)
    if known is None or known.position is None or not trip.way:
        return trip.pickup_seconds
    places = [known.position.point, *trip.way]
    snaps = roads.snap(np.array([(point.lon, point.lat) for point in places]))
    rows = np.arange(len(places) - 1, dtype=np.int32)
    legs = roads.pair_times(
        snaps.take(rows), snaps.take(rows + 1), np.stack([rows, rows], axis=1)
    ).astype(np.int64)
    if (legs >= UNREACHABLE).any():
        return trip.pickup_seconds
    return -(-int(legs.sum()) // 1000)
