"""Where idle drivers would be worth more: advice, never an order.

Owns the worth of one more free car in a zone, and the least driving that brings free cars to where
they are worth most. Nobody is told to go: whoever stays loses nothing, and no cost of a round
reads whether advice was followed.

Worth. Of the requests that a zone will make within the horizon, the k-th car there serves one only
if there are k or more; with requests coming as a Poisson process of `expected` requests, that is
P(N >= k), and a request that finds a car beside it waits `worth_seconds` less. The worth of
one more car falls with each car that is there: the newsvendor's problem (Arrow, Harris and Marschak,
"Optimal Inventory Policy", Econometrica 19(3), 1951), in every zone at once.

Driving. Zones are nodes of a network whose arcs lead to neighbouring zones and cost the drive;
each zone can take its first, second, third car at the worth of each. A minimum-cost flow over it
(the rebalancing of Pavone et al., "Robotic load balancing for mobility-on-demand systems",
International Journal of Robotics Research 31(7), 2012, with falling worth in place of fixed targets)
says how many cars leave each zone to each neighbour. A car moves one zone on and the next
car goes further, rather than one car all the way: cars are alike, and the gap is closed sooner.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from dispatch.matching.columns import Whole
from dispatch.matching.policy import Repositioning

STAY = -1
"""In place of a zone: no advice."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneMap:
    """Zones and the drives between neighbours.

    Attributes
    ----------
    tails, heads, drive_ms
        int64, (arcs,): from a zone to a neighbour, and how long the drive takes.
    zones
        How many.
    """

    zones: int
    tails: Whole
    heads: Whole
    drive_ms: Whole


def worth_ms(expected: NDArray[np.float64], there: Whole, rule: Repositioning) -> Whole:
    """What each further car in each zone is worth.

    Parameters
    ----------
    expected
        (zones,): requests expected within the horizon.
    there
        (zones,): cars that will be there anyway.

    Returns
    -------
    numpy.ndarray
        int64, (zones, cars_per_zone_max): milliseconds of waiting that the first, second, ...
        further car saves; never rising along a row.
    """
    from dispatch.matching import reposition_kernel

    found = reposition_kernel.chances(expected, there, rule.cars_per_zone_max)
    return np.rint(found * rule.worth_seconds * 1000).astype(np.int64)


def advise(
    zone_map: ZoneMap,
    *,
    zone_of_car: Whole,
    drive_ms: Whole,
    expected: NDArray[np.float64],
    there: Whole,
    rule: Repositioning,
) -> Whole:
    """The zone that each free car is advised to go to.

    Parameters
    ----------
    zone_of_car
        (cars,): where each car is that may be advised.
    drive_ms
        (cars, zones): how long each car drives to the heart of each zone.
    expected
        (zones,): requests expected within the horizon.
    there
        (zones,): cars that will be there anyway: soon free, or free and not asking for advice.

    Returns
    -------
    numpy.ndarray
        int64, (cars,): a zone, or `STAY`. Of a zone's cars those leave that are nearest to the next.
    """
    worth = worth_ms(expected, there, rule)
    flows = _flows(zone_map, np.bincount(zone_of_car, minlength=zone_map.zones), worth, rule)
    from dispatch.matching import reposition_kernel

    return reposition_kernel.cars_along(
        zone_map.tails, zone_map.heads, flows, zone_of_car, drive_ms, zone_map.zones
    )


def _flows(zone_map: ZoneMap, cars: Whole, worth: Whole, rule: Repositioning) -> Whole:
    """How many cars take each arc of the zone map: int64, (arcs,)."""
    zones, sink = zone_map.zones, zone_map.zones
    paying = np.argwhere(worth > 0)
    drive = np.maximum(1, zone_map.drive_ms * rule.drive // 1000)
    total = int(cars.sum())
    flow = SimpleMinCostFlow()
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([zone_map.tails, paying[:, 0], np.arange(zones)]).astype(np.int32),
        np.concatenate([zone_map.heads, np.full(len(paying), sink), np.full(zones, sink)]).astype(
            np.int32
        ),
        np.concatenate(
            [np.full(len(drive), total), np.ones(len(paying), np.int64), np.full(zones, total)]
        ),
        np.concatenate([drive, -worth[paying[:, 0], paying[:, 1]], np.zeros(zones, np.int64)]),
    )
    flow.set_nodes_supplies(np.arange(zones, dtype=np.int32), cars.astype(np.int64))
    flow.set_node_supply(sink, -total)
    status = flow.solve()
    assert status == SimpleMinCostFlow.Status.OPTIMAL, f"minimum-cost flow ended as {status}"
    return np.asarray(flow.flows(arcs[: len(drive)]), dtype=np.int64)
