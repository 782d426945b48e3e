"""`khan city build`: a pack from an extract, with its progress shown."""

import shlex
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from foundation.clock import stopwatch_ms
from khan.greeting import Terminal
from roads.pack_builder import Built, Given, build_pack


def build(
    extract: Path, folder: Path, *, given: Given, replace: bool, seed: int, console: Console
) -> Built:
    """Make the pack, telling each stage: a moving line in a terminal, plain lines elsewhere.

    Raises
    ------
    roads.errors.*
        As `roads.pack_builder.build_pack`; nothing is left half made.
    """
    began = stopwatch_ms()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        task = bars.add_task("reading", total=None)
        last = ""

        def told(doing: str, done: int) -> None:
            nonlocal last
            bars.update(task, description=f"{doing}: {done:,}")
            if not console.is_terminal and doing != last:
                console.print(f"  {doing} ...")
                last = doing

        built = build_pack(extract, folder, told, seed, given=given, replace=replace)
    network, terminal = built.pack.network, Terminal.own()
    try_it = shlex.join((*terminal.command(), "demo", "--city", terminal.shown(folder.resolve())))
    for line in (
        f"{built.pack.title} is in {folder}: {network.node_count:,} junctions, "
        f"{network.arc_count:,} arcs, {len(built.pack.zones)} zones, {built.tiles:,} map tiles, "
        f"in {(stopwatch_ms() - began) / 1000:.1f} s.",
        *(f"  {note}" for note in built.notes),
        "  Try it:",
        f"    {try_it}",
    ):
        console.print(line, markup=False)
    return built
