"""Riding and driving from a terminal, over the same public APIs as everybody.

Owns the words. A rider sees the price line by line, books, follows the car, and gets a receipt; a
driver sees each offer with pay, way and reason, and takes the trip step by step.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import httpx
from rich.console import Console

from foundation.chance import SystemChance
from foundation.clock import ServiceClock
from foundation.errors import Conflict, Invalid, Unavailable
from foundation.identifiers import UUID
from foundation.measures import Point
from khan.json_files import write_json
from khan.places import pasted
from khan.terminal_drive import Driving
from khan.terminal_ride import Riding
from khan.terminal_vote import Voting
from khan.terminal_words import InputEnded, Keyboard
from khan.wanted_time import instant_wanted, read_time
from simulation.client import Mailbox, Phone, Refused, ServiceGone, open_phone_line


class Unreachable(Unavailable):
    """No service answers there."""

    code = "service_unreachable"

    def __init__(self, url: str) -> None:
        super().__init__(f"No service answers at {url}; is `khan demo` running?", url=url)


class ToldNo(Conflict):
    """The service refused; its own sentence says why."""

    code = "service_refused"

    def __init__(self, refused: Refused) -> None:
        super().__init__(str(refused), refusal=refused.code)


class NoCodeCame(Invalid):
    """The sign-in code did not appear among the messages."""

    code = "no_code_came"

    def __init__(self, messages: Path) -> None:
        super().__init__(f"No sign-in code came to {messages}; give --messages as the demo says.")


def ride(
    url: str,
    messages: Path | None,
    *,
    phone: str,
    origin: str,
    destination: str,
    yes: bool,
    console: Console,
    at: str | None = None,
    receipt: Path | None = None,
    typed: TextIO | None = None,
) -> None:
    """Book and follow one trip.

    Parameters
    ----------
    messages
        The demonstration's file of text messages; None asks for the code.
    origin, destination
        `LAT,LON`.
    yes
        Book without asking.
    at
        When the car is wanted, as `khan.wanted_time.read_time` takes it; None is now.
    receipt
        The file to keep the receipt in; None shows it only.
    typed
        Where answers are read from; None is standard input.

    Raises
    ------
    Unreachable, ToldNo, NoCodeCame, PlaceUnreadable
    TimeUnreadable, TimeMeansTwo, foundation.local_time.LocalTimeSkipped
        Of `at`; only the first before a service is asked.
    """
    ends = pasted(origin), pasted(destination)
    said = None if at is None else read_time(at)

    async def play(line: Phone) -> None:
        zone = ZoneInfo((await line.get("/public/v1/city"))["timezone"])
        wanted = None if said is None else instant_wanted(said, now=line.now(), zone=zone)
        keyboard = Keyboard(console, typed)
        await sign_in(line, phone, messages, console, keyboard)
        riding = Riding(line, console, keyboard, yes=yes, zone=zone)
        kept = await riding.ride(*ends, booked_for=wanted)
        if kept is not None and receipt is not None:
            write_json(kept, receipt)
            console.print(f"The receipt is in {receipt}", markup=False)

    on_the_line(url, play)


def drive(
    url: str,
    messages: Path | None,
    *,
    phone: str,
    at: str | None,
    trips: int,
    yes: bool,
    follow: bool = False,
    console: Console,
    typed: TextIO | None = None,
) -> None:
    """Go on shift, serve `trips` trips, go home.

    Parameters
    ----------
    at
        `LAT,LON` where the car stands; None is the city's centre.
    yes
        Accept without asking, and board with a reason where there is nobody to say a PIN.
    follow
        Drive to where the service advises to wait.
    typed
        Where answers are read from; None is standard input.

    Raises
    ------
    Unreachable, ToldNo, NoCodeCame, PlaceUnreadable
    """
    place = None if at is None else pasted(at)

    async def play(line: Phone) -> None:
        keyboard = Keyboard(console, typed)
        await sign_in(line, phone, messages, console, keyboard)
        centre = (await line.get("/public/v1/city"))["centre"]
        start = place or Point(*centre)
        await Driving(line, console, keyboard, yes=yes, follow=follow, start=start).drive(trips)

    on_the_line(url, play)


def vote(
    url: str,
    messages: Path | None,
    *,
    phone: str,
    poll_id: UUID,
    entrance: str,
    folder: Path,
    play: Callable[[Voting], Coroutine[Any, Any, None]],
    console: Console,
    typed: TextIO | None = None,
) -> None:
    """Sign in as a member, and take one step in a poll.

    Parameters
    ----------
    entrance
        `driver` or `rider`.
    folder
        Where the poll's secrets are kept.
    play
        The step.

    Raises
    ------
    Unreachable, ToldNo, NoCodeCame
    """

    async def signed_in(line: Phone) -> None:
        await sign_in(line, phone, messages, console, Keyboard(console, typed))
        await play(Voting(line, console, poll_id=poll_id, entrance=entrance, folder=folder))

    on_the_line(url, signed_in)


def on_the_line(url: str, play: Callable[[Phone], Coroutine[Any, Any, None]]) -> None:
    """Play it on a line to the service; whatever goes wrong is one sentence."""

    async def connected() -> None:
        http, clock = await _open(url)
        try:
            await play(Phone(http, SystemChance(), clock))
        finally:
            await http.aclose()

    try:
        asyncio.run(connected())
    except Refused as refused:
        raise ToldNo(refused) from None
    except ServiceGone:
        raise Unreachable(url) from None
    except KeyboardInterrupt:
        return  # what there was to ask or to end was asked and ended on the way out


async def _open(url: str) -> tuple[httpx.AsyncClient, ServiceClock]:
    try:
        return await open_phone_line(url)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError):
        raise Unreachable(url) from None


async def sign_in(
    line: Phone, phone: str, messages: Path | None, console: Console, keyboard: Keyboard
) -> None:
    """By a code: read from the messages, or asked for."""
    if messages is not None:
        try:
            await line.sign_in(phone, Mailbox(messages), name="A Visitor")
        except TimeoutError:
            raise NoCodeCame(messages) from None
    else:
        challenge = await line.post("/public/v1/sign-in/code", {"phone": phone})
        code = await keyboard.ask(f"A code was sent to {phone}. The code")
        signed_in = await line.post(
            "/public/v1/sign-in/code/confirm",
            {"challenge_id": challenge["challenge_id"], "code": code, "name": "A Visitor"},
        )
        line.token, line.person_id = signed_in["token"], signed_in["person_id"]
    console.print(f"Signed in as {phone}.")


__all__ = [
    "InputEnded",
    "NoCodeCame",
    "ToldNo",
    "Unreachable",
    "drive",
    "on_the_line",
    "ride",
    "sign_in",
    "vote",
]
