"""Trips that people want in a city: as recorded, or made up from its streets.

Owns the choice between the two and the seeds of their chance. How a recorded day is replayed is in
`replay`, how demand is made up in `gravity`, how the files are read in `demand_files`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import islice

from foundation.chance import SeededChance
from foundation.measures import Point
from roads.pack import CityPack
from simulation.demand_files import read_model, read_trips
from simulation.gravity import gravity_demand
from simulation.replay import RecordedTrip, TripWish, UsableTrips, replay, usable_trips
from simulation.riders import Wish

SEATS_MAX = 4
"""A larger party takes a second car."""

_NOON_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandFigures:
    """What a city's demand is made of.

    Attributes
    ----------
    kind
        ``recorded`` or ``model``.
    recorded, outside, nowhere
        Trips in the table; those of them that begin or end outside the service area; those that
        end where they begin. All 0 for a model.
    """

    kind: str
    recorded: int
    outside: int
    nowhere: int


def wishes_of(
    pack: CityPack,
    *,
    begin: datetime,
    riders_per_hour: float | None,
    seed: int,
    share_of_shared: float = 0.0,
) -> Iterator[tuple[timedelta, Wish]]:
    """What riders want from `begin` on: the time after it, and the wish; for ever.

    Parameters
    ----------
    begin
        Aware instant; a recorded day is entered at its local hour, whatever the date.
    riders_per_hour
        How many riders to expect in the first hour; the day keeps its shape. Left out: as recorded,
        or as the pack's model says.
    seed
        Decides all chance.
    share_of_shared
        How many of them let others ride along, from 0 to 1. Who travels when and where stays the same
        whatever the share.

    Raises
    ------
    DemandUnreadable
        If the pack's file has a fault.
    """
    assert 0 <= share_of_shared <= 1
    sharing = SeededChance(f"{seed} sharing")
    local = begin.astimezone(pack.zone_info)
    second = local.hour * 3600 + local.minute * 60 + local.second
    for wish in _stream(pack, second, riders_per_hour, f"{seed} demand"):
        seats = min(SEATS_MAX, wish.passengers)
        yield (
            timedelta(seconds=wish.after_seconds),
            Wish(
                pickup=wish.pickup,
                dropoff=wish.dropoff,
                seats=seats,
                shares=sharing.uniform() < share_of_shared,
            ),
        )


def places_of(pack: CityPack, *, seed: int, most: int = 500) -> list[Point]:
    """Where cars are found and riders come from, as often as there is demand there.

    Raises
    ------
    DemandUnreadable
        If the pack's file has a fault.
    """
    key = f"{seed} places"
    if pack.demand.kind == "recorded":
        trips = _recorded(pack).trips
        chance = SeededChance(key)
        return [chance.choice(trips).pickup for _ in range(most)] if trips else []
    return [wish.pickup for wish in islice(_stream(pack, _NOON_SECONDS, None, key), most)]


def figures_of(pack: CityPack) -> DemandFigures:
    """What the pack's demand is made of.

    Raises
    ------
    DemandUnreadable
        If the pack's file has a fault.
    """
    if pack.demand.kind == "model":
        return DemandFigures(kind="model", recorded=0, outside=0, nowhere=0)
    usable = _recorded(pack)
    return DemandFigures(
        kind="recorded",
        recorded=len(usable.trips) + usable.outside + usable.nowhere,
        outside=usable.outside,
        nowhere=usable.nowhere,
    )


def _stream(
    pack: CityPack, second: int, riders_per_hour: float | None, key: str
) -> Iterator[TripWish]:
    chance = SeededChance(key)
    if pack.demand.kind == "recorded":
        trips: Sequence[RecordedTrip] = _recorded(pack).trips
        return replay(trips, start_second=second, chance=chance, riders_per_hour=riders_per_hour)
    return gravity_demand(
        pack.network,
        read_model(pack.demand.path),
        start_second=second,
        chance=chance,
        riders_per_hour=riders_per_hour,
    )


@lru_cache(maxsize=1)
def _recorded(pack: CityPack) -> UsableTrips:
    """A pack's recorded trips; kept, because a demonstration asks for them twice."""
    return usable_trips(read_trips(pack.demand.path), pack.contains_each)
