"""Lots that anyone can draw again: what votes leave equal is settled by a public seed.

The seed is 32 bytes that nobody knows while people vote: thrown dice at a meeting, or the
trustees' numbers joined. Whoever keeps it publishes `commitment_to(seed)` with the notice and the
seed after the close, so that it can be neither guessed nor chosen.

The derivation, to be repeated with any SHA-256: for each one that is tied, hash the bytes

    "khan-cars lot 1" | 0 | seed (32 bytes) | occasion (UTF-8) | 0 | name or number (UTF-8)

and the one with the smallest hash (as hexadecimal text, in alphabetical order) is drawn first. The
occasion says what the lot is for, such as "exclusion 7": each tie has a lot of its own.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from governance.counting.errors import SeedInvalid

DOMAIN = b"khan-cars lot 1"
SEED_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One line of a lot: who took part, and what was drawn for them."""

    of: str
    drawn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """A lot that was drawn; `tickets` in the order drawn, the first of them counts."""

    occasion: str
    tickets: tuple[Ticket, ...]


class Lots(Protocol):
    """Whatever settles ties: a public seed, or lots drawn by hand and written down."""

    def draw(self, occasion: str, tied: Iterable[str]) -> Lot:
        """Put `tied` into the order drawn; the same for the same occasion and the same people."""
        ...


@dataclass(frozen=True, slots=True)
class SeededLots:
    """Lots from a public seed of 32 bytes."""

    seed: bytes

    def __post_init__(self) -> None:
        assert len(self.seed) == SEED_BYTES

    @classmethod
    def from_hex(cls, text: str) -> "SeededLots":
        """Lots from the seed as it is published.

        Raises
        ------
        SeedInvalid
            If `text` is not 64 hexadecimal digits.
        """
        try:
            seed = bytes.fromhex(text)
        except ValueError:
            raise SeedInvalid(text) from None
        if len(seed) != SEED_BYTES or len(text) != 2 * SEED_BYTES:
            raise SeedInvalid(text)
        return cls(seed)

    def draw(self, occasion: str, tied: Iterable[str]) -> Lot:
        """Put `tied` into the order of the hashes that the module's docstring describes."""
        tickets = [Ticket(of=one, drawn=self._ticket(occasion, one)) for one in tied]
        return Lot(occasion=occasion, tickets=tuple(sorted(tickets, key=lambda one: one.drawn)))

    def _ticket(self, occasion: str, of: str) -> str:
        parts = (DOMAIN, b"\0", self.seed, occasion.encode(), b"\0", of.encode())
        return hashlib.sha256(b"".join(parts)).hexdigest()


def commitment_to(seed: bytes) -> str:
    """What is published of a seed before the vote: the SHA-256 of its 32 bytes, hexadecimal."""
    assert len(seed) == SEED_BYTES
    return hashlib.sha256(seed).hexdigest()
