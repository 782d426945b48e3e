"""Seeded chance inside compiled loops.

Owns SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA
2014), whole numbers throughout, so that a seed gives the same search on every machine. ``state`` is
uint64, (1,).
"""

import numpy as np
from numpy.typing import NDArray

from foundation.compiled import compiled

State = NDArray[np.uint64]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_27, _30, _31, _33 = np.uint64(27), np.uint64(30), np.uint64(31), np.uint64(33)


@compiled
def bits(state: State) -> np.uint64:
    """64 random bits."""
    state[0] += _STEP
    mixed = state[0]
    mixed = (mixed ^ (mixed >> _30)) * _FIRST
    mixed = (mixed ^ (mixed >> _27)) * _SECOND
    drawn: np.uint64 = mixed ^ (mixed >> _31)
    return drawn


@compiled
def below(state: State, limit: int) -> int:
    """A whole number from 0 to ``limit`` - 1 (limit below 2**31)."""
    drawn: int = np.int64((bits(state) >> _33) % np.uint64(limit))  # type: ignore[assignment]
    return drawn


@compiled
def skewed(state: State, limit: int, power: int) -> int:
    """As `below`, small numbers the likelier the higher ``power``: limit * uniform ** power."""
    found = below(state, 1 << 20)
    part = found
    for _ in range(power - 1):
        part = (part * found) >> 20
    return (part * limit) >> 20
