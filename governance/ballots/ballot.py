"""A ballot as it goes into the box, and how a voter's device makes one.

A ballot has a key of its own, made on the device; the desks' signatures on that key let it in, and
its own signature holds it together. Nothing in it tells whose it is (in an open vote all of it does).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from governance.ballots.blind_rsa import PREFIX_BYTES
from governance.ballots.checkpoint import Signer
from governance.ballots.choice import BallotBroken, Choice, Question, choice_of, fields_of, padded
from governance.ballots.choice import unpadded as _unpadded
from governance.ballots.errors import BallotRefused, DocumentMalformed
from governance.ballots.manifest import KEY_BYTES, Manifest
from governance.ballots.plain import (
    Fields,
    Plain,
    as_object,
    canonical,
    list_of,
    number_of,
    only,
    pack,
    unpack,
)

TOKEN_DOMAIN = b"khan-cars ballot token 1\0"
BALLOT_DOMAIN = b"khan-cars ballot 1\0"
CONTENT_DOMAIN = b"khan-cars ballot content 1\0"
CANCELLATION_DOMAIN = b"khan-cars ballot cancellation 1\0"
SEQUENCE_MAX = 1_000_000

_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
_OVERHEAD_BYTES = 48  # the encapsulated key and the tag


def token_message(manifest_digest: bytes, ballot_key: bytes) -> bytes:
    """What desks sign blindly: this vote and this ballot key (RFC 9474's `msg`)."""
    return TOKEN_DOMAIN + manifest_digest + ballot_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A desk's signature on a ballot key: the random prefix of RFC 9474 and the signature."""

    prefix: bytes
    signature: bytes


def token_of(value: Plain) -> Token:
    """The token in a document: prefix and signature in one.

    Raises
    ------
    DocumentMalformed
        If it is not bytes in base64.
    """
    data = unpack(value)
    return Token(prefix=data[:PREFIX_BYTES], signature=data[PREFIX_BYTES:])


def token_texts(tokens: Sequence[Token]) -> Sequence[Plain]:
    """Tokens as a document holds them."""
    return [pack(one.prefix + one.signature) for one in tokens]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """One ballot.

    Attributes
    ----------
    vote
        The manifest's hash.
    key
        The ballot key, Ed25519, 32 bytes.
    tokens
        One for each desk that signs, in the desks' order.
    sequence
        From 1; a change of mind has a higher one.
    content
        The sealed choice; in an open vote the plain document of it.
    voter
        In an open vote the entry of the roll, else empty.
    signature
        By the ballot key over everything else.
    """

    vote: bytes
    key: bytes
    tokens: tuple[Token, ...]
    sequence: int
    content: bytes | Fields
    voter: bytes = b""
    signature: bytes = b""

    def document(self) -> Fields:
        """The ballot as the board shows it."""
        return {**self._unsigned(), "signature": pack(self.signature)}

    def signed_bytes(self) -> bytes:
        """What the ballot key signs."""
        return BALLOT_DOMAIN + canonical(self._unsigned())

    def _unsigned(self) -> Fields:
        content = pack(self.content) if isinstance(self.content, bytes) else self.content
        return {
            "vote": pack(self.vote),
            "key": pack(self.key),
            "tokens": token_texts(self.tokens),
            "sequence": self.sequence,
            "content": content,
            "voter": pack(self.voter),
        }


def read(value: Plain) -> Ballot:
    """The ballot that a document says.

    Raises
    ------
    DocumentMalformed
        If it says none.
    """
    fields = as_object(value, "ballot")
    only(fields, "vote", "key", "tokens", "sequence", "content", "voter", "signature")
    content = fields["content"]
    sequence = number_of(fields, "sequence", least=1)
    if sequence > SEQUENCE_MAX:
        raise DocumentMalformed("its sequence number is past a million")
    return Ballot(
        vote=unpack(fields["vote"], 32),
        key=unpack(fields["key"], KEY_BYTES),
        tokens=tuple(token_of(one) for one in list_of(fields, "tokens")),
        sequence=sequence,
        content=unpack(content) if isinstance(content, str) else as_object(content, "content"),
        voter=unpack(fields["voter"]),
        signature=unpack(fields["signature"], 64),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotKey:
    """A ballot's key pair on the voter's device, with the desks' signatures on it."""

    public: bytes
    signer: Signer
    tokens: tuple[Token, ...] = ()


def fill(
    manifest: Manifest, key: BallotKey, choice: Choice, *, sequence: int, voter: bytes = b""
) -> Ballot:
    """Make a ballot of a choice: sealed to the trustees' key (plain in an open vote) and signed.

    The seal's own randomness is the library's: the operating system's generator.

    Raises
    ------
    BallotFormUnusable
        If the choice is longer than the vote allows.
    """
    digest = manifest.digest()
    content: bytes | Fields = fields_of(choice)
    if manifest.trustees is not None:
        public = X25519PublicKey.from_public_bytes(manifest.trustees.election_key)
        content = _SUITE.encrypt(
            padded(choice, manifest.content_bytes),
            public,
            info=content_context(digest, key.public, sequence),
        )
    ballot = Ballot(
        vote=digest, key=key.public, tokens=key.tokens, sequence=sequence, content=content,
        voter=voter,
    )  # fmt: skip
    return replace(ballot, signature=key.signer.sign(ballot.signed_bytes()))


def content_context(manifest_digest: bytes, ballot_key: bytes, sequence: int) -> bytes:
    """What a sealed content is bound to: copied into another ballot, it cannot be opened."""
    return CONTENT_DOMAIN + manifest_digest + ballot_key + sequence.to_bytes(8, "big")


def open_ballot(
    ballot: Ballot, election_key: X25519PrivateKey | None, *, question: Question, length: int
) -> Choice:
    """What a ballot says, once the trustees have put the key together.

    Raises
    ------
    BallotBroken
        If it cannot be opened or followed; the reason is listed with it.
    """
    if not isinstance(ballot.content, bytes):
        return choice_of(ballot.content, question)
    assert election_key is not None, "sealed ballots need the trustees' key"
    context = content_context(ballot.vote, ballot.key, ballot.sequence)
    try:
        content = _SUITE.decrypt(ballot.content, election_key, info=context)
    except (InvalidTag, ValueError) as error:
        raise BallotBroken("cannot_be_opened") from error
    return _unpadded(content, question, length=length)


def require_form(ballot: Ballot, manifest: Manifest) -> None:
    """Insist that a ballot has the parts that this vote's tier asks for, at their lengths.

    Raises
    ------
    BallotRefused
        If it has not.
    """
    digest = manifest.digest()
    if ballot.vote != digest:
        raise BallotRefused("of_another_vote")
    issuers = [one.issuer for one in manifest.desks if one.issuer is not None]
    if len(ballot.tokens) != len(issuers):
        raise BallotRefused("signed_by_too_few_desks")
    open_vote = manifest.trustees is None
    if bool(ballot.voter) != open_vote or isinstance(ballot.content, bytes) == open_vote:
        raise BallotRefused("not_of_this_tier")
    sealed_bytes = manifest.content_bytes + _OVERHEAD_BYTES
    if isinstance(ballot.content, bytes) and len(ballot.content) != sealed_bytes:
        raise BallotRefused("content_of_another_length")


def cancellation(manifest_digest: bytes, key: BallotKey) -> Fields:
    """The slip that strikes a ballot key out for good, so that paper can take its place.

    Made on the device with the first ballot and kept apart from it (a print, a second phone).
    """
    signed = CANCELLATION_DOMAIN + manifest_digest + key.public
    return {
        "kind": "cancellation",
        "key": pack(key.public),
        "tokens": token_texts(key.tokens),
        "signature": pack(key.signer.sign(signed)),
    }
