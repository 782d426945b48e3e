"""The private keys of a desk or the board: files in one folder that its process alone reads.

Made new for each poll, so that nothing of one vote can be used in another; never in the database.
An issuer's RSA key may be on a PKCS#11 token instead, which it cannot leave.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.chance import Chance
from foundation.identifiers import UUID
from governance.ballots.blind_rsa import RawSigner, SoftwareSigner
from governance.ballots.token_signer import Token
from governance.polls.errors import KeyFolderUnusable, PollKeyLost

MODULUS_BITS = 3072
_SECRET_BYTES = 32


class Issuers(Protocol):
    """Where the issuers' keys of a desk are."""

    def make(self, poll_id: UUID) -> RawSigner:
        """A new key for a poll; the one made before, if it was."""
        ...

    def get(self, poll_id: UUID) -> RawSigner:
        """The key of a poll.

        Raises
        ------
        PollKeyLost
            If it is not there.
        """
        ...


class KeyFolder:
    """A folder of private keys, a file each, which its owner alone may read.

    Parameters
    ----------
    folder
        Made if it is missing, mode 0700.
    chance
        Where keys come from: the operating system's, in service.

    Raises
    ------
    KeyFolderUnusable
        If it cannot be made, or others may read it.
    """

    def __init__(self, folder: Path, chance: Chance) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            mode = folder.stat().st_mode
        except OSError as error:
            raise KeyFolderUnusable(str(folder), error.strerror or "it cannot be made") from error
        if mode & 0o077:
            raise KeyFolderUnusable(str(folder), "others may read it; chmod 700 it")
        self._folder, self._chance = folder, chance

    def make_signer(self, poll_id: UUID) -> Ed25519PrivateKey:
        """The key that signs a poll's log and manifest, made at the first asking."""
        return Ed25519PrivateKey.from_private_bytes(self.made(f"{poll_id}.log", self._secret))

    def signer(self, poll_id: UUID) -> Ed25519PrivateKey:
        """The key that signs a poll's log.

        Raises
        ------
        PollKeyLost
            If it is not there.
        """
        return Ed25519PrivateKey.from_private_bytes(self.read(f"{poll_id}.log"))

    def make_lot(self, poll_id: UUID) -> bytes:
        """The 32 bytes that settle a poll's ties, drawn at the first asking."""
        return self.made(f"{poll_id}.lot", self._secret)

    def lot(self, poll_id: UUID) -> bytes:
        """The 32 bytes that settle a poll's ties.

        Raises
        ------
        PollKeyLost
            If they are not there.
        """
        return self.read(f"{poll_id}.lot")

    def read(self, name: str) -> bytes:
        """A key's file.

        Raises
        ------
        PollKeyLost
            If it is not there.
        """
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError as error:
            raise PollKeyLost(name) from error

    def made(self, name: str, make: Callable[[], bytes]) -> bytes:
        """A key's file, made if it is not there."""
        place = self._folder / name
        if place.exists():
            return place.read_bytes()
        secret = make()
        # Whole or not at all: a key cut short by a crash would be found at the next start.
        draft = self._folder / f"{name}.{os.getpid()}.new"
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        # A key that another process has made meanwhile is published by now, and keeps its place.
        with contextlib.suppress(FileExistsError):
            os.link(draft, place)
        draft.unlink()
        self._write_through()
        return place.read_bytes()

    def _write_through(self) -> None:
        """See that the folder's entries outlive a power cut: the public half is in the database next."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _secret(self) -> bytes:
        return self._chance.bits(8 * _SECRET_BYTES).to_bytes(_SECRET_BYTES, "big")


class FolderIssuers:
    """Issuers' keys in the folder: RSA, made by the operating system's chance."""

    def __init__(self, folder: KeyFolder, *, modulus_bits: int = MODULUS_BITS) -> None:
        self._folder, self._bits = folder, modulus_bits
        self._opened: dict[UUID, SoftwareSigner] = {}

    def make(self, poll_id: UUID) -> RawSigner:
        """A new key for a poll; the one made before, if it was."""
        self._folder.made(f"{poll_id}.issuer", self._new)
        return self.get(poll_id)

    def get(self, poll_id: UUID) -> RawSigner:
        """The key of a poll.

        Raises
        ------
        PollKeyLost
            If it is not there.
        """
        if poll_id not in self._opened:
            data = self._folder.read(f"{poll_id}.issuer")
            key = serialization.load_der_private_key(
                data, None, unsafe_skip_rsa_key_validation=True
            )
            assert isinstance(key, rsa.RSAPrivateKey)
            self._opened[poll_id] = SoftwareSigner(key)
        return self._opened[poll_id]

    def _new(self) -> bytes:
        key = rsa.generate_private_key(public_exponent=65537, key_size=self._bits)
        return key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


class TokenIssuers:
    """Issuers' keys on a PKCS#11 token, made there; the poll's identifier is their label."""

    def __init__(self, token: Token, *, modulus_bits: int = MODULUS_BITS) -> None:
        self._token, self._bits = token, modulus_bits
        self._opened: dict[UUID, RawSigner] = {}

    def make(self, poll_id: UUID) -> RawSigner:
        """A new key for a poll; the one made before, if it was.

        Raises
        ------
        SigningTokenUnavailable
            If the token refuses.
        """
        self._token.make(str(poll_id), bits=self._bits)
        return self.get(poll_id)

    def get(self, poll_id: UUID) -> RawSigner:
        """The key of a poll.

        Raises
        ------
        SigningTokenUnavailable
            If it is not there.
        """
        if poll_id not in self._opened:
            self._opened[poll_id] = self._token.signer(str(poll_id))
        return self._opened[poll_id]
