"""Votes called, opened, closed and certified: the secretary's and the returning officer's acts."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.government.motions import PAGE, Limit
from doorway.government.schemas import MotionOut, MotionsOut
from doorway.government.shown import motion_out, motions_out
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.electoral_roll import Correction
from governance.errors import VoteNotOpen
from governance.member import MemberId
from governance.motion import MotionId, MotionState
from governance.number_terms import Bounds
from governance.service import elections, motions, votes
from governance.service.amendments import decide_amendment
from governance.service.membership import get_member
from governance.service.outages import extend_vote
from governance.views import motions as views
from office_api.government_schemas import (
    AnswerIn,
    BoundsIn,
    CorrectionIn,
    DecisionIn,
    FollowUpIn,
    NoticeIn,
    RollNoteOut,
    RollShownOut,
)
from registry.session import Caller
from registry.views import person_view
from storage.work import UnitOfWork

router = APIRouter(tags=["motions"])

NOTES_MAX = 2_000
NAMELESS_OFFICER = "The returning officer"
_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"model": MotionOut}, **problems(404, 409)}
Act = Callable[[UnitOfWork, MotionId], Awaitable[object]]


@router.get("/motions", responses=problems(), summary="What is moved, voted on, decided")
async def list_motions(
    request: Request,
    caller: Office,
    state: Annotated[MotionState | None, Query()] = None,
    before: Annotated[UUID | None, Query()] = None,
    limit: Limit = PAGE,
) -> MotionsOut:
    """The newest first; in one state, if you name it, and older than the motion `before`."""
    async with services_of(request).database.reading() as work:
        found = await views.list_motions(work, state=state, before=before, limit=limit)
    return motions_out(found, limit=limit)


@router.get("/motions/{motion_id}", responses=problems(404), summary="One motion, whole")
async def get_motion(request: Request, motion_id: UUID, caller: Office) -> MotionOut:
    """As everybody may read it: the office calls votes and needs no names for that."""
    async with services_of(request).database.work() as work:
        return await motion_out(work, MotionId(motion_id))


@router.post("/motions/{motion_id}/notice", responses=_ANSWERS, summary="Call the vote")
async def give_notice(
    request: Request, motion_id: UUID, body: NoticeIn, caller: Office
) -> Response:
    """The roll is drawn, and the vote is judged by the bylaws of this moment, whatever they become."""

    readers = services_of(request).readers

    async def act(work: UnitOfWork, motion: MotionId) -> object:
        return await votes.give_notice(work, motion, opens_on=body.opens_on, readers=readers)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/amendments/{amendment_id}/put-to-vote",
    responses=_ANSWERS,
    summary="Let members decide on an amendment",
)
async def put_to_vote(
    request: Request, motion_id: UUID, amendment_id: UUID, caller: Office
) -> Response:
    """One that the mover does not accept."""

    async def act(work: UnitOfWork, motion: MotionId) -> object:
        return await motions.put_amendment_to_vote(work, motion, amendment_id)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/amendments/{amendment_id}/decide",
    responses=_ANSWERS,
    summary="Write what members decided on an amendment",
)
async def decide(
    request: Request, motion_id: UUID, amendment_id: UUID, body: DecisionIn, caller: Office
) -> Response:
    """By the hands raised at a meeting, by name: more for than against makes its text the motion's."""

    async def act(work: UnitOfWork, motion: MotionId) -> object:
        return await decide_amendment(work, motion, amendment_id, meeting_id=body.meeting_id)

    return await _acted(request, motion_id, caller, act=act)


@router.post("/motions/{motion_id}/freeze", responses=_ANSWERS, summary="Freeze the text")
async def freeze(request: Request, motion_id: UUID, caller: Office) -> Response:
    """From the instant that the notice names, and not before."""
    return await _acted(request, motion_id, caller, act=votes.freeze)


@router.post("/motions/{motion_id}/open", responses=_ANSWERS, summary="Open the vote")
async def open_vote(request: Request, motion_id: UUID, caller: Office) -> Response:
    """The roll is published by size and hash, and ballots are taken. A vote without names opens when
    desks, board, trustees and a witness have done their part; `poll_not_prepared` names who has not."""
    terms = services_of(request).ballot_terms

    async def act(work: UnitOfWork, motion: MotionId) -> object:
        return await votes.open_vote(work, motion, terms=terms)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/bounds", responses=_ANSWERS, summary="Publish the board's bounds"
)
async def publish_bounds(
    request: Request, motion_id: UUID, body: BoundsIn, caller: Office
) -> Response:
    """Of a vote on a number: once, and before the vote is called."""
    bounds = Bounds(lowest=body.lowest, highest=body.highest)

    async def act(work: UnitOfWork, motion: MotionId) -> None:
        await elections.publish_bounds(work, motion, bounds)

    return await _acted(request, motion_id, caller, act=act)


