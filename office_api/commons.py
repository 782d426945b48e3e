"""The commons as the office keeps them: answers of the board, pacts, funds, offers, purchases."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.government.commons import proposals_out
from doorway.government.commons_schemas import PactStateOut, PledgeMadeOut, ProposalsOut
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID, PersonId
from governance.commons import documents
from governance.commons.pact import Answer, DutyDone, Review
from governance.commons.service import fund, offers, pacts
from governance.counting.budget import BudgetPaper
from governance.counting.lots import SeededLots
from governance.service.membership import bylaws_now
from governance.views.members import list_people
from office_api.commons_schemas import (
    AdoptedIn,
    BeneficiaryIn,
    BoardAnswerIn,
    DeskPledgeIn,
    DividedOut,
    DivideIn,
    MadeOut,
    ReviewIn,
    SettledOut,
    TermsIn,
)
from registry.session import Caller
from registry.views import person_view
from storage.work import UnitOfWork

router = APIRouter(prefix="/commons", tags=["the commons"])

Number = Annotated[int, Path(ge=1, le=1000)]
Act = Callable[[UnitOfWork], Awaitable[Any]]


@router.get("/proposals", responses=problems(), summary="What was proposed to the board")
async def proposals(request: Request, caller: Office) -> ProposalsOut:
    """The newest first, with the board's answer or the last day for it."""
    async with services_of(request).database.reading() as work:
        return await proposals_out(work)


@router.post(
    "/proposals/{proposal_id}/answer",
    status_code=204,
    responses=problems(404, 409),
    summary="Answer a proposal for the board",
)
async def answer(
    request: Request, proposal_id: UUID, body: BoardAnswerIn, caller: Office
) -> Response:
    """Once, with its reasons."""

    async def act(work: UnitOfWork) -> Any:
        said = Answer(accepted=body.accepted, reasons=body.reasons, answered_on=await today(work))
        await pacts.answer_proposal(work, proposal_id=proposal_id, by=caller.person_id, answer=said)

    return await done(request, caller, act)


@router.post(
    "/proposals/{proposal_id}/pact",
    status_code=201,
    responses={201: {"model": MadeOut}, **problems(404, 409)},
    summary="Make an accepted proposal a pact",
)
async def agree(request: Request, proposal_id: UUID, body: TermsIn, caller: Office) -> Response:
    """With its duties, money, dates and review."""

    async def act(work: UnitOfWork) -> Any:
        pact_id = work.new_id()
        terms = documents.pact_terms_of(body.terms)
        await pacts.agree_pact(work, pact_id=pact_id, proposal_id=proposal_id, terms=terms)
        return MadeOut(id=pact_id)

    return await done(request, caller, act, status=201)


@router.post(
    "/pacts/{pact_id}/duties/{number}/done",
    responses={200: {"model": PactStateOut}, **problems(404, 409)},
    summary="Report a duty as done",
)
async def report_duty(request: Request, pact_id: UUID, number: Number, caller: Office) -> Response:
    """Of any party."""

    async def act(work: UnitOfWork) -> Any:
        reported = DutyDone(number=number, done_on=await today(work))
        after = await pacts.report_duty(work, pact_id=pact_id, by=caller.person_id, done=reported)
        return PactStateOut.of(pact_id, after)

    return await done(request, caller, act)


@router.post(
    "/pacts/{pact_id}/reviews",
    responses={200: {"model": PactStateOut}, **problems(404, 409)},
    summary="Look back on a pact",
)
async def review(request: Request, pact_id: UUID, body: ReviewIn, caller: Office) -> Response:
    """From its review day on."""

    async def act(work: UnitOfWork) -> Any:
        found = Review(
            outcome=body.outcome,
            findings=body.findings,
            reviewed_on=await today(work),
            next_review_on=body.next_review_on,
            ends_on=body.ends_on,
        )
        after = await pacts.review_pact(work, pact_id=pact_id, by=caller.person_id, found=found)
        return PactStateOut.of(pact_id, after)

    return await done(request, caller, act)


@router.post(
    "/budgets",
    status_code=201,
    responses={201: {"model": MadeOut}, **problems(409)},
    summary="Open a community fund",
)
async def open_budget(request: Request, body: AdoptedIn, caller: Office) -> Response:
    """By terms that members voted."""

    async def act(work: UnitOfWork) -> Any:
        budget_id = work.new_id()
        terms = documents.budget_terms_of(body.terms)
        await fund.open_budget(work, budget_id=budget_id, adoption_id=body.adoption_id, terms=terms)
        return MadeOut(id=budget_id)

    return await done(request, caller, act, status=201)


