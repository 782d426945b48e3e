"""Engines answer from anywhere to anywhere, survive broken caches, and say when they guess."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from foundation.measures import Point, PointNotOnEarth
from roads.cch import CchEngine, CchSearch, prepared
from roads.dijkstra import DijkstraEngine, DijkstraSearch
from roads.dijkstra_kernel import UNDECIDED
from roads.engine import CLOSED, UNREACHABLE, RoadEngine, open_engine
from roads.errors import EngineFailed, NoRoute
from roads.network import RoadNetwork
from roads.search import SearchEngine, Weights
from roads.snap import Snapper
from roads.straight_line import FallingBack, StraightLineEngine
from tests.builders_roads import (
    SOUTH,
    WEST,
    Street,
    grid,
    network_of,
    one_way_square,
    two_way_street,
)

Maker = Callable[[RoadNetwork, Path], RoadEngine]
MAKERS: dict[str, Maker] = {
    "cch": CchEngine,
    "dijkstra": lambda network, _folder: DijkstraEngine(network),
}


@pytest.fixture(params=sorted(MAKERS))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[RoadNetwork], RoadEngine]:
    return lambda network: MAKERS[request.param](network, tmp_path / "cache")


def at(*places: tuple[float, float]) -> np.ndarray:
    """Points from (east, north) in thousandths of a degree."""
    return np.array([(WEST + x / 1000, SOUTH + y / 1000) for x, y in places])


def point(x: float, y: float) -> Point:
    return Point(WEST + x / 1000, SOUTH + y / 1000)


Make = Callable[[RoadNetwork], RoadEngine]


def test_a_car_on_a_two_way_street_may_set_out_in_either_direction(make: Make) -> None:
    engine = make(two_way_street())
    snaps = engine.snap(at((0.25, 0), (0.75, 0)))
    assert snaps.candidate_counts.tolist() == [2, 2]
    assert engine.times(snaps, snaps).tolist() == [[0, 5000], [5000, 0]]


def test_a_rider_behind_the_driver_on_a_one_way_street_needs_the_way_round(make: Make) -> None:
    engine = make(one_way_square())
    driver, rider = engine.snap(at((0.75, 0))), engine.snap(at((0.25, 0)))
    assert engine.times(rider, driver).tolist() == [[5000]]
    assert engine.times(driver, rider).tolist() == [[35000]]
    assert engine.pair_times(driver, rider, np.array([[0, 0]])).tolist() == [35000]
    route = engine.route(point(0.75, 0), point(0.25, 0))
    assert route.arcs.tolist() == [0, 1, 2, 3, 0]
    assert route.seconds == 35
    assert [s.name for s in route.streets] == ["Side 0", "Side 1", "Side 2", "Side 3", "Side 0"]


def test_a_turn_costs_its_delay_once(make: Make) -> None:
    # A corner: both streets 10 s, the turn between them 3 s.
    network = network_of(
        [(0, 0), (1, 0), (1, 1)], [Street(start=0, end=1), Street(start=1, end=2)], turn_ms=3000
    )
    engine = make(network)
    snaps = engine.snap(at((0.5, 0), (1, 0.5)))
    assert engine.times(snaps, snaps)[0, 1] == 13000


def test_a_forbidden_turn_is_driven_round(make: Make) -> None:
    # East along the bottom, then up: forbidden, so on to the dead end and back.
    junctions = [(0, 0), (1, 0), (2, 0), (1, 1)]
    streets = [Street(start=0, end=1), Street(start=1, end=2), Street(start=1, end=3)]
    free, banned = network_of(junctions, streets), network_of(junctions, streets, banned=[(0, 4)])
    for network, seconds in ((free, 10), (banned, 30)):
        route = make(network).route(point(0.5, 0), point(1, 0.5))
        assert route.seconds == seconds


def test_a_point_at_a_junction_belongs_to_all_its_streets(make: Make) -> None:
    engine = make(one_way_square())
    corner, side = engine.snap(at((1, 0))), engine.snap(at((1, 0.5)))
    assert corner.candidate_counts.tolist() == [2]
    assert engine.times(corner, side).tolist() == [[5000]]
    assert engine.times(side, corner).tolist() == [[35000]]


def test_who_sets_out_at_a_junction_is_not_sent_along_another_street(make: Make) -> None:
    engine = make(one_way_square())
    route = engine.route(point(1, 0), point(0, 1))
    assert [s.name for s in route.streets] == ["Side 1", "Side 2"]
    assert len(route.line) == 3
    stays = engine.route(point(1, 0), point(1, 0))
    assert (stays.milliseconds, stays.metres, len(stays.line)) == (0, 0, 2)


def test_points_far_from_streets_are_snapped_and_the_distance_told(make: Make) -> None:
    engine = make(two_way_street())
    snaps = engine.snap(at((0.5, 1), (1000, 0)))
    assert snaps.metres[0] == pytest.approx(111.2, abs=0.1)
    assert snaps.metres[1] > 70_000
    route = engine.route(point(0.25, 1), point(0.75, 2))
    assert route.origin_gap_metres == pytest.approx(111.2, abs=0.1)
    assert route.destination_gap_metres == pytest.approx(222.4, abs=0.2)


@pytest.mark.parametrize("place", [(np.nan, 50), (10, np.inf), (181, 50), (10, -91)])
def test_what_is_no_place_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(PointNotOnEarth):
        Snapper(two_way_street()).snap(np.array([place]))
    with pytest.raises(PointNotOnEarth):
        StraightLineEngine().snap(np.array([place]))


def test_nobody_asking_is_answered_with_nothing(make: Make) -> None:
    engine = make(grid())
    none, some = engine.snap(np.empty((0, 2))), engine.snap(at((1, 1), (2, 2)))
    assert len(none) == 0
    assert engine.times(none, some).shape == (0, 2)
    assert engine.times(some, none).shape == (2, 0)
    assert engine.pair_times(some, none, np.empty((0, 2), int)).shape == (0,)


def test_a_pair_that_names_no_point_is_a_mistake(make: Make) -> None:
    engine = make(grid())
    snaps = engine.snap(at((1, 1)))
    for pair in ((0, 1), (-1, 0)):
        with pytest.raises(AssertionError):
            engine.pair_times(snaps, snaps, np.array([pair]))


def test_snaps_of_another_network_are_a_mistake_and_not_a_crash(make: Make) -> None:
    snaps = Snapper(grid(8, 8)).snap(at((7, 7), (7, 6)))
    engine = make(two_way_street())
    with pytest.raises(AssertionError):
        engine.times(snaps, snaps)
    with pytest.raises(AssertionError):
        engine.times(StraightLineEngine().snap(at((0, 0))), engine.snap(at((0, 0))))


def test_a_closed_street_is_driven_round_and_opened_again(make: Make) -> None:
    network = grid(3, 3)
    engine = make(network)
    start, end = point(0.5, 0), point(1.5, 0)
    assert engine.route(start, end).seconds == 10
    closed = network.arc_ms.copy()
    middle = [a for a in range(network.arc_count) if network.arc_street(a) == "Column 1"]
    closed[middle[:2]] = CLOSED
    onward = engine.route(start, end).arcs[-1]
    closed[onward] = CLOSED
    engine.publish(closed)
    assert engine.route(start, end).seconds > 10
    engine.publish(network.arc_ms)
    assert engine.route(start, end).seconds == 10


def test_where_no_open_street_leads_there_is_no_route(make: Make) -> None:
    network = network_of([(0, 0), (1, 0), (2, 0)], [Street(start=0, end=1), Street(start=1, end=2)])
    engine = make(network)
    engine.publish(np.array([10, CLOSED, CLOSED, 10], np.uint32))
    snaps = engine.snap(at((0.5, 0), (1.5, 0)))
    assert engine.times(snaps, snaps)[0, 1] == UNREACHABLE
    with pytest.raises(NoRoute):
        engine.route(point(0.5, 0), point(1.5, 0))


def test_weights_that_make_no_sense_are_a_mistake(make: Make) -> None:
    engine = make(two_way_street())
    for weights in ([0, 5], [5], [5, 4_000_000]):
        with pytest.raises(AssertionError):
            engine.publish(np.array(weights, np.uint32))


def test_a_route_is_drawn_from_street_to_street(make: Make) -> None:
    network = network_of(
        [(0, 0), (2, 0), (2, 2)],
        [
            Street(start=0, end=1, name="Bent Street", by_way_of=((1, 0.5),)),
            Street(start=1, end=2, name="Up Street"),
        ],
    )
    route = make(network).route(point(0, 0.0), point(2, 1))
    expected = at((0, 0), (1, 0.5), (2, 0), (2, 1))
    assert np.allclose(route.line, expected, atol=1e-6)
    assert [(s.name, s.first_point) for s in route.streets] == [
        ("Bent Street", 0),
        ("Up Street", 2),
    ]
    assert route.metres == pytest.approx(181.2 + 111.2, abs=1)
    assert not route.degraded


def test_many_points_are_answered_in_parts_alike(tmp_path: Path) -> None:
    search = CchSearch(grid(), tmp_path)
    engine = SearchEngine(grid(), search, "whole")
    in_parts = SearchEngine(grid(), search, "in parts", cells_at_once=50)
    rng = np.random.default_rng(5)
    snaps = engine.snap(np.array([WEST, SOUTH]) + rng.uniform(0, 0.003, (20, 2)))
    assert (in_parts.times(snaps, snaps) == engine.times(snaps, snaps)).all()


def test_a_street_that_takes_hours_counts_as_one_hour(make: Make) -> None:
    streets = [Street(start=0, end=1, seconds=9_000), Street(start=1, end=2, seconds=10)]
    network = network_of([(0, 0), (1, 0), (2, 0)], streets)
    assert make(network).route(point(0, 0), point(2, 0)).seconds == 3610


def test_two_threads_get_whole_answers_while_weights_change(make: Make) -> None:
    # Two threads inside one metric of the library end the process: this once did not return.
    network = grid(9, 9, turn_ms=500)
    engine = make(network)
    rng = np.random.default_rng(1)
    snaps = engine.snap(np.array([WEST, SOUTH]) + rng.uniform(0, 0.008, (30, 2)))
    pairs = rng.integers(0, 30, (60, 2))
    slow = (network.arc_ms * 3).astype(np.uint32)
    legal = []
    for weights in (slow, network.arc_ms):
        engine.publish(weights)
        legal.append(
            (engine.times(snaps, snaps).tobytes(), engine.pair_times(snaps, snaps, pairs).tobytes())
        )
    strange: list[str] = []

    def ask() -> None:
        for _ in range(40):
            if engine.times(snaps, snaps).tobytes() not in {times for times, _ in legal}:
                strange.append("times")
            if engine.pair_times(snaps, snaps, pairs).tobytes() not in {pair for _, pair in legal}:
                strange.append("pairs")
            if engine.route(point(0.5, 0), point(7.5, 8)).milliseconds < 1:
                strange.append("route")

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    turn = 0
    while any(thread.is_alive() for thread in threads):
        engine.publish(slow if turn % 2 else network.arc_ms)
        turn += 1
        threads[turn % 2].join(timeout=0.002)
    assert not strange


def test_a_prepared_network_is_kept_and_not_prepared_again(tmp_path: Path) -> None:
    network = grid()
    CchEngine(network, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("prepared again")

    for is_reversed in (False, True):
        kept = prepared(network, tmp_path, is_reversed=is_reversed, build=refuse)
        assert kept.node_count == network.arc_count
    engine = CchEngine(network, tmp_path)
    assert engine.route(point(0, 0), point(3, 3)).seconds == 60


@pytest.mark.parametrize("damage", ["cut", "swap", "remove", "manifest", "add"])
def test_a_broken_cache_is_made_anew(tmp_path: Path, damage: str) -> None:
    network = grid()
    CchEngine(network, tmp_path)
    for folder in tmp_path.iterdir():
        file = folder / "order"
        if damage == "cut":
            file.write_bytes(file.read_bytes()[:-4])
        elif damage == "swap":
            file.write_bytes(b"\xff" * file.stat().st_size)
        elif damage == "remove":
            file.unlink()
        elif damage == "manifest":
            (folder / "manifest.json").write_text("{")
        else:
            (folder / "stray").write_text("what is this")
    engine = CchEngine(network, tmp_path)
    assert engine.route(point(0, 0), point(3, 3)).seconds == 60
    assert len(list(tmp_path.iterdir())) == 2
    for folder in tmp_path.iterdir():
        assert sorted(p.name for p in folder.iterdir()) == [
            *("head", "manifest.json", "node_count", "order", "rank", "tail")
        ]


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    engine = CchEngine(grid(), tmp_path / "file" / "cache")
    assert engine.route(point(0, 0), point(3, 3)).seconds == 60


def test_many_starters_share_one_cache(tmp_path: Path) -> None:
    network = grid(6, 6)
    barrier = threading.Barrier(4)
    seconds: list[int] = []

    def start() -> None:
        barrier.wait()
        engine = CchEngine(network, tmp_path)
        seconds.append(engine.route(point(0, 0), point(5, 5)).seconds)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seconds == [100] * 4
    assert len(list(tmp_path.iterdir())) == 2


def test_the_straight_line_says_that_it_guesses() -> None:
    engine = StraightLineEngine(speed_kmh=36, detour=1.0)
    snaps = engine.snap(at((0, 0), (0, 1)))
    assert snaps.metres.tolist() == [0, 0]
    assert engine.times(snaps, snaps).tolist() == [[0, 11120], [11120, 0]]
    assert engine.pair_times(snaps, snaps, np.array([[0, 1]])).tolist() == [11120]
    route = engine.route(point(0, 0), point(0, 1))
    assert route.degraded
    assert (route.milliseconds, route.seconds, route.metres) == (11120, 11, 111)
    assert engine.degraded


def test_the_straight_line_knows_how_far_a_street_is() -> None:
    engine = StraightLineEngine(two_way_street())
    assert engine.snap(at((0.5, 1))).metres[0] == pytest.approx(111.2, abs=0.1)


class Failing(StraightLineEngine):
    """A road engine whose library fails whenever it is told to."""

    name = "failing"
    degraded = False
    error: Exception | None = None

    def times(self, origins, destinations):  # type: ignore[no-untyped-def]
        if self.error:
            raise self.error
        return super().times(origins, destinations)

    def route(self, origin, destination):  # type: ignore[no-untyped-def]
        if self.error:
            raise self.error
        return super().route(origin, destination)


def test_when_an_engine_fails_the_answer_is_a_guess_and_says_so() -> None:
    inner = Failing()
    engine = FallingBack(inner, StraightLineEngine())
    snaps = engine.snap(at((0, 0), (0, 1)))
    engine.times(snaps, snaps)
    assert not engine.degraded
    for error in (EngineFailed("cch", "it broke"), RuntimeError("inside"), MemoryError()):
        inner.error = error
        assert engine.times(snaps, snaps)[0, 1] > 0
        assert engine.degraded
        assert engine.route(point(0, 0), point(0, 1)).degraded
    inner.error = None
    engine.times(snaps, snaps)
    assert not engine.degraded


def test_a_refusal_is_an_answer_and_goes_through() -> None:
    inner = Failing()
    engine = FallingBack(inner, StraightLineEngine())
    inner.error = NoRoute()
    with pytest.raises(NoRoute):
        engine.route(point(0, 0), point(0, 1))
    inner.error = AssertionError("our own mistake")
    with pytest.raises(AssertionError):
        engine.route(point(0, 0), point(0, 1))


def test_the_preferred_engine_is_opened_and_else_the_next(tmp_path: Path) -> None:
    def missing(_network: RoadNetwork, _folder: Path) -> RoadEngine:
        raise ImportError

    def failing(_network: RoadNetwork, _folder: Path) -> RoadEngine:
        raise EngineFailed("failing", "it always does")

    network = grid()
    assert open_engine(network, tmp_path).name == "cch"
    second = open_engine(network, tmp_path, prefer=(missing, failing, MAKERS["dijkstra"]))
    assert second.name == "dijkstra"
    assert second.route(point(0, 0), point(3, 3)).seconds == 60
    assert open_engine(network, tmp_path, prefer=(missing, failing)).degraded


def test_the_port_is_quick_to_import() -> None:
    code = (
        "import sys, roads.engine\n"
        "heavy = {'numba', 'pyroutingkit', 'osmium'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


@pytest.mark.parametrize("settled_max", [0, 1, 2, 3, 7, 40, 1000])
def test_a_search_cut_short_is_right_or_undecided(settled_max: int) -> None:
    """Also at a dead end, where the last place is reached and nothing else is left to look at."""
    square, town = one_way_square(), grid(5, 4)
    for network in (square, town, two_way_street()):
        search = DijkstraSearch(network)
        weights = Weights.of(network, network.arc_ms)
        every = np.arange(network.arc_count, dtype=np.int32)
        origins, goals = np.repeat(every, len(every)), np.tile(every, len(every))
        apart = origins != goals
        origins, goals = origins[apart], goals[apart]

        exact = search.pairs(weights, origins, goals)
        found = search.near_pairs(weights, origins, goals, settled_max=settled_max)
        around = search.near_rounds(weights, every, settled_max=settled_max)

        assert ((found == exact) | (found == UNDECIDED)).all()
        assert ((around == search.rounds(weights, every)) | (around == UNDECIDED)).all()
        assert (found == exact).all() or settled_max < 1000


def test_the_hierarchy_answers_what_was_not_found_near(tmp_path: Path) -> None:
    town = grid(9, 9)
    engine, judge = CchEngine(town, tmp_path), DijkstraEngine(town)
    rng = np.random.default_rng(1)
    points = np.array([WEST, SOUTH]) + rng.uniform(0, 0.008, (120, 2))
    snaps = engine.snap(points)
    # Few far riders among many drivers: near and far ones, and some on the rider's own street.
    pairs = np.array([(driver, rider) for rider in range(60) for driver in range(120)])

    assert (engine.pair_times(snaps, snaps, pairs) == judge.pair_times(snaps, snaps, pairs)).all()
