"""`khan simulate`, `khan bench days` and `khan bench dial-a-ride`: days and riddles without a service."""

from pathlib import Path
from typing import Annotated

import typer

from khan import options
from khan.console import console, writable

EXAMPLE = (
    "Example, a recorded Sunday with drivers who follow advice:\n\n"
    "khan simulate manhattan --vehicles 200 --advice 1 --json day.json --log day.csv"
)

Scenario = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        help="A folder of nodes.csv, edges.csv, requests.csv and vehicles_*.csv, or a city pack.",
    ),
]
Vehicles = Annotated[int, typer.Option(min=1, max=100_000, help="Cars on the streets.")]
MaxWait = Annotated[
    float, typer.Option(min=1, max=7200, help="Seconds after which a rider is gone.")
]
Round = Annotated[
    float | None,
    typer.Option("--round", min=0.5, max=30, help="Seconds between rounds; else the policy's."),
]
PolicyFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="A matching policy; else the one that fits.")
]
Compare = Annotated[
    tuple[Path, Path] | None,
    typer.Option(metavar="POLICY_A POLICY_B", help="Play the day under both, side by side."),
]
Picture = Annotated[
    Path | None, typer.Option(metavar="OUT.svg", help="Of --compare; else compare.svg.")
]
Advice = Annotated[
    float, typer.Option(min=0, max=1, help="Share of drivers who follow advice where to wait.")
]
Swap = Annotated[bool, typer.Option("--swap", help="Let drivers under way exchange their riders.")]
Pooling = Annotated[
    bool, typer.Option("--pooling", help="Let riders share cars, by the shared policy's caps.")
]
Seats = Annotated[int, typer.Option(min=1, max=8, help="Of each car, with --pooling.")]
Until = Annotated[
    float | None, typer.Option(min=1, help="Seconds after midnight; later requests are left out.")
]
Figures = Annotated[
    Path | None, typer.Option("--json", metavar="OUT", help="Write the figures there, too.")
]
Log = Annotated[
    Path | None,
    typer.Option(metavar="OUT.csv", help="Write who served whom; the drives go beside it."),
]


def simulate(
    scenario: Scenario,
    *,
    vehicles: Vehicles,
    max_wait: MaxWait = 600.0,
    round_seconds: Round = None,
    policy: PolicyFile = None,
    compare: Compare = None,
    picture: Picture = None,
    advice: Advice = 0.0,
    swap: Swap = False,
    pooling: Pooling = False,
    seats: Seats = 4,
    seed: options.Seed = 1,
    until: Until = None,
    report: Figures = None,
    log: Log = None,
) -> None:
    """Play a recorded day through the matching core, and tell how it went.

    Riders whom nobody can reach in time are gone; boarding takes no time; every street takes its
    free-flow seconds. The same seed and policy give the same day.
    """
    from khan.simulate import Asked
    from khan.simulate_command import run

    for option, file in (("--json", report), ("--log", log), ("--picture", picture)):
        writable(option, file)
    asked = Asked(
        folder=scenario, vehicles=vehicles, max_wait=max_wait, round_seconds=round_seconds,
        policy=policy, advice=advice, swap=swap, pooling=pooling, seats=seats, seed=seed,
        until=until,
    )  # fmt: skip
    run(asked, compare=compare, picture=picture, report=report, log=log, console=console)


def bench_days(
    scenario: Scenario,
    *,
    vehicles: Annotated[
        list[int] | None, typer.Option(min=1, help="Cars; may be given again. [default: 200, 400]")
    ] = None,
    seed: options.Seed = 1,
    report: Figures = None,
) -> None:
    """Play a day in every way: standing, following advice, exchanging riders, sharing cars."""
    from khan.bench_days import run

    writable("--json", report)
    run(scenario, vehicles=vehicles or [200, 400], seed=seed, report=report, console=console)


def bench_dial_a_ride(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Instances of Cordeau's, *.txt.")],
    *,
    instance: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this one; left out: all.")
    ] = None,
    iterations: Annotated[
        int, typer.Option(min=1, max=10_000_000, help="Moves tried for each instance.")
    ] = 40_000,
    seed: options.Seed = 1,
) -> None:
    """Measure shared trips on the dial-a-ride problems of the literature.

    Cost, gap to the best known, and processor seconds of each; the same figures for the same seed.
    """
    from khan.bench_dial_a_ride import print_dial_a_ride

    print_dial_a_ride(folder, console, only=instance, iterations=iterations, seed=seed)
