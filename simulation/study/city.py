"""A city pack as a scenario: its streets, a day of its demand, cars where there is demand.

Owns the translation. Turn delays are left out, as in any scenario of nodes and edges: a study of a
pack compares policies, and does not foretell minutes.
"""

import math
from datetime import datetime, timedelta
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from foundation.measures import Point
from roads.pack import CityPack
from simulation.demand import places_of, wishes_of
from simulation.study.scenario import Requests, Scenario, Streets

DAY = timedelta(hours=24)
BEGINS = (2030, 1, 1)
"""Some day: a recorded day is entered at its hour, whatever the date."""


def scenario_of(pack: CityPack, *, vehicles: int, seed: int) -> Scenario:
    """A day of a city, from midnight.

    Parameters
    ----------
    vehicles
        How many cars; they begin the day where riders are picked up.
    seed
        Decides which trips a model of demand makes, and where the cars begin.

    Raises
    ------
    simulation.errors.DemandUnreadable
        If the pack's demand has a fault.
    """
    network = pack.network
    streets = Streets(
        lonlat=np.stack([network.node_lon, network.node_lat], axis=1),
        tail=network.arc_tail.astype(np.int64),
        head=network.arc_head.astype(np.int64),
        ms=network.arc_ms.astype(np.int64),
        decimetres=np.rint(network.arc_metres.astype(np.float64) * 10).astype(np.int64),
    )
    midnight = datetime(*BEGINS, tzinfo=pack.zone_info)
    wishes = list(
        takewhile(
            lambda wish: wish[0] < DAY,
            wishes_of(pack, begin=midnight, riders_per_hour=None, seed=seed),
        )
    )
    junctions = _Junctions(streets)
    origin = junctions.nearest([wish.pickup for _, wish in wishes])
    destination = junctions.nearest([wish.dropoff for _, wish in wishes])
    goes = np.flatnonzero(origin != destination)
    requests = Requests(
        ids=tuple(str(number + 1) for number in range(len(wishes))),
        at_ms=np.array([after // timedelta(milliseconds=1) for after, _ in wishes], dtype=np.int64),
        origin=origin,
        destination=destination,
    ).taken(goes)
    return Scenario(
        name=pack.name,
        streets=streets,
        requests=requests,
        vehicle_ids=tuple(str(number) for number in range(vehicles)),
        vehicle_nodes=junctions.nearest(places_of(pack, seed=seed, most=vehicles)),
    )


class _Junctions:
    """Finds the junction nearest to a place, on a plane around the city."""

    def __init__(self, streets: Streets) -> None:
        narrowing = math.cos(math.radians(float(streets.lonlat[:, 1].mean())))
        self._scale = np.array([narrowing, 1.0])
        self._tree = cKDTree(streets.lonlat * self._scale)

    def nearest(self, places: list[Point]) -> NDArray[np.int64]:
        """Junctions by number, (places,)."""
        lonlat = np.array([(place.lon, place.lat) for place in places]).reshape(-1, 2)
        return np.asarray(self._tree.query(lonlat * self._scale)[1], dtype=np.int64)
