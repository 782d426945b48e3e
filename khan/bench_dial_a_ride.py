"""`khan bench dial-a-ride`: the pooled core on the instances of the literature, as a table.

Owns the table alone; instances and search are `simulation.dial_a_ride`'s.
"""

from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dispatch.matching.shared.dial_a_ride.solve import Search
from simulation.dial_a_ride import Result, bench_dial_a_ride, list_instances

_ROUNDS = 8


def print_dial_a_ride(
    folder: Path, console: Console, *, only: str | None, iterations: int, seed: int
) -> None:
    """Search the instances of a folder, and print what was found.

    Raises
    ------
    InstanceUnreadable
        If the folder or one of its files cannot be read.
    """
    how = Search(seed=seed, iterations=iterations, rounds=min(_ROUNDS, iterations))
    results = []
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("searching", total=len(list_instances(folder, only=only)))
        for result in bench_dial_a_ride(folder, only=only, how=how):
            results.append(result)
            progress.advance(task)
    console.print(_table(results))


def _table(results: list[Result]) -> Table:
    table = Table(title="Dial-a-ride: travel cost against the best known")
    table.add_column("instance")
    for name in ("cost", "best known", "gap %", "CPU s"):
        table.add_column(name, justify="right")
    for one in results:
        table.add_row(
            one.instance.name,
            f"{one.cost:.2f}" if not one.solution.open else f"{len(one.solution.open)} open",
            "" if one.instance.best_known is None else f"{one.instance.best_known:.2f}",
            ""
            if one.gap_percent is None
            else f"{abs(one.gap_percent):.2f}"
            if abs(one.gap_percent) < 0.005
            else f"{one.gap_percent:.2f}",
            f"{one.cpu_s:.1f}",
        )
    gaps = [one.gap_percent for one in results if one.gap_percent is not None]
    table.add_section()
    table.add_row("mean", "", "", f"{mean(gaps):.2f}" if gaps else "",
                  f"{mean(one.cpu_s for one in results):.1f}")  # fmt: skip
    return table
