"""`khan simulate`, `day`, `demand`, `bench days`, `bench dial-a-ride`: days without a service."""

from pathlib import Path
from typing import Annotated

import typer

from khan import options
from khan.console import ArgumentUnusable, console, writable
from simulation.study.trips import Trips

demand = typer.Typer(help="Learn what to expect.", no_args_is_help=True)
day = typer.Typer(help="Make days to study.", no_args_is_help=True)

EXAMPLE = (
    "Example, a recorded Sunday with drivers who follow advice:\n\n"
    "khan simulate manhattan --vehicles 200 --advice 1 --json day.json --log day.csv"
)

_FOLDER = "A folder of nodes.csv, edges.csv, requests.csv and vehicles_*.csv, or a city pack."
Scenario = Annotated[
    Path | None, typer.Argument(metavar="DIR", help=f"{_FOLDER} Of a year: a city pack.")
]
Recorded = Annotated[Path, typer.Argument(metavar="DIR", help=_FOLDER)]
Vehicles = Annotated[
    int | None,
    typer.Option(min=1, max=100_000, help="Cars on the streets; of a year: drivers, else 300."),
]
Cars = Annotated[int, typer.Option("--vehicles", min=1, max=100_000, help="Cars on the streets.")]
Year = Annotated[bool, typer.Option("--year", help="A year, with --books and --keep.")]
Books = Annotated[bool, typer.Option("--books", help="The money alone: no streets, no dispatch.")]
YearTrips = Annotated[
    int, typer.Option("--trips", min=1, max=10_000_000, help="Of the year, in all.")
]
YearKeep = Annotated[
    Path | None,
    typer.Option(
        "--keep", metavar="FOLDER", help="A new folder for the year's database, for --data."
    ),
]
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
Demand = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="What to expect, of `khan demand learn`; else the last hour."
    ),
]
Figures = Annotated[
    Path | None, typer.Option("--json", metavar="OUT", help="Write the figures there, too.")
]
Log = Annotated[
    Path | None,
    typer.Option(metavar="OUT.csv", help="Write who served whom; the drives go beside it."),
]


def simulate(
    scenario: Scenario = None,
    *,
    vehicles: Vehicles = None,
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
    demand: Demand = None,
    report: Figures = None,
    log: Log = None,
    year: Year = False,
    books: Books = False,
    trips: YearTrips = 100_000,
    keep: YearKeep = None,
) -> None:
    """Play a recorded day through the matching core, and tell how it went.

    Riders whom nobody can reach in time are gone; boarding takes no time; every street takes its
    free-flow seconds. The same seed and policy give the same day. With --year --books no car moves:
    a year of trips is quoted, settled and booked in a database of its own, with tips, refunds, fees
    and expenses, each day sealed and each month closed.
    """
    from khan.simulate import Asked
    from khan.simulate_command import run

    for option, file in (("--json", report), ("--log", log), ("--picture", picture)):
        writable(option, file)
    if year or books:
        from khan.year_books import YearAsked, play

        asked_year = YearAsked.checked(
            year and books, city=scenario, keep=keep, trips=trips, drivers=vehicles, seed=seed
        )
        play(asked_year, report=report, console=console)
        return
    if scenario is None or vehicles is None:
        raise ArgumentUnusable("--vehicles", "name a folder DIR and how many cars there are")
    asked = Asked(
        folder=scenario, vehicles=vehicles, max_wait=max_wait, round_seconds=round_seconds,
        policy=policy, advice=advice, swap=swap, pooling=pooling, seats=seats, seed=seed,
        until=until, demand=demand,
    )  # fmt: skip
    run(asked, compare=compare, picture=picture, report=report, log=log, console=console)


def bench_days(
    scenario: Recorded,
    *,
    vehicles: Annotated[
        list[int] | None, typer.Option(min=1, help="Cars; may be given again. [default: 200, 400]")
    ] = None,
    others: Annotated[
        bool,
        typer.Option(
            "--others", help="Play the made days for reporting instead: mean and spread of five."
        ),
    ] = False,
    seed: options.Seed = 1,
    report: Figures = None,
) -> None:
    """Play a day in every way: standing, following advice, exchanging riders, sharing cars."""
    from khan.bench_days import run
    from khan.bench_other_days import run as run_others

    writable("--json", report)
    play = run_others if others else run
    play(scenario, vehicles=vehicles or [200, 400], seed=seed, report=report, console=console)


@day.command("make", epilog="Example:\n\nkhan day make manhattan-day monday --seed 101")
def day_make(
    recorded: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder of nodes.csv, edges.csv, requests.csv, vehicles_*.csv."
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder to make.")],
    *,
    seed: options.Seed = 1,
    trips: Annotated[
        Trips, typer.Option(help="Of which recorded trips: all, or the half kept for a purpose.")
    ] = Trips.ALL,
) -> None:
    """Make another day like a recorded one, as a folder that `khan simulate` plays.

    Resampled by zone and quarter hour; `made.json` and the column `of` tell from what.
    """
    from simulation.study.made_files import make_folder

    made = make_folder(recorded, out, seed=seed, trips=trips)
    console.print(f"{len(made.requests):,} requests are in {out}", markup=False)


def bench_parts(
    scenario: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder of nodes.csv, edges.csv, requests.csv, vehicles_*.csv."
        ),
    ],
    *,
    vehicles: Cars = 200,
    days: Annotated[int, typer.Option(min=1, max=5, help="Made days to play each part on.")] = 5,
    seed: options.Seed = 1,
    report: Figures = None,
) -> None:
    """Switch the parts of dispatching on one at a time, on made days nothing was learned on."""
    from khan.bench_parts import run

    writable("--json", report)
    run(scenario, vehicles=vehicles, days=days, seed=seed, report=report, console=console)


def bench_hindsight(
    scenario: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="A folder of nodes.csv, edges.csv, requests.csv, vehicles_*.csv."
        ),
    ],
    *,
    vehicles: Annotated[
        list[int] | None, typer.Option(min=1, help="Cars; may be given again. [default: 200]")
    ] = None,
    max_wait: MaxWait = 600.0,
    report: Figures = None,
) -> None:
    """Work out what could have been served by whoever had known the whole day beforehand.

    A share that no plan exceeds, and a share that one plan serves without any waiting; the latter
    takes a minute or two.
    """
    from khan.bench_hindsight import run

    writable("--json", report)
    run(scenario, vehicles=vehicles or [200], max_wait=max_wait, report=report, console=console)


@demand.command(
    "learn",
    epilog="Example, from two days made for learning:\n\nkhan demand learn day-1 day-2 demand.json",
)
def demand_learn(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="DIR", help="Days to learn from, folders with the same streets."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write, JSON.")],
) -> None:
    """Learn how often each zone asks in each quarter hour, for `khan simulate --demand`.

    The file says from what it was learned: report on other days than these.
    """
    from simulation.study.profile_files import learn_from, write_profile

    writable("OUT", out)
    profile, streets = learn_from(folders)
    write_profile(profile, streets, out)
    console.print(
        f"{len(profile.centres)} zones, learned from {len(profile.sources)} days, are in {out}",
        markup=False,
    )


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
