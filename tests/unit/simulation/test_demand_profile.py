"""What is learned of demand: the same from any order of input, of other days only, or refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dispatch.matching.policy import Policy
from dispatch.matching.zones import Division
from khan.console import console
from khan.simulate import Asked, Outcome, play, policy_of, prepare
from simulation.errors import DemandUnreadable
from simulation.study.demand_profile import DAY_MS, DemandProfile, LearnedDemand, Source, learn
from simulation.study.errors import StudyUnusable
from simulation.study.made_files import make_folder
from simulation.study.other_days import QUARTER_MS, make_day
from simulation.study.profile_files import learn_from, read_profile, write_profile
from simulation.study.scenario import Requests
from simulation.study.trips import Trips
from tests.study_town import town, write_town

TOWN = town(requests=600)
SOURCE = Source(requests_sha256="0" * 64, requests=600, name="town", seed=1, trips="learning")


def learned(*days: Requests) -> DemandProfile:
    parts = Division.of(TOWN.streets.lonlat)
    named = [(replace(SOURCE, seed=number), day) for number, day in enumerate(days)]
    return learn(named, zone_of=parts.zone_of, centres=parts.centres, streets_sha256="town")


def usual() -> Policy:
    return policy_of(Asked(folder=Path(), vehicles=6, advice=1.0))[1]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """The recorded town, and two days made of it for learning."""
    recorded = tmp_path / "recorded"
    recorded.mkdir()
    write_town(TOWN, recorded)
    made = [tmp_path / f"day-{seed}" for seed in (1, 2)]
    for seed, out in enumerate(made, start=1):
        make_folder(recorded, out, seed=seed, trips=Trips.LEARNING)
    return [recorded, *made]


def test_a_profile_keeps_the_requests_of_a_day_and_who_asks_for_them() -> None:
    profile = learned(TOWN.requests)
    assert profile.requests.sum() == pytest.approx(600, rel=0.03)
    assert (profile.requests >= 0).all()
    zones = Division.of(TOWN.streets.lonlat).zone_of
    counts = np.bincount(zones[TOWN.requests.origin], minlength=len(profile.centres))
    assert profile.requests.sum(axis=1) == pytest.approx(counts, rel=0.2)
    # All ask between midnight and two o'clock: hardly anybody is expected at noon.
    assert profile.requests[:, 40:60].sum() < 1


def test_neither_order_of_days_nor_of_requests_changes_a_profile() -> None:
    days = [make_day(TOWN.streets, TOWN.requests, seed=seed).requests for seed in (1, 2, 3)]
    backwards = [day.taken(np.arange(len(day))[::-1].copy()) for day in days[::-1]]
    assert (learned(*days).requests == learned(*backwards).requests).all()


def test_twice_the_requests_are_twice_what_is_expected_but_for_what_is_shrunk() -> None:
    parts = Division.of(TOWN.streets.lonlat)
    busy = TOWN.requests.taken(np.flatnonzero(parts.zone_of[TOWN.requests.origin] == 0))
    profile = learned(busy)
    assert profile.requests[1:].sum() == 0
    assert profile.requests[0].sum() == pytest.approx(len(busy), rel=0.2)


def test_a_stretch_of_time_expects_its_part_of_each_quarter_hour_and_the_next_day() -> None:
    profile = learned(TOWN.requests)
    first = profile.requests[:, 0]
    assert profile.within(0, QUARTER_MS) == pytest.approx(first)
    assert profile.within(QUARTER_MS // 3, QUARTER_MS // 3 * 2) == pytest.approx(first / 3)
    over = profile.within(DAY_MS - QUARTER_MS, DAY_MS + QUARTER_MS)
    assert over == pytest.approx(profile.requests[:, -1] + first)
    assert profile.within(0, DAY_MS) == pytest.approx(profile.requests.sum(axis=1))


def test_what_is_expected_follows_the_last_hour_and_nothing_later() -> None:
    demand = LearnedDemand(
        profile=learned(TOWN.requests), zone_of=Division.of(TOWN.streets.lonlat).zone_of
    )
    rule, now = usual().repositioning, 3_600_000
    asked = int(np.searchsorted(TOWN.requests.at_ms, now, side="right"))
    whole = demand.expected(TOWN.requests, asked=asked, now_ms=now, rule=rule)
    known = demand.expected(
        TOWN.requests.taken(np.arange(asked)), asked=asked, now_ms=now, rule=rule
    )
    assert (whole == known).all()
    quiet = demand.expected(TOWN.requests, asked=0, now_ms=now, rule=rule)
    ahead = demand.profile.within(now, now + rule.horizon_seconds * 1000)
    assert (quiet < ahead).all()
    certain = replace(demand, profile=replace(demand.profile, trust=1e6))
    told = certain.expected(TOWN.requests, asked=asked, now_ms=now, rule=rule)
    assert told == pytest.approx(ahead, rel=1e-3)


def test_a_file_says_all_that_a_profile_knows(folders: list[Path], tmp_path: Path) -> None:
    profile, streets = learn_from(folders[1:])
    again, _ = learn_from(folders[:0:-1])
    write_profile(profile, streets, tmp_path / "a.json")
    write_profile(again, streets, tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    read = read_profile(tmp_path / "a.json", streets).profile
    assert (read.requests == profile.requests).all()
    assert read.sources == profile.sources
    assert {(one.seed, one.trips) for one in read.sources} == {(1, "learning"), (2, "learning")}


def test_a_made_day_that_was_changed_since_is_not_told_as_made(folders: list[Path]) -> None:
    lines = (folders[1] / "requests.csv").read_text().splitlines()
    (folders[1] / "requests.csv").write_text("\n".join(lines[:-1]) + "\n")
    profile, _ = learn_from(folders[1:])
    assert sorted(str(one.seed) for one in profile.sources) == ["2", "None"]


def test_days_that_do_not_go_together_are_refused(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(StudyUnusable, match="holds the same day"):
        learn_from([folders[1], folders[2], folders[1]])
    other = tmp_path / "other"
    other.mkdir()
    write_town(town(seed=9), other)
    with pytest.raises(StudyUnusable, match="has other streets"):
        learn_from([folders[1], other])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"format": 2}, "no demand profile of format 1"),
        ({"streets_sha256": "x"}, "learned on other streets"),
        ({"zones": []}, "must list the 3 zones"),
        ({"learned_from": []}, "it must list the days"),
        ({"learned_from": [{"name": "x"}]}, "it must hold requests_sha256"),
        ({"trust_requests": 0}, "from 1 to 1e+06"),
        ({"trust_requests": "many"}, "from 1 to 1e+06"),
    ],
)
def test_a_bad_file_is_one_sentence(
    folders: list[Path], tmp_path: Path, change: dict[str, object], says: str
) -> None:
    path = tmp_path / "demand.json"
    profile, streets = learn_from(folders[1:])
    write_profile(profile, streets, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DemandUnreadable) as refused:
        read_profile(path, streets)
    assert says in refused.value.sentence
    assert refused.value.sentence.count(str(path)) == 1


@pytest.mark.parametrize("rate", [-1, 1e9, None, "3", True, float("nan")])
def test_a_rate_that_no_demand_has_is_refused(
    folders: list[Path], tmp_path: Path, rate: object
) -> None:
    path = tmp_path / "demand.json"
    profile, streets = learn_from(folders[1:])
    write_profile(profile, streets, path)
    body = json.loads(path.read_text())
    body["zones"][1]["requests"][5] = rate
    path.write_text(json.dumps(body))
    with pytest.raises(DemandUnreadable, match=r"zones\[1\]: requests must be from 0"):
        read_profile(path, streets)
    body["zones"][1]["requests"] = []
    path.write_text(json.dumps(body))
    with pytest.raises(DemandUnreadable, match="must be 96 numbers"):
        read_profile(path, streets)
    body["zones"][1]["centre"] = -1
    path.write_text(json.dumps(body))
    with pytest.raises(DemandUnreadable, match="the centre must be junction"):
        read_profile(path, streets)


def played(folder: Path, demand: Path, until: float | None = None) -> Outcome:
    asked = Asked(folder=folder, vehicles=6, advice=1.0, demand=demand, until=until)
    prepared = prepare(asked, console)
    _, policy = policy_of(asked)
    weighing_place = replace(policy, weights=replace(policy.weights, place=1000))
    return play(asked, prepared, console, named=("place", weighing_place)).outcome


def test_with_demand_of_other_days_requests_still_to_come_change_nothing_decided_before(
    folders: list[Path], tmp_path: Path
) -> None:
    path, cut_s = tmp_path / "demand.json", 3600.0
    write_profile(*learn_from(folders[1:]), path)
    whole, cut = played(folders[0], path), played(folders[0], path, until=cut_s)
    before = len(cut.vehicle)
    assert 0 < before < len(TOWN.requests)
    fixed = (whole.decided_ms[:before] <= cut_s * 1000) & (whole.decided_ms[:before] >= 0)
    assert fixed.sum() > 50
    for name in ("vehicle", "decided_ms", "pickup_ms", "dropoff_ms"):
        ours, theirs = getattr(whole, name)[:before][fixed], getattr(cut, name)[fixed]
        assert ours.tolist() == theirs.tolist(), name


def test_a_profile_changes_where_cars_wait(folders: list[Path], tmp_path: Path) -> None:
    # Everybody asks in one zone: a profile that says so sends cars there.
    parts = Division.of(TOWN.streets.lonlat)
    busy = TOWN.requests.taken(np.flatnonzero(parts.zone_of[TOWN.requests.origin] == 0))
    profile = replace(learned(busy), streets_sha256=learn_from(folders[1:])[0].streets_sha256)
    one_sided, even = tmp_path / "one.json", tmp_path / "even.json"
    write_profile(replace(profile, trust=1e6), TOWN.streets, one_sided)
    write_profile(*learn_from(folders[1:]), even)
    first, other = played(folders[0], one_sided), played(folders[0], even)
    assert first.legs is not None
    assert other.legs is not None

    def drives_to_the_centre(outcome: Outcome) -> int:
        assert outcome.legs is not None
        return outcome.legs.end.count(int(parts.centres[0]))

    assert drives_to_the_centre(first) > drives_to_the_centre(other)
