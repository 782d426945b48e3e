"""Papers of drivers: looked at for a purpose, recorded and withdrawn by the office."""

from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from dispatch.views import staff as staff_views
from doorway.caller import Office
from doorway.schemas import problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import UUID, CredentialId, DriverId
from office_api.schemas import PaperIn, PaperRecorded, PapersOut, WithdrawIn
from registry.licence import Paper
from registry.licensing import add_credential, withdraw_credential
from storage.work import UnitOfWork

router = APIRouter(tags=["papers"])


@router.get(
    "/drivers/{driver_id}/papers", responses=problems(404), summary="Look at a driver's papers"
)
async def look(
    request: Request, driver_id: UUID, caller: Office, purpose_id: Annotated[UUID, Header()]
) -> PapersOut:
    """The papers of a driver and of the vehicles they may drive, with expiry and how each stands,
    and what stands against the driver's working now; for the purpose in the header `Purpose-Id`,
    which names the driver."""
    async with services_of(request).office_database.work() as work:
        found = await staff_views.read_papers(
            work,
            purpose_id=purpose_id,
            actor_id=caller.person_id,
            driver_id=DriverId(driver_id),
        )
    return PapersOut(**found)


@router.post(
    "/drivers/{driver_id}/papers",
    status_code=201,
    responses={201: {"model": PaperRecorded}, **problems(404)},
    summary="Record a paper of a driver",
)
async def record(request: Request, driver_id: UUID, body: PaperIn, caller: Office) -> Response:
    """A paper that you have looked at. It is kept as it is; a renewal is another one, and a mistake
    is withdrawn. A zone that the city does not have is refused."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        paper = Paper(
            kind=body.kind,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            zones=None if body.zones is None else frozenset(body.zones),
        )
        credential_id = await add_credential(
            work,
            paper,
            by=caller.person_id,
            driver_id=DriverId(driver_id),
            city_zones=services.city.pack.zones.codes,
        )
        return PaperRecorded(credential_id=credential_id).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=handle, status=201
    )


@router.post(
    "/papers/{credential_id}/withdraw",
    status_code=204,
    responses=problems(404, 409),
    summary="End a paper before its time",
)
async def withdraw(
    request: Request, credential_id: UUID, body: WithdrawIn, caller: Office
) -> Response:
    """From now on it does not count; a driver who needs it goes off shift after the trip under way,
    and accepts no other (I11)."""
    services = services_of(request)

    async def handle(work: UnitOfWork) -> Any:
        await withdraw_credential(
            work, CredentialId(credential_id), reason=body.reason, by=caller.person_id
        )

    return await once(request, services.database, caller=str(caller.person_id), handler=handle)
