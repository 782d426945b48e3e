"""`khan payouts`: drivers are paid by files for the bank, and say where their money goes."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from khan import options
from khan import payout_words as words
from khan.console import ArgumentUnusable, console, writable
from khan.motion_commands import JsonOption, TokenOption, identifier, post, read_document
from khan.motion_office_commands import PasskeyOption, office
from khan.motion_office_commands import PhoneOption as OfficePhone
from khan.seed import OFFICE_PHONE
from khan.terminal_motion import Access, Document, act
from simulation.client import Phone

payouts = typer.Typer(help="Pay the drivers, and say where your pay goes.", no_args_is_help=True)

_OFFICE = "For the office. Example:\n\nkhan payouts {} --passkey office.json --messages FILE"
_DRIVER = "For drivers. Example:\n\nkhan payouts {} --phone +12125550199 --messages FILE"

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="As `khan payouts list` has it.")]
LeastOption = Annotated[
    int | None,
    typer.Option("--least", min=1, metavar="MINOR", help="Smaller sums are held, in minor units."),
]
OnlyAskedOption = Annotated[
    bool, typer.Option("--only-asked", help="Only drivers who asked to be paid.")
]
DriverPhone = Annotated[str, typer.Option("--phone", help="The phone number of a driver-member.")]
DriverPasskey = Annotated[
    Path | None,
    typer.Option(
        "--passkey",
        metavar="FILE",
        help="A passkey of yours for terminals, made on first use; setting an account needs it.",
    ),
]


def _driver(
    url: str, phone: str, *, messages: Path | None, token: str | None, passkey: Path | None = None
) -> Access:
    if not phone and not token:
        raise ArgumentUnusable("--phone", "say who you are, by phone number or by --token")
    return Access(
        url=url, side="driver", phone=phone, messages=messages, token=token, passkey=passkey
    )


def _day(option: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ArgumentUnusable(option, f"{text!r} is not a day like 2026-12-14") from None


def _asked(least: int | None, *, only_asked: bool) -> Document:
    chosen: dict[str, Any] = {"only_asked": only_asked}
    return chosen if least is None else chosen | {"least_minor": least}


@payouts.command("preview", epilog=_OFFICE.format("preview"))
def preview(
    *,
    least: LeastOption = None,
    only_asked: OnlyAskedOption = False,
    phone: OfficePhone = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who would get what if a file were made now, and who is held and why."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    asked = _asked(least, only_asked=only_asked)

    async def play(line: Phone) -> Document:
        return await line.get(access.path("payouts/preview"), **asked)

    act(access, play, words.show_preview, console=console, as_json=as_json)


@payouts.command("make", epilog=_OFFICE.format("make --run ID --on 2026-12-14 --out pain001.xml"))
def make(
    *,
    run: Annotated[
        str, typer.Option(metavar="ID", help="An identifier of yours: the same makes one file.")
    ],
    on: Annotated[str, typer.Option("--on", metavar="DAY", help="The bank carries it out then.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.xml", help="Keep the file for the bank there."),
    ] = None,
    least: LeastOption = None,
    only_asked: OnlyAskedOption = False,
    phone: OfficePhone = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the file that pays the drivers all they are owed, and fetch it.

    Again with the same identifier, it fetches the file that was made.
    """
    writable("--out", out)
    file_id = identifier("--run", run)
    body = {"payout_file_id": file_id, "execute_on": _day("--on", on)}
    body |= _asked(least, only_asked=only_asked)
    access = office(url, phone, passkey=passkey, messages=messages, token=token)

    async def play(line: Phone) -> Document:
        made = await line.post(access.path("payouts/files"), body)
        if out is not None:
            out.write_bytes(await line.download(access.path(f"payouts/files/{file_id}/pain001")))
            out.chmod(0o600)
        return made

    act(access, play, words.show_made, console=console, as_json=as_json)


