"""A snapshot as arrays, so that limits and costs are worked out for all pairs at once.

Owns the translation and nothing else: words become codes, points become decimetres on a local
plane. Tuples with names, because compiled loops take them whole (`pair_kernels`). Every number is whole; what passes through a float uses only operations that IEEE 754 fixes
to the last bit, so every machine gets the same columns.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.codec import DEGREE, Some
from dispatch.matching.fields import Fields
from dispatch.matching.snapshot import Snapshot
from foundation.measures import EARTH_RADIUS_METRES

Whole = NDArray[np.int64]

DECIMETRES_PER_UNIT = math.radians(1) * EARTH_RADIUS_METRES * 10 / DEGREE
"""Decimetres on a meridian in 1e-7 degree."""

NO_LIMIT = 1 << 50
"""Stands for an absent limit; larger than any sum of metres or milliseconds."""

NEEDS_MAX = 62
"""Different needs in one snapshot: each is one bit of a whole number."""


class TripColumns(NamedTuple):
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


class DriverColumns(NamedTuple):
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
    place_worth_ms: Whole
    range_metres: Whole


class Columns(NamedTuple):
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
    trips, drivers = snapshot.trip_fields, snapshot.driver_fields
    needs = _codes({word for words in set(trips.values("needs")) for word in words})
    assert len(needs) <= NEEDS_MAX, "more different needs than a whole number has bits"
    classes = _codes({*trips.values("vehicle_class"), *drivers.values("vehicle_class")})
    # Outside every zone is a zone of its own, in which only a licence for everywhere holds.
    zones: dict[str | None, int] = {None: 0}
    for zone, code in _codes(set(trips.values("pickup_zone")) - {None, ""}).items():
        zones[zone] = 1 + code
    licences = {zones: row for row, zones in enumerate(dict.fromkeys(drivers.values("zones")))}
    licensed = np.zeros((len(licences), len(zones)), dtype=np.bool_)
    for licence, row in licences.items():
        licensed[row] = [licence is None or zone in licence for zone in zones]
    words = _Words(classes, needs, zones, licences)
    plane = _Plane.around(trips.spread("pickup"), drivers.spread("place"))
    trip_columns = _trip_columns(trips, plane, words, at_ms=snapshot.at_ms)
    driver_columns = _driver_columns(drivers, plane, words, at_ms=snapshot.at_ms)
    return Columns(
        trips=TripColumns(*map(_plain, trip_columns)),
        drivers=DriverColumns(*map(_plain, driver_columns)),
        licensed=licensed,
        excluded=_excluded(snapshot),
    )


def _plain(column: NDArray[Any]) -> Any:
    """In one form: the compiler makes a new version of a loop for every other one."""
    return np.require(column, None, ["C", "W"])


@dataclass(frozen=True, slots=True)
class _Words:
    """The codes of what is written in words."""

    classes: dict[str, int]
    needs: dict[str, int]
    zones: dict[str | None, int]
    licences: dict[tuple[str, ...] | None, int]


def _trip_columns(trips: Fields, plane: "_Plane", words: _Words, *, at_ms: int) -> TripColumns:
    wanted = trips.values("wanted_at_ms")
    return TripColumns(
        pickup=plane.spread(trips.spread("pickup")),
        dropoff=plane.spread(trips.spread("dropoff")),
        pickup_zone=_coded(trips.values("pickup_zone"), words.zones),
        seats=trips.spread("seats"),
        vehicle_class=_coded(trips.values("vehicle_class"), words.classes),
        needs=_bits(trips.values("needs"), words.needs),
        asked_at_ms=trips.spread("asked_at_ms"),
        wanted_in_ms=np.array(
            [0 if at is None else max(0, at - at_ms) for at in wanted], dtype=np.int64
        ),
        is_booked=np.array([at is not None for at in wanted], dtype=np.bool_),
        trip_seconds=trips.spread("trip_seconds"),
        trip_metres=trips.spread("trip_metres"),
    )


def _driver_columns(
    drivers: Fields, plane: "_Plane", words: _Words, *, at_ms: int
) -> DriverColumns:
    free_at, shift_seconds = drivers.spread("free_at_ms"), drivers.spread("shift_seconds")
    place = plane.spread(drivers.spread("place"))
    homeward: Some = drivers.spread("homeward")
    home = place.copy()
    home[homeward.there] = plane.spread(homeward.every[homeward.there])
    began = at_ms - shift_seconds * 1000
    offered = drivers.spread("last_offered_at_ms").filled(-NO_LIMIT)
    return DriverColumns(
        place=place,
        home=home,
        heads_home=homeward.there,
        free_in_ms=np.maximum(0, free_at - at_ms),
        free_since_ms=free_at,
        seats=drivers.spread("seats"),
        vehicle_class=_coded(drivers.values("vehicle_class"), words.classes),
        equipment=_bits(drivers.values("equipment"), words.needs),
        licence=_coded(drivers.values("zones"), words.licences),
        shift_left_ms=drivers.spread("shift_ends_at_ms") - at_ms,
        driving_left_ms=drivers.spread("driving_seconds_left") * 1000,
        earned_minor=drivers.spread("earned_minor"),
        shift_seconds=shift_seconds,
        # Waiting begins with the shift, with the end of the last trip, or with the last offer.
        idle_since_ms=np.minimum(at_ms, np.maximum(np.maximum(began, free_at), offered)),
        place_worth_ms=drivers.spread("place_worth_ms"),
        range_metres=drivers.spread("range_metres").filled(NO_LIMIT),
    )


@dataclass(frozen=True, slots=True)
class _Plane:
    """The equirectangular plane around a city's middle: exact enough for what is pruned by it."""

    lon: int
    lat: int
    narrowing: float

    @classmethod
    def around(cls, pickups: Whole, places: Whole) -> "_Plane":
        """The plane for these places in units of 1e-7 degree, (trips, 2) and (drivers, 2)."""
        count = len(pickups) + len(places)
        if not count:
            return cls(0, 0, 1.0)
        lat = int(pickups[:, 1].sum() + places[:, 1].sum()) // count
        # Rounded, because mathematics libraries differ in a cosine's last bit.
        narrowing = round(math.cos(math.radians(lat / DEGREE)), 6)
        return cls(int((pickups if len(pickups) else places)[0, 0]), lat, narrowing)

    def spread(self, places: Whole) -> Whole:
        """Places in units of 1e-7 degree as (x, y) in whole decimetres; both (places, 2)."""
        lon = places[:, 0] - self.lon
        # Across the date line the short way, for the cities that lie on it.
        lon = (lon + 180 * DEGREE) % (360 * DEGREE) - 180 * DEGREE
        lat = places[:, 1] - self.lat
        x = np.rint(lon * (DECIMETRES_PER_UNIT * self.narrowing))
        y = np.rint(lat * DECIMETRES_PER_UNIT)
        return np.stack([x, y], axis=1).astype(np.int64)


