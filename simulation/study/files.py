"""What a study leaves behind in files: who served whom, and the drives that this does not tell.

Owns the CSV forms. From the log, the drives and the scenario's edges every figure can be worked
out again, by any program: a drive follows the quickest way, and of several as quick the one that
goes on to the junction that comes first in nodes.csv.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from simulation.study.fleet import Legs
from simulation.study.fleet_kernel import NOBODY
from simulation.study.scenario import Scenario, Whole
from simulation.study.shared_legs import SharedLegs

LOG_COLUMNS = ("request_id", "vehicle_id", "decided_s", "pickup_s", "dropoff_s")
DRIVE_COLUMNS = ("vehicle_id", "from_node", "to_node", "begin_s", "end_s")
SHARED_DRIVE_COLUMNS = (*DRIVE_COLUMNS, "aboard")


def write_log(
    scenario: Scenario,
    path: Path,
    *,
    vehicle: Whole,
    decided_ms: Whole,
    pickup_ms: Whole,
    dropoff_ms: Whole,
) -> None:
    """One row a request, in the order of asking; empty but for its name where unserved.

    ``decided_s`` is the round in which the row last changed: nothing in it depends on what came
    after.
    """
    rows = zip(
        scenario.requests.ids, vehicle.tolist(), decided_ms.tolist(), pickup_ms.tolist(),
        dropoff_ms.tolist(), strict=True,
    )  # fmt: skip
    _write(
        path,
        LOG_COLUMNS,
        (
            (name, "", "", "", "")
            if pickup == NOBODY
            else (name, scenario.vehicle_ids[car], *map(seconds_of, (decided, pickup, dropoff)))
            for name, car, decided, pickup, dropoff in rows
        ),
    )


def drives_beside(log: Path) -> Path:
    """Where the drives go that belong to a log: `a.csv` has `a.drives.csv`."""
    return log.with_name(f"{log.stem}.drives.csv")


def write_drives(scenario: Scenario, path: Path, legs: Legs) -> None:
    """One row an empty drive, along the quickest way between two junctions, by number."""
    rows = zip(legs.vehicle, legs.begin, legs.end, legs.begin_ms, legs.end_ms, strict=True)
    _write(
        path,
        DRIVE_COLUMNS,
        (
            (scenario.vehicle_ids[car], begin, end, seconds_of(begin_ms), seconds_of(end_ms))
            for car, begin, end, begin_ms, end_ms in rows
        ),
    )


def write_shared_drives(scenario: Scenario, path: Path, legs: SharedLegs) -> None:
    """One row for everything a car drove, with riders or without.

    ``aboard`` are the seats taken; rows without any are empty driving. A car turned on its way has
    a row up to where it turned.
    """
    _write(
        path,
        SHARED_DRIVE_COLUMNS,
        (
            (
                scenario.vehicle_ids[car],
                begin,
                end,
                seconds_of(begin_ms),
                seconds_of(end_ms),
                aboard,
            )
            for car, begin, begin_ms, end, end_ms, aboard in legs.rows.tolist()
        ),
    )


def seconds_of(milliseconds: int) -> str:
    """Milliseconds as seconds, exactly and without idle zeros: 61500 is `61.5`."""
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03d}".rstrip("0").rstrip(".")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write the table whole, or not at all."""
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    unfinished.replace(path)
