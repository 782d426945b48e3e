"""The pooled core on the dial-a-ride problems of the literature."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from dispatch.matching.shared.dial_a_ride.problem import EARLIEST, LATEST, Problem, tightened
from dispatch.matching.shared.dial_a_ride.route_kernel import (
    NOWHERE,
    PAD_ROWS,
    best_place,
    can_drive,
    place,
    prepare,
    remove,
)
from dispatch.matching.shared.dial_a_ride.solve import Search, Solution, solve
from foundation.chance import SeededChance
from simulation.dial_a_ride import MINUTE, bench_dial_a_ride, list_instances, read_instance
from simulation.errors import InstanceUnreadable
from tests.dial_a_ride import TINY, any_instance, faults, miles

QUICK = Search(seed=1, iterations=400, rounds=2)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.txt"
    path.write_text(TINY, encoding="utf-8")
    return path


def written(folder: Path, text: str) -> Path:
    path = folder / "drawn.txt"
    path.write_text(text, encoding="utf-8")
    return path


def in_minutes(found: Solution) -> tuple[list[float], list[list[float]]]:
    return [t / MINUTE for t in found.leaves], [[t / MINUTE for t in one] for one in found.begins]


def drivable(problem: Problem, route: list[int]) -> bool:
    """Whether any schedule exists: the longest paths of a graph of differences (Bellman, Ford)."""
    half, nodes, count = problem.requests, problem.nodes, len(route)
    load = np.cumsum([nodes[n, 3] for n in route])
    if (load > problem.limits[0]).any():
        return False
    stops = [0, *route, 0]
    arcs = []
    for k, node in enumerate(stops):
        arcs.append((count + 2, k, int(nodes[node, EARLIEST])))
        arcs.append((k, count + 2, -int(nodes[node, LATEST])))
    for k, (a, b) in enumerate(itertools.pairwise(stops)):
        arcs.append((k, k + 1, int(nodes[a, 2]) * (k > 0) + int(problem.travel[a, b])))
    arcs.append((count + 1, 0, -int(problem.limits[1])))
    for k, node in enumerate(route, 1):
        if node <= half:
            drop = route.index(node + half) + 1
            arcs.append((drop, k, -int(nodes[node, 4]) - int(nodes[node, 2])))
    at = [-math.inf] * (count + 2) + [0.0]
    for _ in range(count + 4):
        before = list(at)
        for a, b, least in arcs:
            at[b] = max(at[b], at[a] + least)
        if at == before:
            return True
    return False


def any_route(problem: Problem, chance: SeededChance) -> list[int]:
    """A few requests, more or less by their windows, each drop-off behind its pick-up."""
    route: list[int] = []
    some = [1 + chance.below(problem.requests) for _ in range(1 + chance.below(5))]
    for request in sorted(set(some), key=lambda one: problem.nodes[one, EARLIEST]):
        first = max(0, len(route) - chance.below(4))
        route.insert(first, request)
        route.insert(
            first + 1 + chance.below(min(3, len(route) - first)), request + problem.requests
        )
    return route


def scratch(problem: Problem) -> np.ndarray:
    return np.zeros((PAD_ROWS, 2 * problem.requests + 2), np.int64)


@pytest.mark.parametrize("hours", [4, 3])
def test_the_eight_steps_miss_no_schedule_and_invent_none(tmp_path: Path, hours: int) -> None:
    text = any_instance(3, requests=12).replace(" 240 ", f" {hours * 60 - 120} ", 1)
    problem = tightened(read_instance(written(tmp_path, text)))
    chance, answers = SeededChance(5), []
    for _ in range(2500):
        route = any_route(problem, chance)
        answer = can_drive(np.array(route), len(route), problem.travel, problem.nodes,
                           problem.limits, scratch(problem))  # fmt: skip
        assert answer == drivable(problem, route), route
        answers.append(answer)
    assert 200 < sum(answers) < 2300, "both answers are put to the test"


@pytest.mark.parametrize("duration", [240, 100])
def test_the_cheapest_place_is_the_cheapest_of_all_drivable_ones(
    tmp_path: Path, duration: int
) -> None:
    text = any_instance(4, requests=14).replace(" 240 ", f" {duration} ", 1)
    problem = tightened(read_instance(written(tmp_path, text)))
    chance, pad, fitted, half = SeededChance(6), scratch(problem), 0, problem.requests
    for _ in range(1200):
        route = any_route(problem, chance)
        request = 1 + chance.below(half)
        if request in route or not drivable(problem, route):
            continue
        tried = [NOWHERE]
        for i, j in itertools.combinations_with_replacement(range(len(route) + 1), 2):
            trial = [*route[:i], request, *route[i:j], request + half, *route[j:]]
            if drivable(problem, trial):
                tried.append(problem.cost(np.array(trial)) - problem.cost(np.array(route)))
        row = np.array(route + [0] * (2 * half - len(route)))
        prepare(row, len(route), problem.travel, problem.nodes, pad)
        cost, i, j = best_place(
            request, row, len(route), problem.travel, problem.nodes, problem.limits, pad
        )
        assert cost == min(tried)
        if i >= 0:
            fitted += 1
            place(request, i, j, row, len(route), half)
            assert drivable(problem, row[: len(route) + 2].tolist())
            remove(request, row, len(route) + 2, half)
            assert row[: len(route)].tolist() == route
    assert fitted > 30


@pytest.mark.parametrize("seed", range(8))
def test_solutions_keep_every_rule(tmp_path: Path, seed: int) -> None:
    path = written(tmp_path, any_instance(seed, requests=10, vehicles=3))
    found = solve(read_instance(path), QUICK)
    assert found.open == ()
    assert faults(path, found.routes, *in_minutes(found)) == []
    assert found.cost / MINUTE == pytest.approx(miles(path, found.routes), abs=1e-3)
    assert solve(read_instance(path), QUICK) == found, "the same seed finds the same"


@pytest.mark.parametrize("seed", range(4))
def test_small_problems_are_solved_to_the_optimum(tmp_path: Path, seed: int) -> None:
    path = written(tmp_path, any_instance(20 + seed, requests=4, vehicles=2))
    problem = read_instance(path)
    cheapest = {(): 0}
    for served in (set(c) for n in range(1, 5) for c in itertools.combinations((1, 2, 3, 4), n)):
        nodes = sorted(served | {one + 4 for one in served})
        orders = (
            order
            for order in itertools.permutations(nodes)
            if all(order.index(one) < order.index(one + 4) for one in served)
        )
        costs = [problem.cost(np.array(o)) for o in orders if drivable(problem, list(o))]
        cheapest[tuple(sorted(served))] = min(costs, default=NOWHERE)
    best = min(
        cost + cheapest[tuple(one for one in (1, 2, 3, 4) if one not in served)]
        for served, cost in cheapest.items()
    )
    assert solve(problem, QUICK).cost == best


def test_the_verifier_finds_planted_faults(tmp_path: Path) -> None:
    path = written(tmp_path, any_instance(1, requests=10))
    found = solve(read_instance(path), QUICK)
    leaves, begins = in_minutes(found)
    routes = [list(route) for route in found.routes]
    assert faults(path, routes, leaves, begins) == []
    for planted in (
        (routes[:1], leaves[:1], begins[:1]),
        ([route[::-1] for route in routes], leaves, begins),
        (routes, [one + 30 for one in leaves], begins),
        (routes, leaves, [[one - 5 for one in times] for times in begins]),
        (routes, leaves, [[*times[:-1], times[-1] + 40] for times in begins]),
        ([[one] for route in routes for one in route], leaves * 10, [[0.0]] * 20),
    ):
        size = min(len(part) for part in planted)
        assert faults(path, *(part[:size] for part in planted))


def test_what_nobody_can_serve_stays_open(tmp_path: Path) -> None:
    """Trip 2 wants four seats in cars of three."""
    text = TINY.replace("3 2 60", "3 4 60").replace("3 -2 0", "3 -4 0")
    found = solve(read_instance(written(tmp_path, text)), QUICK)
    assert found.open == (2,)
    assert found.routes == ((1, 3),)


def test_a_problem_without_requests_costs_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "1 0 480 3 30\n0 0 0 0 0 0 480\n")
    assert solve(read_instance(path), QUICK).cost == 0


def test_a_file_may_leave_out_the_second_depot_and_count_requests(tiny: Path) -> None:
    lines = TINY.splitlines()
    short = "\n".join(["2 2 480 3 30", *lines[1:-1]])
    other = read_instance(written(tiny.parent, short))
    assert (other.travel == read_instance(tiny).travel).all()
    assert other.vehicles == 2


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2 4 480 3 30", "2 4 480 3", "line 1: 5 numbers"),
        ("2 4 480 3 30", "2 6 480 3 30", "line 1: 6 requests or places are announced, 4 places"),
        ("2 4 480 3 30", "0 4 480 3 30", "line 1: there is no vehicle"),
        ("2 4 480 3 30", "2 4 480 -3 30", "line 1: the capacity"),
        (" 1 3.000 4.000 3 1 0 1440\n", " 1 3.000 4.000 3 1 x 1440\n", "line 3: 7 numbers"),
        (" 1 3.000 4.000 3 1 0 1440\n", " 1 nan 4.000 3 1 0 1440\n", "line 3: 7 numbers"),
        (" 1 3.000 4.000 3 1 0 1440\n", "", "line 3: place 1"),
        (" 1 3.000", " 7 3.000", "line 3: place 1 is expected"),
        ("2 60 75", "2 75 60", "line 4: its window ends"),
        ("4.000 3 1 0", "4.000 -3 1 0", "line 3: its service"),
        ("8.000 3 -1", "8.000 3 1", "line 5: a drop-off cannot have load 1"),
        ("8.000 3 -1", "8.000 3 -2", "line 5: it does not set down"),
        (" 5 0.000", " 5 1.000", "line 7: the end is not the depot"),
        (TINY, "", "it is empty"),
        (TINY, "1 0 480 3 30", "line 1: no depot"),
    ],
)
def test_broken_files_are_refused_with_the_line(tiny: Path, old: str, new: str, said: str) -> None:
    assert old in TINY
    path = written(tiny.parent, TINY.replace(old, new, 1))
    with pytest.raises(InstanceUnreadable, match=said):
        read_instance(path)


def test_folders_are_read_in_the_order_of_the_list(tiny: Path) -> None:
    folder = tiny.parent
    (folder / "other.txt").write_text(TINY, encoding="utf-8")
    (folder / "best_known_a.csv").write_text("instance,cost\ntiny,36.0\n", encoding="utf-8")
    assert [(one.name, one.best_known) for one in list_instances(folder)] == [
        ("tiny", 36.0),
        ("other", None),
    ]
    with pytest.raises(InstanceUnreadable, match="no else"):
        list_instances(folder, only="else")
    with pytest.raises(InstanceUnreadable, match="not a folder"):
        list_instances(folder / "nowhere")
    (folder / "best_known_a.csv").write_text("instance,cost\ntiny,dear\n", encoding="utf-8")
    with pytest.raises(InstanceUnreadable, match="line 2"):
        list_instances(folder)
    (folder / "binary.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(InstanceUnreadable, match="as text"):
        read_instance(folder / "binary.txt")
    (folder / "empty").mkdir()
    with pytest.raises(InstanceUnreadable, match="holds no instance"):
        list_instances(folder / "empty")


@pytest.mark.shared
@pytest.mark.parametrize("name", ["a2-20", "a3-24", "a4-32"])
def test_instances_of_the_literature(shared_data: Path, name: str) -> None:
    """Within two percent of the best known already after a small part of the usual search."""
    folder = shared_data / "darp-cordeau-a"
    how = Search(seed=1, iterations=3000, rounds=3)
    (result,) = bench_dial_a_ride(folder, only=name, how=how)
    found = result.solution
    assert faults(folder / f"{name}.txt", found.routes, *in_minutes(found)) == []
    assert result.gap_percent is not None
    assert -0.01 < result.gap_percent < 2
