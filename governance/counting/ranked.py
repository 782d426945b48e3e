"""Ranked ballots, and which of them count.

Nothing a voter wrote stops a count. A ballot without a mark is empty; one that cannot be followed
(an option twice, two at one rank where ranks must be strict, an option that does not stand, more
ranks than the notice allows) is broken, with its reason; both are counted and shown.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from governance.counting.errors import CountImpossible

Ranking = tuple[tuple[int, ...], ...]
"""From the most wanted down; the numbers at one place are ranked equal."""

StrictRanking = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What stands to be ranked: a candidate or a text, by its number on the ballot (from 1)."""

    number: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """One ranking, and how many ballots say just that."""

    ranking: Ranking
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedVote:
    """A vote by ranking as it is to be counted.

    Attributes
    ----------
    options
        Numbered 1 to n, in this order.
    seats
        How many are to be elected.
    withdrawn
        Options that left after the ballot was printed and before the count: they are passed over.
    ranks_max
        How many ranks a ballot may have; None: any number.
    """

    title: str
    options: tuple[Option, ...]
    seats: int
    papers: tuple[Paper, ...]
    withdrawn: tuple[int, ...] = ()
    ranks_max: int | None = None

    def __post_init__(self) -> None:
        numbers = [option.number for option in self.options]
        if numbers != list(range(1, len(numbers) + 1)):
            raise CountImpossible("the options are not numbered 1, 2, 3 and so on")
        if self.seats < 1:
            raise CountImpossible(f"{self.seats} seats are to be filled")
        strangers = sorted(set(self.withdrawn) - set(numbers))
        if strangers:
            raise CountImpossible(f"number {strangers[0]} has withdrawn and is not on the ballot")
        if any(paper.count < 0 for paper in self.papers):
            raise CountImpossible("a ballot is there less than no times")


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenBallots:
    """Ballots that say the same and cannot be followed, with the reason."""

    marks: str
    count: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BallotFigures:
    """What became of every ballot: `cast` is the sum of the others.

    `withdrawn_only` are those that rank nobody who still stands.
    """

    cast: int
    valid: int
    empty: int
    withdrawn_only: int
    broken: int
    broken_ballots: tuple[BrokenBallots, ...]


def sift(
    vote: RankedVote, *, allow_equal: bool = False
) -> tuple[dict[Ranking, int], BallotFigures]:
    """Which ballots count, and what the others are.

    Parameters
    ----------
    vote
        The vote as cast.
    allow_equal
        Whether a ballot may rank two options equal.

    Returns
    -------
    dict of Ranking to int
        The valid rankings without whoever has withdrawn, in a fixed order, and how often each
        occurs; the same whatever order the ballots came in.
    BallotFigures
        Every ballot, once.
    """
    standing = frozenset(option.number for option in vote.options) - frozenset(vote.withdrawn)
    merged: Counter[Ranking] = Counter()
    for paper in vote.papers:
        merged[paper.ranking] += paper.count
    valid: Counter[Ranking] = Counter()
    broken: list[BrokenBallots] = []
    empty = withdrawn_only = 0
    for ranking, count in sorted(merged.items()):
        reason = _fault(ranking, vote, allow_equal=allow_equal)
        followed = tuple(kept for place in ranking if (kept := _of(place, standing)))
        if count == 0:
            continue
        if not ranking:
            empty += count
        elif reason:
            broken.append(BrokenBallots(marks=marks_of(ranking), count=count, reason=reason))
        elif not followed:
            withdrawn_only += count
        else:
            valid[followed] += count
    figures = BallotFigures(
        cast=sum(merged.values()), valid=valid.total(), empty=empty, withdrawn_only=withdrawn_only,
        broken=sum(one.count for one in broken), broken_ballots=tuple(broken),
    )  # fmt: skip
    assert figures.cast == figures.valid + empty + withdrawn_only + figures.broken
    return dict(sorted(valid.items())), figures


def marks_of(ranking: Ranking) -> str:
    """A ranking as a ballot file writes it: "2 1=3 4"."""
    return " ".join("=".join(map(str, place)) for place in ranking)


def _of(place: Iterable[int], standing: frozenset[int]) -> tuple[int, ...]:
    return tuple(sorted(number for number in place if number in standing))


def _fault(ranking: Ranking, vote: RankedVote, *, allow_equal: bool) -> str | None:
    """Why a ballot cannot be followed, or None."""
    ranked = [number for place in ranking for number in place]
    for number in ranked:
        if not 1 <= number <= len(vote.options):
            return f"number {number} is not on the ballot"
    for number, times in sorted(Counter(ranked).items()):
        if times > 1:
            return f"number {number} is ranked twice"
    if not allow_equal and len(ranked) > len(ranking):
        return "two are at the same rank"
    if vote.ranks_max is not None and len(ranking) > vote.ranks_max:
        return f"it has {len(ranking)} ranks and {vote.ranks_max} are allowed"
    return None
