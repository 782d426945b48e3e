"""Zones: which named part of the city a point lies in.

Owns looking up. Making a city's zones is the pack builder's work. Refuses a file whose zones
have no shape, no code, or the same code twice.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from foundation.measures import Point
from roads.errors import ZonesUnreadable
from roads.network import FloatArray, IntArray
from roads.pack_fields import polygon_of
from roads.snap import checked_points

NO_ZONE = -1
"""Index of the zone of a point that lies in none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One zone: a stable code, a name for people, a shape in degrees."""

    code: str
    name: str
    shape: BaseGeometry


class Zones:
    """The zones of a city, sorted by code; may be used by many threads.

    A point on the border of several zones lies in the one whose code comes first, so that no
    trip is ever priced for two zones. Codes compare as numbers where all are, else as text.
    """

    def __init__(self, zones: tuple[Zone, ...]) -> None:
        are_numbers = all(z.code.isascii() and z.code.isdigit() for z in zones)
        self._zones = tuple(
            sorted(zones, key=lambda z: (int(z.code) if are_numbers else 0, z.code))
        )
        self._index = {zone.code: i for i, zone in enumerate(self._zones)}
        assert len(self._index) == len(zones), "a code is there twice"
        self._tree = shapely.STRtree([zone.shape for zone in self._zones])

    @classmethod
    def from_geojson(cls, document: Any) -> "Zones":
        """Zones from a FeatureCollection of polygons with the properties ``code`` and ``name``.

        Raises
        ------
        ZonesUnreadable
            Says which feature (counted from 1) and why.
        """
        is_collection = isinstance(document, dict) and document.get("type") == "FeatureCollection"
        features = document.get("features") if is_collection else None
        if not isinstance(features, list):
            raise ZonesUnreadable("the document is not a FeatureCollection")
        zones: dict[str, Zone] = {}
        for number, feature in enumerate(features, start=1):
            zone = _zone(number, feature)
            if zone.code in zones:
                raise ZonesUnreadable(f"feature {number}: the code {zone.code!r} is there twice")
            zones[zone.code] = zone
        return cls(tuple(zones.values()))

    def __len__(self) -> int:
        return len(self._zones)

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, in order."""
        return tuple(zone.code for zone in self._zones)

    @property
    def zones(self) -> tuple[Zone, ...]:
        """All zones, in order of their codes."""
        return self._zones

    def name_of(self, code: str) -> str:
        """Name of a zone whose code is known to exist."""
        return self._zones[self._index[code]].name

    def zone_of(self, point: Point) -> str | None:
        """Code of the zone a point lies in, `None` outside all of them."""
        index = int(self.indices_of(np.array([[point.lon, point.lat]]))[0])
        return None if index == NO_ZONE else self._zones[index].code

    def indices_of(self, points: FloatArray) -> IntArray:
        """Index into `codes` of each point's zone, `NO_ZONE` outside, int32 (n,).

        Raises
        ------
        PointNotOnEarth
            If a coordinate is not finite or out of range.
        """
        lonlat = checked_points(points)
        spots: npt.NDArray[np.object_] = shapely.points(lonlat)
        found = np.full(len(lonlat), len(self._zones), np.int32)
        which, zone = self._tree.query(spots, predicate="intersects")
        np.minimum.at(found, which, zone.astype(np.int32))
        found[found == len(self._zones)] = NO_ZONE
        return found


def _zone(number: int, feature: Any) -> Zone:
    def refuse(reason: str) -> ZonesUnreadable:
        return ZonesUnreadable(f"feature {number}: {reason}")

    if not isinstance(feature, dict) or not isinstance(feature.get("properties"), dict):
        raise refuse("it has no properties")
    code, name = (feature["properties"].get(key) for key in ("code", "name"))
    if not isinstance(code, str) or not code.strip():
        raise refuse("the property 'code' is not a text")
    if not isinstance(name, str) or not name.strip():
        raise refuse("the property 'name' is not a text")
    try:
        shape = polygon_of(feature.get("geometry"))
    except ValueError as wrong:
        raise refuse(f"its geometry {wrong}") from wrong
    return Zone(code=code, name=name, shape=shape)
