"""The middle of a city: a smaller scenario of the same streets and riders, for whoever has no time.

Owns which junctions that is. It is no sample of the whole city: trips are shorter, and who rides
into it or out of it is left out.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulation.study.scenario import Requests, Scenario, Streets, Whole

Kept = NDArray[np.bool_]


def middle_of(scenario: Scenario, junctions: int) -> Scenario:
    """The junctions nearest to where riders ask, at most so many, and the requests between them.

    Where riders ask is the median of their longitudes and latitudes. Of the junctions nearest to it
    those are kept from which each can be reached from each along streets that are kept, too. A car
    that begins elsewhere begins at the nearest of them.

    Parameters
    ----------
    junctions
        At least 1; a scenario with no more is given back as it is.
    """
    assert junctions >= 1, "somewhere to be"
    streets, requests = scenario.streets, scenario.requests
    if streets.nodes <= junctions or not len(requests):
        return scenario
    lonlat = _in_one_scale(streets.lonlat)
    away = _squared(lonlat, np.median(lonlat[requests.origin], axis=0))
    nearest = np.argsort(away, kind="stable")[:junctions]
    near = np.zeros(streets.nodes, dtype=np.bool_)
    near[nearest] = True
    kept = _mutual(streets, near, start=int(nearest[0]))
    number = np.cumsum(kept) - 1
    both = kept[requests.origin] & kept[requests.destination]
    within = requests.taken(np.flatnonzero(both))
    inside = np.flatnonzero(kept)
    begins = [int(inside[np.argmin(_squared(lonlat[inside], lonlat[node]))])
              for node in scenario.vehicle_nodes.tolist()]  # fmt: skip
    return replace(
        scenario,
        streets=_streets(streets, kept, number),
        requests=Requests(
            ids=within.ids, at_ms=within.at_ms, origin=number[within.origin],
            destination=number[within.destination],
        ),
        vehicle_nodes=number[np.array(begins, dtype=np.int64)],
    )  # fmt: skip


def _in_one_scale(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Degrees of latitude both ways, near enough to tell what is nearest in a city."""
    scaled: NDArray[np.float64] = lonlat * np.array(
        [np.cos(np.radians(np.median(lonlat[:, 1]))), 1.0]
    )
    return scaled


def _squared(places: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    squared: NDArray[np.float64] = ((places - at) ** 2).sum(axis=1)
    return squared


def _streets(streets: Streets, kept: Kept, number: Whole) -> Streets:
    rows = np.flatnonzero(kept[streets.tail] & kept[streets.head])
    return Streets(
        lonlat=streets.lonlat[kept],
        tail=number[streets.tail[rows]],
        head=number[streets.head[rows]],
        ms=streets.ms[rows],
        decimetres=streets.decimetres[rows],
    )


def _mutual(streets: Streets, near: Kept, *, start: int) -> Kept:
    """The junctions near by that `start` reaches and that reach it, over streets near by."""
    rows = np.flatnonzero(near[streets.tail] & near[streets.head])
    tail, head = streets.tail[rows], streets.head[rows]
    return _reached(tail, head, start, len(near)) & _reached(head, tail, start, len(near))


def _reached(tail: Whole, head: Whole, start: int, nodes: int) -> Kept:
    found = np.zeros(nodes, dtype=np.bool_)
    found[start] = True
    before = 0
    while before < (after := int(found.sum())):
        before = after
        found[head[found[tail]]] = True
    return found
