"""The community fund: members propose projects for one pot, tick what they want, and it is divided.

Which projects are bought is decided by equal shares (`governance.counting.equal_shares`: Peters,
Pierczyński and Skowron 2021, with cost utilities and add-1), so that a minority that agrees gets its
part of the pot. What is bought becomes a pact with the duties that its proposers wrote. The steps
are Decidim's participatory budgets: lodging, a check against the terms, the vote, follow-up.

Ballots come in as papers without names; who voted is the electoral roll's business.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from foundation.identifiers import PersonId
from foundation.money import Money, minor_digits
from governance.commons.errors import BudgetInvalid, ProjectUnfit
from governance.commons.pact import PactTerms, Party
from governance.counting.budget import BudgetPaper, BudgetVote, Limits, Marks, Project
from governance.counting.budget_record import BudgetCount
from governance.counting.equal_shares import count_equal_shares
from governance.counting.lots import Lots


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetTerms:
    """What was voted about a fund.

    Attributes
    ----------
    pot
        All there is.
    cost_min_minor, cost_max_minor
        Bounds of a project's cost, both included, minor units; the most is not above the pot.
    supporters_min
        How many members beside the proposer must stand behind a project.
    ticks_max
        How many projects a ballot may tick; None: as many as there are.
    lodge_by
        The last day for projects.
    vote_by
        The last day of the vote.
    """

    title: str
    pot: Money
    cost_min_minor: int
    cost_max_minor: int
    supporters_min: int
    ticks_max: int | None
    lodge_by: date
    vote_by: date

    def __post_init__(self) -> None:
        if not 0 < self.cost_min_minor <= self.cost_max_minor <= self.pot.minor:
            raise BudgetInvalid("a project costs something, and the dearest fits into the pot")
        if self.supporters_min < 0 or (self.ticks_max is not None and self.ticks_max < 1):
            raise BudgetInvalid("supporters are not below none, and a ballot has a tick at least")
        if not self.lodge_by < self.vote_by:
            raise BudgetInvalid("the vote ends after the last day for projects")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectProposal:
    """A project that somebody would like to be paid.

    Attributes
    ----------
    supporters
        Members who said so; the proposer among them does not count.
    terms
        The pact that it becomes; what the co-operative pays in it is the project's cost.
    """

    project_id: str
    proposer_id: PersonId
    cost: Money
    lodged_on: date
    supporters: frozenset[PersonId]
    terms: PactTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class FundedPact:
    """A project that was bought, as the pact it becomes."""

    project_id: str
    proposer_id: PersonId
    cost: Money
    terms: PactTerms


def faults_of(
    proposal: ProjectProposal, terms: BudgetTerms, members: Set[PersonId]
) -> tuple[str, ...]:
    """Every reason why a project cannot stand on the ballot; none if it can.

    Parameters
    ----------
    members
        Who is on the roll of this vote.
    """
    behind = len((proposal.supporters & members) - {proposal.proposer_id})
    tests = (
        (proposal.proposer_id not in members, "its proposer is not on the roll"),
        (proposal.cost.currency != terms.pot.currency, f"it is not in {terms.pot.currency}"),
        (proposal.cost.minor > terms.pot.minor, "it alone costs more than the pot"),
        (
            terms.cost_max_minor < proposal.cost.minor <= terms.pot.minor,
            f"it costs more than {terms.cost_max_minor}",
        ),
        (proposal.cost.minor < terms.cost_min_minor, f"it costs less than {terms.cost_min_minor}"),
        (proposal.lodged_on > terms.lodge_by, f"it came after {terms.lodge_by}"),
        (
            behind < terms.supporters_min,
            f"{behind} members stand behind it and {terms.supporters_min} are asked for",
        ),
        (_paid_by_the_fund(proposal) != proposal.cost.minor, "its pact pays something else"),
        (proposal.terms.starts_on <= terms.vote_by, "its pact begins before the vote has ended"),
    )
    return tuple(reason for is_so, reason in tests if is_so)


def check_project(
    proposal: ProjectProposal, terms: BudgetTerms, members: Set[PersonId]
) -> ProjectProposal:
    """The project, if it can stand on the ballot.

    Raises
    ------
    ProjectUnfit
        With the first reason why not.
    """
    faults = faults_of(proposal, terms, members)
    if faults:
        raise ProjectUnfit(proposal.project_id, faults[0])
    return proposal


def vote_on(
    terms: BudgetTerms, proposals: Iterable[ProjectProposal], papers: Sequence[BudgetPaper]
) -> BudgetVote:
    """The vote as it is counted: projects in order of their ids, ballots by ticks.

    Amounts are in the currency's main unit, exactly: add-1 then gives every voter one euro more,
    as in published budgets, and not one cent, which takes a hundred times the rounds.
    """
    unit = 10 ** minor_digits(terms.pot.currency)
    projects = sorted(proposals, key=lambda one: one.project_id)
    return BudgetVote(
        title=terms.title,
        budget=Fraction(terms.pot.minor, unit),
        marks=Marks.TICKS,
        projects=tuple(
            Project(id=one.project_id, name=one.terms.title, cost=Fraction(one.cost.minor, unit))
            for one in projects
        ),
        papers=tuple(papers),
        limits=Limits(projects_max=terms.ticks_max),
    )


def divide(
    terms: BudgetTerms,
    proposals: Sequence[ProjectProposal],
    papers: Sequence[BudgetPaper],
    *,
    members: Set[PersonId],
    lots: Lots,
) -> tuple[BudgetCount, tuple[FundedPact, ...]]:
    """Count the vote and turn what was bought into pacts, in the order bought.

    Parameters
    ----------
    proposals
        Those on the ballot.
    papers
        What the ballots tick, without names.
    members
        The roll: no more ballots are counted than there are members.
    lots
        Settle what support and cost leave equal.

    Raises
    ------
    ProjectUnfit
        If a project on the ballot should not be there.
    BudgetInvalid
        If there are more ballots than members.
    CountImpossible
        If two projects have the same id.
    """
    for proposal in proposals:
        check_project(proposal, terms, members)
    cast = sum(paper.count for paper in papers)
    if cast > len(members):
        raise BudgetInvalid(f"there are {cast} ballots and {len(members)} members")
    count = count_equal_shares(vote_on(terms, proposals, papers), lots)
    by_id: Mapping[str, ProjectProposal] = {one.project_id: one for one in proposals}
    funded = tuple(
        FundedPact(
            project_id=project, proposer_id=by_id[project].proposer_id,
            cost=by_id[project].cost, terms=by_id[project].terms,
        )
        for project in count.selected
    )  # fmt: skip
    assert sum(one.cost.minor for one in funded) <= terms.pot.minor
    return count, funded


def _paid_by_the_fund(proposal: ProjectProposal) -> int:
    """What the co-operative pays in the project's pact, minor units."""
    paid = [one for one in proposal.terms.payments if one.payer is Party.COOPERATIVE]
    return sum(one.amount.minor for one in paid if one.amount.currency == proposal.cost.currency)
