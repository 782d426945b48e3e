"""Demand made up from the streets alone, for a city whose trips nobody has recorded.

Owns a model of demand with few numbers, all of them stated here. Trips begin and end along
streets that are not fast roads, the more of them the nearer to the centre; where a trip goes is
decided by gravity: by how much there is at the other end, and how far it is. In the morning people
go towards the centre, in the evening away from it. It is no forecast: it makes a demonstration
look like a city.

Source: A. G. Wilson, "A statistical theory of spatial distribution models", Transportation Research 1
(1967) 253-269, the singly constrained model with an exponential cost function. Pure.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from foundation.chance import Chance
from foundation.measures import Point
from roads.measure import FlatMap
from roads.network import FloatArray, RoadNetwork
from simulation.replay import DAY_SECONDS, HOUR_SECONDS, TripWish

HOURS = (
    *(0.5, 0.35, 0.25, 0.2, 0.25, 0.4),
    *(0.7, 1.1, 1.35, 1.15, 1.0, 1.0),
    *(1.05, 1.05, 1.1, 1.2, 1.35, 1.55),
    *(1.65, 1.55, 1.4, 1.25, 1.0, 0.75),
)
"""Riders in each local hour, as a share of the day's mean: two peaks and a quiet night."""

TOWARDS_CENTRE = (
    *(0.3, 0.3, 0.3, 0.4, 0.6, 0.75),
    *(0.8, 0.85, 0.8, 0.7, 0.6, 0.55),
    *(0.5, 0.5, 0.5, 0.45, 0.35, 0.3),
    *(0.35, 0.45, 0.4, 0.3, 0.25, 0.25),
)
"""Share of trips in each local hour that begin at a home and end where there is something to do."""

FAST_ROAD_KMH = 65.0
"""Nobody is picked up on a road faster than this."""

TRIP_METRES_MIN = 600.0
"""Nearer than that people walk."""

_CANDIDATES = 12
_PASSENGERS = ((0.72, 1), (0.92, 2), (0.97, 3), (1.0, 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class GravityModel:
    """What a city pack says of its demand (`demand/model.json`).

    Attributes
    ----------
    seed
        For those who have no seed of their own.
    riders_per_hour
        Mean over the day.
    """

    seed: int
    riders_per_hour: float
    centre: Point


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Streets:
    """Where trips may begin and end."""

    network: RoadNetwork
    arcs: FloatArray
    middles: FloatArray
    homes: FloatArray
    """Running totals of weights, ending in 1; (arcs,)."""
    centre: FloatArray
    reach_metres: float
    flat: FlatMap


def gravity_demand(
    network: RoadNetwork,
    model: GravityModel,
    *,
    start_second: int,
    chance: Chance,
    riders_per_hour: float | None = None,
) -> Iterator[TripWish]:
    """Riders from a moment on, without end (none at all if none an hour are asked for).

    Parameters
    ----------
    start_second
        Where the window opens, seconds of the local day, 0 to 86,399.
    chance
        Decides everything.
    riders_per_hour
        How many to expect in the first hour; the day keeps its shape. Left out: as the model says.
    """
    assert 0 <= start_second < DAY_SECONDS
    mean = model.riders_per_hour
    if riders_per_hour is not None:
        mean = riders_per_hour / HOURS[start_second // HOUR_SECONDS]
    if mean <= 0:
        return
    streets = _streets_of(network, model.centre)
    now = 0.0
    while True:
        hour = int((start_second + now) % DAY_SECONDS) // HOUR_SECONDS
        # A Poisson stream whose rate is that of the hour in which the wait begins.
        now += -math.log(1.0 - chance.uniform()) * HOUR_SECONDS / (mean * HOURS[hour])
        yield _wish(streets, now, TOWARDS_CENTRE[hour], chance)


def _streets_of(network: RoadNetwork, centre: Point) -> _Streets:
    flat = FlatMap.around(network.coords)
    kmh = network.arc_metres / network.arc_ms * 3600.0
    arcs = np.flatnonzero(kmh <= FAST_ROAD_KMH)
    if len(arcs) == 0:
        arcs = np.arange(network.arc_count)
    ends = flat.flatten(
        np.stack([network.coords[network.offsets[:-1]], network.coords[network.offsets[1:] - 1]], 1)
    )
    middles: FloatArray = ends.mean(axis=1)[arcs]
    middle = flat.flatten(np.array([[centre.lon, centre.lat]]))[0]
    far = np.hypot(*(middles - middle).T)
    metres = network.arc_metres[arcs].astype(np.float64)
    radius = max(1.0, float(np.sqrt(np.average(far**2, weights=metres))))
    return _Streets(
        network=network,
        arcs=arcs.astype(np.float64),
        middles=middles,
        homes=_running(metres * np.exp(-far / (2.0 * radius))),
        centre=_running(metres * np.exp(-far / (0.5 * radius))),
        reach_metres=max(1_500.0, 0.6 * radius),
        flat=flat,
    )


def _running(weights: FloatArray) -> FloatArray:
    total: FloatArray = np.cumsum(weights)
    share: FloatArray = total / total[-1]
    return share


def _wish(streets: _Streets, now: float, towards_centre: float, chance: Chance) -> TripWish:
    begins, ends = streets.centre, streets.homes
    if chance.uniform() < towards_centre:
        begins, ends = ends, begins
    one = _arc(begins, chance)
    others = [_arc(ends, chance) for _ in range(_CANDIDATES)]
    # Candidates come by what there is; distance then chooses among them: that is gravity.
    away = np.hypot(*(streets.middles[others] - streets.middles[one]).T)
    pull = np.where(away < TRIP_METRES_MIN, 0.0, np.exp(-away / streets.reach_metres))
    other = others[int(np.argmax(away))]
    luck = chance.uniform()
    if pull.sum() > 0:
        other = others[int(np.searchsorted(_running(pull), luck, side="right"))]
    crowd = chance.uniform()
    return TripWish(
        after_seconds=now,
        pickup=_spot(streets, one, chance),
        dropoff=_spot(streets, other, chance),
        passengers=next(count for below, count in _PASSENGERS if crowd < below),
    )


def _arc(weights: FloatArray, chance: Chance) -> int:
    return min(int(np.searchsorted(weights, chance.uniform(), side="right")), len(weights) - 1)


def _spot(streets: _Streets, place: int, chance: Chance) -> Point:
    """A random spot along an arc."""
    line = streets.network.arc_line(int(streets.arcs[place]))
    pieces = np.hypot(*np.diff(streets.flat.flatten(line), axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(pieces)])
    at = chance.uniform() * float(along[-1])
    return Point(
        round(float(np.interp(at, along, line[:, 0])), 6),
        round(float(np.interp(at, along, line[:, 1])), 6),
    )
