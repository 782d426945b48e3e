"""Which pairs are worth a road time: each open trip's nearest fit drivers.

Owns the pruning. Hard limits come first, then the k nearest by straight line, where a driver who
is not free yet counts as further away by what a car covers meanwhile. The road engine is then
asked for these pairs only; the straight line never becomes a cost.

The index is a pyramid of grids: at each level the cells are twice as wide as at the level below.
A trip looks at the 5 x 5 cells around it, beginning with the finest, until it has k fit drivers
in the circle that surely lies within them. So it looks at a few times k drivers, however many
there are; only the sorting of drivers into cells grows with the fleet.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Columns, Whole, columns_of, crow_decimetres
from dispatch.matching.limits import CROW_METRES_PER_SECOND, broken_before_roads
from dispatch.matching.policy import Policy
from dispatch.matching.snapshot import Snapshot

CELL_DECIMETRES = 320
"""Width of the finest cells: about a short block."""

WINDOW = 2
"""Cells looked at on each side of a trip's own."""

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
        index = _Pyramid(drivers, columns.drivers.place[drivers])
        work = _Work(columns=columns, policy=policy, index=index)
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


@dataclass(frozen=True, slots=True)
class _Level:
    """Drivers sorted by cell, row of cells by row: any run of cells in a row is one slice."""

    width: int
    columns: int
    rows: int
    keys: Whole
    order: Whole


@dataclass(slots=True)
class _Pyramid:
    """Grids of cells over some drivers, each level made when it is first looked at."""

    drivers: Whole
    places: Whole
    levels: dict[int, _Level] = field(default_factory=dict)

    def level(self, number: int) -> _Level:
        if number not in self.levels:
            width = CELL_DECIMETRES << number
            cells = (self.places - self.places.min(axis=0)) // width
            columns, rows = (cells.max(axis=0) + 1).tolist()
            keys = cells[:, 1] * columns + cells[:, 0]
            order = np.argsort(keys, kind="stable")
            self.levels[number] = _Level(width, columns, rows, keys[order], order)
        return self.levels[number]

    def windows(self, number: int, places: Whole) -> tuple[Whole, Whole]:
        """Slices of a level's order that cover the cells around each place.

        Returns
        -------
        tuple of numpy.ndarray
            First and end of each slice, both (places, 2 * WINDOW + 1), one slice a row of cells.
        """
        level = self.level(number)
        cells = (places - self.places.min(axis=0)) // level.width
        rows = cells[:, 1, None] + np.arange(-WINDOW, WINDOW + 1)
        left = np.clip(cells[:, 0, None] - WINDOW, 0, level.columns)
        right = np.clip(cells[:, 0, None] + WINDOW + 1, 0, level.columns)
        outside = (rows < 0) | (rows >= level.rows)
        first = np.searchsorted(level.keys, rows * level.columns + left)
        end = np.searchsorted(level.keys, rows * level.columns + right)
        return first, np.where(outside, first, end)


@dataclass(slots=True, kw_only=True)
class _Work:
    """The search for one group's candidates, level by level."""

    columns: Columns
    policy: Policy
    index: _Pyramid
    looked_at: int = 0

    def nearest(self, trips: Whole) -> list[Whole]:
        """For each trip its nearest fit drivers, as arrays of pairs, (pairs, 2)."""
        wanted = self.policy.candidates_per_trip
        reach = self.policy.pickup_seconds_max * CROW_METRES_PER_SECOND * 10
        found: list[Whole] = []
        number = 0
        while len(trips):
            surely_within = WINDOW * (CELL_DECIMETRES << number)
            is_last = surely_within >= reach or len(self.index.drivers) <= wanted
            first, end = self._windows(number, trips, everybody=is_last)
            worth_looking = ((end - first).sum(axis=1) >= wanted) | is_last
            left = [trips[~worth_looking]]
            looking = np.flatnonzero(worth_looking)
            for part in _batches((end - first)[looking].sum(axis=1)):
                chosen = looking[part]
                pairs, complete = self._look(
                    number, trips[chosen], (first[chosen], end[chosen]),
                    within=None if is_last else surely_within,
                )  # fmt: skip
                found.append(pairs)
                left.append(trips[chosen][~complete])
            trips = np.concatenate(left)
            number += 1
        return found

    def _windows(self, number: int, trips: Whole, *, everybody: bool) -> tuple[Whole, Whole]:
        if everybody and len(self.index.drivers) <= self.policy.candidates_per_trip:
            # So few fit drivers that no index is worth its making.
            ones = np.ones((len(trips), 1), dtype=np.int64)
            return ones * 0, ones * len(self.index.drivers)
        return self.index.windows(number, self.columns.trips.pickup[trips])

    def _look(
        self, number: int, trips: Whole, slices: tuple[Whole, Whole], *, within: int | None
    ) -> tuple[Whole, NDArray[np.bool_]]:
        """The nearest fit drivers within slices, and which trips have theirs for certain.

        A trip is complete when `candidates_per_trip` fit drivers lie `within` decimetres, where
        nobody is overlooked; with None it is complete with whoever is there.
        """
        first, end = slices
        places = _ranges(first.reshape(-1), end.reshape(-1))
        asker = np.repeat(np.arange(len(trips)), (end - first).sum(axis=1))
        drivers = self.index.drivers[self.index.level(number).order[places]]
        self.looked_at += len(drivers)
        away = nearness(self.columns, trips=trips[asker], drivers=drivers)
        if within is not None:
            near = away <= within
            asker, drivers, away = asker[near], drivers[near], away[near]
        broken = broken_before_roads(self.columns, self.policy, trips=trips[asker], drivers=drivers)
        fit = broken == 0
        asker, drivers, away = asker[fit], drivers[fit], away[fit]
        wanted = self.policy.candidates_per_trip
        found = np.bincount(asker, minlength=len(trips))
        complete = np.full(len(trips), within is None) | (found >= wanted)
        keep = complete[asker]
        asker, drivers, away = asker[keep], drivers[keep], away[keep]
        order = np.lexsort((drivers, away, asker))
        asker, drivers = asker[order], drivers[order]
        rank = np.arange(len(asker)) - np.searchsorted(asker, asker)
        nearest = rank < wanted
        pairs = np.stack([trips[asker[nearest]], drivers[nearest]], axis=1)
        return pairs, complete


def nearness(columns: Columns, *, trips: Whole, drivers: Whole) -> Whole:
    """By what candidates are ranked: decimetres, int64, (pairs,); never below the straight line."""
    crow = crow_decimetres(columns.trips.pickup[trips], columns.drivers.place[drivers])
    busy = columns.drivers.free_in_ms[drivers] * BUSY_METRES_PER_SECOND // 100
    return np.asarray(crow + busy, dtype=np.int64)


def _ranges(first: Whole, end: Whole) -> Whole:
    """All whole numbers of all the ranges, one range after the other."""
    lengths = end - first
    total = int(lengths.sum())
    starts = np.repeat(first - (np.cumsum(lengths) - lengths), lengths)
    return np.asarray(np.arange(total) + starts, dtype=np.int64)


def _batches(sizes: Whole) -> list[Whole]:
    """Index arrays that each hold about `GATHERED_MAX` pairs, and at least one trip."""
    if not len(sizes):
        return []
    batch = np.cumsum(sizes) // GATHERED_MAX
    return np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(batch)) + 1)
