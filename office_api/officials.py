"""Witnesses and trustees of votes without names: the office writes who they are and what they hand in."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey
from governance.ballots.plain import pack
from governance.service import officials
from office_api.government_schemas import (
    PollOfficialsOut,
    ReleaseIn,
    TrusteesIn,
    WitnessesOut,
    WitnessIn,
    WitnessOut,
)
from registry.session import Caller
from storage.work import UnitOfWork

router = APIRouter(tags=["polls"])

_ANSWERS: dict[int | str, dict[str, Any]] = {200: {"model": PollOfficialsOut}, **problems(404, 409)}


@router.get("/witnesses", responses=problems(), summary="Who witnesses polls")
async def list_witnesses(request: Request, caller: Office) -> WitnessesOut:
    """Polls that open now name all of them, and need more than half of them to sign."""
    async with services_of(request).database.reading() as work:
        found = await officials.list_witnesses(work)
    return WitnessesOut(witnesses=[_witness_out(one) for one in found])


@router.post(
    "/witnesses",
    status_code=201,
    responses={201: {"model": WitnessOut}, **problems(409)},
    summary="Appoint a witness",
)
async def appoint_witness(request: Request, body: WitnessIn, caller: Office) -> Response:
    """Somebody else's process that signs what desks and board show."""

    async def handle(work: UnitOfWork) -> Any:
        key = await officials.appoint_witness(work, body.model_dump(mode="json"))
        return _witness_out(key).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle,
        status=201,
    )  # fmt: skip


@router.get("/polls/{poll_id}/officials", responses=problems(404), summary="What a poll waits for")
async def poll_officials(request: Request, poll_id: UUID, caller: Office) -> PollOfficialsOut:
    """Its trustees, who of them gave their shares up, and what is missing to open or to count it."""
    async with services_of(request).database.work() as work:
        return await _officials_out(work, poll_id)


@router.post(
    "/polls/{poll_id}/trustees", responses=_ANSWERS, summary="Write who holds the key of a poll"
)
async def appoint_trustees(
    request: Request, poll_id: UUID, body: TrusteesIn, caller: Office
) -> Response:
    """Between the notice and the opening, once."""

    async def act(work: UnitOfWork) -> object:
        return await officials.appoint_trustees(work, poll_id, body.model_dump(mode="json"))

    return await _acted(request, poll_id, caller, act=act)


@router.post("/polls/{poll_id}/releases", responses=_ANSWERS, summary="Take a trustee's share")
async def take_release(
    request: Request, poll_id: UUID, body: ReleaseIn, caller: Office
) -> Response:
    """After the close, once witnesses have signed the board as it ended."""

    async def act(work: UnitOfWork) -> object:
        return await officials.take_release(work, poll_id, body.model_dump(mode="json"))

    return await _acted(request, poll_id, caller, act=act)


async def _acted(
    request: Request,
    poll_id: UUID,
    caller: Caller,
    *,
    act: Callable[[UnitOfWork], Awaitable[object]],
) -> Response:
    async def handle(work: UnitOfWork) -> Any:
        await act(work)
        return (await _officials_out(work, poll_id)).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


async def _officials_out(work: UnitOfWork, poll_id: UUID) -> PollOfficialsOut:
    found = await officials.officials_of(work, poll_id)
    terms = found.trustees
    return PollOfficialsOut(
        poll_id=poll_id,
        motion_id=found.poll.motion_id,
        member_class=found.poll.member_class,
        tier=found.poll.tier,
        state=found.state,
        trustees=[] if terms is None else [one.name for one in terms.people],
        needed=None if terms is None else terms.needed,
        released=list(found.released),
        missing=list(found.missing),
    )


def _witness_out(key: NamedKey) -> WitnessOut:
    return WitnessOut(name=key.name, key=pack(key.public))
