"""Snapping: from a point on the ground to the places on the streets it may stand for.

Owns the nearest-street index. Refuses only what is no place at all; how far is too far, the
caller decides from the distance told.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from foundation.measures import PointNotOnEarth
from roads.measure import FlatMap, distances_metres
from roads.network import FloatArray, IntArray, LongArray, RoadNetwork

AS_NEAR_WITHIN_METRES = 0.5
"""Streets farther than the nearest by no more than this count as just as near: at a junction a
point belongs to all the streets that meet there, or a car that stands on it would seem to have
to drive the one the index happened to name."""

NO_ARCS: IntArray = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Snaps:
    """Points, and for each the places on the streets it may stand for.

    Parameters
    ----------
    points
        As given, degrees, (n, 2).
    metres
        From each point to the nearest street, (n,); 0 from an engine without streets.
    offsets
        Candidates of point ``i`` are entries ``offsets[i]:offsets[i + 1]``, int64 (n + 1,).
    arcs, fractions
        The arc of each candidate and how far along it, 0 at its tail to 1 at its head. A two-way
        street gives two candidates, one in each direction.
    """

    points: FloatArray
    metres: FloatArray
    offsets: LongArray
    arcs: IntArray
    fractions: FloatArray

    def __len__(self) -> int:
        return len(self.points)

    @property
    def candidate_counts(self) -> LongArray:
        """How many candidates each point has, (n,)."""
        counts: LongArray = np.diff(self.offsets)
        return counts

    def take(self, indices: LongArray | IntArray) -> "Snaps":
        """The snaps of some of the points, in the order asked for."""
        counts = self.candidate_counts[indices]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        rows = np.arange(offsets[-1]) + np.repeat(self.offsets[indices] - offsets[:-1], counts)
        return Snaps(
            points=self.points[indices],
            metres=self.metres[indices],
            offsets=offsets,
            arcs=self.arcs[rows],
            fractions=self.fractions[rows],
        )


def checked_points(points: FloatArray) -> FloatArray:
    """The points as float64 (n, 2).

    Raises
    ------
    PointNotOnEarth
        If one is not finite or out of range.
    """
    lonlat = np.asarray(points, np.float64)
    if lonlat.size == 0:
        lonlat = lonlat.reshape(0, 2)
    assert lonlat.shape == (len(lonlat), 2), lonlat.shape
    if not np.isfinite(lonlat).all():
        raise PointNotOnEarth("a coordinate is not a finite number")
    if (np.abs(lonlat) > (180.0, 90.0)).any():
        raise PointNotOnEarth("a coordinate is out of range")
    return lonlat


def snaps_without_streets(points: FloatArray) -> Snaps:
    """Points that stand for themselves, for an engine that knows no streets."""
    lonlat = checked_points(points)
    return Snaps(
        points=lonlat,
        metres=np.zeros(len(lonlat)),
        offsets=np.zeros(len(lonlat) + 1, np.int64),
        arcs=NO_ARCS,
        fractions=np.empty(0),
    )


class Snapper:
    """The nearest-street index of one network; may be used by many threads."""

    def __init__(self, network: RoadNetwork) -> None:
        self._reverse = network.reverse_arc
        arcs = np.arange(network.arc_count, dtype=np.int32)
        # A two-way street stands in the index once, for both of its directions.
        self._street_arcs = arcs[(self._reverse < 0) | (arcs < self._reverse)]
        self.flat_map = FlatMap.around(network.coords)
        self._lines = _lines(
            self.flat_map.flatten(network.coords), network.offsets, self._street_arcs
        )
        self._tree = shapely.STRtree(self._lines)

    def snap(self, points: FloatArray) -> Snaps:
        """Snap points, (n, 2) in degrees; see `Snaps`.

        Raises
        ------
        PointNotOnEarth
            If a coordinate is not finite or out of range.
        """
        lonlat = checked_points(points)
        if len(lonlat) == 0:
            return snaps_without_streets(lonlat)
        spots = shapely.points(self.flat_map.flatten(lonlat))
        (_, street), nearest = self._tree.query_nearest(
            spots, all_matches=False, return_distance=True
        )
        which, near = self._tree.query(
            spots, predicate="dwithin", distance=nearest + AS_NEAR_WITHIN_METRES
        )
        # The nearest itself once more: rounding may have left it just outside its own distance.
        which = np.concatenate([which, np.arange(len(lonlat))])
        near = np.concatenate([near, street])
        which, near = np.unique(np.stack([which, near]), axis=1)
        fractions = shapely.line_locate_point(self._lines[near], spots[which], normalized=True)
        # A line of no length has no fractions; all of it is where it begins.
        fractions = np.clip(np.nan_to_num(fractions), 0.0, 1.0)

        foot = shapely.line_interpolate_point(
            self._lines[street], shapely.line_locate_point(self._lines[street], spots)
        )
        return self._with_both_directions(
            lonlat,
            distances_metres(lonlat, self.flat_map.unflatten(shapely.get_coordinates(foot))),
            which=which,
            arcs=self._street_arcs[near],
            fractions=fractions,
        )

    def _with_both_directions(
        self,
        lonlat: FloatArray,
        metres: FloatArray,
        *,
        which: LongArray,
        arcs: IntArray,
        fractions: FloatArray,
    ) -> Snaps:
        back = self._reverse[arcs]
        two_way = back >= 0
        which = np.concatenate([which, which[two_way]])
        order = np.argsort(which, kind="stable")
        return Snaps(
            points=lonlat,
            metres=metres,
            offsets=np.searchsorted(which[order], np.arange(len(lonlat) + 1)).astype(np.int64),
            arcs=np.concatenate([arcs, back[two_way]])[order],
            fractions=np.concatenate([fractions, 1.0 - fractions[two_way]])[order],
        )


def _lines(flat: FloatArray, offsets: LongArray, arcs: IntArray) -> npt.NDArray[np.object_]:
    sizes = np.diff(offsets)[arcs]
    ends = np.cumsum(sizes)
    points = np.arange(ends[-1]) + np.repeat(offsets[arcs] - (ends - sizes), sizes)
    lines: npt.NDArray[np.object_] = shapely.linestrings(
        flat[points], indices=np.repeat(np.arange(len(arcs)), sizes)
    )
    return lines
