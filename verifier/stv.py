"""Scottish STV, counted again: SSI 2007/42, schedule 1, rules 45 to 52.

Written from the Order, one ballot pile at a time; values in hundred-thousandths, cut off. As the
councils count: an exclusion's papers move before the last vacancies are filled, and among several
who tie each earlier stage keeps those that it puts first. Lots are drawn as
docs/reference/ballot_bundle.md says.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

ONE = 100_000
LOT_DOMAIN = b"khan-cars lot 1\0"


@dataclass(slots=True)
class _Pile:
    """Papers that go the same way: what is left of the ranking, how many, worth what each."""

    rest: tuple[int, ...]
    papers: int
    worth: int


@dataclass(slots=True)
class _Count:
    seats: int
    quota: int
    seed: bytes
    piles: dict[int, list[_Pile]]
    hopeful: list[int]
    pending: list[int] = field(default_factory=list)
    elected: list[int] = field(default_factory=list)
    history: list[list[int]] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)


def count(
    rankings: Iterable[tuple[Sequence[int], int]], candidates: int, seats: int, seed: bytes
) -> dict[str, Any]:
    """Count rankings (candidate numbers from 1, best first, and how many papers say so)."""
    piles: dict[int, list[_Pile]] = {number: [] for number in range(1, candidates + 1)}
    papers = 0
    for ranking, times in rankings:
        if ranking:
            piles[ranking[0]].append(_Pile(tuple(ranking[1:]), times, ONE))
            papers += times
    state = _Count(seats, papers // (seats + 1) + 1, seed, piles, list(piles))
    state.totals = [sum(p.papers for p in piles[n]) * ONE for n in piles]
    _settle(state)
    while papers and state.hopeful and len(state.elected) < seats:
        if state.pending:
            _move_surplus(state)
        else:
            _exclude(state)
        _settle(state)
    return {
        "rule": "scottish_stv",
        "quota": state.quota,
        "elected_numbers": state.elected,
        "stage_totals": [[_decimal(total) for total in stage] for stage in state.history],
        "vacant": seats - len(state.elected),
    }


def _total(state: _Count, number: int) -> int:
    return state.totals[number - 1]


def _settle(state: _Count) -> None:
    """End a stage: note the totals and deem elected whoever is."""
    state.history.append(list(state.totals))
    limit = state.quota * ONE
    reached = [n for n in state.hopeful if _total(state, n) >= limit]
    state.pending += [n for n in reached if _total(state, n) > limit]
    state.elected += _by_votes(state, reached)
    state.hopeful = [n for n in state.hopeful if n not in reached]
    if len(state.hopeful) <= state.seats - len(state.elected):
        state.elected += _by_votes(state, state.hopeful)
        state.hopeful = []


def _by_votes(state: _Count, numbers: list[int]) -> list[int]:
    """Most votes first, then by earlier stages from the last back, then by number."""
    stages = state.history[::-1]
    return sorted(numbers, key=lambda n: ([-stage[n - 1] for stage in stages], n))


def _move_surplus(state: _Count) -> None:
    giver = _pick(state, state.pending, max, "surplus")
    state.pending.remove(giver)
    total = _total(state, giver)
    surplus = total - state.quota * ONE
    _hand_on(state, giver, lambda worth: surplus * worth // total)
    state.totals[giver - 1] = state.quota * ONE


def _exclude(state: _Count) -> None:
    giver = _pick(state, state.hopeful, min, "exclusion")
    state.hopeful.remove(giver)
    _hand_on(state, giver, lambda worth: worth)
    state.totals[giver - 1] = 0


def _hand_on(state: _Count, giver: int, revalue: Callable[[int], int]) -> None:
    for pile in state.piles[giver]:
        worth = revalue(pile.worth)
        for place, number in enumerate(pile.rest):
            if number in state.hopeful:
                state.piles[number].append(_Pile(pile.rest[place + 1 :], pile.papers, worth))
                state.totals[number - 1] += pile.papers * worth
                break
    state.piles[giver] = []


def _pick(state: _Count, among: list[int], best: Callable[..., int], why: str) -> int:
    """Who goes first: by present votes, then each stage before, then by lot."""
    left = list(among)
    for stage in state.history[::-1]:
        wanted = best(stage[n - 1] for n in left)
        left = [n for n in left if stage[n - 1] == wanted]
    occasion = f"{why} {len(state.history) + 1}"
    return left[0] if len(left) == 1 else min(left, key=lambda n: _ticket(state.seed, occasion, n))


def _ticket(seed: bytes, occasion: str, number: int) -> bytes:
    return sha256(LOT_DOMAIN + seed + f"{occasion}\0{number}".encode()).digest()


def _decimal(total: int) -> str:
    return f"{total // ONE}.{total % ONE:05d}"
