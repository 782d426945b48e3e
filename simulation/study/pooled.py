"""A day of a scenario in which riders share cars, round by round.

Owns the order of things within a round: who asked, who gave up, who has arrived, who of those who
wait for a car is thought about again, which car takes whom, who is advised to move. The places in
the runs, and the groups, are found by `dispatch.matching.shared`.

The rules are the solo world's (`world`), and these: nobody rides longer than the detour cap times
the direct ride; who has a car keeps one, though another one may come until they have boarded; riders
never outnumber seats.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.policy import Repositioning
from dispatch.matching.reposition import STAY, advise
from dispatch.matching.shared import run_kernel as run
from dispatch.matching.shared.round import Limits
from foundation.clock import stopwatch_ms
from simulation.study.scenario import Scenario, Whole
from simulation.study.shared_fleet import SharedFleet, Weighing
from simulation.study.shared_legs import SharedLegs
from simulation.study.travel import TravelTable
from simulation.study.world import Progress
from simulation.study.zones import StudyZones

FINE = 16
"""Units of cost in a unit of weight, so that the weight of driving can lie between two."""

PARTS_STRIDE = 7919
"""A prime: rounds that follow each other think again about different parts of the city."""

LIMITS = Limits(
    group_max=3, groups_per_run=60, runs_per_trip=5, steps_per_order=100, deterministic_limit=0.1
)
"""How far a round looks for groups: as far as an hour of a day can be played in some seconds."""


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
    drive, drive_busy, delay, wait
        Weights of driving added while all cars are free and while none is (in between by share), of
        delay to riders, and of their waiting beside it.
    fairness_ms
        Delay for which a car that has earned twice the average is passed over.
    settle_ms
        Average paid time before which earnings weigh less.
    relocate_ms
        Every so often each rider who waits for a car is thought about again, one by one; 0: never.
    regroup_ms, regroup_from, regroup_riders
        Every so often, when at least so many wait for their cars, so many of those are thought
        about together; 0 ms: never.
    limits
        Of the groups then weighed.
    follow
        bool, (vehicles,): which drivers follow advice; empty: nobody.
    until_ms
        Rounds end here; None plays the day to its end.
    """

    seats: int = 4
    max_wait_ms: int = 600_000
    detour_percent_max: int = 150
    round_ms: int = 3000
    drive: int = 2
    drive_busy: int = 7
    delay: int = 1
    wait: int = 3
    fairness_ms: int = 200_000
    settle_ms: int = 1_800_000
    relocate_ms: int = 30_000
    regroup_ms: int = 15_000
    regroup_from: int = 30
    regroup_riders: int = 8
    limits: Limits = LIMITS
    follow: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PooledRecord:
    """What happened.

    Attributes
    ----------
    vehicle, decided_ms, pickup_ms, dropoff_ms
        int64, (requests,): who served each request, when that was last decided, when the rider
        boarded and left; `NOBODY` where unserved.
    settled_ms
        int64, (requests,): from when each row was as it stayed: the last change, until the rider
        left, of the run that held them. Whoever joins a run, or leaves it for another, may move the
        boarding and the arrival of those who are in it.
    paid_ms
        int64, (vehicles,): time with riders aboard.
    legs
        All that was driven.
    round_ms
        float64, (rounds,): wall time of the decision of each round that had any.
    """

    vehicle: Whole
    decided_ms: Whole
    settled_ms: Whole
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
        vehicles, trips = len(scenario.vehicle_nodes), _trip_rows(scenario, travel, options)
        self._fleet = SharedFleet(scenario.vehicle_nodes, trips, travel, seats=options.seats)
        self._follow = options.follow if len(options.follow) else np.zeros(vehicles, dtype=np.bool_)
        self._zones = StudyZones.of(scenario.streets, travel) if self._follow.any() else None
        if self._zones is not None:
            self._to_centres = travel.times[:, self._zones.centres]
        self._open: list[int] = []
        self._round_ms: list[float] = []
        self._asked = 0
        self._parts = 0

    def run(self, progress: Progress = lambda now, end: None) -> PooledRecord:
        """Play the day."""
        step, at_ms = self._options.round_ms, self._requests.at_ms
        last = int(at_ms[-1]) + self._options.max_wait_ms if len(at_ms) else 0
        end = last if self._options.until_ms is None else min(last, self._options.until_ms)
        fleet = self._fleet
        for now in range(step, end + step, step):
            fleet.advance(now)
            self._hear(now)
            began = stopwatch_ms()
            if self._decide(now):
                self._round_ms.append(stopwatch_ms() - began)
            if _is_due(now, self._rule.every_seconds * 1000, step):
                self._advise(now)
            if _is_due(now, 600_000, step):
                progress(min(now, end), end)
        # Nobody rides longer than a day; then all are where they wanted to be.
        fleet.advance(end + 86_400_000)
        return PooledRecord(
            vehicle=fleet.vehicle,
            decided_ms=fleet.decided_ms,
            settled_ms=fleet.settled_ms,
            pickup_ms=fleet.pickup_ms,
            dropoff_ms=fleet.dropoff_ms,
            paid_ms=fleet.paid_ms,
            legs=fleet.legs.legs(),
            round_ms=np.array(self._round_ms, dtype=np.float64),
        )

    def _hear(self, now: int) -> None:
        """Add who has asked by now, and let go who cannot be served in time any more."""
        asked = int(np.searchsorted(self._requests.at_ms, now, side="right"))
        self._open += range(self._asked, asked)
        self._asked = asked
        if self._open:
            in_time = self._fleet.trips[self._open, run.PICKUP_BY] >= now
            self._open = [one for one, waits in zip(self._open, in_time, strict=True) if waits]

    def _decide(self, now: int) -> bool:
        """One round; whether there was anything to decide.

        Who waits for a car is thought about again first, so that a rider who found no place may
        find one.
        """
        options, fleet, step = self._options, self._fleet, self._options.round_ms
        relocates = _is_due(now, options.relocate_ms, step)
        regroups = _is_due(now, options.regroup_ms, step)
        if not (self._open or relocates or regroups):
            return False
        weighing, awaited = self._weighing(), fleet.awaited()
        if relocates:
            fleet.relocate(awaited, weighing, now)
        if regroups and len(awaited) >= options.regroup_from:
            fleet.regroup(self._part(awaited), weighing, now, limits=options.limits)
        self._open = [one for one in self._open if not fleet.insert(one, weighing, now)]
        return True

    def _part(self, awaited: Whole) -> Whole:
        """Of those who wait for a car the ones whose ways are most like one rider's, in turn."""
        trips, times = self._fleet.trips, self._travel.times
        self._parts += 1
        hub = awaited[self._parts * PARTS_STRIDE % len(awaited)]
        apart = times[trips[hub, run.PICKUP], trips[awaited, run.PICKUP]].astype(np.int64)
        apart += times[trips[hub, run.DROPOFF], trips[awaited, run.DROPOFF]]
        nearest = np.argsort(apart, kind="stable")[: self._options.regroup_riders]
        return np.sort(awaited[nearest])

    def _weighing(self) -> Weighing:
        """What driving and waiting count for now, and how much dearer each car is for its earnings.

        Driving counts for more the more cars have something to do: then every minute is missed.
        """
        options, paid = self._options, self._fleet.paid_ms
        busy = int(np.count_nonzero(self._fleet.counts))
        drive = options.drive * FINE + (options.drive_busy - options.drive) * FINE * busy // len(
            paid
        )
        mean = int(paid.mean())
        ahead = (paid - mean) * options.fairness_ms // max(mean, options.settle_ms)
        return Weighing(
            rates=np.array([drive, options.delay * FINE, 0, options.wait * FINE], np.int64),
            handicaps=np.asarray(ahead * (options.delay + options.wait) * FINE, dtype=np.int64),
        )

    def _advise(self, now: int) -> None:
        """Tell drivers who follow advice where they would be worth more."""
        fleet = self._fleet
        idle = fleet.counts == 0
        movers = np.flatnonzero(idle & self._follow)
        if self._zones is None or not len(movers):
            return
        zones, place = self._zones, fleet.drivers[:, run.PLACE]
        soon = fleet.soon_free(now + self._rule.horizon_seconds * 250)
        there = np.concatenate([place[idle & ~self._follow], soon])
        goal = advise(
            zones.neighbours,
            zone_of_car=zones.zone_of[place[movers]],
            drive_ms=self._to_centres[place[movers]].astype(np.int64),
            expected=zones.expected(self._requests, asked=self._asked, now_ms=now, rule=self._rule),
            there=np.bincount(zones.zone_of[there], minlength=len(zones.centres)),
            rule=self._rule,
        )
        for car, zone in zip(movers.tolist(), goal.tolist(), strict=True):
            if zone != STAY:
                fleet.goal[car] = zones.centres[zone]
            elif zones.zone_of[fleet.goal[car]] != zones.zone_of[place[car]]:
                fleet.goal[car] = place[car]


def _is_due(now_ms: int, every_ms: int, step_ms: int) -> bool:
    """Whether a round is the first of one of the spans that a day is divided into; never for 0."""
    return every_ms > 0 and now_ms // every_ms > (now_ms - step_ms) // every_ms


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
