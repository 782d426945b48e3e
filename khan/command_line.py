"""`khan`: the one command of a city, for its visitors, its operators and its developers."""

import json
import sys
from datetime import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from foundation.errors import Invalid, Refusal

app = typer.Typer(
    name="khan",
    help="Khan Cars: a ride-hailing service owned by its driver-members together with the city.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
city = typer.Typer(help="City packs: a city as a folder of data.", no_args_is_help=True)
receipt = typer.Typer(help="Receipts.", no_args_is_help=True)
rounds = typer.Typer(help="Dispatch rounds as they were decided.", no_args_is_help=True)
bench = typer.Typer(help="What things cost on this machine.", no_args_is_help=True)
app.add_typer(city, name="city")
app.add_typer(receipt, name="receipt")
app.add_typer(rounds, name="round")
app.add_typer(bench, name="bench")

console = Console(highlight=False)


class ArgumentUnusable(Invalid):
    """A value on the command line makes no sense."""

    code = "argument_unusable"

    def __init__(self, what: str, reason: str) -> None:
        super().__init__(f"{what}: {reason}.", what=what)


def _time(value: str) -> time:
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ArgumentUnusable("--start", f"{value!r} is not a time like 20:00") from None


@app.command()
def demo(
    *,
    city_name: Annotated[
        str,
        typer.Option("--city", help="A city pack's folder, or the name of one that came along."),
    ] = "manhattan",
    start: Annotated[
        str, typer.Option(help="The hour of the recorded day it begins at, local time.")
    ] = "20:00",
    drivers: Annotated[int, typer.Option(min=1, max=5000, help="Simulated driver-members.")] = 300,
    riders_per_hour: Annotated[
        float | None,
        typer.Option(min=0, help="Instead of the recorded trips, so many an hour (service time)."),
    ] = None,
    speed: Annotated[
        float, typer.Option(min=0.1, max=100, help="Service seconds a second; 1 is real time.")
    ] = 1.0,
    minutes: Annotated[
        float | None, typer.Option(min=0.05, help="Stop after so many minutes; else at Ctrl-C.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8765,
    headless: Annotated[bool, typer.Option("--headless", help="Open no page.")] = False,
    seed: Annotated[int, typer.Option(help="Fixes demand and choices, not timing.")] = 1,
    report: Annotated[
        Path | None, typer.Option(help="Write what it came to here, as JSON.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the database and logs in this folder.")
    ] = None,
) -> None:
    """A living city on one command: database, service, and simulated drivers and riders who use
    only the public APIs. Opens the city live; Ctrl-C stops everything."""
    from khan import demo as stage

    asked = stage.Demonstration(
        city=city_name, start=_time(start), drivers=drivers, riders_per_hour=riders_per_hour,
        speed=speed, minutes=minutes, port=port, headless=headless, seed=seed, report=report,
        keep=keep, open_page=sys.stdout.isatty(),
    )  # fmt: skip
    found = stage.run(asked, console)
    if report is not None:
        stage.write_report(found, report)
        console.print(f"  The report is in {report}")
    else:
        console.print_json(json.dumps(found))


@app.command()
def serve() -> None:
    """Run the service, as the environment says (docs/reference/settings.md)."""
    from khan.serve import serve as run
    from khan.settings import load

    run(load())


@app.command()
def migrate(
    url: Annotated[
        str, typer.Option(envvar="DATABASE_URL", help="The database, as its tables' owner.")
    ],
) -> None:
    """Bring a database's tables to this version."""
    from storage.migrate import migrate as run

    run(url)
    console.print("The tables are up to date.")


@app.command()
def found(
    url: Annotated[str, typer.Option(envvar="DATABASE_URL", help="The database.")],
    city_name: Annotated[str, typer.Option("--city", help="The city pack whose charter it is.")],
) -> None:
    """Found the city on the charter of its pack, once: its rules as version 1."""
    import asyncio

    from khan.build import find_city, read_charter
    from khan.seed import found_on
    from roads.pack import CityPack

    charter = read_charter(CityPack.open(find_city(city_name)))
    asyncio.run(found_on(url, charter))
    console.print(f"{charter.title} is in force from {charter.valid_from:%Y-%m-%d}.")


@city.command("build")
def city_build(
    *,
    extract: Annotated[Path, typer.Argument(help="An OpenStreetMap extract, .osm.pbf.")],
    folder: Annotated[Path, typer.Argument(help="Where the pack is made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a pack that is there.")
    ] = False,
    title: Annotated[str | None, typer.Option(help="The city's name for people.")] = None,
    timezone: Annotated[
        str | None, typer.Option(help="IANA time zone, like Europe/Berlin.")
    ] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166-1 code, like DE.")] = None,
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code, like EUR.")] = None,
    seed: Annotated[int, typer.Option(help="For the synthetic demand.")] = 1,
) -> None:
    """Make a city pack from an extract alone: streets, zones, a model charter, demand, a map."""
    from khan.city_build import build
    from roads.pack_builder import Given

    given = Given(title=title, country=country, timezone=timezone, currency=currency)
    build(extract, folder, given=given, replace=replace, seed=seed, console=console)


@city.command("show")
def city_show(
    name: Annotated[
        str, typer.Argument(help="A pack's folder, or the name of one that came along.")
    ],
) -> None:
    """Check a city pack and say what is in it."""
    from khan.build import find_city, read_charter
    from roads.pack import CityPack

    pack = CityPack.open(find_city(name))
    charter = read_charter(pack)
    console.print(f"[bold]{pack.title}[/bold] ({pack.name}, {pack.country})")
    console.print(f"  {pack.timezone}, {pack.currency}, {', '.join(pack.languages)}")
    network = pack.network
    console.print(
        f"  {network.node_count} junctions, {network.arc_count} arcs, {len(pack.zones)} zones"
    )
    console.print(f"  charter: {charter.title}, from {charter.valid_from:%Y-%m-%d}")
    console.print(f"  {pack.attribution}")


@app.command()
def quote(
    *,
    city_name: Annotated[str, typer.Option("--city", help="A city pack.")],
    origin: Annotated[str, typer.Option("--from", help="LAT,LON, as pasted from a map.")],
    destination: Annotated[str, typer.Option("--to", help="LAT,LON, as pasted from a map.")],
    at: Annotated[
        str | None, typer.Option(help="When, local time, like 2014-12-21T20:00; now if left out.")
    ] = None,
    vehicle_class: Annotated[str, typer.Option("--class", help="The class of car.")] = "standard",
) -> None:
    """What a trip would cost by the city's founding tariff, line by line."""
    from khan.quoting import quote_lines

    for line in quote_lines(city_name, origin, destination, at=at, vehicle_class=vehicle_class):
        console.print(line)


@receipt.command("verify")
def receipt_verify(
    file: Annotated[Path, typer.Argument(help="A receipt as the rider API gives it, JSON.")],
) -> None:
    """Compute a receipt again from itself alone, and say what differs."""
    from khan.quoting import verify_receipt

    differences = verify_receipt(file)
    for difference in differences:
        console.print(difference)
    if differences:
        raise typer.Exit(1)
    console.print("The receipt is right: every line and share computes to what it says.")


@rounds.command("replay")
def round_replay(
    *,
    round_id: Annotated[str, typer.Argument(help="The round's identifier.")],
    url: Annotated[str | None, typer.Option(envvar="DATABASE_URL", help="The database.")] = None,
    data: Annotated[Path | None, typer.Option(help="A demonstration's --keep folder.")] = None,
) -> None:
    """Decide a stored round again from its stored input, and compare the plans (I15)."""
    from khan.replay import replay_round

    same, digest = replay_round(round_id, url=url, data=data)
    console.print(f"plan {digest}: {'the same' if same else 'ANOTHER PLAN'}")
    if not same:
        raise typer.Exit(1)


@bench.command("service")
def bench_service_command(
    people: Annotated[int, typer.Option(min=5, max=400, help="Riders, and as many drivers.")] = 60,
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 8766,
) -> None:
    """CPU of a position, a quote, a booking, an acceptance, a whole trip: service and database."""
    from khan.bench import bench_service, table_of

    console.print(table_of(bench_service(people=people, port=port, console=console)))


@bench.command("rounds")
def bench_rounds_command(
    *,
    trips: Annotated[int, typer.Option(min=1, help="Open trips.")] = 1000,
    drivers: Annotated[int, typer.Option(min=1, help="Free drivers.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Of the instance.")] = 1,
) -> None:
    """What a dispatch round costs without its roads: candidates, weighing, solving."""
    from simulation.bench_rounds import bench_rounds

    console.print(bench_rounds(seed=seed, trips=trips, drivers=drivers))


@app.command()
def ride(
    *,
    origin: Annotated[str, typer.Option("--from", help="LAT,LON, as pasted from a map.")],
    destination: Annotated[str, typer.Option("--to", help="LAT,LON, as pasted from a map.")],
    url: Annotated[str, typer.Option(help="The service.")] = "http://localhost:8765",
    messages: Annotated[
        Path | None, typer.Option(help="Where a demonstration's text messages arrive.")
    ] = None,
    phone: Annotated[str, typer.Option(help="Your phone number.")] = "+12125550142",
    yes: Annotated[bool, typer.Option("--yes", help="Book without asking.")] = False,
) -> None:
    """Ride from the terminal, over the same public API as everybody: price, car, PIN, receipt."""
    from khan.terminal import ride as run

    run(
        url, messages, phone=phone, origin=origin, destination=destination, yes=yes, console=console
    )


@app.command()
def drive(
    *,
    phone: Annotated[str, typer.Option(help="The phone of a driver-member.")],
    url: Annotated[str, typer.Option(help="The service.")] = "http://localhost:8765",
    messages: Annotated[
        Path | None, typer.Option(help="Where a demonstration's text messages arrive.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="LAT,LON where your car stands.")] = None,
    trips: Annotated[int, typer.Option(min=1, help="Go off shift after so many trips.")] = 1,
    yes: Annotated[bool, typer.Option("--yes", help="Accept without asking.")] = False,
) -> None:
    """Drive from the terminal: offers with pay and destination, then the trip step by step."""
    from khan.terminal import drive as run

    run(url, messages, phone=phone, at=at, trips=trips, yes=yes, console=console)


def main() -> None:
    """Run the command line; a refusal is one line and exit code 2."""
    try:
        app(standalone_mode=True)
    except Refusal as refusal:
        print(f"khan: {refusal.sentence}{_of_the_database(refusal)}", file=sys.stderr)
        sys.exit(2)


def _of_the_database(refusal: Refusal) -> str:
    """What the database itself said: for whoever runs the service, never for its users."""
    cause = refusal.__cause__
    if refusal.code != "database_unavailable" or cause is None:
        return ""
    return f" ({str(getattr(cause, 'orig', cause)).partition(chr(10))[0]})"
