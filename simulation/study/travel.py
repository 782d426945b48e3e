"""All travel times of a scenario's streets, worked out once.

Owns a table of shortest free-flow times between all junctions. It makes each look-up of a study
one read, at the price of four bytes a pair: a city of 10,000 junctions takes 400 MB, and a larger
one is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulation.study import travel_kernel as kernel
from simulation.study.errors import StudyUnusable
from simulation.study.scenario import Streets, Whole
from simulation.study.travel_kernel import Times

NODES_MAX = 16_000
"""Junctions whose table still fits: a gigabyte."""

Told = Callable[[str, int, int], None]
"""Hears what is being done, how much of it is done, and how much there is."""


def silent(doing: str, done: int, whole: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TravelTable:
    """Shortest times between junctions, and the streets along which they are driven.

    Attributes
    ----------
    times
        int32, (nodes, nodes): milliseconds from the row's junction to the column's. The times to
        one junction lie together in memory: rounds ask for those of many cars to one rider.
    first, to, ms, decimetres
        int64: the edges that leave junction ``a`` are ``first[a]`` to ``first[a + 1]``, each with
        the junction it leads to, its time and its length.
    """

    times: Times
    first: Whole
    to: Whole
    ms: Whole
    decimetres: Whole

    @classmethod
    def of(cls, streets: Streets, told: Told = silent) -> "TravelTable":
        """Work the table out.

        Raises
        ------
        StudyUnusable
            If there are more than `NODES_MAX` junctions, or two between which there is no way.
        """
        nodes = streets.nodes
        if not 0 < nodes <= NODES_MAX:
            raise StudyUnusable(
                "The street network", f"has {nodes} junctions; 1 to {NODES_MAX} fit"
            )
        # Of several edges between two junctions the quickest is driven: it comes first.
        order = np.lexsort((streets.ms, streets.head, streets.tail))
        first = np.searchsorted(streets.tail[order], np.arange(nodes + 1))
        to, ms = streets.head[order], streets.ms[order]
        # Backwards along the streets from each junction: the shortest times to it.
        back = np.lexsort((streets.ms, streets.tail, streets.head))
        entering = np.searchsorted(streets.head[back], np.arange(nodes + 1))
        towards = np.empty((nodes, nodes), dtype=np.int32)
        for target in range(nodes):
            if target % 256 == 0:
                told("measuring the streets", target, nodes)
            kernel.all_times(entering, streets.tail[back], streets.ms[back], target, towards)
        times = towards.T
        if (times == kernel.UNREACHED).any():
            row, column = np.argwhere(times == kernel.UNREACHED)[0].tolist()
            raise StudyUnusable(
                "The street network", f"has no way from junction number {row} to number {column}"
            )
        return cls(times=times, first=first, to=to, ms=ms, decimetres=streets.decimetres[order])

    def direct_ms(self, origins: Whole, destinations: Whole) -> Whole:
        """Shortest times of many pairs: milliseconds, (pairs,)."""
        return self.times[origins, destinations].astype(np.int64)

    def decimetres_of(self, origins: Whole, destinations: Whole) -> Whole:
        """Lengths of the quickest ways of many pairs, (pairs,)."""
        return kernel.walks(
            self.times, self.first, self.to, self.ms, self.decimetres, origins, destinations
        )
