"""Customers: opened by the office, their limits, cost centres, riders, PINs, and what they paid."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from foundation.chance import digits
from foundation.identifiers import UUID, RiderId
from foundation.money import Money
from ledger.customers import store, views
from ledger.customers.errors import (
    CostCentreUnknown,
    CustomerClosed,
    CustomerKnownOtherwise,
    CustomerNotFound,
    DocumentNotFound,
    RiderListedAlready,
    RiderNotListed,
)
from ledger.customers.events import CustomerPaid
from ledger.customers.store import Opened
from ledger.customers.way import Limits, Terms, code_digest, paid_transfer
from ledger.errors import AmountNotPositive, CurrencyOfTheTrip
from ledger.store.transfers import insert_transfer
from storage.refusals import constraint_of
from storage.work import UnitOfWork

PIN_DIGITS = 10
"""A PIN pays; it is as long as nobody guesses one, at the pace a person may ask."""


async def open_customer(
    work: UnitOfWork, customer_id: UUID, terms: Terms, limits: Limits, *, by: UUID
) -> None:
    """Open an account for a customer, by the caller's identifier; again, nothing happens.

    Raises
    ------
    CustomerKnownOtherwise
        If the identifier is another customer's.
    """
    written = await store.insert(
        work, "customer",
        {
            "customer_id": customer_id, "kind": terms.kind, "legal_name": terms.legal_name,
            "address": terms.address, "vat_id": terms.vat_id, "currency": terms.currency,
            "zone": terms.zone, "terms_days": terms.terms_days, "opened_by": by,
            "opened_at": work.now,
        },
    )  # fmt: skip
    if not written:
        if (await get_customer(work, customer_id)).terms != terms:
            raise CustomerKnownOtherwise("customer")
        return
    await _insert_limits(work, customer_id, 1, limits, by=by)


async def get_customer(work: UnitOfWork, customer_id: UUID) -> Opened:
    """A customer as it stands.

    Raises
    ------
    CustomerNotFound
    """
    found = await store.find_customer(work, customer_id)
    if found is None:
        raise CustomerNotFound(customer_id)
    return found


async def close_customer(work: UnitOfWork, customer_id: UUID, *, by: UUID) -> None:
    """Take no more bookings on a customer; those that stand are paid. Again, nothing happens.

    Raises
    ------
    CustomerNotFound
    """
    await get_customer(work, customer_id)
    values = {"customer_id": customer_id, "closed_by": by, "closed_at": work.now}
    await store.insert(work, "closed", values)


async def set_limits(work: UnitOfWork, customer_id: UUID, limits: Limits, *, by: UUID) -> None:
    """Say what a customer pays at most from now on; bookings that stand keep what they met.

    Raises
    ------
    CustomerNotFound, CustomerClosed
    """
    await store.lock_payer(work, customer_id)
    found = await _open(work, customer_id)
    if found.limits != limits:
        await _insert_limits(work, customer_id, found.limits_number + 1, limits, by=by)


async def add_cost_centre(
    work: UnitOfWork, customer_id: UUID, code: str, *, name: str, by: UUID
) -> None:
    """Add a cost centre; one that is there stays as it is.

    Raises
    ------
    CustomerNotFound, CustomerClosed
    """
    await _open(work, customer_id)
    values = {"customer_id": customer_id, "code": code, "name": name}
    await store.insert(work, "cost_centre", values | {"added_by": by, "added_at": work.now})


async def list_rider(
    work: UnitOfWork, customer_id: UUID, rider_id: RiderId, *, cost_centre: str | None, by: UUID
) -> None:
    """Let a rider book on a customer, on one cost centre or on any.

    Raises
    ------
    CustomerNotFound, CustomerClosed, CostCentreUnknown, RiderListedAlready
    """
    await _open(work, customer_id)
    values = {"customer_id": customer_id, "rider_id": rider_id, "cost_centre": cost_centre}
    written = await _insert_of_cost_centre(
        work, "rider", values | {"added_by": by, "added_at": work.now}
    )
    if not written:
        raise RiderListedAlready


async def unlist_rider(work: UnitOfWork, customer_id: UUID, rider_id: RiderId, *, by: UUID) -> None:
    """Take a rider off a customer's list; bookings that stand are paid.

    Raises
    ------
    RiderNotListed
    """
    if not await store.end_rider(work, customer_id, rider_id, by=by):
        raise RiderNotListed


async def make_pin(
    work: UnitOfWork, customer_id: UUID, *, cost_centre: str | None, valid_until: datetime, by: UUID
) -> str:
    """A PIN by which anybody may ride on the customer until then; only its digest is kept.

    Raises
    ------
    CustomerNotFound, CustomerClosed, CostCentreUnknown
    """
    await _open(work, customer_id)
    pin = digits(PIN_DIGITS, work.chance)
    await _insert_of_cost_centre(
        work, "pin",
        {
            "digest": code_digest(str(customer_id), pin), "customer_id": customer_id,
            "cost_centre": cost_centre, "made_by": by, "made_at": work.now,
            "valid_until": valid_until,
        },
    )  # fmt: skip
    return pin


async def record_payment(
    work: UnitOfWork, payment_id: UUID, customer_id: UUID, amount: Money, *,
    document_id: UUID | None, by: UUID,
) -> None:  # fmt: skip
    """Enter what a customer paid to the bank, by the caller's identifier; again, nothing happens.

    Raises
    ------
    CustomerNotFound, AmountNotPositive, CurrencyOfTheTrip
    DocumentNotFound
        If it is said to be of an invoice that is not this customer's.
    CustomerKnownOtherwise
        If the identifier is a payment of another sum or customer.
    """
    customer = await get_customer(work, customer_id)
    if document_id is not None:
        invoice = await views.get_document(work, document_id)
        if invoice.customer_id != customer_id:
            raise DocumentNotFound(document_id)
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    if amount.currency != customer.terms.currency:
        raise CurrencyOfTheTrip(amount, customer.terms.currency)
    transfer = paid_transfer(payment_id, customer_id, amount, made_by=by)
    if not await insert_transfer(work, transfer):
        if await store.find_paid(work, payment_id) != (customer_id, amount.minor):
            raise CustomerKnownOtherwise("payment")
        return
    await store.insert(
        work, "paid",
        {
            "payment_id": payment_id, "customer_id": customer_id, "document_id": document_id,
            "currency": amount.currency, "amount_minor": amount.minor, "made_by": by,
            "made_at": work.now,
        },
    )  # fmt: skip
    work.announce(
        CustomerPaid(
            event_id=work.new_id(), occurred_at=work.now, transfer_id=transfer.transfer_id,
            currency=amount.currency, customer_id=customer_id, amount_minor=amount.minor,
        )
    )  # fmt: skip


async def _open(work: UnitOfWork, customer_id: UUID) -> Opened:
    found = await get_customer(work, customer_id)
    if found.is_closed:
        raise CustomerClosed(customer_id)
    return found


async def _insert_limits(
    work: UnitOfWork, customer_id: UUID, number: int, limits: Limits, *, by: UUID
) -> None:
    values = {
        "customer_id": customer_id, "number": number, "per_trip_minor": limits.per_trip_minor,
        "per_month_minor": limits.per_month_minor, "set_by": by, "set_at": work.now,
    }  # fmt: skip
    await store.insert(work, "limits", values)


async def _insert_of_cost_centre(work: UnitOfWork, table: str, values: Mapping[str, Any]) -> bool:
    try:
        return await store.insert(work, table, values)
    except IntegrityError as error:
        if "cost_centre" in (constraint_of(error) or ""):
            raise CostCentreUnknown(str(values["cost_centre"])) from error
        raise
