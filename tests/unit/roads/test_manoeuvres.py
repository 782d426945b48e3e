"""A driver is told the turns that matter."""

from pathlib import Path

import pytest

from foundation.measures import Point
from roads.dijkstra import DijkstraEngine
from roads.manoeuvres import Manoeuvre, Turn, manoeuvres_of, turn_of
from roads.network import RoadNetwork
from roads.straight_line import StraightLineEngine
from tests.builders_roads import SOUTH, WEST, Street, grid, network_of, two_way_street


def told(
    network: RoadNetwork, start: tuple[float, float], end: tuple[float, float]
) -> tuple[Manoeuvre, ...]:
    places = [Point(WEST + x / 1000, SOUTH + y / 1000) for x, y in (start, end)]
    return manoeuvres_of(network, DijkstraEngine(network).route(*places))


def short(manoeuvres: tuple[Manoeuvre, ...]) -> list[tuple[str, str]]:
    return [(m.turn.value, m.street) for m in manoeuvres]


def test_a_turn_into_another_street_is_told_with_its_name() -> None:
    steps = told(grid(), (0.5, 0), (3, 0.5))
    assert short(steps) == [("depart", "Row 0"), ("left", "Column 3"), ("arrive", "Column 3")]
    assert [m.bearing for m in steps] == [90, 0, 0]
    assert [m.metres for m in steps] == pytest.approx([179, 56, 0], abs=1)
    assert steps[1].at == Point(WEST + 3 / 1000, SOUTH)


def test_a_right_turn_is_a_right_turn() -> None:
    assert short(told(grid(), (0, 0.5), (0.5, 1)))[1] == ("right", "Row 1")


def test_staying_on_one_street_is_one_manoeuvre() -> None:
    assert short(told(two_way_street(), (0.1, 0), (0.9, 0))) == [
        ("depart", "Long Street"),
        ("arrive", "Long Street"),
    ]


def test_a_bend_is_not_told_and_a_change_of_name_is() -> None:
    network = network_of(
        [(0, 0), (1, 0), (1, 1), (1, 2)],
        [
            Street(start=0, end=1, name="Bent"),
            Street(start=1, end=2, name="Bent"),
            Street(start=2, end=3, name="Beyond"),
        ],
    )
    assert short(told(network, (0.2, 0), (1, 1.8))) == [
        ("depart", "Bent"),
        ("straight", "Beyond"),
        ("arrive", "Beyond"),
    ]


def test_turning_back_at_a_dead_end_is_told() -> None:
    network = network_of(
        [(0, 0), (1, 0), (2, 0), (1, 1)],
        [Street(start=0, end=1), Street(start=1, end=2), Street(start=1, end=3, name="Up")],
        banned=[(0, 4)],
    )
    assert short(told(network, (0.2, 0), (1, 0.8))) == [
        ("depart", ""),
        ("u_turn", ""),
        ("right", "Up"),
        ("arrive", "Up"),
    ]


def test_by_the_crow_only_the_goal_is_told(tmp_path: Path) -> None:
    network = two_way_street()
    route = StraightLineEngine(network).route(Point(WEST, SOUTH), Point(WEST + 0.001, SOUTH))
    steps = manoeuvres_of(network, route)
    assert short(steps) == [("depart", ""), ("arrive", "")]
    assert steps[0].bearing == 90


@pytest.mark.parametrize(
    ("change", "turn"),
    [
        (0, Turn.STRAIGHT),
        (-19.9, Turn.STRAIGHT),
        (20, Turn.SLIGHT_RIGHT),
        (-39.9, Turn.SLIGHT_LEFT),
        (40, Turn.RIGHT),
        (-90, Turn.LEFT),
        (120, Turn.SHARP_RIGHT),
        (-150, Turn.SHARP_LEFT),
        (160, Turn.U_TURN),
        (-180, Turn.U_TURN),
    ],
)
def test_the_word_for_a_change_of_bearing(change: float, turn: Turn) -> None:
    assert turn_of(change) is turn
