"""A witness of polls: somebody else's process that signs the heads of logs which only grow.

Remembers in a file what it signed last, before it hands its signature in: after a restart it signs
nothing that does not continue it. Source: C2SP tlog-witness.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.chance import SystemChance
from foundation.clock import wall_now
from foundation.errors import Refusal
from foundation.identifiers import UUID
from governance.ballots import manifest as manifests
from governance.ballots.checkpoint import NamedKey, SignatureType, Signer
from governance.ballots.log import Witness
from governance.ballots.manifest import Manifest
from governance.ballots.merkle import Head
from governance.ballots.plain import (
    Fields,
    as_object,
    canonical,
    list_of,
    number_of,
    object_of,
    pack,
    parse,
    text_of,
    unpack,
)
from governance.polls.keeper import Keeper
from governance.polls.keys import KeyFolder

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """Where a keeper shows its logs."""

    http: httpx.AsyncClient
    path: str
    keeper: Keeper


class Witnessing:
    """A witness with its memory.

    Parameters
    ----------
    memory
        The file in which it remembers what it signed.
    """

    def __init__(self, key: NamedKey, signer: Signer, memory: Path) -> None:
        self.key, self._memory = key, memory
        self._witness = Witness(key, signer, seen=_remembered(memory))
        self._manifests: dict[str, Manifest] = {}
        self._signed: set[tuple[str, int]] = set()

    async def look(self, logs: Sequence[Log], *, at_seconds: int) -> int:
        """Sign every new head of the polls that name this witness; how many were signed.

        The board, which lists the polls and their manifests, is the last of `logs`.
        """
        board = logs[-1]
        polls = list_of(await _get(board, "/polls"), "polls")
        signed = 0
        for poll in [str(UUID(str(one))) for one in polls]:
            manifest = await self._manifest(board, poll)
            if self.key not in manifest.witnesses:
                continue
            for one in logs:
                try:
                    signed += await self._sign(one, manifest, at_seconds=at_seconds)
                except (httpx.HTTPError, Refusal) as fault:
                    log.error(
                        "not_signed", poll=poll, keeper=one.keeper.value,
                        reason=str(fault) or type(fault).__name__,
                    )  # fmt: skip
        return signed

    async def _manifest(self, board: Log, poll: str) -> Manifest:
        if poll not in self._manifests:
            answer = await board.http.get(f"{board.path}/polls/{poll}/manifest")
            answer.raise_for_status()
            self._manifests[poll] = manifests.read(answer.content)
        return self._manifests[poll]

    async def _sign(self, one: Log, manifest: Manifest, *, at_seconds: int) -> bool:
        name = one.keeper.log_key(UUID(manifest.vote), b"").name
        keeper = next((key for key in manifest.log_keys() if key.name == name), None)
        if keeper is None:
            return False
        seen = self._witness.seen.get(name)
        path = f"/polls/{manifest.vote}"
        head = await _get(one, f"{path}/head" if one.keeper is not Keeper.BOARD else path)
        if head["note"] is None or (name, number_of(head, "size")) in self._signed:
            return False
        proof: list[bytes] = []
        if seen is not None:
            head = await _get(one, f"{path}/consistency?first={seen.size}")
            proof = [unpack(step, 32) for step in list_of(head, "proof")]
        note = self._witness.cosign(
            text_of(head, "note"), keeper=keeper, proof=proof, at_seconds=at_seconds
        )
        self._remember()
        answer = await one.http.post(f"{one.path}{path}/cosignatures", json={"note": note})
        answer.raise_for_status()
        self._signed.add((name, number_of(head, "size")))
        return True

    def _remember(self) -> None:
        seen: Fields = {
            name: {"size": head.size, "root": pack(head.root)}
            for name, head in self._witness.seen.items()
        }
        draft = self._memory.with_suffix(".new")
        with draft.open("wb") as file:
            file.write(canonical(seen))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._memory)


def run(
    name: str, folder: Path, *, board: str, desks: Sequence[str], service: str | None = None
) -> None:
    """Witness until it is stopped; the first line says the key that the office appoints.

    Parameters
    ----------
    service
        A demonstration's service, by whose clock it signs; None: its own clock.

    Raises
    ------
    KeyFolderUnusable
        If the folder cannot hold the key.
    """
    keys = KeyFolder(folder, SystemChance())
    secret = keys.made("witness", lambda: os.urandom(32))
    signer = Ed25519PrivateKey.from_private_bytes(secret)
    public = signer.public_key().public_bytes_raw()
    key = NamedKey(name=name, public=public, kind=SignatureType.COSIGNATURE)
    print(json.dumps({"name": name, "key": pack(public)}), flush=True)
    witnessing = Witnessing(key, signer, folder / "seen.json")
    asyncio.run(_witness(witnessing, board, desks, service=service))


async def _witness(
    witnessing: Witnessing, board: str, desks: Sequence[str], *, service: str | None
) -> None:
    places = [
        *zip((Keeper.SECRETARY, Keeper.CITY_CLERK), desks, strict=False),
        (Keeper.BOARD, board),
    ]
    logs = [
        Log(http=httpx.AsyncClient(base_url=url, timeout=10, trust_env=False), keeper=keeper,
            path="/board/v1" if keeper is Keeper.BOARD else "/desk/v1")
        for keeper, url in places
    ]  # fmt: skip
    while True:
        try:
            now = wall_now() if service is None else await _service_now(service)
            await witnessing.look(logs, at_seconds=int(now.timestamp()))
        except (httpx.HTTPError, ValueError, Refusal) as fault:
            log.warning("waits", reason=str(fault) or type(fault).__name__)
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _service_now(service: str) -> datetime:
    """Asked anew for each look: a demonstration's time may be moved."""
    async with httpx.AsyncClient(base_url=service, timeout=10, trust_env=False) as http:
        answer = await http.get("/public/v1/clock")
    answer.raise_for_status()
    return datetime.fromisoformat(text_of(as_object(answer.json(), "clock"), "now"))


def _remembered(memory: Path) -> dict[str, Head]:
    if not memory.exists():
        return {}
    kept = parse(memory.read_bytes())
    return {
        name: Head(size=number_of(one, "size"), root=unpack(one["root"], 32))
        for name, one in ((name, object_of(kept, name)) for name in kept)
    }


async def _get(one: Log, path: str) -> Fields:
    answer = await one.http.get(f"{one.path}{path}")
    answer.raise_for_status()
    return as_object(answer.json(), path)
