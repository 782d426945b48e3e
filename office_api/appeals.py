"""Appeals as the secretary keeps them: sealed seeds, juries by lot, findings and corrections."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.government.meeting_schemas import AppealOut
from doorway.government.meeting_shown import SHOWN_MAX, appeal_out, appeals_out
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID
from governance.service import appeals
from governance.views import appeals as views
from office_api.meeting_schemas import FindingIn, JuryIn, LotIn, OfficeAppealsOut
from registry.session import Caller
from storage.work import UnitOfWork

router = APIRouter(tags=["appeals"])

_APPEAL: dict[int | str, dict[str, Any]] = {200: {"model": AppealOut}, **problems(404, 409)}


@router.get("/appeals", responses=problems(), summary="Appeals, and results that are stayed")
async def list_appeals(request: Request, caller: Office) -> OfficeAppealsOut:
    """The newest first."""
    services = services_of(request)
    async with services.database.work() as work:
        found = await views.list_appeals(work, limit=SHOWN_MAX)
        return OfficeAppealsOut(
            appeals=await appeals_out(work, found, by=None, vault=services.vault),
            stayed=list(await appeals.stayed_results(work)),
        )


@router.post(
    "/lots", status_code=204, responses=problems(409), summary="Seal a seed that will draw a jury"
)
async def seal(request: Request, body: LotIn, caller: Office) -> Response:
    """By its hash, ahead of any appeal: an appeal takes the oldest one, so that nobody chooses the
    seed when the complaint is known. Keep the seed itself."""

    async def handle(work: UnitOfWork) -> Any:
        await appeals.seal_lot(work, commitment=body.commitment)

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle
    )


@router.post("/appeals/{appeal_id}/jury", responses=_APPEAL, summary="Draw the jury of an appeal")
async def draw(request: Request, appeal_id: UUID, body: JuryIn, caller: Office) -> Response:
    """Opens the sealed seed, so that anyone can draw it again."""

    async def act(work: UnitOfWork) -> object:
        return await appeals.draw_jury(work, appeal_id, secret=bytes.fromhex(body.secret))

    return await _acted(request, appeal_id, caller, act=act)


@router.post("/appeals/{appeal_id}/finding", responses=_APPEAL, summary="Write what the jury found")
async def find(request: Request, appeal_id: UUID, body: FindingIn, caller: Office) -> Response:
    """Once more than half of it voted. A result that it sets aside is corrected in the same moment:
    the rule that stood before follows the one it wrote, and the certificate stays as it was."""

    async def act(work: UnitOfWork) -> object:
        return await appeals.find(
            work,
            appeal_id,
            affected=body.affected,
            reasons=body.reasons,
            instead=body.instead,
            paid=body.paid,
        )

    return await _acted(request, appeal_id, caller, act=act)


async def _acted(
    request: Request,
    appeal_id: UUID,
    caller: Caller,
    *,
    act: Callable[[UnitOfWork], Awaitable[object]],
) -> Response:
    """Do an act on an appeal once, and answer with the appeal after it."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        await act(work)
        found = await views.get_appeal(work, appeal_id)
        return (await appeal_out(work, found, by=None, vault=services.vault)).model_dump(
            mode="json"
        )

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)
