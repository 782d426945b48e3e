"""The sea is where the coast says, and nowhere if the coast says two things."""

import numpy as np
import pytest
import shapely

from roads.coast import sea_of

FRAME = shapely.box(0.0, 0.0, 1.0, 1.0)


def line(*points: tuple[float, float]) -> np.ndarray:
    return np.array(points, np.float64)


def test_water_lies_to_the_right_of_the_coast() -> None:
    northwards = line((0.4, -0.1), (0.4, 1.1))
    sea = sea_of([northwards], FRAME)
    assert sea is not None
    assert sea.equals_exact(shapely.box(0.4, 0, 1, 1).normalize(), 1e-9) or sea.equals(
        shapely.box(0.4, 0, 1, 1)
    )


def test_an_island_is_land_in_the_sea() -> None:
    island = line((0.3, 0.3), (0.6, 0.3), (0.6, 0.6), (0.3, 0.6), (0.3, 0.3))
    sea = sea_of([island], FRAME)
    assert sea is not None
    assert sea.area == pytest.approx(1 - 0.09)


def test_a_coast_in_pieces_is_one_coast() -> None:
    sea = sea_of([line((0.4, -0.1), (0.4, 0.5)), line((0.4, 0.5), (0.5, 1.2))], FRAME)
    assert sea is not None
    assert sea.contains(shapely.Point(0.9, 0.5))
    assert not sea.intersects(shapely.Point(0.1, 0.5))


@pytest.mark.parametrize(
    "coast",
    [
        [],
        [line((2, 0), (2, 1))],
        [line((0.4, -0.1), (0.4, 0.5))],
        [line((0.4, -0.1), (0.4, 1.1)), line((0.6, -0.1), (0.6, 1.1))],
    ],
    ids=["no coast", "outside", "ends inside", "says both"],
)
def test_where_the_coast_does_not_close_there_is_no_sea(coast: list[np.ndarray]) -> None:
    assert sea_of(coast, FRAME) is None
