"""The surplus as the office divides it: what members decided, and nothing else."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import Model, problems
from doorway.services import services_of
from doorway.writes import once
from governance.motion import MotionId
from governance.surplus.service import carry_out
from storage.work import UnitOfWork

router = APIRouter(tags=["the surplus"])


class AllocateIn(Model):
    """Which decision is carried out."""

    motion_id: UUID


class AllocatedOut(Model):
    """What was divided: the document whose SHA-256 is `digest`; nobody's work is in it."""

    period_id: UUID
    motion_id: UUID
    digest: str
    document: dict[str, Any]


@router.post(
    "/surplus/allocations",
    status_code=201,
    responses={201: {"model": AllocatedOut}, **problems(404, 409)},
    summary="Divide a surplus as members decided",
)
async def allocate(request: Request, body: AllocateIn, caller: Office) -> Response:
    """By the policy in force at the end of the period that the motion names; once. A motion under an
    appeal that stays its result is not carried out."""

    async def act(work: UnitOfWork) -> Any:
        stored = await carry_out(work, MotionId(body.motion_id), made_by=caller.person_id)
        return AllocatedOut(
            period_id=stored.period_id,
            motion_id=stored.adoption_id,
            digest=stored.digest,
            document=dict(stored.document),
        ).model_dump(mode="json")

    return await once(
        request,
        services_of(request).database,
        caller=str(caller.person_id),
        handler=act,
        status=201,
    )
