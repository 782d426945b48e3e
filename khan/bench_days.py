"""`khan bench days`: a scenario under each way of dispatching, a row each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from khan.console import print_wide
from khan.json_files import write_json
from khan.simulate import Asked, Day, play, prepare

WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--advice 0", {}),
    ("--advice 0.5", {"advice": 0.5}),
    ("--advice 1", {"advice": 1.0}),
    ("--advice 1 --swap", {"advice": 1.0, "swap": True}),
    ("--advice 1 --pooling", {"advice": 1.0, "pooling": True}),
)

WIDTH = 130
"""Wide enough for every column, wherever it is printed."""

COLUMNS: Sequence[tuple[str, str, str, float]] = (
    ("served %", "served_share", "{:.2f}", 100),
    ("wait s", "wait_mean_s", "{:.1f}", 1),
    ("median", "wait_median_s", "{:.0f}", 1),
    ("p95", "wait_p95_s", "{:.0f}", 1),
    ("all s", "wait_mean_all_s", "{:.1f}", 1),
    ("Gini", "earnings_gini", "{:.4f}", 1),
    ("short %", "served_share_shortest", "{:.1f}", 100),
    ("long %", "served_share_longest", "{:.1f}", 100),
    ("km", "km_per_served_trip", "{:.2f}", 1),
    ("ride s", "served_ride_s", "{:,.0f}", 1),
    ("req/CPU s", "requests_per_cpu_s", "{:,.0f}", 1),
)


def run(
    folder: Path, *, vehicles: Sequence[int], seed: int, report: Path | None, console: Console
) -> None:
    """Play every way with every number of vehicles, and tell.

    Raises
    ------
    simulation.study.errors.*
    """
    days = list(_played(folder, vehicles, seed, console))
    print_wide(table_of(days), console, width=WIDTH)
    if report is not None:
        rows = [{"vehicles": count, "way": way, **day.as_json()} for count, way, day in days]
        write_json({"days": rows}, report)


def _played(
    folder: Path, vehicles: Sequence[int], seed: int, console: Console
) -> Iterator[tuple[int, str, Day]]:
    for count in vehicles:
        asked = Asked(folder=folder, vehicles=count, seed=seed)
        prepared = prepare(asked, console)
        for way, how in WAYS:
            yield count, way, play(replace(asked, **how), prepared, console)


def table_of(days: Sequence[tuple[int, str, Day]]) -> Table:
    """A row for each day."""
    table = Table(box=None, pad_edge=False)
    table.add_column("vehicles", justify="right")
    table.add_column("way")
    for words, *_ in COLUMNS:
        table.add_column(words, justify="right")
    for count, way, day in days:
        told = day.as_json()
        cells = [form.format(told[key] * times) for _, key, form, times in COLUMNS]
        table.add_row(str(count), way, *cells)
    return table
