"""`khan count`: any ballot file from outside, counted by a rule of the house."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from khan.console import console, writable

EPILOG = (
    "An election, and its record as a file:\n\n"
    "khan count ward.blt --rule scottish_stv --json ward.json\n\n"
    "docs/reference/ballot_files.md describes the files. Broken and empty ballots are counted and named; "
    "a file that cannot be read is refused with its line."
)


class Rule(StrEnum):
    """By which rule to count, as a word on the command line."""

    SCOTTISH_STV = "scottish_stv"


File = Annotated[Path, typer.Argument(metavar="FILE", help="The ballots: .blt, UTF-8 text.")]
ByRule = Annotated[
    Rule,
    typer.Option(
        "--rule",
        help="scottish_stv elects several, by SSI 2007/42 (.blt).",
    ),
]
Json = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="OUT", help="Write the whole record there: every stage, exact figures."
    ),
]
Seed = Annotated[
    str | None,
    typer.Option(
        metavar="HEX",
        help="The public seed of lots, 64 hexadecimal digits; left out: 32 zero bytes, for a trial.",
    ),
]
Seats = Annotated[
    int | None,
    typer.Option(min=1, max=1000, help="How many to elect; left out: as the file says."),
]
Withdrawn = Annotated[
    list[int] | None,
    typer.Option(
        min=1, metavar="N", help="Number N has withdrawn before the count; may be given again."
    ),
]
RanksMax = Annotated[
    int | None,
    typer.Option(min=1, help="More ranks than this break a ballot; left out: any number."),
]


def count(
    file: File,
    *,
    rule: ByRule,
    report: Json = None,
    seed: Seed = None,
    seats: Seats = None,
    withdrawn: Withdrawn = None,
    ranks_max: RanksMax = None,
) -> None:
    """Count a file of ballots, and show every stage of the count.

    Needs no city and no database. The same ballots give the same count in any order, and ties that
    the votes do not settle are settled by a lot from --seed, which anyone can draw again.
    """
    from khan.counting import Asked, run

    writable("--json", report)
    asked = Asked(
        file=file, rule=rule, seed=seed, seats=seats, withdrawn=tuple(withdrawn or ()),
        ranks_max=ranks_max,
    )  # fmt: skip
    run(asked, report=report, console=console)
