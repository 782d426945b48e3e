"""`khan motion`, `khan member`: members' self-government from a terminal."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from governance.motion import MotionState
from khan import motion_words as words
from khan import options
from khan.console import ArgumentUnusable, console
from khan.terminal_motion import Access, Document, Show, act
from rulebook.rule import RuleKind
from simulation.client import Phone

motion = typer.Typer(
    help="Move, amend, call and decide what members vote on.", no_args_is_help=True
)
member = typer.Typer(help="Your membership.", no_args_is_help=True)


class Side(StrEnum):
    """By which entrance a member comes in."""

    DRIVER = "driver"
    RIDER = "rider"


MotionArgument = Annotated[
    str, typer.Argument(metavar="MOTION", help="As `khan motion list` has it.")
]
AmendmentArgument = Annotated[
    str, typer.Argument(metavar="AMENDMENT", help="As `khan motion show` has it.")
]
PhoneOption = Annotated[
    str, typer.Option("--phone", help="Your phone number; a code is sent to it.")
]
SideOption = Annotated[Side, typer.Option("--as", help="As what you are a member.")]
TokenOption = Annotated[
    str | None,
    typer.Option(
        envvar="KHAN_TOKEN",
        metavar="TOKEN",
        help="Of a session that is open; instead of signing in.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print what the service answered.")]
TextOption = Annotated[Path, typer.Option("--text", metavar="FILE", help="The whole text.")]
EXAMPLE_OF_A_MEMBER = "Example:\n\nkhan motion {} --phone +12125550199 --messages FILE"


@motion.command("list", epilog="Example:\n\nkhan motion list --state open")
def list_motions(
    *,
    state: Annotated[MotionState | None, typer.Option(help="Only those in this state.")] = None,
    before: Annotated[
        str | None, typer.Option(metavar="MOTION", help="Only those older than this one.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="So many at most.")] = 50,
    url: options.Url = options.USUAL_URL,
    as_json: JsonOption = False,
) -> None:
    """Show what is moved, voted on and decided; nobody needs to sign in."""
    asked: dict[str, Any] = {"limit": limit}
    if state is not None:
        asked["state"] = state.value
    if before is not None:
        asked["before"] = identifier("--before", before)

    async def play(line: Phone) -> Document:
        return await line.get("/public/v1/motions", **asked)

    act(Access(url=url, side="public"), play, words.show_list, console=console, as_json=as_json)


@motion.command("show", epilog="Example:\n\nkhan motion show 019b5e3c-7a10-7f00-8000-000000000001")
def show(
    *,
    motion_id: MotionArgument,
    phone: Annotated[
        str | None, typer.Option("--phone", help="Sign in, to see names and your own part.")
    ] = None,
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one motion: its text, what amendments change, its timetable, its result."""
    named = phone is not None or token is not None
    access = Access(
        url=url, side=side if named else "public", phone=phone or "", messages=messages, token=token
    )
    path = access.path(f"motions/{identifier('MOTION', motion_id)}")

    async def play(line: Phone) -> Document:
        return await line.get(path)

    act(access, play, words.show_motion, console=console, as_json=as_json)


_ASKS = """What FILE of --asks holds, for each kind of question:

{"kind": "number", "unit": "cents", "fields": [["rules", 0, "flag", "amount_minor"]], "times": 1}

{"kind": "election", "seats": 3, "stands": "driver"}

{"kind": "texts", "texts": [{"title": "A fund", "text": "Half of it goes into a fund."}]}

{"kind": "division", "budget_id": "019b5e3c-7a10-7f00-8000-000000000001"}

{"kind": "allocation", "period_id": "019b5e3c-7a10-7f00-8000-000000000002"}

"""


@motion.command(
    "propose",
    epilog=_ASKS
    + EXAMPLE_OF_A_MEMBER.format("propose --title T --text FILE --matter fare --asks FILE.json"),
)
def propose(
    *,
    title: Annotated[str, typer.Option(help="Up to 200 characters.")],
    text: TextOption,
    matter: Annotated[str, typer.Option(help="A matter of the bylaws: what it takes to pass.")],
    phone: PhoneOption = "",
    kind: Annotated[
        RuleKind | None, typer.Option(help="The rule whose body the text is; else a resolution.")
    ] = None,
    asks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="What voters are asked; left out: for or against the text."
        ),
    ] = None,
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a motion: a text, a number, an election, one of several texts, a fund's division."""
    body: Document = {
        "title": title, "text": read_text(text), "matter": matter, "rule_kind": kind,
    }  # fmt: skip
    if asks is not None:
        body["asks"] = read_document("--asks", asks)
    access = member_access(url, side, phone, messages=messages, token=token)
    post(access, "motions", body, show=words.show_motion, as_json=as_json)


