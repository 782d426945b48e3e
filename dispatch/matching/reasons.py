"""Why a pair was taken and its alternatives were not: stored with the plan, in numbers.

Owns the comparison after the choice; it changes nothing. For each pairing it looks at both sides:
who else could have served the trip, and what else the driver could have been offered.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment import OPEN
from dispatch.matching.columns import Whole
from dispatch.matching.limits import Limit, broken_before_roads
from dispatch.matching.plan import Alternative, Lost, OpenBecause, OpenStill, Pairing
from dispatch.matching.weighing import Weighed

ALTERNATIVES_KEPT = 2
"""So many of the best alternatives are stored on each side of a pairing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The reasons of one round, after the choice.

    Attributes
    ----------
    weighed
        The round before the choice.
    chosen
        int64, (trips,): the pair that each trip got, or `OPEN`.
    pair_of_driver
        The pair that each paired driver got.
    best_of_trip, best_of_driver
        The best pairs that were not taken, by cost for a trip, by gain for a driver.
    """

    weighed: Weighed
    chosen: Whole
    pair_of_driver: dict[int, int]
    best_of_trip: dict[int, list[int]]
    best_of_driver: dict[int, list[int]]

    @classmethod
    def of(cls, weighed: Weighed, chosen: Whole) -> "Account":
        """Rank what was not taken."""
        problem = weighed.problem
        trips, drivers = problem.pairs[:, 0], problem.pairs[:, 1]
        taken = chosen[chosen != OPEN]
        spare = np.ones(len(trips), dtype=np.bool_)
        spare[taken] = False
        gain = problem.price_ms[trips] - problem.cost_ms
        return cls(
            weighed=weighed,
            chosen=chosen,
            pair_of_driver=dict(zip(drivers[taken].tolist(), taken.tolist(), strict=True)),
            best_of_trip=_best(trips, problem.cost_ms, spare),
            best_of_driver=_best(drivers, -gain, spare),
        )

    def pairing(self, trip: int) -> Pairing:
        """The pairing of a trip that got a driver, with its reasons."""
        problem, snapshot = self.weighed.problem, self.weighed.snapshot
        pair = int(self.chosen[trip])
        driver = int(problem.pairs[pair, 1])
        pairs = self._pairs_of(trip)
        sooner = np.flatnonzero(problem.pickup_ms[pairs] < problem.pickup_ms[pair])
        rivals = list(self.best_of_trip.get(trip, []))
        if len(sooner):
            soonest = pairs.start + int(np.argmin(problem.pickup_ms[pairs]))
            rivals += [] if soonest in rivals else [soonest]
        waited_ms = max(0, snapshot.at_ms - snapshot.trips[trip].asked_at_ms)
        return Pairing(
            trip_id=snapshot.trips[trip].trip_id,
            driver_id=snapshot.drivers[driver].driver_id,
            attempt=snapshot.trips[trip].attempt,
            pickup_seconds=-(-int(problem.pickup_ms[pair]) // 1000),
            terms=self.weighed.costs.of(pair),
            waited_seconds=waited_ms // 1000,
            price_ms=int(problem.price_ms[trip]),
            wanted_in_seconds=self._wanted_in_seconds(trip),
            candidates=pairs.stop - pairs.start,
            sooner=len(sooner),
            other_drivers=tuple(
                self._alternative(rival, self._why_not_driver(rival, pair)) for rival in rivals
            ),
            other_trips=tuple(
                self._alternative(rival, self._why_not_trip(rival, pair))
                for rival in self.best_of_driver.get(driver, [])
            ),
        )

    def open_still(self, trip: int) -> OpenStill:
        """A trip that got no driver, with its reasons."""
        problem, snapshot = self.weighed.problem, self.weighed.snapshot
        pairs = self._pairs_of(trip)
        best = self.best_of_trip.get(trip, [])
        limits: dict[str, int] = {}
        if best:
            because = self._why_others(trip, best[0])
        else:
            because, limits = self._why_nobody(trip)
        waited_ms = max(0, snapshot.at_ms - snapshot.trips[trip].asked_at_ms)
        return OpenStill(
            trip_id=snapshot.trips[trip].trip_id,
            because=because,
            waited_seconds=waited_ms // 1000,
            price_ms=int(problem.price_ms[trip]),
            limits=limits,
            candidates=pairs.stop - pairs.start,
            best=tuple(self._alternative(pair, Lost.NEEDED_ELSEWHERE) for pair in best),
        )

    def _wanted_in_seconds(self, trip: int) -> int | None:
        columns = self.weighed.columns.trips
        return int(columns.wanted_in_ms[trip]) // 1000 if columns.is_booked[trip] else None

    def _pairs_of(self, trip: int) -> slice:
        trips = self.weighed.problem.pairs[:, 0]
        first, end = np.searchsorted(trips, [trip, trip + 1]).tolist()
        return slice(first, end)

    def _alternative(self, pair: int, lost: Lost) -> Alternative:
        weighed = self.weighed
        trip, driver = weighed.problem.pairs[pair].tolist()
        instead = self.pair_of_driver.get(driver)
        chosen = int(self.chosen[trip])
        trips, drivers = weighed.snapshot.trips, weighed.snapshot.drivers
        pairs = weighed.problem.pairs
        return Alternative(
            trip_id=trips[trip].trip_id,
            driver_id=drivers[driver].driver_id,
            terms=weighed.costs.of(pair),
            lost=lost,
            driver_serves=None if instead is None else trips[int(pairs[instead, 0])].trip_id,
            trip_served_by=None if chosen == OPEN else drivers[int(pairs[chosen, 1])].driver_id,
        )

    def _why_not_driver(self, rival: int, taken: int) -> Lost:
        """Why the trip of the pair `taken` did not go to the driver of the pair `rival`."""
        cost = self.weighed.problem.cost_ms
        dearer = int(cost[rival] - cost[taken])
        if dearer > 0:
            return main_difference(self.weighed.costs.terms[:, rival] - self._terms(taken))
        if int(self.weighed.problem.pairs[rival, 1]) in self.pair_of_driver:
            return Lost.NEEDED_ELSEWHERE
        return Lost.EQUAL if dearer == 0 else Lost.NOT_WEIGHED

    def _why_not_trip(self, rival: int, taken: int) -> Lost:
        """Why the driver of the pair `taken` was not offered the trip of the pair `rival`."""
        problem = self.weighed.problem
        other, trip = int(problem.pairs[rival, 0]), int(problem.pairs[taken, 0])
        served = int(self.chosen[other])
        if served != OPEN:
            costs_less = problem.cost_ms[served] <= problem.cost_ms[rival]
            return Lost.SERVED_SOONER if costs_less else Lost.SERVED_BY_ANOTHER
        if problem.price_ms[other] < problem.price_ms[trip]:
            return Lost.WAITED_LESS
        dearer = int(problem.cost_ms[rival] - problem.cost_ms[taken])
        if dearer > 0:
            return Lost.FURTHER
        is_equal = dearer == 0 and problem.price_ms[other] == problem.price_ms[trip]
        return Lost.EQUAL if is_equal else Lost.NOT_WEIGHED

    def _why_others(self, trip: int, pair: int) -> OpenBecause:
        """Why the best possible driver of an open trip went to somebody else."""
        problem = self.weighed.problem
        served = self.pair_of_driver.get(int(problem.pairs[pair, 1]))
        if served is None:
            return OpenBecause.OTHERS_SOONER
        if problem.cost_ms[served] <= problem.cost_ms[pair]:
            return OpenBecause.OTHERS_SOONER
        other = int(problem.pairs[served, 0])
        waited_longer = problem.price_ms[other] > problem.price_ms[trip]
        return OpenBecause.OTHERS_WAITED_LONGER if waited_longer else OpenBecause.OTHERS_SOONER

    def _why_nobody(self, trip: int) -> tuple[OpenBecause, dict[str, int]]:
        """Which hard limits leave a trip without any possible driver."""
        weighed = self.weighed
        broken = weighed.unfit_limits[weighed.unfit_trips == trip]
        if not len(broken):
            drivers = np.arange(len(weighed.snapshot.drivers))
            broken = broken_before_roads(
                weighed.columns,
                weighed.snapshot.policy,
                trips=np.full(len(drivers), trip),
                drivers=drivers,
            )
        return _nobody(broken.tolist())

    def _terms(self, pair: int) -> Whole:
        return self.weighed.costs.terms[:, pair]


def main_difference(more: Whole) -> Lost:
    """Which part of the cost tells most against a driver; `more` has the order of `cost.TERMS`."""
    drive, busy, chaining, earnings, idle, homeward, early, late = more.tolist()
    against = {
        Lost.LATER: drive + busy + late,
        Lost.BUSY: chaining,
        Lost.EARNED_MORE: earnings,
        Lost.OFFERED_LATER: idle,
        Lost.AWAY_FROM_HOME: homeward,
        Lost.EARLY: early,
    }
    # The first of equals: the order above is from what a rider feels to what only drivers feel.
    return max(against, key=lambda lost: against[lost])


_BY_LIMIT = {
    Limit.SEATS: OpenBecause.SEATS,
    Limit.VEHICLE_CLASS: OpenBecause.VEHICLE_CLASS,
    Limit.NEEDS: OpenBecause.NEEDS,
    Limit.ZONE: OpenBecause.ZONE,
    Limit.EXCLUDED: OpenBecause.EXCLUDED,
    Limit.RANGE: OpenBecause.RANGE,
    Limit.SHIFT: OpenBecause.HOURS,
    Limit.DRIVING: OpenBecause.HOURS,
    Limit.TOO_EARLY: OpenBecause.BOOKED_LATER,
}


def _nobody(broken: list[int]) -> tuple[OpenBecause, dict[str, int]]:
    """The reason why nobody is possible, and how many drivers each limit forbids."""
    if not broken:
        return OpenBecause.NO_DRIVER, {}
    counted = Counter(limit for flags in broken for limit in Limit(flags))
    limits = {
        limit.name.lower(): counted[limit] for limit in Limit if counted[limit] and limit.name
    }
    for limit, because in _BY_LIMIT.items():
        if counted[limit] == len(broken):
            return because, limits
    if any(flags == Limit.TOO_EARLY for flags in broken):
        return OpenBecause.BOOKED_LATER, limits
    elsewhere = Limit.TOO_FAR | Limit.NOT_FREE_SOON
    if any(flags & ~elsewhere == 0 for flags in broken):
        return OpenBecause.NO_DRIVER_IN_REACH, limits
    return OpenBecause.NO_FIT_DRIVER, limits


def _best(groups: Whole, rank_by: Whole, spare: NDArray[np.bool_]) -> dict[int, list[int]]:
    """For each group its best spare pairs, `ALTERNATIVES_KEPT` at most; ties by position."""
    numbers = np.flatnonzero(spare)
    order = numbers[np.lexsort((numbers, rank_by[numbers], groups[numbers]))]
    ordered = groups[order]
    rank = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    best: dict[int, list[int]] = {}
    for group, number in zip(
        ordered[rank < ALTERNATIVES_KEPT].tolist(),
        order[rank < ALTERNATIVES_KEPT].tolist(),
        strict=True,
    ):
        best.setdefault(group, []).append(number)
    return best
