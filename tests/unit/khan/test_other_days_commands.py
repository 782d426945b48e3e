"""Days made, learned from and played from the command line; and what of it is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from khan.bench_parts import PARTS, learned_demand
from khan.bench_parts import run as bench_parts
from khan.console import console
from khan.simulate import Asked, policy_of
from simulation.study.other_days import LEARNING_SEEDS, REPORTING_SEEDS
from simulation.study.profile_files import learn_from
from simulation.study.scenario import read_scenario
from tests.study_town import town, write_town

Khan = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "town"
    found.mkdir()
    write_town(town(), found)
    return found


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """A town whose day is an hour, to be played often."""
    found = tmp_path / "short"
    found.mkdir()
    write_town(town(requests=100, hours=1), found)
    return found


def test_days_are_made_learned_from_and_played(khan: Khan, folder: Path, tmp_path: Path) -> None:
    days = [tmp_path / f"day-{seed}" for seed in (1, 2)]
    for seed, day in enumerate(days, start=1):
        assert khan("day", "make", folder, day, "--seed", seed, "--trips", "learning")[0] == 0
    profile = tmp_path / "demand.json"
    code, said, _ = khan("demand", "learn", *days, profile)
    assert (code, said) == (0, f"3 zones, learned from 2 days, are in {profile}\n")
    log, report = tmp_path / "log.csv", tmp_path / "day.json"
    code, _, _ = khan(
        "simulate", days[0], "--vehicles", 6, "--advice", 1, "--demand", profile,
        "--log", log, "--json", report,
    )  # fmt: skip
    assert code == 0
    assert json.loads(report.read_text())["served"] > 100
    names = [line.partition(",")[0] for line in log.read_text().splitlines()[1:]]
    assert names == list(read_scenario(days[0], vehicles=1).requests.ids)


def test_what_cannot_be_made_or_read_is_one_line(khan: Khan, folder: Path, tmp_path: Path) -> None:
    bad, twice = tmp_path / "bad.json", tmp_path / "twice"
    bad.write_text("[1, 2")
    khan("day", "make", folder, twice)
    for words in (
        ("day", "make", folder, twice),
        ("day", "make", tmp_path / "nowhere", tmp_path / "out"),
        ("demand", "learn", folder, folder, tmp_path / "out.json"),
        ("demand", "learn", folder, tmp_path / "no" / "out.json"),
        ("simulate", folder, "--vehicles", 6, "--demand", bad),
        ("simulate", folder, "--vehicles", 6, "--demand", tmp_path / "none.json"),
        ("simulate", folder, "--vehicles", 6, "--demand", folder),
        ("simulate", folder, "--vehicles", 6, "--demand", bad, "--pooling"),
    ):
        code, said, told = khan(*words)
        assert (code, said) == (2, ""), words
        assert told.startswith("khan: "), words
        assert told.count("\n") == 1, words


def test_each_part_is_measured_against_the_assignment_alone(short: Path, tmp_path: Path) -> None:
    report = tmp_path / "parts.json"
    bench_parts(short, vehicles=6, days=2, seed=1, report=report, console=console)
    parts = json.loads(report.read_text())["parts"]
    assert [part["part"] for part in parts] == [part.name for part in PARTS]
    assert [day["day"] for day in parts[0]["days"]] == list(REPORTING_SEEDS[:2])
    for part in parts:
        for key, change in part["change"].items():
            less = [
                day[key] - first[key]
                for day, first in zip(part["days"], parts[0]["days"], strict=True)
            ]
            assert change == pytest.approx(sum(less) / 2, abs=1e-4), (part["part"], key)
    changed = {part["part"] for part in parts[1:] if any(part["change"].values())}
    assert {"looking ahead 60 s", "swap", "earnings 900 s"} <= changed


def test_a_part_switches_on_itself_and_nothing_else() -> None:
    _, usual = policy_of(Asked(folder=Path(), vehicles=1))
    assert len({part.name for part in PARTS}) == len(PARTS)
    for part in PARTS:
        weights = part.policy(usual).weights
        on = {name for name in ("earnings", "idle", "place") if getattr(weights, name)}
        assert on == set(part.weights)
    assert not PARTS[0].weights
    assert (PARTS[0].advice, PARTS[0].swap, PARTS[0].plan_ahead_seconds) == (0.0, False, 0)


def test_the_bench_learns_what_the_command_learns(khan: Khan, folder: Path, tmp_path: Path) -> None:
    days = [tmp_path / f"day-{seed}" for seed in LEARNING_SEEDS]
    for seed, day in zip(LEARNING_SEEDS, days, strict=True):
        khan("day", "make", folder, day, "--seed", seed, "--trips", "learning")
    profile, _ = learn_from(days)
    bench = learned_demand(read_scenario(folder, vehicles=6)).profile
    assert (bench.requests == profile.requests).all()
    assert {one.requests_sha256 for one in bench.sources} == {
        one.requests_sha256 for one in profile.sources
    }


def test_reporting_days_are_reported_by_mean_and_spread(
    khan: Khan, short: Path, tmp_path: Path
) -> None:
    report = tmp_path / "others.json"
    code, said, _ = khan("bench", "days", short, "--others", "--vehicles", 6, "--json", report)
    assert code == 0
    assert "vehicles" in said
    assert "served %" in said
    assert "…" not in said
    rows = json.loads(report.read_text())["rows"]
    assert [row["way"] for row in rows] == ["--advice 0", "--advice 1", "--advice 1 --swap"]
    for row in rows:
        assert [day["day"] for day in row["days"]] == list(REPORTING_SEEDS)
        served = [day["served_share"] for day in row["days"]]
        mean = sum(served) / 5
        assert row["mean"]["served_share"] == pytest.approx(mean, abs=1e-5)
        spread = (sum((one - mean) ** 2 for one in served) / 4) ** 0.5
        assert row["spread"]["served_share"] == pytest.approx(spread, abs=1e-5)
        assert spread > 0


def test_hindsight_is_told_of_the_recorded_day_and_of_the_reporting_days(
    khan: Khan, folder: Path, tmp_path: Path
) -> None:
    report = tmp_path / "hindsight.json"
    code, said, _ = khan("bench", "hindsight", folder, "--vehicles", 6, "--json", report)
    assert code == 0
    assert "no plan serves more" in said
    rows = json.loads(report.read_text())["days"]
    assert [row["day"] for row in rows] == ["recorded", *map(str, REPORTING_SEEDS)]
    played = tmp_path / "day.json"
    khan("simulate", folder, "--vehicles", 6, "--advice", 1, "--swap", "--json", played)
    served = json.loads(played.read_text())["served"]
    assert 0 < rows[0]["on_time"] <= rows[0]["most_served"] <= rows[0]["requests"]
    assert served <= rows[0]["most_served"]
