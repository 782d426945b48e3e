"""What everybody may see of motions and votes: texts, timetables, results, and from a rule the way
back to the count. Nobody is named."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.requests import Request

from doorway.government.motions import PAGE, Limit
from doorway.government.schemas import CertificateOut, MotionOut, MotionsOut
from doorway.government.shown import motion_out, motions_out
from doorway.schemas import Model, problems
from doorway.services import services_of
from foundation.identifiers import UUID, RuleId
from governance.errors import CertificateNotFound
from governance.motion import MotionId, MotionState
from governance.views import motions as views
from public_api.city import rule_out
from public_api.schemas import RuleOut
from rulebook.errors import RuleNotFound
from rulebook.rule import RuleKind
from rulebook.service import get_rule

router = APIRouter(prefix="/public/v1", tags=["motions"])


class OriginOut(Model):
    """A version of a rule and what adopted it. From a receipt, which names the version of its
    tariff, this leads to the motion, its certificate and its count."""

    rule: RuleOut
    adoption_id: UUID = Field(description="The motion's, the appeal's or of the founding charter.")
    adopted_at: datetime
    title: str = Field(description="Of the motion, or of the founding charter.")
    digest: str = Field(
        description="SHA-256 of the certificate's, finding's or charter's document."
    )
    document: str = Field(description="Word for word, as it was hashed.")
    motion: MotionOut | None = Field(description="Null for a rule of the founding charter.")


@router.get("/motions", responses=problems(), summary="What is moved, voted on, decided")
async def list_motions(
    request: Request,
    state: Annotated[MotionState | None, Query()] = None,
    before: Annotated[UUID | None, Query()] = None,
    limit: Limit = PAGE,
) -> MotionsOut:
    """The newest first; in one state, if you name it, and older than the motion `before`."""
    async with services_of(request).database.reading() as work:
        found = await views.list_motions(work, state=state, before=before, limit=limit)
    return motions_out(found, limit=limit)


@router.get("/motions/{motion_id}", responses=problems(404), summary="One motion, whole")
async def get_motion(request: Request, motion_id: UUID) -> MotionOut:
    """Every version of its text, its amendments as what they change, the timetable of its vote, the
    board's answer, the roll's size and hash, the certificate, the rule it wrote, what became of it."""
    async with services_of(request).database.work() as work:
        return await motion_out(work, MotionId(motion_id))


@router.get(
    "/motions/{motion_id}/certificate", responses=problems(404), summary="The result of a vote"
)
async def certificate(request: Request, motion_id: UUID) -> CertificateOut:
    """The certificate with its hash, which anyone can work out again."""
    async with services_of(request).database.reading() as work:
        found = (await views.get_motion(work, MotionId(motion_id))).certificate
    if found is None:
        raise CertificateNotFound
    return CertificateOut(
        digest=found.digest, has_passed=found.has_passed, document=dict(found.document)
    )


@router.get(
    "/rules/{kind}/{version}", responses=problems(404), summary="A version of a rule, and its vote"
)
async def origin(
    request: Request, kind: RuleKind, version: Annotated[int, Path(ge=1, le=1_000_000)]
) -> OriginOut:
    """What it says, what adopted it, and the whole motion with certificate and count behind it."""
    async with services_of(request).database.work() as work:
        found = await views.find_origin(work, kind, version)
        if found is None:
            raise RuleNotFound(f"{kind} {version}")
        motion = None if found.motion_id is None else await motion_out(work, found.motion_id)
        return OriginOut(
            rule=rule_out(await get_rule(work, RuleId(found.rule_id))),
            adoption_id=found.adoption_id,
            adopted_at=found.adopted_at,
            title=found.title,
            digest=found.digest,
            document=found.document,
            motion=motion,
        )
