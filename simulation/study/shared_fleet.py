"""A scenario's cars that share rides: where each is, what it is to do, what it has driven.

Owns the table of runs and every change of it: driving on, one more rider, and second thoughts about
riders who have a car but have not boarded. A rider who has a car keeps one, is picked up within the
scenario's wait, and rides no longer than the detour cap allows, whatever changes.
"""

from dataclasses import dataclass

import numpy as np

from dispatch.matching.shared import run_kernel as run
from dispatch.matching.shared.fleet_kernel import cheapest_car, relocate
from dispatch.matching.shared.regroup import Freed, regroup
from dispatch.matching.shared.round import Limits
from dispatch.matching.shared.table import Table
from simulation.study import pooled_kernel as kernel
from simulation.study.fleet_kernel import NOBODY
from simulation.study.scenario import Whole
from simulation.study.shared_legs import LegBook
from simulation.study.travel import TravelTable

DEAREST = run.NEVER >> 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighing:
    """What a round counts.

    Attributes
    ----------
    rates
        int64, (4,): as `run_kernel` takes them.
    handicaps
        int64, (vehicles,): by how much each car counts as dearer, in units of cost.
    """

    rates: Whole
    handicaps: Whole


class SharedFleet:
    """Cars and their runs as arrays.

    Attributes
    ----------
    trips
        int64, (requests, 9): rows of `run_kernel`'s table.
    drivers, stops, counts
        The cars and their runs, as `run_kernel` has them.
    goal
        int64, (vehicles,): the junction to which each car without stops drives, and stands there.
    vehicle, decided_ms, settled_ms, pickup_ms, dropoff_ms
        int64, (requests,): whose each request is, when it became theirs, when the run that holds
        it last changed, and when the rider boarded and left; `NOBODY` where not.
    """

    def __init__(self, nodes: Whole, trips: Whole, travel: TravelTable, *, seats: int) -> None:
        vehicles, self._travel, self.trips = len(nodes), travel, trips
        self.drivers = np.zeros((vehicles, 4), np.int64)
        self.drivers[:, run.PLACE] = nodes
        self.drivers[:, run.CAPACITY] = seats
        self.drivers[:, run.FINISH_BY] = run.NEVER
        self.stops = np.zeros((vehicles, 4 * seats + 4), np.int64)
        self.counts = np.zeros(vehicles, np.int64)
        self.goal = nodes.copy()
        self._book = np.zeros((vehicles, 5), np.int64)
        self._book[:, kernel.LEFT] = self._book[:, kernel.TOWARDS] = nodes
        self.legs = LegBook()
        self.vehicle, self.decided_ms, self.settled_ms, self.pickup_ms, self.dropoff_ms = (
            np.full(len(trips), NOBODY, np.int64) for _ in range(5)
        )

    @property
    def paid_ms(self) -> Whole:
        """Time with riders aboard so far: int64, (vehicles,)."""
        return self._book[:, kernel.PAID]

    def advance(self, now_ms: int) -> None:
        """Let everybody drive until now."""
        travel = self._travel
        room = self.legs.room(int(self.counts.sum()) + 2 * len(self.counts))
        kernel.drive_on(
            travel.times, travel.first, travel.to, travel.ms, self.stops, self.counts,
            self.drivers, self.goal, self.trips, self._book, self.pickup_ms, self.dropoff_ms,
            now_ms, room, self.legs.used,
        )  # fmt: skip

    def insert(self, trip: int, weighing: Weighing, now_ms: int) -> bool:
        """Put a rider where they cost least; whether there was such a place."""
        _, car, i, j = cheapest_car(
            trip, DEAREST, self._travel.times, self.stops, self.counts, self.drivers, self.trips,
            weighing.rates, weighing.handicaps,
        )  # fmt: skip
        if car < 0:
            return False
        run.insert(self.stops[car], self.counts[car], trip, i, j)
        self.counts[car] += 2
        self.vehicle[trip], self.decided_ms[trip] = car, now_ms
        self._settle(car, now_ms)
        return True

    def awaited(self) -> Whole:
        """Riders who have a car and have not boarded, in the order of asking."""
        ahead = np.arange(self.stops.shape[1]) < self.counts[:, None]
        codes = self.stops[ahead]
        return np.sort(codes[codes & 1 == 0] >> 1)

    def relocate(self, riders: Whole, weighing: Weighing, now_ms: int) -> int:
        """Move riders who wait, in turn, to where they cost least; how many changed their car."""
        stops, counts, cars = self.stops.copy(), self.counts.copy(), self.vehicle[riders]
        moved = relocate(
            riders, self.vehicle, self._travel.times, self.stops, self.counts, self.drivers,
            self.trips, weighing.rates, weighing.handicaps,
        )  # fmt: skip
        self.decided_ms[riders[self.vehicle[riders] != cars]] = now_ms
        ahead = np.arange(stops.shape[1]) < np.minimum(self.counts, counts)[:, None]
        differs = (counts != self.counts) | (ahead & (stops != self.stops)).any(axis=1)
        for car in np.flatnonzero(differs).tolist():
            self._settle(car, now_ms)
        return int(moved)

    def regroup(self, riders: Whole, weighing: Weighing, now_ms: int, *, limits: Limits) -> int:
        """Give some riders who wait out anew by groups, if that costs less; the cost saved."""
        table = Table(
            everyone=(), trips=self.trips, drivers=self.drivers, stops=self.stops,
            counts=self.counts, may=np.ones((0, 0), np.bool_), price=np.zeros(0, np.int64),
            travel=self._travel.times, rates=weighing.rates,
        )  # fmt: skip
        freed = Freed.of(table, riders, self.vehicle[riders])
        chosen = regroup(table, freed, handicaps=weighing.handicaps, limits=limits, seed=0)
        if chosen.cost >= chosen.start_cost:
            return 0
        emptier = sorted(set(freed.car_of.tolist()))
        orders = {car: freed.left.stops[car, : freed.left.counts[car]] for car in emptier}
        for group in chosen.groups:
            orders[group.run] = group.order
            changed = [trip for trip in group.trips if self.vehicle[trip] != group.run]
            self.vehicle[changed], self.decided_ms[changed] = group.run, now_ms
        for car, order in orders.items():
            self._drive(car, order, now_ms)
        return chosen.start_cost - chosen.cost

    def soon_free(self, until_ms: int) -> Whole:
        """Junctions at which those cars end that have stops, and are through with them by then."""
        return kernel.soon_free(
            self._travel.times, self.stops, self.counts, self.drivers, self.trips, until_ms
        )

    def _drive(self, car: int, order: Whole, now_ms: int) -> None:
        """Let a car drive these stops instead of its own."""
        count = int(self.counts[car])
        if count == len(order) and (self.stops[car, :count] == order).all():
            return
        self.stops[car, : len(order)] = order
        self.counts[car] = len(order)
        self._settle(car, now_ms)

    def _settle(self, car: int, now_ms: int) -> None:
        """Whoever is in a changed run boards and leaves as it says now, unless it changes again.

        A car whose last rider was taken away stands at the next junction.
        """
        self.settled_ms[self.stops[car, : self.counts[car]] >> 1] = now_ms
        if self.counts[car] == 0:
            self.goal[car] = self.drivers[car, run.PLACE]
