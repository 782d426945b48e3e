"""`khan bench matching`: rounds of some sizes on a city's streets, as a table and as JSON."""

import platform
import re
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
STEPS = ("round", "rows", "candidates", "roads", "decide", "bytes")
CHOICES = ("solver", "scipy", "greedy")

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
    for table in tables(figures):
        console.print(table)
    console.print(
        f"Milliseconds of processor time of one process; p50 and p99 over {rounds} rounds each. "
        f"Engine {figures['engine']} on {network.arc_count:,} arcs; {figures['machine']['cpu']}."
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


def tables(figures: dict[str, Any]) -> list[Table]:
    """The figures for people: whole rounds, then ways to choose."""
    steps = _table(
        "Live rounds, from rows to stored bytes",
        (
            "trips x drivers",
            "pairs",
            "round p50",
            "p99",
            *STEPS[1:],
            "us a trip",
            "bytes",
            "peak MB",
        ),
    )
    ways = _table(
        "The choice alone, on the same pairs and costs",
        ("trips x drivers", "solver p50", "p99", "SciPy p50", "p99", "greedy p50", "p99",
         "SciPy against solver", "greedy against solver"),
    )  # fmt: skip
    for one in figures["sizes"]:
        name = f"{one['trips']:,} x {one['drivers']:,}"
        steps.add_row(
            name, f"{one['pairs']:,}", f"{one['round_ms_p50']:.1f}", f"{one['round_ms_p99']:.1f}",
            *(f"{one[f'{step}_ms_p50']:.1f}" for step in STEPS[1:]), f"{one['us_a_trip']:.0f}",
            f"{one['input_bytes'] + one['plan_bytes']:,}", f"{one['peak_rss_mb']:.0f}",
        )  # fmt: skip
        least = one["solver_objective_s"]
        ways.add_row(
            name,
            *(f"{one[f'{choice}_ms_{p}']:.1f}" for choice in CHOICES for p in ("p50", "p99")),
            *(_dearer(one[f"{choice}_objective_s"], least) for choice in CHOICES[1:]),
        )
    return [steps, ways]


def _dearer(objective: float, least: float) -> str:
    if objective == least:
        return "the same"
    return f"{(objective - least) / abs(least) * 100:+.3f} %" if least else f"{objective:+.1f} s"


def _table(title: str, headings: Sequence[str]) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == headings[0] else "right")
    return table
