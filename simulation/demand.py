"""Trips that people want: as recorded, or drawn from a model. Seeded, in the order of their time."""

import csv
from collections.abc import Iterator
from datetime import datetime, timedelta

from foundation.chance import SeededChance
from foundation.measures import Point, distance_metres
from roads.pack import CityPack
from simulation.riders import Wish

SHORTEST_METRES = 150.0


def wishes_of(
    pack: CityPack, *, begin: datetime, riders_per_hour: float | None, seed: int
) -> Iterator[tuple[timedelta, Wish]]:
    """What riders want from `begin` on: the time after it, and the wish; for ever."""
    recorded = _recorded(pack)
    if riders_per_hour is not None or not recorded:
        return _drawn(pack, [wish for _, wish in recorded], riders_per_hour or 300.0, seed)
    return _replayed(recorded, begin, seed)


def _replayed(
    recorded: list[tuple[datetime, Wish]], begin: datetime, seed: int
) -> Iterator[tuple[timedelta, Wish]]:
    chance = SeededChance(f"{seed} minute")
    spread = [
        (asked_at + timedelta(seconds=60 * chance.uniform()), wish) for asked_at, wish in recorded
    ]
    spread.sort(key=lambda row: row[0])
    day = 0
    while True:
        for asked_at, wish in spread:
            after = asked_at + timedelta(days=day) - begin
            if after >= timedelta(0):
                yield after, wish
        day += 1


def _drawn(
    pack: CityPack, known: list[Wish], riders_per_hour: float, seed: int
) -> Iterator[tuple[timedelta, Wish]]:
    import math

    chance = SeededChance(f"{seed} demand")
    places = places_of(pack, seed=seed)
    after = 0.0
    while riders_per_hour > 0:
        after += -math.log(1.0 - chance.uniform()) * 3600 / riders_per_hour
        if known:
            wish = chance.choice(known)
        else:
            wish = Wish(pickup=chance.choice(places), dropoff=chance.choice(places), seats=1)
            if distance_metres(wish.pickup, wish.dropoff) < SHORTEST_METRES:
                continue
        yield timedelta(seconds=after), wish


def _recorded(pack: CityPack) -> list[tuple[datetime, Wish]]:
    if pack.demand.kind != "recorded":
        return []
    found = []
    with pack.demand.path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            wish = Wish(
                pickup=Point(float(row["pickup_lon"]), float(row["pickup_lat"])),
                dropoff=Point(float(row["dropoff_lon"]), float(row["dropoff_lat"])),
                seats=min(4, max(1, int(row["passengers"]))),
            )
            if distance_metres(wish.pickup, wish.dropoff) >= SHORTEST_METRES:
                asked_at = datetime.fromisoformat(row["asked_at"])
                found.append((asked_at.replace(tzinfo=pack.zone_info), wish))
    return found


def places_of(pack: CityPack, *, seed: int, most: int = 500) -> list[Point]:
    """Where cars are found and riders come from: recorded pick-ups, or junctions."""
    chance = SeededChance(f"{seed} places")
    recorded = [wish.pickup for _, wish in _recorded(pack)]
    if not recorded:
        network = pack.network
        recorded = [
            Point(float(lon), float(lat))
            for lon, lat in zip(network.node_lon, network.node_lat, strict=True)
        ]
    return [chance.choice(recorded) for _ in range(most)]
