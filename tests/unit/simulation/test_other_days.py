"""Made days: the same for a seed, like the recorded day on the whole, and unlike it trip by trip."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dispatch.matching.zones import Division
from simulation.study.errors import StudyUnusable
from simulation.study.made_files import digest_of, make_folder
from simulation.study.other_days import (
    JUNCTIONS_A_CELL,
    LEARNING_SEEDS,
    QUARTER_MS,
    REPORTING_SEEDS,
    MadeDay,
    make_day,
)  # fmt: skip
from simulation.study.scenario import Requests, read_scenario
from simulation.study.trips import Trips
from tests.study_town import town, write_town

TOWN = town(requests=600)


def made(seed: int, trips: Trips = Trips.ALL) -> MadeDay:
    return make_day(TOWN.streets, TOWN.requests, seed=seed, trips=trips)


def rows_of(requests: Requests) -> list[tuple[int, int, int]]:
    return list(
        zip(
            requests.at_ms.tolist(), requests.origin.tolist(), requests.destination.tolist(),
            strict=True,
        )
    )  # fmt: skip


def test_a_seed_makes_one_day_and_another_seed_another() -> None:
    first, again, other = made(1), made(1), made(2)
    assert rows_of(first.requests) == rows_of(again.requests)
    assert first.recorded == again.recorded
    assert len(set(rows_of(first.requests)) & set(rows_of(other.requests))) < 3
    assert len(set(rows_of(first.requests)) & set(rows_of(TOWN.requests))) < 3


def test_the_order_of_the_recorded_file_changes_nothing() -> None:
    order = np.random.default_rng(3).permutation(len(TOWN.requests))
    requests = TOWN.requests
    shuffled = Requests(
        ids=tuple(requests.ids[row] for row in order.tolist()),
        at_ms=requests.at_ms[order],
        origin=requests.origin[order],
        destination=requests.destination[order],
    )
    for trips in Trips:
        day = make_day(TOWN.streets, shuffled, seed=4, trips=trips)
        assert rows_of(day.requests) == rows_of(made(4, trips).requests)
        assert day.recorded == made(4, trips).recorded
    assert digest_of(shuffled) == digest_of(requests)


def test_each_request_stays_in_the_quarter_hour_and_zones_of_its_recorded_trip() -> None:
    zone_of = Division.of(TOWN.streets.lonlat, junctions=JUNCTIONS_A_CELL).zone_of
    behind = dict(zip(TOWN.requests.ids, rows_of(TOWN.requests), strict=True))
    day = made(5)
    moved = 0
    for (at, begin, end), name in zip(rows_of(day.requests), day.recorded, strict=True):
        was_at, was_begin, was_end = behind[name]
        assert at // QUARTER_MS == was_at // QUARTER_MS
        assert zone_of[begin] == zone_of[was_begin]
        assert zone_of[end] == zone_of[was_end]
        assert begin != end
        moved += (begin, end) != (was_begin, was_end)
    assert moved > len(day.requests) // 2
    assert (np.diff(day.requests.at_ms) >= 0).all()
    assert len(set(day.requests.ids)) == len(day.requests)


def test_a_cell_asks_as_often_as_recorded_on_average_and_varies_as_a_poisson_count() -> None:
    cell_of = Division.of(TOWN.streets.lonlat, junctions=JUNCTIONS_A_CELL).zone_of

    def cells(requests: Requests) -> Counter[tuple[int, int]]:
        return Counter(
            (at // QUARTER_MS, int(cell_of[begin])) for at, begin, _ in rows_of(requests)
        )

    recorded, days = cells(TOWN.requests), [cells(made(seed).requests) for seed in range(200)]
    for cell, count in recorded.most_common(8):
        drawn = np.array([day[cell] for day in days])
        assert drawn.mean() == pytest.approx(count, abs=4 * (count / len(days)) ** 0.5)
        assert drawn.var() == pytest.approx(count, rel=0.45)
    assert all(set(day) <= set(recorded) for day in days)


def test_no_recorded_trip_is_behind_learning_and_reporting_days() -> None:
    learning = {name for seed in LEARNING_SEEDS for name in made(seed, Trips.LEARNING).recorded}
    reporting = {name for seed in REPORTING_SEEDS for name in made(seed, Trips.REPORTING).recorded}
    assert not learning & reporting
    assert len(learning) > 290
    assert len(reporting) > 290
    assert not set(LEARNING_SEEDS) & set(REPORTING_SEEDS)
    sizes = [len(made(seed, Trips.REPORTING).requests) for seed in range(60)]
    assert np.mean(sizes) == pytest.approx(600, rel=0.05)


def test_a_trip_happens_never_once_or_more_often() -> None:
    one = TOWN.requests.taken(np.array([0]))
    sizes = [len(make_day(TOWN.streets, one, seed=seed).requests) for seed in range(40)]
    assert set(sizes) >= {0, 1, 2}
    nothing = TOWN.requests.taken(np.array([], dtype=np.int64))
    assert len(make_day(TOWN.streets, nothing, seed=1).requests) == 0


def test_a_made_folder_is_a_scenario_and_says_from_what_it_was_made(tmp_path: Path) -> None:
    recorded, out = tmp_path / "recorded", tmp_path / "made"
    recorded.mkdir()
    write_town(TOWN, recorded)
    day = make_folder(recorded, out, seed=7, trips=Trips.LEARNING)
    read = read_scenario(out, vehicles=6)
    assert rows_of(read.requests) == rows_of(day.requests)
    assert read.requests.ids == day.requests.ids
    for name in ("nodes.csv", "edges.csv", "vehicles_6.csv"):
        assert (out / name).read_bytes() == (recorded / name).read_bytes()
    told = json.loads((out / "made.json").read_text())
    assert told["seed"] == 7
    assert told["trips"] == "learning"
    assert told["made_from_requests_sha256"] == digest_of(
        read_scenario(recorded, vehicles=1).requests
    )
    assert told["requests_sha256"] == digest_of(read.requests)
    with (out / "requests.csv").open() as file:
        behind = [row["of"] for row in csv.DictReader(file)]
    assert behind == list(day.recorded)
    with pytest.raises(StudyUnusable, match="is there already"):
        make_folder(recorded, out, seed=8, trips=Trips.ALL)
