"""Made-up demand: seeded, on the streets, near the centre, with a morning and an evening."""

from itertools import islice, takewhile

import numpy as np
import pytest

from foundation.chance import SeededChance
from foundation.measures import Point, distance_metres
from roads.network import RoadNetwork
from simulation.gravity import HOURS, TOWARDS_CENTRE, GravityModel, gravity_demand
from simulation.replay import TripWish
from tests.builders_roads import Street, network_of

SIDE = 15
CENTRE = Point(10.035, 50.035)
MODEL = GravityModel(seed=1, riders_per_hour=400.0, centre=CENTRE)
MORNING, EVENING = 7 * 3600, 17 * 3600


@pytest.fixture(scope="module")
def town() -> RoadNetwork:
    """A chessboard five and a half kilometres wide."""
    junctions = [(x * 5.0, y * 5.0) for y in range(SIDE) for x in range(SIDE)]
    across = [
        Street(start=y * SIDE + x, end=y * SIDE + x + 1, seconds=40)
        for y in range(SIDE)
        for x in range(SIDE - 1)
    ]
    up = [
        Street(start=y * SIDE + x, end=(y + 1) * SIDE + x, seconds=60)
        for y in range(SIDE - 1)
        for x in range(SIDE)
    ]
    return network_of(junctions, across + up)


def wishes(
    town: RoadNetwork, count: int = 600, *, start: int = MORNING, seed: int = 7
) -> list[TripWish]:
    stream = gravity_demand(town, MODEL, start_second=start, chance=SeededChance(seed))
    return list(islice(stream, count))


def test_the_seed_decides_everything(town: RoadNetwork) -> None:
    assert wishes(town, 50) == wishes(town, 50)
    assert wishes(town, 50) != wishes(town, 50, seed=8)


def test_trips_begin_and_end_on_streets(town: RoadNetwork) -> None:
    for wish in wishes(town, 100):
        for point in (wish.pickup, wish.dropoff):
            on_row = (point.lon - 10) * 200 % 1
            on_column = (point.lat - 50) * 200 % 1
            assert min(on_row, 1 - on_row, on_column, 1 - on_column) < 1e-3


def test_nobody_takes_a_car_next_door(town: RoadNetwork) -> None:
    lengths = [distance_metres(w.pickup, w.dropoff) for w in wishes(town)]
    assert min(lengths) > 200
    assert 1_000 < float(np.median(lengths)) < 4_000


def test_people_go_to_the_centre_in_the_morning_and_home_in_the_evening(town: RoadNetwork) -> None:
    def inwards(found: list[TripWish]) -> float:
        far = [
            (distance_metres(w.pickup, CENTRE), distance_metres(w.dropoff, CENTRE)) for w in found
        ]
        return float(np.mean([begin > end for begin, end in far]))

    morning, evening = inwards(wishes(town, start=MORNING)), inwards(wishes(town, start=EVENING))
    assert morning > 0.6
    assert evening < morning - 0.1


def test_there_is_more_in_the_centre_than_at_the_edge(town: RoadNetwork) -> None:
    ends = [distance_metres(w.dropoff, CENTRE) for w in wishes(town)]
    within = [d < 1_500 for d in ends]
    assert float(np.mean(within)) > 0.4


@pytest.mark.parametrize("riders", [None, 100.0, 2_000.0])
def test_about_as_many_come_as_are_asked_for(town: RoadNetwork, riders: float | None) -> None:
    stream = gravity_demand(
        town, MODEL, start_second=MORNING, chance=SeededChance(3), riders_per_hour=riders
    )
    count = len(list(takewhile(lambda w: w.after_seconds < 3600, stream)))
    expected = riders or MODEL.riders_per_hour * HOURS[7]
    assert count == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_none_an_hour_are_none(town: RoadNetwork) -> None:
    stream = gravity_demand(
        town, MODEL, start_second=0, chance=SeededChance(3), riders_per_hour=0.0
    )
    assert list(stream) == []


def test_a_city_of_fast_roads_alone_still_has_riders() -> None:
    network = network_of(
        [(0, 0), (50, 0), (50, 50), (0, 50)],
        [Street(start=i, end=(i + 1) % 4, seconds=60, one_way=True) for i in range(4)],
    )
    assert len(wishes(network, 5)) == 5


def test_the_day_is_a_day() -> None:
    assert len(HOURS) == len(TOWARDS_CENTRE) == 24
    assert float(np.mean(HOURS)) == pytest.approx(1.0, abs=0.06)
