"""An assembly whose votes are held without names: desks and board at work, members with passkeys."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.chance import SeededChance
from foundation.identifiers import UUID
from governance.ballots import trustees
from governance.ballots.ballot import BallotKey, fill
from governance.ballots.checkpoint import NamedKey
from governance.ballots.choice import Choice
from governance.ballots.manifest import Manifest, RelyingParty
from governance.ballots.plain import Fields, pack
from governance.ballots.trustees import release_message
from governance.certificate import Certificate
from governance.motion import Motion
from governance.polls.records import closed_poll
from governance.service import officials, polls, votes
from governance.service.motions import Proposal
from governance.service.polls import BallotTerms
from governance.service.published_polls import final_head, get_manifest
from governance.store.polls import Poll, list_polls
from simulation import voter
from simulation.rehearsed_vote import ORIGIN, RP_ID, Voter
from simulation.voter import OwnEntry, VoterFolder
from storage.engine import Database
from tests.assembly import bylaws_body
from tests.assembly_rows import Assembly, assemble
from tests.impact_at_work import state_impact
from tests.polls import PollScene, poll_scene

TERMS = BallotTerms(relying_party=RelyingParty(rp_id=RP_ID, origins=(ORIGIN,)), grace_seconds=600)


def bylaws(**matters: Any) -> dict[str, Any]:
    """The example's bylaws with a quorum of one, and one second."""
    body: dict[str, Any] = json.loads(json.dumps(bylaws_body()))
    body["motions"]["seconds"] = {"min": [1]}
    body["matters"]["ordinary"] |= {"quorum": {"max": [1]}}
    body["matters"]["special"] |= {"quorum": {"max": [1]}}
    for name, changes in matters.items():
        body["matters"].setdefault(name, {"extends": "ordinary"})
        body["matters"][name] |= changes
    return body


