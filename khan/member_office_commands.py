"""The office's part of `khan member`: finding somebody in the register."""

from typing import Annotated

import typer

from khan import motion_words as words
from khan import options
from khan.console import ArgumentUnusable
from khan.motion_commands import JsonOption, TokenOption, identifier, member, post
from khan.motion_office_commands import PasskeyOption, PhoneOption, office
from khan.seed import OFFICE_PHONE
from khan.terminal_motion import Document


@member.command(
    "find",
    epilog="For the office. Example:\n\nkhan member find --name 'ana ru' --passkey office.json",
)
def find(
    *,
    name: Annotated[
        str | None, typer.Option(help="Beginnings of words of the name, in any order.")
    ] = None,
    number: Annotated[
        str | None, typer.Option(help="How the number begins: eight characters at least.")
    ] = None,
    after: Annotated[
        str | None, typer.Option(metavar="MEMBER", help="Go on after this one.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50, help="So many at most.")] = 20,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find a member by name or number: as what, with a vote or why not."""
    if (name is None) == (number is None):
        raise ArgumentUnusable("--name", "search by a name or by a number")
    body: Document = {"limit": limit}
    if name is not None:
        body["name"] = name
    if number is not None:
        body["number"] = number
    if after is not None:
        body["after"] = identifier("--after", after)
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    post(access, "members/search", body, show=words.show_register, as_json=as_json)


__all__ = ["member"]
