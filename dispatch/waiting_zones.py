"""The waiting zones of a city: the pure division, on its streets, with names that people know."""

from dataclasses import dataclass

import numpy as np

from dispatch.matching.columns import Whole
from dispatch.matching.reposition import ZoneMap
from dispatch.matching.zones import Division, neighbours_by
from foundation.measures import Point
from roads.engine import RoadEngine
from roads.network import FloatArray, RoadNetwork
from roads.pack import CityPack
from roads.snap import Snaps


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaitingZones:
    """Where repositioning counts requests and cars.

    Attributes
    ----------
    division
        Which place is in which zone.
    zone_map
        The drives between neighbours, by road.
    hearts
        A junction in the middle of each zone: where to drive to.
    names
        The streets that meet there, and the city's own zone.
    snaps
        The hearts on the streets.
    """

    division: Division
    zone_map: ZoneMap
    hearts: tuple[Point, ...]
    names: tuple[str, ...]
    snaps: Snaps

    def __len__(self) -> int:
        return len(self.hearts)

    @classmethod
    def of(cls, pack: CityPack, roads: RoadEngine) -> "WaitingZones":
        """Divide the part of the streets that the city serves; some seconds of a large city."""
        network = pack.network
        junctions = np.stack([network.node_lon, network.node_lat], axis=1)
        served = np.flatnonzero(pack.contains_each(junctions))
        rows = served if len(served) else np.arange(len(junctions))
        division = Division.of(junctions[rows])
        nodes = rows[division.centres]
        snaps = roads.snap(junctions[nodes])
        hearts = tuple(Point(lon, lat) for lon, lat in junctions[nodes].tolist())
        return cls(
            division=division,
            zone_map=neighbours_by(roads.times(snaps, snaps).astype(np.int64)),
            hearts=hearts,
            names=tuple(
                _name(pack, corner, heart)
                for corner, heart in zip(_corners(network, nodes), hearts, strict=True)
            ),
            snaps=snaps,
        )

    def at(self, place: Point) -> int:
        """The zone of a place."""
        return self.division.zone_at(place.lon, place.lat)

    def each_at(self, places: FloatArray) -> Whole:
        """The zones of places, (n, 2) in degrees."""
        return self.division.zones_at(places)


def _corners(network: RoadNetwork, nodes: Whole) -> list[str]:
    """The streets that meet at each junction, as many as two; empty where none has a name."""
    found = []
    for node in nodes.tolist():
        meeting = np.flatnonzero((network.arc_tail == node) | (network.arc_head == node))
        names = sorted({network.arc_street(arc) for arc in meeting.tolist()} - {""})
        found.append(" / ".join(names[:2]))
    return found


def _name(pack: CityPack, corner: str, heart: Point) -> str:
    code = pack.zone_of(heart)
    within = "" if code is None else pack.zones.name_of(code)
    return f"{corner}, {within}" if corner and within else corner or within or "the middle"