def crow_decimetres(a: Whole, b: Whole) -> Whole:
    """Straight-line distance between places of shape (n, 2), in whole decimetres, cut down."""
    apart = a - b
    squared = apart[:, 0] * apart[:, 0] + apart[:, 1] * apart[:, 1]
    return np.sqrt(squared.astype(np.float64)).astype(np.int64)


def _codes(words: Iterable[str]) -> dict[str, int]:
    return {word: code for code, word in enumerate(sorted(words))}


def _coded(words: Sequence[Any], codes: Mapping[Any, int]) -> Whole:
    return np.array([codes[word] for word in words], dtype=np.int64)


def _bits(rows: Sequence[tuple[str, ...]], codes: dict[str, int]) -> Whole:
    """Each row's words as one number, a bit for each; words that nobody needs have none."""
    if not codes:
        return np.zeros(len(rows), dtype=np.int64)
    known = {row: sum(1 << codes[word] for word in row if word in codes) for row in set(rows)}
    return _coded(rows, known)


def _excluded(snapshot: Snapshot) -> Whole:
    if not any(snapshot.trip_fields.values("excluded")):
        return np.zeros(0, dtype=np.int64)
    index: dict[Any, int] = {row.driver_id: place for place, row in enumerate(snapshot.drivers)}
    keys = [
        number * len(snapshot.drivers) + index[driver]
        for number, trip in enumerate(snapshot.trips)
        for driver in trip.excluded
        if driver in index
    ]
    return np.array(sorted(keys), dtype=np.int64)