@motion.command("second", epilog=EXAMPLE_OF_A_MEMBER.format("second MOTION"))
def second(
    *,
    motion_id: MotionArgument,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand behind a motion."""
    access = member_access(url, side, phone, messages=messages, token=token)
    post(access, step(motion_id, "second"), {}, show=words.show_motion, as_json=as_json)


@motion.command("withdraw", epilog=EXAMPLE_OF_A_MEMBER.format("withdraw MOTION"))
def withdraw(
    *,
    motion_id: MotionArgument,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take your motion back, until its text is frozen."""
    access = member_access(url, side, phone, messages=messages, token=token)
    post(access, step(motion_id, "withdraw"), {}, show=words.show_motion, as_json=as_json)


@motion.command("amend", epilog=EXAMPLE_OF_A_MEMBER.format("amend MOTION --text FILE"))
def amend(
    *,
    motion_id: MotionArgument,
    text: TextOption,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose another text for a motion, and see what it changes."""
    access = member_access(url, side, phone, messages=messages, token=token)
    body = {"text": read_text(text)}
    path = step(motion_id, "amendments")
    post(access, path, body, show=words.show_amendment, as_json=as_json)


@motion.command("accept", epilog=EXAMPLE_OF_A_MEMBER.format("accept MOTION AMENDMENT"))
def accept(
    *,
    motion_id: MotionArgument,
    amendment_id: AmendmentArgument,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take an amendment to your motion over."""
    access = member_access(url, side, phone, messages=messages, token=token)
    path = step(motion_id, f"amendments/{identifier('AMENDMENT', amendment_id)}/accept")
    post(access, path, {}, show=words.show_motion, as_json=as_json)


@motion.command("cast", epilog=EXAMPLE_OF_A_MEMBER.format("cast MOTION for"))
def cast(
    *,
    motion_id: MotionArgument,
    choice: Annotated[
        str,
        typer.Argument(
            help="for, against, abstain; or a document such as '{\"ranks\": [[2], [1]]}'."
        ),
    ],
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Vote where names are shown; your last ballot before the close counts."""
    body: Document = {"choice": choice_typed(choice)}
    access = member_access(url, side, phone, messages=messages, token=token)
    path = step(motion_id, "ballot")
    post(access, path, body, show=words.show_choice, as_json=as_json)


@member.command("show", epilog="Example:\n\nkhan member show --phone +12125550199 --messages FILE")
def member_show(
    *,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show as what you are a member, and whether you have a vote."""
    access = member_access(url, side, phone, messages=messages, token=token)

    async def play(line: Phone) -> Document:
        return await line.get(access.path("membership"))

    act(access, play, words.show_membership, console=console, as_json=as_json)


@member.command("join", epilog="Example:\n\nkhan member join --phone +12125550199 --messages FILE")
def member_join(
    *,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Become a member, where the bylaws ask for nothing that the office must see first."""
    access = member_access(url, side, phone, messages=messages, token=token)
    post(access, "membership/join", {}, show=words.show_membership, as_json=as_json)


def member_access(
    url: str, side: Side, phone: str, *, messages: Path | None, token: str | None
) -> Access:
    """A member's way in; raises `ArgumentUnusable` for whoever does not say who they are."""
    if not phone and not token:
        raise ArgumentUnusable("--phone", "say who you are, by phone number or by --token")
    return Access(url=url, side=side.value, phone=phone, messages=messages, token=token)


def post(access: Access, rest: str, body: Document, *, show: Show, as_json: bool) -> None:
    """Write at an entrance, and show what came of it."""

    async def play(line: Phone) -> Document:
        return await line.post(access.path(rest), body)

    act(access, play, show, console=console, as_json=as_json)


def step(motion_id: str, name: str) -> str:
    """The address of a step of a motion.

    Raises
    ------
    ArgumentUnusable
        If that is no identifier.
    """
    return f"motions/{identifier('MOTION', motion_id)}/{name}"


def identifier(what: str, text: str) -> str:
    """An identifier as typed; raises `ArgumentUnusable` for anything else."""
    try:
        return str(UUID(text))
    except ValueError:
        raise ArgumentUnusable(what, f"{text!r} is not an identifier") from None


def read_text(file: Path) -> str:
    """A text in a file; raises `ArgumentUnusable` if it is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ArgumentUnusable("--text", f"{file} is not UTF-8 text") from None


def read_document(option: str, file: Path) -> Document:
    """A JSON object in a file; raises `ArgumentUnusable` if it is none."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ArgumentUnusable(option, f"{file} holds no JSON") from None
    if not isinstance(found, dict):
        raise ArgumentUnusable(option, f"{file} holds no JSON object")
    return found


def choice_typed(text: str, *, what: str = "CHOICE") -> str | Document:
    """A mark, or the document of a choice; raises `ArgumentUnusable` for anything else."""
    if text in ("for", "against", "abstain"):
        return text
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ArgumentUnusable(
            what, f"{text!r} is not one of for, against, abstain, and no document"
        )
    return found
