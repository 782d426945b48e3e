"""Who wants to go where, and when: recorded trips replayed by a seed.

Owns what a rider of the simulation wishes (`TripWish`) and the replay of a recorded day. It keeps
the recorded places and the recorded shape of the day; within the minute, and when more or fewer
riders are asked for, chance decides. Refuses nothing: reading and its faults are in
`demand_files`. Pure: the same trips and the same seed give the same wishes, however far they are
read.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from foundation.chance import Chance
from foundation.measures import Point, distance_metres

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
MINUTE_SECONDS = 60

SAME_PLACE_METRES = 50.0
"""Trips that end this near to where they begin are no trips: a meter switched on by mistake."""

_SWAPS = 3

Inside = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.bool_]]
"""Which of some points, (n, 2) in degrees, lie in the service area."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTrip:
    """One trip of a recorded day.

    Attributes
    ----------
    second
        Of the city's local day, 0 to 86,399, as recorded; most recordings hold whole minutes.
    """

    second: int
    pickup: Point
    dropoff: Point
    passengers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TripWish:
    """A rider who will ask for a trip.

    Attributes
    ----------
    after_seconds
        When, in seconds of service time after the window opened; wishes come in this order.
    """

    after_seconds: float
    pickup: Point
    dropoff: Point
    passengers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableTrips:
    """Recorded trips that can be asked for here, and how many of the others there were."""

    trips: tuple[RecordedTrip, ...]
    outside: int
    """Begin or end outside the service area."""
    nowhere: int
    """End where they begin."""


def usable_trips(trips: Sequence[RecordedTrip], inside: Inside) -> UsableTrips:
    """Leave out what no rider could ask for in this city.

    Parameters
    ----------
    trips
        As recorded.
    inside
        Of the service area, `roads.pack.CityPack.contains_each`.
    """
    if not trips:
        return UsableTrips(trips=(), outside=0, nowhere=0)
    pickups = np.array([(t.pickup.lon, t.pickup.lat) for t in trips])
    dropoffs = np.array([(t.dropoff.lon, t.dropoff.lat) for t in trips])
    is_inside = inside(pickups) & inside(dropoffs)
    here = [trip for trip, good in zip(trips, is_inside.tolist(), strict=True) if good]
    kept = tuple(t for t in here if distance_metres(t.pickup, t.dropoff) >= SAME_PLACE_METRES)
    return UsableTrips(trips=kept, outside=len(trips) - len(here), nowhere=len(here) - len(kept))


def replay(
    trips: Sequence[RecordedTrip],
    *,
    start_second: int,
    chance: Chance,
    riders_per_hour: float | None = None,
) -> Iterator[TripWish]:
    """Replay a recorded day from a moment on, over and over; ends only if there are no trips.

    A trip recorded at a whole minute is asked for at a random moment of it. With more riders than
    were recorded, a trip is asked for again from the same place, to where another trip of
    that minute went.

    Parameters
    ----------
    trips
        Those that can be asked for, in any order.
    start_second
        Where the window opens, seconds of the local day, 0 to 86,399.
    chance
        Decides the moment within the minute, and who comes when not all do.
    riders_per_hour
        How many riders to expect in the first hour; the day keeps its shape. Left out: as recorded.
    """
    assert 0 <= start_second < DAY_SECONDS
    assert riders_per_hour is None or riders_per_hour >= 0
    share = 1.0
    if riders_per_hour is not None:
        recorded = riders_in_hour(trips, start_second)
        share = riders_per_hour / recorded if recorded else 0.0
    if not trips or share == 0:
        return
    minutes: dict[int, list[RecordedTrip]] = defaultdict(list)
    for trip in sorted(trips, key=_by_time_and_place):
        minutes[trip.second // MINUTE_SECONDS].append(trip)
    first = start_second // MINUTE_SECONDS
    day_minutes = DAY_SECONDS // MINUTE_SECONDS
    number = first
    while True:
        recorded_minute = minutes.get(number % day_minutes, ())
        opens = (number - first) * MINUTE_SECONDS - start_second % MINUTE_SECONDS
        wishes = [
            wish
            for trip in recorded_minute
            for wish in _wishes_of(trip, recorded_minute, share, chance)
        ]
        for wish in sorted(wishes, key=lambda w: w.after_seconds):
            moment = opens + wish.after_seconds
            if moment >= 0:
                yield replace(wish, after_seconds=moment)
        number += 1


def riders_in_hour(trips: Sequence[RecordedTrip], start_second: int) -> float:
    """Recorded trips in the hour from a moment on; the day's mean where that hour has none."""
    ahead = sum((trip.second - start_second) % DAY_SECONDS < HOUR_SECONDS for trip in trips)
    return float(ahead or len(trips) * HOUR_SECONDS / DAY_SECONDS)


def _wishes_of(
    trip: RecordedTrip, same_minute: Sequence[RecordedTrip], share: float, chance: Chance
) -> Iterator[TripWish]:
    """None, one or several riders in place of a recorded one, at a second of that minute."""
    count = math.floor(share) + (chance.uniform() < share % 1)
    for copy in range(count):
        second = float(trip.second % MINUTE_SECONDS)
        if second == 0 or copy > 0:
            second = chance.uniform() * MINUTE_SECONDS
        dropoff = trip.dropoff if copy == 0 else _elsewhere(trip, same_minute, chance)
        yield TripWish(
            after_seconds=second,
            pickup=trip.pickup,
            dropoff=dropoff,
            passengers=trip.passengers,
        )


def _elsewhere(trip: RecordedTrip, others: Sequence[RecordedTrip], chance: Chance) -> Point:
    """Where another trip of that minute went, unless that is where this one begins."""
    for _ in range(_SWAPS):
        there = others[chance.below(len(others))].dropoff
        if distance_metres(trip.pickup, there) >= SAME_PLACE_METRES:
            return there
    return trip.dropoff


def _by_time_and_place(trip: RecordedTrip) -> tuple[int, float, float, float, float, int]:
    # The order of the table must not decide what chance does.
    pickup, dropoff = trip.pickup, trip.dropoff
    return trip.second, pickup.lon, pickup.lat, dropoff.lon, dropoff.lat, trip.passengers
