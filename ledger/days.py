"""Days are sealed, periods are closed, mistakes are taken back by new entries.

A sealed day takes nothing more, so a closed period cannot be reopened: what was wrong in it is put
right today. Nobody here commits.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from foundation.identifiers import UUID, TransferId
from foundation.local_time import day_starts
from foundation.money import Currency
from ledger.account import Account, Role
from ledger.errors import (
    DayNotSealed,
    NotReversible,
    PeriodClosedAlready,
    ReversedAlready,
    TransferNotFound,
)
from ledger.events import ClosingPosted, DaySealed, ReversalPosted
from ledger.store import days as store_days
from ledger.store import transfers
from ledger.store.days import SealedDay
from ledger.transfer import CHARGES, Entry, Kind, Transfer
from storage.work import UnitOfWork

GRACE = timedelta(minutes=5)
"""After its end a day waits so long for what began before it."""

OF_THE_RESULT = (Role.COOPERATIVE, Role.OTHER_INCOME, Role.EXPENSE, Role.ROUNDING)
"""What a period earned and cost: at its close these go to the surplus."""

NEVER_REVERSED = (
    CHARGES
    | {Kind.REFUND, Kind.REVERSAL, Kind.CLOSING, Kind.CASH_COLLECTED, Kind.ASSIGNED}
    | {Kind.VOUCHER_ISSUED, Kind.VOUCHER_USED, Kind.VOUCHER_LAPSED, Kind.REFUND_PASSED_ON}
)
"""A charge and what paid it are refunded; a refund and a reversal stand; a close is for ever."""


async def seal_next_day(work: UnitOfWork, zone: ZoneInfo) -> SealedDay | None:
    """Seal the day that follows the last sealed one, if it is over; None if there is none.

    The first is the day of the first transfer. Days begin and end at the midnights of `zone`, so
    one is 23 or 25 hours long when the clocks change.
    """
    last = await store_days.find_last_sealed_day(work)
    if last is not None:
        starts_at, day = last.ends_at, last.day + timedelta(days=1)
    else:
        first = await store_days.find_first_instant(work)
        if first is None:
            return None
        day = first.astimezone(zone).date()
        starts_at = day_starts(day, zone)
    ends_at = day_starts(day + timedelta(days=1), zone)
    if work.now < ends_at + GRACE:
        return None
    sealed = await store_days.seal_day(work, day, starts_at=starts_at, ends_at=ends_at)
    work.announce(
        DaySealed(
            event_id=work.new_id(),
            occurred_at=work.now,
            day=sealed.day,
            transfers=sealed.transfers,
            digest=sealed.digest,
        )
    )
    return sealed


async def close_period(
    work: UnitOfWork, *, period_id: UUID, ends_at: datetime, closed_by: UUID
) -> dict[Currency, int]:
    """Close the period that ends at `ends_at` and move its result to the surplus.

    Returns
    -------
    dict
        The result in minor units by currency; below zero is a loss.

    Raises
    ------
    DayNotSealed
        If no day that is sealed ends then.
    PeriodClosedAlready
        If a period that ends then or later is closed.
    """
    if not await store_days.is_end_of_a_sealed_day(work, ends_at):
        raise DayNotSealed(ends_at)
    before = await store_days.find_last_close(work)
    if before is not None and before >= ends_at:
        raise PeriodClosedAlready(before)
    await store_days.close_period(work, period_id, ends_at=ends_at, closed_by=closed_by)
    found = await store_days.results(work, OF_THE_RESULT, start=before, end=ends_at)
    results: dict[Currency, int] = {}
    for number, currency in enumerate(sorted({currency for _, currency in found}), start=1):
        of_roles = {role: minor for (role, own), minor in found.items() if own == currency}
        results[currency] = -sum(of_roles.values())
        closing = _closing(period_id, number, currency, of_roles, closed_by=closed_by)
        await transfers.insert_transfer(work, closing)
        _announce_closing(work, closing, result_minor=results[currency])
    return results


async def reverse(
    work: UnitOfWork, transfer_id: TransferId, *, reason: str, made_by: UUID
) -> Transfer:
    """Take a posted transfer back, whole, by a new one. Once: the second time is refused.

    Raises
    ------
    TransferNotFound
        If nothing was posted by that identifier.
    NotReversible
        If it is what a trip was charged (which is refunded), a refund, a reversal or a close.
    ReversedAlready
        If it was taken back before.
    """
    posted = await store_days.find_posted(work, transfer_id)
    if posted is None:
        raise TransferNotFound(transfer_id)
    if posted.kind in NEVER_REVERSED:
        raise NotReversible(transfer_id, posted.kind.value)
    transfer = Transfer(
        kind=Kind.REVERSAL,
        subject_id=transfer_id,
        currency=posted.currency,
        entries=tuple(
            Entry(account=one.account, amount_minor=-one.amount_minor, code=one.code)
            for one in posted.entries
        ),
        reverses=transfer_id,
        reason=reason,
        made_by=made_by,
    )
    if posted.reversed_because is not None or not await transfers.insert_transfer(work, transfer):
        raise ReversedAlready(transfer_id)
    work.announce(
        ReversalPosted(
            event_id=work.new_id(),
            occurred_at=work.now,
            transfer_id=transfer.transfer_id,
            currency=transfer.currency,
            reversed_transfer_id=transfer_id,
            reason=reason,
        )
    )
    return transfer


def _closing(
    period_id: UUID,
    number: int,
    currency: Currency,
    of_roles: dict[Role, int],
    *,
    closed_by: UUID,
) -> Transfer:
    """What empties the accounts of the result into the surplus, one transfer for each currency."""
    surplus = Account(role=Role.SURPLUS, currency=currency)
    entries = [
        Entry(account=Account(role=role, currency=currency), amount_minor=-minor, code="closing")
        for role, minor in of_roles.items()
    ]
    whole = sum(of_roles.values())
    return Transfer(
        kind=Kind.CLOSING,
        subject_id=period_id,
        ordinal=number,
        currency=currency,
        entries=(*entries, Entry(account=surplus, amount_minor=whole, code="closing")),
        made_by=closed_by,
    )


def _announce_closing(work: UnitOfWork, closing: Transfer, *, result_minor: int) -> None:
    work.announce(
        ClosingPosted(
            event_id=work.new_id(),
            occurred_at=work.now,
            transfer_id=closing.transfer_id,
            currency=closing.currency,
            period_id=closing.subject_id,
            result_minor=result_minor,
        )
    )
