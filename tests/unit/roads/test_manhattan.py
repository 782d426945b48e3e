"""The city that comes along."""

from pathlib import Path

import numpy as np
import pytest

from foundation.measures import Point
from roads.pack import CityPack
from simulation.demand_files import read_trips

ROOT = Path(__file__).parents[3]
MANHATTAN = ROOT / "cities" / "manhattan"


@pytest.fixture(scope="module")
def manhattan() -> CityPack:
    return CityPack.open(MANHATTAN)


def test_it_is_whole(manhattan: CityPack) -> None:
    assert (manhattan.name, manhattan.currency, manhattan.languages) == (
        *("manhattan", "USD"),
        ("en", "es"),
    )
    assert manhattan.timezone == "America/New_York"
    assert manhattan.network.node_count == 4197
    assert len(manhattan.zones) == 63
    assert str(manhattan.demand.recorded_on) == "2014-12-21"


@pytest.mark.parametrize(
    ("place", "point", "zone"),
    [
        ("Empire State Building", Point(-73.985656, 40.748433), "164"),
        ("Times Square", Point(-73.985130, 40.758896), "230"),
        ("The Lake in Central Park", Point(-73.9714, 40.7763), "43"),
        ("United Nations", Point(-73.968, 40.7489), "233"),
        ("Carl Schurz Park", Point(-73.9437, 40.7751), "262"),
        ("The Cloisters", Point(-73.9318, 40.8649), "243"),
        ("One World Trade Center", Point(-74.0134, 40.7127), "261"),
        ("Statue of Liberty", Point(-74.0445, 40.6892), None),
        ("Brooklyn Borough Hall", Point(-73.9903, 40.6925), None),
    ],
)
def test_known_places_lie_in_their_zones(
    manhattan: CityPack, place: str, point: Point, zone: str | None
) -> None:
    assert manhattan.zone_of(point) == zone, place


def test_every_junction_and_every_recorded_pick_up_has_a_zone(manhattan: CityPack) -> None:
    network = manhattan.network
    junctions = np.stack([network.node_lon, network.node_lat], axis=1)
    trips = read_trips(manhattan.demand.path)
    pickups = np.array([(trip.pickup.lon, trip.pickup.lat) for trip in trips])
    assert len(trips) == 19_979
    for places in (junctions, pickups):
        assert manhattan.contains_each(places).all()
        assert all(manhattan.zone_of(Point(lon, lat)) for lon, lat in places[::7].tolist())


def test_times_are_kept_as_recorded(manhattan: CityPack) -> None:
    seconds = np.array([trip.second % 60 for trip in read_trips(manhattan.demand.path)])
    assert int((seconds != 0).sum()) == 137


def test_it_is_small(manhattan: CityPack) -> None:
    sizes = [path.stat().st_size for path in MANHATTAN.rglob("*") if path.is_file()]
    assert sum(sizes) < 3_000_000
    assert manhattan.tiles is None


def test_no_street_is_faster_than_a_car(manhattan: CityPack) -> None:
    network = manhattan.network
    kmh = network.arc_metres / network.arc_ms * 3600
    # Times are tenths of a second in the source: short streets only seem fast.
    assert kmh[network.arc_metres > 100].max() < 81
