"""Spending a budget beside what cities published, and beside another program's outcomes."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from governance.counting.budget import BudgetVote, Marks
from governance.counting.budget_record import BudgetCount, Step
from governance.counting.equal_shares import count_equal_shares
from governance.counting.lots import SeededLots
from governance.counting.most_votes import count_most_votes_first
from governance.counting.pabulib import read_pb
from tests.counting import NoLots

pytestmark = pytest.mark.shared
CITIES = 24
CITIES_THAT_TICK = 16
WIELICZKA = "poland_wieliczka_2023"
LOTS = SeededLots(bytes(32))


@pytest.fixture(scope="module")
def budgets(shared_data: Path) -> dict[str, tuple[BudgetVote, dict[str, Any]]]:
    """Every budget: its vote, and what was published or computed elsewhere."""
    found = {}
    for file in sorted((shared_data / "elections/pabulib").glob("*.pb")):
        vote = read_pb(file.read_text(encoding="utf-8"), file.name)
        told = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
        found[file.stem] = vote, told
    assert len(found) == CITIES
    return found


def test_every_city_that_takes_most_votes_first_selected_what_we_select(
    budgets: dict[str, tuple[BudgetVote, dict[str, Any]]],
) -> None:
    for name, (vote, told) in budgets.items():
        count = count_most_votes_first(vote, NoLots())
        assert (count.ballots.valid, count.ballots.cast) == (told["votes"], told["votes"])
        if name == WIELICZKA:
            expected = told["computed_with_pabutools_1.2.3"]["greedy_by_votes"]
        else:
            expected = told["published"]["selected"]
        assert (name, sorted(count.selected)) == (name, sorted(expected))


def test_equal_shares_without_completion_is_what_another_program_computed(
    budgets: dict[str, tuple[BudgetVote, dict[str, Any]]],
) -> None:
    compared = 0
    for name, (vote, told) in budgets.items():
        if vote.marks is not Marks.TICKS:
            continue
        count = count_equal_shares(vote, NoLots(), complete=False)
        expected = told["computed_with_pabutools_1.2.3"]["mes_cost"]
        assert (name, sorted(count.selected)) == (name, sorted(expected))
        compared += 1
    assert compared == CITIES_THAT_TICK


def _completed_by_votes_for_money(vote: BudgetVote, count: BudgetCount) -> list[str]:
    """Our purchases from shares, and then whatever has most votes for its cost.

    That is how the other program spends the rest; where it matters (one city), most votes first,
    which is our rule and Wieliczka's, takes another project.
    """
    support = {one.project: one.support for one in count.rounds}
    selected = [one.project for one in count.rounds if one.step is Step.SHARES]
    left = vote.budget - sum(one.cost for one in vote.projects if one.id in selected)
    rest = [one for one in vote.projects if one.id not in selected and one.id in support]
    for project in sorted(rest, key=lambda one: one.cost / support[one.id]):
        if project.cost <= left:
            selected.append(project.id)
            left -= project.cost
    return sorted(selected)


def test_equal_shares_with_added_units_is_what_another_program_computed(
    budgets: dict[str, tuple[BudgetVote, dict[str, Any]]],
) -> None:
    differently_completed = []
    for name, (vote, told) in budgets.items():
        if vote.marks is not Marks.TICKS:
            continue
        count = count_equal_shares(vote, LOTS)
        expected = sorted(told["computed_with_pabutools_1.2.3"]["mes_cost_add1_then_greedy"])
        assert (name, _completed_by_votes_for_money(vote, count)) == (name, expected)
        if sorted(count.selected) != expected:
            differently_completed.append(name)
    assert differently_completed == ["poland_warszawa_2017_ursus-poludniowy"]


@pytest.mark.parametrize("left_out", ["66", "67"])
def test_wieliczka_selected_by_equal_shares_what_we_select(
    budgets: dict[str, tuple[BudgetVote, dict[str, Any]]], left_out: str
) -> None:
    """The city left one of two neighbouring meadows out of the count; its file has both."""
    vote, told = budgets[WIELICZKA]
    fewer = replace(
        vote,
        projects=tuple(one for one in vote.projects if one.id != left_out),
        papers=tuple(
            replace(paper, projects=tuple(one for one in paper.projects if one != left_out))
            for paper in vote.papers
        ),
    )
    count = count_equal_shares(fewer, LOTS)
    assert sorted(count.selected) == sorted(told["published"]["selected"])
