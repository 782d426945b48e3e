"""How the rider can pay, and what they dispute."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Rider
from doorway.schemas import Model, problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import RiderId, TripId
from ledger.customers import disputes, views
from ledger.customers.views import DisputeView
from storage.work import UnitOfWork

router = APIRouter(tags=["payment"])


class PayableOut(Model):
    """A customer on whose account you may ride; on one cost centre if it is named."""

    customer_id: UUID
    legal_name: str
    cost_centre: str | None
    cost_centres: list[str]


class WaysToPayOut(Model):
    """What you may say as `pays` with a booking."""

    ways: list[str]
    customers: list[PayableOut]


class DisputeIn(Model):
    """What is wrong. The caller makes `dispute_id`."""

    dispute_id: UUID
    about: Literal["charge", "tip", "cash"] = Field(
        description="The charge, your tip, or cash that the driver says was missing."
    )
    asked_minor: Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
    words: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class DisputeOut(Model):
    """What you dispute, and what was decided: `outcome` is null until then."""

    dispute_id: UUID
    trip_id: UUID
    about: str
    asked_minor: int
    currency: str
    words: str
    opened_at: datetime
    outcome: str | None
    borne_by: str | None
    amount_minor: int | None
    reason: str | None
    decided_at: datetime | None


class DisputesOut(Model):
    """Newest first."""

    disputes: list[DisputeOut]


@router.get("/ways-to-pay", responses=problems(), summary="How you can pay")
async def ways_to_pay(request: Request, caller: Rider) -> WaysToPayOut:
    """Your own account, cash to the driver, a voucher, a card where cards are taken, and customers
    who let you ride on theirs."""
    services = services_of(request)
    async with services.database.reading() as work:
        found = await views.list_payable(work, RiderId(caller.person_id))
    cards = [] if services.providers.cards is None else ["card"]
    return WaysToPayOut(
        ways=["account", "cash", "voucher", "customer", *cards],
        customers=[
            PayableOut(**(asdict(one) | {"cost_centres": list(one.cost_centres)})) for one in found
        ],
    )


@router.post(
    "/trips/{trip_id}/disputes",
    status_code=201,
    responses={201: {"model": DisputeOut}, **problems(404, 409)},
    summary="Dispute what a trip cost",
)
async def open_dispute(request: Request, trip_id: UUID, body: DisputeIn, caller: Rider) -> Response:
    """Each thing once a trip. The office decides with reasons, and you find them here."""

    async def handle(work: UnitOfWork) -> Any:
        opened = await disputes.open_dispute(
            work, body.dispute_id, trip_id=TripId(trip_id), rider_id=RiderId(caller.person_id),
            about=body.about, asked_minor=body.asked_minor, words=body.words,
        )  # fmt: skip
        return _dispute_out(opened).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=handle,
        status=201,
    )  # fmt: skip


@router.get("/disputes", responses=problems(), summary="What you disputed")
async def list_disputes(request: Request, caller: Rider) -> DisputesOut:
    """With what was decided, newest first."""
    async with services_of(request).database.reading() as work:
        found = await views.list_disputes_of(work, RiderId(caller.person_id))
    return DisputesOut(disputes=[_dispute_out(one) for one in found])


def _dispute_out(one: DisputeView) -> DisputeOut:
    known = asdict(one)
    return DisputeOut(**{name: known[name] for name in DisputeOut.model_fields})
