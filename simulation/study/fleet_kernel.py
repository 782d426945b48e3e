"""The inner loops over a fleet: cars that are sent, board, drive on and stop. Compiled by Numba.

A car without a rider drives along a leg, which ends where it boards somebody, turns or stands.
"""

from typing import NamedTuple

import numpy as np

from foundation.compiled import compiled
from simulation.study.travel_kernel import Times, Whole, next_edge

STANDING, MOVING, FETCHING, RIDING = 0, 1, 2, 3
"""What a vehicle does: nothing; drives empty on advice; drives to a rider; has a rider aboard."""

NOBODY = -1

LEG_COLUMNS = 5
"""Vehicle, begin (ms), begin (junction), end (ms), end (junction)."""


class Roads(NamedTuple):
    """Travel times and streets, as `TravelTable` has them."""

    times: Times
    first: Whole
    to: Whole
    ms: Whole


class Cars(NamedTuple):
    """Vehicles as int64 arrays of shape (vehicles,).

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
    left, left_ms
        Where and when the empty drive under way began.
    """

    doing: Whole
    node: Whole
    at_ms: Whole
    goal: Whole
    request: Whole
    paid_ms: Whole
    free_since_ms: Whole
    left: Whole
    left_ms: Whole


class Riders(NamedTuple):
    """Requests as int64 arrays of shape (requests,), by the time at which they were made.

    Attributes
    ----------
    at_ms, origin, destination, direct_ms
        When each was made, from where to where, and how long the ride takes.
    vehicle, decided_ms, pickup_ms, promised_ms
        Who comes, when that was last decided, when they are there, and when they were first
        promised to be; `NOBODY` where nobody comes.
    """

    at_ms: Whole
    origin: Whole
    destination: Whole
    direct_ms: Whole
    vehicle: Whole
    decided_ms: Whole
    pickup_ms: Whole
    promised_ms: Whole


class Fleet(NamedTuple):
    """All that moves.

    Attributes
    ----------
    legs, legs_count
        int64, (room, `LEG_COLUMNS`) and (1,): empty drives that ended, and how many. Whoever calls
        a loop of this module sees to it that there is room for five legs a car.
    """

    roads: Roads
    cars: Cars
    riders: Riders
    legs: Whole
    legs_count: Whole


@compiled
def _end_leg(fleet: Fleet, car: int, end: int, end_ms: int) -> None:
    cars = fleet.cars
    if cars.left[car] == end:
        return
    leg = fleet.legs[fleet.legs_count[0]]
    leg[0], leg[1], leg[2] = car, cars.left_ms[car], cars.left[car]
    leg[3], leg[4] = end_ms, end
    fleet.legs_count[0] += 1
    cars.left[car] = end


@compiled
def _turn(fleet: Fleet, car: int, now_ms: int) -> None:
    """End the empty drive that a car is on, where it can turn, and begin another."""
    cars = fleet.cars
    _end_leg(fleet, car, cars.node[car], cars.at_ms[car])
    if cars.doing[car] == STANDING:
        cars.at_ms[car] = max(cars.at_ms[car], now_ms)
    cars.left_ms[car], cars.left[car] = cars.at_ms[car], cars.node[car]


@compiled
def _stop(fleet: Fleet, car: int, now_ms: int) -> None:
    """Take a car's rider away; it stands at the next junction."""
    _turn(fleet, car, now_ms)
    cars = fleet.cars
    cars.doing[car], cars.request[car], cars.goal[car] = STANDING, NOBODY, cars.node[car]


@compiled
def _board(fleet: Fleet, car: int) -> None:
    cars, riders = fleet.cars, fleet.riders
    request = cars.request[car]
    pickup_ms = riders.pickup_ms[request]
    _end_leg(fleet, car, riders.origin[request], pickup_ms)
    cars.doing[car] = RIDING
    cars.node[car] = riders.destination[request]
    cars.at_ms[car] = pickup_ms + riders.direct_ms[request]
    cars.left[car], cars.left_ms[car] = cars.node[car], cars.at_ms[car]
    cars.paid_ms[car] += riders.direct_ms[request]
    cars.free_since_ms[car] = cars.at_ms[car]


