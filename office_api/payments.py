"""Payments as the office handles them: money at the desk, what did not work, and what differs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, Field
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import Model, Reason, problems
from doorway.services import services_of
from doorway.writes import once
from foundation.identifiers import RiderId
from foundation.money import Money
from ledger.payments import service, views
from ledger.payments.payment import Payment
from ledger.payments.reconcile import reconcile
from ledger.payments.store.checks import payment_faults
from storage.work import UnitOfWork

router = APIRouter(tags=["payments"])

Amount = Annotated[int, Field(strict=True, ge=1, le=10**9)]


class DeskIn(Model):
    """Money that a rider gave at the desk."""

    payment_id: UUID
    rider_id: UUID
    amount_minor: Amount
    note: Reason | None = None


class GiveBackIn(Model):
    """How much of a payment shall have been given back altogether, and why."""

    total_minor: Amount
    reason: Reason


class PaidOut(Model):
    """A payment as it stands."""

    payment_id: UUID
    state: str
    currency: str
    captured_minor: int
    refunded_minor: int

    @classmethod
    def of(cls, payment: Payment) -> "PaidOut":
        """A payment as it is sent."""
        return cls(
            payment_id=payment.payment_id,
            state=payment.state.value,
            currency=payment.currency,
            captured_minor=payment.captured_minor,
            refunded_minor=payment.refunded_minor,
        )


class TroubleOut(Model):
    """A payment to look at: `what` was asked in vain, or the provider said no for good."""

    payment_id: UUID
    rider_id: UUID
    trip_id: UUID | None
    purpose: str
    state: str
    currency: str
    wanted_minor: int
    owed_minor: int
    what: str | None
    failure: str
    since: AwareDatetime


class TroublesOut(Model):
    """The oldest hundred."""

    payments: list[TroubleOut]


class RetriedOut(Model):
    """The provider will be asked once more within seconds."""

    payment_id: UUID


class ReconcileIn(Model):
    """From which moment on payments are compared."""

    since: AwareDatetime


class DifferingOut(Model):
    """A payment that stands otherwise with its provider, and how."""

    payment_id: UUID
    provider: str
    differences: list[str]


class FaultOut(Model):
    """Something in the books of payments that must not be: which rule it breaks, where, and what."""

    rule: str
    where: str
    what: str


class ReconciledOut(Model):
    """How many payments were compared, two hundred at a time; those that differ, and what is wrong in
    our own books."""

    compared: int
    is_whole: bool
    differing: list[DifferingOut]
    faults: list[FaultOut]


@router.post(
    "/payments/desk",
    status_code=201,
    responses={201: {"model": PaidOut}, **problems(409)},
    summary="Record money given at the desk",
)
async def at_desk(request: Request, body: DeskIn, caller: Office) -> Response:
    """It is in the books at once, against what the rider owes."""
    services = services_of(request)
    amount = Money(body.amount_minor, services.city.pack.currency)

    async def act(work: UnitOfWork) -> object:
        paid = await service.pay_at_desk(
            work, payment_id=body.payment_id, rider_id=RiderId(body.rider_id), amount=amount,
            made_by=caller.person_id, note=body.note,
        )  # fmt: skip
        return PaidOut.of(paid).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=act, status=201
    )


@router.get("/payments/trouble", responses=problems(), summary="Payments that did not work")
async def trouble(request: Request, caller: Office) -> TroublesOut:
    """What the provider was asked in vain, and charged trips whose card did not pay."""
    async with services_of(request).database.work() as work:
        found = await views.trouble(work)
    names = TroubleOut.model_fields
    return TroublesOut(
        payments=[TroubleOut(**{name: getattr(one, name) for name in names}) for one in found]
    )


@router.post(
    "/payments/reconciliations",
    responses=problems(503),
    summary="Compare the books with the provider",
)
async def reconciled(request: Request, body: ReconcileIn, caller: Office) -> ReconciledOut:
    """Asks the provider about each payment that changed since, and looks through our own books of
    payments; changes nothing."""
    services = services_of(request)
    async with services.database.work() as work:
        faults = [
            FaultOut(rule=one.rule, where=one.where, what=one.what)
            async for one in payment_faults(work)
        ]
    found = await reconcile(services.database, services.providers.by_name, since=body.since)
    return ReconciledOut(
        compared=found.compared,
        is_whole=found.is_whole,
        differing=[
            DifferingOut(
                payment_id=one.payment.payment_id,
                provider=one.payment.provider,
                differences=list(one.differences),
            )
            for one in found.differing
        ],
        faults=faults,
    )


@router.post(
    "/payments/{payment_id}/retry",
    responses={200: {"model": RetriedOut}, **problems(404, 409)},
    summary="Ask the provider once more",
)
async def retry(request: Request, payment_id: UUID, caller: Office) -> Response:
    """For what was given up; by the same key, so that it is done once."""

    async def act(work: UnitOfWork) -> object:
        await service.retry(work, payment_id)
        return RetriedOut(payment_id=payment_id).model_dump(mode="json")

    return await once(
        request, services_of(request).database, caller=str(caller.person_id), handler=act
    )


@router.post(
    "/payments/{payment_id}/refunds",
    status_code=201,
    responses={201: {"model": PaidOut}, **problems(404, 409)},
    summary="Give a payment back",
)
async def give_back(
    request: Request, payment_id: UUID, body: GiveBackIn, caller: Office
) -> Response:
    """Of what was paid on account or at the desk; a trip's card follows the refund of its trip."""
    services = services_of(request)
    total = Money(body.total_minor, services.city.pack.currency)

    async def act(work: UnitOfWork) -> object:
        payment = await service.give_back(
            work, payment_id=payment_id, total=total, reason=body.reason, made_by=caller.person_id
        )
        return PaidOut.of(payment).model_dump(mode="json")

    return await once(
        request, services.database, caller=str(caller.person_id), handler=act, status=201
    )
