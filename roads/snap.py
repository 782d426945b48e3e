"""Snapping: from a point on the ground to the places on the streets it may stand for.

Owns the nearest-street index. Refuses only what is no place at all; how far is too far, the
caller decides from the distance told.
"""

from dataclasses import dataclass

import numpy as np

from foundation.measures import PointNotOnEarth
from roads.measure import FlatMap, distances_metres
from roads.network import FloatArray, IntArray, LongArray, RoadNetwork

AS_NEAR_WITHIN_METRES = 0.5
"""Streets farther than the nearest by no more than this count as just as near: at a junction a
point belongs to all the streets that meet there, or a car that stands on it would seem to have
to drive the one the index happened to name."""

CELL_METRES_MIN = 20.0
"""Of the grid over the streets."""

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
        self._pieces = _Pieces.of(
            self.flat_map.flatten(network.coords), network.offsets, self._street_arcs
        )
        self.snap(network.coords[:1])  # compiles now rather than under a rider's request

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
        pieces = self._pieces
        spots = self.flat_map.flatten(lonlat)
        nearest, which, found, along = pieces.snap(spots, AS_NEAR_WITHIN_METRES)
        order = np.lexsort((pieces.street[found], which))
        found = found[order]
        return self._with_both_directions(
            lonlat,
            distances_metres(lonlat, self.flat_map.unflatten(pieces.foot(spots, nearest))),
            which=which[order],
            arcs=self._street_arcs[pieces.street[found]],
            fractions=pieces.fractions(found, along[order]),
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pieces:
    """The streets in straight pieces, with a grid over them.

    Parameters
    ----------
    ends
        Metres, (pieces, 4): x and y of where each begins and where it ends.
    street, before, whole
        Of each piece: its street; metres of the street before it; metres of the street.
    first, members, corner, width, shape
        The grid, as `snap_kernel.grid` has it.
    """

    ends: FloatArray
    street: LongArray
    before: FloatArray
    whole: FloatArray
    first: LongArray
    members: LongArray
    corner: FloatArray
    width: float
    shape: LongArray

    @classmethod
    def of(cls, flat: FloatArray, offsets: LongArray, arcs: IntArray) -> "_Pieces":
        """The pieces of these arcs; ``flat`` are the network's coordinates in metres."""
        from roads import snap_kernel

        counts = np.diff(offsets)[arcs] - 1
        street = np.repeat(np.arange(len(arcs)), counts)
        firsts = np.cumsum(counts) - counts
        begins = np.arange(len(street)) + np.repeat(offsets[arcs] - firsts, counts)
        ends = np.concatenate([flat[begins], flat[begins + 1]], axis=1)
        lengths = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
        total = np.cumsum(lengths)
        before = total - lengths
        before -= np.repeat(before[firsts], counts)
        corner, far = flat.min(axis=0), flat.max(axis=0)
        width = max(CELL_METRES_MIN, float(np.sqrt(np.prod(far - corner) / len(street))))
        # A long and narrow town would have more cells than streets.
        width = max(width, float((far - corner).max()) / len(street))
        shape = np.floor((far - corner) / width).astype(np.int64) + 1
        first, members = snap_kernel.grid(ends, corner, width, shape)
        return cls(
            ends=ends,
            street=street,
            before=before,
            whole=np.repeat(np.add.reduceat(lengths, firsts), counts),
            first=first,
            members=members,
            corner=corner,
            width=width,
            shape=shape,
        )

    def snap(
        self, spots: FloatArray, slack: float
    ) -> tuple[LongArray, LongArray, LongArray, FloatArray]:
        """See `snap_kernel.snap`."""
        from roads import snap_kernel

        return snap_kernel.snap(
            spots,
            self.ends,
            self.street,
            self.first,
            self.members,
            self.corner,
            self.width,
            self.shape,
            slack,
        )

    def foot(self, spots: FloatArray, piece: LongArray) -> FloatArray:
        """The point of a piece that is nearest to each spot, metres, (spots, 2)."""
        begin, way = self.ends[piece, :2], self.ends[piece, 2:] - self.ends[piece, :2]
        squared = (way**2).sum(axis=1)
        along = ((spots - begin) * way).sum(axis=1) / np.where(squared > 0, squared, 1.0)
        foot: FloatArray = begin + np.clip(along, 0.0, 1.0)[:, None] * way
        return foot

    def fractions(self, piece: LongArray, along: FloatArray) -> FloatArray:
        """How far along its street a place on a piece is, 0 to 1."""
        ends = self.ends[piece]
        length = np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])
        whole = self.whole[piece]
        # A line of no length has no fractions; all of it is where it begins.
        share = (self.before[piece] + along * length) / np.where(whole > 0, whole, 1.0)
        fractions: FloatArray = np.clip(share, 0.0, 1.0)
        return fractions
