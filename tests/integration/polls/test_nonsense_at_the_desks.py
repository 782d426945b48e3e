"""Desks, box and board asked nonsense: every refusal is a problem document with a code, none a fault."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psycopg

import board_api.routes
import desk_api.routes
from governance.ballots.choice import Mark
from governance.ballots.plain import pack
from governance.polls.keeper import Keeper
from simulation import voter
from tests.integration.polls.test_what_a_poll_refuses import prepared
from tests.journeys.people import refusal_of
from tests.nonsense import WORDS, bodies, filled, paths
from tests.polls import SECRET, PollScene, poll_scene

ROUTES = {
    Keeper.SECRETARY: desk_api.routes.router,
    Keeper.CITY_CLERK: desk_api.routes.router,
    Keeper.BOARD: board_api.routes.router,
}


async def examples(scene: PollScene) -> dict[str, Any]:
    """What each operation is asked in earnest, by the last word of its path."""
    kept = await prepared(scene, 0)
    ballot = voter.fill(kept, Mark("for"))
    data = pack(bytes(40))
    signed = {"authenticator_data": data, "client_data": data, "signature": data}
    return {
        "issue": {
            "commitment": pack(scene.entry_of(1).commitment), "requests": [pack(bytes(32))] * 2,
            "assertion": signed, "blinded": pack(bytes(256)),
        },
        "paper": {"commitment": pack(scene.entry_of(2).commitment)},
        "cosignatures": {"note": "khan-cars/x\n1\nAA==\n\n\u2014 name AA==\n"},
        "ballots": ballot,
        "cancellations": kept.find("slip.json"),
    }  # fmt: skip


async def wrong(line: httpx.AsyncClient, method: str, path: str, **more: Any) -> str | None:
    """What is wrong with the answer: a fault, or a refusal in another form."""
    answer = await line.request(method, path, **more)
    if answer.is_success:
        return None
    try:
        told = refusal_of(answer)
    except (AssertionError, KeyError, ValueError) as error:
        return f"{answer.status_code}: {error!r}"
    return told if answer.status_code >= 500 else None


async def all_wrong(
    line: httpx.AsyncClient, keeper: Keeper, known: Mapping[str, str], said: Mapping[str, Any]
) -> list[str]:
    """Everything that is wrong with a keeper's answers."""
    found: list[str] = []
    staffed = {"Authorization": f"Bearer {SECRET}", "Content-Type": "application/json"}

    async def tried(method: str, path: str, told: str, **more: Any) -> None:
        if fault := await wrong(line, method, path, **more):
            found.append(f"{method} {path} {told}: {fault}")

    for route in ROUTES[keeper].routes:
        [method], path = route.methods - {"HEAD"}, route.path  # type: ignore[attr-defined]
        here = filled(path, known)
        example = said.get(path.rpartition("/")[2]) if method == "POST" else None
        for strange in paths(path, known):
            await tried(method, strange, "", **({} if example is None else {"json": example}))
        for name in re.findall(r"from|first", "from first" if method == "GET" else ""):
            for word in WORDS:
                await tried(method, here, f"{name}={word!r}", params={name: word})
        for told, content in [] if example is None else bodies(example):
            await tried(method, here, told, content=content, headers=staffed)
        if method == "POST":
            for content in (b"", b"{", b"\xff\xfe", b"[" * 30_000, b" " * 70_000):
                await tried(method, here, repr(content[:5]), content=content, headers=staffed)
    return found


async def test_desks_and_board_refuse_nonsense_with_a_code(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, batch_least=2) as scene:
        await scene.opened()
        said = await examples(scene)
        known = {"poll_id": str(scene.poll_id), "digest": "0" * 64}
        found = []
        for keeper in Keeper:
            async with scene.line_to(keeper) as line:
                found += await all_wrong(line, keeper, known, said)
        assert not found, "\n".join(found)
        assert [one.code for one in scene.refused] == []
