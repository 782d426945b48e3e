"""A poll in a database: two desks and a board with their own roles, witnesses, trustees, voters.

Rows that the rest of governance writes (the poll, its roll, its manifest) are set by the owner; desks,
box and board are asked over HTTP as in service, their apps in this process.
"""

import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from fastapi import FastAPI

import board_api.routes
import desk_api.routes
from foundation.chance import SeededChance
from foundation.errors import Refusal
from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey, SignatureType
from governance.ballots.choice import Question
from governance.ballots.manifest import Manifest, RelyingParty, RollTerms, TrusteeTerms
from governance.ballots.plain import canonical
from governance.ballots.roll import commitment_to, root_of_roll
from governance.polls import board_turns, desk_turns
from governance.polls.board import BoardAtWork
from governance.polls.desk import DeskAtWork
from governance.polls.keeper import Keeper
from governance.polls.keys import FolderIssuers, KeyFolder
from governance.polls.records import copy_log, parts_of
from governance.polls.store.boards import BoardStore
from governance.polls.store.desks import DeskStore
from governance.tier import Tier
from khan.keeper_web import create_app
from khan.witness import Log, Witnessing
from simulation.rehearsed_vote import ORIGIN, RP_ID, Voter, roll_of
from simulation.voter import OwnEntry, Places, VoterFolder
from storage.engine import Database
from tests.ballot_scene import RESOLUTION, voters
from tests.service_time import stop_time

NOTICED = datetime(2030, 3, 4, 9, tzinfo=UTC)
OPENS_MS = int(datetime(2030, 3, 11, 8, tzinfo=UTC).timestamp()) * 1000
CLOSES_MS = OPENS_MS + 3_600_000
SECRET = "the secret of a staffed desk, long enough"


