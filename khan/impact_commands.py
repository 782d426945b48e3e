"""`khan impact`: its options, and what it does with them."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from khan import options
from khan.console import ArgumentUnusable, console, writable

if TYPE_CHECKING:
    from governance.motion import MotionId
    from khan.impact import Compared

EXAMPLE = (
    "Example, a motion's statement with its pictures, and whether it comes out the same again:\n\n"
    "khan impact 0198f1c2-7d3e-7a10-8b54-2f60c1d9e3aa --pictures FOLDER --recompute\n\n"
    "Example, a tariff on a recorded Sunday, if one rider in two hundred stays away for each "
    "percent more:\n\n"
    "khan impact tariff.json --kind tariff --scenario manhattan-day --elasticity -0.5 "
    "--json impact.json --picture impact.svg"
)

_YEARS = (1900, 9000)
"""Local time of any of them can be reckoned with."""


class Kind(StrEnum):
    """Kinds of rules that a statement is made of; the rulebook's words."""

    TARIFF = "tariff"
    PAY_FLOOR = "pay_floor"
    LEVY = "levy"
    MATCHING_POLICY = "matching_policy"


Proposal = Annotated[
    str,
    typer.Argument(
        metavar="MOTION|PROPOSAL.json",
        help="A motion's identifier: what the service worked out for it, from --url or --data. "
        "Or a file with a proposed rule's body: worked out here and now.",
    ),
]
KindOfRule = Annotated[
    Kind | None, typer.Option("--kind", help="Of a file: what kind of rule it is.")
]
Url = Annotated[
    str | None,
    typer.Option(envvar="DATABASE_URL", metavar="URL", help="Of a motion: the database."),
]
Data = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="A demonstration's --keep folder, instead of --url."),
]
Pictures = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="Of a motion: write its pictures there.")
]
Recompute = Annotated[
    bool,
    typer.Option(
        "--recompute",
        help="Of a motion: work it out again from its text, rules and assumptions, and compare "
        "the digests; exit status 1 if they differ.",
    ),
]
Scenario = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="The demand: a folder of nodes.csv, edges.csv, requests.csv and vehicles_*.csv, "
        "recorded or made by `khan day make`; left out: the city pack's own.",
    ),
]
Against = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Today's rule of that kind; left out: the founding charter's."
    ),
]
Elasticity = Annotated[
    float,
    typer.Option(
        metavar="X",
        help="How demand answers to prices, -3 to 0: at -0.5, a price 1 % higher keeps about "
        "0.5 % of riders away. 0: nobody minds.",
    ),
]
Vehicles = Annotated[int, typer.Option(min=1, max=100_000, help="Cars on the streets.")]
Advice = Annotated[
    float, typer.Option(min=0, max=1, help="Share of drivers who follow advice where to wait.")
]
MaxWait = Annotated[
    float, typer.Option(min=1, max=7200, help="Seconds after which a rider is gone.")
]
On = Annotated[
    str | None,
    typer.Option(
        "--date",
        metavar="YYYY-MM-DD",
        help="The day played, which chooses the tariff's days and holidays; left out: when the "
        "city's demand was recorded, else 2030-01-01.",
    ),
]
VehicleClass = Annotated[
    str | None,
    typer.Option("--class", metavar="CLASS", help="Of all cars; left out: the tariff's first."),
]
Receipts = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Your own month, too: a receipt, or a JSON list of receipts."
    ),
]
Report = Annotated[
    Path | None, typer.Option("--json", metavar="OUT", help="Write the statement there, too.")
]
Picture = Annotated[
    Path | None, typer.Option(metavar="OUT.svg", help="Draw it: prices, waits, drivers' pay.")
]


