"""Most votes first: the plain way to spend a budget, and how most cities do it.

Projects are taken by their points, most first. What the money left does not pay for is passed
over, and the next one's turn comes; so a dear project can lose its turn to cheaper ones with fewer
votes. What nobody wants is not bought. Equal points: the cheaper first, else by lot.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from fractions import Fraction

from governance.counting.budget import Amount, BudgetVote, Choice, Project, sift_budget
from governance.counting.budget_record import BudgetCount, BudgetRound, Step
from governance.counting.lots import Lot, Lots
from governance.counting.ranked import BallotFigures

RULE = "most_votes_first"


def count_most_votes_first(vote: BudgetVote, lots: Lots) -> BudgetCount:
    """Count a vote on a budget by most votes first.

    Parameters
    ----------
    vote
        Projects, budget and ballots of any kind of marks.
    lots
        Settles ties of equal points and equal costs; the occasions are "round N", the names are
        the projects' ids.
    """
    choices, ballots = sift_budget(vote)
    rounds = by_votes(vote.projects, choices, vote.budget, lots, first_round=1)
    return summed_up(vote, RULE, rounds, ballots=ballots)


def scores_of(choices: Mapping[Choice, int]) -> tuple[Counter[str], Counter[str]]:
    """Each project's ballots and its points."""
    support: Counter[str] = Counter()
    score: Counter[str] = Counter()
    for choice, count in choices.items():
        for project, points in choice:
            support[project] += count if points else 0
            score[project] += count * points
    return support, score


def by_votes(
    projects: Iterable[Project],
    choices: Mapping[Choice, int],
    money: Amount,
    lots: Lots,
    *,
    first_round: int,
) -> tuple[BudgetRound, ...]:
    """One turn for each of `projects` that has votes; `money` is what they may cost together."""
    support, score = scores_of(choices)
    waiting = [project for project in projects if score[project.id]]
    rounds: list[BudgetRound] = []
    while waiting:
        best = max(score[project.id] for project in waiting)
        equal = [project for project in waiting if score[project.id] == best]
        project, lot = cheapest(equal, lots, f"round {first_round + len(rounds)}")
        waiting.remove(project)
        bought = project.cost <= money
        money -= project.cost if bought else 0
        rounds.append(
            BudgetRound(
                project=project.id, step=Step.VOTES if bought else Step.TOO_DEAR, cost=project.cost,
                support=support[project.id], score=best, pays_at_most=None, money_left=money,
                tied=tied_ids(equal), lot=lot,
            )
        )  # fmt: skip
    return tuple(rounds)


def cheapest(equal: list[Project], lots: Lots, occasion: str) -> tuple[Project, Lot | None]:
    """The cheapest of projects that are otherwise equal; by lot if several cost the same."""
    least = min(project.cost for project in equal)
    left = {project.id: project for project in equal if project.cost == least}
    if len(left) == 1:
        return next(iter(left.values())), None
    lot = lots.draw(occasion, left)
    return left[lot.tickets[0].of], lot


def tied_ids(equal: list[Project]) -> tuple[str, ...]:
    """For the record: the ids of those who were equally good, none if there was but one."""
    return tuple(sorted(project.id for project in equal)) if len(equal) > 1 else ()


def summed_up(
    vote: BudgetVote,
    rule: str,
    rounds: tuple[BudgetRound, ...],
    *,
    ballots: BallotFigures,
    share: Fraction | None = None,
    units_added: int = 0,
) -> BudgetCount:
    """The record of a count from its rounds."""
    bought = [one for one in rounds if one.step is not Step.TOO_DEAR]
    total: Amount = sum((one.cost for one in bought), 0)
    assert total <= vote.budget, "a budget is never overspent"
    return BudgetCount(
        rule=rule, title=vote.title, marks=vote.marks, budget=vote.budget, projects=vote.projects,
        ballots=ballots, share=share,
        share_at_last=None if share is None else share + units_added, units_added=units_added,
        rounds=rounds, selected=tuple(one.project for one in bought),
        costs=tuple(one.cost for one in bought), total_cost=total, money_left=vote.budget - total,
    )  # fmt: skip
