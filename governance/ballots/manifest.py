"""The manifest: everything that must stand before a vote opens, as one document with one hash.

The hash stands in the notice of the vote, in entry 0 of every log, in every token and under every
ciphertext, so that nothing of one vote can be used in another and nothing can be changed afterwards.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from governance.ballots import checkpoint
from governance.ballots.blind_rsa import IssuerKey
from governance.ballots.checkpoint import NamedKey, SignatureType, Signer
from governance.ballots.choice import Question, question_of
from governance.ballots.errors import BallotFormUnusable, DocumentMalformed
from governance.ballots.merkle import HASH_BYTES
from governance.ballots.plain import (
    Fields,
    Plain,
    as_object,
    canonical,
    list_of,
    number_of,
    object_of,
    only,
    pack,
    parse,
    text_of,
    unpack,
)
from governance.tier import Tier

FORMAT = "khan-cars manifest 1"
KEY_BYTES = 32
CONTENT_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTerms:
    """A desk: the name and key of its log, and the key it signs ballots with (sealed only)."""

    log: NamedKey
    issuer: IssuerKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteeTerms:
    """Who opens the votes: the key that ballots are sealed to, the people, how many are needed."""

    election_key: bytes
    people: tuple[NamedKey, ...]
    needed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RollTerms:
    """The roll as it was frozen: day (ISO 8601), number of entries, Merkle root over them."""

    date: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """Where members sign requests with their passkeys: the domain and its web origins."""

    rp_id: str
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The terms of one vote.

    Attributes
    ----------
    vote
        Its identifier, as in the notice.
    opens_at_ms, closes_at_ms
        Milliseconds since 1970-01-01 UTC; the vote is open from the first to before the second.
    grace_seconds
        How long after the close the witnesses may take to sign the board as it closed.
    desks
        Two or more (sealed), or the office alone.
    witnesses_needed
        How many of `witnesses` must have signed a head of a log.
    trustees
        None where ballots are not sealed (open).
    lot_commitment
        SHA-256 of the 32 bytes that, joined with the closed board, settle ties.
    content_bytes
        Every choice is padded to this length before it is sealed.
    """

    vote: str
    tier: Tier
    question: Question
    opens_at_ms: int
    closes_at_ms: int
    grace_seconds: int
    roll: RollTerms
    desks: tuple[DeskTerms, ...]
    board: NamedKey
    witnesses: tuple[NamedKey, ...]
    witnesses_needed: int
    trustees: TrusteeTerms | None
    lot_commitment: bytes
    relying_party: RelyingParty
    content_bytes: int
    _digests: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sealed = self.tier is Tier.SEALED
        _insist(self.opens_at_ms < self.closes_at_ms, "a vote closes after it opens")
        _insist(len(self.desks) >= (2 if sealed else 1), "a sealed vote has two desks or more")
        _insist(sealed or len(self.desks) == 1, "only a sealed vote has more than one desk")
        issuing = [one.issuer is not None for one in self.desks]
        _insist(all(issuing) if sealed else not any(issuing), "desks sign in a sealed vote alone")
        moduli = {one.issuer.modulus for one in self.desks if one.issuer is not None}
        _insist(not sealed or len(moduli) == len(self.desks), "each desk has a key of its own")
        _insist(
            (self.trustees is None) == (self.tier is Tier.OPEN),
            "an open vote alone has no trustees",
        )
        if self.trustees is not None:
            people = len(self.trustees.people)
            _insist(1 <= self.trustees.needed <= people, "too few trustees for what is needed")
            _insist(
                len({one.name for one in self.trustees.people}) == people,
                "two trustees have one name",
            )
        _insist(
            0 <= self.witnesses_needed <= len(self.witnesses),
            "too few witnesses for what is needed",
        )
        names = [key.name for key in (*self.log_keys(), *self.witnesses)]
        _insist(len(set(names)) == len(names), "two logs or witnesses have one name")
        _insist(64 <= self.content_bytes <= CONTENT_BYTES_MAX, "content has 64 to 4096 bytes")

    def log_keys(self) -> tuple[NamedKey, ...]:
        """The keys of the desks' logs and of the board."""
        return (*(one.log for one in self.desks), self.board)

    def document(self) -> bytes:
        """The manifest as it is published and hashed."""
        return canonical(
            {
                "format": FORMAT,
                "vote": self.vote,
                "tier": self.tier.value,
                **self.question.document(),
                "opens_at_ms": self.opens_at_ms,
                "closes_at_ms": self.closes_at_ms,
                "grace_seconds": self.grace_seconds,
                "roll": {
                    "date": self.roll.date,
                    "size": self.roll.size,
                    "root": pack(self.roll.root),
                },
                "desks": [_desk_document(one) for one in self.desks],
                "board": _key_document(self.board),
                "witnesses": [_key_document(one) for one in self.witnesses],
                "witnesses_needed": self.witnesses_needed,
                "trustees": None if self.trustees is None else _trustees_document(self.trustees),
                "lot_commitment": self.lot_commitment.hex(),
                "relying_party": {
                    "id": self.relying_party.rp_id,
                    "origins": list(self.relying_party.origins),
                },
                "content_bytes": self.content_bytes,
            }
        )

    def digest(self) -> bytes:
        """The hash by which everything else names this vote: SHA-256 of the document."""
        if not self._digests:  # asked for several times for each ballot
            self._digests.append(hashlib.sha256(self.document()).digest())
        return self._digests[0]

    def signing_text(self) -> str:
        """The note text that desks and board sign before the vote opens."""
        return f"{FORMAT}\n{self.vote}\n{pack(self.digest())}\n"


