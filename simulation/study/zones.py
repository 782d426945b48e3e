"""Zones of a study: parts of the streets of about one size, from the streets alone.

Owns the division that repositioning advice speaks of. Centres are chosen one after the other, each
the junction that is furthest by road from all before it (Gonzalez, "Clustering to minimize the
maximum intercluster distance", Theoretical Computer Science 38, 1985): no chance, no city's own
map, and no zone wider than twice the best.
"""

from dataclasses import dataclass

import numpy as np

from dispatch.matching.reposition import ZoneMap
from simulation.study.scenario import Whole
from simulation.study.travel import TravelTable

REACH_MS = 75_000
"""Every junction is within so much of its zone's centre, by road."""

ZONES_MAX = 400
NEIGHBOURS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyZones:
    """Zones of a study's streets.

    Attributes
    ----------
    centres
        int64, (zones,): the junction at the heart of each.
    zone_of
        int64, (nodes,): the zone whose centre is soonest reached from a junction.
    neighbours
        The drives between a zone and those next to it.
    """

    centres: Whole
    zone_of: Whole
    neighbours: ZoneMap

    @classmethod
    def of(cls, travel: TravelTable) -> "StudyZones":
        """Divide the streets."""
        times = travel.times
        # Both ways count: a one-way street must not make a neighbour look far or near.
        centres = [0]
        away = np.maximum(times[0], times[:, 0])
        while away.max() > REACH_MS and len(centres) < min(ZONES_MAX, len(times)):
            centres.append(int(away.argmax()))
            away = np.minimum(away, np.maximum(times[centres[-1]], times[:, centres[-1]]))
        found = np.array(centres, dtype=np.int64)
        zone_of = times[:, found].argmin(axis=1).astype(np.int64)
        return cls(centres=found, zone_of=zone_of, neighbours=_neighbours(travel, found))


def _neighbours(travel: TravelTable, centres: Whole) -> ZoneMap:
    """Arcs to and from each zone's nearest ones; together they connect all zones."""
    zones = len(centres)
    drives = travel.times[np.ix_(centres, centres)].astype(np.int64)
    linked = np.zeros((zones, zones), dtype=np.bool_)
    nearest = np.argsort(drives, axis=1, kind="stable")[:, 1 : NEIGHBOURS + 1]
    np.put_along_axis(linked, nearest, True, axis=1)
    linked |= linked.T
    # A ring by number keeps far parts connected, whatever the neighbours are.
    ring = np.arange(zones)
    linked[ring, (ring + 1) % zones] = True
    np.fill_diagonal(linked, False)
    tails, heads = np.nonzero(linked)
    return ZoneMap(
        zones=zones,
        tails=tails.astype(np.int64),
        heads=heads.astype(np.int64),
        drive_ms=drives[tails, heads],
    )