@router.post("/motions/{motion_id}/extend", responses=_ANSWERS, summary="Give a vote its time back")
async def extend(request: Request, motion_id: UUID, caller: Office) -> Response:
    """The time of outages on record in which nobody could vote: the close moves later, never
    earlier."""
    return await _acted(request, motion_id, caller, act=extend_vote)


@router.post("/motions/{motion_id}/close", responses=_ANSWERS, summary="Close the vote")
async def close_vote(request: Request, motion_id: UUID, caller: Office) -> Response:
    """From the instant that the notice names; no ballot is taken after that instant in any case."""
    return await _acted(request, motion_id, caller, act=votes.close_vote)


@router.post("/motions/{motion_id}/certify", responses=_ANSWERS, summary="Count and certify")
async def certify(request: Request, motion_id: UUID, caller: Office) -> Response:
    """In your name. What passed writes its rule in the same moment, from the end of its notice on.
    `poll_not_ready` names what a vote without names waits for."""
    vault = services_of(request).vault

    async def act(work: UnitOfWork, motion: MotionId) -> object:
        officer = await person_view(work, caller.person_id, vault=vault)
        return await votes.certify(work, motion, certified_by=officer.name or NAMELESS_OFFICER)

    return await _acted(request, motion_id, caller, act=act)


@router.post("/motions/{motion_id}/answer", responses=_ANSWERS, summary="Answer for the board")
async def answer(request: Request, motion_id: UUID, body: AnswerIn, caller: Office) -> Response:
    """Once, for members to read before they vote."""

    async def act(work: UnitOfWork, motion: MotionId) -> object:
        return await motions.answer(work, motion, text=body.text)

    return await _acted(request, motion_id, caller, act=act)


@router.post(
    "/motions/{motion_id}/follow-ups", responses=_ANSWERS, summary="Tell what became of it"
)
async def follow_up(
    request: Request, motion_id: UUID, body: FollowUpIn, caller: Office
) -> Response:
    """Of a decision that was certified; as often as there is something to tell."""

    async def act(work: UnitOfWork, motion: MotionId) -> object:
        return await motions.follow_up(work, motion, text=body.text, done_percent=body.done_percent)

    return await _acted(request, motion_id, caller, act=act)


@router.get("/motions/{motion_id}/roll", responses=problems(404, 410), summary="The roll of a vote")
async def roll(request: Request, motion_id: UUID, caller: Office) -> RollShownOut:
    """How many are on it by class, and everybody left out, struck off or added, each with the
    reason."""
    async with services_of(request).database.work() as work:
        return await _roll_out(work, MotionId(motion_id))


@router.post(
    "/motions/{motion_id}/roll/corrections",
    responses={200: {"model": RollShownOut}, **problems(404, 409, 410)},
    summary="Correct a roll",
)
async def correct_roll(
    request: Request, motion_id: UUID, body: CorrectionIn, caller: Office
) -> Response:
    """Until the instant that the notice names; each correction stands beside the roll for good."""

    async def handle(work: UnitOfWork) -> Any:
        await _roll_out(work, MotionId(motion_id))
        await get_member(work, MemberId(body.member_id))
        correction = Correction(
            member_id=MemberId(body.member_id),
            member_class=body.member_class,
            reason=body.reason,
            at=work.now,
        )
        await votes.correct_roll(work, MotionId(motion_id), correction)
        return (await _roll_out(work, MotionId(motion_id))).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


async def _roll_out(work: UnitOfWork, motion_id: MotionId) -> RollShownOut:
    view = await views.get_motion(work, motion_id)
    if view.roll is None:
        raise VoteNotOpen("No notice of this vote was given, so that it has no roll.")
    sizes = await views.roll_sizes(work, motion_id)
    return RollShownOut(
        size=sum(sizes.values()),
        by_class={str(one): size for one, size in sizes.items()},
        corrected_until=view.roll.corrected_until,
        published_digest=view.roll.digest,
        notes=[
            RollNoteOut(
                member_id=one.member_id, what=one.what, reason=one.reason,
                member_class=one.member_class,
            )
            for one in await views.list_roll_notes(work, motion_id, limit=NOTES_MAX)
        ],
    )  # fmt: skip


async def _acted(request: Request, motion_id: UUID, caller: Caller, *, act: Act) -> Response:
    """Do an act on a motion once, and answer with the motion after it."""

    async def handle(work: UnitOfWork) -> Any:
        await act(work, MotionId(motion_id))
        return (await motion_out(work, MotionId(motion_id))).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )
