"""Distances, bearings and a flat map of one city, over whole arrays.

Owns the arithmetic between degrees and metres. Refuses nothing: callers give finite degrees.
"""

from dataclasses import dataclass

import numpy as np

from foundation.measures import EARTH_RADIUS_METRES
from roads.network import FloatArray, LongArray


def distances_metres(a: FloatArray, b: FloatArray) -> FloatArray:
    """Great-circle distances between points, in metres (haversine, mean Earth radius).

    Parameters
    ----------
    a, b
        Degrees, (..., 2) as (longitude, latitude); shapes broadcast.
    """
    lon_a, lat_a = np.radians(a[..., 0]), np.radians(a[..., 1])
    lon_b, lat_b = np.radians(b[..., 0]), np.radians(b[..., 1])
    chord = np.sin((lat_b - lat_a) / 2) ** 2
    chord = chord + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    metres: FloatArray = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return metres


def bearings_degrees(a: FloatArray, b: FloatArray) -> FloatArray:
    """Direction from each point to the next, degrees clockwise from north, in [0, 360).

    Flat-Earth approximation: right to a fraction of a degree over the length of a street.
    """
    east = (b[..., 0] - a[..., 0]) * np.cos(np.radians((a[..., 1] + b[..., 1]) / 2))
    north = b[..., 1] - a[..., 1]
    bearings: FloatArray = np.degrees(np.arctan2(east, north)) % 360.0
    return bearings


def bearings_of_ends(
    coords: FloatArray, begins: LongArray, ends: LongArray
) -> tuple[FloatArray, FloatArray]:
    """Bearings of the first and the last piece of polylines, degrees, (lines,) each.

    Parameters
    ----------
    begins, ends
        Line ``i`` is ``coords[begins[i]:ends[i]]``.
    """
    leaving = bearings_degrees(coords[begins], coords[begins + 1])
    return leaving, bearings_degrees(coords[ends - 2], coords[ends - 1])


def turn_degrees(before: FloatArray, after: FloatArray) -> FloatArray:
    """Change of bearing, degrees in (-180, 180]: positive to the right, negative to the left."""
    change = (after - before) % 360.0
    signed: FloatArray = np.where(change > 180.0, change - 360.0, change)
    return signed


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatMap:
    """A plane in metres around one latitude: east is x, north is y.

    Lengths are true along the middle latitude and within half a per cent over a city of
    50 km; it serves to find what is nearest, not to state a distance.
    """

    middle_lat: float

    @classmethod
    def around(cls, coords: FloatArray) -> "FlatMap":
        """A plane for a set of points, (points, 2) in degrees."""
        return cls(middle_lat=float((coords[:, 1].min() + coords[:, 1].max()) / 2))

    @property
    def _scale(self) -> FloatArray:
        north = EARTH_RADIUS_METRES * np.pi / 180.0
        return np.array([north * np.cos(np.radians(self.middle_lat)), north])

    def flatten(self, coords: FloatArray) -> FloatArray:
        """Degrees to metres, (..., 2)."""
        flat: FloatArray = coords * self._scale
        return flat

    def unflatten(self, flat: FloatArray) -> FloatArray:
        """Metres back to degrees, (..., 2)."""
        coords: FloatArray = flat / self._scale
        return coords
