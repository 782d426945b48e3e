"""The method of equal shares: every voter has the same part of the budget, and pays for what wins.

Peters, Pierczyński and Skowron, "Proportional participatory budgeting with additive utilities"
(NeurIPS 2021), section 3, with cost utilities: a project is worth to whoever ticks it what it
costs. A project can be bought if its supporters have the money; each pays the same, and whoever has
less pays all they have. The next one bought is the one that asks for the smallest share of its cost
from those who pay in full. Equally good ones: the most supported first, then the cheaper, else by lot.

What is left is spent as equalshares.net describes. Add-1: as long as the purchases fit the budget and
another project would still fit, every voter is given one more whole unit and all begins anew; the
last outcome that fits holds. Then most votes first.
"""

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from governance.counting.budget import Amount, BudgetVote, Choice, Marks, Project, sift_budget
from governance.counting.budget_record import BudgetCount, BudgetRound, Step
from governance.counting.errors import CountImpossible
from governance.counting.lots import Lot, Lots
from governance.counting.most_votes import by_votes, cheapest, scores_of, summed_up, tied_ids

RULE = "equal_shares"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """Who wants what: voters with the same ballot always have the same money left.

    Attributes
    ----------
    voters
        How many there are in each group of equal ballots.
    supporters
        Of each project, in the vote's order: the groups that tick it.
    support
        Of each project: the voters in those groups.
    """

    projects: tuple[Project, ...]
    voters: tuple[int, ...]
    supporters: tuple[tuple[int, ...], ...]
    support: tuple[int, ...]


@dataclass(slots=True)
class _Purses:
    """What every group of equal ballots has left, each voter of it.

    `money` counts parts of a unit; a purchase that divides unevenly makes the parts smaller.
    `poorest_first` are each project's supporters as last sorted, which is nearly right next time.
    """

    money: list[int]
    parts: int
    poorest_first: list[list[int]]


@dataclass(frozen=True, slots=True)
class _Price:
    """What a project asks now: `missing` parts from `full_payers` voters, the others give all.

    `dearness` is what each of those pays, as a share of the cost; the smaller the better.
    """

    missing: int
    full_payers: int
    dearness: Fraction


def count_equal_shares(vote: BudgetVote, lots: Lots, *, complete: bool = True) -> BudgetCount:
    """Count a vote on a budget by the method of equal shares.

    Parameters
    ----------
    vote
        Projects, budget and ballots that tick.
    lots
        Settles ties of equal support and equal costs; the occasions are "round N", the names are
        the projects' ids.
    complete
        Whether what is left is spent by add-1 and then by most votes; without, it stays unspent.

    Raises
    ------
    CountImpossible
        If ballots give points or ranks: what a project is worth to a voter is then another method.
    """
    if vote.marks is not Marks.TICKS:
        raise CountImpossible(
            f"the ballots have {vote.marks}, and equal shares counts ticks; "
            "most votes first counts every kind"
        )
    choices, ballots = sift_budget(vote)
    if not ballots.valid:
        return summed_up(vote, RULE, (), ballots=ballots)
    wishes = _wishes(vote, choices)
    share = Fraction(vote.budget) / ballots.valid
    units = 0
    rounds = _buy(wishes, share, vote.budget, lots)
    if complete:
        rounds, units = _add_units(wishes, share, vote, rounds, lots)
        rounds = _spend_the_rest(vote, choices, rounds, lots)
    return summed_up(vote, RULE, rounds, ballots=ballots, share=share, units_added=units)


def _wishes(vote: BudgetVote, choices: Mapping[Choice, int]) -> _Wishes:
    ticked = [frozenset(project for project, _ in choice) for choice in choices]
    support, _ = scores_of(choices)
    wanted = tuple(project for project in vote.projects if support[project.id])
    return _Wishes(
        projects=wanted, voters=tuple(choices.values()),
        supporters=tuple(
            tuple(group for group, ticks in enumerate(ticked) if project.id in ticks)
            for project in wanted
        ),
        support=tuple(support[project.id] for project in wanted),
    )  # fmt: skip


def _add_units(
    wishes: _Wishes, share: Fraction, vote: BudgetVote, rounds: tuple[BudgetRound, ...], lots: Lots
) -> tuple[tuple[BudgetRound, ...], int]:
    """Give every voter one unit more, again and again, while the outcome fits the budget."""
    units = 0
    while not _is_exhaustive(wishes, vote.budget, rounds):
        # The record of a richer run tells what is left of the true budget all the same.
        richer = _buy(wishes, share + units + 1, vote.budget, lots)
        if _cost_of(richer) > vote.budget:
            break
        rounds, units = richer, units + 1
    return rounds, units


