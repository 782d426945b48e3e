"""Customers, their limits, cost centres, riders, vouchers and invoices, as the office keeps them."""

import json
from datetime import date
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from doorway.caller import Office
from doorway.schemas import problems
from doorway.services import services_of
from foundation.identifiers import UUID, RiderId
from foundation.money import Currency, Money
from ledger.customers import invoicing, service, views, vouchers
from ledger.customers.views import DocumentView
from ledger.customers.way import Limits, Terms
from office_api.commons import done
from office_api.customer_schemas import (
    CostCentreIn,
    CustomerIn,
    CustomerOut,
    CustomersOut,
    InvoiceOut,
    InvoicesOut,
    LapsedOut,
    LimitsIn,
    MonthIn,
    PaidIn,
    PinIn,
    PinOut,
    RiderIn,
    VoucherCodeOut,
    VoucherIn,
    VoucherOut,
    VouchersOut,
)
from storage.work import UnitOfWork

router = APIRouter(tags=["customers"])


@router.post(
    "/customers", status_code=204, responses=problems(409), summary="Open a customer's account"
)
async def open_customer(request: Request, body: CustomerIn, caller: Office) -> Response:
    """In the city's currency and by its months."""
    pack = services_of(request).city.pack

    async def act(work: UnitOfWork) -> Any:
        terms = Terms(
            kind=body.kind, legal_name=body.legal_name, address=body.address, vat_id=body.vat_id,
            currency=Currency(pack.currency), zone=str(pack.zone_info),
            terms_days=body.terms_days,
        )  # fmt: skip
        await service.open_customer(
            work, body.customer_id, terms, _limits(body), by=caller.person_id
        )

    return await done(request, caller, act)


@router.get("/customers", responses=problems(), summary="Customers and what they owe")
async def list_customers(request: Request, caller: Office) -> CustomersOut:
    """In the order of their names."""
    async with services_of(request).database.reading() as work:
        found = await views.list_customers(work)
    return CustomersOut(
        customers=[CustomerOut.model_validate(one, from_attributes=True) for one in found]
    )


@router.post(
    "/customers/{customer_id}/close",
    status_code=204,
    responses=problems(404),
    summary="Close a customer's account",
)
async def close_customer(request: Request, customer_id: UUID, caller: Office) -> Response:
    """No more bookings; those that stand are paid."""

    async def act(work: UnitOfWork) -> Any:
        await service.close_customer(work, customer_id, by=caller.person_id)

    return await done(request, caller, act)


@router.post(
    "/customers/{customer_id}/limits",
    status_code=204,
    responses=problems(404, 409),
    summary="Say what a customer pays at most",
)
async def set_limits(
    request: Request, customer_id: UUID, body: LimitsIn, caller: Office
) -> Response:
    """From now on; bookings that stand keep what they met."""

    async def act(work: UnitOfWork) -> Any:
        await service.set_limits(work, customer_id, _limits(body), by=caller.person_id)

    return await done(request, caller, act)


@router.post(
    "/customers/{customer_id}/cost-centres",
    status_code=204,
    responses=problems(404, 409),
    summary="Add a cost centre",
)
async def add_cost_centre(
    request: Request, customer_id: UUID, body: CostCentreIn, caller: Office
) -> Response:
    """By the customer's own code; one that is there stays as it is."""

    async def act(work: UnitOfWork) -> Any:
        await service.add_cost_centre(
            work, customer_id, body.code, name=body.name, by=caller.person_id
        )

    return await done(request, caller, act)


@router.post(
    "/customers/{customer_id}/riders",
    status_code=204,
    responses=problems(404, 409),
    summary="Let a rider ride on a customer",
)
async def list_rider(
    request: Request, customer_id: UUID, body: RiderIn, caller: Office
) -> Response:
    """On one cost centre if it is named, on any otherwise."""

    async def act(work: UnitOfWork) -> Any:
        await service.list_rider(
            work, customer_id, RiderId(body.rider_id), cost_centre=body.cost_centre,
            by=caller.person_id,
        )  # fmt: skip

    return await done(request, caller, act)


@router.post(
    "/customers/{customer_id}/riders/{rider_id}/end",
    status_code=204,
    responses=problems(404),
    summary="Take a rider off a customer's list",
)
async def unlist_rider(
    request: Request, customer_id: UUID, rider_id: UUID, caller: Office
) -> Response:
    """Bookings that stand are paid."""

    async def act(work: UnitOfWork) -> Any:
        await service.unlist_rider(work, customer_id, RiderId(rider_id), by=caller.person_id)

    return await done(request, caller, act)


@router.post(
    "/customers/{customer_id}/pins",
    status_code=201,
    responses={201: {"model": PinOut}, **problems(404, 409)},
    summary="Make a PIN to ride on a customer",
)
async def make_pin(request: Request, customer_id: UUID, body: PinIn, caller: Office) -> Response:
    """For people who are on no list, like a hotel's guests."""

    async def act(work: UnitOfWork) -> Any:
        pin = await service.make_pin(
            work, customer_id, cost_centre=body.cost_centre, valid_until=body.valid_until,
            by=caller.person_id,
        )  # fmt: skip
        return PinOut(pin=pin)

    return await done(request, caller, act, status=201)


