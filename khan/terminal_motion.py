"""Self-government from a terminal, over the same public APIs as everybody.

Owns the way in: a member signs in by a code to the phone, the office by a passkey, as the service
asks of each; who only reads need not sign in. The words are `khan.motion_words`'.
"""

import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from foundation.chance import SystemChance
from khan.console import ArgumentUnusable
from khan.terminal import on_the_line, sign_in
from khan.terminal_words import Keyboard
from simulation.client import Phone
from simulation.software_passkey import SoftwarePasskey

Document = dict[str, Any]
Play = Callable[[Phone], Awaitable[Document]]
Show = Callable[[Document, ZoneInfo, Console], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who acts, and how they sign in.

    Attributes
    ----------
    side
        The entrance: driver, rider, office, or public, where nobody signs in.
    token
        Of a session that is open already; then nothing else is needed.
    passkey
        The file of a passkey for terminals; made on first use. The office needs one, members may
        use one where the service asks for a strong sign-in.
    """

    url: str
    side: str
    phone: str = ""
    messages: Path | None = None
    token: str | None = None
    passkey: Path | None = None

    def path(self, rest: str) -> str:
        """An address of this entrance."""
        return f"/{self.side}/v1/{rest}"


def act(access: Access, play: Play, show: Show, *, console: Console, as_json: bool) -> None:
    """Sign in, do it, show what came of it.

    Raises
    ------
    Unreachable, ToldNo, NoCodeCame
    ArgumentUnusable
        If the office brings neither passkey nor token, or the passkey's file is none.
    """

    if access.side == "office" and access.passkey is None and not access.token:
        raise ArgumentUnusable("--passkey", "the office signs in by a passkey; name its file")

    async def on_line(line: Phone) -> None:
        await _enter(line, access, console)
        found = await play(line)
        if as_json:
            console.print_json(json.dumps(found))
            return
        zone = ZoneInfo((await line.get("/public/v1/city"))["timezone"])
        show(found, zone, console)

    on_the_line(access.url, on_line)


async def _enter(line: Phone, access: Access, console: Console) -> None:
    quiet = Console(file=console.file, quiet=True)
    if access.token:
        line.token = access.token
    elif access.side == "office" or access.passkey is not None:
        await _enter_by_passkey(line, access, quiet)
    elif access.side != "public":
        shown = quiet if access.messages is not None else console
        await sign_in(line, access.phone, access.messages, shown, Keyboard(console))


async def _enter_by_passkey(line: Phone, access: Access, quiet: Console) -> None:
    """By the passkey in the file; a new file gets a new one, for which a code to the phone is
    needed once."""
    assert access.passkey is not None
    origin = access.url.rstrip("/")
    if access.passkey.exists():
        key = _kept(access.passkey)
    else:
        await sign_in(line, access.phone, access.messages, quiet, Keyboard(quiet))
        begun = await line.post("/public/v1/passkeys/options")
        key, answer = SoftwarePasskey.create(begun["options"], origin=origin, chance=SystemChance())
        body = {"challenge_id": begun["challenge_id"], "credential": answer}
        await line.post("/public/v1/passkeys/confirm", body)
        _keep(key, access.passkey)
    begun = await line.post("/public/v1/sign-in/passkey/options")
    credential = key.sign_in(begun["options"], origin=origin)
    signed_in = await line.post(
        "/public/v1/sign-in/passkey/confirm",
        {"challenge_id": begun["challenge_id"], "credential": credential},
    )
    line.token, line.person_id = signed_in["token"], signed_in["person_id"]


def _kept(file: Path) -> SoftwarePasskey:
    try:
        return SoftwarePasskey.from_json(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError):
        raise ArgumentUnusable("--passkey", f"{file} holds no passkey") from None


def _keep(key: SoftwarePasskey, file: Path) -> None:
    """For its owner's eyes alone."""
    opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w", encoding="utf-8") as stream:
        json.dump(key.to_json(), stream)
