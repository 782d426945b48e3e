"""Members at a terminal, trustees with their shares, a witness that restarts, a desk with a token."""

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest
from fastapi import FastAPI, Request
from rich.console import Console

from foundation.chance import SeededChance
from foundation.clock import ServiceClock
from governance.ballots import token_signer
from governance.ballots.checkpoint import NamedKey
from governance.ballots.errors import (
    DocumentMalformed,
    ProofInvalid,
    SharesUnusable,
    TooEarlyToOpen,
)
from governance.ballots.manifest import TrusteeTerms
from governance.ballots.merkle import Head
from governance.ballots.plain import pack, unpack
from governance.ballots.trustees import Share, combine
from governance.polls.keeper import Keeper
from governance.polls.keys import TokenIssuers
from khan.board_work import choices_in
from khan.choice_words import Said
from khan.console import ArgumentUnusable
from khan.terminal_vote import NothingPrepared, NotYourVote, Voting
from khan.trustee_work import BoardNotEnded, deal, release
from khan.witness import Log, Witnessing
from simulation import voter
from simulation.client import Phone
from simulation.rehearsed_vote import RP_ID, Voter, roll_of
from simulation.software_passkey import SoftwarePasskey
from simulation.voter import Places
from tests.ballot_scene import RESOLUTION
from tests.polls import CLOSES_MS, OPENS_MS, PollScene, poll_scene
from tests.tokens import PIN, SigningToken

CLOCK = ServiceClock(
    wall_origin=datetime(2030, 3, 11, tzinfo=UTC), service_origin=datetime(2030, 3, 11, tzinfo=UTC), rate=1
)  # fmt: skip


class Office:
    """The service's part, as the contract of its routes says, for one member."""

    def __init__(self, scene: PollScene) -> None:
        self.scene, self.key = scene, dict[str, str]()
        self.app = FastAPI()
        poll = f"/polls/{scene.poll_id}"

        @self.app.post("/driver/v1/voting-key")
        async def voting_key(request: Request) -> dict[str, int]:
            self.key = await request.json()
            return {"number": 1}

        @self.app.get(f"/public/v1{poll}")
        async def get_poll() -> dict[str, object]:
            manifest = scene.manifest
            return {
                "title": "A motion", "tier": scene.tier.value, "state": "open", "rp_id": RP_ID,
                "opens_at": "then", "closes_at": "later", "desks": ["a", "b"], "box": "c",
                "manifest": None if manifest is None else manifest.document().decode(),
                "digest": None if manifest is None else manifest.digest().hex(),
            }  # fmt: skip

        @self.app.get(f"/driver/v1{poll}/me")
        async def me() -> dict[str, object]:
            own = scene.entry_of(0).commitment
            return {"on_roll": True, "reason": None, "commitment": pack(own), "salt": None}


@asynccontextmanager
async def terminal(scene: PollScene, office: Office, folder: Path) -> AsyncIterator[Voting]:
    @asynccontextmanager
    async def places(_poll: object) -> AsyncIterator[Places]:
        yield scene.places()

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(office.app), base_url="http://office"
    ) as http:
        yield Voting(
            Phone(http, SeededChance(1), CLOCK), Console(file=io.StringIO()), poll_id=scene.poll_id,
            entrance="driver", folder=folder, places=places,
        )  # fmt: skip


async def test_a_member_votes_from_a_terminal(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path, members=1, batch_least=1) as scene:
        office, folder = Office(scene), tmp_path / "vote"
        async with terminal(scene, office, folder) as one:
            with pytest.raises(NotYourVote, match="not open"):
                await one.cast(Said(option="--choice", text="for"))
            await one.prepare(SeededChance("terminal"))  # registers a key, long before the opening
            kept = json.loads((folder / "passkey.json").read_text())
            assert (folder / "passkey.json").stat().st_mode & 0o777 == 0o600
            member = Voter(
                member="member-0", salt=scene.people[0].salt,
                passkey=SoftwarePasskey.from_json(kept),
            )  # fmt: skip
            assert unpack(office.key["credential"]) == roll_of([member], scene.tier)[0].credential
            scene.people = (member,)
            await scene.opened()
            with pytest.raises(NothingPrepared):
                await one.cast(Said(option="--choice", text="for"))
            await one.prepare(SeededChance("terminal"))
            with pytest.raises(ArgumentUnusable, match="--choice"):
                await one.cast(Said(option="--choice", text="perhaps"))
            await one.cast(Said(option="--choice", text="against"))
            assert not await one.receipt()
            await scene.turn()
            assert await one.receipt()
            await one.status()
        assert {one.name for one in folder.iterdir()} == {
            "passkey.json", "key.json", "slip.json", "ballot-1.json", "receipt-1.json",
        }  # fmt: skip


