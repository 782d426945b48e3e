"""`khan bench matching`: rounds of some sizes on a city's streets, as a table and as JSON."""

import platform
import re
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from dispatch.matching.policy import parse_policy
from khan.build import find_city
from khan.console import ArgumentUnusable
from khan.json_files import write_json
from roads.cch import CchEngine
from roads.dijkstra import DijkstraEngine
from roads.engine import RoadEngine, open_engine
from roads.network import RoadNetwork
from roads.pack import CityPack
from simulation.bench_matching import (
    POLICY,
    RoundMeasured,
    Streets,
    measure,
    percentile,
    rows_of,
)

ENGINES: dict[str, Callable[[RoadNetwork, Path], RoadEngine]] = {
    "live": open_engine,
    "cch": CchEngine,
    "dijkstra": lambda network, _cache: DijkstraEngine(network),
}
STEPS = {
    "round": "whole live round",
    "rows": "  rows in order",
    "candidates": "  candidates",
    "roads": "  road times",
    "decide": "  weigh, choose, reasons",
    "bytes": "  stored bytes",
}
CHOICES = {
    "solver": "choice alone: khan",
    "scipy": "choice alone: SciPy sparse",
    "greedy": "choice alone: greedy",
}

Size = tuple[int, int]


def sizes_of(text: str) -> list[Size]:
    """Sizes written as `100x1000,5000x20000`.

    Raises
    ------
    ArgumentUnusable
    """
    sizes = []
    for word in text.split(","):
        found = re.fullmatch(r"\s*([1-9]\d{0,6})x([1-9]\d{0,6})\s*", word)
        if found is None:
            raise ArgumentUnusable("--sizes", f"{word!r} is not TRIPSxDRIVERS, like 1000x10000")
        sizes.append((int(found[1]), int(found[2])))
    return sorted(sizes)


def processor_ms() -> float:
    """Milliseconds of processor time that this process has used, in all its threads."""
    return time.process_time() * 1000


def peak_mb() -> float:
    """The most memory that this process has held so far, in megabytes (10^6 bytes)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Some rounds of one size."""

    size: Size
    rounds: Sequence[RoundMeasured]
    peak_mb: float

    def figures(self) -> dict[str, Any]:
        """Everything that is told of this size."""
        last = self.rounds[-1]
        found: dict[str, Any] = {
            "trips": self.size[0],
            "drivers": self.size[1],
            "rounds": len(self.rounds),
            "pairs": round(median(one.pairs for one in self.rounds)),
            "paired": round(median(one.paired for one in self.rounds)),
            "input_bytes": last.input_bytes,
            "plan_bytes": last.plan_bytes,
            "peak_rss_mb": round(self.peak_mb, 1),
        }
        for step in STEPS:
            spent = [getattr(one, f"{step}_ms") for one in self.rounds]
            found[f"{step}_ms_p50"] = round(percentile(spent, 0.50), 2)
            found[f"{step}_ms_p99"] = round(percentile(spent, 0.99), 2)
        for choice in CHOICES:
            spent = [getattr(one, choice).ms for one in self.rounds]
            found[f"{choice}_ms_p50"] = round(percentile(spent, 0.50), 2)
            found[f"{choice}_ms_p99"] = round(percentile(spent, 0.99), 2)
            found[f"{choice}_objective_s"] = (
                sum(getattr(one, choice).objective_ms for one in self.rounds) / 1000
            )
        found["us_a_trip"] = round(found["round_ms_p50"] * 1000 / self.size[0], 1)
        return found


