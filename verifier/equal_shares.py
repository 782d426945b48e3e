"""Equal shares, counted again, in whole numbers and fractions.

Written from Peters, Pierczyński and Skowron, "Proportional participatory budgeting with additive
utilities" (NeurIPS 2021), section 3, with what a project costs as what it is worth, and from what
docs/reference/ballot_bundle.md settles besides: ties, growing shares, what is left.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any, TypeAlias

from verifier.stv import LOT_DOMAIN

Bought: TypeAlias = tuple[int, Fraction]
"""An option's number, and what those of its supporters paid who did not give all they had."""


@dataclass(frozen=True, slots=True)
class _Vote:
    """Voters in groups that approve the same; by option's number its cost, whose it is, how many."""

    groups: tuple[tuple[frozenset[int], int], ...]
    costs: dict[int, int]
    budget: int
    seed: bytes
    whose: dict[int, list[int]]
    support: dict[int, int]

    def cost_of(self, bought: Iterable[Bought]) -> int:
        return sum(self.costs[option] for option, _ in bought)


def count(
    ballots: Iterable[tuple[Sequence[int], int]], parameters: dict[str, Any], seed: bytes
) -> dict[str, Any]:
    """Count approvals (option numbers, and how many ballots say so)."""
    groups = tuple((frozenset(approved), times) for approved, times in ballots if approved)
    costs = dict(enumerate(parameters["costs"], start=1))
    whose = {o: [at for at, (approved, _) in enumerate(groups) if o in approved] for o in costs}
    support = {option: sum(groups[at][1] for at in those) for option, those in whose.items()}
    vote = _Vote(groups, costs, parameters["budget"], seed, whose, support)
    voters = sum(times for _, times in groups)
    if not voters:
        return _record(None, 0, [], vote.budget)
    share, added = Fraction(vote.budget, voters), 0
    bought = _buy(vote, share)
    while _could_buy_more(vote, bought):
        richer = _buy(vote, share + added + parameters["unit"])
        if vote.cost_of(richer) > vote.budget:
            break
        bought, added = richer, added + parameters["unit"]
    rounds, left = [], vote.budget
    for option, pays in bought:
        left -= costs[option]
        rounds.append(_round(option, "equal_shares", str(pays), left))
    return _record(str(share), added, rounds + _most_votes(vote, bought, left), left)


def _record(
    share: str | None, added: int, rounds: list[dict[str, Any]], left: int
) -> dict[str, Any]:
    return {
        "rule": "equal_shares",
        "share": share,
        "units_added": added,
        "rounds": rounds,
        "selected_numbers": [one["option"] for one in rounds if one["step"] != "too_dear"],
        "money_left": rounds[-1]["money_left"] if rounds else left,
    }


def _round(option: int, step: str, pays: str | None, left: int) -> dict[str, Any]:
    return {"option": option, "step": step, "pays_at_most": pays, "money_left": left}


def _could_buy_more(vote: _Vote, bought: Sequence[Bought]) -> bool:
    left, done = vote.budget - vote.cost_of(bought), {option for option, _ in bought}
    return any(
        option not in done and vote.support[option] and cost <= left
        for option, cost in vote.costs.items()
    )


def _buy(vote: _Vote, share: Fraction) -> list[Bought]:
    """What shares of so much buy, in order, whatever it costs together.

    Purses count whole parts of a unit, `parts` to the unit. What an option asks never falls while money
    is spent, so only those are asked anew whose last answer is not above the best one.
    """
    parts, purses = share.denominator, [share.numerator] * len(vote.groups)
    bought: list[Bought] = []
    known = {o: Fraction(1, n) for o in vote.costs if (n := vote.support[o])}
    while True:
        best: dict[int, Fraction] = {}
        least: Fraction | None = None
        for option in sorted(known, key=known.__getitem__):
            if least is not None and known[option] > least:
                break
            pays = _price(vote, purses, option, parts)
            if pays is None:
                del known[option]
                continue
            known[option] = part = pays / vote.costs[option]
            if least is None or part < least:
                least, best = part, {}
            if part == least:
                best[option] = pays
        if not best:
            return bought
        most = max(map(vote.support.__getitem__, best))
        equal = [option for option in sorted(best) if vote.support[option] == most]
        option = _cheapest(vote, equal, len(bought) + 1)
        del known[option]
        bought.append((option, best[option]))
        finer = (best[option] * parts).denominator
        if finer > 1:
            parts *= finer
            purses = [purse * finer for purse in purses]
        each = int(best[option] * parts)
        for at in vote.whose[option]:
            purses[at] -= min(purses[at], each)


def _price(vote: _Vote, purses: Sequence[int], option: int, parts: int) -> Fraction | None:
    """What each supporter pays who has it, the others giving all; None if it cannot be paid."""
    missing, payers = vote.costs[option] * parts, vote.support[option]
    for purse, times in sorted((purses[at], vote.groups[at][1]) for at in vote.whose[option]):
        if purse * payers >= missing:
            return Fraction(missing, payers * parts)
        missing, payers = missing - purse * times, payers - times
    return None


def _most_votes(vote: _Vote, bought: Sequence[Bought], left: int) -> list[dict[str, Any]]:
    """The turns of what shares did not buy: most votes first, and what does not fit is passed over."""
    done = {option for option, _ in bought}
    waiting = [option for option in vote.costs if option not in done and vote.support[option]]
    rounds: list[dict[str, Any]] = []
    while waiting:
        most = max(map(vote.support.__getitem__, waiting))
        equal = [option for option in waiting if vote.support[option] == most]
        option = _cheapest(vote, equal, len(bought) + len(rounds) + 1)
        waiting.remove(option)
        fits = vote.costs[option] <= left
        left -= vote.costs[option] if fits else 0
        rounds.append(_round(option, "most_votes" if fits else "too_dear", None, left))
    return rounds


def _cheapest(vote: _Vote, equal: Sequence[int], number: int) -> int:
    least = min(vote.costs[option] for option in equal)
    left = [option for option in equal if vote.costs[option] == least]
    return left[0] if len(left) == 1 else min(left, key=_ticket(vote.seed, f"round {number}"))


def _ticket(seed: bytes, occasion: str) -> Callable[[int], bytes]:
    return lambda option: sha256(LOT_DOMAIN + seed + f"{occasion}\0{option}".encode()).digest()
