"""What a day's cars could have served, had every request been known: between two bounds.

Owns two references for a day of solo trips, neither of which any policy may know beforehand.

`most_served` is never below the best that can be done. A car serves one rider at a time, so in each
minute the cars together do so many minutes of work. Serving a trip takes at least its direct ride,
and before it the quickest drive from any drop-off, or first place of a car, that could come before
(its car may as well set out as late as it can, so that drive ends at the pick-up). All of it lies
between the asking and the latest arrival. Let the work of a trip be cut into pieces, done by any
cars in any order, and count a trip done in part by its part: the preemptive, fractional relaxation
of scheduling with release times and deadlines (Horn, "Some Simple Scheduling Algorithms", Naval
Research Logistics Quarterly 21(1), 1974), which is a transportation problem. Whatever cars can
really do is a solution of it; where cars must be for their next rider is mostly forgotten. Every
rounding errs upwards.

`on_time` is a plan that can be driven, in which nobody waits at all; the best that can be done serves
at least as many. Trips are nodes, one leads to the next where a car can be there when asked for, and
paths from the cars' places are a minimum-cost flow (Vazifeh et al., "Addressing the minimum fleet
problem in on-demand urban mobility", Nature 557, 2018). Of the trips that can come next the
`NEXT_TRIPS` soonest are kept, and those so late that a car gets anywhere by then: with all of them it
would be the most that can be served without any waiting.
"""

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from simulation.study import hindsight_kernel as kernel
from simulation.study.scenario import Scenario, Whole
from simulation.study.travel import TravelTable

SLOT_MS = 60_000
UNIT_MS = 1_000
"""Work is counted in whole seconds, cut down; windows are rounded outwards."""

WORTH = 10**9
"""Of a whole trip, in the flow's whole numbers."""

NEXT_TRIPS = 40


