"""What `khan simulate` does with its options: one day, or two policies side by side."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from khan.console import ArgumentUnusable
from khan.json_files import write_json
from khan.simulate import Asked, play, policy_of, prepare, write
from khan.simulate_table import paired, table_of, write_picture


def run(
    asked: Asked,
    *,
    compare: tuple[Path, Path] | None,
    picture: Path | None,
    report: Path | None,
    log: Path | None,
    console: Console,
) -> None:
    """Play what is asked, print it, and write the files asked for.

    Raises
    ------
    ArgumentUnusable, dispatch.matching.PolicyInvalid, simulation.study.errors.*
    """
    asked.check()
    if picture is not None and compare is None:
        raise ArgumentUnusable("--picture", "is of two policies; name them with --compare")
    if compare is not None and (log is not None or asked.policy is not None):
        raise ArgumentUnusable("--compare", "goes without --policy and --log")
    plays = [asked] if compare is None else [replace(asked, policy=file) for file in compare]
    for one in plays:
        policy_of(one)  # refused before the streets are measured
    prepared = prepare(asked, console)
    days = [play(one, prepared, console) for one in plays]
    console.print(
        f"{prepared.scenario.name}: {days[0].figures.requests:,} requests, {asked.vehicles:,} "
        f"vehicles, {prepared.scenario.streets.nodes:,} junctions"
    )
    console.print(table_of(days))
    if compare is not None:
        console.print(paired(days))
        drawn = Path("compare.svg") if picture is None else picture
        write_picture(days, drawn)
        console.print(f"Picture: {drawn}")
    if log is not None:
        write(days[0], prepared.scenario, log)
    if report is not None:
        told = [day.as_json() for day in days]
        write_json(told[0] if compare is None else {"days": told}, report)
