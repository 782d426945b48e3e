"""`khan statement`: what a driver was paid and why, by week, shift or trip."""

from pathlib import Path
from typing import Annotated

import typer

from khan.console import ArgumentUnusable, console, writable
from khan.ledger_commands import Data, Url
from khan.options import Messages

EXAMPLE = (
    "Exit status 1 if the statement and the books differ. Costs that drivers write down are theirs: "
    "they are shown over --service alone.\n\nExamples:\n\n"
    "khan statement +12125550199 --week 2030-W05 --data FOLDER\n\n"
    "khan statement +12125550199 --service http://localhost:8765 --pdf week.pdf"
)
Week = Annotated[
    str | None,
    typer.Option(metavar="YEAR-Wnn", help="A week as ISO 8601 has it; left out: this one."),
]


Driver = Annotated[str, typer.Argument(metavar="DRIVER", help="A phone number, or an identifier.")]
Shift = Annotated[str | None, typer.Option(metavar="ID", help="Of a shift, instead of a week.")]
Trip = Annotated[str | None, typer.Option(metavar="ID", help="Of a trip, instead of a week.")]
Service = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Ask a service, signed in as the driver, instead."),
]
Language = Annotated[str, typer.Option(metavar="CODE", help="en, es, ca or ar.")]
Json = Annotated[bool, typer.Option("--json", help="Print the document.")]
Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write the lines there, as CSV.")
]
Pdf = Annotated[Path | None, typer.Option("--pdf", metavar="FILE", help="Write it there, as PDF.")]


def statement(
    *,
    driver: Driver,
    week: Week = None,
    shift: Shift = None,
    trip: Trip = None,
    data: Data = None,
    url: Url = None,
    service: Service = None,
    messages: Messages = None,
    language: Language = "en",
    as_json: Json = False,
    csv: Csv = None,
    pdf: Pdf = None,
) -> None:
    """Show a driver's statement: every line with its why, sums, and pay by the hour and kilometre.

    By trip, shift and week (the city's, from Monday); each trip's pay floor with its numbers.
    """
    from khan.statement_tables import show
    from khan.statements import Asked, StatementFiles, from_database, from_service
    from ledger.statements.errors import StatementDisagrees

    named = [one for one in (week, shift, trip) if one is not None]
    if len(named) > 1:
        raise ArgumentUnusable("--week", "say one of --week, --shift and --trip")
    writable("--csv", csv)
    writable("--pdf", pdf)
    asked = Asked(
        driver=driver,
        of="shifts" if shift is not None else "trips" if trip is not None else "weeks",
        name=named[0] if named else None,
        language=language,
        files=StatementFiles(csv=csv, pdf=pdf),
    )
    try:
        if service is not None:
            document = from_service(service, asked, messages=messages, console=console)
        else:
            document = from_database(asked, url=url, data=data)
    except StatementDisagrees as wrong:
        console.print(wrong.sentence, markup=False)
        raise typer.Exit(1) from None
    if as_json:
        console.print_json(data=document)
        return
    show(document, console)
    for file in (csv, pdf):
        if file is not None:
            console.print(f"Wrote {file}.", markup=False)
