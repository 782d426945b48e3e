"""Everybody who holds votes without names, in this process: for demonstrations.

Two desks and a board with roles and key folders of their own, two witnesses, trustees for each poll.
They are the real ones, asked over their HTTP without a network; only that they are at one place, which
in service they must not be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

import board_api.routes
import desk_api.routes
from foundation.chance import Chance
from foundation.errors import Refusal
from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey, SignatureType
from governance.ballots.plain import pack, parse
from governance.polls import board_turns, desk_turns
from governance.polls.board import BoardAtWork
from governance.polls.desk import DeskAtWork
from governance.polls.keeper import Keeper
from governance.polls.keys import FolderIssuers, KeyFolder
from governance.polls.store.boards import BoardStore
from governance.polls.store.desks import DeskStore
from governance.service.officials import appoint_trustees, appoint_witness, take_release
from governance.service.published_polls import get_manifest
from khan import trustee_work
from khan.keeper_web import create_app
from khan.witness import Log, Witnessing
from simulation.voter import Places
from storage.engine import Database

TRUSTEES, NEEDED = 3, 2
WITNESSES = ("union.example", "city.example")
MODULUS_BITS = 2048
"""Of a demonstration's issuers: half the time of service's."""
POOL_SIZE = 3


@dataclass(kw_only=True)
class PollingStation:
    """Desks, board, witnesses and trustees.

    Attributes
    ----------
    folder
        Where everybody's keys are kept, apart; the processes of a running demonstration use the same.
    """

    folder: Path
    origin: str
    desks: Mapping[Keeper, DeskAtWork]
    board: BoardAtWork
    databases: Mapping[Keeper, Database]
    witnesses: list[Witnessing] = field(default_factory=list)

    @classmethod
    def set_up(
        cls, address: str, folder: Path, *, chance: Chance, origin: str, batch_least: int
    ) -> "PollingStation":
        """A station over a database whose tables are there."""
        databases = {
            keeper: Database(address, chance=chance, role=keeper.role, pool_size=POOL_SIZE)
            for keeper in Keeper
        }
        desks = {}
        for keeper in (Keeper.SECRETARY, Keeper.CITY_CLERK):
            keys = KeyFolder(keys_of(folder, keeper), chance)
            issuers = FolderIssuers(keys, modulus_bits=MODULUS_BITS)
            desks[keeper] = DeskAtWork(store=DeskStore(keeper), keys=keys, issuers=issuers)
        board = BoardAtWork(
            store=BoardStore(), keys=KeyFolder(keys_of(folder, Keeper.BOARD), chance),
            batch_least=batch_least,
        )  # fmt: skip
        station = cls(folder=folder, origin=origin, desks=desks, board=board, databases=databases)
        for name in WITNESSES:
            keys = KeyFolder(folder / "witnesses" / name, chance)
            secret = keys.made("witness", lambda: chance.bits(256).to_bytes(32, "big"))
            signer = Ed25519PrivateKey.from_private_bytes(secret)
            key = NamedKey(
                name=name, public=signer.public_key().public_bytes_raw(),
                kind=SignatureType.COSIGNATURE,
            )  # fmt: skip
            memory = folder / "witnesses" / name / "seen.json"
            station.witnesses.append(Witnessing(key, signer, memory))
        return station

    async def dispose(self) -> None:
        """Let the databases go."""
        for database in self.databases.values():
            await database.dispose()

    async def appoint(self, office: Database) -> None:
        """The office appoints the witnesses."""
        for one in self.witnesses:
            async with office.work() as work:
                await appoint_witness(work, {"name": one.key.name, "key": pack(one.key.public)})

    async def turn(self) -> None:
        """What each process does every second.

        Raises
        ------
        Refusal
            The first thing that a desk or the board could not do.
        """
        refused: list[Refusal] = []
        for keeper, desk in self.desks.items():
            refused += await desk_turns.turn(self.databases[keeper], desk)
        refused += await board_turns.turn(self.databases[Keeper.BOARD], self.board)
        if refused:
            raise refused[0]

    async def deal(self, office: Database, poll_id: UUID) -> None:
        """The key of a poll is shared out, and the office writes who holds it."""
        terms = trustee_work.deal(
            poll_id, people=TRUSTEES, needed=NEEDED, folder=self.folder / "trustees" / str(poll_id)
        )
        async with office.work() as work:
            await appoint_trustees(work, poll_id, parse(terms.read_bytes().strip()))

    async def release(self, office: Database, poll_id: UUID, *, at_ms: int) -> None:
        """As many trustees as are needed give up their shares, and the office takes them."""
        async with office.reading() as work:
            noticed_hash = (await get_manifest(work, poll_id)).digest().hex()
        async with self.line_to(Keeper.BOARD) as board:
            for number in range(1, NEEDED + 1):
                place = self.folder / "trustees" / str(poll_id) / f"trustee-{number}.json"
                given = await trustee_work.release(
                    place.read_bytes(), board, noticed_hash=noticed_hash, at_ms=at_ms
                )
                async with office.work() as work:
                    await take_release(work, poll_id, given)

    async def witness(self, *, at_seconds: int) -> None:
        """Every witness looks at every log, and signs."""
        logs = [
            Log(
                http=self.line_to(keeper), keeper=keeper,
                path="/board/v1" if keeper is Keeper.BOARD else "/desk/v1",
            )
            for keeper in self.databases
        ]  # fmt: skip
        for one in self.witnesses:
            await one.look(logs, at_seconds=at_seconds)

    async def end(self, *, at_seconds: int) -> None:
        """After the close: the board ends, witnesses sign, logs end, witnesses sign again."""
        await self.turn()
        await self.witness(at_seconds=at_seconds)
        await self.turn()
        await self.turn()
        await self.witness(at_seconds=at_seconds + 1)

    def places(self) -> Places:
        """Where a voter asks."""
        desks = (Keeper.SECRETARY, Keeper.CITY_CLERK)
        return Places(
            desks=tuple(self.line_to(one) for one in desks), box=self.line_to(Keeper.BOARD)
        )

    def line_to(self, keeper: Keeper) -> httpx.AsyncClient:
        """HTTP to a desk or the board."""
        transport = httpx.ASGITransport(self._app_of(keeper), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=f"http://{keeper.value}")

    def _app_of(self, keeper: Keeper) -> FastAPI:
        async def turned_by_hand() -> list[Refusal]:
            return []

        is_board = keeper is Keeper.BOARD
        return create_app(
            board_api.routes.router if is_board else desk_api.routes.router,
            keeper=self.board if is_board else self.desks[keeper],
            database=self.databases[keeper], turn=turned_by_hand, origin=self.origin,
        )  # fmt: skip


def keys_of(folder: Path, keeper: Keeper) -> Path:
    """The folder of a keeper's keys."""
    return folder / "keys" / keeper.value
