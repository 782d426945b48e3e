"""`khan poll`: who witnesses polls, who holds the key of one, what it waits for, what it came to."""

from pathlib import Path
from typing import Annotated, BinaryIO
from zoneinfo import ZoneInfo

import httpx
import typer
from rich.console import Console

from khan import options
from khan.console import console
from khan.motion_commands import JsonOption, TokenOption, identifier, post, read_document
from khan.motion_office_commands import PasskeyOption, PhoneOption, office
from khan.seed import OFFICE_PHONE
from khan.terminal import on_the_line
from khan.terminal_motion import Document, act
from simulation.client import Phone, Refused, ServiceGone

poll = typer.Typer(
    help="Prepare a vote without names, and bring in what opens it.", no_args_is_help=True
)

PollArgument = Annotated[str, typer.Argument(metavar="POLL", help="As `khan motion show` has it.")]
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="What the office was brought.")]
_EXAMPLE = "For the office. Example:\n\nkhan poll {} --passkey office.json --messages FILE"


@poll.command("witness", epilog=_EXAMPLE.format("witness witness.json"))
def witness(
    *,
    file: FileArgument,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Appoint a witness, by the line that `khan witness` printed first."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    body = read_document("FILE", file)
    post(access, "witnesses", body, show=_show_witness, as_json=as_json)


@poll.command("trustees", epilog=_EXAMPLE.format("trustees POLL terms.json"))
def trustees(
    *,
    poll_id: PollArgument,
    file: FileArgument,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write who holds a poll's key, by the terms.json of `khan trustees deal`."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    post(
        access, _path(poll_id, "trustees"), read_document("FILE", file), show=_show, as_json=as_json
    )


@poll.command("release", epilog=_EXAMPLE.format("release POLL share.json"))
def release(
    *,
    poll_id: PollArgument,
    file: FileArgument,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a trustee's share, by what `khan trustees release` wrote."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    post(
        access, _path(poll_id, "releases"), read_document("FILE", file), show=_show, as_json=as_json
    )


@poll.command("status", epilog=_EXAMPLE.format("status POLL"))
def status(
    *,
    poll_id: PollArgument,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a poll waits for."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = access.path(_path(poll_id, "officials"))

    async def play(line: Phone) -> Document:
        return await line.get(path)

    act(access, play, _show, console=console, as_json=as_json)


@poll.command(
    "bundle", epilog="Example:\n\nkhan poll bundle POLL --out FILE.zip; khan verify FILE.zip"
)
def bundle(
    *,
    poll_id: PollArgument,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where to write it.")],
    url: options.Url = options.USUAL_URL,
) -> None:
    """Fetch what everybody can count a poll again from; nobody needs to sign in."""
    path = f"/public/v1/{_path(poll_id, 'bundle.zip')}"

    async def fetch(_: Phone) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as line:
            await _fetch(line, path, out)

    on_the_line(url, fetch)
    console.print(f"Check it: khan verify {out}", markup=False)


async def _fetch(line: httpx.AsyncClient, path: str, out: Path) -> None:
    """Write what comes as it comes; a file that did not come whole is not left behind."""
    draft = out.with_name(f"{out.name}.part")
    try:
        async with line.stream("GET", path) as answer:
            if answer.status_code >= 400:
                await answer.aread()
                raise Refused(answer.status_code, answer.json())
            with _created(draft) as file:
                async for piece in answer.aiter_bytes():
                    file.write(piece)
        draft.replace(out)
    except httpx.TransportError:
        raise ServiceGone(str(line.base_url)) from None
    finally:
        draft.unlink(missing_ok=True)


def _created(path: Path) -> BinaryIO:
    return path.open("wb")


def _path(poll_id: str, name: str) -> str:
    return f"polls/{identifier('POLL', poll_id)}/{name}"


def _show_witness(found: Document, _zone: ZoneInfo, shown: Console) -> None:
    shown.print(f"{found['name']} witnesses polls that open from now on.", markup=False)


def _show(found: Document, _zone: ZoneInfo, shown: Console) -> None:
    def say(line: str) -> None:
        shown.print(line, markup=False)

    say(f"A {found['tier']} poll of the motion {found['motion_id']}, which is {found['state']}.")
    if found["trustees"]:
        say(f"{found['needed']} of {len(found['trustees'])} trustees open the ballots.")
    if found["released"]:
        say("Shares given up: " + ", ".join(found["released"]))
    say("Missing: " + "; ".join(found["missing"]) if found["missing"] else "Nothing is missing.")