def run(
    city: str,
    *,
    sizes: Sequence[Size],
    rounds: int,
    seed: int,
    engine: str,
    report: Path | None,
    console: Console,
) -> None:
    """Measure and tell.

    Raises
    ------
    ArgumentUnusable, CityUnknown, roads.errors.*
    """
    if engine not in ENGINES:
        raise ArgumentUnusable("--engine", f"{engine!r} is none of {', '.join(ENGINES)}")
    network = CityPack.open(find_city(city)).network
    with TemporaryDirectory(prefix="khan-bench-") as cache:
        began = processor_ms()
        opened = ENGINES[engine](network, Path(cache))
        prepared_ms = processor_ms() - began
        measured = _measured(
            network, opened, sizes=sizes, rounds=rounds, seed=seed, console=console
        )
    figures: dict[str, Any] = {
        "city": city,
        "arcs": network.arc_count,
        "engine": getattr(opened, "name", engine),
        "engine_prepared_ms": round(prepared_ms, 1),
        "seed": seed,
        "machine": machine(),
        "sizes": [one.figures() for one in measured],
    }
    console.print(table_of(figures))
    console.print(
        f"One process, {rounds} rounds of each size; a percentile is a round that was measured. "
        f"Road engine {figures['engine']} on {network.arc_count:,} arcs; {figures['machine']['cpu']}."
    )
    if report is not None:
        write_json(figures, report)


def _measured(
    network: RoadNetwork,
    engine: RoadEngine,
    *,
    sizes: Sequence[Size],
    rounds: int,
    seed: int,
    console: Console,
) -> list[Measured]:
    policy, streets = parse_policy(POLICY), Streets(network, seed=seed)
    found = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        for trips, drivers in sizes:
            name = f"{trips:,} x {drivers:,}"
            if not console.is_terminal:
                console.print(f"  {name} ...")
            measured = []
            # The first round compiles, opens and warms; it is not counted.
            for number in bars.track(range(rounds + 1), description=name):
                rows = rows_of(streets, seed=seed + number, trips=trips, drivers=drivers)
                measured.append(
                    measure(
                        rows, engine, policy=policy, digest=network.digest, stopwatch=processor_ms
                    )
                )
            found.append(Measured(size=(trips, drivers), rounds=measured[1:], peak_mb=peak_mb()))
    return found


def machine() -> dict[str, str]:
    """On what it was measured; no names of machines or people."""
    cpu = platform.processor() or platform.machine()
    for line in _lines(Path("/proc/cpuinfo")):
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return {
        "cpu": cpu,
        "python": platform.python_version(),
        **{name: version(name) for name in ("ortools", "scipy", "numpy", "numba")},
    }


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def table_of(figures: dict[str, Any]) -> Table:
    """The figures for people: a column for each size."""
    sizes = figures["sizes"]
    table = Table(title="Dispatch rounds, milliseconds of processor time: p50 / p99")
    table.add_column("trips x drivers")
    for one in sizes:
        table.add_column(f"{one['trips']:,} x {one['drivers']:,}", justify="right")

    def row(name: str, cell: Callable[[dict[str, Any]], str]) -> None:
        table.add_row(name, *(cell(one) for one in sizes))

    for step, name in STEPS.items():
        row(name, partial(_both, step))
    row("  microseconds a trip", lambda one: f"{one['us_a_trip']:.0f}")
    table.add_section()
    for choice, name in CHOICES.items():
        row(name, partial(_both, choice))
    row("  SciPy's plan costs", lambda one: _dearer(one, "scipy"))
    row("  greedy's plan costs", lambda one: _dearer(one, "greedy"))
    table.add_section()
    row("pairs", lambda one: f"{one['pairs']:,}")
    row("trips paired", lambda one: f"{one['paired']:,}")
    row("bytes stored", lambda one: f"{one['input_bytes'] + one['plan_bytes']:,}")
    row("peak memory so far, MB", lambda one: f"{one['peak_rss_mb']:.0f}")
    return table


def _both(name: str, one: dict[str, Any]) -> str:
    return f"{one[f'{name}_ms_p50']:.1f} / {one[f'{name}_ms_p99']:.1f}"


def _dearer(one: dict[str, Any], choice: str) -> str:
    objective, least = one[f"{choice}_objective_s"], one["solver_objective_s"]
    if objective == least:
        return "the same"
    return f"{(objective - least) / one['rounds'] / one['trips']:+.2f} s a trip"
