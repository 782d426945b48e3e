"""A day of a scenario, round by round, through the matching core.

Owns the order of things within a round: who asked, who gave up, who has arrived, who is chosen, who
is advised to move. Decides nothing itself.

The scenario's rules: a rider is gone after `max_wait` seconds if nobody can be there by then;
boarding takes no time; every edge takes its free-flow seconds; drivers accept what they are
offered. A round sees nothing of the requests still to come.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment import OPEN, Problem, least_cost_by_paths
from dispatch.matching.columns import NO_LIMIT, Columns, DriverColumns, TripColumns, Whole
from dispatch.matching.fairness import earnings_terms, idle_terms, place_terms
from dispatch.matching.policy import Policy
from dispatch.matching.reposition import STAY, advise, worth_ms
from dispatch.matching.solo import settle
from dispatch.matching.weighing import weigh_pairs
from foundation.clock import stopwatch_ms
from simulation.study.fleet import NOBODY, Fleet, Legs
from simulation.study.fleet_kernel import FETCHING, MOVING, RIDING, nearest_pairs
from simulation.study.scenario import Scenario
from simulation.study.travel import TravelTable
from simulation.study.zones import Expecting, StudyZones

SWAP_LATER_MS = 60_000
"""An exchange lets nobody board later than this after what they were first promised."""

NEVER_DROPPED_MS = 1 << 40
"""The price of leaving a rider without the car that was promised: more than all others together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a day is played.

    Attributes
    ----------
    max_wait_ms
        After so long a rider who has nobody coming in time is gone.
    follow
        (vehicles,): which drivers follow advice; empty: nobody.
    swap
        Whether drivers under way may exchange their riders.
    until_ms
        Rounds end here; None plays the day to its end.
    expecting
        Says how many requests to expect; None: the zones themselves, by the last hour.
    """

    max_wait_ms: int = 600_000
    follow: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    swap: bool = False
    until_ms: int | None = None
    expecting: Expecting | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Record:
    """What happened: everything that figures are worked out from.

    Attributes
    ----------
    vehicle, decided_ms, pickup_ms, dropoff_ms
        int64, (requests,): who served each request, when that was last decided, when the rider
        boarded and left; `NOBODY` where unserved.
    promised_ms
        int64, (requests,): when each rider was first told they would board.
    legs
        Drives without a rider.
    round_ms
        float64, (rounds,): wall time of the decision of each round that had any.
    """

    vehicle: Whole
    decided_ms: Whole
    pickup_ms: Whole
    dropoff_ms: Whole
    promised_ms: Whole
    legs: Legs
    round_ms: NDArray[np.float64]


Progress = Callable[[int, int], None]
"""Hears to which instant of how many a day has come, in milliseconds."""


class World:
    """One day of one scenario under one policy."""

    def __init__(
        self, scenario: Scenario, travel: TravelTable, policy: Policy, options: Options
    ) -> None:
        self._requests, self._travel = scenario.requests, travel
        self._policy, self._options = policy, options
        self._fleet = Fleet(scenario.vehicle_nodes, travel, scenario.requests)
        vehicles = len(scenario.vehicle_nodes)
        self._follow = options.follow if len(options.follow) else np.zeros(vehicles, dtype=np.bool_)
        self._zones = StudyZones.of(scenario.streets, travel)
        self._expecting = options.expecting or self._zones
        self._zone_worth_ms = np.zeros(len(self._zones.centres), dtype=np.int64)
        count = len(scenario.requests)
        self._promised_ms = np.full(count, NOBODY, dtype=np.int64)
        self._decided_ms = np.full(count, NOBODY, dtype=np.int64)
        self._open = np.zeros(0, dtype=np.int64)
        self._asked = 0
        self._kinds = _Kinds.of(vehicles, count)
        self._round_ms: list[float] = []

    def run(self, progress: Progress = lambda now, end: None) -> Record:
        """Play the day."""
        step, at_ms = self._policy.round_ms, self._requests.at_ms
        last = int(at_ms[-1]) + self._options.max_wait_ms if len(at_ms) else 0
        end = last if self._options.until_ms is None else min(last, self._options.until_ms)
        advised_ms = 0
        for now in range(step, end + step, step):
            self._hear(now)
            self._fleet.advance(now)
            if len(self._open) or self._options.swap:
                began = stopwatch_ms()
                if self._decide(now):
                    self._round_ms.append(stopwatch_ms() - began)
            if now - advised_ms >= self._policy.repositioning.every_seconds * 1000:
                advised_ms = now
                self._advise(now)
            if now % 600_000 < step:
                progress(min(now, end), end)
        self._fleet.close()
        return self._record()

    def _hear(self, now: int) -> None:
        """Add who has asked by now, and let go who cannot be served in time any more."""
        at_ms = self._requests.at_ms
        asked = int(np.searchsorted(at_ms, now, side="right"))
        if asked > self._asked:
            self._open = np.concatenate([self._open, np.arange(self._asked, asked)])
            self._asked = asked
        if len(self._open):
            waits_on = at_ms[self._open] + self._options.max_wait_ms >= now
            self._open = self._open[waits_on]

    def _decide(self, now: int) -> bool:
        """One round; whether there was anything to decide."""
        fleet, policy = self._fleet, self._policy
        fetching = np.flatnonzero(fleet.doing == FETCHING)
        trips = np.concatenate([self._open, fleet.request[fetching]])
        busy = fleet.doing == RIDING
        cars = np.flatnonzero(~busy | (fleet.at_ms <= now + policy.ahead_seconds * 1000))
        if not len(self._open) or not len(cars):
            return False
        columns = self._columns(trips, now)
        from_ms = np.maximum(fleet.at_ms, now)
        drivers = columns.drivers
        handicaps = earnings_terms(drivers, policy) + idle_terms(drivers, policy, at_ms=now)
        handicaps += place_terms(drivers, policy)
        pairs, drive_ms = nearest_pairs(
            self._travel.times, self._requests.origin[trips], self._latest_ms(trips),
            np.where(fleet.pickup_ms[trips] == NOBODY, NOBODY, fleet.vehicle[trips]),
            cars, fleet.node[cars], from_ms[cars], busy[cars], handicaps[cars], now,
            policy.candidates_per_trip,
        )  # fmt: skip
        drive_ms -= columns.drivers.free_in_ms[pairs[:, 1]].astype(np.int32)
        weighed = weigh_pairs(columns, policy, at_ms=now, pairs=pairs, drive_ms=drive_ms)
        if len(fetching):
            weighed = replace(weighed, problem=_undropped(weighed.problem, len(self._open)))
        chosen, _ = settle(weighed, least_cost_by_paths(weighed.problem), policy)
        self._carry_out(trips, chosen, weighed.problem, now)
        return True

    def _latest_ms(self, trips: Whole) -> Whole:
        """When each rider must be aboard."""
        limit = self._requests.at_ms[trips] + self._options.max_wait_ms
        promised = self._promised_ms[trips]
        return np.where(promised == NOBODY, limit, np.minimum(limit, promised + SWAP_LATER_MS))

    def _carry_out(self, trips: Whole, chosen: Whole, problem: Problem, now: int) -> None:
        fleet = self._fleet
        taken = np.flatnonzero(chosen != OPEN)
        requests = trips[taken].tolist()
        cars = problem.pairs[chosen[taken], 1].tolist()
        pickups = (problem.pickup_ms[chosen[taken]] + now).tolist()
        for request, car, pickup_ms in zip(requests, cars, pickups, strict=True):
            if self._promised_ms[request] == NOBODY:
                self._promised_ms[request] = pickup_ms
            elif fleet.vehicle[request] == car:
                continue
            self._decided_ms[request] = now
            firmly = not self._options.swap or fleet.doing[car] == RIDING
            fleet.send(car, request, pickup_ms=pickup_ms, now_ms=now, firmly=firmly)
        self._open = self._open[self._promised_ms[self._open] == NOBODY]

    def _columns(self, trips: Whole, now: int) -> Columns:
        """What a round knows, as arrays; everybody is licensed for everything in a study."""
        fleet, kinds = self._fleet, self._kinds
        drivers = kinds.drivers
        riding = fleet.doing == RIDING
        # The columns of the last round are written over: nobody keeps them.
        drivers.free_in_ms[:] = np.where(riding, np.maximum(0, fleet.at_ms - now), 0)
        drivers.earned_minor[:] = fleet.paid_ms // 1000
        drivers.shift_seconds[:] = max(1, now // 1000)
        np.minimum(fleet.free_since_ms, now, out=drivers.idle_since_ms)
        drivers.place_worth_ms[:] = self._zone_worth_ms[self._zones.zone_of[fleet.node]]
        return Columns(
            trips=kinds.trips_of(self._requests.at_ms[trips], fleet.direct_ms[trips] // 1000),
            drivers=drivers,
            licensed=kinds.licensed,
            excluded=kinds.excluded,
        )

    def _advise(self, now: int) -> None:
        """Tell drivers who follow advice where they would be worth more."""
        fleet, zones, rule = self._fleet, self._zones, self._policy.repositioning
        free = (fleet.doing != RIDING) & (fleet.doing != FETCHING)
        soon = ~free & (fleet.at_ms <= now + rule.horizon_seconds * 250)
        expected = self._expecting.expected(
            self._requests, asked=self._asked, now_ms=now, rule=rule
        )
        place_of = zones.zone_of[fleet.node]
        there = np.bincount(place_of[free | soon], minlength=len(zones.centres))
        # What the last car of each zone is worth there; where there is none nobody asks.
        self._zone_worth_ms = worth_ms(expected, np.maximum(0, there - 1), rule)[:, 0]
        movers = np.flatnonzero(free & self._follow)
        if not len(movers):
            return
        staying = free & ~self._follow
        goal = advise(
            zones.neighbours,
            zone_of_car=place_of[movers],
            drive_ms=self._travel.times[np.ix_(fleet.node[movers], zones.centres)].astype(np.int64),
            expected=expected,
            there=np.bincount(place_of[staying | soon], minlength=len(zones.centres)),
            rule=rule,
        )
        for car, zone in zip(movers.tolist(), goal.tolist(), strict=True):
            under_way = fleet.doing[car] == MOVING
            if zone == STAY:
                here = place_of[car]
                if under_way and zones.zone_of[fleet.goal[car]] != here:
                    fleet.move(car, int(fleet.node[car]), now)
            elif not under_way or fleet.goal[car] != zones.centres[zone]:
                fleet.move(car, int(zones.centres[zone]), now)

    def _record(self) -> Record:
        fleet = self._fleet
        served = fleet.pickup_ms != NOBODY
        return Record(
            vehicle=fleet.vehicle,
            decided_ms=self._decided_ms,
            pickup_ms=fleet.pickup_ms,
            dropoff_ms=np.where(served, fleet.pickup_ms + fleet.direct_ms, NOBODY),
            promised_ms=self._promised_ms,
            legs=fleet.legs,
            round_ms=np.array(self._round_ms, dtype=np.float64),
        )


def _undropped(problem: Problem, waiting: int) -> Problem:
    """The same problem, in which no rider with a car under way is left without one.

    The first `waiting` trips have none. Everybody else has the pair with their own car, so that
    all of them can be kept.
    """
    price_ms = problem.price_ms.copy()
    price_ms[waiting:] = NEVER_DROPPED_MS
    return replace(problem, price_ms=price_ms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Kinds:
    """The columns that are alike for all: a study knows neither needs nor licences nor shifts."""

    trips: TripColumns
    drivers: DriverColumns
    licensed: NDArray[np.bool_]
    excluded: Whole

    @classmethod
    def of(cls, vehicles: int, requests: int) -> "_Kinds":
        """Columns for so many."""
        none, nowhere = np.zeros(requests, np.int64), np.zeros((requests, 2), np.int64)
        nothing, nowhere_near = np.zeros(vehicles, np.int64), np.zeros((vehicles, 2), np.int64)
        endless = np.full(vehicles, NO_LIMIT)
        return cls(
            trips=TripColumns(
                pickup=nowhere, dropoff=nowhere, pickup_zone=none, seats=none + 1,
                vehicle_class=none, needs=none, asked_at_ms=none, wanted_in_ms=none,
                is_booked=np.zeros(requests, np.bool_), trip_seconds=none, trip_metres=none,
            ),
            drivers=DriverColumns(
                place=nowhere_near, home=nowhere_near, heads_home=np.zeros(vehicles, np.bool_),
                free_in_ms=nothing.copy(), free_since_ms=nothing, seats=nothing + 4,
                vehicle_class=nothing, equipment=nothing, licence=nothing,
                shift_left_ms=endless, driving_left_ms=endless, earned_minor=nothing.copy(),
                shift_seconds=nothing.copy(), place_worth_ms=nothing.copy(), idle_since_ms=nothing.copy(), range_metres=endless,
            ),
            licensed=np.ones((1, 1), dtype=np.bool_),
            excluded=np.zeros(0, dtype=np.int64),
        )  # fmt: skip

    def trips_of(self, asked_at_ms: Whole, trip_seconds: Whole) -> TripColumns:
        """The columns of trips of which only this much differs."""
        trips, count = self.trips, len(asked_at_ms)
        return TripColumns(
            pickup=trips.pickup[:count], dropoff=trips.dropoff[:count],
            pickup_zone=trips.pickup_zone[:count], seats=trips.seats[:count],
            vehicle_class=trips.vehicle_class[:count], needs=trips.needs[:count],
            asked_at_ms=asked_at_ms, wanted_in_ms=trips.wanted_in_ms[:count],
            is_booked=trips.is_booked[:count], trip_seconds=trip_seconds,
            trip_metres=trips.trip_metres[:count],
        )  # fmt: skip
