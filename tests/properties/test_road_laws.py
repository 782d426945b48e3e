"""Whatever the streets, all engines agree, and snapping and distances keep their laws."""

import math
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from foundation.measures import Point, distance_metres
from roads.cch import CchEngine
from roads.dijkstra import DijkstraEngine
from roads.engine import CLOSED, UNREACHABLE
from roads.errors import NoConnectedStreets, NoRoute
from roads.measure import FlatMap, bearings_degrees, distances_metres, turn_degrees
from roads.network import RoadNetwork
from roads.search import SearchEngine
from roads.snap import Snapper, Snaps
from tests.builders_roads import SOUTH, WEST, Street, network_of

LAWS = settings(max_examples=40, deadline=None)


def a_town(seed: int, size: int, one_way_share: float) -> RoadNetwork:
    """A small town with one-way streets, parallel streets, bends and forbidden turns.

    Made from a seed, not drawn piece by piece: a drawn town takes longer to draw than to test.
    """
    rng = np.random.default_rng(seed)
    cells = rng.permutation(13 * 13)[:size]
    places = [(float(cell % 13), float(cell // 13)) for cell in cells]
    # A tree of two-way streets connects everything: at its leaves one may turn back.
    pairs = [(int(rng.integers(0, i)), i) for i in range(1, size)]
    pairs += [tuple(rng.choice(size, 2, replace=False).tolist()) for _ in range(2 * size)]
    streets = [
        Street(
            start=start,
            end=end,
            seconds=int(rng.integers(1, 60_000)) / 1000,
            one_way=bool(order >= size - 1 and rng.random() < one_way_share),
            by_way_of=tuple(map(tuple, rng.uniform(0, 12, (int(rng.integers(0, 3)), 2)))),
        )
        for order, (start, end) in enumerate(pairs)
    ]
    banned = rng.integers(0, len(streets), (int(rng.integers(0, 9)), 2)).tolist()
    try:
        return network_of(places, streets, banned=banned, turn_ms=int(rng.integers(0, 3000)))
    except NoConnectedStreets:
        return network_of(places, streets)


def networks() -> st.SearchStrategy[RoadNetwork]:
    return st.builds(a_town, st.integers(0, 2**32 - 1), st.integers(3, 9), st.floats(0, 1))


def points(count: int) -> st.SearchStrategy[np.ndarray]:
    east = st.floats(WEST - 0.002, WEST + 0.014)
    north = st.floats(SOUTH - 0.002, SOUTH + 0.014)
    return st.lists(st.tuples(east, north), min_size=count, max_size=count).map(np.array)


class Oracle:
    """Travel times by SciPy and plain loops, written from the definition alone."""

    def __init__(self, network: RoadNetwork, arc_ms: np.ndarray) -> None:
        arcs = network.arc_count
        self.ms = [int(x) for x in arc_ms]
        weight = np.array([self.ms[t] for t in network.turn_to]) + network.turn_ms
        is_open = np.array([self.ms[t] != CLOSED for t in network.turn_to])
        graph = csr_array(
            (weight[is_open], (network.turn_from[is_open], network.turn_to[is_open])),
            shape=(arcs, arcs),
            dtype=float,
        )
        self.between = dijkstra(graph)
        steps = list(zip(*graph.nonzero(), strict=True))
        self.round = np.full(arcs, math.inf)
        for a, b in steps:
            self.round[a] = min(self.round[a], graph[a, b] + self.between[b, a])

    def time(self, origins: Snaps, i: int, destinations: Snaps, j: int) -> int:
        best = math.inf
        for x in range(origins.offsets[i], origins.offsets[i + 1]):
            for y in range(destinations.offsets[j], destinations.offsets[j + 1]):
                a, b = int(origins.arcs[x]), int(destinations.arcs[y])
                f, g = float(origins.fractions[x]), float(destinations.fractions[y])
                if CLOSED in (self.ms[a], self.ms[b]):
                    continue
                done, wanted = round(f * self.ms[a]), round(g * self.ms[b])
                if a == b and f <= g:
                    time = wanted - done
                else:
                    way = self.round[a] if a == b else self.between[a, b]
                    time = way + (self.ms[a] - done) - (self.ms[b] - wanted)
                best = min(best, time)
        return UNREACHABLE if best == math.inf else int(best)


def both_engines(network: RoadNetwork, folder: str) -> list[SearchEngine]:
    return [CchEngine(network, Path(folder)), DijkstraEngine(network)]


@LAWS
@given(network=networks(), places=points(6), seed=st.integers(0, 2**32 - 1))
def test_all_engines_agree_with_scipy_to_the_millisecond(
    network: RoadNetwork, places: np.ndarray, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    traffic = (network.arc_ms * rng.integers(1, 5, network.arc_count)).astype(np.uint32)
    traffic[rng.random(network.arc_count) < 0.15] = CLOSED
    pairs = np.array([(i, j) for i in range(4) for j in range(2)])
    with tempfile.TemporaryDirectory() as folder:
        for engine in both_engines(network, folder):
            snaps = engine.snap(places)
            origins, destinations = snaps.take(np.arange(4)), snaps.take(np.arange(4, 6))
            for arc_ms in (network.arc_ms, traffic):
                engine.publish(arc_ms)
                oracle = Oracle(network, arc_ms)
                expected = [
                    [oracle.time(origins, i, destinations, j) for j in range(2)] for i in range(4)
                ]
                assert engine.times(origins, destinations).tolist() == expected
                assert engine.times(destinations, origins).T.tolist() == [
                    [oracle.time(destinations, j, origins, i) for j in range(2)] for i in range(4)
                ]
                asked = engine.pair_times(origins, destinations, pairs)
                assert asked.reshape(4, 2).tolist() == expected


@LAWS
@given(network=networks(), places=points(2))
def test_a_route_is_driveable_and_takes_as_long_as_it_says(
    network: RoadNetwork, places: np.ndarray
) -> None:
    turns = {
        (int(a), int(b)): int(ms)
        for a, b, ms in zip(network.turn_from, network.turn_to, network.turn_ms, strict=True)
    }
    start, end = (Point(*place) for place in places.tolist())
    with tempfile.TemporaryDirectory() as folder:
        for engine in both_engines(network, folder):
            route = engine.route(start, end)
            snaps = engine.snap(places)
            one, other = snaps.take(np.array([0])), snaps.take(np.array([1]))
            assert route.milliseconds == engine.times(one, other)[0, 0]
            arcs = route.arcs.tolist()
            assert all(pair in turns for pair in pairwise(arcs))

            begin = float(one.fractions[one.arcs == arcs[0]][0])
            finish = float(other.fractions[other.arcs == arcs[-1]][0])
            total = sum(turns[pair] for pair in pairwise(arcs))
            total += sum(int(network.arc_ms[a]) for a in arcs[1:])
            first, last = int(network.arc_ms[arcs[0]]), int(network.arc_ms[arcs[-1]])
            total += first - round(begin * first) - (last - round(finish * last))
            assert route.milliseconds == total

            drawn = distances_metres(route.line[:-1], route.line[1:]).sum()
            assert abs(drawn - route.metres) <= 1 + 0.01 * drawn
            assert abs(sum(s.metres for s in route.streets) - route.metres) <= 0.51
            for point, place, gap in (
                (route.line[0], places[0], route.origin_gap_metres),
                (route.line[-1], places[1], route.destination_gap_metres),
            ):
                assert abs(distances_metres(point, place) - gap) <= 0.6
            assert (np.diff(route.arc_points) >= 0).all()
            assert route.arc_points[-1] < len(route.line)


@LAWS
@given(network=networks(), places=points(2))
def test_a_closed_town_has_no_route(network: RoadNetwork, places: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for engine in both_engines(network, folder):
            engine.publish(np.full(network.arc_count, CLOSED, np.uint32))
            snaps = engine.snap(places)
            assert (engine.times(snaps, snaps) == UNREACHABLE).all()
            try:
                engine.route(*(Point(*place) for place in places.tolist()))
            except NoRoute:
                continue
            raise AssertionError("a route over closed streets")


@LAWS
@given(network=networks(), places=points(4))
def test_snapping_finds_the_nearest_street_in_both_directions(
    network: RoadNetwork, places: np.ndarray
) -> None:
    snaps = Snapper(network).snap(places)
    flat = FlatMap.around(network.coords)
    for i in range(len(places)):
        rows = slice(snaps.offsets[i], snaps.offsets[i + 1])
        candidates = dict(
            zip(snaps.arcs[rows].tolist(), snaps.fractions[rows].tolist(), strict=True)
        )
        assert candidates
        for arc, fraction in candidates.items():
            assert 0 <= fraction <= 1
            back = int(network.reverse_arc[arc])
            assert back < 0 or math.isclose(candidates[back], 1 - fraction, abs_tol=1e-9)
        nearest = min(
            _metres_to_line(flat.flatten(places[i]), flat.flatten(network.arc_line(arc)))
            for arc in range(network.arc_count)
        )
        assert math.isclose(snaps.metres[i], nearest, rel_tol=0.005, abs_tol=0.01)


@LAWS
@given(network=networks(), arc=st.integers(0, 10_000), fraction=st.floats(0, 1))
def test_a_point_on_a_street_is_snapped_to_it(
    network: RoadNetwork, arc: int, fraction: float
) -> None:
    arc %= network.arc_count
    line = network.arc_line(arc)
    place = line[0] + (line[1] - line[0]) * fraction
    snaps = Snapper(network).snap(place[None, :])
    assert snaps.metres[0] < 0.01
    assert arc in snaps.arcs


@LAWS
@given(network=networks(), places=points(5), order=st.lists(st.integers(0, 4), max_size=9))
def test_snaps_taken_are_the_snaps_of_those_points(
    network: RoadNetwork, places: np.ndarray, order: list[int]
) -> None:
    snapper = Snapper(network)
    index = np.array(order, np.int64)
    taken, anew = snapper.snap(places).take(index), snapper.snap(places[index])
    for name in ("points", "metres", "offsets", "arcs"):
        assert (getattr(taken, name) == getattr(anew, name)).all()
    assert np.allclose(taken.fractions, anew.fractions)


@LAWS
@given(places=points(3))
def test_distances_are_those_of_the_foundation_and_obey_the_triangle(places: np.ndarray) -> None:
    a, b, c = places
    one = distances_metres(a, b)
    assert math.isclose(one, distance_metres(Point(*a.tolist()), Point(*b.tolist())), abs_tol=1e-6)
    assert one == distances_metres(b, a)
    assert distances_metres(a, c) <= one + distances_metres(b, c) + 1e-6
    flat = FlatMap.around(places)
    assert np.allclose(flat.unflatten(flat.flatten(places)), places)
    straight = float(np.hypot(*(flat.flatten(a) - flat.flatten(b))))
    assert math.isclose(straight, one, rel_tol=0.005, abs_tol=1e-3)


@given(before=st.floats(0, 359.999), change=st.floats(-179.9, 179.9))
def test_a_turn_is_the_change_of_bearing(before: float, change: float) -> None:
    after = np.array((before + change) % 360)
    assert math.isclose(turn_degrees(np.array(before), after), change, abs_tol=1e-6)


def test_bearings_are_clockwise_from_north() -> None:
    here = np.array([10.0, 50.0])
    for bearing, there in ((0, (10, 51)), (90, (11, 50)), (180, (10, 49)), (270, (9, 50))):
        assert math.isclose(bearings_degrees(here, np.array(there, float)), bearing)


def _metres_to_line(point: np.ndarray, line: np.ndarray) -> float:
    best = math.inf
    for a, b in pairwise(line):
        step = b - a
        length = float(step @ step)
        along = 0.0 if length == 0 else min(1.0, max(0.0, float((point - a) @ step) / length))
        best = min(best, float(np.hypot(*(point - a - along * step))))
    return best