def most_served(scenario: Scenario, travel: TravelTable, *, max_wait_ms: int) -> int:
    """A number of trips that no plan for this day can exceed, however much it knows.

    Parameters
    ----------
    max_wait_ms
        A rider must be aboard this long after asking.
    """
    requests = scenario.requests
    if not len(requests):
        return 0
    direct_ms = travel.direct_ms(requests.origin, requests.destination)
    approach_ms = kernel.least_approach(
        travel.times, scenario.vehicle_nodes, requests.at_ms, requests.origin,
        requests.destination, direct_ms, max_wait_ms,
    )  # fmt: skip
    reached = np.flatnonzero(approach_ms != kernel.UNREACHABLE)
    begin_ms = (requests.at_ms - approach_ms)[reached]
    end_ms = (requests.at_ms + max_wait_ms + direct_ms)[reached]
    work = (approach_ms + direct_ms)[reached] // UNIT_MS
    at_once = int((work == 0).sum())
    worth = _most_work(
        begin_ms[work > 0], end_ms[work > 0], work[work > 0], len(scenario.vehicle_nodes)
    )
    return min(len(reached), at_once + worth // WORTH)


def _most_work(begin_ms: Whole, end_ms: Whole, work: Whole, cars: int) -> int:
    """The most worth of work within its windows: a transportation problem, in `WORTH` a trip."""
    trips = len(work)
    if not trips:
        return 0
    first, last = begin_ms // SLOT_MS, (end_ms - 1) // SLOT_MS
    slots = np.arange(int(first.min()), int(last.max()) + 1)
    counts = last - first + 1
    trip = np.repeat(np.arange(trips), counts)
    slot = np.arange(len(trip)) - np.repeat(np.cumsum(counts) - counts, counts) + first[trip]
    # Of one slot a trip can use what its window covers, rounded up.
    covered_ms = np.minimum(end_ms[trip], (slot + 1) * SLOT_MS) - np.maximum(
        begin_ms[trip], slot * SLOT_MS
    )
    covered = -(-covered_ms // UNIT_MS)
    slot_node, sink = trips + slot - slots[0], trips + len(slots)
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([trip, np.arange(trips), trips + slots - slots[0]]).astype(np.int32),
        np.concatenate([slot_node, np.full(trips, sink), np.full(len(slots), sink)]).astype(
            np.int32
        ),
        np.concatenate([covered, work, np.full(len(slots), cars * SLOT_MS // UNIT_MS)]),
        # The worth of a second of a trip, rounded up; -(-a // b) is a / b rounded up.
        np.concatenate([(-WORTH // work)[trip], np.zeros(trips + len(slots), np.int64)]),
    )
    flow.set_nodes_supplies(np.arange(trips, dtype=np.int32), work)
    flow.set_node_supply(sink, -int(work.sum()))
    status = flow.solve()
    assert status == SimpleMinCostFlow.Status.OPTIMAL, f"minimum-cost flow ended as {status}"
    return -int(flow.optimal_cost())


def on_time(scenario: Scenario, travel: TravelTable, *, next_trips: int = NEXT_TRIPS) -> Whole:
    """Which trips a plan serves in which each rider is picked up when asking: rows, ascending.

    Parameters
    ----------
    next_trips
        How many next trips of each are looked at, the soonest ones.
    """
    requests, cars = scenario.requests, len(scenario.vehicle_nodes)
    trips = len(requests)
    if not trips:
        return np.zeros(0, dtype=np.int64)
    direct_ms = travel.direct_ms(requests.origin, requests.destination)
    before, after = kernel.next_on_time(
        travel.times, requests.at_ms, requests.origin, requests.destination, direct_ms, next_trips
    )
    anywhere_ms = int(travel.times.max())
    # Nodes: a trip's two sides 2 i and 2 i + 1; the cars; cars that had time to get anywhere before
    # each trip is asked for; the end of all.
    rows, fleet = np.arange(trips), np.arange(cars)
    cars_at, ready_at, sink = 2 * trips, 2 * trips + cars, 3 * trips + cars
    ready = np.searchsorted(requests.at_ms, requests.at_ms + direct_ms + anywhere_ms)
    first = int(np.searchsorted(requests.at_ms, anywhere_ms))
    begins = _begins(scenario, travel, first)
    in_time = np.flatnonzero(ready < trips)
    arcs = (
        (2 * rows, 2 * rows + 1, 1),
        (2 * before + 1, 2 * after, 1),
        (2 * in_time + 1, ready_at + ready[in_time], 1),
        (ready_at + rows, 2 * rows, 1),
        (ready_at + rows[:-1], ready_at + rows[1:], cars),
        (cars_at + begins[0], 2 * begins[1], 1),
        (cars_at + fleet, np.full(cars, ready_at + first if first < trips else sink), 1),
        (np.concatenate([2 * rows + 1, [ready_at + trips - 1]]), np.full(trips + 1, sink), cars),
    )
    count = sum(len(tails) for tails, _, _ in arcs)
    flow = SimpleMinCostFlow()
    flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([tails for tails, _, _ in arcs]).astype(np.int32),
        np.concatenate([heads for _, heads, _ in arcs]).astype(np.int32),
        np.concatenate([np.full(len(tails), most) for tails, _, most in arcs]),
        np.concatenate([np.full(trips, -1), np.zeros(count - trips, dtype=np.int64)]),
    )
    flow.set_nodes_supplies((cars_at + fleet).astype(np.int32), np.ones(cars, dtype=np.int64))
    flow.set_node_supply(sink, -cars)
    status = flow.solve()
    assert status == SimpleMinCostFlow.Status.OPTIMAL, f"minimum-cost flow ended as {status}"
    return np.flatnonzero(flow.flows(np.arange(trips, dtype=np.int32)))


def _begins(scenario: Scenario, travel: TravelTable, trips: int) -> tuple[Whole, Whole]:
    """Cars, and which of the first so many trips each can begin with, from where it stands."""
    requests = scenario.requests
    drives = travel.times[np.ix_(scenario.vehicle_nodes, requests.origin[:trips])]
    car, trip = np.nonzero(drives <= requests.at_ms[:trips])
    return car, trip
