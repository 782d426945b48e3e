"""`khan bench parts`: what each part of dispatching brings alone, and its price in empty kilometres."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from rich.console import Console
from rich.table import Table

from dispatch.matching.policy import Policy
from dispatch.matching.zones import Division
from khan.bench_other_days import reporting_days
from khan.console import print_wide
from khan.json_files import write_json
from khan.simulate import Asked, Prepared, play, policy_of, prepare
from simulation.study.demand_profile import LearnedDemand, Source, learn
from simulation.study.made_files import digest_of
from simulation.study.other_days import LEARNING_SEEDS, make_day
from simulation.study.profile_files import streets_digest
from simulation.study.scenario import Scenario
from simulation.study.trips import Trips


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One way of dispatching: the assignment alone, and what is switched on besides.

    Attributes
    ----------
    weights
        In milliseconds, over none for earnings, idleness and place.
    plan_ahead_seconds
        Drivers free within so long are weighed, and trips kept for them.
    advice, swap
        As of `khan simulate`.
    learned
        Whether demand learned on other days tells what to expect, or the last hour alone.
    """

    name: str
    weights: Mapping[str, int]
    plan_ahead_seconds: int = 0
    advice: float = 0.0
    swap: bool = False
    learned: bool = False

    def policy(self, usual: Policy) -> Policy:
        """The usual policy with this part, and none of the others."""
        bare = replace(usual.weights, earnings=0, idle=0, place=0)
        return replace(
            usual,
            plan_ahead_seconds=self.plan_ahead_seconds,
            weights=replace(bare, **self.weights),
        )


PARTS = (
    Part(name="assignment alone", weights={}),
    Part(name="looking ahead 60 s", weights={}, plan_ahead_seconds=60),
    Part(name="earnings 900 s", weights={"earnings": 900_000}),
    Part(name="idleness 0.1", weights={"idle": 100}),
    Part(name="place 1, last hour", weights={"place": 1000}),
    Part(name="place 1, learned", weights={"place": 1000}, learned=True),
    Part(name="swap", weights={}, swap=True),
    Part(name="advice, last hour", weights={}, advice=1.0),
    Part(name="advice, learned", weights={}, advice=1.0, learned=True),
    Part(name="advice, earnings 300 s, swap", weights={"earnings": 300_000}, advice=1.0, swap=True),
    Part(
        name="the same, learned", weights={"earnings": 300_000}, advice=1.0, swap=True, learned=True
    ),
)
"""The first is what the others are compared with."""

COLUMNS: Sequence[tuple[str, str, str, float]] = (
    ("served %", "served_share", "{:.2f}", 100),
    ("wait s", "wait_mean_s", "{:.1f}", 1),
    ("all s", "wait_mean_all_s", "{:.1f}", 1),
    ("km", "km_per_served_trip", "{:.2f}", 1),
    ("empty km", "empty_km_per_served_trip", "{:.2f}", 1),
    ("Gini", "earnings_gini", "{:.3f}", 1),
    ("short %", "served_share_shortest", "{:.1f}", 100),
    ("long %", "served_share_longest", "{:.1f}", 100),
)
WIDTH = 150

Days = Sequence[Mapping[str, Any]]


def run(
    folder: Path,
    *,
    vehicles: int,
    days: int,
    seed: int,
    report: Path | None,
    console: Console,
) -> None:
    """Play each part on the first so many reporting days, and tell.

    Raises
    ------
    simulation.study.errors.*
    """
    asked = Asked(folder=folder, vehicles=vehicles, seed=seed)
    prepared = prepare(asked, console)
    played_on = [day for _, day in zip(range(days), reporting_days(prepared), strict=False)]
    learned = learned_demand(prepared.scenario)
    rows = list(_played(asked, played_on, learned, console))
    console.print(
        f"{vehicles} vehicles, mean over {len(played_on)} made days that nothing was learned on:"
    )
    print_wide(table_of(rows), console, width=WIDTH)
    console.print("What each part changes, and the standard deviation of that from day to day:")
    print_wide(changes_of(rows), console, width=WIDTH)
    if report is not None:
        write_json({"vehicles": vehicles, "parts": [_json(row, rows[0]) for row in rows]}, report)


def learned_demand(scenario: Scenario) -> LearnedDemand:
    """What the learning days of a scenario teach, as `khan demand learn` does from folders."""
    parts = Division.of(scenario.streets.lonlat)
    days = []
    for seed in LEARNING_SEEDS:
        requests = make_day(
            scenario.streets, scenario.requests, seed=seed, trips=Trips.LEARNING
        ).requests
        source = Source(
            requests_sha256=digest_of(requests), requests=len(requests), name=scenario.name,
            seed=seed, trips=str(Trips.LEARNING),
        )  # fmt: skip
        days.append((source, requests))
    profile = learn(
        days, zone_of=parts.zone_of, centres=parts.centres,
        streets_sha256=streets_digest(scenario.streets),
    )  # fmt: skip
    return LearnedDemand(profile=profile, zone_of=parts.zone_of)


def _played(
    asked: Asked,
    days: Sequence[tuple[int, Prepared]],
    learned: LearnedDemand,
    console: Console,
) -> Iterator[tuple[Part, Days]]:
    _, usual = policy_of(asked)
    for part in PARTS:
        how = replace(asked, advice=part.advice, swap=part.swap)
        told = []
        for seed, day in days:
            knowing = replace(day, demand=learned if part.learned else None)
            figures = play(how, knowing, console, named=(part.name, part.policy(usual))).as_json()
            empty = figures["km_per_served_trip"] * figures["empty_km_share"]
            told.append({"day": seed, **figures, "empty_km_per_served_trip": empty})
        yield part, told


def _json(row: tuple[Part, Days], first: tuple[Part, Days]) -> dict[str, Any]:
    part, days = row
    return {
        "part": part.name,
        "mean": {key: round(fmean(day[key] for day in days), 5) for _, key, *_ in COLUMNS},
        "change": {key: round(_change(days, first[1], key)[0], 5) for _, key, *_ in COLUMNS},
        "change_spread": {key: round(_change(days, first[1], key)[1], 5) for _, key, *_ in COLUMNS},
        "days": list(days),
    }


def _change(days: Days, first: Days, key: str) -> tuple[float, float]:
    """How much more than the first part on the same days: mean, and standard deviation."""
    less = [one[key] - other[key] for one, other in zip(days, first, strict=True)]
    return fmean(less), stdev(less) if len(less) > 1 else 0.0


def table_of(rows: Sequence[tuple[Part, Days]]) -> Table:
    """A row for each part: means over the days."""
    table = _table()
    for part, days in rows:
        cells = (
            form.format(fmean(day[key] for day in days) * times) for _, key, form, times in COLUMNS
        )
        table.add_row(part.name, *cells)
    return table


def changes_of(rows: Sequence[tuple[Part, Days]]) -> Table:
    """A row for each part but the first: how it differs from that, day by day."""
    table, first = _table(), rows[0][1]
    for part, days in rows[1:]:
        cells = []
        for _, key, form, times in COLUMNS:
            mean, spread = (value * times for value in _change(days, first, key))
            cells.append(
                f"{'-' if mean < 0 else '+'}{form.format(abs(mean))} ±{form.format(spread)}"
            )
        table.add_row(part.name, *cells)
    return table


def _table() -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("part", no_wrap=True)
    for words, *_ in COLUMNS:
        table.add_column(words, justify="right", no_wrap=True)
    return table
