"""Small towns for the tests of shared trips, and a verifier written from the rules alone.

The verifier shares no code with the product: it walks a list of stops and says what is broken.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dispatch.matching.shared.insertion import Weights
from dispatch.matching.shared.round import Limits, OpenSharedTrip, SharedPlan, SharedRound
from dispatch.matching.shared.run import NEVER, Caps, Roads, Run, SharedTrip, Stop, StopKind
from foundation.chance import SeededChance
from foundation.identifiers import TripId
from tests.matching_world import driver_id, trip_id

MINUTE = 60_000
CAPS = Caps(wait_ms_max=10 * MINUTE, detour_percent_max=150)


def line_of(places: int, *, dwell_ms: int = 0) -> Roads:
    """A street of places one minute apart."""
    at = np.arange(places)
    return Roads((np.abs(at[:, None] - at[None, :]) * MINUTE).astype(np.int32), dwell_ms)


def any_roads(places: int, chance: SeededChance, *, dwell_ms: int = 0) -> Roads:
    """One-way times of up to five minutes that obey no law, not even the triangle's."""
    times = [[0 if a == b else 1 + chance.below(5 * MINUTE) for b in range(places)]
             for a in range(places)]  # fmt: skip
    return Roads(np.array(times, np.int32), dwell_ms)


def ride(number: int, pickup: int, dropoff: int, *, roads: Roads, caps: Caps = CAPS,
         seats: int = 1, wanted_at_ms: int = 0) -> SharedTrip:  # fmt: skip
    """Trip `number` between two places, asked for at midnight."""
    return caps.trip(
        trip_id(number), (pickup, dropoff), seats=seats, wanted_at_ms=wanted_at_ms,
        direct_ms=int(roads.travel_ms[pickup, dropoff]),
    )  # fmt: skip


def empty_run(number: int, place: int, *, seats: int = 4, free_at_ms: int = 0,
              finish_by_ms: int = NEVER) -> Run:  # fmt: skip
    """Driver `number` with nothing to do."""
    return Run(driver_id=driver_id(number), place=place, free_at_ms=free_at_ms, seats=seats,
               finish_by_ms=finish_by_ms)  # fmt: skip


def walk(
    run: Run, roads: Roads, stops: Sequence[Stop] | None = None
) -> tuple[list[int], int, list[str]]:
    """When each stop begins, the time driven, and every rule broken, by the letter of the rules."""
    trips = {one.trip_id: one for one in run.trips}
    inside = {one.trip_id: one.boarded_at_ms for one in run.trips if one.boarded_at_ms is not None}
    now, place, driven = run.free_at_ms, run.place, 0
    begins: list[int] = []
    wrong: list[str] = []
    if sum(trips[one].seats for one in inside) > run.seats:
        wrong.append("seats")
    for stop in run.stops if stops is None else stops:
        trip = trips[stop.trip_id]
        if stop.kind is StopKind.PICKUP:
            leg = int(roads.travel_ms[place, trip.pickup])
            begin, place = max(now + leg, trip.wanted_at_ms), trip.pickup
            if begin > trip.pickup_by_ms:
                wrong.append("picked_up_late")
            inside[stop.trip_id] = begin + roads.dwell_ms
            if sum(trips[one].seats for one in inside) > run.seats:
                wrong.append("seats")
        else:
            leg = int(roads.travel_ms[place, trip.dropoff])
            begin, place = now + leg, trip.dropoff
            boarded = inside.pop(stop.trip_id, None)
            if boarded is None:
                wrong.append("dropped before picked up")
            elif begin - boarded > trip.ride_ms_max:
                wrong.append("ridden_too_long")
            if begin > trip.dropoff_by_ms:
                wrong.append("dropped_late")
        driven += leg
        begins.append(begin)
        now = begin + roads.dwell_ms
    if inside:
        wrong.append("never dropped")
    if begins and now > run.finish_by_ms:
        wrong.append("finished_late")
    return begins, driven, wrong


def street_net(places: int, chance: SeededChance, *, dwell_ms: int = 0) -> Roads:
    """Travel times of a random town: shortest ways, so that no detour is ever quicker."""
    times = any_roads(places, chance).travel_ms.astype(np.int64)
    for via in range(places):
        times = np.minimum(times, times[:, via, None] + times[None, via, :])
    return Roads(times.astype(np.int32), dwell_ms)


