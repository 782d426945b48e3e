"""Why a pair was taken and its alternatives were not: stored with the plan, in numbers.

Owns the comparison after the choice; it changes nothing. For each pairing it looks at both sides:
who else could have served the trip, and what else the driver could have been offered.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment import OPEN
from dispatch.matching.columns import Whole
from dispatch.matching.cost import TERMS, waited_ms
from dispatch.matching.limits import Limit, broken_before_roads
from dispatch.matching.plan import Alternative, Lost, OpenBecause, OpenStill, Pairing
from dispatch.matching.snapshot import Snapshot
from dispatch.matching.weighing import Weighed

ALTERNATIVES_KEPT = 2
"""So many of the best alternatives are stored on each side of a pairing."""


def account(
    snapshot: Snapshot, weighed: Weighed, chosen: Whole, kept: NDArray[np.bool_]
) -> tuple[tuple[Pairing, ...], tuple[OpenStill, ...]]:
    """Tell of every trip who got it and why, or why nobody did.

    Parameters
    ----------
    snapshot, weighed
        The round before the choice: who is who, and the numbers.
    chosen
        int64, (trips,): the pair that each trip got, or `OPEN`.
    kept
        (trips,): which open trips wait for a driver who is soon free.

    Returns
    -------
    tuple of pairings and open trips
        Both in the order of the snapshot's trips.
    """
    told = _Account(snapshot, weighed, chosen)
    return tuple(told.pairings()), tuple(told.open_trips(kept.tolist()))


class _Account:
    """The reasons of one round, after the choice.

    What is asked of many pairs is worked out for all at once; what is told of one trip comes from
    plain lists, because an array is slow to be asked for one number.
    """

    def __init__(self, snapshot: Snapshot, weighed: Weighed, chosen: Whole) -> None:
        self._snapshot, self._weighed, self._chosen = snapshot, weighed, chosen
        problem = weighed.problem
        trips = np.arange(len(chosen))
        self._trips, self._drivers = problem.pairs[:, 0], problem.pairs[:, 1]
        self._first = np.searchsorted(self._trips, trips).tolist()
        self._end = np.searchsorted(self._trips, trips, side="right").tolist()
        self._waited = (waited_ms(weighed.columns, at_ms=snapshot.at_ms) // 1000).tolist()
        self._prices = problem.price_ms.tolist()
        taken = chosen[chosen != OPEN]
        self._pair_of_driver = np.full(len(problem.driver_turn), OPEN, dtype=np.int64)
        self._pair_of_driver[self._drivers[taken]] = taken
        self._spare = np.ones(len(self._trips), dtype=np.bool_)
        self._spare[taken] = False
        self._best_of_trip = _best(self._trips, problem.cost_ms, self._spare)

    def pairings(self) -> Iterator[Pairing]:
        """The trips that got a driver, with their reasons."""
        trips = np.flatnonzero(self._chosen != OPEN).tolist()
        pairs = self._chosen[trips]
        of_drivers = self._best_of_drivers()
        drivers = self._drivers[pairs].tolist()
        sooner = self._sooner().tolist()
        rivals = [self._rivals_of(trip, sooner[trip]) for trip in trips]
        others = [of_drivers.get(driver, []) for driver in drivers]
        other_drivers = self._alternatives(rivals, pairs, self._why_not_drivers)
        other_trips = self._alternatives(others, pairs, self._why_not_trips)
        terms = self._weighed.costs.of_each(pairs)
        pickup_seconds = (-(-self._weighed.problem.pickup_ms[pairs] // 1000)).tolist()
        rows, people = self._snapshot.trips, self._snapshot.drivers
        for number, (trip, driver) in enumerate(zip(trips, drivers, strict=True)):
            yield Pairing(
                trip_id=rows[trip].trip_id,
                driver_id=people[driver].driver_id,
                attempt=rows[trip].attempt,
                pickup_seconds=pickup_seconds[number],
                terms=terms[number],
                waited_seconds=self._waited[trip],
                price_ms=self._prices[trip],
                wanted_in_seconds=self._wanted_in_seconds(trip),
                candidates=self._end[trip] - self._first[trip],
                sooner=sooner[trip],
                other_drivers=other_drivers[number],
                other_trips=other_trips[number],
            )

    def open_trips(self, kept: list[bool]) -> Iterator[OpenStill]:
        """The trips that got no driver, with their reasons."""
        trips = np.flatnonzero(self._chosen == OPEN).tolist()
        best = [self._best_of_trip.get(trip, []) for trip in trips]
        needed = self._alternatives(
            best, np.array(trips, dtype=np.int64), lambda pairs, _: [_NEEDED] * len(pairs)
        )
        for trip, pairs, alternatives in zip(trips, best, needed, strict=True):
            limits: dict[str, int] = {}
            if kept[trip]:
                because = OpenBecause.DRIVER_SOON_FREE
            elif pairs:
                because = self._why_others(trip, pairs[0])
            else:
                because, limits = self._why_nobody(trip)
            yield OpenStill(
                trip_id=self._snapshot.trips[trip].trip_id,
                because=because,
                waited_seconds=self._waited[trip],
                price_ms=self._prices[trip],
                limits=limits,
                candidates=self._end[trip] - self._first[trip],
                best=alternatives,
            )

    def _wanted_in_seconds(self, trip: int) -> int | None:
        columns = self._weighed.columns.trips
        return int(columns.wanted_in_ms[trip]) // 1000 if columns.is_booked[trip] else None

    def _best_of_drivers(self) -> dict[int, list[int]]:
        """What each paired driver could have been offered instead."""
        problem = self._weighed.problem
        gain = problem.price_ms[self._trips] - problem.cost_ms
        is_paired = self._pair_of_driver[self._drivers] != OPEN
        return _best(self._drivers, -gain, self._spare & is_paired)

    def _sooner(self) -> Whole:
        """For each paired trip how many drivers would be there before its own, (trips,)."""
        pickup_ms = self._weighed.problem.pickup_ms
        mine = np.full(len(self._chosen), -1, dtype=np.int64)
        paired = self._chosen != OPEN
        mine[paired] = pickup_ms[self._chosen[paired]]
        is_sooner = pickup_ms < mine[self._trips]
        return np.bincount(self._trips[is_sooner], minlength=len(self._chosen))

    def _rivals_of(self, trip: int, sooner: int) -> list[int]:
        """The best other pairs of a trip, and the soonest if it is sooner than its own."""
        rivals = self._best_of_trip.get(trip, [])
        if sooner:
            first = self._first[trip]
            times = self._weighed.problem.pickup_ms[first : self._end[trip]]
            soonest = first + int(times.argmin())
            if soonest not in rivals:
                return [*rivals, soonest]
        return rivals

    def _alternatives(
        self, pairs: Sequence[Sequence[int]], against: Whole, why: "_Why"
    ) -> list[tuple[Alternative, ...]]:
        """Pairs that were not taken, each list told against the pair (or trip) beside it."""
        flat = np.array([pair for some in pairs for pair in some], dtype=np.int64)
        lengths = list(map(len, pairs))
        lost = why(flat, np.repeat(against, lengths))
        trips, drivers = self._snapshot.trips, self._snapshot.drivers
        trip_of, driver_of = self._trips[flat], self._drivers[flat]
        # What the driver is offered instead, and who serves the trip instead.
        instead, chosen = self._pair_of_driver[driver_of], self._chosen[trip_of]
        serves = np.where(instead == OPEN, OPEN, self._trips[instead]).tolist() if len(flat) else []
        served = np.where(chosen == OPEN, OPEN, self._drivers[chosen]).tolist() if len(flat) else []
        told = map(
            Alternative,
            [trips[trip].trip_id for trip in trip_of.tolist()],
            [drivers[driver].driver_id for driver in driver_of.tolist()],
            self._weighed.costs.of_each(flat),
            lost,
            [None if trip == OPEN else trips[trip].trip_id for trip in serves],
            [None if driver == OPEN else drivers[driver].driver_id for driver in served],
        )
        return [tuple(islice(told, length)) for length in lengths]

    def _why_not_drivers(self, rivals: Whole, taken: Whole) -> list[Lost]:
        """Why the trips of the pairs `taken` did not go to the drivers of the pairs `rivals`."""
        weighed = self._weighed
        cost = weighed.problem.cost_ms
        dearer = cost[rivals] - cost[taken]
        terms = weighed.costs.terms
        is_needed = self._pair_of_driver[self._drivers[rivals]] != OPEN
        return [
            main if more > 0 else _NEEDED if needed else Lost.EQUAL if more == 0 else _NOT_WEIGHED
            for main, more, needed in zip(
                main_differences(terms[:, rivals] - terms[:, taken]),
                dearer.tolist(),
                is_needed.tolist(),
                strict=True,
            )
        ]

    def _why_not_trips(self, rivals: Whole, taken: Whole) -> list[Lost]:
        """Why the drivers of the pairs `taken` were not offered the trips of the pairs `rivals`."""
        cost, price = self._weighed.problem.cost_ms, self._weighed.problem.price_ms
        other, trip = self._trips[rivals], self._trips[taken]
        served = self._chosen[other]
        dearer = cost[rivals] - cost[taken]
        is_equal = (dearer == 0) & (price[other] == price[trip])
        conditions = {
            Lost.SERVED_SOONER: (served != OPEN) & (cost[served] <= cost[rivals]),
            Lost.SERVED_BY_ANOTHER: served != OPEN,
            Lost.WAITED_LESS: price[other] < price[trip],
            Lost.FURTHER: dearer > 0,
            Lost.EQUAL: is_equal,
        }
        # The first that holds tells.
        which = np.select(list(conditions.values()), np.arange(5), 5).tolist()
        codes = (*conditions, _NOT_WEIGHED)
        return [codes[number] for number in which]

    def _why_others(self, trip: int, pair: int) -> OpenBecause:
        """Why the best possible driver of an open trip went to somebody else."""
        problem = self._weighed.problem
        served = int(self._pair_of_driver[self._drivers[pair]])
        if served == OPEN or problem.cost_ms[served] <= problem.cost_ms[pair]:
            return OpenBecause.OTHERS_SOONER
        waited_longer = self._prices[int(self._trips[served])] > self._prices[trip]
        return OpenBecause.OTHERS_WAITED_LONGER if waited_longer else OpenBecause.OTHERS_SOONER

    def _why_nobody(self, trip: int) -> tuple[OpenBecause, dict[str, int]]:
        """Which hard limits leave a trip without any possible driver."""
        weighed = self._weighed
        broken = weighed.unfit_limits[weighed.unfit_trips == trip]
        if not len(broken):
            drivers = np.arange(len(self._snapshot.drivers))
            broken = broken_before_roads(
                weighed.columns,
                self._snapshot.policy,
                trips=np.full(len(drivers), trip),
                drivers=drivers,
            )
        return _nobody(broken.tolist())


_Why = Callable[[Whole, Whole], list[Lost]]
_NEEDED, _NOT_WEIGHED = Lost.NEEDED_ELSEWHERE, Lost.NOT_WEIGHED

_AGAINST: Mapping[Lost, tuple[str, ...]] = {
    Lost.LATER: ("drive_ms", "busy_ms", "late_ms"),
    Lost.BUSY: ("chaining_ms",),
    Lost.EARNED_MORE: ("earnings_ms",),
    Lost.OFFERED_LATER: ("idle_ms",),
    Lost.NEEDED_THERE: ("place_ms",),
    Lost.AWAY_FROM_HOME: ("homeward_ms",),
    Lost.EARLY: ("early_ms",),
}
"""What each part of the cost says against a driver, from what a rider feels to what only drivers
feel: the first of equals tells."""


def main_differences(more: Whole) -> list[Lost]:
    """Which part of the cost tells most against drivers who would have cost more.

    Parameters
    ----------
    more
        int64, (terms, drivers): by how much each part is dearer, in the order of `cost.TERMS`.
    """
    against = [more[[TERMS.index(name) for name in names]].sum(0) for names in _AGAINST.values()]
    codes = list(_AGAINST)
    return [codes[number] for number in np.stack(against).argmax(axis=0).tolist()]


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
    from dispatch.matching.reason_kernel import best_of_groups

    found, counts, best = best_of_groups(groups, rank_by, spare, ALTERNATIVES_KEPT)
    rows = best.tolist()
    return {
        group: rows[number][:count]
        for number, (group, count) in enumerate(zip(found.tolist(), counts.tolist(), strict=True))
    }
