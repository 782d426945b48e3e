"""A scenario's vehicles: where each is, what it does, what it has driven.

Owns their arrays and every change of them. What a vehicle drives empty is kept as legs, so that the
kilometres of a day can be worked out again by anybody who has the streets.
"""

from dataclasses import dataclass, field

import numpy as np

from simulation.study.fleet_kernel import FETCHING, MOVING, RIDING, STANDING, drive_on
from simulation.study.scenario import Requests, Whole
from simulation.study.travel import TravelTable

NOBODY = -1


@dataclass(slots=True)
class Legs:
    """Empty drives that ended, each from a junction to another along the quickest way."""

    vehicle: list[int] = field(default_factory=list)
    begin_ms: list[int] = field(default_factory=list)
    begin: list[int] = field(default_factory=list)
    end_ms: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)


class Fleet:
    """Vehicles as arrays of shape (vehicles,).

    Attributes
    ----------
    doing
        One of `STANDING`, `MOVING`, `FETCHING`, `RIDING`.
    node, at_ms
        The junction at which each can turn next (for `RIDING` the drop-off), and when.
    goal
        Where an empty car under way is going.
    request
        Whom a car fetches or has aboard, or `NOBODY`.
    paid_ms, free_since_ms
        Time with a rider aboard so far, and since when each is without one.
    """

    def __init__(self, nodes: Whole, travel: TravelTable, requests: Requests) -> None:
        count = len(nodes)
        self._travel, self._requests = travel, requests
        self.direct_ms = travel.direct_ms(requests.origin, requests.destination)
        self.doing = np.full(count, STANDING, dtype=np.int64)
        self.node = nodes.copy()
        self.at_ms = np.zeros(count, dtype=np.int64)
        self.goal = nodes.copy()
        self.request = np.full(count, NOBODY, dtype=np.int64)
        self.paid_ms = np.zeros(count, dtype=np.int64)
        self.free_since_ms = np.zeros(count, dtype=np.int64)
        self._left_ms = np.zeros(count, dtype=np.int64)
        self._left = nodes.copy()
        self.legs = Legs()
        self.pickup_ms = np.full(len(requests), NOBODY, dtype=np.int64)
        self.vehicle = np.full(len(requests), NOBODY, dtype=np.int64)

    def advance(self, now_ms: int) -> None:
        """Let everybody drive until now."""
        riders = np.flatnonzero(self.doing == FETCHING)
        for car in riders[self.pickup_ms[self.request[riders]] <= now_ms].tolist():
            self._board(car)
        ended = (self.doing == RIDING) & (self.at_ms <= now_ms)
        self.doing[ended] = STANDING
        travel = self._travel
        drive_on(
            travel.times, travel.first, travel.to, travel.ms,
            self.doing, self.node, self.at_ms, self.goal, now_ms,
        )  # fmt: skip

    def send(self, car: int, request: int, *, pickup_ms: int, now_ms: int, firmly: bool) -> None:
        """Let a car fetch a rider; `firmly` if nothing can change it any more.

        A car with a rider aboard begins the drive when it is free.
        """
        if self.vehicle[request] != NOBODY and self.vehicle[request] != car:
            former = int(self.vehicle[request])
            if self.request[former] == request:
                self._stop(former, now_ms)
        self._turn(car, now_ms)
        self.vehicle[request], self.pickup_ms[request] = car, pickup_ms
        self.request[car], self.goal[car] = request, self._requests.origin[request]
        if firmly:
            self._board(car)
        else:
            self.doing[car] = FETCHING

    def move(self, car: int, node: int, now_ms: int) -> None:
        """Let a car without a rider drive to a junction and wait there."""
        self._turn(car, now_ms)
        self.doing[car], self.goal[car] = MOVING, node

    def close(self) -> None:
        """Let everybody drive to the end, and end every drive."""
        self.advance(1 << 60)
        for car in range(len(self.doing)):
            self._end_leg(car, int(self.node[car]), int(self.at_ms[car]))

    def _turn(self, car: int, now_ms: int) -> None:
        """End the empty drive that a car is on, where it can turn, and begin another."""
        self._end_leg(car, int(self.node[car]), int(self.at_ms[car]))
        if self.doing[car] == STANDING:
            self.at_ms[car] = max(int(self.at_ms[car]), now_ms)
        self._left_ms[car], self._left[car] = self.at_ms[car], self.node[car]

    def _stop(self, car: int, now_ms: int) -> None:
        """Take a car's rider away; it stands at the next junction."""
        self._turn(car, now_ms)
        self.doing[car], self.request[car] = STANDING, NOBODY
        self.goal[car] = self.node[car]

    def _board(self, car: int) -> None:
        request = int(self.request[car])
        origin, pickup_ms = int(self._requests.origin[request]), int(self.pickup_ms[request])
        self._end_leg(car, origin, pickup_ms)
        self.doing[car] = RIDING
        self.node[car] = self._requests.destination[request]
        self.at_ms[car] = pickup_ms + self.direct_ms[request]
        self._left[car], self._left_ms[car] = self.node[car], self.at_ms[car]
        self.paid_ms[car] += self.direct_ms[request]
        self.free_since_ms[car] = self.at_ms[car]

    def _end_leg(self, car: int, end: int, end_ms: int) -> None:
        if self._left[car] == end:
            return
        legs = self.legs
        legs.vehicle.append(car)
        legs.begin_ms.append(int(self._left_ms[car]))
        legs.begin.append(int(self._left[car]))
        legs.end_ms.append(end_ms)
        legs.end.append(end)
        self._left[car] = end
