"""The two frames of the public live view: the cars, in binary, and the figures, in JSON.

Pure: arrays and values in, bytes out. The formats are written down in
docs/reference/live_public.md. This module owns the precision at which the public sees anything;
it refuses to write a position outside the world, so that a fault in the fleet shows here and
not on a hundred screens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from hashlib import blake2b

import numpy as np
import orjson
from numpy.typing import NDArray

from foundation.identifiers import UUID

MAGIC = b"KHN1"
HEADER = np.dtype([("magic", "S4"), ("count", "<u4"), ("at", "<f8"), ("rate", "<f4")])
CAR = np.dtype([("car", "<u4"), ("lon", "<i4"), ("lat", "<i4"), ("heading", "u1"), ("state", "u1")])
# About 10 m: finer would show the door a rider steps out of.
CAR_DECIMALS = 4
# About 100 m: a point of demand stands for a street corner, not for a home.
RIDER_DECIMALS = 3
ZONES_MAX = 12
HISTORY_MAX = 60
assert HEADER.itemsize == 20
assert CAR.itemsize == 14


class CarState(IntEnum):
    """What the public sees of a car's work."""

    FREE = 0
    TO_PICKUP = 1  # on the way to a rider, or waiting for one at the pick-up
    ON_TRIP = 2
    OTHER = 3  # on shift and none of these: a break, going home


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverFigures:
    """Drivers on shift now; `on_shift` is the sum of the other four."""

    on_shift: int
    free: int
    to_pickup: int
    on_trip: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TripFigures:
    """Trips now, and since local midnight."""

    waiting: int
    under_way: int
    completed_today: int
    unserved_today: int
    cancelled_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFigures:
    """From request to the car's arrival, service seconds, over the last `window_seconds`."""

    mean_seconds: float | None
    p95_seconds: float | None
    trips: int
    window_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferFigures:
    """Offers since local midnight, and how they ended."""

    made_today: int
    accepted_today: int
    declined_today: int
    lapsed_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundFigures:
    """The latest dispatch round; `ms` is wall time."""

    number: int | None
    ms: float | None
    degraded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Oldest first, `step_seconds` of service time apart; both of one length, at most 60."""

    step_seconds: int
    mean_wait_seconds: tuple[float | None, ...]
    open_trips: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneQueue:
    """One zone where somebody waits."""

    code: str
    name: str
    waiting: int
    free: int
    mean_wait_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything of the text frame but the points of waiting riders."""

    now: datetime
    rate: float
    demonstration: bool
    drivers: DriverFigures
    trips: TripFigures
    waits: WaitFigures
    offers: OfferFigures
    round: RoundFigures
    history: History
    zones: tuple[ZoneQueue, ...]


def public_car(shift_id: UUID, secret: bytes) -> int:
    """The number a car wears in public during one shift.

    Parameters
    ----------
    shift_id
        The shift; a new one gives a new number, so that days cannot be joined.
    secret
        At least 16 random bytes, drawn when the service starts and kept nowhere.

    Returns
    -------
    int
        32 bits of a keyed BLAKE2b (RFC 7693, section 2.5) of the shift. Two of 5,000 cars share
        one with probability 0.003; the page then draws both, without gliding.
    """
    assert len(secret) >= 16, "a short secret could be searched for"
    return int.from_bytes(
        blake2b(shift_id.bytes, digest_size=4, key=secret[:64]).digest(), "little"
    )


def encode_cars(
    now: datetime,
    rate: float,
    *,
    cars: NDArray[np.uint32],
    lonlat: NDArray[np.float64],
    headings: NDArray[np.float64],
    states: NDArray[np.uint8],
) -> bytes:
    """Write the cars' frame: 20 bytes and 14 for each car.

    Parameters
    ----------
    now
        Service time, aware.
    rate
        Service seconds in a wall second, positive.
    cars
        Public numbers (`public_car`), shape ``(cars,)``, uint32.
    lonlat
        Positions, WGS 84 degrees, longitude first, shape ``(cars, 2)``. They are reduced to
        `CAR_DECIMALS` here, so that no caller can forget it.
    headings
        Degrees clockwise from north, any finite value, shape ``(cars,)``.
    states
        `CarState` values, shape ``(cars,)``, uint8.

    Returns
    -------
    bytes
        The frame; the same for every watcher, so build it once a second.
    """
    count = len(cars)
    assert now.tzinfo is not None, "service time is aware"
    assert rate > 0
    assert lonlat.shape == (count, 2)
    assert headings.shape == (count,)
    assert states.shape == (count,)
    assert bool(np.isfinite(headings).all())
    # A comparison with NaN is false, so this refuses NaN too.
    assert bool((np.abs(lonlat) <= (180.0, 90.0)).all()), "a position outside the world"
    assert count == 0 or int(states.max()) <= CarState.OTHER
    header = np.zeros(1, HEADER)
    header["magic"], header["count"] = MAGIC, count
    header["at"], header["rate"] = now.timestamp(), rate
    body = np.empty(count, CAR)
    reduced = np.rint(lonlat * 10**CAR_DECIMALS).astype(np.int32) * 10 ** (6 - CAR_DECIMALS)
    body["car"], body["lon"], body["lat"] = cars, reduced[:, 0], reduced[:, 1]
    # Rounding 359.9 degrees gives 256, which is north again.
    body["heading"] = np.rint(headings * (256 / 360)).astype(np.int64) % 256
    body["state"] = states
    return header.tobytes() + body.tobytes()


