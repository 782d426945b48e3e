"""Signed heads of a log, in the public formats that witnesses of other logs use, too.

Sources: C2SP signed-note (a text, a blank line, a line for each signature), C2SP tlog-checkpoint
(origin, size, root), C2SP tlog-cosignature with Ed25519 (a witness says: as of this second, this is
the largest consistent head I have seen). https://c2sp.org
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from governance.ballots.errors import DocumentMalformed, NoteInvalid
from governance.ballots.merkle import HASH_BYTES, Head
from governance.ballots.plain import pack, unpack

_ID_BYTES, _TIME_BYTES, _SIGNATURE_BYTES = 4, 8, 64
_LINE = re.compile(r"— ([^ +]+) ([A-Za-z0-9+/]+=*)")
_NAME = re.compile(r"[^\s+]+")
SIGNATURES_MAX = 64


class SignatureType(IntEnum):
    """What a signature is made over; part of a key's identity (C2SP signed-note)."""

    NOTE = 0x01
    COSIGNATURE = 0x04


class Signer(Protocol):
    """Whoever holds an Ed25519 key, such as `Ed25519PrivateKey`."""

    def sign(self, data: bytes, /) -> bytes:
        """The signature over `data`, 64 bytes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedKey:
    """A public key that signs notes: its name, its 32 bytes, and what it signs."""

    name: str
    public: bytes
    kind: SignatureType = SignatureType.NOTE

    @property
    def identity(self) -> bytes:
        """The four bytes by which a signature line names its key."""
        material = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(material).digest()[:_ID_BYTES]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of the log `origin`: how many entries, and the root over them."""

    origin: str
    head: Head

    def text(self) -> str:
        """The note text that is signed."""
        return f"{self.origin}\n{self.head.size}\n{pack(self.head.root)}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note text says; lines of extension are refused.

    Raises
    ------
    NoteInvalid
        If it is none.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise NoteInvalid("a checkpoint is origin, size and root, a line each")
    if not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]):
        raise NoteInvalid("the size of a checkpoint is not a number")
    try:
        root = unpack(lines[2], HASH_BYTES)
    except DocumentMalformed as error:
        raise NoteInvalid("the root of a checkpoint is not a hash") from error
    return Checkpoint(origin=lines[0], head=Head(size=int(lines[1]), root=root))


def note(text: str, lines: Sequence[str] = ()) -> str:
    """A text with its signature lines as one note."""
    assert text.endswith("\n")
    return f"{text}\n{''.join(lines)}"


def signature_line(text: str, key: NamedKey, signer: Signer) -> str:
    """The line with which `signer`, who is `key`, signs a note text."""
    assert key.kind is SignatureType.NOTE
    assert _NAME.fullmatch(key.name), "a key's name has no space and no plus"
    return f"— {key.name} {pack(key.identity + signer.sign(text.encode()))}\n"


def cosignature_line(text: str, key: NamedKey, signer: Signer, *, at_seconds: int) -> str:
    """The line with which a witness signs a checkpoint as of a POSIX time in seconds.

    The witness has checked before that this head continues the last one it signed.
    """
    assert key.kind is SignatureType.COSIGNATURE
    assert _NAME.fullmatch(key.name), "a key's name has no space and no plus"
    signature = signer.sign(_cosigned(text, at_seconds))
    stamped = at_seconds.to_bytes(_TIME_BYTES, "big") + signature
    return f"— {key.name} {pack(key.identity + stamped)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature that was checked: whose, and for a witness when (POSIX seconds)."""

    name: str
    at_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNote:
    """A note text with the signatures on it that are known and true."""

    text: str
    signed: tuple[Signed, ...]

    def require(self, *names: str) -> None:
        """Insist on signatures.

        Raises
        ------
        NoteInvalid
            If one of `names` has not signed.
        """
        missing = sorted(set(names) - {one.name for one in self.signed})
        if missing:
            raise NoteInvalid(f"{', '.join(missing)} has not signed it")


def open_note(whole: str, keys: Sequence[NamedKey]) -> OpenedNote:
    """Read a note and check the signatures of known keys; lines of others are passed over.

    Raises
    ------
    NoteInvalid
        If it is malformed, or a known key's signature is not its own.
    """
    text, separator, rest = whole.rpartition("\n\n")
    if not separator or not rest.endswith("\n"):
        raise NoteInvalid("it is no text with signature lines")
    if any(ord(one) < 0x20 and one != "\n" for one in whole):
        raise NoteInvalid("it has control characters")
    text, lines = text + "\n", rest[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteInvalid("it has too many signatures")
    known = {(key.name, key.identity): key for key in keys}
    signed = [found for line in lines if (found := _checked(line, text, known)) is not None]
    return OpenedNote(text=text, signed=tuple(signed))


def _checked(line: str, text: str, known: dict[tuple[str, bytes], NamedKey]) -> Signed | None:
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise NoteInvalid("a signature line is malformed")
    try:
        data = unpack(parts[2])
    except DocumentMalformed as error:
        raise NoteInvalid("a signature line is malformed") from error
    key = known.get((parts[1], data[:_ID_BYTES]))
    if key is None:
        return None
    stamped, at_seconds, message = data[_ID_BYTES:], None, text.encode()
    if key.kind is SignatureType.COSIGNATURE:
        at_seconds = int.from_bytes(stamped[:_TIME_BYTES], "big")
        stamped, message = stamped[_TIME_BYTES:], _cosigned(text, at_seconds)
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(stamped, message)
    except (InvalidSignature, ValueError) as error:
        raise NoteInvalid(f"the signature of {key.name} is not its own") from error
    return Signed(name=key.name, at_seconds=at_seconds)


def _cosigned(text: str, at_seconds: int) -> bytes:
    return f"cosignature/v1\ntime {at_seconds}\n{text}".encode()
