"""`khan surplus`: what the year gives each member, and carrying out what they decided."""

import json
from typing import Annotated

import typer

from khan.console import console
from khan.motion_commands import MotionArgument, identifier
from khan.round_commands import Data, Url

surplus = typer.Typer(help="Look at the surplus, and divide it as decided.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the document.")]


@surplus.command(
    "preview", epilog="Nothing is written.\n\nExample:\n\nkhan surplus preview --data FOLDER --member 7"
)  # fmt: skip
def preview(
    *,
    member: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="One member, by number, with the arithmetic."),
    ] = None,
    url: Url = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show what the time since the last closed period would give each member if it ended now."""
    from khan.kept import address_of
    from khan.surplus import get_preview, show_document, show_members, statement_of_number

    found = get_preview(address_of(url=url, data=data))
    if member is not None:
        for line in statement_of_number(found, member).lines():
            console.print(line, markup=False)
    elif as_json:
        console.print_json(json.dumps(found.document))
    else:
        show_document(found.document, console)
        show_members(found, console)


@surplus.command(
    "allocate",
    epilog="Again, it changes nothing.\n\nExample:\n\nkhan surplus allocate MOTION --url postgresql://...",
)
def allocate(
    *, motion_id: MotionArgument, url: Url = None, data: Data = None, as_json: Json = False
) -> None:
    """Divide the surplus that a certified motion is about, by the policy of its period's end."""
    from uuid import UUID

    from khan.kept import address_of
    from khan.surplus import carry_out, show_document

    asked = UUID(identifier("MOTION", motion_id))
    stored = carry_out(address_of(url=url, data=data), asked)
    if as_json:
        console.print_json(json.dumps(stored.document))
        return
    show_document(dict(stored.document), console)
    console.print(f"document {stored.digest}", markup=False)


@surplus.command(
    "pay", epilog="Example:\n\nkhan surplus pay --run 0198f1c2-7d3e-7a10-8b54-2f60c1d9e3aa"
)
def pay(
    *,
    run: Annotated[
        str, typer.Option(metavar="ID", help="An identifier of yours: the same pays once.")
    ],
    url: Url = None,
    data: Data = None,
) -> None:
    """Pay cash parts that reach the policy's minimum, to 5,000 members at most in one run."""
    from uuid import UUID

    from khan.kept import address_of
    from khan.surplus import pay as run_once

    asked = UUID(identifier("--run", run))
    moved = run_once(address_of(url=url, data=data), asked)
    console.print(f"{moved} minor units are paid.", markup=False)


Period = Annotated[str, typer.Argument(metavar="PERIOD", help="The closed period's identifier.")]


@surplus.command(
    "revolve", epilog="Again, it changes nothing.\n\nExample:\n\nkhan surplus revolve PERIOD --data FOLDER"
)  # fmt: skip
def revolve(*, period_id: Period, url: Url = None, data: Data = None) -> None:
    """Let the parts that a period's allocation retained fall due, on their day or after."""
    from uuid import UUID

    from khan.kept import address_of
    from khan.surplus import revolve as fall_due

    asked = UUID(identifier("PERIOD", period_id))
    moved = fall_due(address_of(url=url, data=data), asked)
    console.print(f"{moved} minor units that were retained are to be paid.", markup=False)


@surplus.command(
    "lapse", epilog="Again, it changes nothing.\n\nExample:\n\nkhan surplus lapse PERIOD --data FOLDER"
)  # fmt: skip
def lapse(*, period_id: Period, url: Url = None, data: Data = None) -> None:
    """Give what nobody claimed in its time to the fund that the policy named."""
    from uuid import UUID

    from khan.kept import address_of
    from khan.surplus import lapse as give

    asked = UUID(identifier("PERIOD", period_id))
    moved = give(address_of(url=url, data=data), asked)
    console.print(f"{moved} minor units that nobody claimed are their fund's.", markup=False)


@surplus.command(
    "statement", epilog="Example:\n\nkhan surplus statement PERIOD --member 7 --data FOLDER"
)
def statement(
    *,
    period_id: Period,
    member: Annotated[int, typer.Option(min=1, metavar="N", help="The member's number.")],
    url: Url = None,
    data: Data = None,
) -> None:
    """Show a member's part of a surplus that was divided, computed anew, with the arithmetic."""
    from uuid import UUID

    from khan.kept import address_of
    from khan.surplus import statement as told

    asked = UUID(identifier("PERIOD", period_id))
    for line in told(address_of(url=url, data=data), asked, member).lines():
        console.print(line, markup=False)


def bench_surplus(
    members: Annotated[
        int, typer.Option(min=2, max=1_000_000, help="Half drivers, half riders.")
    ] = 50_000,
) -> None:
    """Measure dividing a year among many members: figures, parts, lines, postings, statements.

    In a database of its own; 50,000 members take about a minute to write.
    """
    from khan.bench_surplus import run

    run(members=members, console=console)
