"""What the office's acts on the books come to, in words."""

from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

Document = dict[str, Any]


def show_sealed(found: Document, _: ZoneInfo, console: Console) -> None:
    """The days that were sealed."""
    if not found["sealed"]:
        console.print("No day is over that is not sealed; a day waits five minutes after its end.")
    for day in found["sealed"]:
        console.print(
            f"{day['day']} is sealed with {day['transfers']} transfers: {day['digest']}",
            markup=False,
        )


def show_period(found: Document, _: ZoneInfo, console: Console) -> None:
    """A period that was closed."""
    span = f"{found['first_day']} to {found['last_day']}"
    console.print(f"{span} is closed: period {found['period_id']}", markup=False)
    if not found["results"]:
        console.print("Nothing came in and nothing was spent.")
    for one in found["results"]:
        console.print(
            f"  {one['result_minor']} minor units of {one['currency']} went to the surplus",
            markup=False,
        )


def show_reversals(found: Document, _: ZoneInfo, console: Console) -> None:
    """What takes transfers back."""
    for one in found["reversals"]:
        console.print(f"{one['reverses']} is taken back by {one['transfer_id']}", markup=False)
