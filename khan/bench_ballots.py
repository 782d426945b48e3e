"""`khan bench ballots`: a sealed vote of a whole city, made here and verified as anybody would.

Desks and voters are the real parts, but for one shortcut: the desks sign the prepared messages in
one step instead of blindly, which gives the same signatures and spares the maker the blinding. One
in twenty changes their mind; one in a thousand sends something that is no choice.
"""

import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from rich.console import Console

from foundation.chance import SeededChance
from foundation.errors import Conflict
from governance.ballots import ballot as ballots_
from governance.ballots import blind_rsa, bundle
from governance.ballots.ballot import Ballot, BallotKey, Token, fill, token_message
from governance.ballots.choice import Choice, Mark, Question, RuleName
from governance.ballots.hours import Hours
from governance.ballots.issuance import Mark as DeskMark
from governance.ballots.issuance import request_for
from governance.ballots.manifest import Manifest
from governance.ballots.manifest import read as read_manifest
from governance.ballots.plain import Fields, list_of, number_of, pack, parse
from governance.tier import Tier
from khan.measured import Measured, measured
from simulation.rehearsed_vote import Officials, RehearsedVote, Voter, notice, roll_of

_OPENS_AT_MS, _CLOSES_AT_MS = 1_900_000_000_000, 1_900_600_000_000
_CHUNK = 500
_QUESTION = Question(
    text="Shall the fare change?",
    rule=RuleName.FOR_AGAINST,
    parameters={"required": ">1/2", "quorum": 0},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voted:
    """What one member did: the requests their passkey signed, and their ballots in order."""

    request: Fields
    requests: tuple[bytes, ...]
    commitment: bytes
    key: bytes
    ballots: tuple[Fields, ...]


class BundleWrong(Conflict):
    """The bundle that was to be measured does not verify."""

    code = "measured_bundle_wrong"

    def __init__(self, said: str) -> None:
        super().__init__(f"The bundle does not verify, so there is nothing to measure: {said}")


def run(
    *,
    ballots: int,
    modulus_bits: int,
    processes: int,
    seed: int,
    keep: Path | None,
    made: Path | None,
    console: Console,
) -> None:
    """Make a bundle, or take one that was made; verify it as anybody would, and tell what that takes.

    Raises
    ------
    BundleWrong
        If it does not verify.
    """
    with tempfile.TemporaryDirectory(prefix="khan-ballots-") as folder:
        path = made or keep or Path(folder) / "bundle.zip"
        if made is None:
            begun = time.monotonic()
            console.print(f"Making a sealed vote of {ballots:,} members ({modulus_bits} bits) ...")
            make(path, ballots=ballots, modulus_bits=modulus_bits, processes=processes, seed=seed)
            console.print(f"  made in {time.monotonic() - begun:.0f} s")
        # A program of its own, as whoever checks a vote runs it: what made the bundle is not in it.
        words = ("-m", "verifier", str(path), "--processes", str(processes))
        found = measured(words, said=Path(folder) / "said")
        if found.status != 0:
            raise BundleWrong(found.output.strip() or f"status {found.status}")
        console.print(_told(path, processes, found))


def _told(path: Path, processes: int, found: Measured) -> str:
    with zipfile.ZipFile(path) as archive:
        certificate = parse(archive.read("certificate.json"))
    counted, broken = number_of(certificate, "valid"), len(list_of(certificate, "broken"))
    memory = (
        "memory not told by this system"
        if found.memory_bytes is None
        else f"{found.memory_bytes / 1e6:,.0f} MB (each process's most, added up)"
    )
    return (
        f"Verified {counted + broken:,} ballots ({path.stat().st_size:,} bytes) by {processes} "
        f"processes: {found.wall_seconds:.1f} s on the wall, {found.processor_seconds:.1f} s of "
        f"processor time, {memory}; {counted:,} counted, {broken:,} broken."
    )


def make(path: Path, *, ballots: int, modulus_bits: int, processes: int, seed: int) -> None:
    """Write the bundle of a vote in which everybody votes."""
    chance = SeededChance(f"ballots {seed}")
    officials = Officials.appoint(chance, modulus_bits=modulus_bits)
    voters = [Voter.enrol(f"member-{number}", chance) for number in range(ballots)]
    roll = roll_of(voters, Tier.SEALED)
    hours = Hours(opens_at_ms=_OPENS_AT_MS, closes_at_ms=_CLOSES_AT_MS)
    manifest = notice(officials, _QUESTION, tier=Tier.SEALED, roll=roll, hours=hours)
    vote = RehearsedVote(officials, manifest, roll, chance=chance)
    issuers = [
        one.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        for one in officials.issuers
    ]
    jobs = [
        (manifest.document(), issuers, voters[at : at + _CHUNK], seed + at)
        for at in range(0, ballots, _CHUNK)
    ]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        for number, done in enumerate(pool.map(_vote_many, jobs)):
            for voted in done:
                _enter(vote, voted)
            if number % 8 == 0:
                vote.sign_head(vote.board, at_seconds=_OPENS_AT_MS // 1000 + 60 * number)
    vote.close()
    with path.open("wb") as file:
        bundle.write(vote.bundle(_count), file)


def _enter(vote: RehearsedVote, voted: Voted) -> None:
    for log, marks in zip(vote.desk_logs, vote.marks, strict=True):
        log.append(voted.request)
        marks[voted.commitment] = DeskMark(issued=voted.requests)
    for one in voted.ballots:
        vote.board.append({"kind": "ballot", "ballot": one})


def _vote_many(job: tuple[bytes, Sequence[bytes], Sequence[Voter], int]) -> list[Voted]:
    """Many members vote, each by themselves."""
    document, issuers, voters, seed = job
    manifest, keys = read_manifest(document), []
    for one in issuers:
        key = serialization.load_der_private_key(
            one,
            None,
            unsafe_skip_rsa_key_validation=True,  # made here a moment ago
        )
        assert isinstance(key, rsa.RSAPrivateKey)
        keys.append(key)
    chance = SeededChance(f"voters {seed}")
    return [_vote_one(manifest, keys, voter, chance) for voter in voters]


def _vote_one(
    manifest: Manifest, issuers: Sequence[rsa.RSAPrivateKey], voter: Voter, chance: SeededChance
) -> Voted:
    signer = Ed25519PrivateKey.from_private_bytes(chance.bits(256).to_bytes(32, "big"))
    public = signer.public_key().public_bytes_raw()
    message = token_message(manifest.digest(), public)
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), blind_rsa.SALT_BYTES)
    tokens = []
    for issuer in issuers:
        prepared = blind_rsa.prepare(message, chance)
        signature = issuer.sign(prepared, scheme, hashes.SHA384())
        tokens.append(Token(prefix=prepared[: blind_rsa.PREFIX_BYTES], signature=signature))
    asked = tuple(request_for(chance.bits(256).to_bytes(32, "big")) for _ in issuers)
    request = voter.sign_request(manifest, asked)
    assert request.assertion is not None
    key = BallotKey(public=public, signer=signer, tokens=tuple(tokens))
    return Voted(
        request={
            "kind": "issued",
            "commitment": pack(request.commitment),
            "requests": [pack(one) for one in asked],
            "assertion": request.assertion.document(),
        },
        requests=asked,
        commitment=request.commitment,
        key=public,
        ballots=tuple(one.document() for one in _ballots(manifest, key, chance)),
    )


