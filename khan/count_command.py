"""`khan count`: any ballot file from outside, counted by a rule of the house."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from khan.console import console, writable

EPILOG = (
    "scottish_stv: several seats by ranks, SSI 2007/42; reads .blt.\n\n"
    "equal_shares: a budget by the method of equal shares, cost utilities, what is left by add-1 and "
    "then most votes; reads Pabulib's .pb with ticks.\n\n"
    "most_votes_first: a budget by votes or points, what does not fit is passed over; reads every .pb.\n\n"
    "schulze: one of several texts by ranks; reads .blt.\n\n"
    "lower_median: a number; reads lines of text.\n\n"
    "for_against: a motion by its required share; reads lines of text.\n\n"
    "An election, and its record as a file:\n\n"
    "khan count ward.blt --rule scottish_stv --json ward.json\n\n"
    "docs/reference/ballot_files.md describes the files and the record. Exit status 0 also where nobody is "
    "elected or a motion is lost: the count is done; 2 where the file or the terms cannot be used."
)


class Rule(StrEnum):
    """By which rule to count, as a word on the command line."""

    SCOTTISH_STV = "scottish_stv"
    EQUAL_SHARES = "equal_shares"
    MOST_VOTES_FIRST = "most_votes_first"
    SCHULZE = "schulze"
    LOWER_MEDIAN = "lower_median"
    FOR_AGAINST = "for_against"


File = Annotated[
    Path, typer.Argument(metavar="FILE", help="The ballots: .blt, .pb or lines, UTF-8.")
]
ByRule = Annotated[Rule, typer.Option("--rule", help="How to count; each is described below.")]
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
    typer.Option(
        min=1, max=1000, help="scottish_stv: how many to elect; left out: as the file says."
    ),
]
Withdrawn = Annotated[
    list[int] | None,
    typer.Option(
        min=1,
        metavar="N",
        help="Rules that rank: number N has withdrawn before the count; may be given again.",
    ),
]
RanksMax = Annotated[
    int | None,
    typer.Option(min=1, help="Rules that rank: more ranks break a ballot; left out: any number."),
]
StatusQuo = Annotated[
    int | None,
    typer.Option(
        min=1, metavar="N", help="schulze: number N says 'keep as is'; left out: none does."
    ),
]
Required = Annotated[
    str | None,
    typer.Option(
        metavar="SHARE",
        help="schulze: by what share a text must beat --status-quo, like '>=3/4'. [default: >1/2]",
    ),
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
    status_quo: StatusQuo = None,
    required: Required = None,
) -> None:
    """Count a file of ballots, and show every stage of the count.

    Needs no city and no database. The same ballots give the same count in any order; ties that
    votes do not settle are settled by a lot from --seed, which anyone can draw again. Empty and
    broken ballots are counted and named.
    """
    from khan.counting import Asked, run

    writable("--json", report)
    asked = Asked(
        file=file, rule=rule, seed=seed, seats=seats, withdrawn=tuple(withdrawn or ()),
        ranks_max=ranks_max, status_quo=status_quo, required=required,
    )  # fmt: skip
    run(asked, report=report, console=console)
