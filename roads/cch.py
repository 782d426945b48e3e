"""Travel times by customizable contraction hierarchies: the usual engine.

Owns the wrapping of RoutingKit's implementation (Dibbelt, Strasser, Wagner: Customizable
Contraction Hierarchies, ACM Journal of Experimental Algorithmics 21, 2016) through
`pyroutingkit`. The hierarchy is built over arcs and turns, once for each network and direction,
and kept on disk; weights are applied to it as a whole in tens of milliseconds.

The library trusts its caller, so this wrapper does not: every id is checked (one out of range
ends the process), and a metric is lent to one thread at a time (two at once end the process).
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyroutingkit

from roads.dijkstra import DijkstraSearch
from roads.engine import UNREACHABLE
from roads.errors import EngineFailed, NoRoute
from roads.network import IntArray, LongArray, RoadNetwork, WeightArray
from roads.search import SearchEngine, Weights, check_arcs

NEAR_ARCS = 400
"""So many arcs Dijkstra's algorithm settles in the time of one search in a hierarchy (measured)."""

ARCS_A_SEARCH = 2_000
"""Making room for so many arcs costs as much as one search (measured)."""

_MANIFEST = "manifest.json"
_FORMAT = 1

# The library's "no way" and ours are one number; if they ever differ, nothing here is right.
assert pyroutingkit.INF_WEIGHT == UNREACHABLE


class CchEngine(SearchEngine):
    """The usual `RoadEngine`.

    Parameters
    ----------
    cache_folder
        Where prepared hierarchies are kept, one folder each, named after the network.

    Raises
    ------
    EngineFailed
        If the library cannot prepare the network.
    """

    def __init__(self, network: RoadNetwork, cache_folder: Path) -> None:
        super().__init__(network, CchSearch(network, cache_folder), "cch")


class CchSearch:
    """An `ArcSearch` over two hierarchies: one along the turns, one against them.

    A search costs mostly by the place it starts from. Many drivers to one rider is therefore
    asked of the second one, as one rider to many drivers.
    """

    def __init__(self, network: RoadNetwork, cache_folder: Path) -> None:
        self._network = network
        self._near_search: DijkstraSearch | None = None
        self._arc_count = network.arc_count
        self._first = np.searchsorted(network.turn_from, np.arange(network.arc_count + 1))
        self._turn_to = network.turn_to
        self._along = _Lender(prepared(network, cache_folder, is_reversed=False))
        self._against = _Lender(prepared(network, cache_folder, is_reversed=True))

    def matrix(self, weights: Weights, origins: IntArray, destinations: IntArray) -> LongArray:
        """See `ArcSearch.matrix`."""
        self._check(origins, destinations)
        if len(origins) <= len(destinations):
            with self._along.lent(weights) as metric:
                return _distances(metric, origins, destinations)
        with self._against.lent(weights) as metric:
            return _distances(metric, destinations, origins).T

    def pairs(self, weights: Weights, origins: IntArray, destinations: IntArray) -> LongArray:
        """See `ArcSearch.pairs`: one search for each destination, or each origin if fewer.

        Many riders among many drivers have theirs round the corner, where Dijkstra's algorithm is
        quicker than any hierarchy; whatever it does not find soon is asked of the hierarchy.
        """
        self._check(origins, destinations)
        starts, goals = len(np.unique(origins)), len(np.unique(destinations))
        if starts < goals:
            with self._along.lent(weights) as metric:
                return _distances_of_pairs(metric, origins, destinations)
        if not self._is_worth_looking_near(goals):
            return self._far_pairs(weights, origins, destinations)
        found = self._near().near_pairs(weights, origins, destinations, settled_max=NEAR_ARCS)
        far = found < 0
        if far.any():
            found[far] = self._far_pairs(weights, origins[far], destinations[far])
        return found

    def _far_pairs(self, weights: Weights, origins: IntArray, destinations: IntArray) -> LongArray:
        with self._against.lent(weights) as metric:
            return _distances_of_pairs(metric, destinations, origins)

    def rounds(self, weights: Weights, arcs: IntArray) -> LongArray:
        """See `ArcSearch.rounds`."""
        self._check(arcs, arcs)
        found = np.full(len(arcs), -1, np.int64)
        if self._is_worth_looking_near(len(arcs)):
            found = self._near().near_rounds(weights, arcs, settled_max=NEAR_ARCS)
        far = np.flatnonzero(found < 0)
        if len(far):
            with self._against.lent(weights) as metric:
                found[far] = [self._round(metric, weights, int(arc))[0] for arc in arcs[far]]
        return found

    def _is_worth_looking_near(self, searches: int) -> bool:
        """Whether the searches saved outweigh making room for every arc once."""
        return searches * ARCS_A_SEARCH >= self._arc_count

    def _near(self) -> DijkstraSearch:
        """The search for what is near, made when it is first worth it."""
        if self._near_search is None:
            self._near_search = DijkstraSearch(self._network)
        return self._near_search

    def path(self, weights: Weights, origin: int, destination: int) -> tuple[int, ...]:
        """See `ArcSearch.path`."""
        assert 0 <= origin < self._arc_count, origin
        assert 0 <= destination < self._arc_count, destination
        begin = origin
        before: tuple[int, ...] = ()
        if origin == destination:
            with self._against.lent(weights) as metric:
                length, begin = self._round(metric, weights, origin)
            if length >= UNREACHABLE:
                raise NoRoute
            before = (origin,)
        with self._along.lent(weights) as metric:
            length, arcs, _ = metric.query(begin, destination)
        if length >= UNREACHABLE:
            raise NoRoute
        return (*before, *(int(arc) for arc in arcs))

    def _round(self, metric: Any, weights: Weights, arc: int) -> tuple[int, int]:
        """Milliseconds round from an arc's end to its end again, and the arc to begin with."""
        turns = slice(self._first[arc], self._first[arc + 1])
        following = self._turn_to[turns]
        here = np.array([arc], np.int32)
        total = _distances(metric, here, following)[0] + weights.turn_weight[turns]
        best = int(total.argmin())
        return min(int(total[best]), UNREACHABLE), int(following[best])

    def _check(self, origins: IntArray, destinations: IntArray) -> None:
        check_arcs(origins, self._arc_count)
        check_arcs(destinations, self._arc_count)


