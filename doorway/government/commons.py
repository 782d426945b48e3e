"""The commons as members use them: proposals, duties, projects, support, pledges; the same at every
entrance of members.

What somebody pledges here draws no city money until the office has seen that they live in the city:
nothing in this service knows where anybody lives.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.commons_schemas import (
    MyPledgesOut,
    PactStateOut,
    PledgeIn,
    PledgeMadeOut,
    PledgeOut,
    ProjectIn,
    ProjectLodgedOut,
    ProjectOut,
    ProjectsOut,
    ProposalLodgedOut,
    ProposalMadeIn,
    ProposalOut,
    ProposalsOut,
)
from doorway.government.motions import NO_MEMBER
from doorway.schemas import problems
from doorway.services import Services, services_of
from doorway.writes import once
from foundation.identifiers import UUID
from foundation.money import Money
from governance.commons import documents
from governance.commons import views as commons_views
from governance.commons.budget import ProjectProposal
from governance.commons.errors import NotYourDuty
from governance.commons.pact import DutyDone, Party
from governance.commons.service import fund, offers, pacts
from governance.errors import NotYoursToDo
from governance.service.membership import bylaws_now
from governance.views import members as member_views
from registry.session import Caller
from storage.work import Reading, UnitOfWork

router = APIRouter(prefix="/commons", tags=["the commons"])

ProjectId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]
Number = Annotated[int, Path(ge=1, le=1000)]
SHOWN_MAX = 1000


@router.get("/proposals", responses=problems(), summary="What was proposed to the board")
async def proposals(request: Request, caller: Anybody) -> ProposalsOut:
    """The newest first, with the board's answer or the last day for it."""
    async with services_of(request).database.reading() as work:
        return await proposals_out(work)


async def proposals_out(work: Reading) -> ProposalsOut:
    """Proposals as members and the office read them."""
    found = await commons_views.list_proposals(work, limit=SHOWN_MAX)
    return ProposalsOut(
        proposals=[
            ProposalOut(
                proposal_id=one.proposal_id, title=one.title, body=one.body,
                lodged_on=one.lodged_on, answer_by=one.answer_by, accepted=one.accepted,
                reasons=one.reasons,
            )
            for one in found
        ]
    )  # fmt: skip


@router.post(
    "/proposals",
    status_code=201,
    responses={201: {"model": ProposalLodgedOut}, **problems(404)},
    summary="Propose something to the board",
)
async def lodge(request: Request, body: ProposalMadeIn, caller: Anybody) -> Response:
    """What you would do together with the co-operative or the city. The board answers with its
    reasons, by a day that the bylaws set; what it accepts becomes a pact."""

    async def act(work: UnitOfWork, services: Services) -> Any:
        bylaws = await bylaws_now(work)
        proposal_id = work.new_id()
        due_on = await pacts.lodge_proposal(
            work,
            proposal_id=proposal_id,
            proposer_id=caller.person_id,
            title=body.title,
            body=body.body,
            today=bylaws.calendar.day_of(work.now),
            answer_days=max(1, bylaws.motions.answer_days),
        )
        return ProposalLodgedOut(proposal_id=proposal_id, answer_by=due_on)

    return await _done(request, caller, act, status=201)


@router.post(
    "/pacts/{pact_id}/duties/{number}/done",
    responses={200: {"model": PactStateOut}, **problems(404, 409)},
    summary="Report your duty as done",
)
async def report_duty(request: Request, pact_id: UUID, number: Number, caller: Anybody) -> Response:
    """A duty of the proposers, by the proposer of the pact; the office reports the others."""

    async def act(work: UnitOfWork, services: Services) -> Any:
        pact = await commons_views.get_pact(work, pact_id)
        mine = {one.number for one in pact.terms.duties if one.party is Party.PROPOSERS}
        if number in {one.number for one in pact.terms.duties} - mine or (
            await commons_views.proposer_of(work, pact_id) != caller.person_id
        ):
            raise NotYourDuty
        today = (await bylaws_now(work)).calendar.day_of(work.now)
        done = DutyDone(number=number, done_on=today)
        after = await pacts.report_duty(work, pact_id=pact_id, by=caller.person_id, done=done)
        return PactStateOut.of(pact_id, after)

    return await _done(request, caller, act)


@router.get(
    "/budgets/{budget_id}/projects", responses=problems(404), summary="What might be paid for"
)
async def projects(request: Request, budget_id: UUID, caller: Anybody) -> ProjectsOut:
    """Every project lodged with a fund, and how many stand behind it."""
    async with services_of(request).database.reading() as work:
        found = await commons_views.list_projects(work, budget_id)
    return ProjectsOut(
        projects=[
            ProjectOut(
                project_id=one.project_id, title=one.terms.title, aim=one.terms.aim,
                cost_minor=one.cost.minor, currency=one.cost.currency, lodged_on=one.lodged_on,
                supporters=len(one.supporters), is_mine=one.proposer_id == caller.person_id,
                supported=caller.person_id in one.supporters,
            )
            for one in found
        ]
    )  # fmt: skip


