"""Votes on how to spend a budget: projects with their costs, and which ballots count.

A ballot ticks projects, gives them points, or ranks them. As in `ranked`, nothing a voter wrote
stops a count: a ballot is valid, empty, or broken with its reason.
"""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from governance.counting.errors import CountImpossible
from governance.counting.ranked import BallotFigures, BrokenBallots

Amount: TypeAlias = int | Fraction
"""Money in the units of the vote, exactly; a fraction only where costs have decimals."""


class Marks(StrEnum):
    """How a ballot says what it wants; each names how it is scored by "most votes first"."""

    TICKS = "ticks"  # one point for each project ticked
    POINTS = "points"  # as many as the voter gave
    RANKS = "ranks"  # as many as there are ranks for the first, one fewer for each next


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What may be paid from the budget."""

    id: str
    name: str
    cost: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetPaper:
    """Projects by their ids, in the order written, and how many ballots say just that.

    `points` belong to the projects one by one; they are there only where ballots give points.
    """

    projects: tuple[str, ...]
    points: tuple[int, ...] = ()
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the notice allows; None: anything."""

    projects_min: int | None = None
    projects_max: int | None = None
    points_max: int | None = None
    points_min: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetVote:
    """A vote on a budget as it is to be counted."""

    title: str
    budget: Amount
    marks: Marks
    projects: tuple[Project, ...]
    papers: tuple[BudgetPaper, ...]
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        ids = [project.id for project in self.projects]
        if len(set(ids)) < len(ids):
            raise CountImpossible("two projects have the same id")
        if self.budget < 0:
            raise CountImpossible("the budget is below nothing")
        for project in self.projects:
            if project.cost <= 0:
                raise CountImpossible(f"project {project.id} costs {project.cost}")
        if self.marks is Marks.RANKS and self.limits.projects_max is None:
            raise CountImpossible("ballots rank projects and nothing says how many ranks there are")
        if any(paper.count < 0 for paper in self.papers):
            raise CountImpossible("a ballot is there less than no times")


Choice: TypeAlias = "tuple[tuple[str, int], ...]"
"""A valid ballot: each project with the points it gets from it."""


def sift_budget(vote: BudgetVote) -> tuple[dict[Choice, int], BallotFigures]:
    """Which ballots count, and what the others are.

    Returns
    -------
    dict of Choice to int
        The valid ballots in a fixed order, whatever order they came in, and how often each occurs.
    BallotFigures
        Every ballot, once.
    """
    known = frozenset(project.id for project in vote.projects)
    merged: Counter[tuple[tuple[str, ...], tuple[int, ...]]] = Counter()
    for paper in vote.papers:
        merged[paper.projects, paper.points] += paper.count
    valid: Counter[Choice] = Counter()
    broken: list[BrokenBallots] = []
    empty = 0
    for (projects, points), count in sorted(merged.items()):
        if count == 0:
            continue
        reason = _fault(projects, points, vote, known)
        if not projects and not points:
            empty += count
        elif reason:
            broken.append(BrokenBallots(marks=_marks(projects, points), count=count, reason=reason))
        else:
            valid[_choice(projects, points, vote)] += count
    figures = BallotFigures(
        cast=sum(merged.values()), valid=valid.total(), empty=empty, withdrawn_only=0,
        broken=sum(one.count for one in broken), broken_ballots=tuple(broken),
    )  # fmt: skip
    return dict(sorted(valid.items())), figures


def _choice(projects: tuple[str, ...], points: tuple[int, ...], vote: BudgetVote) -> Choice:
    match vote.marks:
        case Marks.POINTS:
            given = points
        case Marks.RANKS:
            assert vote.limits.projects_max is not None
            given = tuple(vote.limits.projects_max - place for place in range(len(projects)))
        case Marks.TICKS:
            given = (1,) * len(projects)
    return tuple(sorted(zip(projects, given, strict=True)))


def _marks(projects: tuple[str, ...], points: tuple[int, ...]) -> str:
    if not points:
        return ",".join(projects)
    return f"{','.join(projects)};{','.join(map(str, points))}"


def _fault(
    projects: tuple[str, ...], points: tuple[int, ...], vote: BudgetVote, known: frozenset[str]
) -> str | None:
    """Why a ballot cannot be followed, or None."""
    for project in projects:
        if project not in known:
            return f"project {project} is not on the ballot"
    for project, times in sorted(Counter(projects).items()):
        if times > 1:
            return f"project {project} is named twice"
    limits = vote.limits
    if limits.projects_max is not None and len(projects) > limits.projects_max:
        return f"it names {len(projects)} projects and {limits.projects_max} are allowed"
    if limits.projects_min is not None and len(projects) < limits.projects_min:
        return f"it names {len(projects)} projects and {limits.projects_min} are asked for"
    return _fault_of_points(projects, points, limits) if vote.marks is Marks.POINTS else None


def _fault_of_points(
    projects: tuple[str, ...], points: tuple[int, ...], limits: Limits
) -> str | None:
    if len(points) != len(projects):
        return f"it names {len(projects)} projects and gives points {len(points)} times"
    if any(given < 0 for given in points):
        return "it gives fewer than no points"
    if limits.points_max is not None and sum(points) > limits.points_max:
        return f"it gives {sum(points)} points and {limits.points_max} are allowed"
    if limits.points_min is not None and sum(points) < limits.points_min:
        return f"it gives {sum(points)} points and {limits.points_min} are asked for"
    return None