@dataclass(kw_only=True)
class PolledAssembly:
    """A city, its members with passkeys, and everybody who holds a vote without names."""

    assembly: Assembly
    scene: PollScene
    people: list[Voter]
    folder: Path
    keys: dict[tuple[UUID, int], BallotKey] = field(default_factory=dict)
    sequences: dict[tuple[UUID, int], int] = field(default_factory=dict)
    dealt: dict[UUID, tuple[trustees.Share, ...]] = field(default_factory=dict)

    async def polls(self, motion: Motion) -> tuple[Poll, ...]:
        """The polls of a vote; classes first."""
        async with self.assembly.database.reading() as reading:
            return await list_polls(reading, motion.motion_id)

    async def called(self, motion: Motion) -> Motion:
        """The vote on a seconded motion called, desks and board ready, trustees named."""
        await state_impact(self.assembly.database, motion.motion_id)
        async with self.assembly.database.work() as work:
            motion = await votes.give_notice(work, motion.motion_id)
        await self.scene.turn()
        for poll in await self.polls(motion):
            await self.name_trustees(poll)
        return motion

    def trustee(self, number: int) -> NamedKey:
        """A trustee's name and public key; numbers from 1."""
        public = self.scene.trustees[number - 1].public_key().public_bytes_raw()
        return NamedKey(name=f"trustee/{number}", public=public)

    async def name_trustees(self, poll: Poll, *, needed: int = 2) -> None:
        """Two of three trustees open a poll."""
        terms: Fields = {
            "poll_id": str(poll.poll_id), "needed": needed,
            "election_key": pack(self.scene.election.public_key().public_bytes_raw()),
            "people": [named(self.trustee(number)) for number in (1, 2, 3)],
        }  # fmt: skip
        async with self.assembly.database.work() as work:
            await officials.appoint_trustees(work, poll.poll_id, terms)

    async def opened(self, motion: Motion) -> Motion:
        """A called vote frozen and opened at its time."""
        assert motion.timetable is not None
        self.assembly.at(motion.timetable.freezes_at)
        async with self.assembly.database.work() as work:
            await votes.freeze(work, motion.motion_id)
        self.assembly.at(motion.timetable.opens_at + timedelta(hours=2))
        async with self.assembly.database.work() as work:
            motion = await votes.open_vote(work, motion.motion_id, terms=TERMS)
        await self.scene.turn()
        assert not self.scene.refused
        return motion

    async def moved(self, proposal: Proposal) -> Motion:
        """Moved, seconded, called and opened."""
        return await self.opened(await self.called(await self.assembly.propose(proposal)))

    async def manifest(self, poll: Poll) -> Manifest:
        """A poll's manifest."""
        async with self.assembly.database.reading() as reading:
            return await get_manifest(reading, poll.poll_id)

    async def vote(self, poll: Poll, choices: Mapping[int, Choice]) -> None:
        """Members vote in a sealed poll by their devices, in this order."""
        self.scene.poll_id, self.scene.manifest = poll.poll_id, await self.manifest(poll)
        places = self.scene.places()
        for number, choice in choices.items():
            kept = await self.take(poll, number)
            voter.fill(kept, choice)
            await voter.send(kept, places)
        await self.scene.turn()

    async def take(self, poll: Poll, number: int) -> VoterFolder:
        """A member has a ballot key signed by both desks, and may leave it at that."""
        self.scene.poll_id, self.scene.manifest = poll.poll_id, await self.manifest(poll)
        kept = VoterFolder(self.folder / f"{poll.poll_id}-{number}", self.scene.manifest)
        entry = OwnEntry(
            commitment=await self.commitment(poll, number), passkey=self.people[number].passkey
        )
        await voter.prepare(
            kept, self.scene.places(), entry, SeededChance(f"{poll.poll_id} {number}")
        )
        return kept

    async def commitment(self, poll: Poll, number: int) -> bytes:
        """A member's entry of a poll's roll."""
        [found] = self.assembly.owner.execute(
            "SELECT commitment FROM governance.elector WHERE poll_id = %s AND member_id = %s",
            [poll.poll_id, self.assembly.members[number]],
        ).fetchone()  # type: ignore[misc]
        return bytes.fromhex(found)

    async def hand_in(self, poll: Poll, number: int, choice: Choice, *, key: int = 0) -> None:
        """A member hands in a ballot of a detached poll; another one with the same key replaces it."""
        at = (poll.poll_id, key or number + 1)
        if at not in self.keys:
            chance = SeededChance(f"{at}")
            secret = Ed25519PrivateKey.from_private_bytes(chance.bits(256).to_bytes(32, "big"))
            public = secret.public_key().public_bytes_raw()
            self.keys[at] = BallotKey(public=public, signer=secret)
        sequence = self.sequences[at] = self.sequences.get(at, 0) + 1
        ballot = fill(await self.manifest(poll), self.keys[at], choice, sequence=sequence)
        async with self.assembly.database.work() as work:
            by = self.assembly.members[number]
            await polls.cast_detached(work, poll.poll_id, by=by, ballot=ballot.document())

    async def closed(self, motion: Motion, *, released: int = 2) -> Motion:
        """Closed, cosigned, and opened by as many trustees."""
        assert motion.timetable is not None
        self.assembly.at(motion.timetable.closes_at)
        closes = int(motion.timetable.closes_at.timestamp())
        async with self.assembly.database.work() as work:
            motion = await votes.close_vote(work, motion.motion_id)
        await self.scene.turn()
        await self.scene.witness(at_seconds=closes + 1)
        await self.scene.turn()
        await self.scene.turn()
        await self.scene.witness(at_seconds=closes + 3)
        assert not self.scene.refused
        for poll in await self.polls(motion):
            for number in range(1, released + 1):
                await self.release(poll, number, at_ms=closes * 1000 + 9000)
        return motion

    async def release(self, poll: Poll, number: int, *, at_ms: int, spoilt: bool = False) -> None:
        """A trustee gives up a share, or another than was dealt, by a statement of that instant."""
        manifest = await self.manifest(poll)
        async with self.assembly.database.reading() as reading:
            closed = await closed_poll(reading, poll.poll_id)
        head = final_head(manifest, closed)
        share = self._shares(poll)[number - 1]
        secret = bytes(32) if spoilt else share.secret
        signer, name = self.scene.trustees[number - 1], self.trustee(number).name
        signature = signer.sign(release_message(manifest.digest(), head, at_ms))
        given: Fields = {
            "poll_id": str(poll.poll_id), "trustee": name, "share_number": number,
            "share": pack(secret),
            "statement": {"trustee": name, "at_ms": at_ms, "signature": pack(signature)},
        }  # fmt: skip
        async with self.assembly.database.work() as work:
            await officials.take_release(work, poll.poll_id, given)

    def _shares(self, poll: Poll) -> tuple[trustees.Share, ...]:
        if poll.poll_id not in self.dealt:
            self.dealt[poll.poll_id] = trustees.deal(self.scene.election, needed=2, people=3)
        return self.dealt[poll.poll_id]

    async def certified(self, motion: Motion) -> tuple[Motion, Certificate]:
        """Closed and certified."""
        await self.closed(motion)
        async with self.assembly.database.work() as work:
            return await votes.certify(work, motion.motion_id, certified_by="R. Officer")

    def bundle(self, poll: Poll) -> Path:
        """The bundle that was written, as a file."""
        pieces = self.assembly.owner.execute(
            "SELECT piece FROM governance.bundle_piece WHERE poll_id = %s ORDER BY number",
            [poll.poll_id],
        )
        path = self.folder / f"{poll.poll_id}.zip"
        path.write_bytes(b"".join(bytes(piece) for (piece,) in pieces))
        return path


@asynccontextmanager
async def polled_assembly(
    database: Database,
    owner: psycopg.Connection,
    folder: Path,
    *,
    address: str,
    rules: dict[str, Any] | None = None,
    classes: tuple[str, ...] = ("driver", "driver", "driver", "rider"),
) -> AsyncIterator[PolledAssembly]:
    """A founded city, its members with registered passkeys, two witnesses, two desks and a board."""
    async with poll_scene(address, owner, folder, batch_least=1) as scene:
        assembly = await assemble(
            database, owner, address=address, bylaws=rules or bylaws(), classes=classes
        )
        chance = SeededChance("assembly")
        people = [Voter.enrol(str(one), chance) for one in assembly.members]
        for member_id, one in zip(assembly.members, people, strict=True):
            owner.execute(
                "INSERT INTO governance.voting_key VALUES (%s, 1, %s, %s, service_now())",
                [member_id, credential(one), one.passkey.credential_id],
            )
        for witness in scene.witnesses:
            async with database.work() as work:
                await officials.appoint_witness(work, named(witness.key))
        yield PolledAssembly(assembly=assembly, scene=scene, people=people, folder=folder)


def named(key: NamedKey) -> Fields:
    """A name and its key as the office is brought them."""
    return {"name": key.name, "key": pack(key.public)}


def credential(one: Voter) -> bytes:
    """A passkey's public key as the roll publishes it."""
    public = ec.derive_private_key(one.passkey.secret, ec.SECP256R1()).public_key()
    return public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
