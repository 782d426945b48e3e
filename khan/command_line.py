"""`khan`: the one command of a city, for its visitors, its operators and its developers."""

import json
import sys
from collections.abc import Sequence
from datetime import time
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape
from typer.exceptions import TyperException

from foundation.errors import Refusal
from khan import (
    ballot_commands,
    certificate_command,
    count_command,
    government_commands,
    impact_commands,
    ledger_commands,
    options,
    payout_commands,
    receipt_commands,
    round_commands,
    statement_commands,
    study_commands,
    surplus_commands,
)
from khan.console import ArgumentUnusable, console, writable

app = typer.Typer(
    name="khan",
    epilog="Exit status: 0 done; 1 what was checked is not right; 2 refused, with one line that "
    "says why; 130 stopped by Ctrl-C.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
city = typer.Typer(help="Make and look at city packs.", no_args_is_help=True)
bench = typer.Typer(help="Measure what things cost on this machine.", no_args_is_help=True)
app.add_typer(city, name="city")
app.add_typer(receipt_commands.receipt, name="receipt")
app.add_typer(round_commands.rounds, name="round")
app.add_typer(bench, name="bench")
government_commands.install(app)
app.add_typer(surplus_commands.surplus, name="surplus")
app.add_typer(ledger_commands.ledger, name="ledger")
app.add_typer(payout_commands.payouts, name="payouts")
app.add_typer(study_commands.day, name="day")
app.add_typer(study_commands.demand, name="demand")
app.command(epilog=round_commands.EXAMPLE)(round_commands.explain)
app.command(epilog=study_commands.EXAMPLE)(study_commands.simulate)
app.command(epilog=count_command.EPILOG)(count_command.count)
bench.command("counting")(count_command.bench_counting)
app.command(epilog=ballot_commands.EXAMPLE)(ballot_commands.verify)
app.command(epilog=certificate_command.EXAMPLE)(certificate_command.certificate)
bench.command("ballots")(ballot_commands.bench_ballots)
app.command(epilog=impact_commands.EXAMPLE)(impact_commands.impact)
app.command(epilog=statement_commands.EXAMPLE)(statement_commands.statement)
bench.command("ledger")(ledger_commands.bench_ledger)
bench.command("surplus")(surplus_commands.bench_surplus)
bench.command("payouts")(payout_commands.bench_payouts)
bench.command("days")(study_commands.bench_days)
bench.command("parts")(study_commands.bench_parts)
bench.command("hindsight")(study_commands.bench_hindsight)
bench.command("dial-a-ride")(study_commands.bench_dial_a_ride)


def _time(value: str) -> time:
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ArgumentUnusable("--start", f"{value!r} is not a time like 20:00") from None


def _version(asked: bool) -> None:
    if asked:
        console.print(f"khan {version('khan-cars')}")
        raise typer.Exit


@app.callback()
def khan(
    *,
    version_asked: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Khan Cars: a ride-hailing service owned by its driver-members together with the city."""


@app.command(
    epilog="Example, a Sunday evening at ten times its pace:\n\n"
    "khan demo --start 20:00 --speed 10 --minutes 5 --report report.json"
)
def demo(
    *,
    city_name: options.City = "manhattan",
    start: options.Start = "20:00",
    drivers: options.Drivers = 300,
    riders_per_hour: options.RidersPerHour = None,
    share_of_shared: options.ShareOfShared = 0.1,
    follow_advice: options.FollowAdvice = 0.5,
    speed: options.Speed = 1.0,
    minutes: options.Minutes = None,
    port: options.Port = 8765,
    headless: options.Headless = False,
    seed: options.Seed = 1,
    report: options.Report = None,
    keep: options.Keep = None,
    assembly: options.Assembly = False,
) -> None:
    """Run a living city: database, service, simulated drivers and riders.

    They use only the public APIs, like anyone else. Opens the city live; Ctrl-C stops everything.
    """
    from khan import demo as stage
    from khan.assembly_script import run as assemble
    from khan.demonstration import Demonstration

    writable("--report", report)
    if assembly:
        _tell(assemble(city_name, keep=keep, number=seed, console=console), report)
        return
    asked = Demonstration(
        city=city_name, start=_time(start), drivers=drivers, riders_per_hour=riders_per_hour,
        share_of_shared=share_of_shared, share_following=follow_advice, speed=speed, minutes=minutes, port=port, seed=seed, keep=keep,
        open_page=sys.stdout.isatty() and not headless,
    )  # fmt: skip
    _tell(stage.run(asked, console), report)


def _tell(found: dict[str, Any], report: Path | None) -> None:
    """The report, into its file or onto the terminal."""
    from khan.json_files import write_json

    if report is None:
        console.print_json(json.dumps(found))
        return
    write_json(found, report)
    console.print(f"  The report is in {escape(str(report))}")


@app.command(
    epilog="Needed: DATABASE_URL, KHAN_CITY, KHAN_VAULT_SECRET; docs/reference/settings.md lists "
    "every setting. SIGTERM ends it, within three seconds."
)
def serve() -> None:
    """Run the service, as the environment says."""
    from khan.serve import serve as run
    from khan.settings import load

    run(load())


@app.command(epilog="Example:\n\nkhan migrate --url postgresql://owner@localhost/khan")
def migrate(
    url: Annotated[
        str,
        typer.Option(
            envvar="DATABASE_URL", metavar="URL", help="The database, as its tables' owner."
        ),
    ],
) -> None:
    """Bring a database's tables to this version."""
    from storage.migrate import migrate as run

    run(url)
    console.print("The tables are up to date.")


@app.command(epilog="Example:\n\nkhan found --city manhattan")
def found(
    url: options.Database,
    city_name: options.City,
) -> None:
    """Found the city on the charter of its pack, once: its rules as version 1."""
    import asyncio

    from khan.build import find_city, read_charter
    from khan.seed import found_on
    from roads.pack import CityPack

    charter = read_charter(CityPack.open(find_city(city_name)))
    asyncio.run(found_on(url, charter))
    console.print(f"{escape(charter.title)} is in force from {charter.valid_from:%Y-%m-%d}.")


@city.command(
    "build",
    epilog="What the extract does not say is guessed from where the city lies, and told.\n\n"
    "Example:\n\nkhan city build heidelberg.osm.pbf cities/heidelberg",
)
def city_build(
    *,
    extract: Annotated[Path, typer.Argument(help="An OpenStreetMap extract, .osm.pbf.")],
    folder: Annotated[Path, typer.Argument(help="Where the pack is made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a pack that is there.")
    ] = False,
    title: options.Title = None,
    timezone: options.TimeZone = None,
    country: options.Country = None,
    currency: options.Currency = None,
    seed: options.Seed = 1,
) -> None:
    """Make a city pack from an extract alone: streets, zones, a model charter, demand, a map."""
    from khan.city_build import build
    from roads.pack_builder import Given

    given = Given(title=title, country=country, timezone=timezone, currency=currency)
    build(extract, folder, given=given, replace=replace, seed=seed, console=console)


@city.command("show", epilog="Example:\n\nkhan city show manhattan")
def city_show(name: options.CityArgument) -> None:
    """Check a city pack and say what is in it."""
    from khan.build import find_city, read_charter
    from roads.pack import CityPack

    pack = CityPack.open(find_city(name))
    charter = read_charter(pack)
    network = pack.network
    console.print(
        escape(
            f"{pack.title} ({pack.name}, {pack.country})\n"
            f"  {pack.timezone}, {pack.currency}, {', '.join(pack.languages)}\n"
            f"  {network.node_count} junctions, {network.arc_count} arcs, {len(pack.zones)} zones\n"
            f"  charter: {charter.title}, from {charter.valid_from:%Y-%m-%d}\n"
            f"  {pack.attribution}"
        )
    )


@app.command(epilog=f"Example:\n\nkhan quote --city manhattan {options.PLACES}")
def quote(
    *,
    city_name: options.City,
    origin: options.From,
    destination: options.To,
    at: options.QuotedAt = None,
    vehicle_class: options.VehicleClass = "standard",
) -> None:
    """Show what a trip would cost by the city's founding tariff, line by line."""
    from khan.quoting import quote_lines

    for line in quote_lines(city_name, origin, destination, at=at, vehicle_class=vehicle_class):
        console.print(line, markup=False)


@bench.command("service")
def bench_service_command(
    people: Annotated[int, typer.Option(min=5, max=400, help="Riders, and as many drivers.")] = 60,
    port: options.Port = 8766,
) -> None:
    """Measure the CPU of a position, a quote, a booking, an acceptance, a whole trip.

    In service and database; takes about a minute.
    """
    from khan.bench import bench_service, table_of

    console.print(table_of(bench_service(people=people, port=port, console=console)))


@bench.command("matching")
def bench_matching_command(
    *,
    sizes: options.Sizes = "100x1000,1000x10000,5000x20000",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds of each size.")] = 20,
    seed: options.Seed = 1,
    city: options.City = "manhattan",
    engine: options.Engine = "live",
    report: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the figures there, too.")
    ] = None,
) -> None:
    """Measure dispatch rounds: candidates, road times, choice, reasons, stored bytes.

    In processor time of one process; beside SciPy's sparse matching and greedy on the same pairs.
    """
    from khan.bench_matching import run, sizes_of

    run(
        city, sizes=sizes_of(sizes), rounds=rounds, seed=seed, engine=engine, report=report,
        console=console,
    )  # fmt: skip


@app.command(
    epilog=f"Example, beside a running `khan demo`, which prints this line whole:\n\n"
    f"khan ride --messages FILE {options.PLACES}\n\n"
    "For this evening: add --at 20:30"
)
def ride(
    *,
    origin: options.From,
    destination: options.To,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    phone: Annotated[str, typer.Option(help="Your phone number.")] = "+12125550142",
    at: options.WantedAt = None,
    yes: Annotated[bool, typer.Option("--yes", help="Book without asking.")] = False,
    receipt: options.Receipt = None,
) -> None:
    """Ride from the terminal: price, car, PIN, receipt; now, or booked ahead.

    Over the same public API as everybody. Ctrl-C offers to cancel.
    """
    from khan.terminal import ride as run

    writable("--receipt", receipt)
    run(
        url, messages, phone=phone, origin=origin, destination=destination, at=at, yes=yes,
        receipt=receipt, console=console,
    )  # fmt: skip


@app.command(
    epilog="Example, beside a running `khan demo`, which prints this line whole:\n\n"
    "khan drive --messages FILE --phone +12125550199"
)
def drive(
    *,
    phone: Annotated[str, typer.Option(help="The phone number of a driver-member.")],
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    at: options.CarAt = None,
    trips: Annotated[int, typer.Option(min=1, help="Go off shift after so many trips.")] = 1,
    yes: Annotated[
        bool, typer.Option("--yes", help="Accept without asking, and board without a PIN.")
    ] = False,
    follow_advice: Annotated[
        bool, typer.Option("--follow-advice", help="Drive to where you are advised to wait.")
    ] = False,
) -> None:
    """Drive from the terminal: offers with pay and destination, then step by step.

    Over the same public API as everybody. Ctrl-C goes off shift.
    """
    from khan.terminal import drive as run

    run(
        url,
        messages,
        phone=phone,
        at=at,
        trips=trips,
        yes=yes,
        follow=follow_advice,
        console=console,
    )


def main(words: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; what a person must do differently is one line and exit code 2."""
    try:
        sys.exit(app(words, prog_name="khan", standalone_mode=False))
    except Refusal as refusal:
        told = refusal.sentence + _of_the_database(refusal)
    except TyperException as wrong:
        # Nothing, where help was shown for want of a command; choices come a line each.
        told = " ".join(line.strip() for line in wrong.format_message().splitlines())
        context = getattr(wrong, "ctx", None)
        if told and context is not None:
            told = f"{told} (See `{context.command_path} --help`.)"
    except OSError as error:
        if error.filename is None:
            raise
        told = f"{error.filename} cannot be used: {error.strerror}."
    if told:
        print(f"khan: {told}", file=sys.stderr)
    sys.exit(2)


def _of_the_database(refusal: Refusal) -> str:
    """What the database itself said: for whoever runs the service, never for its users."""
    cause = refusal.__cause__
    if refusal.code != "database_unavailable" or cause is None:
        return ""
    return f" ({str(getattr(cause, 'orig', cause)).partition(chr(10))[0]})"
