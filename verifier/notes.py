"""Signed notes, checkpoints and witnesses' cosignatures (c2sp.org: signed-note, tlog-checkpoint,
tlog-cosignature), as far as a verifier needs them: whose lines are true, and when they were made."""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

NOTE, COSIGNATURE = 1, 4
LINES_MAX = 64


@dataclass(frozen=True, slots=True)
class Key:
    """Whose signature is looked for: name, Ed25519 key, and what kind of line."""

    name: str
    public: bytes
    kind: int = NOTE

    @property
    def identity(self) -> bytes:
        """The four bytes in front of its signatures."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Note:
    """A note that was read: its text, and the names that signed it with their times (seconds)."""

    text: str
    signers: dict[str, int]


class NoteWrong(Exception):
    """A note is malformed, or a line of a known key is false."""


def read(whole: str, keys: Iterable[Key]) -> Note:
    """The text of a note, and who of `keys` signed it.

    Raises
    ------
    NoteWrong
        If it is malformed or a known key's line is false.
    """
    at = whole.rfind("\n\n")
    if at < 0 or not whole.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        raise NoteWrong("it is no text with signatures")
    text, lines = whole[: at + 1], whole[at + 2 : -1].split("\n")
    if len(lines) > LINES_MAX:
        raise NoteWrong("it has too many signatures")
    known = list(keys)
    signers: dict[str, int] = {}
    for line in lines:
        name, signature = _line(line)
        for key in known:
            if key.name == name and key.identity == signature[:4]:
                # Who signed twice counts once, as of the later time.
                signers[name] = max(signers.get(name, 0), _verified(key, text, signature[4:]))
    return Note(text, signers)


def _line(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not parts[1] or "+" in parts[1]:
        raise NoteWrong("a signature line is malformed")
    try:
        signature = base64.b64decode(parts[2], validate=True)
    except (binascii.Error, ValueError):
        raise NoteWrong("a signature line is malformed") from None
    if len(signature) < 5:
        raise NoteWrong("a signature line is malformed")
    return parts[1], signature


def _verified(key: Key, text: str, signature: bytes) -> int:
    """The time of a true signature (0 where it has none)."""
    at, signed = 0, text
    if key.kind == COSIGNATURE:
        at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        signed = f"cosignature/v1\ntime {at}\n{text}"
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, signed.encode())
    except (InvalidSignature, ValueError):
        raise NoteWrong(f"the signature of {key.name} on it is false") from None
    return at


@dataclass(frozen=True, slots=True)
class Head:
    """A log's name, size and root."""

    origin: str
    size: int
    root: bytes


def head(text: str) -> Head:
    """The head that a checkpoint's text says.

    Raises
    ------
    NoteWrong
        If it says none.
    """
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0] or not lines[1].isdecimal():
        raise NoteWrong("it is no checkpoint of three lines")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError):
        root = b""
    if len(root) != 32 or len(lines[1]) > 16 or str(int(lines[1])) != lines[1]:
        raise NoteWrong("its size or root is malformed")
    return Head(lines[0], int(lines[1]), root)
