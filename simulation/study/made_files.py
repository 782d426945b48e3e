"""Made days as scenario folders, which anybody can read, play and check against the recorded one.

Owns the folder: streets and vehicles byte for byte as recorded, requests.csv with a column `of` that
names the recorded trip behind each request, and made.json that says how it was made.
"""

import csv
import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from simulation.study.errors import StudyUnusable
from simulation.study.files import seconds_of
from simulation.study.other_days import MadeDay, make_day
from simulation.study.scenario import Requests, Scenario, read_node_names, read_scenario
from simulation.study.trips import Trips

MADE = "made.json"


def make_folder(recorded: Path, out: Path, *, seed: int, trips: Trips) -> MadeDay:
    """Write another day of a recorded scenario: all of it, or nothing.

    Raises
    ------
    ScenarioUnreadable
        If the recorded scenario has a fault.
    StudyUnusable
        If there is something at `out` already.
    """
    scenario = read_scenario(recorded, vehicles=1)
    if out.exists():
        raise StudyUnusable(str(out), "is there already; name a folder that is not")
    day = make_day(scenario.streets, scenario.requests, seed=seed, trips=trips)
    unfinished = out.with_name(out.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    for path in _kept(recorded):
        (unfinished / path.name).write_bytes(path.read_bytes())
    _write_requests(unfinished / "requests.csv", day, read_node_names(recorded))
    (unfinished / MADE).write_text(
        json.dumps(_made(scenario, day, seed, trips), indent=2) + "\n", encoding="utf-8"
    )
    unfinished.rename(out)
    return day


def digest_of(requests: Requests) -> str:
    """SHA-256, in hexadecimal, of a day's requests; their order in the file changes nothing."""
    rows = sorted(
        zip(
            requests.at_ms.tolist(), requests.ids, requests.origin.tolist(),
            requests.destination.tolist(), strict=True,
        )
    )  # fmt: skip
    text = "".join(f"{at},{name},{begin},{end}\n" for at, name, begin, end in rows)
    return hashlib.sha256(text.encode()).hexdigest()


def _kept(folder: Path) -> list[Path]:
    return [folder / "nodes.csv", folder / "edges.csv", *sorted(folder.glob("vehicles_*.csv"))]


def _made(scenario: Scenario, day: MadeDay, seed: int, trips: Trips) -> dict[str, object]:
    return {
        "made_from": scenario.name,
        "made_from_requests_sha256": digest_of(scenario.requests),
        "seed": seed,
        "trips": str(trips),
        "requests": len(day.requests),
        "requests_sha256": digest_of(day.requests),
    }


def _write_requests(path: Path, day: MadeDay, names: Sequence[str]) -> None:
    requests = day.requests
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "t", "o", "d", "of"])
        for name, at_ms, begin, end, recorded in zip(
            requests.ids, requests.at_ms.tolist(), requests.origin.tolist(),
            requests.destination.tolist(), day.recorded, strict=True,
        ):  # fmt: skip
            writer.writerow([name, seconds_of(at_ms), names[begin], names[end], recorded])