@compiled
def send(  # noqa: PLR0917 - compiled loops take no keywords
    fleet: Fleet, car: int, request: int, pickup_ms: int, now_ms: int, firmly: bool
) -> None:
    """Let a car fetch a rider; `firmly` if nothing can change it any more.

    A car with a rider aboard begins the drive when it is free.
    """
    cars, riders = fleet.cars, fleet.riders
    former = riders.vehicle[request]
    if former not in (NOBODY, car) and cars.request[former] == request:
        _stop(fleet, former, now_ms)
    _turn(fleet, car, now_ms)
    riders.vehicle[request], riders.pickup_ms[request] = car, pickup_ms
    cars.request[car], cars.goal[car] = request, riders.origin[request]
    if firmly:
        _board(fleet, car)
    else:
        cars.doing[car] = FETCHING


@compiled
def drives_beside(
    times: Times, nodes: Whole, zone_of_car: Whole, centres: Whole, neighbours: tuple[Whole, Whole]
) -> Whole:
    """How long cars drive to the hearts of the zones next to theirs: (cars, zones), else 0.

    `neighbours` are the tails and heads of a `ZoneMap`.
    """
    tails, heads = neighbours
    drives = np.zeros((len(nodes), len(centres)), np.int64)
    first = np.searchsorted(tails, np.arange(len(centres) + 1))
    for car in range(len(nodes)):
        zone = zone_of_car[car]
        for arc in range(first[zone], first[zone + 1]):
            drives[car, heads[arc]] = times[nodes[car], centres[heads[arc]]]
    return drives


@compiled
def follow(  # noqa: PLR0917
    fleet: Fleet, movers: Whole, goals: Whole, centres: Whole, zone_of: Whole, now_ms: int
) -> None:
    """Let cars without a rider drive to the heart of the zone that each is advised, and wait there.

    Who is advised nothing (-1) and under way to another zone stops at the next junction.
    """
    cars = fleet.cars
    for place in range(len(movers)):
        car, zone = movers[place], goals[place]
        under_way = cars.doing[car] == MOVING
        target = centres[zone]
        if zone < 0:
            if not under_way or zone_of[cars.goal[car]] == zone_of[cars.node[car]]:
                continue
            target = cars.node[car]
        elif under_way and cars.goal[car] == target:
            continue
        _turn(fleet, car, now_ms)
        cars.doing[car], cars.goal[car] = MOVING, target


@compiled
def advance(fleet: Fleet, now_ms: int) -> None:
    """Let everybody drive until now: to the next junction at or after it.

    One that has arrived stands; one that fetches a rider stays at the pick-up until it is time.
    """
    # Each array by a name of its own: taken out of a tuple within the loop it would be counted.
    cars, pickup_ms = fleet.cars, fleet.riders.pickup_ms
    doing, node, at_ms, goal, request = cars.doing, cars.node, cars.at_ms, cars.goal, cars.request
    times, first, to, ms = fleet.roads
    for car in range(len(doing)):
        if doing[car] == FETCHING and pickup_ms[request[car]] <= now_ms:
            _board(fleet, car)
        if doing[car] == RIDING and at_ms[car] <= now_ms:
            doing[car] = STANDING
        if doing[car] != MOVING and doing[car] != FETCHING:
            continue
        while at_ms[car] < now_ms and node[car] != goal[car]:
            edge = next_edge(times, first, to, ms, node[car], goal[car])
            at_ms[car] += ms[edge]
            node[car] = to[edge]
        arrived = node[car] == goal[car] and at_ms[car] <= now_ms
        if doing[car] == MOVING and arrived:
            doing[car] = STANDING


@compiled
def close(fleet: Fleet) -> None:
    """Let everybody drive to the end, and end every drive."""
    advance(fleet, 1 << 60)
    for car in range(len(fleet.cars.doing)):
        _end_leg(fleet, car, fleet.cars.node[car], fleet.cars.at_ms[car])
