"""A day through the matching core: what the log says can be driven, and depends on nothing later."""

import csv
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from khan.console import console
from khan.simulate import Asked, Outcome, play, policy_of, prepare, write
from simulation.study.errors import ScenarioUnreadable, StudyUnusable
from simulation.study.files import drives_beside
from simulation.study.scenario import Scenario, read_scenario
from simulation.study.travel import TravelTable
from simulation.study.world import Options, World
from simulation.study.zones import StudyZones
from tests.study_town import BLOCK_DECIMETRES, town, write_town

WAYS = [
    {},
    {"advice": 1.0},
    {"advice": 0.5},
    {"advice": 1.0, "swap": True},
    {"advice": 1.0, "pooling": True},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_town(town(), tmp_path)
    return tmp_path


def played(folder: Path, **how: object) -> tuple[Outcome, Scenario, dict[str, object]]:
    asked = Asked(folder=folder, vehicles=6, **how)  # type: ignore[arg-type]
    prepared = prepare(asked, console)
    day = play(asked, prepared, console)
    return day.outcome, prepared.scenario, day.as_json()


def shortest_ms(scenario: Scenario) -> np.ndarray:
    """Times by SciPy's Dijkstra, from the edges alone."""
    streets = scenario.streets
    graph = csr_matrix((streets.ms, (streets.tail, streets.head)), shape=(streets.nodes,) * 2)
    return np.rint(dijkstra(graph)).astype(np.int64)


def faults(scenario: Scenario, outcome: Outcome, *, shared: bool) -> list[str]:
    """What in a day cannot be: written from the rules, sharing nothing with the world."""
    found: list[str] = []
    times = shortest_ms(scenario)
    requests = scenario.requests
    runs: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    for row in range(len(requests)):
        if outcome.vehicle[row] < 0 or outcome.pickup_ms[row] < 0:
            continue
        asked, pickup, dropoff = (
            int(requests.at_ms[row]), int(outcome.pickup_ms[row]), int(outcome.dropoff_ms[row]),
        )  # fmt: skip
        direct = int(times[requests.origin[row], requests.destination[row]])
        if not asked <= outcome.decided_ms[row]:
            found.append(f"{row} decided before it was asked for")
        if not asked <= pickup <= asked + 600_000:
            found.append(f"{row} boarded {pickup - asked} ms after asking")
        if shared:
            if not direct <= dropoff - pickup <= direct * 3 // 2:
                found.append(f"{row} rode {dropoff - pickup} ms, directly {direct}")
        elif dropoff - pickup != direct:
            found.append(f"{row} rode {dropoff - pickup} ms, not {direct}")
        car = int(outcome.vehicle[row])
        runs[car] += [(pickup, 1, int(requests.origin[row]))]
        runs[car] += [(dropoff, -1, int(requests.destination[row]))]
    for car, stops in sorted(runs.items()):
        at, place, aboard = 0, int(scenario.vehicle_nodes[car]), 0
        for when, change, node in sorted(stops, key=lambda stop: (stop[0], stop[1])):
            if when - at < times[place, node]:
                found.append(f"car {car} cannot be at {node} by {when}")
            at, place, aboard = when, node, aboard + change
            if aboard > (4 if shared else 1):
                found.append(f"car {car} has {aboard} aboard")
    return found


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_what_the_record_says_can_be_driven(folder: Path, how: dict[str, object]) -> None:
    outcome, scenario, told = played(folder, **how)
    assert faults(scenario, outcome, shared=bool(how.get("pooling"))) == []
    assert told["served"] == int((outcome.pickup_ms >= 0).sum()) > 100


def test_a_record_with_a_fault_does_not_pass(folder: Path) -> None:
    outcome, scenario, _ = played(folder)
    row = int(np.flatnonzero(outcome.pickup_ms >= 0)[40])
    for name, change in (("pickup_ms", -30_000), ("dropoff_ms", 1000), ("decided_ms", -(10**9))):
        planted = getattr(outcome, name).copy()
        planted[row] += change
        assert faults(scenario, replace(outcome, **{name: planted}), shared=False) != []
    crowded = outcome.vehicle.copy()
    crowded[crowded >= 0] = 0
    assert faults(scenario, replace(outcome, vehicle=crowded), shared=False) != []


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_requests_still_to_come_change_nothing_decided_before(
    folder: Path, how: dict[str, object]
) -> None:
    cut_s = 3600.0
    whole, scenario, _ = played(folder, **how)
    cut, _, _ = played(folder, until=cut_s, **how)
    before = len(cut.vehicle)
    assert 0 < before < len(scenario.requests)
    fixed = (whole.decided_ms[:before] <= cut_s * 1000) & (whole.decided_ms[:before] >= 0)
    assert fixed.any()
    for name in ("vehicle", "decided_ms", "pickup_ms", "dropoff_ms"):
        ours, theirs = getattr(whole, name)[:before][fixed], getattr(cut, name)[fixed]
        assert ours.tolist() == theirs.tolist(), name


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_the_same_day_comes_out_twice(folder: Path, how: dict[str, object]) -> None:
    first, _, _ = played(folder, **how)
    again, _, _ = played(folder, **how)
    for name in ("vehicle", "decided_ms", "pickup_ms", "dropoff_ms"):
        assert getattr(first, name).tolist() == getattr(again, name).tolist()


def test_an_exchange_lets_nobody_board_much_later_than_promised() -> None:
    scenario = town(requests=400)
    travel = TravelTable.of(scenario.streets)
    _, policy = policy_of(Asked(folder=Path(), vehicles=6, advice=1.0))
    record = World(
        scenario, travel, policy, Options(follow=np.ones(6, dtype=np.bool_), swap=True)
    ).run()
    told = record.promised_ms >= 0
    later = (record.pickup_ms - record.promised_ms)[told]
    assert (record.pickup_ms[told] >= 0).all(), "somebody promised a car got none"
    assert later.max() <= 60_000
    assert (later != 0).any(), "nobody was exchanged"


def test_every_figure_can_be_worked_out_from_the_files(folder: Path, tmp_path: Path) -> None:
    asked = Asked(folder=folder, vehicles=6, advice=1.0)
    prepared = prepare(asked, console)
    day = play(asked, prepared, console)
    log = tmp_path / "day.csv"
    write(day, prepared.scenario, log)
    with log.open() as file:
        rows = list(csv.DictReader(file))
    requests = prepared.scenario.requests
    assert [row["request_id"] for row in rows] == list(requests.ids)
    served = [row for row in rows if row["vehicle_id"]]
    asked_s = dict(zip(requests.ids, (requests.at_ms / 1000).tolist(), strict=True))
    waits = [float(row["pickup_s"]) - asked_s[row["request_id"]] for row in served]
    told = day.as_json()
    assert told["served_share"] == pytest.approx(len(served) / len(rows), abs=1e-4)
    assert told["wait_mean_s"] == pytest.approx(sum(waits) / len(waits), abs=1e-3)
    with drives_beside(log).open() as file:
        drives = list(csv.DictReader(file))
    seconds = sum(float(drive["end_s"]) - float(drive["begin_s"]) for drive in drives)
    times = shortest_ms(prepared.scenario)
    driven = sum(int(times[int(d["from_node"]), int(d["to_node"])]) for d in drives) / 1000
    # An empty drive takes its time; a car may stand before it, never in the middle of it.
    assert driven <= seconds + 1e-6
    rides = sum(float(row["dropoff_s"]) - float(row["pickup_s"]) for row in served)
    assert told["served_ride_s"] == pytest.approx(rides, abs=0.01)


def way(scenario: Scenario, times: np.ndarray, begin: int, end: int) -> int:
    """Decimetres of the quickest way; of several the one by the junction that comes first."""
    streets, length = scenario.streets, 0
    while begin != end:
        edges = np.flatnonzero(streets.tail == begin)
        left = streets.ms[edges] + times[streets.head[edges], end]
        edge = edges[np.lexsort((streets.head[edges], left))[0]]
        begin, length = int(streets.head[edge]), length + int(streets.decimetres[edge])
    return length


def test_every_kilometre_of_shared_cars_can_be_worked_out_from_the_drives(
    folder: Path, tmp_path: Path
) -> None:
    asked = Asked(folder=folder, vehicles=6, advice=1.0, pooling=True)
    prepared = prepare(asked, console)
    day = play(asked, prepared, console)
    log = tmp_path / "day.csv"
    write(day, prepared.scenario, log)
    with drives_beside(log).open() as file:
        drives = list(csv.DictReader(file))
    times = shortest_ms(prepared.scenario)
    metres = [
        way(prepared.scenario, times, int(d["from_node"]), int(d["to_node"])) / 10 for d in drives
    ]
    empty = [m for m, drive in zip(metres, drives, strict=True) if drive["aboard"] == "0"]
    told = day.as_json()
    served = int((day.outcome.pickup_ms >= 0).sum())
    assert told["km_per_served_trip"] == pytest.approx(sum(metres) / 1000 / served, abs=1e-4)
    assert told["empty_km_share"] == pytest.approx(sum(empty) / sum(metres), abs=1e-4)
    assert {drive["aboard"] for drive in drives} >= {"0", "1", "2"}


def test_travel_times_are_those_of_scipy() -> None:
    scenario = town(seed=5)
    travel = TravelTable.of(scenario.streets)
    times = shortest_ms(scenario)
    assert (travel.times == times).all()
    begins, ends = np.arange(50), np.arange(50)[::-1].copy()
    lengths = travel.decimetres_of(begins, ends)
    assert (lengths % BLOCK_DECIMETRES == 0).all()
    assert (lengths > 0).sum() == (begins != ends).sum()


def test_zones_hold_every_junction_and_are_of_one_size() -> None:
    scenario = town()
    zones = StudyZones.of(scenario.streets, TravelTable.of(scenario.streets))
    counts = np.bincount(zones.zone_of, minlength=len(zones.centres))
    assert counts.sum() == scenario.streets.nodes
    assert counts.min() > 0
    assert (zones.zone_of[zones.centres] == np.arange(len(zones.centres))).all()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nodes.csv", "node,lat\n1,2\n", "the column 'lon' is missing"),
        ("nodes.csv", "node,lat,lon\n0,91,2\n", "line 2: lat must be from -90 to 90"),
        ("nodes.csv", "node,lat,lon\n0,41,nan\n", "line 2: lon must be from -180 to 180"),
        ("edges.csv", "u,v,length_m,travel_time_s\n0,1,10,0\n", "line 2: travel_time_s must be"),
        ("edges.csv", "u,v,length_m,travel_time_s\n0,777,10,5\n", "'777' is not in nodes.csv"),
        ("requests.csv", "id,t,o,d\na,1,0,5\na,2,0,5\n", "line 3: id 'a' is there twice"),
        ("requests.csv", "id,t,o,d\na,1,5,5\n", "line 2: the trip ends where it begins"),
        ("requests.csv", "id,t,o,d\na,1,5\n", "line 2: has 3 fields, not 4"),
    ],
)
def test_a_fault_in_a_scenario_is_named_by_file_and_line(
    folder: Path, name: str, text: str, says: str
) -> None:
    (folder / name).write_text(text)
    with pytest.raises(ScenarioUnreadable) as refused:
        read_scenario(folder, vehicles=3)
    assert name in str(refused.value)
    assert says in str(refused.value)


def test_what_no_scenario_has_is_refused(folder: Path) -> None:
    with pytest.raises(StudyUnusable, match="must be from 1 to 6"):
        read_scenario(folder, vehicles=7)
    (folder / "edges.csv").write_text("u,v,length_m,travel_time_s\n0,1,10,5\n")
    with pytest.raises(StudyUnusable, match="has no way from junction"):
        TravelTable.of(read_scenario(folder, vehicles=3).streets)
    (folder / "requests.csv").unlink()
    with pytest.raises(ScenarioUnreadable, match="the file is missing"):
        read_scenario(folder, vehicles=3)


def test_the_usual_policies_can_be_read() -> None:
    folder = Path()
    names = [
        policy_of(Asked(folder=folder, vehicles=1, advice=advice, pooling=pooling))[0]
        for advice, pooling in ((0.0, False), (0.5, False), (1.0, True))
    ]
    assert names == ["standing", "moving", "shared"]
