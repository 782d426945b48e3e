"""Small towns for the tests of shared trips, and a verifier written from the rules alone.

The verifier shares no code with the product: it walks a list of stops and says what is broken.
"""

from collections.abc import Sequence

import numpy as np

from dispatch.matching.shared.run import NEVER, Caps, Roads, Run, SharedTrip, Stop, StopKind
from foundation.chance import SeededChance
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
