"""The vault: names and phones as nobody without the key can read them. Pure, chance passed in.

Each person has a data key of their own, drawn at random and wrapped by the vault's key, which
never enters the database. Deleting a person's row deletes the only data key that opens what was
sealed for them, in replicas too; a backup stays unreadable to whoever lacks the vault's key.

AES-256-GCM throughout (NIST SP 800-38D), a fresh 96-bit nonce each time; the associated data names
the person and the column, so that a sealed value cannot be moved to another row and still open.
Phones are found by a blind index: an HMAC-SHA-256 under a key of its own, because a plain hash of
so few possible numbers is reversed by trying them all (the New York taxi release of 2014).
"""

import hmac
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from foundation.chance import Chance
from foundation.identifiers import UUID, PersonId
from registry.errors import VaultKeyWrong
from registry.person import Contact
from registry.phone import Phone

_VERSION = b"\x01"  # of the sealed form below; inside the associated data, so it cannot be swapped
_NONCE_BYTES = 12
_KEY_BYTES = 32
_PADDED_TO = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedContact:
    """A contact as it is stored: a wrapped data key, and two values sealed under it."""

    data_key: bytes = field(repr=False)
    name: bytes = field(repr=False)
    phone: bytes = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedNeeds:
    """What somebody always needs as it is stored: a wrapped data key, and the list under it."""

    data_key: bytes = field(repr=False)
    needs: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPrivate:
    """Something private as it is stored: a wrapped data key, and what it seals."""

    data_key: bytes = field(repr=False)
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """The keys that open and find contacts; made from one secret that settings give.

    Attributes
    ----------
    wrapping_key
        32 bytes; wraps the people's data keys.
    index_key
        32 bytes; for the blind index of phones.
    code_key
        32 bytes; for the digests of one-time codes.
    """

    wrapping_key: bytes = field(repr=False)
    index_key: bytes = field(repr=False)
    code_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for key in (self.wrapping_key, self.index_key, self.code_key):
            assert len(key) == _KEY_BYTES, "a vault key has 32 bytes"

    @classmethod
    def from_secret(cls, secret: bytes) -> Self:
        """The vault of a secret of at least 32 random bytes (HKDF-SHA-256, RFC 5869)."""
        assert len(secret) >= _KEY_BYTES, "the vault's secret has at least 32 bytes"
        return cls(
            wrapping_key=_derive(secret, b"khan cars vault: wrapping"),
            index_key=_derive(secret, b"khan cars vault: phone index"),
            code_key=_derive(secret, b"khan cars vault: one-time codes"),
        )

    def fingerprint(self) -> bytes:
        """32 bytes that tell this vault from another and help nobody open it."""
        return hmac.digest(self.wrapping_key + self.index_key, b"fingerprint", "sha256")

    def phone_index(self, phone: Phone) -> bytes:
        """Where a phone is filed: 32 bytes, the same for the same number."""
        return hmac.digest(self.index_key, phone.encode(), "sha256")

    def code_digest(self, challenge_id: UUID, code: str) -> bytes:
        """A one-time code as it is stored: bound to its challenge, useless without the key."""
        return hmac.digest(self.code_key, challenge_id.bytes + code.encode(), "sha256")

    def seal_contact(self, person_id: PersonId, contact: Contact, chance: Chance) -> SealedContact:
        """A contact sealed under a new data key, for this person's row alone."""
        data_key = _draw(chance, _KEY_BYTES)
        return SealedContact(
            data_key=_seal(self.wrapping_key, data_key, _about(person_id, "data_key"), chance),
            name=_seal(data_key, contact.name.encode(), _about(person_id, "name"), chance),
            phone=_seal(data_key, contact.phone.encode(), _about(person_id, "phone"), chance),
            language=contact.language,
        )

    def open_contact(self, person_id: PersonId, sealed: SealedContact) -> Contact:
        """The contact sealed for this person.

        Raises
        ------
        VaultKeyWrong
            If the key is not the one it was sealed with, or the row is not that person's.
        """
        data_key = _open(self.wrapping_key, sealed.data_key, _about(person_id, "data_key"))
        return Contact(
            name=_open(data_key, sealed.name, _about(person_id, "name")).decode(),
            phone=Phone(_open(data_key, sealed.phone, _about(person_id, "phone")).decode()),
            language=sealed.language,
        )

    def open_name(self, person_id: PersonId, sealed: SealedContact) -> str:
        """Only the name: what a card needs. The phone stays shut. Raises VaultKeyWrong."""
        data_key = _open(self.wrapping_key, sealed.data_key, _about(person_id, "data_key"))
        return _open(data_key, sealed.name, _about(person_id, "name")).decode()

    def seal_needs(self, person_id: PersonId, needs: frozenset[str], chance: Chance) -> SealedNeeds:
        """Usual needs sealed under a data key of their own, padded so that their length does not tell."""
        data_key = _draw(chance, _KEY_BYTES)
        plain = " ".join(sorted(needs)).encode()
        padded = plain.ljust(-(-len(plain) // _PADDED_TO) * _PADDED_TO)
        return SealedNeeds(
            data_key=_seal(self.wrapping_key, data_key, _about(person_id, "needs_key"), chance),
            needs=_seal(data_key, padded, _about(person_id, "needs"), chance),
        )

    def open_needs(self, person_id: PersonId, sealed: SealedNeeds) -> frozenset[str]:
        """The usual needs sealed for this person. Raises VaultKeyWrong."""
        data_key = _open(self.wrapping_key, sealed.data_key, _about(person_id, "needs_key"))
        return frozenset(_open(data_key, sealed.needs, _about(person_id, "needs")).decode().split())

    def seal_private(
        self, person_id: PersonId, purpose: str, plain: bytes, chance: Chance
    ) -> SealedPrivate:
        """Something private of one person, sealed for one purpose under a data key of its own."""
        data_key = _draw(chance, _KEY_BYTES)
        return SealedPrivate(
            data_key=_seal(
                self.wrapping_key, data_key, _about(person_id, f"{purpose}_key"), chance
            ),
            sealed=_seal(data_key, plain, _about(person_id, purpose), chance),
        )

    def open_private(self, person_id: PersonId, purpose: str, private: SealedPrivate) -> bytes:
        """What was sealed for this person and purpose. Raises VaultKeyWrong."""
        about = _about(person_id, f"{purpose}_key")
        data_key = _open(self.wrapping_key, private.data_key, about)
        return _open(data_key, private.sealed, _about(person_id, purpose))

    def seal_phone(self, challenge_id: UUID, phone: Phone, chance: Chance) -> bytes:
        """A phone sealed for the few minutes of a sign-in, before its owner is known."""
        return _seal(self.wrapping_key, phone.encode(), _about(challenge_id, "code"), chance)

    def open_phone(self, challenge_id: UUID, sealed: bytes) -> Phone:
        """The phone sealed for this sign-in. Raises VaultKeyWrong."""
        return Phone(_open(self.wrapping_key, sealed, _about(challenge_id, "code")).decode())


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=purpose).derive(secret)


def _about(owner: UUID, column: str) -> bytes:
    return _VERSION + owner.bytes + column.encode()


def _draw(chance: Chance, count: int) -> bytes:
    return chance.bits(8 * count).to_bytes(count, "big")


def _seal(key: bytes, plain: bytes, about: bytes, chance: Chance) -> bytes:
    nonce = _draw(chance, _NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, about)


def _open(key: bytes, sealed: bytes, about: bytes) -> bytes:
    version, nonce, body = sealed[:1], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    if version != _VERSION or len(nonce) != _NONCE_BYTES:
        raise VaultKeyWrong
    try:
        return AESGCM(key).decrypt(nonce, body, about)
    except InvalidTag:
        raise VaultKeyWrong from None
