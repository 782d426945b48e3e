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
    Limits,
    PlannedRun,
    PlannedTrip,
    SharedPlan,
    SharedRound,
)
from dispatch.matching.shared.run_kernel import NEVER, Whole
from dispatch.matching.shared.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Open trips that one run can serve together, and the order of all its stops then."""

    run: int
    trips: tuple[int, ...]
    cost: int
    order: Whole


Groups = dict[tuple[int, tuple[int, ...]], Group]
"""By run and ascending trips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenGroups:
    """Groups that serve each trip once at most, what they and the open trips cost, and the start."""

    groups: tuple[Group, ...]
    cost: int
    start_cost: int
    is_optimal: bool


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
    chosen = choose_groups(
        weighed, start, trips=np.arange(len(given.trips)), price=table.price, seed=given.seed,
        limits=given.limits,
    )  # fmt: skip
    taken = chosen.groups
    served = {trip for one in taken for trip in one.trips}
    return SharedPlan(
        runs=tuple(_planned(table, given, one) for one in taken),
        open=tuple(
            sorted(one.trip.trip_id for n, one in enumerate(given.trips) if n not in served)
        ),
        cost=chosen.cost,
        start_cost=chosen.start_cost,
        groups=len(weighed),
        complete=chosen.is_optimal and not cut,
    )


def choose_groups(weighed: Groups, start: Groups, *, trips: Whole, price: Whole, seed: int,
                  limits: Limits) -> ChosenGroups:  # fmt: skip
    """The cheapest choice among groups: one a run at most, each trip in one or open at its price.

    Parameters
    ----------
    weighed
        What may be chosen. The groups of the start are added.
    start
        A choice to begin from.
    trips, price
        int64, (trips,): rows of the trips to be served, ascending, and of leaving each open.

    Returns
    -------
    ChosenGroups
        Never dearer than the start.
    """
    for key, group in start.items():
        if key not in weighed or group.cost < weighed[key].cost:
            weighed[key] = group
    keys = sorted(weighed)
    owners = sorted({run for run, _ in keys})
    number, owner = _numbers(trips.tolist()), _numbers(owners)
    columns = Columns(
        trips=[tuple(number[trip] for trip in served) for _, served in keys],
        owner=np.array([owner[run] for run, _ in keys], np.int64),
        cost=np.array([weighed[key].cost for key in keys], np.int64),
        price=price,
        owned_max=np.ones(len(owners), np.int64),
    )
    place = {key: n for n, key in enumerate(keys)}
    first = [place[key] for key in sorted(start)]
    effort = Effort(seed=seed, deterministic_limit=limits.deterministic_limit)
    chosen = choose(columns, start=first, effort=effort)
    gained = sum(group.cost - weighed[key].cost for key, group in start.items())
    return ChosenGroups(
        groups=tuple(weighed[keys[one]] for one in chosen.columns),
        cost=chosen.cost,
        start_cost=columns.total(first) + gained,
        is_optimal=chosen.is_optimal,
    )


def _numbers(rows: list[int]) -> dict[int, int]:
    return {row: number for number, row in enumerate(rows)}


def _candidates(table: Table, trip: int) -> Whole:
    """Runs that may have a trip, ascending."""
    return np.flatnonzero(table.may[trip])


def _insertion_by_age(table: Table, given: SharedRound) -> Groups:
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
    return {
        (run, tuple(trips)): group_of(table, run, tuple(trips), stops[run, : counts[run]].copy())
        for run, trips in joined.items()
    }


def group_of(table: Table, run: int, trips: tuple[int, ...], order: Whole) -> Group:
    """The group that a run serves with the given order of all its stops."""
    cost = _cost(table, run, order) - _cost(table, run, table.stops[run, : table.counts[run]])
    cost -= sum(
        groups.own_part(trip, table.drivers[run], table.trips, table.rates) for trip in trips
    )
    return Group(run=run, trips=trips, cost=int(cost), order=order)


def _cost(table: Table, run: int, order: Whole) -> int:
    begins = np.empty(max(1, len(order)), np.int64)
    return int(
        groups.run_cost(
            order, len(order), table.drivers[run], table.trips, table.travel, table.rates, begins
        )
    )


def _groups(table: Table, given: SharedRound) -> tuple[Groups, bool]:
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
    weighed: Groups = {}
    for run, trips in enumerate(wanted):
        cut |= grow_groups(table, given.limits, run, trips, weighed)
    return weighed, cut


def grow_groups(
    table: Table, limits: Limits, run: int, trips: list[int], weighed: Groups
) -> bool:  # fmt: skip
    """Add the groups of one run. Returns whether the limit cut some off."""
    count = int(table.counts[run])
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
        weighed[run, served] = Group(run=run, trips=served, cost=int(costs[g]), order=order)
    return bool(cut)


def _planned(table: Table, given: SharedRound, group: Group) -> PlannedRun:
    run = table.run(given.runs[group.run], group.order)
    joined = sorted(table.everyone[trip].trip_id for trip in group.trips)
    return PlannedRun(
        run=run,
        joined=tuple(
            PlannedTrip(trip_id=one, terms=terms_of(run, one, roads=given.roads)) for one in joined
        ),
        cost=group.cost,
    )