async def test_trustees_deal_before_and_give_up_after_the_board_has_ended(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        place = deal(scene.poll_id, people=3, needed=2, folder=tmp_path / "shares")
        told = json.loads(place.read_text())
        secret = json.loads((tmp_path / "shares" / "trustee-1.json").read_text())
        assert secret["share"] not in place.read_text()
        assert (tmp_path / "shares" / "trustee-1.json").stat().st_mode & 0o777 == 0o600
        people = [NamedKey(name=o["name"], public=unpack(o["key"])) for o in told["people"]]
        terms = TrusteeTerms(
            election_key=unpack(told["election_key"]), people=tuple(people), needed=told["needed"]
        )
        scene.trustee_terms = terms
        manifest = await scene.opened()
        files = [tmp_path / "shares" / f"trustee-{n}.json" for n in (1, 3)]
        said = manifest.digest().hex()
        async with scene.line_to(Keeper.BOARD) as board:
            with pytest.raises(BoardNotEnded):
                await release(files[0].read_bytes(), board, noticed_hash=said, at_ms=CLOSES_MS + 1)
            await scene.ended()
            with pytest.raises(TooEarlyToOpen):
                await release(files[0].read_bytes(), board, noticed_hash=said, at_ms=CLOSES_MS - 1)
            given = [
                await release(
                    one.read_bytes(), board, noticed_hash=said.upper(), at_ms=CLOSES_MS + 5000
                )
                for one in files
            ]
        shares = [Share(number=o["share_number"], secret=unpack(o["share"])) for o in given]
        assert combine(shares, terms).public_key().public_bytes_raw() == terms.election_key
        with pytest.raises(SharesUnusable):
            combine(shares[:1], terms)


class Changed(httpx.AsyncBaseTransport):
    """A board that answers some path otherwise than it should."""

    def __init__(self, board: httpx.AsyncClient, ending: str, answer: Callable[[bytes], bytes]):
        self._board, self._ending, self._answer = board, ending, answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        true = await self._board.get(request.url.raw_path.decode())
        is_meant = request.url.path.endswith(self._ending)
        content = self._answer(true.content) if is_meant else true.content
        return httpx.Response(true.status_code, content=content, request=request)


async def test_a_trustee_gives_no_share_to_a_board_that_shows_other_terms_or_fewer_witnesses(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    def sooner(document: bytes) -> bytes:
        return document.replace(str(CLOSES_MS).encode(), str(OPENS_MS + 1).encode())

    def one_witness_twice(document: bytes) -> bytes:
        shown = json.loads(document)
        note, _, lines = shown["note"].rpartition("\n\n")
        keeper, first, _second = lines.splitlines(keepends=True)
        return json.dumps(shown | {"note": f"{note}\n\n{keeper}{first}{first}"}).encode()

    async with poll_scene(database_address, owner, tmp_path) as scene:
        deal(scene.poll_id, people=3, needed=2, folder=tmp_path / "shares")
        told = json.loads((tmp_path / "shares" / "terms.json").read_text())
        people = [NamedKey(name=o["name"], public=unpack(o["key"])) for o in told["people"]]
        scene.trustee_terms = TrusteeTerms(
            election_key=unpack(told["election_key"]), people=tuple(people), needed=2
        )
        said = (await scene.opened()).digest().hex()
        share = (tmp_path / "shares" / "trustee-1.json").read_bytes()
        await scene.ended()
        for ending, answer, refusal in (
            ("/manifest", sooner, DocumentMalformed),
            (str(scene.poll_id), one_witness_twice, BoardNotEnded),
        ):
            lying = Changed(scene.line_to(Keeper.BOARD), ending, answer)
            async with httpx.AsyncClient(transport=lying, base_url="http://board") as board:
                with pytest.raises(refusal):
                    await release(share, board, noticed_hash=said, at_ms=CLOSES_MS + 5000)


async def test_a_witness_remembers_over_a_restart_and_signs_no_other_history(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    async with poll_scene(database_address, owner, tmp_path) as scene:
        await scene.opened()
        await scene.witness(at_seconds=OPENS_MS // 1000 + 2)
        first = scene.witnesses[0]
        memory = json.loads((tmp_path / "witness-1.json").read_text())
        (name,) = memory
        board = [Log(http=scene.line_to(Keeper.BOARD), path="/board/v1", keeper=Keeper.BOARD)]
        again = Witnessing(first.key, first._witness._signer, tmp_path / "witness-1.json")
        assert await again.look(board, at_seconds=OPENS_MS // 1000 + 3) == 1  # the same head
        memory[name] = {
            "size": memory[name]["size"],
            "root": pack(b"another history of 32 bytes....."),
        }
        (tmp_path / "witness-1.json").write_text(
            json.dumps(memory, sort_keys=True, separators=(",", ":"))
        )
        forked = Witnessing(first.key, first._witness._signer, tmp_path / "witness-1.json")
        assert await forked.look(board, at_seconds=OPENS_MS // 1000 + 4) == 0
        with pytest.raises(ProofInvalid):
            forked._witness.cosign(
                (await board[0].http.get(f"/board/v1/polls/{scene.poll_id}")).json()["note"],
                keeper=scene.manifest.board, proof=(), at_seconds=1,
            )  # fmt: skip
        assert isinstance(forked._witness.seen[name], Head)


def test_papers_that_the_question_does_not_allow_are_named() -> None:
    assert len(choices_in('[{"mark": "for"}, {"mark": "abstain"}]', RESOLUTION)) == 2
    for text, said in (
        ('[{"mark": "for"}, {"mark": "perhaps"}]', "paper 2"),
        ("{}", "list"),
        ("nonsense", "JSON"),
    ):
        with pytest.raises(ArgumentUnusable, match=said):
            choices_in(text, RESOLUTION)


@pytest.mark.token
async def test_a_desk_whose_keys_are_on_a_token_issues_ballots(
    database_address: str, owner: psycopg.Connection, tmp_path: Path, signing_token: SigningToken
) -> None:
    with token_signer.open_token(signing_token.module, signing_token.label, PIN) as token:
        async with poll_scene(database_address, owner, tmp_path) as scene:
            scene.desks[Keeper.SECRETARY].issuers = TokenIssuers(token, modulus_bits=2048)
            await scene.opened()
            kept = scene.kept_by(0)
            chance = SeededChance("token")
            key = await voter.prepare(kept, scene.places(), scene.entry_of(0), chance)
            assert len(key.tokens) == 2
            assert not (tmp_path / "secretary" / f"{scene.poll_id}.issuer").exists()
