"""Schulze's method, counted again (Social Choice and Welfare 36, 2011, section 2).

Strength by winning votes, of equally many by fewer on the other side. A text that does not beat the
status quo by the share required is out before that. Paths are lengthened by one defeat at a time
until none gets stronger.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, TypeAlias

from verifier.shares import reaches
from verifier.stv import LOT_DOMAIN

Pair: TypeAlias = tuple[int, int]


def count(
    ballots: Iterable[tuple[list[list[int]], int]],
    options: int,
    parameters: dict[str, Any],
    seed: bytes,
) -> dict[str, Any]:
    """Count ballots (groups of option numbers, best first, and how many say so)."""
    numbers, ranked = range(1, options + 1), 0
    over = {(a, b): 0 for a in numbers for b in numbers}
    for groups, times in ballots:
        ranked += times if groups else 0
        place = {number: at for at, group in enumerate(groups) for number in group}
        for a, b in over:
            if place.get(a, options) < place.get(b, options):
                over[a, b] += times
    status_quo, required = parameters["status_quo"], parameters["required"]
    dropped = [
        n for n in numbers
        if status_quo not in (None, n)
        and not reaches(required, over[n, status_quo], over[status_quo, n])
    ]  # fmt: skip
    left = [n for n in numbers if n not in dropped]
    paths = _strongest(left, over)
    winners = [
        a for a in left
        if ranked and all(paths.get((b, a), _NONE) <= paths.get((a, b), _NONE) for b in left)
    ]  # fmt: skip
    winner = min(winners, key=lambda n: _ticket(seed, n)) if winners else status_quo
    return {
        "rule": "schulze",
        "preferred": [[over[a, b] for b in numbers] for a in numbers],
        "dropped": dropped,
        "winners": winners,
        "winner": winner,
    }


_NONE: Pair = (-1, 0)
"""Weaker than any path."""


def _strongest(left: list[int], over: dict[Pair, int]) -> dict[Pair, Pair]:
    """The strength of the strongest path between each two: winning votes, losing ones negative."""
    defeats = {
        (a, b): (over[a, b], -over[b, a]) for a in left for b in left if over[a, b] > over[b, a]
    }
    best, grew = dict(defeats), True
    while grew:
        grew = False
        for (a, by), so_far in list(best.items()):
            for (start, b), step in defeats.items():
                if start == by and b != a and min(so_far, step) > best.get((a, b), _NONE):
                    best[a, b] = min(so_far, step)
                    grew = True
    return best


def _ticket(seed: bytes, number: int) -> bytes:
    return sha256(LOT_DOMAIN + seed + f"winner\0{number}".encode()).digest()
