"""The inner loops of repositioning: worths by zone, and which cars make up a flow. By Numba."""

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.kernels import Whole
from foundation.compiled import compiled


@compiled
def chances(expected: NDArray[np.float64], there: Whole, more: int) -> NDArray[np.float64]:
    """P(N >= k) for k of `there` + 1 to `there` + `more`, N being Poisson: (zones, more)."""
    found = np.empty((len(expected), more))
    for zone in range(len(expected)):
        # By taking the probabilities of 0, 1, ... away from one.
        probability, left = np.exp(-expected[zone]), 1.0
        for k in range(there[zone] + more):
            left = max(0.0, left - probability)
            if k >= there[zone]:
                found[zone, k - there[zone]] = left
            probability = probability * expected[zone] / (k + 1)
    return found


@compiled
def cars_along(  # noqa: PLR0917 - compiled loops take no keywords
    tails: Whole, heads: Whole, flows: Whole, zone_of_car: Whole, drive_ms: Whole, zones: int
) -> Whole:
    """The cars that make up the flows; see `reposition.advise`.

    A zone's own cars leave before those that pass through; of its own the nearest to the next zone,
    of equally near ones the last.
    """
    cars = len(zone_of_car)
    leaving, first, awaited = _by_zone(tails, heads, flows, zones)
    goal, is_home = np.full(cars, -1, np.int64), np.ones(cars, np.bool_)
    # Cars passing through a zone, as a stack: its last, and the one below each.
    top, below = np.full(zones, -1, np.int64), np.full(cars, -1, np.int64)
    ready, size = np.empty(zones, np.int64), 0
    # Drives cost more than nothing, so a cheapest flow has no circle and every zone gets its turn.
    for zone in range(zones):
        if awaited[zone] == 0:
            ready[size] = zone
            size += 1
    while size > 0:
        size -= 1
        zone = ready[size]
        for place in range(first[zone], first[zone + 1]):
            towards = heads[leaving[place]]
            for _ in range(flows[leaving[place]]):
                car = _nearest_home(zone, towards, zone_of_car, is_home, drive_ms)
                if car >= 0:
                    is_home[car] = False
                else:
                    car = top[zone]
                    top[zone] = below[car]
                below[car], top[towards] = top[towards], car
            awaited[towards] -= 1
            if awaited[towards] == 0:
                ready[size] = towards
                size += 1
        car = top[zone]
        while car >= 0:
            goal[car] = zone
            car = below[car]
    return goal


@compiled
def _by_zone(tails: Whole, heads: Whole, flows: Whole, zones: int) -> tuple[Whole, Whole, Whole]:
    """The arcs in use by the zone they leave, where each zone's begin, and how many lead to each."""
    awaited, first = np.zeros(zones, np.int64), np.zeros(zones + 1, np.int64)
    for arc in range(len(tails)):
        if flows[arc] > 0:
            awaited[heads[arc]] += 1
            first[tails[arc] + 1] += 1
    first = np.cumsum(first)
    leaving, filled = np.empty(first[zones], np.int64), first.copy()
    for arc in range(len(tails)):
        if flows[arc] > 0:
            leaving[filled[tails[arc]]] = arc
            filled[tails[arc]] += 1
    return leaving, first, awaited


@compiled
def _nearest_home(
    zone: int, towards: int, zone_of_car: Whole, is_home: NDArray[np.bool_], drive_ms: Whole
) -> int:
    """The zone's own car that is nearest to another zone, or -1."""
    best = -1
    for car in range(len(zone_of_car)):
        if (
            is_home[car]
            and zone_of_car[car] == zone
            and (best < 0 or drive_ms[car, towards] <= drive_ms[best, towards])
        ):
            best = car
    return best