def sign(manifest: Manifest, signers: Sequence[Signer]) -> str:
    """The manifest's note, signed by every desk and the board in the order of `log_keys`."""
    text, keys = manifest.signing_text(), manifest.log_keys()
    lines = [
        checkpoint.signature_line(text, key, signer)
        for key, signer in zip(keys, signers, strict=True)
    ]
    return checkpoint.note(text, lines)


def read(document: bytes) -> Manifest:
    """The manifest that a document says.

    Raises
    ------
    DocumentMalformed, BallotFormUnusable
        If it says none, or one that makes no sense.
    """
    fields = parse(document)
    if fields.get("format") != FORMAT:
        raise DocumentMalformed(f"it is not a {FORMAT}")
    try:
        tier = Tier(text_of(fields, "tier"))
    except ValueError as error:
        raise DocumentMalformed("its tier is none of open, detached, sealed") from error
    roll, party = object_of(fields, "roll"), object_of(fields, "relying_party")
    trustees = fields.get("trustees")
    found = Manifest(
        vote=text_of(fields, "vote"),
        tier=tier,
        question=question_of(fields),
        opens_at_ms=number_of(fields, "opens_at_ms"),
        closes_at_ms=number_of(fields, "closes_at_ms"),
        grace_seconds=number_of(fields, "grace_seconds"),
        roll=RollTerms(
            date=text_of(roll, "date"),
            size=number_of(roll, "size"),
            root=unpack(roll.get("root"), HASH_BYTES),
        ),
        desks=tuple(_desk(one) for one in list_of(fields, "desks")),
        board=_key(object_of(fields, "board"), SignatureType.NOTE),
        witnesses=tuple(
            _key(as_object(one, "witness"), SignatureType.COSIGNATURE)
            for one in list_of(fields, "witnesses")
        ),
        witnesses_needed=number_of(fields, "witnesses_needed"),
        trustees=None if trustees is None else _trustees(as_object(trustees, "trustees")),
        lot_commitment=_hexadecimal(text_of(fields, "lot_commitment")),
        relying_party=RelyingParty(
            rp_id=text_of(party, "id"),
            origins=tuple(str(one) for one in list_of(party, "origins")),
        ),
        content_bytes=number_of(fields, "content_bytes"),
    )
    if found.document() != document:
        raise DocumentMalformed("it has fields that a manifest has not")
    return found


def _insist(holds: bool, otherwise: str) -> None:
    if not holds:
        raise BallotFormUnusable(otherwise)


def _hexadecimal(text: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise DocumentMalformed("a hash is not hexadecimal") from error
    if len(data) != HASH_BYTES:
        raise DocumentMalformed("a hash has not 32 bytes")
    return data


def _key_document(key: NamedKey) -> Fields:
    return {"name": key.name, "key": pack(key.public)}


def _key(fields: Mapping[str, Plain], kind: SignatureType) -> NamedKey:
    only(fields, "name", "key")
    public = unpack(fields.get("key"), KEY_BYTES)
    return NamedKey(name=text_of(fields, "name"), public=public, kind=kind)


def _desk_document(desk: DeskTerms) -> Fields:
    issuer = None if desk.issuer is None else pack(desk.issuer.to_spki())
    return {"log": _key_document(desk.log), "issuer": issuer}


def _desk(value: Plain) -> DeskTerms:
    fields = as_object(value, "desk")
    issuer = fields.get("issuer")
    return DeskTerms(
        log=_key(object_of(fields, "log"), SignatureType.NOTE),
        issuer=None if issuer is None else IssuerKey.from_spki(unpack(issuer)),
    )


def _trustees_document(trustees: TrusteeTerms) -> Fields:
    return {
        "election_key": pack(trustees.election_key),
        "people": [_key_document(one) for one in trustees.people],
        "needed": trustees.needed,
    }


def _trustees(fields: Mapping[str, Plain]) -> TrusteeTerms:
    return TrusteeTerms(
        election_key=unpack(fields.get("election_key"), KEY_BYTES),
        people=tuple(
            _key(as_object(one, "trustee"), SignatureType.NOTE) for one in list_of(fields, "people")
        ),
        needed=number_of(fields, "needed", least=1),
    )
