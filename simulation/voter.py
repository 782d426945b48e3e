"""A voter's device as a program: asks two desks, votes at the box, over HTTP and nothing else.

Everything is kept in a folder before it is sent, so that a device that dies in between goes on where it
was: the request to the desks, the ballot key with the desks' signatures, the cancellation slip, each
ballot, the receipt. Whoever has the folder has the vote; the slip is for keeping elsewhere.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.chance import Chance
from governance.ballots import ballot as ballots
from governance.ballots import blind_rsa, receipt
from governance.ballots import manifest as manifests
from governance.ballots.assertion import Assertion, challenge_for
from governance.ballots.ballot import BallotKey, cancellation, token_message, token_of, token_texts
from governance.ballots.blind_rsa import PREFIX_BYTES, Blinded
from governance.ballots.choice import Choice
from governance.ballots.errors import DocumentMalformed
from governance.ballots.issuance import request_for
from governance.ballots.manifest import Manifest
from governance.ballots.plain import Fields, canonical, list_of, pack, parse, unpack
from governance.tier import Tier
from simulation.client import Refused, ServiceGone
from simulation.software_passkey import SoftwarePasskey

TRIES_MAX = 4
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where a poll is held: its desks in the manifest's order, and the box."""

    desks: tuple[httpx.AsyncClient, ...]
    box: httpx.AsyncClient


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """The voter's entry of the roll and the passkey that stands in it."""

    commitment: bytes
    passkey: SoftwarePasskey


