"""A snapshot as arrays, so that limits and costs are worked out for all pairs at once.

Owns the translation and nothing else: words become codes, points become decimetres on a local
plane. Every number is whole; what passes through a float uses only operations that IEEE 754 fixes
to the last bit, so every machine gets the same columns.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.codec import DEGREE, e7
from dispatch.matching.snapshot import Snapshot
from foundation.measures import EARTH_RADIUS_METRES, Point

Whole = NDArray[np.int64]

DECIMETRES_PER_UNIT = math.radians(1) * EARTH_RADIUS_METRES * 10 / DEGREE
"""Decimetres on a meridian in 1e-7 degree."""

NO_LIMIT = 1 << 50
"""Stands for an absent limit; larger than any sum of metres or milliseconds."""

NEEDS_MAX = 62
"""Different needs in one snapshot: each is one bit of a whole number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TripColumns:
    """Open trips as arrays of shape (trips,); places as (x, y) in decimetres, shape (trips, 2).

    `wanted_in_ms` counts from the round, and is 0 for a time that has passed and for a trip for
    now; `is_booked` tells the two apart.
    """

    pickup: Whole
    dropoff: Whole
    pickup_zone: Whole
    seats: Whole
    vehicle_class: Whole
    needs: Whole
    asked_at_ms: Whole
    wanted_in_ms: Whole
    is_booked: NDArray[np.bool_]
    trip_seconds: Whole
    trip_metres: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverColumns:
    """Drivers as arrays of shape (drivers,); places as (x, y) in decimetres, (drivers, 2).

    `home` is only meaningful where `heads_home`; `licence` is a row of `Columns.licensed`.
    """

    place: Whole
    home: Whole
    heads_home: NDArray[np.bool_]
    free_in_ms: Whole
    free_since_ms: Whole
    seats: Whole
    vehicle_class: Whole
    equipment: Whole
    licence: Whole
    shift_left_ms: Whole
    driving_left_ms: Whole
    earned_minor: Whole
    shift_seconds: Whole
    idle_since_ms: Whole
    range_metres: Whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A whole snapshot as arrays.

    Attributes
    ----------
    licensed
        bool, (licences, zones): whether a licence allows picking up in a zone.
    excluded
        Sorted keys `trip * drivers + driver` of the pairs that must not be.
    """

    trips: TripColumns
    drivers: DriverColumns
    licensed: NDArray[np.bool_]
    excluded: Whole


def columns_of(snapshot: Snapshot) -> Columns:
    """The snapshot's columns, in the order of its trips and drivers."""
    plane = _Plane.around(snapshot)
    trips, drivers = snapshot.trips, snapshot.drivers
    needs = _codes(word for row in trips for word in row.needs)
    assert len(needs) <= NEEDS_MAX, "more different needs than a whole number has bits"
    classes = _codes([*(t.vehicle_class for t in trips), *(d.vehicle_class for d in drivers)])
    # Outside every zone is a zone of its own, in which only a licence for everywhere holds.
    zones: dict[str | None, int] = {
        None: 0,
        **{
            zone: 1 + code
            for zone, code in _codes(row.pickup_zone for row in trips if row.pickup_zone).items()
        },
    }
    licences = {licence: row for row, licence in enumerate(dict.fromkeys(d.zones for d in drivers))}
    licensed = np.zeros((len(licences), len(zones)), dtype=np.bool_)
    for licence, row in licences.items():
        licensed[row] = [licence is None or zone in licence for zone in zones]
    return Columns(
        trips=_trip_columns(snapshot, plane, classes=classes, needs=needs, zones=zones),
        drivers=_driver_columns(snapshot, plane, classes=classes, needs=needs, licences=licences),
        licensed=licensed,
        excluded=_excluded(snapshot),
    )


def _trip_columns(
    snapshot: Snapshot,
    plane: "_Plane",
    *,
    classes: dict[str, int],
    needs: dict[str, int],
    zones: dict[str | None, int],
) -> TripColumns:
    trips = snapshot.trips
    return TripColumns(
        pickup=plane.spread([trip.pickup for trip in trips]),
        dropoff=plane.spread([trip.dropoff for trip in trips]),
        pickup_zone=_whole(zones[trip.pickup_zone] for trip in trips),
        seats=_column(trips, "seats"),
        vehicle_class=_whole(classes[trip.vehicle_class] for trip in trips),
        needs=_bits([trip.needs for trip in trips], needs),
        asked_at_ms=_column(trips, "asked_at_ms"),
        wanted_in_ms=_whole(
            0 if trip.wanted_at_ms is None else max(0, trip.wanted_at_ms - snapshot.at_ms)
            for trip in trips
        ),
        is_booked=np.array([trip.wanted_at_ms is not None for trip in trips], dtype=np.bool_),
        trip_seconds=_column(trips, "trip_seconds"),
        trip_metres=_column(trips, "trip_metres"),
    )


