"""One of several texts by Schulze's method, with "keep as is" as one of them.

Schulze, "A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent
single-winner election method" (Social Choice and Welfare 36, 2011), sections 2.1 and 2.2: who would beat
whom in a vote between two, strongest paths of such defeats, strength by winning votes, of equally
many by fewer on the other side. What a ballot does not rank stands equal below all it ranks.

Before that, as in Debian's constitution (A.5, points 2 and 3), a text is out that does not beat the
status quo by the share required. If several win, the status quo stays if it is among them; else a lot decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from governance.counting.errors import CountImpossible
from governance.counting.lots import Lot, Lots
from governance.counting.ranked import BallotFigures, Option, RankedVote, Ranking, sift
from governance.counting.share import RequiredShare

RULE = "schulze"


@dataclass(frozen=True, slots=True, kw_only=True, order=False)
class Strength:
    """Of a defeat, or of the weakest link of a path of defeats: votes for and votes against."""

    winning: int
    losing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A text that does not beat the status quo by the share required."""

    number: int
    votes_for: int
    votes_against: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SchulzeCount:
    """A whole count.

    Attributes
    ----------
    preferred
        `preferred[a][b]`: ballots that rank option a + 1 above option b + 1.
    dropped
        Texts that are out for not beating the status quo.
    paths
        `paths[a][b]`: the strongest path of defeats from option a + 1 to option b + 1; None where
        there is none, or where one of the two is out.
    winners
        Those whom nobody beats by paths.
    winner
        The one of them that is adopted; None without valid ballots and status quo.
    lot
        Among the winners, if one was needed.
    """

    rule: str
    title: str
    options: tuple[Option, ...]
    withdrawn: tuple[int, ...]
    status_quo: int | None
    required: str
    ballots: BallotFigures
    preferred: tuple[tuple[int, ...], ...]
    dropped: tuple[Dropped, ...]
    paths: tuple[tuple[Strength | None, ...], ...]
    winners: tuple[int, ...]
    winner: int | None
    lot: Lot | None


_Links: TypeAlias = dict[tuple[int, int], Strength]
MAJORITY = RequiredShare.parse(">1/2")


def count_schulze(
    vote: RankedVote,
    lots: Lots,
    *,
    status_quo: int | None = None,
    required: RequiredShare = MAJORITY,
) -> SchulzeCount:
    """Count a vote on several texts.

    Parameters
    ----------
    vote
        Options and ballots; a ballot may rank several equal and leave others out.
    lots
        Settles a tie of several winners; the occasion is "winner", the names are their numbers.
    status_quo
        The number of the option that says "keep as is"; None: there is none.
    required
        The share of votes between a text and the status quo by which it must beat it.

    Raises
    ------
    CountImpossible
        If the status quo does not stand.
    """
    rankings, ballots = sift(vote, allow_equal=True)
    standing = [o.number for o in vote.options if o.number not in vote.withdrawn]
    if status_quo is not None and status_quo not in standing:
        raise CountImpossible(f"number {status_quo}, the status quo, does not stand")
    preferred = _preferences(rankings, standing)
    dropped = () if status_quo is None else _dropped(standing, preferred, status_quo, required)
    out = {one.number for one in dropped}
    paths = _strongest_paths([number for number in standing if number not in out], preferred)
    winners = tuple(
        a for a in standing
        if a not in out and all(not _beats(paths, b, a) for b in standing if b != a)
    ) if ballots.valid else ()  # fmt: skip
    winner, lot = _winner(winners, status_quo, lots)
    every = range(1, len(vote.options) + 1)
    return SchulzeCount(
        rule=RULE, title=vote.title, options=vote.options, withdrawn=tuple(sorted(vote.withdrawn)),
        status_quo=status_quo, required=str(required), ballots=ballots,
        preferred=tuple(tuple(preferred.get((a, b), 0) for b in every) for a in every),
        dropped=dropped, paths=tuple(tuple(paths.get((a, b)) for b in every) for a in every),
        winners=winners, winner=winner, lot=lot,
    )  # fmt: skip


def _preferences(
    rankings: Mapping[Ranking, int], standing: list[int]
) -> dict[tuple[int, int], int]:
    """For each two options, how many ballots rank the first above the second."""
    preferred = {(a, b): 0 for a in standing for b in standing if a != b}
    for ranking, count in rankings.items():
        below = set(standing)
        for place in ranking:
            below.difference_update(place)
            for above in place:
                for under in below:
                    preferred[above, under] += count
    return preferred


def _dropped(
    standing: list[int],
    preferred: Mapping[tuple[int, int], int],
    status_quo: int,
    required: RequiredShare,
) -> tuple[Dropped, ...]:
    found = []
    for number in standing:
        if number == status_quo:
            continue
        over, under = preferred[number, status_quo], preferred[status_quo, number]
        if over == under or not required.is_met_by(over, over + under):
            found.append(Dropped(number=number, votes_for=over, votes_against=under))
    return tuple(found)


def _strongest_paths(left: list[int], preferred: Mapping[tuple[int, int], int]) -> _Links:
    """The strongest path between each two, by Floyd and Warshall (Schulze 2011, section 2.3)."""
    paths: _Links = {
        (a, b): Strength(winning=preferred[a, b], losing=preferred[b, a])
        for a in left
        for b in left
        if a != b and preferred[a, b] > preferred[b, a]
    }
    for by in left:
        for a in left:
            for b in left:
                if a == b or (a, by) not in paths or (by, b) not in paths:
                    continue
                detour = min(paths[a, by], paths[by, b], key=_rank)
                if (a, b) not in paths or _rank(detour) > _rank(paths[a, b]):
                    paths[a, b] = detour
    return paths


def _rank(strength: Strength) -> tuple[int, int]:
    """More winning votes are stronger; of equally many, fewer losing ones."""
    return strength.winning, -strength.losing


def _beats(paths: _Links, a: int, b: int) -> bool:
    """Whether the strongest path from a to b is stronger than that back."""
    there, back = paths.get((a, b)), paths.get((b, a))
    return there is not None and (back is None or _rank(there) > _rank(back))


def _winner(
    winners: tuple[int, ...], status_quo: int | None, lots: Lots
) -> tuple[int | None, Lot | None]:
    if not winners or status_quo in winners:
        return status_quo, None
    if len(winners) == 1:
        return winners[0], None
    lot = lots.draw("winner", map(str, winners))
    return int(lot.tickets[0].of), lot
