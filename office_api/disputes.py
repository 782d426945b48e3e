"""Disputes of riders, decided by the office."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import problems
from doorway.services import services_of
from foundation.identifiers import UUID
from ledger.customers import disputes, views
from ledger.customers.views import DisputeView
from office_api.commons import done
from office_api.customer_schemas import DecisionIn, DisputeOut, DisputesOut
from storage.work import UnitOfWork

router = APIRouter(tags=["disputes"])


@router.get("/disputes", responses=problems(), summary="Disputes that wait for a decision")
async def list_disputes(request: Request, caller: Office) -> DisputesOut:
    """Oldest first."""
    async with services_of(request).database.reading() as work:
        found = await views.list_disputes(work)
    return DisputesOut(disputes=[dispute_out(one) for one in found])


@router.post(
    "/disputes/{dispute_id}/decision",
    responses={200: {"model": DisputeOut}, **problems(404, 409)},
    summary="Decide a dispute",
)
async def decide(request: Request, dispute_id: UUID, body: DecisionIn, caller: Office) -> Response:
    """Once, with reasons: what it gives back are new entries in the books. Whoever rode or drove the
    trip does not decide."""

    async def act(work: UnitOfWork) -> Any:
        return dispute_out(
            await disputes.decide(
                work,
                dispute_id,
                outcome=body.outcome,
                amount_minor=body.amount_minor,
                borne_by=body.borne_by,
                reason=body.reason,
                by=caller.person_id,
            )
        )

    return await done(request, caller, act, status=200)


def dispute_out(one: DisputeView) -> DisputeOut:
    """A dispute as the office sees it; whose it is shows a look at the trip."""
    known = asdict(one)
    return DisputeOut(**{name: known[name] for name in DisputeOut.model_fields})