def _driver_columns(
    snapshot: Snapshot,
    plane: "_Plane",
    *,
    classes: dict[str, int],
    needs: dict[str, int],
    licences: dict[tuple[str, ...] | None, int],
) -> DriverColumns:
    at, drivers = snapshot.at_ms, snapshot.drivers
    free_at = _column(drivers, "free_at_ms")
    shift_seconds = _column(drivers, "shift_seconds")
    began = at - shift_seconds * 1000
    offered = _whole(
        -NO_LIMIT if driver.last_offered_at_ms is None else driver.last_offered_at_ms
        for driver in drivers
    )
    return DriverColumns(
        place=plane.spread([driver.place for driver in drivers]),
        home=plane.spread([driver.homeward or driver.place for driver in drivers]),
        heads_home=np.array([driver.homeward is not None for driver in drivers], dtype=np.bool_),
        free_in_ms=np.maximum(0, free_at - at),
        free_since_ms=free_at,
        seats=_column(drivers, "seats"),
        vehicle_class=_whole(classes[driver.vehicle_class] for driver in drivers),
        equipment=_bits([driver.equipment for driver in drivers], needs),
        licence=_whole(licences[driver.zones] for driver in drivers),
        shift_left_ms=_column(drivers, "shift_ends_at_ms") - at,
        driving_left_ms=_column(drivers, "driving_seconds_left") * 1000,
        earned_minor=_column(drivers, "earned_minor"),
        shift_seconds=shift_seconds,
        # Waiting begins with the shift, with the end of the last trip, or with the last offer.
        idle_since_ms=np.minimum(at, np.maximum(np.maximum(began, free_at), offered)),
        range_metres=_whole(
            NO_LIMIT if driver.range_metres is None else driver.range_metres for driver in drivers
        ),
    )


@dataclass(frozen=True, slots=True)
class _Plane:
    """The equirectangular plane around a city's middle: exact enough for what is pruned by it."""

    lon: int
    lat: int
    narrowing: float

    @classmethod
    def around(cls, snapshot: Snapshot) -> "_Plane":
        places = [trip.pickup for trip in snapshot.trips] + [d.place for d in snapshot.drivers]
        if not places:
            return cls(0, 0, 1.0)
        lat = int(_units([place.lat for place in places]).sum()) // len(places)
        # Rounded, because mathematics libraries differ in a cosine's last bit.
        narrowing = round(math.cos(math.radians(lat / DEGREE)), 6)
        return cls(e7(places[0].lon), lat, narrowing)

    def spread(self, points: Sequence[Point]) -> Whole:
        """Points as (x, y) in whole decimetres, shape (points, 2)."""
        lon = _units([point.lon for point in points]) - self.lon
        # Across the date line the short way, for the cities that lie on it.
        lon = (lon + 180 * DEGREE) % (360 * DEGREE) - 180 * DEGREE
        lat = _units([point.lat for point in points]) - self.lat
        x = np.rint(lon * (DECIMETRES_PER_UNIT * self.narrowing))
        y = np.rint(lat * DECIMETRES_PER_UNIT)
        return np.stack([x, y], axis=1).astype(np.int64)


def crow_decimetres(a: Whole, b: Whole) -> Whole:
    """Straight-line distance between places of shape (n, 2), in whole decimetres, cut down."""
    apart = a - b
    squared = apart[:, 0] * apart[:, 0] + apart[:, 1] * apart[:, 1]
    return np.sqrt(squared.astype(np.float64)).astype(np.int64)


def _whole(values: Iterable[int]) -> Whole:
    return np.array(list(values), dtype=np.int64)


def _column(rows: Sequence[Any], name: str) -> Whole:
    return np.array(list(map(attrgetter(name), rows)), dtype=np.int64)


def _units(degrees: list[float]) -> Whole:
    """Coordinates in units of 1e-7 degree, as `codec.e7` has them."""
    return np.rint(np.array(degrees, dtype=np.float64) * DEGREE).astype(np.int64)


def _codes(words: Iterable[str]) -> dict[str, int]:
    return {word: code for code, word in enumerate(sorted(set(words)))}


def _bits(rows: Sequence[tuple[str, ...]], codes: dict[str, int]) -> Whole:
    """Each row's words as one number, a bit for each; words that nobody needs have none."""
    return _whole(
        sum(1 << codes[word] for word in row if word in codes) if row else 0 for row in rows
    )


def _excluded(snapshot: Snapshot) -> Whole:
    if not any(trip.excluded for trip in snapshot.trips):
        return np.zeros(0, dtype=np.int64)
    index: dict[Any, int] = {row.driver_id: place for place, row in enumerate(snapshot.drivers)}
    keys = [
        number * len(snapshot.drivers) + index[driver]
        for number, trip in enumerate(snapshot.trips)
        for driver in trip.excluded
        if driver in index
    ]
    return np.array(sorted(keys), dtype=np.int64)
