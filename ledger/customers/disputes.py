"""Disputes of riders, refunds that reach whoever paid. All of it ends in new entries, or in none."""

from foundation.identifiers import UUID, DriverId, RiderId, TransferId, TripId
from foundation.money import Money
from ledger import days
from ledger import service as books
from ledger.customers import events, store, views
from ledger.customers.errors import (
    CannotBeDecidedSo,
    DisputedAlready,
    DisputeDecided,
    NothingToDispute,
    OwnDispute,
)
from ledger.customers.paying import facts_of
from ledger.customers.views import DisputeView
from ledger.customers.way import Way, passed_on_transfer
from ledger.store.transfers import insert_transfer
from ledger.transfer import Kind, transfer_id
from ledger.views import find_charge
from storage.work import UnitOfWork

OF = {"tip": Kind.TIP, "cash": Kind.CASH_SHORT}
"""What is taken back if a dispute about it is decided for the rider."""


async def refund(
    work: UnitOfWork, *, trip_id: TripId, amount: Money, reason: str,
    borne_by: DriverId | None = None,
) -> TransferId:  # fmt: skip
    """Refund a part of a trip's charge; what a customer or a voucher paid goes back to them first.

    Raises
    ------
    ledger.errors
        As `ledger.service.refund`.
    """
    refund_id = await books.refund(
        work, trip_id=trip_id, amount=amount, reason=reason, borne_by=borne_by
    )
    payer = await store.find_payer(work, trip_id)
    if payer is None or payer.way is Way.CASH or payer.owner_id is None:
        return refund_id
    charge = await store.find_charged(work, trip_id)
    assert charge is not None, "it was refunded"
    part = Money(min(amount.minor, charge.paid_minor - charge.passed_on_minor), amount.currency)
    if part.minor > 0:
        transfer = passed_on_transfer(payer, refund_id, part)
        await insert_transfer(work, transfer)
        work.announce(
            events.RefundPassedOn(
                **facts_of(work, transfer), trip_id=trip_id, rider_id=payer.rider_id,
                customer_id=payer.owner_id, amount_minor=part.minor,
            )
        )  # fmt: skip
    return refund_id


async def open_dispute(
    work: UnitOfWork, dispute_id: UUID, *, trip_id: TripId, rider_id: RiderId, about: str,
    asked_minor: int, words: str,
) -> DisputeView:  # fmt: skip
    """A rider disputes a charge, a tip or cash that a driver says was missing; once each a trip.

    Raises
    ------
    NothingToDispute
        If it is not theirs, or was less.
    DisputedAlready
    """
    charge = await find_charge(work, trip_id)
    if charge is None or charge.rider_id != rider_id:
        raise NothingToDispute(trip_id, about)
    paid = await store.find_charged(work, trip_id)
    assert paid is not None
    most = {"charge": charge.total.minor, "tip": charge.tip.minor, "cash": paid.short_minor}[about]
    if not 1 <= asked_minor <= most:
        raise NothingToDispute(trip_id, about)
    written = await store.insert(
        work, "dispute",
        {
            "dispute_id": dispute_id, "trip_id": trip_id, "about": about, "rider_id": rider_id,
            "asked_minor": asked_minor, "currency": charge.total.currency, "words": words,
            "opened_at": work.now,
        },
    )  # fmt: skip
    if not written:
        raise DisputedAlready(trip_id, about)
    work.announce(
        events.DisputeOpened(
            event_id=work.new_id(), occurred_at=work.now, dispute_id=dispute_id, trip_id=trip_id,
            rider_id=rider_id, about=about,
        )
    )  # fmt: skip
    return await views.get_dispute(work, dispute_id)


async def decide(
    work: UnitOfWork, dispute_id: UUID, *, outcome: str, amount_minor: int, borne_by: str | None,
    reason: str, by: UUID,
) -> DisputeView:  # fmt: skip
    """Decide a dispute, with reasons: a refund of a charge, the reversal of a tip or of missing cash,
    or nothing. A reversal is whole, and its driver bears it.

    Raises
    ------
    DisputeNotFound, DisputeDecided, OwnDispute
    CannotBeDecidedSo
        If the outcome does not go with what is disputed, or the driver got less.
    ledger.errors
        As a refund and a reversal.
    """
    dispute = await views.get_dispute(work, dispute_id)
    if dispute.outcome is not None:
        raise DisputeDecided(dispute_id)
    charge = await store.find_charged(work, dispute.trip_id)
    assert charge is not None, "it was disputed"
    if by in (charge.rider_id, charge.driver_id):
        raise OwnDispute
    amount = Money(amount_minor, charge.total.currency)
    made: TransferId | None = None
    match outcome:
        case "nothing":
            if amount_minor or borne_by:
                raise CannotBeDecidedSo("nothing is given back, so nobody bears it")
        case "refund":
            made = await _refunded(work, dispute, charge, amount, borne_by=borne_by, reason=reason)
        case _:
            made, amount = await _reversed(work, dispute, charge, reason=reason, by=by)
            borne_by = "driver"
    written = await store.insert(
        work, "decision",
        {
            "dispute_id": dispute_id, "outcome": outcome, "borne_by": borne_by,
            "amount_minor": amount.minor, "transfer_id": made, "reason": reason,
            "decided_by": by, "decided_at": work.now,
        },
    )  # fmt: skip
    if not written:
        raise DisputeDecided(dispute_id)
    work.announce(
        events.DisputeDecided(
            event_id=work.new_id(), occurred_at=work.now, dispute_id=dispute_id,
            trip_id=dispute.trip_id, rider_id=dispute.rider_id, outcome=outcome, borne_by=borne_by,
        )
    )  # fmt: skip
    return await views.get_dispute(work, dispute_id)


async def _refunded(
    work: UnitOfWork, dispute: DisputeView, charge: store.Charged, amount: Money, *,
    borne_by: str | None, reason: str,
) -> TransferId:  # fmt: skip
    if dispute.about != "charge":
        raise CannotBeDecidedSo("only a charge is refunded; a tip or missing cash is reversed")
    if borne_by is None:
        raise CannotBeDecidedSo("say who bears the refund, the driver or the co-operative")
    if borne_by == "driver":
        got = await store.driver_got(work, dispute.trip_id)
        if amount.minor > got:
            left = Money(max(0, got), amount.currency)
            raise CannotBeDecidedSo(f"the driver got no more than {left} of it")
    driver_id = charge.driver_id if borne_by == "driver" else None
    return await refund(
        work, trip_id=dispute.trip_id, amount=amount, reason=reason, borne_by=driver_id
    )


async def _reversed(
    work: UnitOfWork, dispute: DisputeView, charge: store.Charged, *, reason: str, by: UUID
) -> tuple[TransferId, Money]:
    if dispute.about not in OF:
        raise CannotBeDecidedSo("a charge is refunded, not reversed")
    what = transfer_id(OF[dispute.about], dispute.trip_id)
    reversal = await days.reverse(work, what, reason=reason, made_by=by)
    minor = max(entry.amount_minor for entry in reversal.entries)
    return reversal.transfer_id, Money(minor, charge.total.currency)
