"""Ballots of one mark: a number, or for, against and abstain."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from governance.counting.errors import CountImpossible
from governance.counting.ranked import BallotFigures, BrokenBallots

ABSTAIN = "abstain"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkPaper:
    """What stands on a ballot, and how many ballots say just that; "" is an empty one."""

    mark: str
    count: int = 1


def sift_marks(
    papers: Iterable[MarkPaper], fault: Callable[[str], str | None]
) -> tuple[dict[str, int], BallotFigures]:
    """Which ballots count, and what the others are.

    Parameters
    ----------
    papers
        As cast.
    fault
        Why a mark that is not empty cannot be followed, or None.

    Returns
    -------
    dict of str to int
        The valid marks in a fixed order, whatever order they came in, and how often each occurs.
    BallotFigures
        Every ballot, once.

    Raises
    ------
    CountImpossible
        If a ballot is there less than no times.
    """
    merged: Counter[str] = Counter()
    for paper in papers:
        if paper.count < 0:
            raise CountImpossible("a ballot is there less than no times")
        merged[paper.mark.strip()] += paper.count
    valid: dict[str, int] = {}
    broken: list[BrokenBallots] = []
    for mark, count in sorted(merged.items()):
        if not mark or not count:
            continue
        reason = fault(mark)
        if reason is None:
            valid[mark] = count
        else:
            broken.append(BrokenBallots(marks=mark, count=count, reason=reason))
    figures = BallotFigures(
        cast=merged.total(), valid=sum(valid.values()), empty=merged[""], withdrawn_only=0,
        broken=sum(one.count for one in broken), broken_ballots=tuple(broken),
    )  # fmt: skip
    assert figures.cast == figures.valid + figures.empty + figures.broken
    return valid, figures