@router.post(
    "/budgets/{budget_id}/divide",
    responses={200: {"model": DividedOut}, **problems(404, 409)},
    summary="Count the ballots of a fund",
)
async def divide(request: Request, budget_id: UUID, body: DivideIn, caller: Office) -> Response:
    """By equal shares, once; the whole count is published and what was bought becomes pacts."""

    async def act(work: UnitOfWork) -> Any:
        _, funded = await fund.divide_budget(
            work,
            budget_id=budget_id,
            papers=[
                BudgetPaper(projects=tuple(one.projects), count=one.count) for one in body.papers
            ],
            members=await list_people(work),
            lots=SeededLots(bytes.fromhex(body.seed)),
        )
        return DividedOut(
            funded=[one.project_id for one in funded],
            spent_minor=sum(one.cost.minor for one in funded),
        )

    return await done(request, caller, act)


@router.post(
    "/offers",
    status_code=201,
    responses={201: {"model": MadeOut}, **problems(409)},
    summary="Put up a matched offer",
)
async def open_offer(request: Request, body: AdoptedIn, caller: Office) -> Response:
    """By terms that members voted."""

    async def act(work: UnitOfWork) -> Any:
        offer_id = work.new_id()
        terms = documents.offer_terms_of(body.terms)
        await offers.open_offer(work, offer_id=offer_id, adoption_id=body.adoption_id, terms=terms)
        return MadeOut(id=offer_id)

    return await done(request, caller, act, status=201)


@router.post(
    "/offers/{offer_id}/beneficiaries",
    status_code=204,
    responses=problems(404, 409),
    summary="Say who gets something from an offer",
)
async def name_beneficiary(
    request: Request, offer_id: UUID, body: BeneficiaryIn, caller: Office
) -> Response:
    """Their pledges stand and draw no city money."""

    async def act(work: UnitOfWork) -> Any:
        await offers.name_beneficiary(
            work, offer_id=offer_id, person_id=PersonId(body.person_id), why=body.why
        )

    return await done(request, caller, act)


@router.post(
    "/offers/{offer_id}/pledges",
    status_code=201,
    responses={201: {"model": PledgeMadeOut}, **problems(404, 409)},
    summary="Take a resident's pledge",
)
async def take_pledge(
    request: Request, offer_id: UUID, body: DeskPledgeIn, caller: Office
) -> Response:
    """Of somebody whom you have seen to live in the city: it draws city money."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        person = await person_view(work, PersonId(body.person_id), vault=services.vault)
        made = await offers.make_pledge(
            work,
            offer_id=offer_id,
            pledge_id=work.new_id(),
            person_id=person.person_id,
            amount_minor=body.amount_minor,
            resident=True,
        )
        return PledgeMadeOut(pledge_id=made.pledge_id)

    return await done(request, caller, act, status=201)


@router.post(
    "/offers/{offer_id}/settle",
    responses={200: {"model": SettledOut}, **problems(404, 409)},
    summary="Settle an offer that has closed",
)
async def settle(request: Request, offer_id: UUID, caller: Office) -> Response:
    """All of it is posted, or all of it is voided."""

    async def act(work: UnitOfWork) -> Any:
        found = await offers.settle_offer(work, offer_id=offer_id)
        return SettledOut(
            outcome=found.end,
            pledged_minor=found.pledged_minor,
            eligible_minor=found.eligible_minor,
            match_minor=found.match_minor,
            reasons=list(found.reasons),
        )

    return await done(request, caller, act)


async def today(work: UnitOfWork) -> date:
    """The city's day, as the bylaws count days."""
    return (await bylaws_now(work)).calendar.day_of(work.now)


async def done(request: Request, caller: Caller, act: Act, *, status: int = 200) -> Response:
    """Do it once, and answer with what it came to."""

    async def handle(work: UnitOfWork) -> Any:
        made = await act(work)
        return None if made is None else made.model_dump(mode="json")

    return await once(
        request,
        services_of(request).database,
        caller=str(caller.person_id),
        handler=handle,
        status=status,
    )
