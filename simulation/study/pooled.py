"""A day of a scenario in which riders share cars, round by round, by insertion.

Owns the order of things within a round: who asked, who gave up, who has arrived, which car takes
whom, who is advised to move. The places in the runs are found by `dispatch.matching.shared`.

The rules are the solo world's (`world`), and these: nobody rides longer than the detour cap times
the direct ride; a rider's car is not changed; riders never outnumber seats.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.policy import Repositioning
from dispatch.matching.reposition import STAY, advise
from dispatch.matching.shared import run_kernel as run
from foundation.clock import stopwatch_ms
from simulation.study import pooled_kernel as kernel
from simulation.study.scenario import Scenario, Whole
from simulation.study.shared_legs import LegBook, SharedLegs
from simulation.study.travel import TravelTable
from simulation.study.world import Progress
from simulation.study.zones import StudyZones

NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class PooledOptions:
    """How a day of shared rides is played.

    Attributes
    ----------
    seats
        Of every car; each request takes one.
    max_wait_ms
        After so long a rider who cannot be picked up in time is gone.
    detour_percent_max
        Longest ride, in percent of the direct one.
    round_ms
        From one round to the next.
    drive, delay, wait
        Weights of driving added, of delay to riders, and of their waiting beside it.
    fairness_ms
        Delay for which a car that has earned twice the average is passed over.
    settle_ms
        Average paid time before which earnings weigh less.
    follow
        bool, (vehicles,): which drivers follow advice; empty: nobody.
    until_ms
        Rounds end here; None plays the day to its end.
    """

    seats: int = 4
    max_wait_ms: int = 600_000
    detour_percent_max: int = 150
    round_ms: int = 3000
    drive: int = 3
    delay: int = 1
    wait: int = 3
    fairness_ms: int = 150_000
    settle_ms: int = 1_800_000
    follow: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledRecord:
    """What happened.

    Attributes
    ----------
    vehicle, decided_ms, pickup_ms, dropoff_ms
        int64, (requests,): who served each request, when that was decided, when the rider boarded
        and left; `NOBODY` where unserved.
    paid_ms
        int64, (vehicles,): time with riders aboard.
    legs
        All that was driven.
    round_ms
        float64, (rounds,): wall time of the decision of each round that had any.
    """

    vehicle: Whole
    decided_ms: Whole
    pickup_ms: Whole
    dropoff_ms: Whole
    paid_ms: Whole
    legs: SharedLegs
    round_ms: NDArray[np.float64]


class PooledWorld:
    """One day of one scenario with shared rides."""

    def __init__(
        self, scenario: Scenario, travel: TravelTable, rule: Repositioning, options: PooledOptions
    ) -> None:
        self._requests, self._travel = scenario.requests, travel
        self._rule, self._options = rule, options
        vehicles, count = len(scenario.vehicle_nodes), len(scenario.requests)
        self._trips = _trip_rows(scenario, travel, options)
        self._drivers = np.zeros((vehicles, 4), np.int64)
        self._drivers[:, run.PLACE] = scenario.vehicle_nodes
        self._drivers[:, run.CAPACITY] = options.seats
        self._drivers[:, run.FINISH_BY] = run.NEVER
        self._goal = scenario.vehicle_nodes.copy()
        self._stops = np.zeros((vehicles, 4 * options.seats + 4), np.int64)
        self._counts = np.zeros(vehicles, np.int64)
        self._book = np.zeros((vehicles, 5), np.int64)
        self._book[:, kernel.LEFT] = self._book[:, kernel.TOWARDS] = scenario.vehicle_nodes
        self._legs = LegBook()
        self._vehicle, self._decided, self._pickup, self._dropoff = (
            np.full(count, NOBODY, np.int64) for _ in range(4)
        )
        self._rates = np.array([options.drive, options.delay, 0, options.wait], np.int64)
        self._follow = options.follow if len(options.follow) else np.zeros(vehicles, dtype=np.bool_)
        self._zones = StudyZones.of(scenario.streets, travel) if self._follow.any() else None
        self._open: list[int] = []
        self._round_ms: list[float] = []
        self._asked = 0

    def run(self, progress: Progress = lambda now, end: None) -> PooledRecord:
        """Play the day."""
        step, at_ms = self._options.round_ms, self._requests.at_ms
        last = int(at_ms[-1]) + self._options.max_wait_ms if len(at_ms) else 0
        end = last if self._options.until_ms is None else min(last, self._options.until_ms)
        advised_ms = 0
        for now in range(step, end + step, step):
            self._advance(now)
            self._hear(now)
            if self._open:
                began = stopwatch_ms()
                self._decide(now)
                self._round_ms.append(stopwatch_ms() - began)
            if now - advised_ms >= self._rule.every_seconds * 1000:
                advised_ms = now
                self._advise(now)
            if now % 600_000 < step:
                progress(min(now, end), end)
        # Nobody rides longer than a day; then all are where they wanted to be.
        self._advance(end + 86_400_000)
        return PooledRecord(
            vehicle=self._vehicle,
            decided_ms=self._decided,
            pickup_ms=self._pickup,
            dropoff_ms=self._dropoff,
            paid_ms=self._book[:, kernel.PAID],
            legs=self._legs.legs(),
            round_ms=np.array(self._round_ms, dtype=np.float64),
        )

    def _advance(self, now: int) -> None:
        travel, legs = self._travel, self._legs
        room = legs.room(int(self._counts.sum()) + 2 * len(self._counts))
        kernel.drive_on(
            travel.times, travel.first, travel.to, travel.ms, self._stops, self._counts,
            self._drivers, self._goal, self._trips, self._book, self._pickup, self._dropoff, now,
            room, legs.used,
        )  # fmt: skip

    def _hear(self, now: int) -> None:
        """Add who has asked by now, and let go who cannot be served in time any more."""
        asked = int(np.searchsorted(self._requests.at_ms, now, side="right"))
        self._open += range(self._asked, asked)
        self._asked = asked
        if self._open:
            in_time = self._trips[self._open, run.PICKUP_BY] >= now
            self._open = [one for one, waits in zip(self._open, in_time, strict=True) if waits]

    def _decide(self, now: int) -> None:
        """Each open rider, the oldest first, into the run where they cost least."""
        handicaps = self._handicaps()
        left = []
        for trip in self._open:
            car, i, j = kernel.cheapest_car(
                trip, self._travel.times, self._stops, self._counts, self._drivers, self._trips,
                self._rates, handicaps,
            )  # fmt: skip
            if car < 0:
                left.append(trip)
                continue
            run.insert(self._stops[car], self._counts[car], trip, i, j)
            self._counts[car] += 2
            self._vehicle[trip], self._decided[trip] = car, now
        self._open = left

    def _handicaps(self) -> Whole:
        """By how much each car counts as dearer for what it has earned, in units of cost."""
        paid = self._book[:, kernel.PAID]
        mean = int(paid.mean())
        ahead = (paid - mean) * self._options.fairness_ms // max(mean, self._options.settle_ms)
        return np.asarray(ahead * (self._options.delay + self._options.wait), dtype=np.int64)

    def _advise(self, now: int) -> None:
        """Tell drivers who follow advice where they would be worth more."""
        idle = self._counts == 0
        movers = np.flatnonzero(idle & self._follow)
        if self._zones is None or not len(movers):
            return
        zones, place = self._zones, self._drivers[:, run.PLACE]
        there = np.concatenate([place[idle & ~self._follow], self._soon_free(now)])
        goal = advise(
            zones.neighbours,
            zone_of_car=zones.zone_of[place[movers]],
            drive_ms=self._travel.times[np.ix_(place[movers], zones.centres)].astype(np.int64),
            expected=zones.expected(self._requests, asked=self._asked, now_ms=now, rule=self._rule),
            there=np.bincount(zones.zone_of[there], minlength=len(zones.centres)),
            rule=self._rule,
        )
        for car, zone in zip(movers.tolist(), goal.tolist(), strict=True):
            if zone != STAY:
                self._goal[car] = zones.centres[zone]
            elif zones.zone_of[self._goal[car]] != zones.zone_of[place[car]]:
                self._goal[car] = place[car]

    def _soon_free(self, now: int) -> Whole:
        """Where the cars end whose last drop-off is near in time, roads alone considered."""
        ends = []
        horizon = now + self._rule.horizon_seconds * 250
        for car in np.flatnonzero(self._counts).tolist():
            codes = self._stops[car, : self._counts[car]]
            places = self._trips[codes >> 1, codes & 1]
            way = np.concatenate(([self._drivers[car, run.PLACE]], places))
            drive = int(self._travel.times[way[:-1], way[1:]].sum())
            if int(self._drivers[car, run.FREE_AT]) + drive <= horizon:
                ends.append(int(places[-1]))
        return np.array(ends, np.int64)


def _trip_rows(scenario: Scenario, travel: TravelTable, options: PooledOptions) -> Whole:
    requests = scenario.requests
    direct = travel.direct_ms(requests.origin, requests.destination)
    rows = np.empty((len(requests), 9), np.int64)
    rows[:, run.PICKUP], rows[:, run.DROPOFF] = requests.origin, requests.destination
    rows[:, run.SEATS], rows[:, run.WANTED_AT] = 1, requests.at_ms
    rows[:, run.PICKUP_BY] = requests.at_ms + options.max_wait_ms
    rows[:, run.DROPOFF_BY], rows[:, run.BOARDED_AT] = run.NEVER, run.NOT_ABOARD
    rows[:, run.RIDE_MAX] = direct * options.detour_percent_max // 100
    rows[:, run.DIRECT] = direct
    return rows


def settled_ms(record: PooledRecord) -> Whole:
    """From when each request's row was as it stayed: int64, (requests,); `NOBODY` where unserved.

    Whoever joins a run later may move the boarding and the arrival of those who are in it. So a row
    is settled with the last request that its car took before the rider left, whoever that was.
    """
    found = record.decided_ms.copy()
    for car in np.unique(record.vehicle[record.vehicle != NOBODY]).tolist():
        mine = np.flatnonzero(record.vehicle == car)
        taken = np.sort(record.decided_ms[mine])
        last = np.searchsorted(taken, record.dropoff_ms[mine], side="right") - 1
        found[mine] = taken[last]
    return found