@payouts.command("list", epilog=_OFFICE.format("list"))
def list_files(
    *,
    file_id: Annotated[
        str | None, typer.Argument(metavar="FILE", help="One file: its payouts.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="So many files at most.")] = 20,
    phone: OfficePhone = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the files and what the bank said of them, or every payout of one file."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    one = None if file_id is None else identifier("FILE", file_id)

    async def play(line: Phone) -> Document:
        if one is not None:
            return await line.get(access.path(f"payouts/files/{one}"))
        return await line.get(access.path("payouts/files"), limit=limit)

    show = words.show_files if one is None else words.show_content
    act(access, play, show, console=console, as_json=as_json)


@payouts.command("sent", epilog=_OFFICE.format("sent FILE"))
def sent(
    *,
    file_id: FileArgument,
    phone: OfficePhone = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that the bank carried a file out: its payouts are posted."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"payouts/files/{identifier('FILE', file_id)}/sent"
    post(access, path, {}, show=words.show_sent, as_json=as_json)


@payouts.command("returned", epilog=_OFFICE.format("returned PAYOUT --reason 'account closed'"))
def returned(
    *,
    payout_id: Annotated[
        str, typer.Argument(metavar="PAYOUT", help="As `khan payouts list FILE` has it.")
    ],
    reason: Annotated[str, typer.Option(help="As the bank says; the driver reads it.")],
    phone: OfficePhone = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say that the bank refused a payout or sent it back: the driver is owed it again."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = f"payouts/{identifier('PAYOUT', payout_id)}/returned"
    post(access, path, {"reason": reason}, show=words.show_returned, as_json=as_json)


@payouts.command("mine", epilog=_DRIVER.format("mine"))
def mine(
    *,
    phone: DriverPhone = "",
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what you are owed, and what you were paid."""
    access = _driver(url, phone, messages=messages, token=token)

    async def play(line: Phone) -> Document:
        return await line.get(access.path("payouts"))

    act(access, play, words.show_mine, console=console, as_json=as_json)


@payouts.command("withdraw", epilog=_DRIVER.format("withdraw"))
def withdraw(
    *,
    phone: DriverPhone = "",
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for what you are owed now: it goes out with the next file, however little it is."""
    access = _driver(url, phone, messages=messages, token=token)
    post(access, "payouts/requests", {}, show=words.show_asked, as_json=as_json)


@payouts.command(
    "destination",
    epilog=_DRIVER.format("destination --account account.json --passkey passkey.json")
    + '\n\naccount.json: {"holder": "Dora Driver", "iban": "ES91 2100 0418 4502 0005 1332"}, or '
    'with "routing_number" and "account_number" instead of "iban".',
)
def destination(
    *,
    account: Annotated[
        Path | None,
        typer.Option(
            "--account", metavar="FILE.json", help="Send my money there, 72 hours from now."
        ),
    ] = None,
    take_back: Annotated[
        int | None,
        typer.Option("--take-back", min=1, metavar="NUMBER", help="Take back one that waits."),
    ] = None,
    phone: DriverPhone = "",
    passkey: DriverPasskey = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where your money goes; set another account, or take one back that waits."""
    if account is not None and take_back is not None:
        raise ArgumentUnusable("--take-back", "give an account or take one back, not both")
    body = None if account is None else read_document("--account", account)
    access = _driver(url, phone, messages=messages, token=token, passkey=passkey)
    if body is not None:
        post(access, "payouts/destinations", body, show=words.show_set, as_json=as_json)
        return
    if take_back is not None:
        path = f"payouts/destinations/{take_back}/take-back"
        post(access, path, {}, show=words.show_taken_back, as_json=as_json)
        return

    async def play(line: Phone) -> Document:
        return await line.get(access.path("payouts/destinations"))

    act(access, play, words.show_destinations, console=console, as_json=as_json)


def bench_payouts(
    payouts_asked: Annotated[
        int, typer.Option("--payouts", min=1, max=50_000, help="Payments in the file.")
    ] = 50_000,
) -> None:
    """Measure a file for the bank: written, and held to the schema of ISO 20022.

    50,000 payments take about 20 seconds.
    """
    from khan.bench_payouts import run

    run(payouts=payouts_asked, console=console)
