"""Zones of a study: parts of the streets of about one size, from the streets alone.

Owns the division that repositioning advice speaks of. Junctions are halved along the longer side of
their part until each part has its share, and the parts are rounded off as k-means does it (Lloyd,
"Least Squares Quantization in PCM", IEEE Transactions on Information Theory 28(2), 1982): no
chance, and no city's own map. Parts of very different sizes were measured to cost a tenth of what
advice brings.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.policy import Repositioning
from dispatch.matching.reposition import ZoneMap
from simulation.study.scenario import Requests, Streets, Whole
from simulation.study.travel import TravelTable

JUNCTIONS_A_ZONE = 28
ZONES_MAX = 400
NEIGHBOURS = 8
ROUNDINGS = 20


class Expecting(Protocol):
    """Says how many requests to expect; knows only what has been asked by now."""

    def expected(
        self, requests: Requests, *, asked: int, now_ms: int, rule: Repositioning
    ) -> NDArray[np.float64]:
        """Requests of each zone within the rule's horizon: (zones,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Division:
    """Streets in parts of about one size.

    Attributes
    ----------
    centres
        int64, (zones,): the junction at the heart of each.
    zone_of
        int64, (nodes,): the zone of each junction.
    """

    centres: Whole
    zone_of: Whole

    @classmethod
    def of(cls, streets: Streets, *, junctions: int = JUNCTIONS_A_ZONE) -> "Division":
        """Divide the streets into zones of about so many junctions, `ZONES_MAX` at most."""
        # A degree of longitude is shorter than one of latitude; a plane is near enough for zones.
        narrowing = math.cos(math.radians(float(streets.lonlat[:, 1].mean())))
        places = streets.lonlat * np.array([narrowing, 1.0])
        count = min(ZONES_MAX, max(1, round(len(places) / junctions)))
        parts = _halves(places, np.arange(len(places)), count)
        middles = np.array([places[part].mean(axis=0) for part in parts])
        for _ in range(ROUNDINGS):
            zone_of = _nearest(places, middles)
            middles = _means(places, zone_of, middles)
        return cls(centres=_nearest(middles, places), zone_of=_nearest(places, middles))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StudyZones:
    """Zones of a study's streets.

    Attributes
    ----------
    centres
        int64, (zones,): the junction at the heart of each.
    zone_of
        int64, (nodes,): the zone of each junction.
    neighbours
        The drives between a zone and those next to it.
    """

    centres: Whole
    zone_of: Whole
    neighbours: ZoneMap

    @classmethod
    def of(cls, streets: Streets, travel: TravelTable) -> "StudyZones":
        """Divide the streets."""
        parts = Division.of(streets)
        return cls(
            centres=parts.centres,
            zone_of=parts.zone_of,
            neighbours=_neighbours(travel, parts.centres),
        )

    def expected(
        self, requests: Requests, *, asked: int, now_ms: int, rule: Repositioning
    ) -> NDArray[np.float64]:
        """Requests of each zone within the horizon, as those of the memory's time were: (zones,).

        Only the first `asked` requests are known by now.
        """
        memory_ms = rule.memory_seconds * 1000
        first = np.searchsorted(requests.at_ms, now_ms - memory_ms, side="right")
        counted = np.bincount(
            self.zone_of[requests.origin[first:asked]], minlength=len(self.centres)
        )
        ahead = rule.horizon_seconds * 1000 / max(60_000, min(memory_ms, now_ms))
        return np.asarray(counted * ahead, dtype=np.float64)


def _halves(places: NDArray[np.float64], rows: Whole, parts: int) -> list[Whole]:
    """The rows in so many parts of nearly equal numbers, each as compact as cuts allow."""
    if parts == 1:
        return [rows]
    spread = places[rows].max(axis=0) - places[rows].min(axis=0)
    ordered = rows[np.argsort(places[rows, int(spread.argmax())], kind="stable")]
    cut = len(rows) * (parts // 2) // parts
    return [
        *_halves(places, ordered[:cut], parts // 2),
        *_halves(places, ordered[cut:], parts - parts // 2),
    ]


def _nearest(places: NDArray[np.float64], others: NDArray[np.float64]) -> Whole:
    """For each place the row of the nearest other; the first of equals."""
    apart = np.stack([((places - other) ** 2).sum(axis=1) for other in others], axis=1)
    return np.asarray(apart.argmin(axis=1), dtype=np.int64)


def _means(
    places: NDArray[np.float64], zone_of: Whole, middles: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The middle of each zone; one without a place keeps its own."""
    found = middles.copy()
    for zone in range(len(middles)):
        mine = zone_of == zone
        if mine.any():
            found[zone] = places[mine].mean(axis=0)
    return found


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
