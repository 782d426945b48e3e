"""Vouchers: issued for a customer's money, given back when their time is over."""

from datetime import datetime

from foundation.chance import digits
from foundation.identifiers import UUID
from foundation.money import Money
from ledger.customers import store
from ledger.customers.errors import (
    CustomerClosed,
    CustomerKnownOtherwise,
    VoucherNotFound,
    VoucherNotOver,
)
from ledger.customers.events import VoucherIssued, VoucherLapsed
from ledger.customers.paying import VOUCHERS, facts_of
from ledger.customers.service import get_customer
from ledger.customers.way import code_digest, voucher_transfer
from ledger.errors import AmountNotPositive, CurrencyOfTheTrip
from ledger.store.transfers import insert_transfer
from ledger.transfer import Kind
from storage.work import UnitOfWork

CODE_DIGITS = 16
"""A code is money to whoever has it."""


async def issue(
    work: UnitOfWork, voucher_id: UUID, customer_id: UUID, amount: Money, *,
    valid_until: datetime, by: UUID,
) -> str:  # fmt: skip
    """Issue a voucher for the customer's money; its code, told this once.

    Raises
    ------
    CustomerNotFound, CustomerClosed, AmountNotPositive, CurrencyOfTheTrip
    CustomerKnownOtherwise
        If a voucher with that identifier stands.
    """
    customer = await get_customer(work, customer_id)
    if customer.is_closed:
        raise CustomerClosed(customer_id)
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    if amount.currency != customer.terms.currency:
        raise CurrencyOfTheTrip(amount, customer.terms.currency)
    code = digits(CODE_DIGITS, work.chance)
    transfer = voucher_transfer(Kind.VOUCHER_ISSUED, voucher_id, customer_id, amount, made_by=by)
    if not await insert_transfer(work, transfer):
        raise CustomerKnownOtherwise("voucher")
    await store.insert(
        work, "voucher",
        {
            "voucher_id": voucher_id, "customer_id": customer_id, "currency": amount.currency,
            "digest": code_digest(VOUCHERS, code), "amount_minor": amount.minor,
            "valid_until": valid_until, "issued_by": by, "issued_at": work.now,
        },
    )  # fmt: skip
    work.announce(
        VoucherIssued(
            **facts_of(work, transfer), customer_id=customer_id, voucher_id=voucher_id,
            amount_minor=amount.minor,
        )
    )  # fmt: skip
    return code


async def lapse(work: UnitOfWork, voucher_id: UUID, *, by: UUID) -> Money:
    """Give back to the customer what is left of a voucher whose time is over; again, nothing more.

    Raises
    ------
    VoucherNotFound
    VoucherNotOver
        If it can still be used, or a trip that was booked on it goes on.
    """
    await store.lock_payer(work, voucher_id)
    found = await store.find_voucher(work, voucher_id=voucher_id)
    if found is None:
        raise VoucherNotFound(voucher_id)
    if found.valid_until > work.now or await store.has_open_booking(work, voucher_id):
        raise VoucherNotOver(voucher_id, found.valid_until.isoformat())
    if found.left.minor <= 0:
        return found.left
    transfer = voucher_transfer(
        Kind.VOUCHER_LAPSED, voucher_id, found.customer_id, found.left, made_by=by
    )
    if await insert_transfer(work, transfer):
        work.announce(
            VoucherLapsed(
                **facts_of(work, transfer), customer_id=found.customer_id, voucher_id=voucher_id,
                amount_minor=found.left.minor,
            )
        )  # fmt: skip
    return found.left
