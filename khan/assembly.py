"""Members who govern their city, in a demonstration: they move, second, vote; time passes in between.

All of it by the rooms' own verbs and, where no name stands beside a choice, by the voters' own devices
over HTTP. Only service time is set by the tables' owner, for nobody else may.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.chance import Chance
from foundation.identifiers import UUID, PersonId
from governance.ballots.ballot import BallotKey, fill
from governance.ballots.choice import Choice
from governance.ballots.manifest import RelyingParty
from governance.certificate import Certificate
from governance.impact.document import has_impact, read_document
from governance.impact.service import keep_impact
from governance.matter import MemberClass
from governance.member import MemberId
from governance.motion import Motion, MotionId
from governance.number_terms import Bounds
from governance.service import elections, membership, motions, polls, votes
from governance.service.motions import Proposal
from governance.service.polls import BallotTerms
from governance.service.published_polls import get_manifest
from governance.service.voting_keys import register_voting_key
from governance.store.polls import Poll, find_commitment, list_polls
from governance.tier import Tier
from khan.build import READERS
from khan.impact_job import Assumed
from khan.impact_worker import in_a_process, job_of
from khan.polling_station import PollingStation
from roads.pack import CityPack
from simulation import voter
from simulation.software_passkey import SoftwarePasskey
from simulation.voter import OwnEntry, VoterFolder
from storage.engine import Database

OFFICER = "The returning officer of the demonstration"
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A_MOMENT = timedelta(minutes=5)
IMPACT_ASSUMED = Assumed(junctions_max=120)
"""Nobody waits for a whole day of a whole city: its middle is played, and every statement says so."""


@dataclass(kw_only=True)
class Elector:
    """A member with the device they vote by."""

    member_id: MemberId
    person_id: PersonId
    member_class: MemberClass
    passkey: SoftwarePasskey
    ballot_keys: dict[UUID, BallotKey] = field(default_factory=dict)
    """Of votes handed in at the office, by poll."""


@dataclass(kw_only=True)
class AssemblyAtWork:
    """The members of a founded city, and time that waits for them.

    Attributes
    ----------
    city
        The pack whose recorded day impact statements are worked out on.
    move_to
        Lets service time run from another instant on.
    """

    database: Database
    station: PollingStation
    folder: Path
    rp_id: str
    origin: str
    chance: Chance
    move_to: Callable[[datetime], None]
    city: CityPack
    electors: list[Elector] = field(default_factory=list)

    async def join(self, people: Sequence[PersonId], *, member_class: MemberClass) -> None:
        """People become members, with a passkey for votes."""
        for first in range(0, len(people), 25):
            async with self.database.work() as work:
                for person_id in people[first : first + 25]:
                    member = await membership.join(work, person_id, member_class=member_class)
                    passkey = SoftwarePasskey(
                        rp_id=self.rp_id, credential_id=self._bytes(16), user_handle=b"",
                        secret=1 + self.chance.below(_P256_ORDER - 1),
                    )  # fmt: skip
                    await register_voting_key(
                        work, member.member_id, credential=public_key_of(passkey),
                        credential_id=passkey.credential_id,
                    )  # fmt: skip
                    self.electors.append(
                        Elector(
                            member_id=member.member_id,
                            person_id=person_id,
                            member_class=member_class,
                            passkey=passkey,
                        )
                    )

    async def now(self) -> datetime:
        """Service time."""
        async with self.database.work() as work:
            return work.now

    async def moved(self, proposal: Proposal, *, mover: int = 0, seconds: int = 5) -> Motion:
        """A motion that has the seconds it needs."""
        async with self.database.work() as work:
            motion = await motions.propose(
                work, proposal, by=self.electors[mover].member_id, readers=READERS
            )
        for elector in self.electors[mover + 1 : mover + 1 + seconds]:
            async with self.database.work() as work:
                motion = await motions.second(work, motion.motion_id, by=elector.member_id)
        return motion

    async def amended(self, motion: Motion, text: str, *, by: int) -> Motion:
        """Another member's words, which the mover takes over."""
        mover = next(one for one in self.electors if one.member_id == motion.mover)
        async with self.database.work() as work:
            amendment = await motions.amend(
                work, motion.motion_id, by=self.electors[by].member_id, text=text, readers=READERS
            )
        async with self.database.work() as work:
            return await motions.accept_amendment(
                work, motion.motion_id, amendment.amendment_id, by=mover.member_id
            )

    async def bounded(self, motion: Motion, *, lowest: int, highest: int) -> None:
        """The board publishes between which numbers members may choose."""
        async with self.database.work() as work:
            bounds = Bounds(lowest=lowest, highest=highest)
            await elections.publish_bounds(work, motion.motion_id, bounds)

    async def stood(self, motion: Motion, candidates: Mapping[int, str]) -> None:
        """Members nominate themselves and stand by a name."""
        for number, name in candidates.items():
            member_id = self.electors[number].member_id
            async with self.database.work() as work:
                await elections.nominate(work, motion.motion_id, member_id, by=member_id)
            async with self.database.work() as work:
                await elections.accept_nomination(work, motion.motion_id, by=member_id, name=name)

    async def stated(self, motion: Motion) -> None:
        """What it would do, worked out beside this process, where members see that before they vote."""
        if not has_impact(motion.rule_kind):
            return
        async with self.database.work() as work:
            job = await job_of(work, motion.motion_id, self.city.folder, IMPACT_ASSUMED)
        document = read_document((await in_a_process(job.encode(), in_a_hurry=True)).decode())
        async with self.database.work() as work:
            await keep_impact(work, document)

    async def called(self, motion: Motion, *, opens_on: date | None = None) -> Motion:
        """The vote called, desks and board ready, the key shared out."""
        await self.stated(motion)
        async with self.database.work() as work:
            motion = await votes.give_notice(
                work, motion.motion_id, opens_on=opens_on, readers=READERS
            )
        await self.station.turn()
        for poll in await self.polls(motion):
            if poll.tier is not Tier.OPEN:
                await self.station.deal(self.database, poll.poll_id)
        return motion

    async def opened(self, motion: Motion) -> Motion:
        """Frozen and opened, each at its time."""
        timetable = motion.timetable
        assert timetable is not None
        self.move_to(timetable.freezes_at)
        await self.frozen(motion)
        self.move_to(timetable.opens_at + A_MOMENT)
        return await self.open(motion)

    async def frozen(self, motion: Motion) -> Motion:
        """Frozen now."""
        async with self.database.work() as work:
            return await votes.freeze(work, motion.motion_id)

    async def open(self, motion: Motion) -> Motion:
        """Opened now."""
        party = RelyingParty(rp_id=self.rp_id, origins=(self.origin,))
        async with self.database.work() as work:
            motion = await votes.open_vote(
                work, motion.motion_id, terms=BallotTerms(relying_party=party)
            )
        await self.station.turn()
        return motion

    async def cast(self, motion: Motion, choices: Mapping[int, Choice]) -> int:
        """Members vote; those whom no poll of this motion is for do not. How many did."""
        cast = 0
        for poll in await self.polls(motion):
            for number, choice in choices.items():
                elector = self.electors[number]
                async with self.database.reading() as reading:
                    entry = await find_commitment(reading, poll.poll_id, elector.member_id)
                if entry is None:
                    continue
                if poll.tier is Tier.SEALED:
                    await self._send_sealed(poll, elector, bytes.fromhex(entry), choice)
                else:
                    await self._hand_in(poll, elector, choice)
                cast += 1
        await self.station.turn()
        return cast

    async def _send_sealed(
        self, poll: Poll, elector: Elector, commitment: bytes, choice: Choice
    ) -> None:
        async with self.database.reading() as reading:
            manifest = await get_manifest(reading, poll.poll_id)
        kept = VoterFolder(self.device_of(elector, poll.poll_id), manifest)
        places = self.station.places()
        entry = OwnEntry(commitment=commitment, passkey=elector.passkey)
        await voter.prepare(kept, places, entry, self.chance)
        voter.fill(kept, choice)
        await voter.send(kept, places)

    async def _hand_in(self, poll: Poll, elector: Elector, choice: Choice) -> None:
        if poll.poll_id not in elector.ballot_keys:
            signer = Ed25519PrivateKey.from_private_bytes(self._bytes(32))
            public = signer.public_key().public_bytes_raw()
            elector.ballot_keys[poll.poll_id] = BallotKey(public=public, signer=signer)
        key = elector.ballot_keys[poll.poll_id]
        async with self.database.work() as work:
            manifest = await get_manifest(work, poll.poll_id)
            ballot = fill(manifest, key, choice, sequence=1)
            await polls.cast_detached(
                work, poll.poll_id, by=elector.member_id, ballot=ballot.document()
            )

    async def certified(self, motion: Motion) -> tuple[Motion, Certificate]:
        """Closed at its time, witnessed, opened by the trustees, counted; what passed is enacted."""
        timetable = motion.timetable
        assert timetable is not None
        self.move_to(timetable.closes_at)
        async with self.database.work() as work:
            await votes.close_vote(work, motion.motion_id)
        closes = int(timetable.closes_at.timestamp())
        await self.station.end(at_seconds=closes + 1)
        self.move_to(timetable.closes_at + A_MOMENT)
        for poll in await self.polls(motion):
            if poll.tier is not Tier.OPEN:
                await self.station.release(self.database, poll.poll_id, at_ms=(closes + 60) * 1000)
        async with self.database.work() as work:
            return await votes.certify(work, motion.motion_id, certified_by=OFFICER)

    async def polls(self, motion: Motion) -> tuple[Poll, ...]:
        """The polls of a vote."""
        async with self.database.reading() as reading:
            return await list_polls(reading, MotionId(motion.motion_id))

    def device_of(self, elector: Elector, poll_id: UUID) -> Path:
        """Where a member's device keeps what it needs for a sealed poll."""
        return self.folder / "devices" / str(elector.member_id) / str(poll_id)

    def _bytes(self, count: int) -> bytes:
        return self.chance.bits(8 * count).to_bytes(count, "big")


def public_key_of(passkey: SoftwarePasskey) -> bytes:
    """A passkey's public key as a roll publishes it: SubjectPublicKeyInfo, DER."""
    public = ec.derive_private_key(passkey.secret, ec.SECP256R1()).public_key()
    return public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
