"""Projects that may stand on the ballot, what the fund buys, and the pacts it becomes."""

from datetime import date
from typing import Any

import pytest

from governance.commons.budget import check_project, divide, faults_of
from governance.commons.errors import BudgetInvalid, ProjectUnfit
from governance.counting.budget import BudgetPaper
from tests.commons import LOTS, MEMBERS, budget_terms, money, pact_terms, person, project


def papers(*ticks: str) -> list[BudgetPaper]:
    """One ballot for each text: "ab" ticks projects a and b."""
    return [BudgetPaper(projects=tuple(one)) for one in ticks]


def funded(*ticks: str, costs: dict[str, int], **changes: Any) -> list[str]:
    """What is bought, in order."""
    projects = [project(one, cost) for one, cost in costs.items()]
    count, pacts = divide(
        budget_terms(**changes), projects, papers(*ticks), members=MEMBERS, lots=LOTS
    )
    assert [one.project_id for one in pacts] == list(count.selected)
    return [one.project_id for one in pacts]


def test_a_minority_that_agrees_gets_its_part_of_the_pot() -> None:
    # By most votes first, a and b would take all of it.
    costs = {"a": 51_00, "b": 49_00, "c": 40_00}
    assert funded("ab", "ab", "ab", "c", "c", costs=costs) == ["b", "c"]


def test_what_is_bought_becomes_the_pact_its_proposers_wrote() -> None:
    bench = project("a", 30_00)
    count, (pact,) = divide(
        budget_terms(), [bench, project("b", 80_00)], papers("a", "a"), members=MEMBERS, lots=LOTS
    )
    assert pact.terms == bench.terms
    assert (pact.cost, pact.proposer_id) == (money(30_00), person("ada"))
    assert count.money_left == 70


def test_a_project_that_alone_exceeds_the_pot_never_reaches_the_ballot() -> None:
    dear = project("a", 100_01)
    assert faults_of(dear, budget_terms(), MEMBERS) == ("it alone costs more than the pot",)
    with pytest.raises(ProjectUnfit, match="more than the pot"):
        divide(budget_terms(), [dear], papers("a"), members=MEMBERS, lots=LOTS)


def test_a_project_of_exactly_the_pot_can_be_bought() -> None:
    assert funded("a", costs={"a": 100_00}) == ["a"]


def test_equal_projects_are_settled_by_the_public_lot_whatever_their_order() -> None:
    costs = {"a": 60_00, "b": 60_00}
    turned = dict(reversed(costs.items()))
    one = funded("a", "b", costs=costs)
    assert len(one) == 1
    assert funded("b", "a", costs=turned) == one


def test_no_ballot_no_project() -> None:
    assert funded(costs={"a": 10_00}) == []


def test_empty_and_broken_ballots_buy_nothing_and_are_counted() -> None:
    count, pacts = divide(
        budget_terms(ticks_max=1), [project("a", 10_00), project("b", 10_00)],
        papers("", "ab", "zz"), members=MEMBERS, lots=LOTS,
    )  # fmt: skip
    assert pacts == ()
    assert (count.ballots.cast, count.ballots.empty, count.ballots.broken) == (3, 1, 2)


def test_there_are_no_more_ballots_than_members() -> None:
    with pytest.raises(BudgetInvalid, match="6 ballots and 5 members"):
        funded(*"aaaaaa", costs={"a": 10_00})


@pytest.mark.parametrize(
    ("changes", "terms", "reason"),
    [
        ({"proposer_id": person("zoe")}, {}, "proposer is not on the roll"),
        ({"lodged_on": date(2030, 2, 2)}, {}, "came after 2030-02-01"),
        ({}, {"cost_max_minor": 49_99}, "costs more than 4999"),
        ({}, {"cost_min_minor": 50_01}, "costs less than 5001"),
        ({"supporters": frozenset({person("ada"), person("zoe")})}, {"supporters_min": 1},
         "0 members stand behind it"),
        ({"cost": money(49_00)}, {}, "its pact pays something else"),
        ({}, {"vote_by": date(2030, 4, 1)}, "begins before the vote has ended"),
    ],
)  # fmt: skip
def test_what_cannot_stand_on_the_ballot_and_why(changes: Any, terms: Any, reason: str) -> None:
    with pytest.raises(ProjectUnfit, match=reason):
        check_project(project("a", 50_00, **changes), budget_terms(**terms), MEMBERS)


def test_another_member_behind_it_is_enough() -> None:
    fit = project("a", 50_00, supporters=frozenset({person("bo")}))
    assert check_project(fit, budget_terms(supporters_min=1), MEMBERS) is fit


def test_another_currency_is_named() -> None:
    terms = budget_terms(pot=money(100_00).__class__(100_00, "USD"))
    assert "it is not in USD" in faults_of(project("a", 50_00), terms, MEMBERS)


@pytest.mark.parametrize(
    "changes",
    [
        {"cost_min_minor": 0},
        {"cost_max_minor": 100_01},
        {"supporters_min": -1},
        {"ticks_max": 0},
        {"lodge_by": date(2030, 3, 1)},
    ],
)
def test_terms_that_make_no_sense_are_refused(changes: Any) -> None:
    with pytest.raises(BudgetInvalid):
        budget_terms(**changes)


def test_a_pact_that_pays_in_two_parts_costs_their_sum() -> None:
    first = pact_terms(20_00).payments[0]
    second = (
        pact_terms(30_00)
        .payments[0]
        .__class__(
            number=2, payer=first.payer, payee=first.payee, amount=money(30_00), due_on=first.due_on
        )
    )
    both = pact_terms(payments=(first, second))
    assert faults_of(project("a", 50_00, terms=both), budget_terms(), MEMBERS) == ()
