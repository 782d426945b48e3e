"""`khan ledger`: the books, for whoever keeps or examines them."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from khan import ledger_words as words
from khan import options
from khan.console import ArgumentUnusable, console, writable
from khan.motion_commands import JsonOption, TokenOption, identifier, post
from khan.motion_office_commands import PasskeyOption, PhoneOption, office
from khan.seed import OFFICE_PHONE

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


@ledger.command(
    epilog="Exit status 1 if anything is wrong, which is told line by line.\n\nExample:\n\n"
    "khan ledger verify --data demo --kept DIGEST"
)
def verify(
    *,
    kept: Annotated[
        str | None,
        typer.Option(
            metavar="DIGEST",
            help="A day's digest that you kept elsewhere: it must still be one of the chain.",
        ),
    ] = None,
    url: Url = None,
    data: Data = None,
    as_json: JsonOption = False,
) -> None:
    """Compute the chain of days anew, and look for whatever breaks a rule of the books.

    From what stands in the tables, not by the database's own functions. Nothing is changed.
    """
    from khan.ledger_verify import as_document, lines, run

    found = run(kept=kept, url=url, data=data, console=console)
    if as_json:
        console.print_json(json.dumps(as_document(found)))
    else:
        for line in lines(found):
            console.print(line, markup=False)
    if found.faults:
        raise typer.Exit(1)


_FOR_THE_OFFICE = "For the office. Example:\n\nkhan ledger {} --passkey office.json"


@ledger.command(epilog=_FOR_THE_OFFICE.format("seal"))
def seal(
    *,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Seal every day that is over. The service does it by itself, minutes after midnight."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    post(access, "books/days", {}, show=words.show_sealed, as_json=as_json)


@ledger.command(epilog=_FOR_THE_OFFICE.format("close --last-day 2026-12-31"))
def close(
    *,
    last_day: Annotated[
        str, typer.Option(metavar="DAY", help="The last day of the period, like 2026-12-31.")
    ],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a period for ever: its result goes to the surplus, its days take nothing more."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    body = {"last_day": _day("--last-day", last_day)}
    post(access, "books/periods", body, show=words.show_period, as_json=as_json)


@ledger.command(epilog=_FOR_THE_OFFICE.format("reverse TRANSFER --reason 'entered twice'"))
def reverse(
    *,
    transfer: Annotated[
        str, typer.Argument(metavar="TRANSFER", help="What is taken back, by its identifier.")
    ],
    reason: Annotated[str, typer.Option(help="Why; whoever has it on a statement reads it.")],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a transfer back, whole and once, by a new one in your name."""
    body = {"transfer_id": identifier("TRANSFER", transfer), "reason": reason}
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    post(access, "books/reversals", body, show=words.show_reversals, as_json=as_json)


def _day(option: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ArgumentUnusable(option, f"{text!r} is not a day like 2026-12-31") from None


def bench_ledger(
    *,
    trips: Annotated[
        int, typer.Option(min=10, max=1_000_000, help="Each is held and settled: two postings.")
    ] = 2_000,
    report: Annotated[
        Path | None, typer.Option("--json", metavar="OUT", help="Write the figures there, too.")
    ] = None,
) -> None:
    """Measure postings through the service, beside the same rows by asyncpg alone.

    Each with the database's checks awake and asleep, in databases of their own; about a minute.
    """
    from khan.bench_ledger import run

    writable("--json", report)
    run(trips=trips, report=report, console=console)
