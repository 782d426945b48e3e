"""`khan round ...` and `khan explain`: rounds as they were decided, and why."""

from pathlib import Path
from typing import Annotated

import typer

from khan.console import console

rounds = typer.Typer(help="Look at dispatch rounds as they were decided.", no_args_is_help=True)

EXAMPLE = (
    "`khan explain latest` names the round's trips and drivers. Nobody's name is said, only "
    "identifiers.\n\nExample:\n\nkhan explain latest --data FOLDER"
)

Url = Annotated[
    str | None, typer.Option(envvar="DATABASE_URL", metavar="URL", help="The database.")
]
Data = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="A demonstration's --keep folder, instead of --url."),
]
Round = Annotated[str, typer.Argument(help="The round's identifier, or latest.")]


@rounds.command("list", epilog="Example:\n\nkhan round list --most 5 --data FOLDER")
def list_rounds(
    *,
    most: Annotated[int, typer.Option(min=1, max=1000, help="So many, newest first.")] = 20,
    url: Url = None,
    data: Data = None,
) -> None:
    """List the latest rounds that had something to decide, with their figures."""
    from khan.explaining import table_of
    from khan.kept import address_of
    from khan.rounds import latest_rounds

    found = latest_rounds(address_of(url=url, data=data), most=most)
    for line in table_of(found):
        console.print(line, markup=False)


@rounds.command("replay", epilog="Exit status 1 if it comes to another plan.")
def replay(*, round_id: Round, url: Url = None, data: Data = None) -> None:
    """Decide a stored round again from its stored input, and compare the plans (I15)."""
    from khan.rounds import get_round, replay_round

    same, digest = replay_round(get_round(round_id, url=url, data=data))
    console.print(f"plan {digest}: {'the same' if same else 'ANOTHER PLAN'}")
    if not same:
        raise typer.Exit(1)


def explain(
    *,
    round_id: Round,
    who: Annotated[
        str | None,
        typer.Argument(
            metavar="[DRIVER|TRIP]", help="Whom to explain; left out: the round as a whole."
        ),
    ] = None,
    other: Annotated[
        str | None,
        typer.Argument(metavar="[TRIP|DRIVER]", help="Why that driver was not offered that trip."),
    ] = None,
    url: Url = None,
    data: Data = None,
) -> None:
    """Say why a stored round decided so: this offer, not that driver, still open.

    In the words the driver gets, from the terms that the round stored.
    """
    from khan.explaining import explained
    from khan.rounds import decision_of, get_round

    stored = get_round(round_id, url=url, data=data)
    for line in explained(decision_of(stored), [one for one in (who, other) if one is not None]):
        console.print(line, markup=False)
