"""Waiting zones: parts of the streets of about one size, from the streets alone.

Owns the division that repositioning speaks of, in the live service and in studies. Junctions are
halved along the longer side of their part until each part has its share, and the parts are rounded
off as k-means does it (Lloyd, "Least Squares Quantization in PCM", IEEE Transactions on Information
Theory 28(2), 1982): no chance, and no city's own map. Parts of very different sizes were measured to
cost a tenth of what advice brings.

A place belongs to the zone whose middle is nearest, so that anybody who knows the middles can tell.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Whole
from dispatch.matching.reposition import ZoneMap

JUNCTIONS_A_ZONE = 28
ZONES_MAX = 400
NEIGHBOURS = 8
ROUNDINGS = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Division:
    """Streets divided into zones.

    Attributes
    ----------
    centres
        int64, (zones,): the junction at the heart of each.
    zone_of
        int64, (junctions,): the zone of each junction.
    middles
        float64, (zones, 2): degrees of longitude and latitude; nearest decides.
    narrowing
        How much shorter a degree of longitude is there than one of latitude.
    """

    centres: Whole
    zone_of: Whole
    middles: NDArray[np.float64]
    narrowing: float

    def __len__(self) -> int:
        return len(self.centres)

    @classmethod
    def of(cls, lonlat: NDArray[np.float64], *, junctions: int = JUNCTIONS_A_ZONE) -> "Division":
        """Divide junctions, at least one, (n, 2) in degrees, into zones of about so many of them,
        `ZONES_MAX` at most."""
        # A degree of longitude is shorter than one of latitude; a plane is near enough for zones.
        narrowing = math.cos(math.radians(float(lonlat[:, 1].mean())))
        scale = np.array([narrowing, 1.0])
        places = lonlat * scale
        count = min(ZONES_MAX, max(1, round(len(places) / junctions)))
        parts = _halves(places, np.arange(len(places)), count)
        middles = np.array([places[part].mean(axis=0) for part in parts])
        for _ in range(ROUNDINGS):
            middles = _means(places, _nearest(places, middles), middles)
        told = middles / scale
        return cls(
            centres=_nearest(middles, places),
            # By the middles as they are told, so that even a dead heat is the same for everybody.
            zone_of=_nearest(places, told * scale),
            middles=told,
            narrowing=narrowing,
        )

    def zones_at(self, lonlat: NDArray[np.float64]) -> Whole:
        """The zone of each place, (places, 2) in degrees; of equally near ones the first."""
        scale = np.array([self.narrowing, 1.0])
        return _nearest(lonlat * scale, self.middles * scale)

    def zone_at(self, lon: float, lat: float) -> int:
        """The zone of one place, as `zones_at` says, without a look at each zone by itself."""
        scale = np.array([self.narrowing, 1.0])
        apart = ((np.array([lon, lat]) * scale - self.middles * scale) ** 2).sum(axis=1)
        return int(apart.argmin())


def neighbours_by(drives: Whole) -> ZoneMap:
    """Arcs to and from each zone's nearest ones; together they connect all zones.

    Parameters
    ----------
    drives
        int64, (zones, zones): milliseconds from the heart of the row's zone to the column's.
    """
    zones = len(drives)
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
    found = np.zeros(len(places), dtype=np.int64)
    least = np.full(len(places), np.inf)
    for row, other in enumerate(others):
        apart = ((places - other) ** 2).sum(axis=1)
        nearer = apart < least
        found[nearer], least[nearer] = row, apart[nearer]
    return found


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
