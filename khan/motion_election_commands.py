"""Elections in `khan motion`: who is nominated, who stands, who does not after all."""

from typing import Annotated

import typer

from khan import motion_words as words
from khan import options
from khan.motion_commands import (
    EXAMPLE_OF_A_MEMBER,
    JsonOption,
    MotionArgument,
    PhoneOption,
    Side,
    SideOption,
    TokenOption,
    identifier,
    member_access,
    motion,
    post,
    step,
)
from khan.terminal_motion import Document


@motion.command("nominate", epilog=EXAMPLE_OF_A_MEMBER.format("nominate MOTION"))
def nominate(
    *,
    motion_id: MotionArgument,
    candidate: Annotated[
        str | None, typer.Option("--member", metavar="ID", help="Whom; left out: yourself.")
    ] = None,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Propose somebody, or yourself, for an election."""
    access = member_access(url, side, phone, messages=messages, token=token)
    body: Document = {}
    if candidate is not None:
        body["member_id"] = identifier("--member", candidate)
    post(access, step(motion_id, "nominations"), body, show=words.show_motion, as_json=as_json)


@motion.command("stand", epilog=EXAMPLE_OF_A_MEMBER.format("stand MOTION --name 'Ana Ruiz'"))
def stand(
    *,
    motion_id: MotionArgument,
    name: Annotated[str, typer.Option(help="Your name on the ballot, for everybody to read.")],
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stand in an election for which you are nominated."""
    access = member_access(url, side, phone, messages=messages, token=token)
    path = step(motion_id, "nominations/accept")
    post(access, path, {"name": name}, show=words.show_motion, as_json=as_json)


@motion.command("stand-down", epilog=EXAMPLE_OF_A_MEMBER.format("stand-down MOTION"))
def stand_down(
    *,
    motion_id: MotionArgument,
    phone: PhoneOption = "",
    side: SideOption = Side.DRIVER,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do not stand after all, until the vote is called; for this election it is your last word."""
    access = member_access(url, side, phone, messages=messages, token=token)
    path = step(motion_id, "nominations/withdraw")
    post(access, path, {}, show=words.show_motion, as_json=as_json)


__all__ = ["motion"]
