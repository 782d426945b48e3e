"""Why a pair was taken and its alternatives were not: stored with the plan, in numbers.

Owns the comparison after the choice; it changes nothing. For each pairing it looks at both sides:
who else could have served the trip, and what else the driver could have been offered.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment import OPEN, Problem
from dispatch.matching.columns import Whole
from dispatch.matching.cost import CostTerms
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
    rivals = _Rivals.of(weighed.problem, chosen)
    numbers = _Numbers.of(weighed.problem, chosen)
    told = _Account(snapshot, weighed, numbers, rivals, kept.tolist())
    is_open = chosen == OPEN
    return (
        tuple(told.pairing(trip) for trip in np.flatnonzero(~is_open).tolist()),
        tuple(told.open_still(trip) for trip in np.flatnonzero(is_open).tolist()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Numbers:
    """A problem and its choice as plain lists, because they are asked one number at a time.

    `first` and `end` are where a trip's pairs begin and end; `pair_of_driver` is the pair that
    each paired driver got.
    """

    trip: list[int]
    driver: list[int]
    cost_ms: list[int]
    pickup_ms: list[int]
    price_ms: list[int]
    first: list[int]
    end: list[int]
    chosen: list[int]
    pair_of_driver: dict[int, int]

    @classmethod
    def of(cls, problem: Problem, chosen: Whole) -> "_Numbers":
        """The same numbers."""
        trips = np.arange(len(problem.price_ms))
        taken = chosen[chosen != OPEN]
        paired = problem.pairs[taken, 1].tolist()
        return cls(
            trip=problem.pairs[:, 0].tolist(),
            driver=problem.pairs[:, 1].tolist(),
            cost_ms=problem.cost_ms.tolist(),
            pickup_ms=problem.pickup_ms.tolist(),
            price_ms=problem.price_ms.tolist(),
            first=np.searchsorted(problem.pairs[:, 0], trips).tolist(),
            end=np.searchsorted(problem.pairs[:, 0], trips, side="right").tolist(),
            chosen=chosen.tolist(),
            pair_of_driver=dict(zip(paired, taken.tolist(), strict=True)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rivals:
    """The best pairs that were not taken, by cost for a trip, by gain for a driver."""

    of_trip: dict[int, list[int]]
    of_driver: dict[int, list[int]]

    @classmethod
    def of(cls, problem: Problem, chosen: Whole) -> "_Rivals":
        """Rank what was not taken."""
        trips, drivers = problem.pairs[:, 0], problem.pairs[:, 1]
        spare = np.ones(len(trips), dtype=np.bool_)
        spare[chosen[chosen != OPEN]] = False
        gain = problem.price_ms[trips] - problem.cost_ms
        # Nobody asks what a driver without an offer could have got instead.
        paired = np.zeros(len(problem.driver_turn), dtype=np.bool_)
        paired[drivers[~spare]] = True
        return cls(
            of_trip=_best(trips, problem.cost_ms, spare),
            of_driver=_best(drivers, -gain, spare & paired[drivers]),
        )


class _Account:
    """The reasons of one round, after the choice."""

    def __init__(
        self,
        snapshot: Snapshot,
        weighed: Weighed,
        numbers: _Numbers,
        rivals: _Rivals,
        kept: list[bool],
    ) -> None:
        self._snapshot, self._weighed = snapshot, weighed
        self._numbers, self._rivals, self._kept = numbers, rivals, kept
        self._soonest = self._find_soonest()
        self._terms = self._all_terms()

    def _find_soonest(self) -> list[tuple[int, int]]:
        """For each trip how many pairs are sooner than its own, and the soonest of them."""
        problem, numbers = self._weighed.problem, self._numbers
        trips = problem.pairs[:, 0]
        chosen = np.array(numbers.chosen, dtype=np.int64)
        mine = np.full(len(chosen), -1, dtype=np.int64)
        mine[chosen != OPEN] = problem.pickup_ms[chosen[chosen != OPEN]]
        is_sooner = problem.pickup_ms < mine[trips]
        counts = np.bincount(trips[is_sooner], minlength=len(chosen)).tolist()
        return [
            (count, self._soonest_of(trip) if count else OPEN) for trip, count in enumerate(counts)
        ]

    def _soonest_of(self, trip: int) -> int:
        first = self._numbers.first[trip]
        times = self._numbers.pickup_ms[first : self._numbers.end[trip]]
        return first + times.index(min(times))

    def _all_terms(self) -> dict[int, CostTerms]:
        """The terms of every pair that is spoken of."""
        spoken = {pair for pair in self._numbers.chosen if pair != OPEN}
        spoken |= {pair for _, pair in self._soonest if pair != OPEN}
        for best in (self._rivals.of_trip, self._rivals.of_driver):
            spoken.update(pair for pairs in best.values() for pair in pairs)
        pairs = sorted(spoken)
        return dict(zip(pairs, self._weighed.costs.of_each(pairs), strict=True))

    def pairing(self, trip: int) -> Pairing:
        """The pairing of a trip that got a driver, with its reasons."""
        numbers, row = self._numbers, self._snapshot.trips[trip]
        pair = numbers.chosen[trip]
        driver = numbers.driver[pair]
        sooner, soonest = self._soonest[trip]
        rivals = list(self._rivals.of_trip.get(trip, ()))
        if sooner and soonest not in rivals:
            rivals.append(soonest)
        return Pairing(
            trip_id=row.trip_id,
            driver_id=self._snapshot.drivers[driver].driver_id,
            attempt=row.attempt,
            pickup_seconds=-(-numbers.pickup_ms[pair] // 1000),
            terms=self._terms[pair],
            waited_seconds=self._waited_seconds(trip),
            price_ms=numbers.price_ms[trip],
            wanted_in_seconds=self._wanted_in_seconds(trip),
            candidates=numbers.end[trip] - numbers.first[trip],
            sooner=sooner,
            other_drivers=tuple(
                [self._alternative(rival, self._why_not_driver(rival, pair)) for rival in rivals]
            ),
            other_trips=tuple(
                [
                    self._alternative(rival, self._why_not_trip(rival, pair))
                    for rival in self._rivals.of_driver.get(driver, ())
                ]
            ),
        )

    def open_still(self, trip: int) -> OpenStill:
        """A trip that got no driver, with its reasons."""
        best = self._rivals.of_trip.get(trip, [])
        limits: dict[str, int] = {}
        if self._kept[trip]:
            because = OpenBecause.DRIVER_SOON_FREE
        elif best:
            because = self._why_others(trip, best[0])
        else:
            because, limits = self._why_nobody(trip)
        return OpenStill(
            trip_id=self._snapshot.trips[trip].trip_id,
            because=because,
            waited_seconds=self._waited_seconds(trip),
            price_ms=self._numbers.price_ms[trip],
            limits=limits,
            candidates=self._numbers.end[trip] - self._numbers.first[trip],
            best=tuple(self._alternative(pair, Lost.NEEDED_ELSEWHERE) for pair in best),
        )

    def _waited_seconds(self, trip: int) -> int:
        waited_ms = self._snapshot.at_ms - self._snapshot.trips[trip].asked_at_ms
        return max(0, waited_ms) // 1000

    def _wanted_in_seconds(self, trip: int) -> int | None:
        columns = self._weighed.columns.trips
        return int(columns.wanted_in_ms[trip]) // 1000 if columns.is_booked[trip] else None

    def _alternative(self, pair: int, lost: Lost) -> Alternative:
        numbers = self._numbers
        trips, drivers = self._snapshot.trips, self._snapshot.drivers
        trip, driver = numbers.trip[pair], numbers.driver[pair]
        instead, chosen = numbers.pair_of_driver.get(driver), numbers.chosen[trip]
        return Alternative(
            trip_id=trips[trip].trip_id,
            driver_id=drivers[driver].driver_id,
            terms=self._terms[pair],
            lost=lost,
            driver_serves=None if instead is None else trips[numbers.trip[instead]].trip_id,
            trip_served_by=None if chosen == OPEN else drivers[numbers.driver[chosen]].driver_id,
        )

    def _why_not_driver(self, rival: int, taken: int) -> Lost:
        """Why the trip of the pair `taken` did not go to the driver of the pair `rival`."""
        numbers = self._numbers
        dearer = numbers.cost_ms[rival] - numbers.cost_ms[taken]
        if dearer > 0:
            return main_difference(self._terms[rival], self._terms[taken])
        if numbers.driver[rival] in numbers.pair_of_driver:
            return Lost.NEEDED_ELSEWHERE
        return Lost.EQUAL if dearer == 0 else Lost.NOT_WEIGHED

    def _why_not_trip(self, rival: int, taken: int) -> Lost:
        """Why the driver of the pair `taken` was not offered the trip of the pair `rival`."""
        numbers = self._numbers
        other, trip = numbers.trip[rival], numbers.trip[taken]
        served = numbers.chosen[other]
        if served != OPEN:
            costs_less = numbers.cost_ms[served] <= numbers.cost_ms[rival]
            return Lost.SERVED_SOONER if costs_less else Lost.SERVED_BY_ANOTHER
        if numbers.price_ms[other] < numbers.price_ms[trip]:
            return Lost.WAITED_LESS
        dearer = numbers.cost_ms[rival] - numbers.cost_ms[taken]
        if dearer > 0:
            return Lost.FURTHER
        is_equal = dearer == 0 and numbers.price_ms[other] == numbers.price_ms[trip]
        return Lost.EQUAL if is_equal else Lost.NOT_WEIGHED

    def _why_others(self, trip: int, pair: int) -> OpenBecause:
        """Why the best possible driver of an open trip went to somebody else."""
        numbers = self._numbers
        served = numbers.pair_of_driver.get(numbers.driver[pair])
        if served is None:
            return OpenBecause.OTHERS_SOONER
        if numbers.cost_ms[served] <= numbers.cost_ms[pair]:
            return OpenBecause.OTHERS_SOONER
        waited_longer = numbers.price_ms[numbers.trip[served]] > numbers.price_ms[trip]
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


def main_difference(theirs: CostTerms, taken: CostTerms) -> Lost:
    """Which part of the cost tells most against a driver who would have cost more."""
    against = (
        theirs.pickup_ms + theirs.late_ms - taken.pickup_ms - taken.late_ms,
        theirs.chaining_ms - taken.chaining_ms,
        theirs.earnings_ms - taken.earnings_ms,
        theirs.idle_ms - taken.idle_ms,
        theirs.homeward_ms - taken.homeward_ms,
        theirs.early_ms - taken.early_ms,
    )
    return _AGAINST[against.index(max(against))]


_AGAINST = (
    Lost.LATER,
    Lost.BUSY,
    Lost.EARNED_MORE,
    Lost.OFFERED_LATER,
    Lost.AWAY_FROM_HOME,
    Lost.EARLY,
)
"""The first of equals tells: from what a rider feels to what only drivers feel."""

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
