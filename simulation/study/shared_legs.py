"""What cars that share rides drove, leg by leg, and what that comes to.

Owns the only record of their ways: who boarded and left when does not tell by which turns a car came
there, for whoever joins a run may turn a car that is under way. Each leg is driven along the quickest
way, without a pause, with the same riders aboard.
"""

from dataclasses import dataclass

import numpy as np

from simulation.study.figures import Driven
from simulation.study.scenario import Whole
from simulation.study.travel import TravelTable

CAR, BEGIN, BEGIN_MS, END, END_MS, LEG_ABOARD = range(6)
"""Columns of a row of legs: the car, the junctions and instants between which it drove, and the
seats taken meanwhile."""

_ROOM = 4096


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SharedLegs:
    """Drives with and without riders, each from a junction to another along the quickest way.

    Attributes
    ----------
    rows
        int64, (legs, 6): `CAR` to `LEG_ABOARD`, in the order in which they ended.
    """

    rows: Whole

    def driven(self, travel: TravelTable, vehicles: int) -> Driven:
        """What each car drove."""
        rows = self.rows
        decimetres = travel.decimetres_of(rows[:, BEGIN].copy(), rows[:, END].copy())
        took_ms = rows[:, END_MS] - rows[:, BEGIN_MS]
        empty = rows[:, LEG_ABOARD] == 0
        return Driven(
            decimetres=_sums(rows[:, CAR], decimetres, vehicles),
            empty_decimetres=_sums(rows[empty, CAR], decimetres[empty], vehicles),
            empty_ms=_sums(rows[empty, CAR], took_ms[empty], vehicles),
            paid_ms=_sums(rows[~empty, CAR], took_ms[~empty], vehicles),
        )


class LegBook:
    """Legs as they come, in a table that grows.

    Attributes
    ----------
    used
        int64, (1,): how many rows are written.
    """

    def __init__(self) -> None:
        self._rows = np.zeros((_ROOM, 6), np.int64)
        self.used = np.zeros(1, np.int64)

    def room(self, legs: int) -> Whole:
        """The table, with at least so many rows still free."""
        while len(self._rows) < int(self.used[0]) + legs:
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        return self._rows

    def legs(self) -> SharedLegs:
        """All that was written."""
        return SharedLegs(rows=self._rows[: int(self.used[0])].copy())


def _sums(groups: Whole, values: Whole, count: int) -> Whole:
    """Sum of the values of each group, exact: (count,)."""
    found = np.zeros(count, dtype=np.int64)
    np.add.at(found, groups, values)
    return found