def _ballots(manifest: Manifest, key: BallotKey, chance: SeededChance) -> Iterator[Ballot]:
    if chance.below(1000) == 0:
        yield _nonsense(manifest, key)
        return
    for sequence in (1, 2) if chance.below(20) == 0 else (1,):
        yield fill(manifest, key, Mark(_MARKS[chance.below(5)]), sequence=sequence)


_MARKS = ("for", "for", "against", "against", "abstain")


def _nonsense(manifest: Manifest, key: BallotKey) -> Ballot:
    """A ballot in order in all but what it says."""
    assert manifest.trustees is not None
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    public = X25519PublicKey.from_public_bytes(manifest.trustees.election_key)
    context = ballots_.content_context(manifest.digest(), key.public, 1)
    content = suite.encrypt(b"\xff" * manifest.content_bytes, public, info=context)
    filled = replace(fill(manifest, key, Mark("for"), sequence=1), content=content)
    return replace(filled, signature=key.signer.sign(filled.signed_bytes()))


def _count(question: Question, votes: Sequence[tuple[Choice, int]], *, lot_seed: bytes) -> Fields:
    """For and against, by adding up."""
    said = {one.mark: count for one, count in votes if isinstance(one, Mark)}
    found = {mark: said.get(mark, 0) for mark in ("for", "against", "abstain")}
    outcome = "passed" if found["for"] > found["against"] else "not_enough"
    if found["for"] == found["against"]:
        outcome = "tie"
    return {"rule": question.rule.value, **found, "outcome": outcome}