def impact(
    proposal: Proposal,
    *,
    kind: KindOfRule = None,
    city: options.City = "manhattan",
    url: Url = None,
    data: Data = None,
    pictures: Pictures = None,
    recompute: Recompute = False,
    scenario: Scenario = None,
    against: Against = None,
    elasticity: Elasticity = 0.0,
    vehicles: Vehicles = 400,
    advice: Advice = 0.5,
    max_wait: MaxWait = 600.0,
    on: On = None,
    vehicle_class: VehicleClass = None,
    receipts: Receipts = None,
    seed: options.Seed = 1,
    report: Report = None,
    picture: Picture = None,
) -> None:
    """State what a proposed rule would do: the same day under today's rule and under it.

    Of a motion: what the service worked out and members see. Of a file: worked out here. Real fares,
    pay floors, shares and the real matcher; riders by zone and time of day, drivers by decile, who
    gets what. What is assumed is stated, and the same input gives the same bytes:
    docs/reference/impact_statement.md.
    """
    from khan.impact import Compared
    from khan.motion_impact import motion_id_of

    for option, path in (("--json", report), ("--picture", picture)):
        writable(option, path)
    motion_id = motion_id_of(proposal)
    if motion_id is not None:
        _of_motion(
            motion_id, city=city, where=(url, data), report=report, pictures=pictures,
            recompute=recompute,
        )  # fmt: skip
        return
    if kind is None:
        raise ArgumentUnusable("--kind", "say what kind of rule the file is; a motion knows")
    compared = Compared(
        scenario=scenario, on=_date(on), vehicles=vehicles, advice=advice, max_wait=max_wait,
        vehicle_class=vehicle_class, elasticity=elasticity, seed=seed,
    )  # fmt: skip
    _of_file(
        Path(proposal), kind, compared, city=city, against=against, receipts=receipts,
        written=(report, picture),
    )  # fmt: skip


def _of_motion(
    motion_id: "MotionId",
    *,
    city: str,
    where: tuple[str | None, Path | None],
    report: Path | None,
    pictures: Path | None,
    recompute: bool,
) -> None:
    from khan.impact import open_city
    from khan.json_files import write_json
    from khan.kept import address_of
    from khan.motion_impact import (
        demand_differs,
        print_impact,
        stored_impact,
        worked_out_again,
        write_pictures,
    )

    stored = stored_impact(motion_id, address_of(url=where[0], data=where[1]))
    if report is not None:
        write_json(dict(stored.document), report)
    if pictures is not None:
        write_pictures(stored.document, pictures)
    print_impact(stored.document, console)
    if not recompute:
        return
    again = worked_out_again(stored, open_city(city))
    if again["digest"] == stored.document["digest"]:
        console.print("Worked out again: the same digest.")
        return
    console.print(f"Worked out again: ANOTHER DIGEST, {again['digest']}", markup=False)
    if demand_differs(stored.document, again):
        console.print("The demand or the streets are not those of the statement (--city).")
    raise typer.Exit(1)


def _of_file(
    proposal: Path,
    kind: Kind,
    compared: "Compared",
    *,
    city: str,
    against: Path | None,
    receipts: Path | None,
    written: tuple[Path | None, Path | None],
) -> None:
    from khan.impact import month_of, open_city, read_body, sides_of, state_impact
    from khan.impact_table import print_statement, write_picture
    from khan.json_files import write_json
    from rulebook.rule import RuleKind

    body, today = read_body(proposal), None if against is None else read_body(against)
    pack = open_city(city)
    sides = sides_of(pack, RuleKind(kind.value), body, against=today)
    month = None if receipts is None else month_of(receipts, sides)
    document = state_impact(pack, sides, compared, console).as_json()
    # Written first: whoever reads only the first lines of the table wants the files all the same.
    report, picture = written
    if report is not None:
        write_json(document, report)
    if picture is not None:
        write_picture(document, picture)
    print_statement(document, month, console)


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentUnusable("--date", f"{text!r} is not a date like 2014-12-21") from None
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise ArgumentUnusable("--date", f"{text} is too far away")
    return day