@router.post(
    "/budgets/{budget_id}/projects",
    status_code=201,
    responses={201: {"model": ProjectLodgedOut}, **problems(404, 409)},
    summary="Lodge a project with a fund",
)
async def lodge_project(
    request: Request, budget_id: UUID, body: ProjectIn, caller: Anybody
) -> Response:
    """With the pact that it becomes if the ballots buy it."""

    async def act(work: UnitOfWork, services: Services) -> Any:
        terms = documents.pact_terms_of(body.terms)
        project = ProjectProposal(
            project_id=body.project_id,
            proposer_id=caller.person_id,
            cost=Money(body.cost_minor, await commons_views.currency_of(work, budget_id)),
            lodged_on=(await bylaws_now(work)).calendar.day_of(work.now),
            supporters=frozenset(),
            terms=terms,
        )
        people = await member_views.list_people(work)
        await fund.lodge_project(work, budget_id=budget_id, project=project, members=people)
        return ProjectLodgedOut(project_id=body.project_id)

    return await _done(request, caller, act, status=201)


@router.post(
    "/budgets/{budget_id}/projects/{project_id}/support",
    responses={200: {"model": ProjectLodgedOut}, **problems(404, 409)},
    summary="Stand behind a project",
)
async def support(
    request: Request, budget_id: UUID, project_id: ProjectId, caller: Anybody
) -> Response:
    """Of somebody else; some funds ask for so many supporters."""

    async def act(work: UnitOfWork, services: Services) -> Any:
        await fund.support_project(
            work, budget_id=budget_id, project_id=project_id, person_id=caller.person_id
        )
        return ProjectLodgedOut(project_id=project_id)

    return await _done(request, caller, act)


@router.get("/offers/{offer_id}/pledges", responses=problems(404), summary="What you pledged")
async def my_pledges(request: Request, offer_id: UUID, caller: Anybody) -> MyPledgesOut:
    """Your own pledges to an offer, those taken back included."""
    async with services_of(request).database.reading() as work:
        found = await commons_views.pledges_of(work, offer_id, caller.person_id)
    return MyPledgesOut(
        pledges=[
            PledgeOut(
                pledge_id=one.pledge_id, amount_minor=one.amount_minor, made_at=one.made_at,
                draws_city_money=one.resident, withdrawn_at=one.withdrawn_at,
            )
            for one in found
        ]
    )  # fmt: skip


@router.post(
    "/offers/{offer_id}/pledges",
    status_code=201,
    responses={201: {"model": PledgeMadeOut}, **problems(404, 409)},
    summary="Pledge money",
)
async def pledge(request: Request, offer_id: UUID, body: PledgeIn, caller: Anybody) -> Response:
    """Nothing is paid before the offer is settled. A pledge made here draws no city money; the
    office takes one that does, when it has seen that you live in the city."""

    async def act(work: UnitOfWork, services: Services) -> Any:
        made = await offers.make_pledge(
            work,
            offer_id=offer_id,
            pledge_id=work.new_id(),
            person_id=caller.person_id,
            amount_minor=body.amount_minor,
            resident=False,
        )
        return PledgeMadeOut(pledge_id=made.pledge_id)

    return await _done(request, caller, act, status=201, members_only=False)


@router.post(
    "/offers/{offer_id}/pledges/{pledge_id}/withdraw",
    responses={200: {"model": PledgeMadeOut}, **problems(404, 409)},
    summary="Take a pledge back",
)
async def withdraw_pledge(
    request: Request, offer_id: UUID, pledge_id: UUID, caller: Anybody
) -> Response:
    """Your own, until the offer closes."""

    async def act(work: UnitOfWork, services: Services) -> Any:
        await offers.withdraw_pledge(
            work, offer_id=offer_id, pledge_id=pledge_id, person_id=caller.person_id
        )
        return PledgeMadeOut(pledge_id=pledge_id)

    return await _done(request, caller, act, members_only=False)


async def _done(
    request: Request,
    caller: Caller,
    act: Callable[[UnitOfWork, Services], Awaitable[Any]],
    *,
    status: int = 200,
    members_only: bool = True,
) -> Response:
    """Do it once; for members of today, unless anybody may."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        if members_only and not await member_views.is_member(work, caller.person_id):
            raise NotYoursToDo(NO_MEMBER)
        return (await act(work, services)).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=status
    )
