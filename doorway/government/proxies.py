"""Proxies and interests: a member lets another vote, takes that back, votes for another, or stands
aside."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Anybody
from doorway.government.meeting_schemas import ConflictIn, ProxiesOut, ProxyIn, ProxyOut
from doorway.government.motions import calling_member
from doorway.government.schemas import ChoiceIn, ChoiceOut
from doorway.government.shown import named
from doorway.schemas import problems
from doorway.services import Services, services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.member import MemberId
from governance.motion import MotionId
from governance.service import proxies
from governance.views import motions as motion_views
from storage.work import UnitOfWork

router = APIRouter(tags=["proxies"])


@router.post(
    "/motions/{motion_id}/proxies",
    status_code=201,
    responses={201: {"model": ProxiesOut}, **problems(404, 409)},
    summary="Let another member vote for you",
)
async def give(request: Request, motion_id: UUID, body: ProxyIn, caller: Anybody) -> Response:
    """In one open vote, where the bylaws allow it; bound to a choice, if you name one. What you vote
    yourself goes before it."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        await proxies.give_proxy(
            work,
            MotionId(motion_id),
            giver=by,
            holder=MemberId(body.holder),
            instructed=body.instructed,
        )
        return (await _own(work, services, MotionId(motion_id), by)).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.get(
    "/motions/{motion_id}/proxies", responses=problems(404), summary="Proxies you gave and hold"
)
async def mine(request: Request, motion_id: UUID, caller: Anybody) -> ProxiesOut:
    """In this vote, with what became of them; those of others are theirs."""
    services = services_of(request)
    async with services.database.work() as work:
        by = await calling_member(work, caller)
        await motion_views.get_motion(work, MotionId(motion_id))
        return await _own(work, services, MotionId(motion_id), by)


@router.post(
    "/proxies/{proxy_id}/revoke",
    status_code=204,
    responses=problems(404, 409),
    summary="Take a proxy back",
)
async def revoke(request: Request, proxy_id: UUID, caller: Anybody) -> Response:
    """Until it has voted; after that, vote yourself."""

    async def handle(work: UnitOfWork) -> Any:
        await proxies.revoke_proxy(work, proxy_id, by=await calling_member(work, caller))

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


@router.post(
    "/proxies/{proxy_id}/ballot",
    responses={200: {"model": ChoiceOut}, **problems(404, 409, 410)},
    summary="Vote for who gave you a proxy",
)
async def cast(request: Request, proxy_id: UUID, body: ChoiceIn, caller: Anybody) -> Response:
    """Once, and as they bound you to."""

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        mark = await proxies.cast_by_proxy(work, proxy_id, by=by, choice=body.choice)
        return ChoiceOut(choice=mark).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


@router.post(
    "/motions/{motion_id}/conflict",
    status_code=204,
    responses=problems(404, 409, 410),
    summary="Declare an interest, and stand aside",
)
async def declare(request: Request, motion_id: UUID, body: ConflictIn, caller: Anybody) -> Response:
    """In what a motion decides: from now on you do not vote on it, unless the bylaws let nobody
    stand aside there. It cannot be taken back."""

    async def handle(work: UnitOfWork) -> Any:
        by = await calling_member(work, caller)
        await proxies.declare_conflict(work, MotionId(motion_id), by=by, interest=body.interest)

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


async def _own(
    work: UnitOfWork, services: Services, motion_id: MotionId, by: MemberId
) -> ProxiesOut:
    given = await proxies.proxies_of(work, motion_id)
    found = {key: one for key, one in given.items() if by in (one.giver, one.holder)}
    who = {member for one in found.values() for member in (one.giver, one.holder)}
    known = await named(work, who, vault=services.vault)
    return ProxiesOut(
        proxies=[
            ProxyOut(
                proxy_id=key, giver=known[one.giver], holder=known[one.holder],
                given_at=one.given_at, instructed=one.instructed, revoked_at=one.revoked_at,
                used_at=one.used_at,
            )
            for key, one in found.items()
        ]
    )  # fmt: skip
