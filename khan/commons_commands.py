"""`khan commons`: pacts, funds, matched offers and purchases, read by everybody; proposals by members."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import typer

from khan import commons_words as words
from khan import options
from khan.console import console
from khan.motion_commands import (
    JsonOption,
    PhoneOption,
    Side,
    SideOption,
    TextOption,
    TokenOption,
    identifier,
    member_access,
    post,
    read_text,
)
from khan.terminal_motion import Access, Document, Show, act
from simulation.client import Phone

commons = typer.Typer(
    help="What members and city hold together: pacts, funds, matched offers, purchases.",
    no_args_is_help=True,
)

_READ = "Example:\n\nkhan commons {}"
PactArgument = Annotated[
    str, typer.Argument(metavar="PACT", help="As `khan commons pacts` has it.")
]
Play = Callable[[Phone], Awaitable[Document]]


def _read(url: str, play: Play, show: Show, *, as_json: bool) -> None:
    """Ask without signing in, and show what was said."""
    act(Access(url=url, side="public"), play, show, console=console, as_json=as_json)


def _list(name: str, *, path: str, show: Show, manual: str) -> None:
    """Add a command that shows all there is of one kind."""

    def command(*, url: options.Url = options.USUAL_URL, as_json: JsonOption = False) -> None:
        async def play(line: Phone) -> Document:
            return await line.get(f"/public/v1/commons/{path}")

        _read(url, play, show, as_json=as_json)

    commons.command(name, help=manual, epilog=_READ.format(name))(command)


for _name, _path, _show, _manual in (
    ("pacts", "pacts", words.show_pacts, "Show who does what with whom, and what is overdue."),
    ("funds", "budgets", words.show_funds, "Show the community funds."),
    ("offers", "offers", words.show_offers, "Show what the city matches, and what is pledged."),
    ("purchases", "purchases", words.show_purchases, "Show purchases with every score and why."),
):
    _list(_name, path=_path, show=_show, manual=_manual)


@commons.command("pact", epilog=_READ.format("pact 019b5e3c-7a10-7f00-8000-000000000001"))
def pact(
    *, pact_id: PactArgument, url: options.Url = options.USUAL_URL, as_json: JsonOption = False
) -> None:
    """Show one pact: duties, payments, what was done, what reviews found."""
    path = f"/public/v1/commons/pacts/{identifier('PACT', pact_id)}"

    async def play(line: Phone) -> Document:
        return await line.get(path)

    _read(url, play, words.show_pact, as_json=as_json)


@commons.command("fund", epilog=_READ.format("fund 019b5e3c-7a10-7f00-8000-000000000001"))
def fund(
    *,
    fund_id: Annotated[str, typer.Argument(metavar="FUND", help="As `khan commons funds` has it.")],
    url: options.Url = options.USUAL_URL,
    as_json: JsonOption = False,
) -> None:
    """Show one fund: its projects, how many stand behind each, what was bought."""
    wanted = identifier("FUND", fund_id)

    async def play(line: Phone) -> Document:
        found = await line.get(f"/public/v1/commons/budgets/{wanted}/projects")
        funds = (await line.get("/public/v1/commons/budgets"))["budgets"]
        return {"fund": next(one for one in funds if one["budget_id"] == wanted), **found}

    _read(url, play, words.show_fund, as_json=as_json)


@commons.command("local-spend", epilog=_READ.format("local-spend 2026"))
def local_spend(
    *,
    year: Annotated[int, typer.Argument(min=2000, max=2999, help="The year.")],
    url: options.Url = options.USUAL_URL,
    as_json: JsonOption = False,
) -> None:
    """Show how much of a year's spend stayed in the city."""

    async def play(line: Phone) -> Document:
        return await line.get(f"/public/v1/commons/local-spend/{year}")

    _read(url, play, words.show_spend, as_json=as_json)


@commons.command(
    "propose",
    epilog="Example:\n\nkhan commons propose --title 'Two benches' --text FILE --phone +12125550199",
)
def propose(
    *,
    title: Annotated[str, typer.Option(help="Up to 200 characters.")],
    text: TextOption,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose something to the board; what it accepts becomes a pact."""
    access = member_access(url, side, phone, messages=messages, token=token)
    body: Document = {"title": title, "body": read_text(text)}
    post(access, "commons/proposals", body, show=words.show_lodged, as_json=as_json)


__all__ = ["PactArgument", "commons"]
