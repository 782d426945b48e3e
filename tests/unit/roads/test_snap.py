"""Snapping finds what a geometry library finds by looking at every street."""

import numpy as np
import pytest
import shapely

from roads.network import RoadNetwork
from roads.snap import AS_NEAR_WITHIN_METRES, Snapper
from tests.builders_roads import SOUTH, WEST, Street, grid, network_of


def crooked() -> RoadNetwork:
    """Streets of several pieces, one of which doubles back to where it began."""
    return network_of(
        [(0, 0), (3, 0), (4, 3)],
        [
            Street(start=0, end=1, by_way_of=((1, 0.4), (2, 0))),
            Street(start=1, end=2, one_way=True, by_way_of=((3, 2), (2.9, 2), (2.9, 0.1))),
            Street(start=2, end=0, one_way=True, by_way_of=((0, 3), (0, 2))),
        ],
    )


def looked_up_everywhere(network: RoadNetwork, points: np.ndarray) -> list[set[tuple[int, float]]]:
    """For each point the arcs about as near as the nearest, with the fraction along each."""
    plane = Snapper(network).flat_map
    flat = plane.flatten(network.coords)
    lines = np.array(
        [
            shapely.linestrings(flat[begin:end])
            for begin, end in zip(network.offsets, network.offsets[1:], strict=False)
        ]
    )
    answer = []
    for spot in shapely.points(plane.flatten(points)):
        away = shapely.distance(lines, spot)
        near = np.flatnonzero(away <= away.min() + AS_NEAR_WITHIN_METRES)
        along = shapely.line_locate_point(lines[near], spot, normalized=True)
        answer.append(
            {(int(arc), round(float(part), 7)) for arc, part in zip(near, along, strict=True)}
        )
    return answer


@pytest.mark.parametrize("network", [grid(6, 5), crooked()], ids=["grid", "crooked"])
@pytest.mark.parametrize("seed", range(3))
def test_the_places_found_are_those_of_looking_at_every_street(
    network: RoadNetwork, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    inside = rng.uniform(-0.002, 0.008, (150, 2))
    corner = np.array([WEST, SOUTH])
    junctions = network.coords[rng.integers(0, len(network.coords), 40)] - corner
    far = rng.uniform(-0.5, 0.5, (10, 2))
    points = np.concatenate([inside, junctions, far]) + corner

    snaps = Snapper(network).snap(points)

    found = [
        {
            (int(snaps.arcs[row]), round(float(snaps.fractions[row]), 7))
            for row in range(snaps.offsets[number], snaps.offsets[number + 1])
        }
        for number in range(len(points))
    ]
    assert found == looked_up_everywhere(network, points)
