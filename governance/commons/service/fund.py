"""The community fund: opening it, projects, support, and dividing it."""

from collections.abc import Sequence, Set
from dataclasses import replace

from foundation.identifiers import UUID, PersonId
from governance.commons import store
from governance.commons.budget import (
    BudgetTerms,
    FundedPact,
    ProjectProposal,
    check_project,
    divide,
    faults_of,
)
from governance.commons.documents import plain
from governance.commons.errors import CommonsNotFound
from governance.commons.events import BudgetDivided, BudgetOpened
from governance.commons.service.pacts import put_pact
from governance.counting.budget import BudgetPaper
from governance.counting.budget_record import BudgetCount
from governance.counting.document import document_of
from governance.counting.lots import Lots
from rulebook.rule import canonical, digest_of
from storage.work import UnitOfWork


async def open_budget(
    work: UnitOfWork, *, budget_id: UUID, adoption_id: UUID, terms: BudgetTerms
) -> None:
    """Open a fund by terms that an adoption names.

    Raises
    ------
    CommonsRefused
        If there is no such adoption.
    """
    body = plain(terms)
    await store.put(
        work, "budget", budget_id=budget_id, adoption_id=adoption_id,
        terms=canonical(body).decode(), digest=digest_of(body), currency=terms.pot.currency,
        pot_minor=terms.pot.minor, cost_min_minor=terms.cost_min_minor,
        cost_max_minor=terms.cost_max_minor, lodge_by=terms.lodge_by, vote_by=terms.vote_by,
    )  # fmt: skip
    work.announce(
        BudgetOpened(
            event_id=work.new_id(), occurred_at=work.now, budget_id=budget_id,
            pot_minor=terms.pot.minor, currency=terms.pot.currency,
        )
    )  # fmt: skip


async def lodge_project(
    work: UnitOfWork, *, budget_id: UUID, project: ProjectProposal, members: Set[PersonId]
) -> None:
    """Lodge a project; its supporters are not taken from here, they say so themselves.

    Raises
    ------
    CommonsNotFound
        If there is no such fund.
    ProjectUnfit
        If it could not stand on the ballot even with every support.
    CommonsRefused
        If the id is taken or the fund is divided.
    """
    terms = await store.get_budget(work, budget_id)
    check_project(replace(project, supporters=frozenset(members)), terms, members)
    body = plain(project.terms)
    await store.put(
        work, "project", budget_id=budget_id, project_id=project.project_id,
        proposer_id=project.proposer_id, cost_minor=project.cost.minor,
        terms=canonical(body).decode(), digest=digest_of(body), lodged_on=project.lodged_on,
    )  # fmt: skip


async def support_project(
    work: UnitOfWork, *, budget_id: UUID, project_id: str, person_id: PersonId
) -> None:
    """Stand behind somebody else's project.

    Raises
    ------
    CommonsNotFound
        If there is no such fund or project.
    CommonsRefused
        If it is one's own, or one stands behind it already.
    """
    terms = await store.get_budget(work, budget_id)
    for project in await store.list_projects(work, budget_id, terms):
        if project.project_id == project_id:
            await store.put(
                work, "project_support", budget_id=budget_id, project_id=project_id,
                proposer_id=project.proposer_id, person_id=person_id,
            )  # fmt: skip
            return
    raise CommonsNotFound("project")


async def divide_budget(
    work: UnitOfWork,
    *,
    budget_id: UUID,
    papers: Sequence[BudgetPaper],
    members: Set[PersonId],
    lots: Lots,
    on_ballot: Sequence[str] | None = None,
) -> tuple[BudgetCount, tuple[FundedPact, ...]]:
    """Count the ballots, publish the count and make pacts of what was bought.

    Projects that cannot stand on the ballot are left out; the document names them with why.

    Parameters
    ----------
    papers
        The ballots without names, as the ballot box gives them after the close.
    members
        The roll of the vote.
    on_ballot
        The ids that stood on the ballots; None: of all projects that can.

    Raises
    ------
    CommonsNotFound
        If there is no such fund.
    BudgetInvalid
        If there are more ballots than members.
    CommonsRefused
        If it is divided already, or members vote on it and their vote is not certified.
    """
    await store.lock(work, budget_id)
    terms = await store.get_budget(work, budget_id)
    lodged = await store.list_projects(work, budget_id, terms)
    faults = {one.project_id: faults_of(one, terms, members) for one in lodged}
    chosen = [
        one
        for one in lodged
        if (not faults[one.project_id] if on_ballot is None else one.project_id in on_ballot)
    ]
    count, funded = divide(terms, chosen, papers, members=members, lots=lots)
    document = {
        "count": document_of(count),
        "papers": [plain(paper) for paper in papers],
        "left_out": {name: list(why) for name, why in faults.items() if why},
    }
    spent = sum(one.cost.minor for one in funded)
    await store.put(
        work, "budget_result", budget_id=budget_id, document=canonical(document).decode(),
        digest=digest_of(document), ballots=count.ballots.cast, roll=len(members),
        spent_minor=spent, funded=len(funded),
    )  # fmt: skip
    for one in funded:
        await store.put(
            work, "funded", budget_id=budget_id, project_id=one.project_id,
            cost_minor=one.cost.minor, digest=digest_of(plain(one.terms)),
        )  # fmt: skip
        await put_pact(
            work, work.new_id(), one.terms, budget_id=budget_id, project_id=one.project_id
        )
    work.announce(
        BudgetDivided(
            event_id=work.new_id(), occurred_at=work.now, budget_id=budget_id,
            projects=[one.project_id for one in funded], spent_minor=spent,
        )
    )  # fmt: skip
    return count, funded
