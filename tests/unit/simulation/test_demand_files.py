"""The demand of a city pack: read whole, refused by line, joined to the pack."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from pathlib import Path

import pytest

from roads.pack import CityPack
from simulation.demand import figures_of, places_of, wishes_of
from simulation.demand_files import TRIP_COLUMNS, read_model, read_trips
from simulation.errors import DemandUnreadable

MANHATTAN = Path(__file__).parents[3] / "cities" / "manhattan"
HEADER = ",".join(TRIP_COLUMNS)
ROW = "2014-12-21T20:03:00,-73.98,40.75,-73.97,40.76,2"


@pytest.fixture(scope="module")
def manhattan() -> CityPack:
    return CityPack.open(MANHATTAN)


def test_a_table_is_read_plain_or_zipped(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"{HEADER}\n{ROW}\n")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n{ROW}\n".encode()))
    plain, zipped = read_trips(tmp_path / "t.csv"), read_trips(tmp_path / "t.csv.gz")
    assert plain == zipped
    assert (plain[0].second, plain[0].passengers) == (20 * 3600 + 180, 2)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("2014-12-21T20:03:00,-73.98,40.75,-73.97,40.76", "too short"),
        ("yesterday,-73.98,40.75,-73.97,40.76,2", "yesterday"),
        ("2014-12-21T20:03:00Z,-73.98,40.75,-73.97,40.76,2", "without an offset"),
        ("2014-12-21T20:03:00,west,40.75,-73.97,40.76,2", "west"),
        ("2014-12-21T20:03:00,nan,40.75,-73.97,40.76,2", "finite"),
        ("2014-12-21T20:03:00,0,0,-73.97,40.76,2", "Africa"),
        ("2014-12-21T20:03:00,40.75,-93.98,-73.97,40.76,2", "outside"),
        ("2014-12-21T20:03:00,-73.98,40.75,-73.97,40.76,0", "passengers"),
        ("2014-12-21T20:03:00,-73.98,40.75,-73.97,40.76,900", "passengers"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_its_line(
    tmp_path: Path, row: str, says: str
) -> None:
    (tmp_path / "t.csv").write_text(f"{HEADER}\n{ROW}\n{row}\n")
    with pytest.raises(DemandUnreadable, match=says) as refused:
        read_trips(tmp_path / "t.csv")
    assert refused.value.facts["where"] == "line 3"


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DemandUnreadable, match="no such file"):
        read_trips(tmp_path / "absent.csv")
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DemandUnreadable, match="'asked_at' is missing"):
        read_trips(tmp_path / "t.csv")
    (tmp_path / "t.csv.gz").write_text("not zipped")
    with pytest.raises(DemandUnreadable, match="not a table"):
        read_trips(tmp_path / "t.csv.gz")
    whole = gzip.compress(f"{HEADER}\n{ROW}\n".encode())
    (tmp_path / "t.csv.gz").write_bytes(whole[:-12])
    with pytest.raises(DemandUnreadable, match="not a table"):
        read_trips(tmp_path / "t.csv.gz")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "guess"),
        ("seed", 1.5),
        ("seed", True),
        ("riders_per_hour", 0),
        ("riders_per_hour", "many"),
        ("riders_per_hour", float("nan")),
        ("centre", [200, 50]),
        ("centre", "Rome"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused_by_its_field(
    tmp_path: Path, field: str, value: object
) -> None:
    body = {"model": "gravity", "seed": 1, "riders_per_hour": 100, "centre": [10.0, 50.0]}
    (tmp_path / "m.json").write_text(json.dumps(body))
    assert read_model(tmp_path / "m.json").riders_per_hour == 100.0
    (tmp_path / "m.json").write_text(json.dumps({**body, field: value}))
    with pytest.raises(DemandUnreadable) as refused:
        read_model(tmp_path / "m.json")
    assert refused.value.facts["where"] == field


def test_manhattan_s_evening_is_replayed_as_recorded(manhattan: CityPack) -> None:
    begin = datetime(2014, 12, 22, 1, 0, tzinfo=UTC)  # 20:00 in New York
    stream = wishes_of(manhattan, begin=begin, riders_per_hour=None, seed=7)
    hour = list(takewhile(lambda row: row[0] < timedelta(hours=1), stream))
    assert len(hour) == 1464
    assert all(manhattan.contains(w.pickup) and manhattan.contains(w.dropoff) for _, w in hour)
    again = wishes_of(manhattan, begin=begin, riders_per_hour=None, seed=7)
    assert hour == list(islice(again, len(hour)))


def test_what_cannot_be_asked_for_is_counted(manhattan: CityPack) -> None:
    figures = figures_of(manhattan)
    assert (figures.kind, figures.recorded) == ("recorded", 19_979)
    assert (figures.outside, figures.nowhere) == (1_792, 179)


def test_cars_wait_where_riders_are(manhattan: CityPack) -> None:
    places = places_of(manhattan, seed=7, most=50)
    assert len(places) == 50
    assert all(manhattan.contains(place) for place in places)
    assert places == places_of(manhattan, seed=7, most=50)
