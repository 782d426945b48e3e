"""`khan ledger`: the books, for whoever keeps or examines them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from khan.console import console

ledger = typer.Typer(help="Keep, examine and export the books.", no_args_is_help=True)

Url = Annotated[
    str | None,
    typer.Option(envvar="DATABASE_URL", metavar="URL", help="The database, without --data."),
]
Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="A folder that `khan demo --keep` or `khan simulate --year` made, instead.",
    ),
]
Form = Annotated[
    str, typer.Option("--format", metavar="FORMAT", help="beancount, hledger, csv or parquet.")
]
Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")]
Replace = Annotated[bool, typer.Option("--replace", help="Replace a file that is there.")]
Identified = Annotated[
    bool,
    typer.Option(
        "--identified",
        help="Leave identifiers, times and reasons as they are, for auditors; left out: "
        "pseudonyms made anew each time.",
    ),
]

EXAMPLE = (
    "Then: bean-check FILE, or hledger -f FILE check --strict.\n\nExample:\n\n"
    "khan ledger export --data demo --format beancount --out books.beancount"
)


@ledger.command(epilog=EXAMPLE)
def export(
    *,
    form: Form,
    out: Out,
    url: Url = None,
    data: Data = None,
    identified: Identified = False,
    replace: Replace = False,
) -> None:
    """Write the books into one file for another program, whole or not at all.

    Every closing balance is asserted, so that one changed minor unit is refused there.
    docs/reference/ledger_export.md says what is in it.
    """
    from khan.ledger_export import ExportAsked, run

    asked = ExportAsked(form=form, url=url, data=data, identified=identified, replace=replace)
    console.print(escape(run(asked, out, console)))
