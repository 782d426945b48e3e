"""`khan bench days --others`: the made days for reporting, mean and spread of each way."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rich.console import Console
from rich.table import Table

from khan.bench_days import COLUMNS, WAYS, WIDTH
from khan.console import print_wide
from khan.json_files import write_json
from khan.simulate import Asked, Day, Prepared, play, prepare
from simulation.study.other_days import REPORTING_SEEDS, make_day
from simulation.study.trips import Trips

PLAYED = ("--advice 0", "--advice 1", "--advice 1 --swap")
SHOWN = COLUMNS[:9]
"""What is the same on every machine and adds over days; a sum of rides does not."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Row:
    """One way of dispatching over several days."""

    vehicles: int
    way: str
    days: tuple[Mapping[str, Any], ...]

    def mean(self, key: str) -> float:
        """The mean over the days."""
        return fmean(day[key] for day in self.days)

    def spread(self, key: str) -> float:
        """The standard deviation from day to day (of a sample); 0 of one day."""
        return stdev(day[key] for day in self.days) if len(self.days) > 1 else 0.0

    def as_json(self) -> dict[str, Any]:
        """Each day, and their mean and spread."""
        return {
            "vehicles": self.vehicles,
            "way": self.way,
            "mean": {key: round(self.mean(key), 5) for _, key, *_ in SHOWN},
            "spread": {key: round(self.spread(key), 5) for _, key, *_ in SHOWN},
            "days": list(self.days),
        }


def reporting_days(prepared: Prepared) -> Iterator[tuple[int, Prepared]]:
    """The made days for reporting, by their seeds, on the same streets."""
    scenario = prepared.scenario
    for seed in REPORTING_SEEDS:
        made = make_day(scenario.streets, scenario.requests, seed=seed, trips=Trips.REPORTING)
        yield seed, replace(prepared, scenario=made.of(scenario))


def run(
    folder: Path, *, vehicles: Sequence[int], seed: int, report: Path | None, console: Console
) -> None:
    """Play the ways with every number of vehicles on each reporting day, and tell.

    Raises
    ------
    simulation.study.errors.*
    """
    rows = []
    for count in vehicles:
        asked = Asked(folder=folder, vehicles=count, seed=seed)
        prepared = prepare(asked, console)
        days = list(reporting_days(prepared))
        for way, how in WAYS:
            if way in PLAYED:
                rows.append(played(way, replace(asked, **how), days, console))
    console.print(f"Mean and standard deviation over {len(REPORTING_SEEDS)} made days")
    print_wide(table_of(rows), console, width=WIDTH)
    if report is not None:
        write_json({"rows": [row.as_json() for row in rows]}, report)


def played(way: str, asked: Asked, days: Sequence[tuple[int, Prepared]], console: Console) -> Row:
    """One way on each of the days."""
    told = [_told(seed, play(asked, day, console)) for seed, day in days]
    return Row(vehicles=asked.vehicles, way=way, days=tuple(told))


def _told(seed: int, day: Day) -> dict[str, Any]:
    return {"day": seed, **day.as_json()}


def table_of(rows: Sequence[Row]) -> Table:
    """Two rows for each way: the mean, and below it the standard deviation from day to day."""
    table = Table(box=None, pad_edge=False)
    table.add_column("vehicles", justify="right")
    table.add_column("way", no_wrap=True)
    for words, *_ in SHOWN:
        table.add_column(words, justify="right", no_wrap=True)
    for row in rows:
        means = (form.format(row.mean(key) * times) for _, key, form, times in SHOWN)
        spreads = ("±" + form.format(row.spread(key) * times) for _, key, form, times in SHOWN)
        table.add_row(str(row.vehicles), row.way, *means)
        table.add_row("", "", *spreads)
    return table