@router.post(
    "/customers/{customer_id}/vouchers",
    status_code=201,
    responses={201: {"model": VoucherCodeOut}, **problems(404, 409)},
    summary="Issue a voucher",
)
async def issue_voucher(
    request: Request, customer_id: UUID, body: VoucherIn, caller: Office
) -> Response:
    """For the customer's money: its account is debited now."""
    currency = Currency(services_of(request).city.pack.currency)

    async def act(work: UnitOfWork) -> Any:
        code = await vouchers.issue(
            work, body.voucher_id, customer_id, Money(body.amount_minor, currency),
            valid_until=body.valid_until, by=caller.person_id,
        )  # fmt: skip
        return VoucherCodeOut(voucher_id=body.voucher_id, code=code)

    return await done(request, caller, act, status=201)


@router.get(
    "/customers/{customer_id}/vouchers", responses=problems(), summary="A customer's vouchers"
)
async def list_vouchers(request: Request, customer_id: UUID, caller: Office) -> VouchersOut:
    """And what is left of each."""
    async with services_of(request).database.reading() as work:
        found = await views.list_vouchers(work, customer_id)
    return VouchersOut(vouchers=[VoucherOut(**one) for one in found])


@router.post(
    "/vouchers/{voucher_id}/lapse",
    responses={200: {"model": LapsedOut}, **problems(404, 409)},
    summary="Give back what is left of a voucher",
)
async def lapse_voucher(request: Request, voucher_id: UUID, caller: Office) -> Response:
    """To its customer, when its time is over."""

    async def act(work: UnitOfWork) -> Any:
        left = await vouchers.lapse(work, voucher_id, by=caller.person_id)
        return LapsedOut(amount_minor=left.minor, currency=left.currency)

    return await done(request, caller, act, status=200)


@router.post(
    "/customers/{customer_id}/payments",
    status_code=204,
    responses=problems(404, 409),
    summary="Enter what a customer paid",
)
async def record_payment(
    request: Request, customer_id: UUID, body: PaidIn, caller: Office
) -> Response:
    """As it came to the bank, for an invoice if it says so."""
    currency = Currency(services_of(request).city.pack.currency)

    async def act(work: UnitOfWork) -> Any:
        await service.record_payment(
            work, body.payment_id, customer_id, Money(body.amount_minor, currency),
            document_id=body.invoice_id, by=caller.person_id,
        )  # fmt: skip

    return await done(request, caller, act)


@router.post(
    "/customers/{customer_id}/invoices",
    status_code=201,
    responses={201: {"model": InvoiceOut}, **problems(404, 409)},
    summary="Invoice a month",
)
async def issue_invoice(
    request: Request, customer_id: UUID, body: MonthIn, caller: Office
) -> Response:
    """Every entry of the customer that no document said before. Asked again, it is the same."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        return _invoice_out(
            await invoicing.issue_invoice(
                work,
                customer_id,
                date.fromisoformat(f"{body.month}-01"),
                supplier=services.supplier,
                by=caller.person_id,
            )
        )

    return await done(request, caller, act, status=201)


@router.get(
    "/customers/{customer_id}/invoices", responses=problems(), summary="A customer's invoices"
)
async def list_invoices(request: Request, customer_id: UUID, caller: Office) -> InvoicesOut:
    """And its credit notes, newest first."""
    async with services_of(request).database.reading() as work:
        found = await views.list_documents(work, customer_id)
    return InvoicesOut(invoices=[_invoice_out(one) for one in found])


@router.get("/invoices/{invoice_id}", responses=problems(404), summary="One invoice")
async def get_invoice(request: Request, invoice_id: UUID, caller: Office) -> InvoiceOut:
    """Or a credit note."""
    async with services_of(request).database.reading() as work:
        return _invoice_out(await views.get_document(work, invoice_id))


@router.post(
    "/invoices/{invoice_id}/credit-notes",
    status_code=201,
    responses={201: {"model": InvoiceOut}, **problems(404, 409)},
    summary="Credit what was refunded of an invoice",
)
async def issue_credit_note(request: Request, invoice_id: UUID, caller: Office) -> Response:
    """A new document with what was refunded of its trips since; the invoice stays what it is."""
    services = services_of(request)

    async def act(work: UnitOfWork) -> Any:
        return _invoice_out(
            await invoicing.issue_credit_note(
                work, invoice_id, supplier=services.supplier, by=caller.person_id
            )
        )

    return await done(request, caller, act, status=201)


def _limits(body: LimitsIn) -> Limits:
    return Limits(per_trip_minor=body.per_trip_minor, per_month_minor=body.per_month_minor)


def _invoice_out(one: DocumentView) -> InvoiceOut:
    return InvoiceOut(
        invoice_id=one.document_id,
        number=one.number,
        kind=one.kind,
        customer_id=one.customer_id,
        month=one.month,
        corrects=one.corrects,
        currency=one.currency,
        total_minor=one.total_minor,
        due_on=one.due_on,
        issued_at=one.issued_at,
        digest=one.digest,
        document=json.loads(one.said),
    )
