"""How a trip is paid: said at its booking, done in the commit of its charge."""

from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from foundation.identifiers import DriverId, RiderId, TripId
from foundation.money import Money
from ledger.customers import store
from ledger.customers.errors import (
    AboveMonthLimit,
    AboveTripLimit,
    CustomerDoesNotPay,
    MoreMissingThanOwed,
    NoCashTrip,
    VoucherNotUsable,
    WayToPayUnclear,
)
from ledger.customers.events import CashCollected, CashFellShort, ChargeAssigned, VoucherUsed
from ledger.customers.way import (
    Chosen,
    Payer,
    Way,
    cash_transfer,
    code_digest,
    month_of,
    part_paid,
    paying_transfer,
    short_transfer,
)
from ledger.store.transfers import insert_transfer
from ledger.transfer import Kind, Transfer
from storage.refusals import constraint_of
from storage.work import UnitOfWork

VOUCHERS = "voucher"
"""Instead of an owner, in the digest of a voucher's code."""


async def choose(
    work: UnitOfWork, chosen: Chosen, *, trip_id: TripId, rider_id: RiderId, total: Money,
    rides_at: datetime,
) -> None:  # fmt: skip
    """Fix how a trip is paid, before it is held: what a customer or a voucher pays is promised.

    Parameters
    ----------
    rides_at
        When the trip is wanted: its month is charged.

    Raises
    ------
    WayToPayUnclear
        If what is named does not go with the way.
    CustomerDoesNotPay, AboveTripLimit, AboveMonthLimit
        By the customer's word.
    VoucherNotUsable
    """
    _check_clear(chosen)
    row: dict[str, Any] = {
        "trip_id": trip_id, "way": chosen.way.value, "rider_id": rider_id,
        "currency": total.currency, "promised_minor": 0, "customer_id": None, "cost_centre": None,
        "limits_number": None, "month": None, "pin_digest": None, "voucher_id": None,
        "made_at": work.now,
    }  # fmt: skip
    match chosen.way:
        case Way.ACCOUNT | Way.CARD:
            return  # a card's payment is a row of `ledger.payments`
        case Way.CUSTOMER:
            row |= await _of_customer(work, chosen, rider_id, total, rides_at=rides_at)
        case Way.VOUCHER:
            row |= await _of_voucher(work, chosen, total, rides_at=rides_at)
        case Way.CASH:
            pass
    try:
        await store.insert(work, "payment", row)
    except IntegrityError as error:
        refusals = {"an_open_customer": CustomerDoesNotPay, "may_ride_on_it": CustomerDoesNotPay,
                    "charged_to_a_cost_centre": CustomerDoesNotPay}  # fmt: skip
        refusal = refusals.get(constraint_of(error) or "")
        if refusal is None:
            raise
        raise refusal from error


async def pay_charge(work: UnitOfWork, trip_id: TripId) -> None:
    """Let whoever was named at the booking pay the trip's charge, in the commit of the charge.

    The rider's account keeps what they do not pay. Again, nothing happens.
    """
    payer = await store.find_payer(work, trip_id)
    charge = await store.find_charged(work, trip_id)
    if payer is None or charge is None or charge.total.minor == 0:
        return
    if payer.way is Way.CASH:
        if charge.kind is not Kind.FARE:
            return  # nobody met to hand it over
        transfer = cash_transfer(payer, charge.driver_id, charge.total)
        if await insert_transfer(work, transfer):
            work.announce(
                CashCollected(
                    **facts_of(work, transfer), trip_id=trip_id, rider_id=payer.rider_id,
                    driver_id=charge.driver_id, amount_minor=charge.total.minor,
                )
            )  # fmt: skip
        return
    assert payer.owner_id is not None
    await store.lock_payer(work, payer.voucher_id or payer.owner_id)
    room = await store.find_room(work, payer)
    part = part_paid(charge.total, promised=payer.promised, room=room.minor)
    if part.minor:
        await _pay_part(work, payer, part)


async def cash_was_short(
    work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId, missing_minor: int
) -> Money:
    """The driver did not get so much of a cash fare: the rider owes it, the driver no longer.

    Said once a trip; the rider is told, and may dispute it.

    Raises
    ------
    NoCashTrip
        If the trip was not paid to this driver in cash.
    MoreMissingThanOwed
        If more is missing than the fare, or another sum was said before.
    """
    charge = await store.find_charged(work, trip_id)
    if charge is None or charge.cash is None or charge.driver_id != driver_id:
        raise NoCashTrip(trip_id)
    if not 1 <= missing_minor <= charge.total.minor:
        raise MoreMissingThanOwed(charge.total)
    missing = Money(missing_minor, charge.total.currency)
    transfer = short_transfer(trip_id, charge.rider_id, driver_id, missing)
    if not await insert_transfer(work, transfer):
        if charge.short_minor not in (0, missing_minor):
            raise MoreMissingThanOwed(charge.total)
        return missing
    work.announce(
        CashFellShort(
            **facts_of(work, transfer), trip_id=trip_id, rider_id=charge.rider_id,
            driver_id=driver_id, amount_minor=missing_minor,
        )
    )  # fmt: skip
    return missing


def facts_of(work: UnitOfWork, transfer: Transfer) -> dict[str, Any]:
    """What every fact of a transfer says."""
    return {
        "event_id": work.new_id(), "occurred_at": work.now, "transfer_id": transfer.transfer_id,
        "currency": transfer.currency,
    }  # fmt: skip


def _check_clear(chosen: Chosen) -> None:
    named = {
        Way.CUSTOMER: chosen.customer_id is not None,
        Way.VOUCHER: chosen.voucher is not None,
    }
    if chosen.way in named and not named[chosen.way]:
        raise WayToPayUnclear(chosen.way.value, f"name the {chosen.way.value}")
    foreign = {
        "customer": (chosen.customer_id, chosen.cost_centre, chosen.pin) != (None, None, None)
        and chosen.way is not Way.CUSTOMER,
        "voucher": chosen.voucher is not None and chosen.way is not Way.VOUCHER,
        "card": chosen.card_id is not None and chosen.way is not Way.CARD,
    }
    for what, is_foreign in foreign.items():
        if is_foreign:
            raise WayToPayUnclear(chosen.way.value, f"name no {what}")


async def _of_customer(
    work: UnitOfWork, chosen: Chosen, rider_id: RiderId, total: Money, *, rides_at: datetime
) -> dict[str, Any]:
    assert chosen.customer_id is not None
    digest = None if chosen.pin is None else code_digest(str(chosen.customer_id), chosen.pin)
    await store.lock_payer(work, chosen.customer_id)
    customer = await store.find_customer(work, chosen.customer_id)
    leave = (
        await store.find_leave(work, chosen.customer_id, rider_id)
        if digest is None
        else await store.find_pin(work, chosen.customer_id, digest)
    )
    if customer is None or customer.is_closed or leave is None:
        raise CustomerDoesNotPay
    centre = chosen.cost_centre or leave.cost_centre
    if leave.cost_centre not in (None, centre) or customer.terms.currency != total.currency:
        raise CustomerDoesNotPay
    limits, month = customer.limits, month_of(rides_at, customer.terms.zone)
    if limits.per_trip_minor is not None and total.minor > limits.per_trip_minor:
        raise AboveTripLimit(Money(limits.per_trip_minor, total.currency))
    if limits.per_month_minor is not None:
        taken = await store.taken_of_month(work, chosen.customer_id, month)
        if taken + total.minor > limits.per_month_minor:
            raise AboveMonthLimit
    return {
        "customer_id": chosen.customer_id, "cost_centre": centre, "month": month,
        "limits_number": customer.limits_number, "pin_digest": digest,
        "promised_minor": total.minor,
    }  # fmt: skip


async def _of_voucher(
    work: UnitOfWork, chosen: Chosen, total: Money, *, rides_at: datetime
) -> dict[str, Any]:
    assert chosen.voucher is not None
    digest = code_digest(VOUCHERS, chosen.voucher)
    found = await store.find_voucher(work, digest=digest)
    if found is None or found.valid_until <= rides_at or found.amount.currency != total.currency:
        raise VoucherNotUsable
    await store.lock_payer(work, found.voucher_id)
    locked = await store.find_voucher(work, digest=digest)
    assert locked is not None
    promised = min(total.minor, locked.left.minor)
    if promised <= 0:
        raise VoucherNotUsable
    return {"voucher_id": found.voucher_id, "promised_minor": promised}


async def _pay_part(work: UnitOfWork, payer: Payer, part: Money) -> None:
    transfer = paying_transfer(payer, part)
    if not await insert_transfer(work, transfer):
        return
    facts = facts_of(work, transfer) | {
        "trip_id": payer.trip_id, "rider_id": payer.rider_id, "amount_minor": part.minor,
    }  # fmt: skip
    if payer.way is Way.CUSTOMER and payer.owner_id is not None:
        work.announce(ChargeAssigned(**facts, customer_id=payer.owner_id))
    elif payer.voucher_id is not None:
        work.announce(VoucherUsed(**facts, voucher_id=payer.voucher_id))
