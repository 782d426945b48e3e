"""Riders who still wait, freed from their cars and given out anew by groups.

Owns the second thought of a round: a few riders who have not boarded are taken out of their runs, the
groups of them that each near run could serve are weighed (Alonso-Mora et al., "On-demand
high-capacity ride-sharing via dynamic trip-vehicle assignment", PNAS 114(3), 2017, which reassigns
all who wait in every round), and the cheapest choice is made, beginning from the plan as it stands. Works
on tables as `run_kernel` has them, of shortest times; for simulations.
"""

from dataclasses import dataclass, replace

import numpy as np

from dispatch.matching.shared.fleet_kernel import cheapest_cars, remove
from dispatch.matching.shared.pooling import (
    ChosenGroups,
    Groups,
    choose_groups,
    group_of,
    grow_groups,
)
from dispatch.matching.shared.round import Limits
from dispatch.matching.shared.run_kernel import Whole
from dispatch.matching.shared.table import Table

NOBODY = -1

NEVER_DROPPED = 10**12
"""The price of leaving a rider without a car who had one: more than any group costs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Freed:
    """Riders taken out of their runs.

    Attributes
    ----------
    riders
        int64, (riders,): rows of trips, ascending; none aboard.
    car_of
        int64, (riders,): the run that each was in.
    left
        The runs without them: a copy of the table's stops and counts.
    """

    riders: Whole
    car_of: Whole
    left: Table

    @classmethod
    def of(cls, table: Table, riders: Whole, car_of: Whole) -> "Freed":
        """Take riders out of a copy of their runs."""
        stops, counts = table.stops.copy(), table.counts.copy()
        for rider, car in zip(riders.tolist(), car_of.tolist(), strict=True):
            counts[car] = remove(stops[car], counts[car], rider)
        return cls(riders=riders, car_of=car_of, left=replace(table, stops=stops, counts=counts))


def regroup(table: Table, freed: Freed, *, handicaps: Whole, limits: Limits, seed: int) -> ChosenGroups:  # fmt: skip
    """The cheapest groups of freed riders, never dearer than the runs as they stand.

    Parameters
    ----------
    table
        The runs as they stand, every one of them keeping its limits.
    handicaps
        int64, (runs,): by how much a run counts as dearer for each rider it gets, in units of cost.

    Returns
    -------
    ChosenGroups
        Every freed rider is in one of them. Runs that had riders and get no group are as
        `Freed.left` has them.
    """
    start = _as_they_stand(table, freed)
    wanted: dict[int, list[int]] = {}
    for rider, car in zip(freed.riders.tolist(), freed.car_of.tolist(), strict=True):
        near = cheapest_cars(
            rider, limits.runs_per_trip, table.travel, freed.left.stops, freed.left.counts,
            table.drivers, table.trips, table.rates, handicaps,
        ).tolist()  # fmt: skip
        for one in sorted({car, *near}):
            wanted.setdefault(one, []).append(rider)
    weighed: Groups = {}
    for run, riders in sorted(wanted.items()):
        grow_groups(freed.left, limits, run, riders, weighed)
    return choose_groups(
        _handicapped(weighed, handicaps), _handicapped(start, handicaps), trips=freed.riders,
        price=np.full(len(freed.riders), NEVER_DROPPED), seed=seed, limits=limits,
    )  # fmt: skip


def _as_they_stand(table: Table, freed: Freed) -> Groups:
    start: Groups = {}
    for car in sorted(set(freed.car_of.tolist())):
        riders = tuple(freed.riders[freed.car_of == car].tolist())
        order = table.stops[car, : table.counts[car]].copy()
        start[car, riders] = group_of(freed.left, car, riders, order)
    return start


def _handicapped(groups: Groups, handicaps: Whole) -> Groups:
    return {
        key: replace(group, cost=group.cost + int(handicaps[group.run]) * len(group.trips))
        for key, group in groups.items()
    }
