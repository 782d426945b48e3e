"""Streets as the eye follows them."""

import numpy as np
import pytest

from roads.strokes import stroke_metres
from tests.builders_roads import Street, network_of


def test_a_stroke_goes_straight_on_and_not_round_the_corner() -> None:
    network = network_of(
        [(0, 0), (1, 0), (2, 0), (3, 0), (1, 1)],
        [
            Street(start=0, end=1),
            Street(start=1, end=2),
            Street(start=2, end=3),
            Street(start=1, end=4),
        ],
    )
    metres = stroke_metres(network)
    along = float(network.arc_metres[:2].sum() / 2)
    is_side = (network.coords[network.offsets[:-1], 1] != 50.0) | (
        network.coords[network.offsets[1:] - 1, 1] != 50.0
    )
    assert metres[~is_side] == pytest.approx(np.full(6, 3 * along), rel=1e-3)
    assert (metres[is_side] < 1.8 * 111.3).all()


def test_a_ring_is_a_stroke_too() -> None:
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = [(10 + 5 * np.cos(a) * 1.55, 10 + 5 * np.sin(a)) for a in angles]
    streets = [Street(start=i, end=(i + 1) % 24, one_way=True) for i in range(24)]
    network = network_of(ring, streets)
    assert stroke_metres(network) == pytest.approx(
        np.full(24, float(network.arc_metres.sum())), rel=1e-5
    )
