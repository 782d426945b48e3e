"""A whole vote in memory, by the real parts: for rehearsals, measurements and tests.

Every official is here with a key in software, so nothing is secret from anybody: what is rehearsed
is the order of things and the bundle that comes out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from foundation.chance import Chance
from governance.ballots import blind_rsa, bundle, trustees
from governance.ballots.assertion import Assertion, challenge_for
from governance.ballots.ballot import BallotKey, Token, cancellation, fill, token_message
from governance.ballots.blind_rsa import SoftwareSigner
from governance.ballots.box import NEVER_SEEN, Box, KeyStanding, paper_entries
from governance.ballots.bundle import Bundle, PublishedLog
from governance.ballots.checkpoint import NamedKey, SignatureType
from governance.ballots.choice import Choice, Question
from governance.ballots.hours import Hours, close_entry, extension_entry
from governance.ballots.issuance import NO_MARK, Desk, Mark, Request, request_for
from governance.ballots.log import Log, MemoryStore, Witness, first_entry
from governance.ballots.manifest import (
    DeskTerms,
    Manifest,
    RelyingParty,
    RollTerms,
    TrusteeTerms,
)
from governance.ballots.manifest import sign as sign_manifest
from governance.ballots.plain import Fields
from governance.ballots.receipt import Receipt, receipt_for
from governance.ballots.roll import SALT_BYTES, RollEntry, commitment_to, in_order, root_of_roll
from governance.ballots.tally import CountingRule, Issuance, certificate, lot_seed, tally
from governance.ballots.trustees import Trustee
from governance.tier import Tier
from simulation.software_passkey import SoftwarePasskey

ORIGIN = "https://vote.khan.example"
RP_ID = "vote.khan.example"
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Officials:
    """Everybody who holds a key, with it."""

    issuers: tuple[rsa.RSAPrivateKey, ...]
    desks: tuple[Ed25519PrivateKey, ...]
    board: Ed25519PrivateKey
    witnesses: tuple[Ed25519PrivateKey, ...]
    trustees: tuple[Ed25519PrivateKey, ...]
    election: X25519PrivateKey
    lot: bytes

    @classmethod
    def appoint(cls, chance: Chance, *, modulus_bits: int = 2048) -> "Officials":
        """Two desks, two witnesses, five trustees; their RSA keys are the system's chance."""
        return cls(
            issuers=tuple(
                rsa.generate_private_key(public_exponent=65537, key_size=modulus_bits)
                for _ in range(2)
            ),
            desks=(_ed25519(chance), _ed25519(chance)),
            board=_ed25519(chance),
            witnesses=(_ed25519(chance), _ed25519(chance)),
            trustees=tuple(_ed25519(chance) for _ in range(5)),
            election=X25519PrivateKey.from_private_bytes(_bytes(chance, 32)),
            lot=_bytes(chance, 32),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """A member with a passkey for voting, and the salt of their entry on the roll."""

    member: str
    salt: bytes
    passkey: SoftwarePasskey

    @classmethod
    def enrol(cls, member: str, chance: Chance) -> "Voter":
        """A member with a new passkey."""
        passkey = SoftwarePasskey(
            rp_id=RP_ID, credential_id=_bytes(chance, 16), user_handle=b"",
            secret=1 + chance.below(_P256_ORDER - 1),
        )  # fmt: skip
        return cls(member=member, salt=_bytes(chance, SALT_BYTES), passkey=passkey)

    def roll_entry(self, tier: Tier) -> RollEntry:
        """Their entry on the roll."""
        public = ec.derive_private_key(self.passkey.secret, ec.SECP256R1()).public_key()
        return RollEntry(
            commitment=commitment_to(self.member, self.salt),
            credential=public.public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
            name=self.member if tier is Tier.OPEN else "",
        )

    def sign_request(self, manifest: Manifest, requests: tuple[bytes, ...]) -> Request:
        """The request for a ballot, signed by the passkey."""
        commitment = commitment_to(self.member, self.salt)
        challenge = challenge_for(manifest.digest(), commitment, requests)
        answer = self.passkey.answer_to(challenge, origin=ORIGIN)
        return Request(
            commitment=commitment,
            requests=requests,
            assertion=Assertion(
                authenticator_data=answer.authenticator_data,
                client_data=answer.client_data,
                signature=answer.signature,
            ),
        )


def notice(
    officials: Officials,
    question: Question,
    *,
    tier: Tier,
    roll: Sequence[RollEntry],
    hours: Hours,
) -> Manifest:
    """The manifest of a rehearsed vote."""
    sealed, is_open = tier is Tier.SEALED, tier is Tier.OPEN
    names = ("secretary", "city-clerk")[: 2 if sealed else 1]
    people = tuple(
        _named(f"khan.example/trustee/{number}", key)
        for number, key in enumerate(officials.trustees, start=1)
    )
    return Manifest(
        vote="rehearsal-1", tier=tier, question=question,
        opens_at_ms=hours.opens_at_ms, closes_at_ms=hours.closes_at_ms, grace_seconds=_MINUTE,
        roll=RollTerms(date="2030-01-01", size=len(roll), root=root_of_roll(roll)),
        desks=tuple(
            DeskTerms(
                log=_named(f"khan.example/desk/{name}", key),
                issuer=SoftwareSigner(issuer).public_key if sealed else None,
            )
            for name, key, issuer in zip(names, officials.desks, officials.issuers, strict=False)
        ),
        board=_named("khan.example/board", officials.board),
        witnesses=tuple(
            _named(f"witness.example/{number}", key, SignatureType.COSIGNATURE)
            for number, key in enumerate(officials.witnesses, start=1)
        ),
        witnesses_needed=2,
        trustees=None if is_open else TrusteeTerms(
            election_key=officials.election.public_key().public_bytes_raw(),
            people=people, needed=3,
        ),
        lot_commitment=hashlib.sha256(officials.lot).digest(),
        relying_party=RelyingParty(rp_id=RP_ID, origins=(ORIGIN,)),
        content_bytes=256,
    )  # fmt: skip


class RehearsedVote:
    """One vote from its notice to its bundle."""

    def __init__(
        self, officials: Officials, manifest: Manifest, roll: Sequence[RollEntry], *, chance: Chance
    ) -> None:
        self.officials, self.manifest, self.roll, self.chance = officials, manifest, roll, chance
        self.hours = Hours.of(manifest)
        self.desk_logs = [Log(one.log, MemoryStore()) for one in manifest.desks]
        self.board = Log(manifest.board, MemoryStore())
        self.marks: list[dict[bytes, Mark]] = [{} for _ in manifest.desks]
        self.standings: dict[bytes, KeyStanding] = {}
        self.heads: dict[str, list[str]] = {log.key.name: [] for log in self.logs}
        self._entries = {one.commitment: one for one in roll}
        self._box = Box(manifest=manifest)
        self._witnesses = [
            Witness(key, signer)
            for key, signer in zip(manifest.witnesses, officials.witnesses, strict=True)
        ]
        for log in self.logs:
            log.append(first_entry(manifest.digest()))

    @property
    def logs(self) -> list[Log]:
        """The desks' logs and the board."""
        return [*self.desk_logs, self.board]

    def desk(self, number: int) -> Desk:
        """An issuing desk."""
        sealed = self.manifest.tier is Tier.SEALED
        signer = SoftwareSigner(self.officials.issuers[number]) if sealed else None
        return Desk(manifest=self.manifest, number=number, signer=signer)

    def take(self, voter: Voter, *, at_ms: int) -> BallotKey:
        """A voter makes a ballot key and has it signed at every desk."""
        signer = _ed25519(self.chance)
        public = signer.public_key().public_bytes_raw()
        message = token_message(self.manifest.digest(), public)
        issuers = [one.issuer for one in self.manifest.desks if one.issuer is not None]
        blinded = [
            blind_rsa.blind(key, blind_rsa.prepare(message, self.chance), self.chance)
            for key in issuers
        ]
        asked = [one.message for one in blinded]
        if self.manifest.tier is Tier.OPEN:
            asked = [public]
        request = voter.sign_request(self.manifest, tuple(request_for(one) for one in asked))
        signed = [
            self.issue(number, request, blinded[number].message if blinded else None, at_ms=at_ms)
            for number in range(len(self.manifest.desks))
        ]
        tokens = tuple(
            Token(
                prefix=one.prepared[: blind_rsa.PREFIX_BYTES],
                signature=blind_rsa.finalize(key, one, answer or b""),
            )
            for key, one, answer in zip(issuers, blinded, signed, strict=False)
        )
        return BallotKey(public=public, signer=signer, tokens=tokens)

    def issue(
        self, number: int, request: Request, blinded: bytes | None, *, at_ms: int
    ) -> bytes | None:
        """One desk's answer to a request, noted in its marks and its log."""
        marks = self.marks[number]
        found = self.desk(number).issue(
            request, blinded=blinded, roll_entry=self._entries.get(request.commitment),
            mark=marks.get(request.commitment, NO_MARK), hours=self.hours, at_ms=at_ms,
        )  # fmt: skip
        if found.entry is not None:
            self.desk_logs[number].append(found.entry)
            marks[request.commitment] = Mark(issued=request.requests)
        return found.signature

    def vote(
        self, key: BallotKey, choice: Choice, *, sequence: int, at_ms: int, voter: bytes = b""
    ) -> int:
        """A ballot goes into the box; its number on the board comes back."""
        ballot = fill(self.manifest, key, choice, sequence=sequence, voter=voter)
        standing = self.standings.get(key.public, NEVER_SEEN)
        entry = self._box.receive(ballot, standing=standing, hours=self.hours, at_ms=at_ms)
        self.standings[key.public] = replace(standing, latest_sequence=sequence)
        return self.board.append(entry)

    def change_to_paper(self, voter: Voter, key: BallotKey | None, *, at_ms: int) -> None:
        """A member gets a ballot paper at a staffed desk; what was issued is cancelled first."""
        if key is not None:
            slip = cancellation(self.manifest.digest(), key)
            standing = self.standings.get(key.public, NEVER_SEEN)
            self.board.append(
                self._box.cancel(slip, standing=standing, hours=self.hours, at_ms=at_ms)
            )
            self.standings[key.public] = replace(standing, is_cancelled=True)
        entry = self._entries[commitment_to(voter.member, voter.salt)]
        for number, log in enumerate(self.desk_logs):
            mark = self.marks[number].get(entry.commitment, NO_MARK)
            log.append(
                self.desk(number).admit_to_paper(
                    entry, mark=mark, has_cancelled=key is not None, hours=self.hours, at_ms=at_ms
                )
            )
            self.marks[number][entry.commitment] = replace(mark, paper=True)

    def extend(self, closes_at_ms: int, *, at_ms: int) -> None:
        """A later close, after an outage."""
        self.hours = self.hours.extended(closes_at_ms, at_ms=at_ms)
        self.board.append(extension_entry(self.hours, "the board was down"))

    def sign_head(self, log: Log, *, at_seconds: int) -> str:
        """A log's head, signed by its keeper and every witness, and kept for the bundle."""
        keys = (*self.officials.desks[: len(self.desk_logs)], self.officials.board)
        signer = keys[self.logs.index(log)]
        note = log.signed_head(signer)
        earlier = self.heads[log.key.name]
        seen = int(earlier[-1].split("\n")[1]) if earlier else 0
        proof = log.growth_from(seen) if seen else ()
        for witness in self._witnesses:
            note = witness.cosign(note, keeper=log.key, proof=proof, at_seconds=at_seconds)
        earlier.append(note)
        return note

    def receipt(self, index: int, *, at_seconds: int) -> Receipt:
        """The receipt for an entry, under a head signed now."""
        note = self.sign_head(self.board, at_seconds=at_seconds)
        return receipt_for(self.board, index, manifest_digest=self.manifest.digest(), note=note)

    def close(self, papers: Sequence[Choice] = ()) -> None:
        """Close the board, read the papers, and have every log's last head signed."""
        closed_at = -(-self.hours.closes_at_ms // 1000)
        self.board.append(close_entry(self.hours))
        self.sign_head(self.board, at_seconds=closed_at + 1)
        for entry in paper_entries(papers, hours=self.hours, at_ms=self.hours.closes_at_ms):
            self.board.append(entry)
        for log in self.desk_logs if not papers else self.logs:
            self.sign_head(log, at_seconds=closed_at + 2)

    def releases(self) -> tuple[Fields, ...]:
        """Three trustees give up their shares, which give the key."""
        terms = self.manifest.trustees
        if terms is None:
            return ()
        shares = trustees.deal(self.officials.election, needed=terms.needed, people=5)
        kept = [
            Trustee(key=key, signer=signer, share=share)
            for key, signer, share in zip(
                terms.people, self.officials.trustees, shares, strict=True
            )
        ]
        released = [
            one.release(
                self.manifest.digest(), self.board.head, hours=self.hours,
                at_ms=self.hours.closes_at_ms + 60_000,
            )
            for one in kept[1:4]
        ]  # fmt: skip
        trustees.combine([share for share, _ in released], terms)
        return tuple(statement for _, statement in released)

    def bundle(self, counting_rule: CountingRule) -> Bundle:
        """Everything about the vote, counted."""
        officials, head, releases = self.officials, self.board.head, self.releases()
        election = None if self.manifest.trustees is None else officials.election
        found = tally(self.manifest, self.board.lines(), election)
        result = counting_rule(
            self.manifest.question, found.votes, lot_seed=lot_seed(officials.lot, head)
        )
        issued = tuple(
            sum(mark.issued is not None for mark in marks.values()) for marks in self.marks
        )
        signers = (*officials.desks[: len(self.desk_logs)], officials.board)
        return Bundle(
            manifest=self.manifest.document(),
            manifest_note=sign_manifest(self.manifest, signers),
            roll=self.roll,
            desks=[PublishedLog(lines=o.lines(), notes=self.heads[o.key.name]) for o in self.desk_logs],
            board=PublishedLog(lines=self.board.lines(), notes=self.heads[self.board.key.name]),
            opening=bundle.opening_document(
                election_key=None if election is None else election.private_bytes_raw(),
                lot=officials.lot, releases=releases,
            ),
            certificate=certificate(
                self.manifest, found, head=head, issuance=Issuance(issued=issued), result=result
            ),
        )  # fmt: skip


def roll_of(voters: Sequence[Voter], tier: Tier) -> tuple[RollEntry, ...]:
    """The frozen roll of these voters."""
    return in_order(one.roll_entry(tier) for one in voters)


def _named(name: str, key: Ed25519PrivateKey, kind: SignatureType = SignatureType.NOTE) -> NamedKey:
    return NamedKey(name=name, public=key.public_key().public_bytes_raw(), kind=kind)


def _ed25519(chance: Chance) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_bytes(chance, 32))


def _bytes(chance: Chance, count: int) -> bytes:
    return chance.bits(8 * count).to_bytes(count, "big")
