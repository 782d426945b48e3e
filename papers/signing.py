"""Signatures on papers: Ed25519 (RFC 8032) over the canonical text of everything but the signature.

A paper is sealed in three steps: its `digest` is the SHA-256 of the rest, `key_id` names the key, and
`signature` is over all of that. Without a key the last two are null, and the paper says so.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from papers.errors import PublishedKeysUnreadable
from rulebook.rule import canonical, digest_of

ALGORITHM = "Ed25519"
KEY_ID_LENGTH = 16
SIGNATURE_BYTES = 64
_UNSEALED = ("digest", "key_id", "signature")


class Signer(Protocol):
    """Whatever can sign a paper."""

    @property
    def key_id(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the public key."""
        ...

    @property
    def public_key(self) -> bytes:
        """32 bytes (RFC 8032)."""
        ...

    def sign(self, text: bytes) -> bytes:
        """64 bytes; the same text gives the same signature."""
        ...


class SigningKey:
    """A signing key in memory, from its 32 secret bytes."""

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self._public = self._key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the public key."""
        return key_id_of(self._public)

    @property
    def public_key(self) -> bytes:
        """32 bytes (RFC 8032)."""
        return self._public

    def sign(self, text: bytes) -> bytes:
        """64 bytes; the same text gives the same signature."""
        return self._key.sign(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedKey:
    """The public half of a key: who reads papers checks signatures by it.

    Attributes
    ----------
    valid_from, valid_to
        Aware UTC; the end is when the next key began and is left out. None: it signs now.
    """

    key_id: str
    public_key: bytes
    valid_from: datetime
    valid_to: datetime | None

    def as_json(self) -> dict[str, object]:
        """As `GET /public/v1/keys` gives it."""
        return {
            "key_id": self.key_id,
            "algorithm": ALGORITHM,
            "public_key": base64.b64encode(self.public_key).decode(),
            "valid_from": self.valid_from.isoformat(),
            "valid_to": None if self.valid_to is None else self.valid_to.isoformat(),
        }


def key_id_of(public_key: bytes) -> str:
    """What a public key is called."""
    return hashlib.sha256(public_key).hexdigest()[:KEY_ID_LENGTH]


def parse_keys(document: object) -> tuple[PublishedKey, ...]:
    """The keys that `GET /public/v1/keys` gave.

    Raises
    ------
    PublishedKeysUnreadable
        If it is no such list, or a key goes by a name that is not its own.
    """
    listed = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(listed, list):
        raise PublishedKeysUnreadable("it has no list named keys")
    return tuple(_key(one) for one in listed)


def sealed(content: Mapping[str, Any], signer: Signer | None) -> dict[str, Any]:
    """The paper with digest, key and signature; the last two are None without a signer."""
    assert not set(content) & set(_UNSEALED), "a paper is sealed once"
    whole = dict(content) | {
        "digest": digest_of(content),
        "key_id": None if signer is None else signer.key_id,
    }
    signature = None if signer is None else signer.sign(canonical(whole))
    return with_signature(whole, signature)


def with_signature(whole: Mapping[str, Any], signature: bytes | None) -> dict[str, Any]:
    """A paper with the signature that was made of it."""
    said = None if signature is None else base64.b64encode(signature).decode()
    return dict(whole) | {"signature": said}


def seal_differences(
    paper: Mapping[str, Any], keys: Sequence[PublishedKey], *, issued_at: datetime
) -> list[str]:
    """What does not hold of a paper's digest, key and signature, in words; nothing if all does.

    A paper without a signature breaks none: whether that is enough is for the reader to say.
    """
    differences = []
    content = {name: value for name, value in paper.items() if name not in _UNSEALED}
    if digest_of(content) != paper["digest"]:
        differences.append("Something in it was changed: its digest does not fit.")
    key_id, signature = paper["key_id"], paper["signature"]
    if (key_id is None) != (signature is None):
        differences.append("It has a key without a signature, or a signature without a key.")
    elif key_id is not None:
        differences += _signature_differences(paper, keys, issued_at)
    return differences


def _signature_differences(
    paper: Mapping[str, Any], keys: Sequence[PublishedKey], issued_at: datetime
) -> list[str]:
    found = next((key for key in keys if key.key_id == paper["key_id"]), None)
    if found is None:
        return [f"It is signed with the key {paper['key_id']}, which is none of those published."]
    differences = []
    if issued_at < found.valid_from or (found.valid_to is not None and issued_at >= found.valid_to):
        differences.append(f"The key {found.key_id} was not in use when it was issued.")
    signed = {name: value for name, value in paper.items() if name != "signature"}
    try:
        signature = _bytes(paper["signature"])
        Ed25519PublicKey.from_public_bytes(found.public_key).verify(signature, canonical(signed))
    except (InvalidSignature, ValueError):
        differences.append(f"The signature is not one of the key {found.key_id} over this text.")
    return differences


def _key(said: object) -> PublishedKey:
    try:
        assert isinstance(said, Mapping)
        public_key = base64.b64decode(said["public_key"], validate=True)
        Ed25519PublicKey.from_public_bytes(public_key)
        valid_to = said["valid_to"]
        key = PublishedKey(
            key_id=said["key_id"],
            public_key=public_key,
            valid_from=_instant(said["valid_from"]),
            valid_to=None if valid_to is None else _instant(valid_to),
        )
    except (AssertionError, KeyError, TypeError, ValueError):
        raise PublishedKeysUnreadable("a key lacks something, or has it malformed") from None
    if said.get("algorithm") != ALGORITHM:
        raise PublishedKeysUnreadable(f"a key is for another algorithm than {ALGORITHM}")
    if key.key_id != key_id_of(public_key):
        raise PublishedKeysUnreadable(f"the key {key.key_id} goes by another key's name")
    return key


def _instant(said: str) -> datetime:
    instant = datetime.fromisoformat(said)
    if instant.tzinfo is None:
        raise ValueError("an instant without a zone")
    return instant


def _bytes(said: str) -> bytes:
    """The bytes of a base64 text that is written in the one way there is."""
    found = base64.b64decode(said, validate=True)
    if base64.b64encode(found).decode() != said:
        raise binascii.Error("not canonical")
    return found