def any_round(seed: int, *, runs: int, trips: int, limits: Limits | None = None,
              aboard: bool = True) -> SharedRound:  # fmt: skip
    """A random town; some cars are under way with riders aboard and riders to fetch."""
    chance = SeededChance(f"shared round {seed}")
    roads = street_net(12, chance, dwell_ms=chance.choice([0, 20_000]))
    weights = Weights(drive=1 + chance.below(3), delay=chance.below(4), wait=chance.below(3))
    caps = Caps(wait_ms_max=8 * MINUTE, detour_percent_max=chance.choice([130, 180, 250]))

    def some_trip(number: int) -> SharedTrip:
        a = chance.below(12)
        return ride(number, a, (a + 1 + chance.below(11)) % 12, roads=roads, caps=caps,
                    seats=1 + chance.below(2), wanted_at_ms=-chance.below(4) * MINUTE)  # fmt: skip

    fleet = []
    for number in range(runs):
        run = empty_run(number, chance.below(12), seats=2 + chance.below(4),
                        free_at_ms=chance.below(60) * 1000)  # fmt: skip
        for rider in range(chance.below(3) if aboard else 0):
            run = _under_way(run, some_trip(100 + 10 * number + rider), roads, chance)
        fleet.append(run)
    waiting = [OpenSharedTrip(trip=some_trip(number), price=chance.below(120) * MINUTE,
                              excluded=frozenset({driver_id(chance.below(8))}))
               for number in range(trips)]  # fmt: skip
    return SharedRound.of(fleet, waiting, roads=roads, weights=weights, limits=limits or Limits(),
                          seed=seed)  # fmt: skip


def _under_way(run: Run, trip: SharedTrip, roads: Roads, chance: SeededChance) -> Run:
    """The run with one more trip somewhere, aboard already or not, if no rule forbids it."""
    drop = Stop(StopKind.DROPOFF, trip.trip_id)
    stops, one = [*run.stops, Stop(StopKind.PICKUP, trip.trip_id), drop], trip
    if chance.below(2):
        stops, one = [drop, *run.stops], replace(trip, boarded_at_ms=run.free_at_ms - 30_000)
    trips = tuple(sorted((*run.trips, one), key=lambda each: each.trip_id))
    trial = replace(run, trips=trips, stops=tuple(stops))
    return run if walk(trial, roads)[2] else trial


def faults_of_plan(town: SharedRound, plan: SharedPlan) -> list[str]:
    """Every rule that a plan breaks, and every number in it that does not add up."""
    wrong: list[str] = []
    before = {run.driver_id: run for run in town.runs}
    waiting = {one.trip.trip_id: one for one in town.trips}
    served = [one.trip_id for planned in plan.runs for one in planned.joined]
    drivers = [planned.run.driver_id for planned in plan.runs]
    if sorted([*served, *plan.open]) != sorted(waiting):
        wrong.append("not every open trip once")
    if len(set(drivers)) < len(drivers) or not set(drivers) <= set(before):
        wrong.append("not one plan a run")
    cost = sum(waiting[one].price for one in plan.open if one in waiting)
    for planned in plan.runs:
        old = before.get(planned.run.driver_id)
        if old is None:
            continue
        joined = [one.trip_id for one in planned.joined]
        promised = {one.trip_id: one for one in old.trips}
        promised |= {one: waiting[one].trip for one in joined if one in waiting}
        if any(old.driver_id in waiting[one].excluded for one in joined if one in waiting):
            wrong.append("an excluded driver")
        if {one.trip_id: one for one in planned.run.trips} != promised:
            wrong.append("riders or promises changed")
        if replace(old, trips=(), stops=()) != replace(planned.run, trips=(), stops=()):
            wrong.append("another car")
        # The stops that were planned, under the rules that were given.
        given = replace(planned.run, seats=old.seats, finish_by_ms=old.finish_by_ms)
        begins, driven, broken = walk(given, town.roads)
        wrong += broken
        cost += _added(old, planned.run, town, (begins, driven))
    if cost != plan.cost or plan.cost > plan.start_cost:
        wrong.append("the cost does not add up")
    return wrong


def _added(old: Run, new: Run, town: SharedRound, driven: tuple[list[int], int]) -> int:
    """Weighted driving, waiting and delay that a run gains, from the times alone."""

    def when(run: Run, begins: list[int], kind: StopKind) -> dict[TripId, int]:
        pairs = zip(run.stops, begins, strict=True)
        return {stop.trip_id: begin for stop, begin in pairs if stop.kind is kind}

    begins, before, _ = walk(old, town.roads)
    cost = town.weights.drive * (driven[1] - before)
    for kind, weight in zip(StopKind, (town.weights.wait, town.weights.delay), strict=True):
        then, now = when(old, begins, kind), when(new, driven[0], kind)
        for trip in new.trips:
            soonest = trip.wanted_at_ms + (trip.direct_ms if kind is StopKind.DROPOFF else 0)
            if trip.trip_id in now:
                cost += weight * (now[trip.trip_id] - then.get(trip.trip_id, soonest))
    return cost
