"""Every point lies in one zone at most, and a faulty zones file is refused by feature."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foundation.measures import Point, PointNotOnEarth
from roads.errors import ZonesUnreadable
from roads.zones import Zones


def square(
    code: str, west: float, south: float, name: str = "", size: float = 1.0
) -> dict[str, Any]:
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name or f"Zone {code}"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


@pytest.fixture
def zones() -> Zones:
    return Zones.from_geojson(
        collection(square("10", 11, 50), square("9", 10, 50, "Old Town"), square("11", 10, 51))
    )


def test_a_point_lies_in_its_zone_or_in_none(zones: Zones) -> None:
    assert zones.zone_of(Point(10.5, 50.5)) == "9"
    assert zones.zone_of(Point(11.5, 50.5)) == "10"
    assert zones.zone_of(Point(30, 50)) is None
    assert zones.name_of("9") == "Old Town"
    assert zones.codes == ("9", "10", "11")
    assert len(zones) == 3


def test_a_border_belongs_to_the_first_of_its_zones(zones: Zones) -> None:
    assert zones.zone_of(Point(11, 50.5)) == "9"
    assert zones.zone_of(Point(11, 51)) == "9"
    assert zones.zone_of(Point(12, 50.5)) == "10"


def test_codes_that_are_words_come_in_their_own_order() -> None:
    zones = Zones.from_geojson(collection(square("south", 10, 50), square("north", 10, 51)))
    assert zones.codes == ("north", "south")
    assert zones.zone_of(Point(10.5, 51)) == "north"


def test_many_points_are_looked_up_at_once(zones: Zones) -> None:
    points = np.array([(10.5, 50.5), (30, 50), (10.5, 51.5), (11, 51)])
    assert zones.indices_of(points).tolist() == [0, -1, 2, 0]
    assert zones.indices_of(np.empty((0, 2))).tolist() == []
    with pytest.raises(PointNotOnEarth):
        zones.indices_of(np.array([(np.nan, 1)]))


def test_a_city_without_zones_has_every_point_outside() -> None:
    assert Zones.from_geojson(collection()).zone_of(Point(10, 50)) is None


def changed(**changes: Any) -> dict[str, Any]:
    return square("2", 20, 50) | changes


BOW_TIE = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "not a FeatureCollection"),
        ({"type": "Feature"}, "not a FeatureCollection"),
        (collection(square("1", 1, 1), 5), "feature 2: it has no properties"),
        (collection(changed(properties=None)), "feature 1: it has no properties"),
        (collection(changed(properties={"name": "a"})), "'code' is not a text"),
        (collection(changed(properties={"code": 7, "name": "a"})), "'code' is not a text"),
        (collection(changed(properties={"code": "7"})), "'name' is not a text"),
        (collection(changed(geometry=None)), "not a Polygon"),
        (collection(changed(geometry={"type": "Point", "coordinates": [1, 2]})), "not a Polygon"),
        (collection(changed(geometry={"type": "Polygon"})), "cannot be read"),
        (collection(changed(geometry={"type": "Polygon", "coordinates": []})), "is empty"),
        (
            collection(changed(geometry={"type": "Polygon", "coordinates": [BOW_TIE]})),
            "contradicts itself",
        ),
        (
            collection(square("1", 1, 1), square("1", 5, 5)),
            "feature 2: the code '1' is there twice",
        ),
    ],
)
def test_a_faulty_feature_is_named(document: Any, reason: str) -> None:
    with pytest.raises(ZonesUnreadable, match=reason):
        Zones.from_geojson(document)


@pytest.mark.shared
def test_nearly_every_taxi_trip_begins_and_ends_in_one_of_the_taxi_zones(
    shared_data: Path,
) -> None:
    drawn = Path(__file__).parents[3] / "cities" / "manhattan" / "zones.geojson"
    zones = Zones.from_geojson(json.loads(drawn.read_text(encoding="utf-8")))
    with (shared_data / "manhattan-hive" / "nyc_20k.csv").open() as table:
        trips = list(csv.DictReader(table))
    ends = [(float(t[f"{end}_lon"]), float(t[f"{end}_lat"])) for t in trips for end in "od"]
    inside = zones.indices_of(np.array(ends)) >= 0
    assert inside.mean() > 0.95
