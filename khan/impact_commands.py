"""`khan impact`: its options, and what it does with them."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from khan import options
from khan.console import ArgumentUnusable, console, writable

EXAMPLE = (
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
    Path, typer.Argument(metavar="PROPOSAL.json", help="The proposed rule's body.")
]
KindOfRule = Annotated[Kind, typer.Option("--kind", help="What kind of rule it is.")]
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
    kind: KindOfRule,
    city: options.City = "manhattan",
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

    Real fares, pay floors, shares and the real matcher; riders by zone and time of day, drivers by
    decile, who gets what. What is assumed is stated, and the same input gives the same bytes:
    docs/reference/impact_statement.md.
    """
    from khan.impact import Compared, month_of, open_city, read_body, sides_of, state_impact
    from khan.impact_table import print_statement, write_picture
    from khan.json_files import write_json
    from rulebook.rule import RuleKind

    for option, file in (("--json", report), ("--picture", picture)):
        writable(option, file)
    compared = Compared(
        scenario=scenario, on=_date(on), vehicles=vehicles, advice=advice, max_wait=max_wait,
        vehicle_class=vehicle_class, elasticity=elasticity, seed=seed,
    )  # fmt: skip
    body, today = read_body(proposal), None if against is None else read_body(against)
    pack = open_city(city)
    sides = sides_of(pack, RuleKind(kind.value), body, against=today)
    month = None if receipts is None else month_of(receipts, sides)
    document = state_impact(pack, sides, compared, console).as_json()
    # Written first: whoever reads only the first lines of the table wants the files all the same.
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
