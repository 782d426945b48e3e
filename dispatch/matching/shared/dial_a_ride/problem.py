"""A dial-a-ride problem in whole numbers, and its tightened windows.

Owns the statement of the problem: Cordeau, "A branch-and-cut algorithm for the dial-a-ride
problem", Operations Research 54(3), 2006, sections 1 and 4.1 (tightening). Node 0 is the depot,
request r is picked up at node r and dropped at node ``requests + r``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.shared.errors import RunInvalid

Whole = NDArray[np.int64]

EARLIEST, LATEST, SERVICE, LOAD, RIDE_MAX = range(5)
"""Columns of `Problem.nodes`."""

CAPACITY, DURATION_MAX = range(2)
"""Of `Problem.limits`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Requests, known beforehand, for a number of equal cars at one depot.

    Any unit of time will do, as long as it is whole; travel costs what it takes.

    Attributes
    ----------
    vehicles
        How many routes there may be.
    travel
        int64, (nodes, nodes): time from row to column, not negative.
    nodes
        int64, (nodes, 5): `EARLIEST` and `LATEST` beginning of service, its duration `SERVICE`,
        `LOAD` (negative at drop-offs) and, at pick-ups, `RIDE_MAX`: the longest time between the
        end of service there and its beginning at the drop-off.
    limits
        int64, (2,): `CAPACITY` of a car; `DURATION_MAX` of a route, from depot to depot.

    Raises
    ------
    RunInvalid
        If shapes or signs do not fit.
    """

    vehicles: int
    travel: Whole
    nodes: Whole
    limits: Whole

    def __post_init__(self) -> None:
        count = len(self.nodes)
        if count % 2 == 0 or self.nodes.shape != (count, 5) or self.travel.shape != (count, count):
            raise RunInvalid("there is not one depot and two places for each request")
        if self.vehicles < 1 or self.limits.shape != (2,):
            raise RunInvalid("there is no vehicle, or its limits are missing")
        if count > 1 and self.travel.min() < 0:
            raise RunInvalid("a travel time is negative")
        pickups, dropoffs = self.nodes[1 : self.requests + 1], self.nodes[self.requests + 1 :]
        if (pickups[:, LOAD] < 1).any() or (pickups[:, LOAD] != -dropoffs[:, LOAD]).any():
            raise RunInvalid("a request does not set down whom it picked up")

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return len(self.nodes) // 2

    def cost(self, route: Whole) -> int:
        """Travel of a route of nodes, from and to the depot."""
        whole = np.concatenate(([0], route, [0]))
        return int(self.travel[whole[:-1], whole[1:]].sum()) if len(route) else 0


def tightened(problem: Problem) -> Problem:
    """The same problem with windows as narrow as ride caps and travel make them.

    A drop-off is no earlier than the earliest pick-up plus the ride, and no later than the latest
    pick-up plus the ride cap; the same backwards. The depot is open from when the first car must leave
    to when the last can be back. No feasible route is lost.
    """
    nodes, count = problem.nodes.copy(), problem.requests
    here, there = np.arange(1, count + 1), np.arange(count + 1, 2 * count + 1)
    service, cap = nodes[here, SERVICE], nodes[here, RIDE_MAX]
    direct = problem.travel[here, there]
    first, last = nodes[0, EARLIEST], nodes[0, LATEST]
    for side in (here, there):
        nodes[side, EARLIEST] = np.maximum(nodes[side, EARLIEST], first + problem.travel[0, side])
        home = last - problem.travel[side, 0] - nodes[side, SERVICE]
        nodes[side, LATEST] = np.minimum(nodes[side, LATEST], home)
    nodes[here, EARLIEST] = np.maximum(
        nodes[here, EARLIEST], nodes[there, EARLIEST] - cap - service
    )
    nodes[here, LATEST] = np.minimum(nodes[here, LATEST], nodes[there, LATEST] - direct - service)
    nodes[there, EARLIEST] = np.maximum(
        nodes[there, EARLIEST], nodes[here, EARLIEST] + service + direct
    )
    nodes[there, LATEST] = np.minimum(nodes[there, LATEST], nodes[here, LATEST] + service + cap)
    if count:
        out = nodes[here, EARLIEST] - problem.travel[0, here]
        home = nodes[there, LATEST] + nodes[there, SERVICE] + problem.travel[there, 0]
        nodes[0, EARLIEST], nodes[0, LATEST] = max(first, out.min()), min(last, home.max())
    return Problem(problem.vehicles, problem.travel, nodes, problem.limits)
