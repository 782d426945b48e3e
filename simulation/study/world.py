"""A day of a scenario, round by round, through the matching core.

Owns the order of things within a round: who asked, who gave up, who has arrived, who is chosen, who
is advised to move. Decides nothing itself.

The scenario's rules: a rider is gone after `max_wait` seconds if nobody can be there by then;
boarding takes no time; every edge takes its free-flow seconds; drivers accept what they are
offered. A round sees nothing of the requests still to come.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Whole
from dispatch.matching.policy import Policy
from dispatch.matching.rates import rates_of
from dispatch.matching.reposition import advise, worth_ms
from foundation.clock import stopwatch_ms
from simulation.study import round_kernel
from simulation.study.fleet import Legs, Vehicles
from simulation.study.fleet_kernel import FETCHING, NOBODY, RIDING, drives_beside, follow
from simulation.study.scenario import Scenario
from simulation.study.travel import TravelTable
from simulation.study.zones import Expecting, StudyZones


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
    zones
        Of the streets, if they are divided already; None divides them.
    """

    max_wait_ms: int = 600_000
    follow: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    swap: bool = False
    until_ms: int | None = None
    expecting: Expecting | None = None
    zones: StudyZones | None = None


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
        float64, (rounds,): wall time of each round that decided anything, and of those before it
        in which nobody waited.
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
        self._fleet = Vehicles(scenario.vehicle_nodes, travel, scenario.requests)
        vehicles, requests = len(scenario.vehicle_nodes), len(scenario.requests)
        self._follow = options.follow if len(options.follow) else np.zeros(vehicles, dtype=np.bool_)
        self._zones = options.zones or StudyZones.of(scenario.streets, travel)
        self._expecting = options.expecting or self._zones
        self._places = round_kernel.Places(
            zone_of=self._zones.zone_of,
            worth_ms=np.zeros(len(self._zones.centres), dtype=np.int64),
        )
        self._waiting = round_kernel.Waiting(
            open=np.empty(requests, dtype=np.int64), counts=np.zeros(2, dtype=np.int64)
        )
        self._rates = rates_of(policy)
        self._rules = round_kernel.Rules(
            max_wait_ms=options.max_wait_ms,
            candidates=policy.candidates_per_trip,
            within_ms=policy.free_within_seconds * 1000,
            step_ms=policy.round_ms,
            swaps=options.swap,
        )
        self._round_ms: list[float] = []

    def run(self, progress: Progress = lambda now, end: None) -> Record:
        """Play the day."""
        step, at_ms = self._policy.round_ms, self._requests.at_ms
        last = int(at_ms[-1]) + self._options.max_wait_ms if len(at_ms) else 0
        end = last if self._options.until_ms is None else min(last, self._options.until_ms)
        every = self._policy.repositioning.every_seconds * 1000
        now, advised_ms = 0, 0
        while now < end:
            # The round at which advice is due next, or the day's last.
            pause = max(
                now + step, min(_round_from(advised_ms + every, step), _round_from(end, step))
            )
            while now < pause:
                now = self._play_on(now + step, pause)
            if now - advised_ms >= every:
                advised_ms = now
                self._advise(now)
            progress(min(now, end), end)
        return self._record(self._fleet.close())

    def _play_on(self, first: int, last: int) -> int:
        """Play rounds until one decides something, or to the last; when that was."""
        self._fleet.make_room()
        began = stopwatch_ms()
        now, has_decided = round_kernel.play_rounds(
            self._fleet.all, self._waiting, self._places, self._rates, self._rules, (first, last)
        )
        if has_decided:
            self._round_ms.append(stopwatch_ms() - began)
        return now

    def _advise(self, now: int) -> None:
        """Tell drivers who follow advice where they would be worth more."""
        if not self._rates.place and not self._follow.any():
            return
        cars, zones, rule = self._fleet.all.cars, self._zones, self._policy.repositioning
        free = (cars.doing != RIDING) & (cars.doing != FETCHING)
        soon = ~free & (cars.at_ms <= now + rule.horizon_seconds * 250)
        asked = int(self._waiting.counts[0])
        expected = self._expecting.expected(self._requests, asked=asked, now_ms=now, rule=rule)
        place_of = zones.zone_of[cars.node]
        if self._rates.place:
            there = np.bincount(place_of[free | soon], minlength=len(zones.centres))
            # What the last car of each zone is worth there; where there is none nobody asks.
            self._places.worth_ms[:] = worth_ms(expected, np.maximum(0, there - 1), rule)[:, 0]
        movers = np.flatnonzero(free & self._follow)
        if not len(movers):
            return
        staying = free & ~self._follow
        goal = advise(
            zones.neighbours,
            zone_of_car=place_of[movers],
            drive_ms=drives_beside(
                self._travel.times,
                cars.node[movers],
                place_of[movers],
                zones.centres,
                (zones.neighbours.tails, zones.neighbours.heads),
            ),
            expected=expected,
            there=np.bincount(place_of[staying | soon], minlength=len(zones.centres)),
            rule=rule,
        )
        self._fleet.make_room()
        follow(self._fleet.all, movers, goal, zones.centres, zones.zone_of, now)

    def _record(self, legs: Legs) -> Record:
        riders = self._fleet.all.riders
        served = riders.pickup_ms != NOBODY
        return Record(
            vehicle=riders.vehicle,
            decided_ms=riders.decided_ms,
            pickup_ms=riders.pickup_ms,
            dropoff_ms=np.where(served, riders.pickup_ms + riders.direct_ms, NOBODY),
            promised_ms=riders.promised_ms,
            legs=legs,
            round_ms=np.array(self._round_ms, dtype=np.float64),
        )


def _round_from(at_ms: int, step: int) -> int:
    """The first round at or after an instant, both in milliseconds."""
    return -(-at_ms // step) * step
