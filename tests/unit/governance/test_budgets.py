"""Spending a budget, on votes worked out by hand."""

import json
from fractions import Fraction
from typing import Any

import pytest

from governance.counting.budget import BudgetPaper, BudgetVote, Limits, Marks, Project, sift_budget
from governance.counting.budget_record import Step
from governance.counting.document import document_of
from governance.counting.equal_shares import count_equal_shares
from governance.counting.errors import CountImpossible
from governance.counting.most_votes import count_most_votes_first
from tests.counting import ChosenLots, NoLots


def budget_vote(
    budget: int, costs: dict[str, int | Fraction], ballots: dict[str, int], **others: Any
) -> BudgetVote:
    """A vote of ballots such as {"A B": 3}."""
    return BudgetVote(
        title="", budget=budget, marks=others.pop("marks", Marks.TICKS),
        projects=tuple(Project(id=one, name=one, cost=cost) for one, cost in costs.items()),
        papers=tuple(
            BudgetPaper(projects=tuple(ticks.split()), count=count)
            for ticks, count in ballots.items()
        ),
        **others,
    )  # fmt: skip


def test_each_voter_pays_from_an_equal_share() -> None:
    vote = budget_vote(100, {"P": 40, "Q": 60, "R": 20}, {"P R": 1, "P Q R": 1, "Q": 2})
    count = count_equal_shares(vote, NoLots(), complete=False)
    # 25 each. Q: three pay 20. Then P's supporters have 25 and 5, which is not 40; and R's: one
    # gives the 5 that are left, the other 15.
    assert count.share == 25
    assert [(one.project, one.pays_at_most, one.money_left) for one in count.rounds] == [
        ("Q", 20, 40),
        ("R", 15, 20),
    ]
    assert (count.selected, count.costs, count.total_cost, count.money_left) == (
        ("Q", "R"),
        (60, 20),
        80,
        20,
    )


def test_of_equally_good_ones_the_cheaper_comes_first() -> None:
    vote = budget_vote(120, {"A": 60, "B": 30, "C": 25}, {"A B": 3, "C": 1})
    count = count_equal_shares(vote, NoLots(), complete=False)
    assert count.selected == ("B", "A", "C")
    assert count.rounds[0].tied == ("A", "B")
    assert count.rounds[0].lot is None


def test_units_are_added_until_something_more_is_bought() -> None:
    vote = budget_vote(10, {"A": 6, "B": 4}, {"A B": 1, "B": 1})
    assert count_equal_shares(vote, NoLots(), complete=False).selected == ("B",)
    count = count_equal_shares(vote, NoLots())
    assert (count.selected, count.units_added, count.share_at_last) == (("B", "A"), 3, 8)
    assert [one.step for one in count.rounds] == [Step.SHARES, Step.SHARES]


def test_units_that_would_overspend_are_taken_back_and_votes_decide_the_rest() -> None:
    vote = budget_vote(10, {"A": 6, "B": 4, "C": 6}, {"A B": 1, "B C": 1})
    count = count_equal_shares(vote, ChosenLots("C", "A"))
    assert (count.units_added, count.selected) == (2, ("B", "C"))
    assert [one.step for one in count.rounds] == [Step.SHARES, Step.VOTES, Step.TOO_DEAR]
    assert count.rounds[1].lot is not None


def test_a_cost_with_decimals_is_exact() -> None:
    cost = Fraction("33.33")
    count = count_equal_shares(budget_vote(100, {"A": cost}, {"A": 3}), NoLots())
    assert count.rounds[0].pays_at_most == cost / 3
    assert count.money_left == Fraction("66.67")
    assert json.loads(json.dumps(document_of(count)))["total_cost"] == "3333/100"


def test_shares_count_ticks_alone() -> None:
    vote = budget_vote(10, {"A": 5}, {"A": 1}, marks=Marks.RANKS, limits=Limits(projects_max=1))
    with pytest.raises(CountImpossible, match="ranks"):
        count_equal_shares(vote, NoLots())


@pytest.mark.parametrize("complete", [True, False])
def test_without_a_valid_ballot_nothing_is_bought(complete: bool) -> None:
    vote = budget_vote(10, {"A": 5}, {"": 3, "Z": 1})
    assert count_equal_shares(vote, NoLots(), complete=complete).selected == ()
    assert count_most_votes_first(vote, NoLots()).selected == ()


def test_most_votes_first_passes_over_what_no_longer_fits() -> None:
    vote = budget_vote(100, {"A": 70, "B": 50, "C": 30, "D": 1}, {"A": 5, "B": 4, "C": 3})
    count = count_most_votes_first(vote, NoLots())
    assert [(one.project, one.step, one.money_left) for one in count.rounds] == [
        ("A", Step.VOTES, 30),
        ("B", Step.TOO_DEAR, 30),
        ("C", Step.VOTES, 0),
    ]
    assert count.selected == ("A", "C")


def test_equal_votes_go_by_cost_and_then_by_lot() -> None:
    vote = budget_vote(10, {"A": 5, "B": 4, "C": 4}, {"A B C": 2})
    lots = ChosenLots("C", "B")
    count = count_most_votes_first(vote, lots)
    assert count.selected == ("C", "B")
    assert lots.asked == [("round 1", ["B", "C"])]


def test_ranks_give_one_point_fewer_from_place_to_place() -> None:
    vote = budget_vote(
        10, {"A": 9, "B": 9}, {"A B": 2, "B A": 3, "B": 1}, marks=Marks.RANKS, limits=Limits(projects_max=3)
    )  # fmt: skip
    count = count_most_votes_first(vote, NoLots())
    assert [(one.project, one.support, one.score) for one in count.rounds] == [
        ("B", 6, 16),
        ("A", 5, 12),
    ]


@pytest.mark.parametrize(
    ("projects", "points", "reason"),
    [
        (("A", "Z"), (1, 1), "project Z is not on the ballot"),
        (("A", "A"), (1, 1), "project A is named twice"),
        (("A", "B", "C"), (1, 1, 1), "it names 3 projects and 2 are allowed"),
        (("A",), (1, 1), "gives points 2 times"),
        (("A", "B"), (2, 2), "it gives 4 points and 3 are allowed"),
        (("A",), (0,), "it gives 0 points and 1 are asked for"),
        (("A",), (-1,), "fewer than no points"),
    ],
)
def test_a_ballot_that_cannot_be_followed_is_counted_and_named(
    projects: tuple[str, ...], points: tuple[int, ...], reason: str
) -> None:
    vote = BudgetVote(
        title="", budget=10, marks=Marks.POINTS,
        projects=tuple(Project(id=one, name=one, cost=1) for one in "ABC"),
        papers=(BudgetPaper(projects=projects, points=points, count=4), BudgetPaper(projects=("A", "B"), points=(2, 1))),
        limits=Limits(projects_max=2, points_min=1, points_max=3),
    )  # fmt: skip
    valid, figures = sift_budget(vote)
    assert valid == {(("A", 2), ("B", 1)): 1}
    assert (figures.cast, figures.valid, figures.broken) == (5, 1, 4)
    assert reason in figures.broken_ballots[0].reason


@pytest.mark.parametrize(("budget", "costs"), [(-1, {"A": 1}), (1, {"A": 0}), (1, {"A": -5})])
def test_terms_that_make_no_sense_are_refused(
    budget: int, costs: dict[str, int | Fraction]
) -> None:
    with pytest.raises(CountImpossible):
        budget_vote(budget, costs, {})