class VoterFolder:
    """One poll on one device.

    Parameters
    ----------
    folder
        Made if it is missing; read by its owner alone.
    manifest
        The poll's terms, as published.
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder, self.manifest = folder, manifest
        self.poll_path = f"/v1/polls/{manifest.vote}"

    def keep(self, name: str, document: Fields) -> None:
        """Keep a document, whole or not at all."""
        draft = self.folder / f"{name}.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(canonical(document))
        draft.rename(self.folder / name)

    def find(self, name: str) -> Fields | None:
        """A document that was kept."""
        place = self.folder / name
        return parse(place.read_bytes()) if place.exists() else None

    def ballot_key(self) -> BallotKey | None:
        """The ballot key, once it is made; without tokens until the desks have signed."""
        kept = self.find("key.json")
        if kept is None:
            return None
        signer = Ed25519PrivateKey.from_private_bytes(unpack(kept["secret"], 32))
        return BallotKey(
            public=signer.public_key().public_bytes_raw(),
            signer=signer,
            tokens=tuple(token_of(one) for one in list_of(kept, "tokens")),
        )

    def latest(self) -> tuple[int, Fields | None]:
        """The number of the newest ballot, and the ballot; 0 if there is none."""
        numbers = [int(place.stem.split("-")[1]) for place in self.folder.glob("ballot-*.json")]
        newest = max(numbers, default=0)
        return newest, self.find(f"ballot-{newest}.json") if newest else None


async def prepare(kept: VoterFolder, places: Places, entry: OwnEntry, chance: Chance) -> BallotKey:
    """Make a ballot key and have every desk sign it blindly (sealed); again gives the same key.

    Raises
    ------
    Refused, ServiceGone
        As a desk answers; asking again with the same folder goes on.
    BlindSignatureInvalid
        If a desk has signed something else.
    """
    found = kept.ballot_key()
    if found is not None:
        # A request that is still there: the device died before the slip was kept.
        return found if kept.find("request.json") is None else _finished(kept, found)
    manifest = kept.manifest
    if manifest.tier is not Tier.SEALED:
        return _keep_key(kept, _secret(chance), ())
    asked = _request(kept, chance)
    signer = Ed25519PrivateKey.from_private_bytes(unpack(asked["secret"], 32))
    blinded = [_blinded(one) for one in list_of(asked, "blinded")]
    body = _signed_request(manifest, entry, blinded)
    answers = await asyncio.gather(*(
        ask(desk, "POST", f"/desk{kept.poll_path}/issue", {**body, "blinded": pack(one.message)})
        for desk, one in zip(places.desks, blinded, strict=True)
    ))  # fmt: skip
    issuers = [one.issuer for one in manifest.desks if one.issuer is not None]
    tokens = tuple(
        ballots.Token(
            prefix=one.prepared[:PREFIX_BYTES],
            signature=blind_rsa.finalize(issuer, one, unpack(parse(answer)["signature"])),
        )
        for issuer, one, answer in zip(issuers, blinded, answers, strict=True)
    )
    return _keep_key(kept, signer.private_bytes_raw(), tokens)


def fill(kept: VoterFolder, choice: Choice) -> Fields:
    """A ballot of a choice, kept before it is sent; a change of mind has the next number.

    Raises
    ------
    BallotFormUnusable
        If the choice is longer than the poll allows.
    """
    key = kept.ballot_key()
    assert key is not None, "prepare comes first"
    number = kept.latest()[0] + 1
    made = ballots.fill(kept.manifest, key, choice, sequence=number).document()
    kept.keep(f"ballot-{number}.json", made)
    return made


async def send(kept: VoterFolder, places: Places) -> str:
    """Hand the newest ballot to the box; its name there comes back. Sending again is one ballot.

    Raises
    ------
    Refused, ServiceGone
    """
    _, ballot = kept.latest()
    assert ballot is not None, "fill comes first"
    answer = parse(await ask(places.box, "POST", f"/box{kept.poll_path}/ballots", ballot))
    return str(answer["ballot"])


async def fetch_receipt(kept: VoterFolder, places: Places) -> receipt.Receipt | None:
    """The receipt of the newest ballot, checked and kept; None while it waits.

    A ballot that is not on the board is sent again: the box forgets what waits when its machine
    fails, and what it has already counts once.

    Raises
    ------
    Refused, ServiceGone
    DocumentMalformed, NoteInvalid, ProofInvalid
        If the receipt does not hold.
    """
    number, ballot = kept.latest()
    assert ballot is not None, "fill comes first"
    name = ballots_name(ballot)
    try:
        document = await ask(places.box, "GET", f"/box{kept.poll_path}/receipts/{name}")
    except Refused as refused:
        if refused.code != "ballot_not_on_board":
            raise
        if kept.manifest.tier is Tier.SEALED:
            await send(kept, places)
        return None
    found = receipt.read(document)
    receipt.check(found, kept.manifest)
    kept.keep(f"receipt-{number}.json", parse(document))
    return found


async def cancel(kept: VoterFolder, places: Places) -> None:
    """Hand in the cancellation slip: the ballot is struck out, and paper takes its place.

    Raises
    ------
    Refused, ServiceGone
    """
    slip = kept.find("slip.json")
    assert slip is not None, "prepare comes first"
    await ask(places.box, "POST", f"/box{kept.poll_path}/cancellations", slip)


def ballots_name(ballot: Fields) -> str:
    """The name of a ballot at the box: SHA-256 of its canonical document."""
    return request_for(canonical(ballot)).hex()


def read_manifest(document: bytes, digest: str) -> Manifest:
    """A published manifest, held against the hash in the notice.

    Raises
    ------
    DocumentMalformed
        If it is another one.
    """
    found = manifests.read(document)
    if found.digest().hex() != digest:
        raise DocumentMalformed("it is not the manifest whose hash was published")
    return found


async def ask(http: httpx.AsyncClient, method: str, path: str, body: Fields | None = None) -> bytes:
    """Ask, again if the other side is away.

    Raises
    ------
    Refused, ServiceGone
    """
    for attempt in range(TRIES_MAX):
        try:
            answer = await http.request(
                method, path, content=None if body is None else canonical(body),
                headers={} if body is None else {"Content-Type": "application/json"},
            )  # fmt: skip
        except httpx.TransportError:
            await asyncio.sleep(0.1 * 2**attempt)
            continue
        if answer.status_code in _AGAIN:
            await asyncio.sleep(0.1 * 2**attempt)
            continue
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.json())
        return answer.content if "receipts" in path else canonical(answer.json())
    raise ServiceGone(f"{method} {http.base_url}")


def _request(kept: VoterFolder, chance: Chance) -> Fields:
    """What is asked of the desks, made once: a desk signs one request for each member."""
    found = kept.find("request.json")
    if found is not None:
        return found
    secret = _secret(chance)
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    message = token_message(kept.manifest.digest(), public)
    blinded = []
    for desk in kept.manifest.desks:
        assert desk.issuer is not None
        one = blind_rsa.blind(desk.issuer, blind_rsa.prepare(message, chance), chance)
        blinded.append(
            {
                "message": pack(one.message),
                "inverse": f"{one.inverse:x}",
                "prepared": pack(one.prepared),
            }
        )
    made: Fields = {"secret": pack(secret), "blinded": blinded}
    kept.keep("request.json", made)
    return made


def _blinded(value: object) -> Blinded:
    assert isinstance(value, dict)
    return Blinded(
        message=unpack(value["message"]),
        inverse=int(value["inverse"], 16),
        prepared=unpack(value["prepared"]),
    )


def _signed_request(manifest: Manifest, entry: OwnEntry, blinded: Sequence[Blinded]) -> Fields:
    """One gesture serves all desks."""
    requests = tuple(request_for(one.message) for one in blinded)
    answer = entry.passkey.answer_to(
        challenge_for(manifest.digest(), entry.commitment, requests),
        origin=manifest.relying_party.origins[0],
    )
    assertion = Assertion(
        authenticator_data=answer.authenticator_data,
        client_data=answer.client_data,
        signature=answer.signature,
    )
    return {
        "commitment": pack(entry.commitment),
        "requests": [pack(one) for one in requests],
        "assertion": assertion.document(),
    }


def _keep_key(kept: VoterFolder, secret: bytes, tokens: tuple[ballots.Token, ...]) -> BallotKey:
    kept.keep("key.json", {"secret": pack(secret), "tokens": token_texts(tokens)})
    key = kept.ballot_key()
    assert key is not None
    return _finished(kept, key)


def _finished(kept: VoterFolder, key: BallotKey) -> BallotKey:
    """With its slip, and without the request, which ties the ballot to the member who asked."""
    if kept.find("slip.json") is None:
        kept.keep("slip.json", cancellation(kept.manifest.digest(), key))
    (kept.folder / "request.json").unlink(missing_ok=True)
    return key


def _secret(chance: Chance) -> bytes:
    return chance.bits(256).to_bytes(32, "big")
