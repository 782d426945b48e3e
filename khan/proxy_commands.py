"""`khan proxy`: let another member vote where names are shown, and take that back."""

from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from khan import options
from khan.console import console
from khan.motion_commands import (
    JsonOption,
    MotionArgument,
    PhoneOption,
    Side,
    SideOption,
    TokenOption,
    choice_typed,
    identifier,
    member_access,
    post,
    step,
)
from khan.terminal_motion import Document, act
from simulation.client import Phone

proxy = typer.Typer(
    help="Let another member vote for you where names are shown.", no_args_is_help=True
)
_EXAMPLE = "Example:\n\nkhan proxy {} --phone +12125550199 --messages FILE"


@proxy.command("list", epilog=_EXAMPLE.format("list MOTION"))
def list_proxies(
    *,
    motion_id: MotionArgument,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the proxies you gave and hold in one vote; `khan vote cast --proxy ID` uses one."""
    access = member_access(url, side, phone, messages=messages, token=token)
    path = access.path(step(motion_id, "proxies"))

    async def play(line: Phone) -> Document:
        return await line.get(path)

    act(access, play, _show, console=console, as_json=as_json)


@proxy.command("give", epilog=_EXAMPLE.format("give MOTION --to MEMBER --bound for"))
def give(
    *,
    motion_id: MotionArgument,
    holder: Annotated[str, typer.Option("--to", metavar="MEMBER", help="Who votes for you.")],
    bound: Annotated[
        str | None,
        typer.Option(help="What they must vote: for, against, abstain, or a choice's document."),
    ] = None,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let another member vote for you in one vote; what you vote yourself goes before it."""
    access = member_access(url, side, phone, messages=messages, token=token)
    body: Document = {"holder": identifier("--to", holder)}
    if bound is not None:
        body["instructed"] = choice_typed(bound, what="--bound")
    post(access, step(motion_id, "proxies"), body, show=_show, as_json=as_json)


@proxy.command("revoke", epilog=_EXAMPLE.format("revoke PROXY"))
def revoke(
    *,
    proxy_id: Annotated[str, typer.Argument(metavar="PROXY", help="As `khan proxy list` has it.")],
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a proxy back, until it has voted."""
    access = member_access(url, side, phone, messages=messages, token=token)
    path = f"proxies/{identifier('PROXY', proxy_id)}/revoke"
    post(access, path, {}, show=_show_revoked, as_json=as_json)


def _show(found: Document, _zone: ZoneInfo, console: Console) -> None:
    if not found["proxies"]:
        console.print("No proxy.")
    for one in found["proxies"]:
        state = "used" if one["used_at"] else "taken back" if one["revoked_at"] else "stands"
        bound = f", to vote {one['instructed']}" if one["instructed"] else ""
        console.print(
            f"{one['proxy_id']}  {one['holder']['name']} for {one['giver']['name']}{bound}: {state}",
            markup=False,
        )


def _show_revoked(_found: Document, _zone: ZoneInfo, console: Console) -> None:
    console.print("It is taken back.")