def _spend_the_rest(
    vote: BudgetVote, choices: Mapping[Choice, int], rounds: tuple[BudgetRound, ...], lots: Lots
) -> tuple[BudgetRound, ...]:
    bought = {one.project for one in rounds}
    others = [project for project in vote.projects if project.id not in bought]
    left = vote.budget - _cost_of(rounds)
    return rounds + by_votes(others, choices, left, lots, first_round=len(rounds) + 1)


def _cost_of(rounds: tuple[BudgetRound, ...]) -> Amount:
    return sum((one.cost for one in rounds), 0)


def _is_exhaustive(wishes: _Wishes, budget: Amount, rounds: tuple[BudgetRound, ...]) -> bool:
    """Whether nothing that anybody wants would still fit."""
    bought = {one.project for one in rounds}
    left = budget - _cost_of(rounds)
    return all(project.id in bought or project.cost > left for project in wishes.projects)


def _buy(wishes: _Wishes, share: Fraction, budget: Amount, lots: Lots) -> tuple[BudgetRound, ...]:
    """Buy from equal shares until nobody can pay for anything; may cost more than `budget`."""
    whole = math.lcm(share.denominator, *(Fraction(p.cost).denominator for p in wishes.projects))
    purses = _Purses(
        [int(share * whole)] * len(wishes.voters), whole, [list(one) for one in wishes.supporters]
    )
    # At best all supporters pay alike. A project only gets dearer as money is spent, so that its
    # last price is a bound for the next, and few projects need a new price each round.
    bounds = [(Fraction(1, support), at) for at, support in enumerate(wishes.support)]
    heapq.heapify(bounds)
    left, rounds = budget, list[BudgetRound]()
    while best := _best(wishes, purses, bounds):
        at, tied, lot = _choose(wishes, list(best), f"round {len(rounds) + 1}", lots)
        project, price = wishes.projects[at], best.pop(at)
        for other, its in best.items():
            heapq.heappush(bounds, (its.dearness, other))
        pays = _pay(wishes.supporters[at], purses, price)
        left -= project.cost
        rounds.append(
            BudgetRound(
                project=project.id, step=Step.SHARES, cost=project.cost, support=wishes.support[at],
                score=wishes.support[at], pays_at_most=pays, money_left=left, tied=tied, lot=lot,
            )
        )  # fmt: skip
    return tuple(rounds)


def _best(
    wishes: _Wishes, purses: _Purses, bounds: list[tuple[Fraction, int]]
) -> dict[int, _Price]:
    """The least dear projects and their prices, taken out of the heap `bounds`.

    Whatever nobody can pay for any more leaves `bounds`, too; the others asked go back at once.
    """
    best: dict[int, _Price] = {}
    least: Fraction | None = None
    dearer: list[tuple[Fraction, int]] = []
    while bounds and (least is None or bounds[0][0] <= least):
        _, at = heapq.heappop(bounds)
        price = _price(wishes, purses, at)
        if price is None:
            continue
        if least is not None and price.dearness > least:
            dearer.append((price.dearness, at))
            continue
        if least is None or price.dearness < least:
            dearer += [(its.dearness, other) for other, its in best.items()]
            least, best = price.dearness, {}
        best[at] = price
    for bound in dearer:
        heapq.heappush(bounds, bound)
    return dict(sorted(best.items()))


def _price(wishes: _Wishes, purses: _Purses, at: int) -> _Price | None:
    """What a project asks from its supporters now; None if they cannot pay for it."""
    cost = int(wishes.projects[at].cost * purses.parts)
    payers = wishes.support[at]
    missing = cost
    money, voters = purses.money, wishes.voters
    groups = purses.poorest_first[at]
    groups.sort(key=money.__getitem__)
    for group in groups:
        if money[group] * payers >= missing:
            return _Price(missing, payers, Fraction(missing, payers * cost))
        missing -= money[group] * voters[group]
        payers -= voters[group]
    return None


def _choose(
    wishes: _Wishes, best: list[int], occasion: str, lots: Lots
) -> tuple[int, tuple[str, ...], Lot | None]:
    """One of several equally good projects: the most supported, the cheaper, else by lot."""
    projects = [wishes.projects[at] for at in best]
    most = max(wishes.support[at] for at in best)
    left = [wishes.projects[at] for at in best if wishes.support[at] == most]
    project, lot = cheapest(left, lots, occasion)
    return best[projects.index(project)], tied_ids(projects), lot


def _pay(groups: tuple[int, ...], purses: _Purses, price: _Price) -> Fraction:
    """Take the price from the purses; what each full payer gives, in units."""
    each = Fraction(price.missing, price.full_payers)
    pays, finer = each.numerator, each.denominator
    if finer > 1:
        purses.money = [money * finer for money in purses.money]
        purses.parts *= finer
    money = purses.money
    for group in groups:
        money[group] = money[group] - pays if money[group] > pays else 0
    return Fraction(pays, purses.parts)
