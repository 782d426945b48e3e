"""Places on the ground, and how far apart they are.

Coordinates are longitude first, then latitude, WGS 84, everywhere but on a command line where a
person pastes them.
"""

import math
from dataclasses import dataclass

from foundation.errors import Invalid

EARTH_RADIUS_METRES = 6_371_008.8
"""Mean radius R1 of the WGS 84 ellipsoid (Moritz 2000, Geodetic Reference System 1980)."""


class PointNotOnEarth(Invalid):
    """A coordinate is not a finite number within range, or is the (0, 0) of a lost decimal."""

    code = "point_not_on_earth"

    def __init__(self, reason: str) -> None:
        super().__init__(f"That is not a place: {reason}.", reason=reason)


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the ground: longitude, then latitude, in degrees (WGS 84)."""

    lon: float
    lat: float

    def __post_init__(self) -> None:
        for name, value, limit in (("longitude", self.lon, 180.0), ("latitude", self.lat, 90.0)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise PointNotOnEarth(f"{name} must be a number")
            if isinstance(value, float) and not math.isfinite(value):
                raise PointNotOnEarth(f"{name} must be finite")
            if not -limit <= value <= limit:
                raise PointNotOnEarth(f"{name} {value} is outside -{limit:g} to {limit:g}")
        if self.lon == 0 and self.lat == 0:
            # A phone that lost its decimals sends (0, 0); no city lies there.
            raise PointNotOnEarth("(0, 0) is in the sea off Africa")


def distance_metres(a: Point, b: Point) -> float:
    """Great-circle distance in metres (haversine formula, mean Earth radius)."""
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(b.lon - a.lon) / 2)
    chord = half_lat * half_lat + math.cos(lat_a) * math.cos(lat_b) * half_lon * half_lon
    return 2 * EARTH_RADIUS_METRES * math.asin(min(1.0, math.sqrt(chord)))