@dataclass(kw_only=True)
class PollScene:
    """One poll and everybody who has a part in it."""

    poll_id: UUID
    tier: Tier
    question: Question
    address: str
    owner: psycopg.Connection
    folder: Path
    office: Database
    desks: dict[Keeper, DeskAtWork]
    board: BoardAtWork
    databases: dict[Keeper, Database]
    people: tuple[Voter, ...]
    election: X25519PrivateKey
    trustees: tuple[Ed25519PrivateKey, ...]
    witnesses: list[Witnessing] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    manifest: Manifest | None = None
    trustee_terms: TrusteeTerms | None = None

    def at(self, instant_ms: int) -> None:
        """Let it be that instant, milliseconds since 1970."""
        self.owner.execute(
            "UPDATE storage.service_time SET wall_origin = clock_timestamp(),"
            " service_origin = to_timestamp(%s)",
            [instant_ms / 1000],
        )

    async def turn(self) -> None:
        """What each process does every second."""
        for keeper, desk in self.desks.items():
            self.refused += await desk_turns.turn(self.databases[keeper], desk)
        self.refused += await board_turns.turn(self.databases[Keeper.BOARD], self.board)

    def set_rows(self, statement: str, *values: object) -> None:
        """Rows of others, as they will be: without what they are judged by."""
        with psycopg.connect(self.address, autocommit=True) as owner:
            owner.execute("SET session_replication_role = replica")
            owner.execute(statement, values)

    def notice(self) -> None:
        """The poll is called."""
        self.set_rows(
            "INSERT INTO governance.poll (poll_id, motion_id, tier, question) VALUES (%s, %s, %s, %s)",
            self.poll_id, self.poll_id, self.tier.value, canonical(self.question.document()).decode(),
        )  # fmt: skip

    async def publish(self) -> Manifest:
        """Roll and manifest are published, as at the opening."""
        roll = roll_of(self.people, self.tier)
        for one in roll:
            self.set_rows(
                "INSERT INTO governance.poll_roll (poll_id, commitment, credential, name)"
                " VALUES (%s, %s, %s, %s)",
                self.poll_id, one.commitment.hex(), one.credential, one.name,
            )  # fmt: skip
        async with self.office.reading() as reading:
            parts = await parts_of(reading, self.poll_id, tier=self.tier)
        self.manifest = Manifest(
            vote=str(self.poll_id), tier=self.tier, question=self.question,
            opens_at_ms=OPENS_MS, closes_at_ms=CLOSES_MS, grace_seconds=60,
            roll=RollTerms(date="2030-03-04", size=len(roll), root=root_of_roll(roll)),
            desks=parts.desks, board=parts.board,
            witnesses=tuple(one.key for one in self.witnesses), witnesses_needed=2,
            trustees=self.trustee_terms or self.own_trustees(),
            lot_commitment=parts.lot_commitment,
            relying_party=RelyingParty(rp_id=RP_ID, origins=(ORIGIN,)), content_bytes=128,
        )  # fmt: skip
        self.set_manifest(self.manifest)
        return self.manifest

    def own_trustees(self) -> TrusteeTerms:
        """The scene's three trustees, of whom two are needed."""
        return TrusteeTerms(
            election_key=self.election.public_key().public_bytes_raw(), needed=2,
            people=tuple(
                NamedKey(name=f"trustee/{n}", public=one.public_key().public_bytes_raw())
                for n, one in enumerate(self.trustees, start=1)
            ),
        )  # fmt: skip

    def set_manifest(self, manifest: Manifest) -> None:
        """The manifest's row."""
        document = manifest.document()
        self.set_rows(
            "INSERT INTO governance.manifest (poll_id, document, digest, at)"
            " VALUES (%s, %s, %s, service_now())",
            self.poll_id, document.decode(), hashlib.sha256(document).hexdigest(),
        )  # fmt: skip

    async def opened(self) -> Manifest:
        """From the notice to the open poll."""
        self.notice()
        await self.turn()
        manifest = await self.publish()
        self.at(OPENS_MS + 1000)
        await self.turn()
        assert not self.refused
        return manifest

    def app_of(self, keeper: Keeper) -> FastAPI:
        """A process's app; its loop is turned by hand."""

        async def turned_by_hand() -> list[Refusal]:
            return []

        is_board = keeper is Keeper.BOARD
        return create_app(
            board_api.routes.router if is_board else desk_api.routes.router,
            keeper=self.board if is_board else self.desks[keeper],
            database=self.databases[keeper], turn=turned_by_hand, origin=ORIGIN, secret=SECRET,
        )  # fmt: skip

    def line_to(self, keeper: Keeper) -> httpx.AsyncClient:
        """HTTP to a process."""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app_of(keeper), raise_app_exceptions=False),
            base_url=f"http://{keeper.value}",
        )

    def places(self) -> Places:
        """Where a voter asks."""
        desks = (Keeper.SECRETARY, Keeper.CITY_CLERK)
        return Places(
            desks=tuple(self.line_to(one) for one in desks), box=self.line_to(Keeper.BOARD)
        )

    def kept_by(self, number: int) -> VoterFolder:
        """A voter's folder."""
        assert self.manifest is not None
        return VoterFolder(self.folder / f"voter-{number}", self.manifest)

    def entry_of(self, number: int) -> OwnEntry:
        """A voter's entry of the roll."""
        voter = self.people[number]
        return OwnEntry(commitment=commitment_to(voter.member, voter.salt), passkey=voter.passkey)

    async def witness(self, *, at_seconds: int) -> None:
        """Every witness looks at every log and signs."""
        logs = [
            Log(http=self.line_to(keeper), path="/board/v1" if keeper is Keeper.BOARD else "/desk/v1",
                keeper=keeper)
            for keeper in self.databases
        ]  # fmt: skip
        for one in self.witnesses:
            await one.look(logs, at_seconds=at_seconds)

    async def lines_of(self, keeper: Keeper) -> list[bytes]:
        """The entries of a log, as the office reads them."""
        file = io.BytesIO()
        async with self.office.reading() as reading:
            await copy_log(reading, self.poll_id, keeper, to=file)
        return file.getvalue().splitlines()

    async def ended(self) -> None:
        """From the last ballot to everything that a count needs."""
        self.at(CLOSES_MS)
        await self.turn()
        await self.witness(at_seconds=CLOSES_MS // 1000 + 1)
        await self.turn()
        await self.turn()
        await self.witness(at_seconds=CLOSES_MS // 1000 + 3)
        assert not self.refused


@asynccontextmanager
async def poll_scene(
    address: str,
    owner: psycopg.Connection,
    folder: Path,
    *,
    tier: Tier = Tier.SEALED,
    members: int = 6,
    batch_least: int = 10,
    question: Question = RESOLUTION,
) -> AsyncIterator[PollScene]:
    """A poll whose notice is about to be given."""
    stop_time(address, at=NOTICED.isoformat())
    chance = SeededChance("poll")
    databases = {
        keeper: Database(address, chance=chance, role=keeper.role, pool_size=4) for keeper in Keeper
    }
    office = Database(address, chance=chance, pool_size=2)
    desks = {}
    for keeper in (Keeper.SECRETARY, Keeper.CITY_CLERK):
        keys = KeyFolder(folder / keeper.value, chance)
        desks[keeper] = DeskAtWork(
            store=DeskStore(keeper), keys=keys, issuers=FolderIssuers(keys, modulus_bits=2048)
        )
    board = BoardAtWork(
        store=BoardStore(), keys=KeyFolder(folder / "board", chance), batch_least=batch_least
    )
    scene = PollScene(
        poll_id=UUID(int=chance.bits(128)), tier=tier, question=question, address=address,
        owner=owner, folder=folder, office=office, desks=desks, board=board, databases=databases,
        people=voters(members),
        election=X25519PrivateKey.from_private_bytes(chance.bits(256).to_bytes(32, "big")),
        trustees=tuple(_ed25519(chance) for _ in range(3)),
    )  # fmt: skip
    for number in (1, 2):
        key = _ed25519(chance)
        named = NamedKey(
            name=f"witness.example/{number}", public=key.public_key().public_bytes_raw(),
            kind=SignatureType.COSIGNATURE,
        )  # fmt: skip
        scene.witnesses.append(Witnessing(named, key, folder / f"witness-{number}.json"))
    try:
        yield scene
    finally:
        for one in (*databases.values(), office):
            await one.dispose()


def _ed25519(chance: SeededChance) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(chance.bits(256).to_bytes(32, "big"))


__all__ = ["CLOSES_MS", "OPENS_MS", "SECRET", "PollScene", "poll_scene"]
