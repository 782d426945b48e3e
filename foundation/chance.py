"""Chance as an argument: the one door to random numbers.

A service takes `SystemChance` (the operating system's generator: PINs, one-time codes, session
tokens); a simulation takes `SeededChance`, so that a seed replays it.
"""

import random
import secrets
from collections.abc import MutableSequence, Sequence
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")


class Chance(Protocol):
    """What the product draws at random."""

    def bits(self, count: int) -> int:
        """A whole number of `count` random bits (0 to 2**count - 1)."""
        ...

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1, each equally likely."""
        ...

    def uniform(self) -> float:
        """A number from 0 (included) to 1 (left out)."""
        ...


class SystemChance:
    """The operating system's generator; cannot be seeded or guessed."""

    def bits(self, count: int) -> int:
        """A whole number of `count` random bits."""
        return secrets.randbits(count)

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return secrets.randbelow(limit)

    def uniform(self) -> float:
        """A number from 0 (included) to 1 (left out)."""
        return secrets.randbits(53) / (1 << 53)


class SeededChance:
    """The same draws for the same seed, for simulations and tests; never for secrets."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def bits(self, count: int) -> int:
        """A whole number of `count` random bits."""
        return self._random.getrandbits(count)

    def below(self, limit: int) -> int:
        """A whole number from 0 to `limit` - 1."""
        return self._random.randrange(limit)

    def uniform(self) -> float:
        """A number from 0 (included) to 1 (left out)."""
        return self._random.random()

    def normal(self, mean: float, deviation: float) -> float:
        """A draw from the normal distribution."""
        return self._random.gauss(mean, deviation)

    def choice(self, items: Sequence[Item]) -> Item:
        """One of `items`, each equally likely."""
        return items[self.below(len(items))]

    def shuffle(self, items: MutableSequence[Any]) -> None:
        """Put `items` into a random order, in place."""
        self._random.shuffle(items)


def digits(count: int, chance: Chance) -> str:
    """A string of `count` random decimal digits: PINs and one-time codes."""
    return str(chance.below(10**count)).zfill(count)


def token(chance: Chance, *, bits: int = 256) -> str:
    """An opaque token of `bits` random bits in hexadecimal: sessions and share links."""
    return format(chance.bits(bits), f"0{bits // 4}x")
