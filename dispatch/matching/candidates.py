"""Which pairs are worth a road time: each open trip's nearest fit drivers.

Owns the pruning. Hard limits come first, then the k nearest by straight line, where a driver who
is not free yet counts as further away by what a car covers meanwhile. The road engine is then
asked for these pairs only; the straight line never becomes a cost.

The index is a pyramid of grids: at each level the cells are twice as wide as at the level below.
A trip looks at the 5 x 5 cells around it, beginning with the finest, until it has k drivers
in the circle that surely lies within them. So it looks at a few times k drivers, however many
there are; only the sorting of drivers into cells, once for all levels, grows with the fleet.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Columns, Whole, columns_of, crow_decimetres
from dispatch.matching.limits import CROW_METRES_PER_SECOND, broken_before_roads
from dispatch.matching.policy import Policy
from dispatch.matching.snapshot import Snapshot

CELL_DECIMETRES = 320
"""Width of the finest cells: about a short block."""

CELLS_MAX = (1 << 24) - 1
"""The highest column and row of a cell."""

BUSY_METRES_PER_SECOND = 7
"""What a car covers along the straight line in a city (25 km/h), for drivers not free yet."""

GATHERED_MAX = 1_000_000
"""Pairs looked at in one batch, to bound memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Candidate pairs, and how many drivers were looked at to find them."""

    pairs: NDArray[np.int32]
    looked_at: int


def candidate_pairs(snapshot: Snapshot) -> NDArray[np.int32]:
    """The pairs that deserve a road time.

    Returns
    -------
    numpy.ndarray
        int32, (pairs, 2): index of the trip and of the driver in the snapshot, in ascending
        order. Each trip has its `candidates_per_trip` nearest fit drivers, or all there are
        within reach; equally near drivers go by identifier.
    """
    return search(columns_of(snapshot), snapshot.policy).pairs


def search(columns: Columns, policy: Policy) -> Search:
    """As `candidate_pairs`, from arrays alone, telling the work done."""
    found: list[NDArray[np.int64]] = []
    looked_at = 0
    for trips, drivers in _groups(columns):
        work = _Work(columns=columns, policy=policy, index=_Index.of(columns, drivers))
        found += work.nearest(trips)
        looked_at += work.looked_at
    if not found:
        return Search(pairs=np.zeros((0, 2), dtype=np.int32), looked_at=looked_at)
    pairs = np.concatenate(found)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return Search(pairs=pairs.astype(np.int32), looked_at=looked_at)


def _groups(columns: Columns) -> list[tuple[Whole, Whole]]:
    """Trips that ask the same of a vehicle, with the drivers who have it; an index for each.

    Without it a trip with a rare need would look at the whole fleet for its few fit drivers.
    """
    trips, drivers = columns.trips, columns.drivers
    asked = np.stack([trips.vehicle_class, trips.needs, trips.seats], axis=1)
    groups: dict[bytes, tuple[list[Whole], Whole]] = {}
    kinds, kind_of = np.unique(asked, axis=0, return_inverse=True)
    for number, (vehicle_class, needs, seats) in enumerate(kinds):
        fit = (
            (drivers.vehicle_class == vehicle_class)
            & (drivers.equipment & needs == needs)
            & (drivers.seats >= seats)
        )
        members, _ = groups.setdefault(np.packbits(fit).tobytes(), ([], np.flatnonzero(fit)))
        members.append(np.flatnonzero(kind_of.reshape(-1) == number))
    return [(np.sort(np.concatenate(members)), fit) for members, fit in groups.values() if len(fit)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    """Some drivers in the order of their cells on Morton's curve.

    Fields as `kernels.nearest` takes them.
    """

    keys: Whole
    drivers: Whole
    places: Whole
    busy: Whole
    cells_max: Whole
    corner: Whole

    @classmethod
    def of(cls, columns: Columns, drivers: Whole) -> "_Index":
        """The index of these drivers, of whom there is at least one."""
        from dispatch.matching import kernels

        places = columns.drivers.place[drivers]
        corner = places.min(axis=0)
        cells = (places - corner) // CELL_DECIMETRES
        # Nobody is so far from everybody else but by mistake; they share the last cell.
        cells = np.minimum(cells, CELLS_MAX)
        # One form of each argument: the compiler makes a new version for every other one.
        keys = kernels.morton_keys(*(np.ascontiguousarray(cells[:, side]) for side in (0, 1)))
        order = np.argsort(keys, kind="stable")
        return cls(
            keys=keys[order],
            drivers=drivers[order],
            places=places[order],
            busy=_behind(columns.drivers.free_in_ms[drivers[order]]),
            cells_max=cells.max(axis=0),
            corner=corner,
        )

    def nearest(self, pickups: Whole, wanted: int, *, reach: int) -> tuple[Whole, Whole, int]:
        """See `kernels.nearest`; the last number is how many drivers were looked at."""
        from dispatch.matching import kernels

        found, counts, looked_at = kernels.nearest(
            self.keys,
            self.drivers,
            self.places,
            self.busy,
            self.cells_max,
            self.corner,
            np.ascontiguousarray(pickups),
            wanted,
            CELL_DECIMETRES,
            reach,
        )
        return found, counts, int(looked_at.sum())


@dataclass(slots=True, kw_only=True)
class _Work:
    """The search for one group's candidates."""

    columns: Columns
    policy: Policy
    index: _Index
    looked_at: int = 0

    def nearest(self, trips: Whole) -> list[Whole]:
        """For each trip its nearest fit drivers, as arrays of pairs, (pairs, 2).

        A few more than wanted are looked at; only where too many of them are not fit, more.
        """
        found: list[Whole] = []
        everybody = len(self.index.drivers)
        wanted = self.policy.candidates_per_trip
        asked = min(everybody, wanted + wanted // 4 + 1)
        while len(trips):
            left: list[Whole] = []
            size = max(1, GATHERED_MAX // asked)
            for begin in range(0, len(trips), size):
                pairs, complete = self._look(trips[begin : begin + size], asked)
                found.append(pairs)
                left.append(trips[begin : begin + size][~complete])
            trips = np.concatenate(left)
            asked = min(everybody, 4 * asked)
        return found

    def _look(self, trips: Whole, asked: int) -> tuple[Whole, NDArray[np.bool_]]:
        """The nearest fit drivers among the `asked` nearest, and which trips have theirs.

        A trip is complete when it has `candidates_per_trip`, or when nobody else is in reach.
        """
        reach = self.policy.pickup_seconds_max * CROW_METRES_PER_SECOND * 10
        rows, counts, looked_at = self.index.nearest(
            self.columns.trips.pickup[trips], asked, reach=reach
        )
        self.looked_at += looked_at
        there = np.arange(asked) < counts[:, None]
        asker, drivers = np.nonzero(there)[0], rows[there]
        fit = (
            broken_before_roads(self.columns, self.policy, trips=trips[asker], drivers=drivers) == 0
        )
        asker, drivers = asker[fit], drivers[fit]
        wanted = self.policy.candidates_per_trip
        found = np.bincount(asker, minlength=len(trips))
        complete = (found >= wanted) | (counts < asked) | (asked >= len(self.index.drivers))
        rank = np.arange(len(asker)) - (np.cumsum(found) - found)[asker]
        kept = (rank < wanted) & complete[asker]
        return np.stack([trips[asker[kept]], drivers[kept]], axis=1), complete


def nearness(columns: Columns, *, trips: Whole, drivers: Whole) -> Whole:
    """By what candidates are ranked: decimetres, int64, (pairs,); never below the straight line."""
    crow = crow_decimetres(columns.trips.pickup[trips], columns.drivers.place[drivers])
    return np.asarray(crow + _behind(columns.drivers.free_in_ms[drivers]), dtype=np.int64)


def _behind(free_in_ms: Whole) -> Whole:
    """How much further away busy drivers count: decimetres, (drivers,)."""
    return np.asarray(free_in_ms * BUSY_METRES_PER_SECOND // 100, dtype=np.int64)
