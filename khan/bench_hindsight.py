"""`khan bench hindsight`: between what numbers the most that a day's cars could have served lies."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from khan.bench_other_days import reporting_days
from khan.json_files import write_json
from khan.simulate import Asked, Prepared, prepare
from simulation.study.hindsight import most_served, on_time


def run(
    folder: Path,
    *,
    vehicles: Sequence[int],
    max_wait: float,
    report: Path | None,
    console: Console,
) -> None:
    """Work both references out for the recorded day, and the upper one for the reporting days.

    Raises
    ------
    simulation.study.errors.*
    """
    rows: list[dict[str, Any]] = []
    for count in vehicles:
        prepared = prepare(Asked(folder=folder, vehicles=count), console)
        within = len(on_time(prepared.scenario, prepared.travel))
        rows.append(_row("recorded", prepared, max_wait) | {"on_time": within})
        rows += [_row(str(seed), day, max_wait) for seed, day in reporting_days(prepared)]
    console.print(table_of(rows))
    if report is not None:
        write_json({"days": rows}, report)


def _row(name: str, day: Prepared, max_wait: float) -> dict[str, Any]:
    scenario = day.scenario
    return {
        "vehicles": len(scenario.vehicle_ids),
        "day": name,
        "requests": len(scenario.requests),
        "most_served": most_served(scenario, day.travel, max_wait_ms=round(max_wait * 1000)),
        "on_time": None,
    }


def table_of(rows: Sequence[dict[str, Any]]) -> Table:
    """A row for each day: no plan serves more than the first share, one serves the second."""
    table = Table(box=None, pad_edge=False)
    for words in ("vehicles", "day", "requests", "no plan serves more", "one serves, on time"):
        table.add_column(words, justify="right")
    for row in rows:
        shares = [
            "-" if row[key] is None else f"{100 * row[key] / max(1, row['requests']):.2f} %"
            for key in ("most_served", "on_time")
        ]
        table.add_row(str(row["vehicles"]), row["day"], f"{row['requests']:,}", *shares)
    return table
