"""Motions as members move, second, amend and vote on them; the same at every entrance of members.

An entrance includes `router` behind its own role. Whether the caller may do it is the bylaws' to
say, not the entrance's.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.asked import asked_in
from doorway.government.schemas import (
    AmendmentIn,
    AmendmentMadeOut,
    ChoiceIn,
    ChoiceOut,
    MemberMotionOut,
    MotionsOut,
    NominationIn,
    OpenBallotOut,
    OpenBallotsOut,
    ProposalIn,
    StandIn,
)
from doorway.government.shown import member_motion_out, motions_out, named
from doorway.schemas import problems
from doorway.services import Services, services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.amendment import diff_of
from governance.errors import BallotsNotShown, MemberNotFound, NotYoursToDo
from governance.member import MemberId
from governance.motion import MotionId, MotionState
from governance.service import elections, motions, votes
from governance.service.membership import member_of_person
from governance.tier import Tier
from governance.views import motions as views
from registry.session import Caller
from storage.work import UnitOfWork

router = APIRouter(tags=["motions"])

PAGE, PAGE_MAX = 50, 200
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
NO_MEMBER = "you are no member of the co-operative; join it first"
COUNTED_STATES = (
    MotionState.CLOSED,
    MotionState.CERTIFIED,
    MotionState.LOST,
)


@router.get("/motions", responses=problems(), summary="What is moved, voted on, decided")
async def list_motions(
    request: Request,
    caller: Anybody,
    state: Annotated[MotionState | None, Query()] = None,
    before: Annotated[UUID | None, Query()] = None,
    limit: Limit = PAGE,
) -> MotionsOut:
    """The newest first; in one state, if you name it, and older than the motion `before`."""
    async with services_of(request).database.reading() as work:
        found = await views.list_motions(work, state=state, before=before, limit=limit)
    return motions_out(found, limit=limit)


@router.get("/motions/{motion_id}", responses=problems(404), summary="One motion, whole")
async def get_motion(request: Request, motion_id: UUID, caller: Anybody) -> MemberMotionOut:
    """Its texts, its amendments as what they change, who stands behind it and how many are missing,
    the timetable of its vote, the board's answer, the certificate, the rule it wrote; and your own
    part in it. Members are named to members alone."""
    services = services_of(request)
    async with services.database.work() as work:
        return await _shown_to(work, services, MotionId(motion_id), caller)


@router.post(
    "/motions",
    status_code=201,
    responses={201: {"model": MemberMotionOut}, **problems(404)},
    summary="Move a motion",
)
async def propose(request: Request, body: ProposalIn, caller: Anybody) -> Response:
    """Any member in good standing may. The text of a rule is read by whatever acts on it, so that
    nothing is voted on that could not be done."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        proposal = motions.Proposal(
            title=body.title, text=body.text, matter=body.matter, rule_kind=body.rule_kind,
            asks=asked_in(body.asks),
        )  # fmt: skip
        by = await calling_member(work, caller)
        motion = await motions.propose(work, proposal, by=by, readers=services.readers)
        return await _json(work, services, motion.motion_id, caller)

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.post(
    "/motions/{motion_id}/second",
    responses={200: {"model": MemberMotionOut}, **problems(404, 409)},
    summary="Stand behind a motion",
)
async def second(request: Request, motion_id: UUID, caller: Anybody) -> Response:
    """With enough members behind it the board must answer, and the office calls the vote."""

    async def act(work: UnitOfWork, by: MemberId) -> None:
        await motions.second(work, MotionId(motion_id), by=by)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/withdraw",
    responses={200: {"model": MemberMotionOut}, **problems(404, 409)},
    summary="Take your motion back",
)
async def withdraw(request: Request, motion_id: UUID, caller: Anybody) -> Response:
    """Its mover may, until the text is frozen."""

    async def act(work: UnitOfWork, by: MemberId) -> None:
        await motions.withdraw(work, MotionId(motion_id), by=by)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/amendments",
    status_code=201,
    responses={201: {"model": AmendmentMadeOut}, **problems(404, 409)},
    summary="Propose another text",
)
async def amend(request: Request, motion_id: UUID, body: AmendmentIn, caller: Anybody) -> Response:
    """Of the version that stands, until the text is frozen. The mover accepts it, or members decide
    on it."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        made = await motions.amend(
            work, MotionId(motion_id), by=by, text=body.text, readers=services.readers
        )
        before = (await motions.get_motion(work, MotionId(motion_id))).text
        return AmendmentMadeOut(
            amendment_id=made.amendment_id, diff=diff_of(before, made.text)
        ).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.post(
    "/motions/{motion_id}/amendments/{amendment_id}/accept",
    responses={200: {"model": MemberMotionOut}, **problems(404, 409)},
    summary="Take an amendment over",
)
async def accept_amendment(
    request: Request, motion_id: UUID, amendment_id: UUID, caller: Anybody
) -> Response:
    """The mover alone may; from then on its text is the motion's."""

    async def act(work: UnitOfWork, by: MemberId) -> None:
        await motions.accept_amendment(work, MotionId(motion_id), amendment_id, by=by)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/nominations",
    responses={200: {"model": MemberMotionOut}, **problems(404, 409)},
    summary="Propose somebody for an election",
)
async def nominate(
    request: Request, motion_id: UUID, body: NominationIn, caller: Anybody
) -> Response:
    """Or yourself. From the seconds to the notice; nobody stands who has not accepted."""

    async def act(work: UnitOfWork, by: MemberId) -> None:
        candidate = by if body.member_id is None else MemberId(body.member_id)
        await elections.nominate(work, MotionId(motion_id), candidate, by=by)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/nominations/accept",
    responses={200: {"model": MemberMotionOut}, **problems(404, 409)},
    summary="Stand in an election",
)
async def stand(request: Request, motion_id: UUID, body: StandIn, caller: Anybody) -> Response:
    """Once you are nominated; by the name that will be on the ballot, for everybody to read."""

    async def act(work: UnitOfWork, by: MemberId) -> None:
        await elections.accept_nomination(work, MotionId(motion_id), by=by, name=body.name)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/nominations/withdraw",
    responses={200: {"model": MemberMotionOut}, **problems(404, 409)},
    summary="Do not stand after all",
)
async def withdraw_candidacy(request: Request, motion_id: UUID, caller: Anybody) -> Response:
    """Whether you had accepted or not, until the office calls the vote; for this election it is your
    last word."""

    async def act(work: UnitOfWork, by: MemberId) -> None:
        await elections.withdraw_candidacy(work, MotionId(motion_id), by=by)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/ballot",
    responses={200: {"model": ChoiceOut}, **problems(404, 410)},
    summary="Vote, where names are shown",
)
async def cast(request: Request, motion_id: UUID, body: ChoiceIn, caller: Anybody) -> Response:
    """In an open vote: `for`, `against` or `abstain`, or the document of a choice: a number, ranks,
    projects. Voting again takes the place of what you said
    before; the last ballot before the close counts, and members read it once the vote is over."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        view = await views.get_motion(work, MotionId(motion_id))
        if view.tier not in (None, Tier.OPEN):
            raise NotYoursToDo("in this vote no name stands beside a choice")
        await votes.cast(work, MotionId(motion_id), by=by, choice=body.choice)
        part = await views.find_part(work, MotionId(motion_id), caller.person_id)
        return ChoiceOut(choice=None if part is None else part.mark).model_dump(mode="json")

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)


@router.get(
    "/motions/{motion_id}/ballot", responses=problems(404), summary="What your last ballot says"
)
async def my_ballot(request: Request, motion_id: UUID, caller: Anybody) -> ChoiceOut:
    """In an open vote; null if you have not voted. Of other votes nobody can tell you."""
    async with services_of(request).database.reading() as work:
        await views.get_motion(work, MotionId(motion_id))
        part = await views.find_part(work, MotionId(motion_id), caller.person_id)
    return ChoiceOut(choice=None if part is None else part.mark)


@router.get(
    "/motions/{motion_id}/ballots",
    responses=problems(404, 409),
    summary="Who voted how, in an open vote",
)
async def ballots(
    request: Request,
    motion_id: UUID,
    caller: Anybody,
    after: Annotated[UUID | None, Query()] = None,
    limit: Limit = PAGE,
) -> OpenBallotsOut:
    """For members, once an open vote is closed: until then every ballot may still be another."""
    services = services_of(request)
    async with services.database.work() as work:
        view = await views.get_motion(work, MotionId(motion_id))
        part = await views.find_part(work, MotionId(motion_id), caller.person_id)
        if part is None or not part.is_member:
            raise NotYoursToDo(NO_MEMBER)
        if view.tier is not Tier.OPEN or view.motion.state not in COUNTED_STATES:
            raise BallotsNotShown
        found = await views.list_open_ballots(work, MotionId(motion_id), after=after, limit=limit)
        known = await named(work, {one.member_id for one in found}, vault=services.vault)
    return OpenBallotsOut(
        ballots=[
            OpenBallotOut(
                member=known[one.member_id], member_class=one.member_class, choice=one.mark
            )
            for one in found
        ],
        after=found[-1].member_id if len(found) == limit else None,
    )


async def _acted(
    request: Request,
    motion_id: UUID,
    caller: Caller,
    *,
    act: Callable[[UnitOfWork, MemberId], Awaitable[None]],
) -> Response:
    """Do a member's act once, and answer with the motion after it."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        await act(work, await calling_member(work, caller))
        return await _json(work, services, MotionId(motion_id), caller)

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)


async def calling_member(work: UnitOfWork, caller: Caller) -> MemberId:
    """Who calls, as a member; raises `NotYoursToDo`."""
    try:
        return (await member_of_person(work, caller.person_id)).member_id
    except MemberNotFound:
        raise NotYoursToDo(NO_MEMBER) from None


async def _shown_to(
    work: UnitOfWork, services: Services, motion_id: MotionId, caller: Caller
) -> MemberMotionOut:
    return await member_motion_out(work, motion_id, caller.person_id, vault=services.vault)


async def _json(work: UnitOfWork, services: Services, motion_id: MotionId, caller: Caller) -> Any:
    return (await _shown_to(work, services, motion_id, caller)).model_dump(mode="json")
