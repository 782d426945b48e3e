"""Travel times by Dijkstra's algorithm, compiled: no preparation, nothing on disk.

Owns the second exact engine, for when the usual one is missing, and as its judge in tests
(Dijkstra: A note on two problems in connexion with graphs, Numerische Mathematik 1, 1959).
A search ends as soon as it has settled every place asked for.
"""

import numpy as np

from roads import dijkstra_kernel as kernel
from roads.engine import UNREACHABLE
from roads.errors import NoRoute
from roads.network import IntArray, LongArray, RoadNetwork, WeightArray
from roads.search import SearchEngine, Weights, check_arcs

ALL = 2**62
"""So many arcs no network has: a search that is not cut short."""


class DijkstraEngine(SearchEngine):
    """A `RoadEngine` that needs no preparation; the first one made in a process compiles it."""

    def __init__(self, network: RoadNetwork) -> None:
        search = DijkstraSearch(network)
        super().__init__(network, search, "dijkstra")
        nothing = np.zeros(1, np.int32)
        search.rounds(self._weights, nothing)  # compiles now rather than under a rider's request
        search.path(self._weights, 0, 0)


class DijkstraSearch:
    """An `ArcSearch`; see `dijkstra_kernel` for the loops."""

    def __init__(self, network: RoadNetwork) -> None:
        arcs = np.arange(network.arc_count + 1)
        self._arc_count = network.arc_count
        self._along_first = np.searchsorted(network.turn_from, arcs)
        self._along_to = network.turn_to
        # Against the turns: whoever leads to an arc, in order of the arc.
        self._order = np.argsort(network.turn_to, kind="stable")
        self._against_first = np.searchsorted(network.turn_to[self._order], arcs)
        self._against_to = network.turn_from[self._order]
        self._ordered: tuple[Weights | None, WeightArray] = (None, np.empty(0, np.uint32))

    def matrix(self, weights: Weights, origins: IntArray, destinations: IntArray) -> LongArray:
        """See `ArcSearch.matrix`."""
        if len(origins) <= len(destinations):
            groups = np.arange(len(origins) + 1) * len(destinations)
            found = self._along(weights, origins, groups, np.tile(destinations, len(origins)))
            return found.reshape(len(origins), len(destinations))
        groups = np.arange(len(destinations) + 1) * len(origins)
        found = self._against(weights, destinations, groups, np.tile(origins, len(destinations)))
        return found.reshape(len(destinations), len(origins)).T

    def pairs(self, weights: Weights, origins: IntArray, destinations: IntArray) -> LongArray:
        """See `ArcSearch.pairs`: one search for each destination, against the turns."""
        return self.near_pairs(weights, origins, destinations, settled_max=ALL)

    def near_pairs(
        self, weights: Weights, origins: IntArray, destinations: IntArray, *, settled_max: int
    ) -> LongArray:
        """The same, but `UNDECIDED` where a search has settled so many arcs and not yet found."""
        order = np.argsort(destinations, kind="stable")
        sources, begins = np.unique(destinations[order], return_index=True)
        groups = np.append(begins, len(destinations))
        graph = (self._against_first, self._against_to, self._against_weight(weights))
        found = np.empty(len(order), np.int64)
        found[order] = self._distances(graph, sources, groups, origins[order], settled_max)
        return found

    def rounds(self, weights: Weights, arcs: IntArray) -> LongArray:
        """See `ArcSearch.rounds`."""
        return self.near_rounds(weights, arcs, settled_max=ALL)

    def near_rounds(self, weights: Weights, arcs: IntArray, *, settled_max: int) -> LongArray:
        """The same, but `UNDECIDED` where a search has settled so many arcs and is not yet round."""
        graph = (self._along_first, self._along_to, weights.turn_weight)
        return self._distances(graph, arcs, np.arange(len(arcs) + 1), arcs, settled_max)

    def path(self, weights: Weights, origin: int, destination: int) -> tuple[int, ...]:
        """See `ArcSearch.path`."""
        check_arcs(np.array([origin, destination], np.int32), self._arc_count)
        came_from = kernel.tree(
            self._along_first, self._along_to, weights.turn_weight, origin, destination
        )
        if came_from[destination] < 0:
            raise NoRoute
        arcs = [destination, int(came_from[destination])]
        while arcs[-1] != origin:
            arcs.append(int(came_from[arcs[-1]]))
        return tuple(reversed(arcs))

    def _along(
        self, weights: Weights, sources: IntArray, groups: LongArray, targets: IntArray
    ) -> LongArray:
        graph = (self._along_first, self._along_to, weights.turn_weight)
        return self._distances(graph, sources, groups, targets, ALL)

    def _against(
        self, weights: Weights, sources: IntArray, groups: LongArray, targets: IntArray
    ) -> LongArray:
        graph = (self._against_first, self._against_to, self._against_weight(weights))
        return self._distances(graph, sources, groups, targets, ALL)

    def _against_weight(self, weights: Weights) -> WeightArray:
        """What turns cost, in the order of the arcs they lead to; kept until weights change."""
        known, ordered = self._ordered
        if known is not weights:
            ordered = weights.turn_weight[self._order]
            self._ordered = (weights, ordered)  # one reference: no reader sees half of it
        return ordered

    def _distances(
        self,
        graph: tuple[LongArray, IntArray, WeightArray],
        sources: IntArray,
        groups: LongArray,
        targets: IntArray,
        settled_max: int,
    ) -> LongArray:
        check_arcs(sources, self._arc_count)
        check_arcs(targets, self._arc_count)
        # One type for each argument: the compiler makes a new version for every other one.
        found = kernel.distances(
            *graph,
            sources.astype(np.int32, copy=False),
            groups.astype(np.int64, copy=False),
            targets.astype(np.int32, copy=False),
            settled_max,
        )
        return np.minimum(found, UNREACHABLE)
