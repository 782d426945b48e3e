"""A round of shared trips, from the runs as they stand to a plan, in one pure function.

Owns the order of the steps: insert the open trips one by one, oldest first; find the groups that each
run can serve; choose among the groups, never worse than the insertion; account for each trip.
Alonso-Mora et al., "On-demand high-capacity ride-sharing via dynamic trip-vehicle assignment", PNAS
114(3), 2017, with insertion in the place of their greedy start.
"""

from dataclasses import dataclass

import numpy as np

from dispatch.matching.shared import group_kernel as groups
from dispatch.matching.shared import run_kernel as kernel
from dispatch.matching.shared.choice import Columns, Effort, choose
from dispatch.matching.shared.insertion import terms_of
from dispatch.matching.shared.round import (
    PlannedRun,
    PlannedTrip,
    SharedPlan,
    SharedRound,
)
from dispatch.matching.shared.run_kernel import NEVER, Whole
from dispatch.matching.shared.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Open trips that one run can serve together, and the order of all its stops then."""

    run: int
    trips: tuple[int, ...]
    cost: int
    order: Whole


def pool(given: SharedRound) -> SharedPlan:
    """Decide a round of shared trips.

    Returns
    -------
    SharedPlan
        Keeps every limit of every rider and driver; no run takes part in two groups, no trip in
        two runs. The same for the same round, in whatever order it was given, on every machine
        with the same solver.
    """
    table = Table.of(given)
    start = _insertion_by_age(table, given)
    weighed, cut = _groups(table, given)
    for key, group in start.items():
        if key not in weighed or group.cost < weighed[key].cost:
            weighed[key] = group
    keys = sorted(weighed)
    columns = Columns(
        trips=[trips for _, trips in keys],
        owner=np.array([run for run, _ in keys], np.int64),
        cost=np.array([weighed[key].cost for key in keys], np.int64),
        price=table.price,
        owned_max=np.ones(len(given.runs), np.int64),
    )
    first = [keys.index(key) for key in sorted(start)]
    effort = Effort(seed=given.seed, deterministic_limit=given.limits.deterministic_limit)
    chosen = choose(columns, start=first, effort=effort)
    gained = sum(group.cost - weighed[key].cost for key, group in start.items())
    taken = [weighed[keys[one]] for one in chosen.columns]
    served = {trip for one in taken for trip in one.trips}
    return SharedPlan(
        runs=tuple(_planned(table, given, one) for one in taken),
        open=tuple(
            sorted(one.trip.trip_id for n, one in enumerate(given.trips) if n not in served)
        ),
        cost=chosen.cost,
        start_cost=columns.total(first) + gained,
        groups=len(weighed),
        complete=chosen.is_optimal and not cut,
    )


_Groups = dict[tuple[int, tuple[int, ...]], _Group]
"""By run and ascending trips."""


def _candidates(table: Table, trip: int) -> Whole:
    """Runs that may have a trip, ascending."""
    return np.flatnonzero(table.may[trip])


def _insertion_by_age(table: Table, given: SharedRound) -> _Groups:
    """Each open trip in turn into the run where it costs least, if that is less than its price."""
    stops, counts = table.stops.copy(), table.counts.copy()
    joined: dict[int, list[int]] = {}
    for trip in range(len(given.trips)):
        candidates = _candidates(table, trip)
        found = kernel.best_places(
            stops, counts, table.drivers, table.trips, trip, candidates, table.travel, table.rates
        )
        if not len(found):
            continue
        best = int(found[:, 0].argmin())
        cost, i, j = found[best].tolist()
        if i >= 0 and cost <= table.price[trip]:
            run = int(candidates[best])
            kernel.insert(stops[run], counts[run], trip, i, j)
            counts[run] += 2
            joined.setdefault(run, []).append(trip)
    groups_found: _Groups = {}
    for run, trips in joined.items():
        order = stops[run, : counts[run]].copy()
        cost = _cost(table, run, order) - _cost(table, run, table.stops[run, : table.counts[run]])
        cost -= sum(
            groups.own_part(trip, table.drivers[run], table.trips, table.rates) for trip in trips
        )
        key = run, tuple(trips)
        groups_found[key] = _Group(run=run, trips=key[1], cost=int(cost), order=order)
    return groups_found


def _cost(table: Table, run: int, order: Whole) -> int:
    begins = np.empty(max(1, len(order)), np.int64)
    return int(
        groups.run_cost(
            order, len(order), table.drivers[run], table.trips, table.travel, table.rates, begins
        )
    )


def _groups(table: Table, given: SharedRound) -> tuple[_Groups, bool]:
    """The groups of every run, and whether a limit cut some off."""
    limits = given.limits
    wanted: list[list[int]] = [[] for _ in given.runs]
    cut = False
    for trip in range(len(given.trips)):
        candidates = _candidates(table, trip)
        found = kernel.best_places(
            table.stops, table.counts, table.drivers, table.trips, trip, candidates,
            table.travel, table.rates,
        )  # fmt: skip
        cheapest = np.argsort(found[:, 0], kind="stable")
        cut |= bool((found[cheapest[limits.runs_per_trip :], 0] < NEVER).any())
        for run in candidates[cheapest[: limits.runs_per_trip]].tolist():
            wanted[run].append(trip)
    weighed: _Groups = {}
    for run, trips in enumerate(wanted):
        cut |= _grow(table, given, run, trips, weighed)
    return weighed, cut


def _grow(
    table: Table, given: SharedRound, run: int, trips: list[int], weighed: _Groups
) -> bool:  # fmt: skip
    """Add the groups of one run. Returns whether the limit cut some off."""
    limits, count = given.limits, int(table.counts[run])
    largest = min(limits.group_max, len(trips))
    most = limits.groups_per_run
    members = np.full((most, max(1, largest)), -1, np.int64)
    costs = np.zeros(most, np.int64)
    orders = np.zeros((most + 1, count + 2 * largest), np.int64)
    effort = np.array([largest, most, limits.steps_per_order], np.int64)
    found, cut = groups.grow(
        table.stops[run, :count], count, np.array(trips, np.int64), table.drivers[run],
        table.trips, table.travel, table.rates, effort, members, costs, orders,
    )  # fmt: skip
    for g in range(found):
        served = tuple(members[g][members[g] >= 0].tolist())
        order = orders[g, : count + 2 * len(served)]
        weighed[run, served] = _Group(run=run, trips=served, cost=int(costs[g]), order=order)
    return bool(cut)


def _planned(table: Table, given: SharedRound, group: _Group) -> PlannedRun:
    run = table.run(given.runs[group.run], group.order)
    joined = sorted(table.everyone[trip].trip_id for trip in group.trips)
    return PlannedRun(
        run=run,
        joined=tuple(
            PlannedTrip(trip_id=one, terms=terms_of(run, one, roads=given.roads)) for one in joined
        ),
        cost=group.cost,
    )