def decode_cars(frame: bytes) -> tuple[float, float, NDArray[np.void]]:
    """Read a cars' frame back: service epoch seconds, rate, and the array of `CAR`.

    Raises
    ------
    ValueError
        If it is not a cars' frame, or not a whole one.
    """
    if len(frame) < HEADER.itemsize or frame[:4] != MAGIC:
        raise ValueError("not a frame of cars")
    header = np.frombuffer(frame, HEADER, 1)[0]
    if len(frame) != HEADER.itemsize + CAR.itemsize * int(header["count"]):
        raise ValueError("a frame of cars whose length is not that of its count")
    cars: NDArray[np.void] = np.frombuffer(frame, CAR, offset=HEADER.itemsize)
    return float(header["at"]), float(header["rate"]), cars


def gather_riders(lonlat: NDArray[np.float64]) -> list[tuple[float, float, int]]:
    """Waiting riders as the public may see them: few decimals, counted together.

    Parameters
    ----------
    lonlat
        Where riders wait, WGS 84 degrees, longitude first, shape ``(riders, 2)``.

    Returns
    -------
    list of (longitude, latitude, riders)
        Rounded to `RIDER_DECIMALS`, sorted by longitude and latitude: the order says nothing of
        who asked first.
    """
    if len(lonlat) == 0:
        return []
    scale = 10**RIDER_DECIMALS
    points, counts = np.unique(np.rint(lonlat * scale).astype(np.int64), axis=0, return_counts=True)
    return [
        (round(int(lon) / scale, RIDER_DECIMALS), round(int(lat) / scale, RIDER_DECIMALS), int(n))
        for (lon, lat), n in zip(points, counts, strict=True)
    ]


def queues(zones: Mapping[str, ZoneQueue]) -> tuple[ZoneQueue, ...]:
    """The zones with the longest queues, longest first and then by code; at most `ZONES_MAX`."""
    waiting = (zone for zone in zones.values() if zone.waiting > 0)
    return tuple(sorted(waiting, key=lambda zone: (-zone.waiting, zone.code))[:ZONES_MAX])


def encode_figures(figures: Figures, riders: Sequence[tuple[float, float, int]]) -> bytes:
    """Write the figures' frame.

    Parameters
    ----------
    figures
        The figures; the history at most `HISTORY_MAX` long and both its lists of one length.
    riders
        What `gather_riders` gave: raw positions must not come here.

    Returns
    -------
    bytes
        JSON in UTF-8 (RFC 8259); send it as a text frame.
    """
    drivers, history = figures.drivers, figures.history
    assert figures.now.tzinfo is not None, "service time is aware"
    assert drivers.on_shift == drivers.free + drivers.to_pickup + drivers.on_trip + drivers.other
    assert len(history.mean_wait_seconds) == len(history.open_trips) <= HISTORY_MAX
    assert len(figures.zones) <= ZONES_MAX
    assert all(round(x, RIDER_DECIMALS) == x for lon, lat, _ in riders for x in (lon, lat))
    now = figures.now.astimezone(UTC).isoformat(timespec="milliseconds")
    return orjson.dumps(
        {
            "type": "figures",
            "now": now.replace("+00:00", "Z"),
            "rate": figures.rate,
            "demonstration": figures.demonstration,
            "drivers": drivers,
            "trips": figures.trips,
            "waits": figures.waits,
            "offers": figures.offers,
            "round": figures.round,
            "history": history,
            "zones": figures.zones,
            "waiting": riders,
        }
    )