class _Lender:
    """Lends metrics of one hierarchy, each to one caller at a time, with the weights asked for.

    There are as many as there were callers at once; each costs some megabytes. Lists append and
    pop as one step of the interpreter, so no lock is needed.
    """

    def __init__(self, topology: Any) -> None:
        self._topology = topology
        self._idle: list[tuple[WeightArray | None, Any]] = []

    @contextlib.contextmanager
    def lent(self, weights: Weights) -> Iterator[Any]:
        """A metric that nobody else holds."""
        try:
            applied, metric = self._take()
            if applied is not weights.turn_weight:
                # More threads in one customization only get into each other's way (measured).
                metric.customize(weights.turn_weight, thread_count=0)
            yield metric
        except RuntimeError as failed:
            raise EngineFailed("cch", str(failed)) from failed  # and this metric is not reused
        self._idle.append((weights.turn_weight, metric))

    def _take(self) -> tuple[WeightArray | None, Any]:
        try:
            return self._idle.pop()
        except IndexError:
            return None, pyroutingkit.CCHMetric(self._topology)


def _distances(metric: Any, sources: IntArray, targets: IntArray) -> LongArray:
    if len(sources) == 0 or len(targets) == 0:
        return np.empty((len(sources), len(targets)), np.int64)
    found: WeightArray = metric.distances_many_to_many(
        sources.astype(np.uint32), targets.astype(np.uint32)
    )
    return np.minimum(found.astype(np.int64), UNREACHABLE)


def _distances_of_pairs(metric: Any, sources: IntArray, targets: IntArray) -> LongArray:
    """Of each pair, with one search for each different source."""
    order = np.argsort(sources, kind="stable")
    begins = np.flatnonzero(np.diff(sources[order], prepend=-1))
    wanted = targets[order].astype(np.uint32)
    starts = sources[order].astype(np.uint32)
    found = np.empty(len(sources), np.int64)
    for begin, end in zip(begins, [*begins[1:], len(sources)], strict=True):
        row = metric.distances_many_to_many(starts[begin : begin + 1], wanted[begin:end])
        found[order[begin:end]] = row[0]
    return np.minimum(found, UNREACHABLE)


def build_hierarchy(network: RoadNetwork, *, is_reversed: bool) -> Any:
    """Make the hierarchy of a network in one direction.

    Raises
    ------
    EngineFailed
        If the library cannot.
    """
    turns = (
        (network.turn_to, network.turn_from)
        if is_reversed
        else (network.turn_from, network.turn_to)
    )
    middle = (network.offsets[:-1] + network.offsets[1:]) // 2
    topology = pyroutingkit.CCHTopology()
    try:
        topology.build(
            turns[0].astype(np.uint32),
            turns[1].astype(np.uint32),
            network.coords[middle, 1].astype(np.float32),
            network.coords[middle, 0].astype(np.float32),
            network.arc_count,
        )
    except RuntimeError as failed:
        raise EngineFailed("cch", str(failed)) from failed
    return topology


def prepared(
    network: RoadNetwork,
    cache_folder: Path,
    *,
    is_reversed: bool,
    build: Callable[..., Any] = build_hierarchy,
) -> Any:
    """The hierarchy of a network in one direction, from disk if it is there and whole."""
    direction = "against" if is_reversed else "along"
    library = version("pyroutingkit")
    folder = cache_folder / f"cch-{_FORMAT}-{library}-{network.digest[:32]}-{direction}"
    topology = _loaded(folder, network)
    if topology is not None:
        return topology
    topology = build(network, is_reversed=is_reversed)
    # A cache that cannot be written (a full disk, a read-only folder) costs the next start its
    # preparation again, and must not cost this one the engine.
    with contextlib.suppress(OSError, RuntimeError):
        _store(topology, folder)
    return topology


def _loaded(folder: Path, network: RoadNetwork) -> Any | None:
    """The stored hierarchy, or `None` if it is not there or not what was stored.

    The library believes its files whatever is in them, so their checksums are compared first.
    """
    if not _is_whole(folder):
        return None
    topology = pyroutingkit.CCHTopology()
    try:
        topology.load(str(folder))
    except RuntimeError:
        return None
    fits = (topology.node_count, topology.arc_count) == (network.arc_count, network.turn_count)
    return topology if fits else None


def _store(topology: Any, folder: Path) -> None:
    """Write a hierarchy beside its place and move it there whole; whoever is first, stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=folder.parent))
    try:
        topology.save(str(draft))
        (draft / _MANIFEST).write_text(json.dumps(_checksums(draft)))
        if folder.exists() and not _is_whole(folder):
            folder.replace(draft.with_name(f"{draft.name}-broken"))
        draft.replace(folder)  # fails if another starter was quicker: its work is as good
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        shutil.rmtree(draft.with_name(f"{draft.name}-broken"), ignore_errors=True)


def _is_whole(folder: Path) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text())
        return bool(manifest == _checksums(folder))
    except (OSError, ValueError):
        return False


def _checksums(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
        if path.name != _MANIFEST
    }
