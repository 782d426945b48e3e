"""The office's part of `khan motion`: the secretary calls votes, the returning officer certifies."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from khan import motion_words as words
from khan import options
from khan.console import ArgumentUnusable
from khan.motion_commands import (
    AmendmentArgument,
    JsonOption,
    MotionArgument,
    TextOption,
    TokenOption,
    identifier,
    motion,
    post,
    read_text,
    step,
)
from khan.seed import OFFICE_PHONE
from khan.terminal_motion import Access, Document

PasskeyOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The office's passkey for terminals; made on first use, by a code to the phone.",
    ),
]
PhoneOption = Annotated[str, typer.Option("--phone", help="The office's phone number.")]

_EXAMPLE = "For the office. Example:\n\nkhan motion {} --passkey office.json --messages FILE"


def office(
    url: str, phone: str, *, passkey: Path | None, messages: Path | None, token: str | None
) -> Access:
    """The office's way in."""
    return Access(
        url=url, side="office", phone=phone, messages=messages, token=token, passkey=passkey
    )


def _plain(name: str) -> Callable[..., None]:
    """A command for a step that takes nothing but the motion."""

    def command(
        *,
        motion_id: MotionArgument,
        phone: PhoneOption = OFFICE_PHONE,
        passkey: PasskeyOption = None,
        url: options.Url = options.USUAL_URL,
        messages: options.Messages = None,
        token: TokenOption = None,
        as_json: JsonOption = False,
    ) -> None:
        access = office(url, phone, passkey=passkey, messages=messages, token=token)
        post(access, step(motion_id, name), {}, show=words.show_motion, as_json=as_json)

    return command


for _name, _help in (
    ("freeze", "Freeze the text, once the instant named in the notice has come."),
    ("open", "Publish the roll and open the vote, once its instant has come."),
    ("close", "Close the vote, once its instant has come."),
    ("certify", "Count, and certify the result in your name; what passed writes its rule."),
):
    motion.command(_name, help=_help, epilog=_EXAMPLE.format(f"{_name} MOTION"))(_plain(_name))


@motion.command("bounds", epilog=_EXAMPLE.format("bounds MOTION --lowest 200 --highest 400"))
def bounds(
    *,
    motion_id: MotionArgument,
    lowest: Annotated[int, typer.Option(help="The lowest number that members may choose.")],
    highest: Annotated[int, typer.Option(help="The highest.")],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Publish the board's bounds of a vote on a number, once and before its notice."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    body: Document = {"lowest": lowest, "highest": highest}
    post(access, step(motion_id, "bounds"), body, show=words.show_motion, as_json=as_json)


@motion.command("notice", epilog=_EXAMPLE.format("notice MOTION --opens-on 2026-12-14"))
def notice(
    *,
    motion_id: MotionArgument,
    opens_on: Annotated[
        str | None,
        typer.Option(metavar="DAY", help="Like 2026-12-14; left out: the first day allowed."),
    ] = None,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Call the vote: its roll is drawn, its timetable is fixed."""
    body: Document = {} if opens_on is None else {"opens_on": _day(opens_on)}
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    post(access, step(motion_id, "notice"), body, show=words.show_motion, as_json=as_json)


@motion.command("put-to-vote", epilog=_EXAMPLE.format("put-to-vote MOTION AMENDMENT"))
def put_to_vote(
    *,
    motion_id: MotionArgument,
    amendment_id: AmendmentArgument,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let members decide on an amendment that the mover does not accept."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = step(motion_id, f"amendments/{identifier('AMENDMENT', amendment_id)}/put-to-vote")
    post(access, path, {}, show=words.show_motion, as_json=as_json)


@motion.command("decide", epilog=_EXAMPLE.format("decide MOTION AMENDMENT --meeting ID"))
def decide(
    *,
    motion_id: MotionArgument,
    amendment_id: AmendmentArgument,
    meeting: Annotated[
        str, typer.Option(metavar="ID", help="The meeting at which hands were raised by name.")
    ],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what members decided on an amendment by a show of hands."""
    body: Document = {"meeting_id": identifier("--meeting", meeting)}
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    path = step(motion_id, f"amendments/{identifier('AMENDMENT', amendment_id)}/decide")
    post(access, path, body, show=words.show_motion, as_json=as_json)


@motion.command("answer", epilog=_EXAMPLE.format("answer MOTION --text FILE"))
def answer(
    *,
    motion_id: MotionArgument,
    text: TextOption,
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a motion for the board, once."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    body: Document = {"text": read_text(text)}
    post(access, step(motion_id, "answer"), body, show=words.show_motion, as_json=as_json)


@motion.command("follow-up", epilog=_EXAMPLE.format("follow-up MOTION --text FILE --done 50"))
def follow_up(
    *,
    motion_id: MotionArgument,
    text: TextOption,
    done: Annotated[int, typer.Option(min=0, max=100, help="How much of it is done, in percent.")],
    phone: PhoneOption = OFFICE_PHONE,
    passkey: PasskeyOption = None,
    url: options.Url = options.USUAL_URL,
    messages: options.Messages = None,
    token: TokenOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what became of a decision."""
    access = office(url, phone, passkey=passkey, messages=messages, token=token)
    body: Document = {"text": read_text(text), "done_percent": done}
    post(access, step(motion_id, "follow-ups"), body, show=words.show_motion, as_json=as_json)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ArgumentUnusable("--opens-on", f"{text!r} is not a day like 2026-12-14") from None


__all__ = ["motion"]
