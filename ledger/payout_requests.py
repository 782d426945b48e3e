"""What a driver does about payouts: looks, and asks to be paid with the next file. Nobody here commits."""

from collections.abc import Sequence
from dataclasses import dataclass

from foundation.identifiers import DriverId
from foundation.money import Currency, Money
from ledger.errors import DestinationMissing, NothingOwed, WithdrawalsClosed
from ledger.events import PayoutAsked
from ledger.payout_plan import Due, PayoutTerms
from ledger.store import payout_requests as store
from ledger.store.payouts import (
    Destination,
    Payout,
    list_destinations,
    list_due,
    list_payouts_of_driver,
)
from storage.work import Reading, UnitOfWork

PAYOUTS_SHOWN_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MyPayouts:
    """A driver's payouts, the latest first, and what is not on its way yet.

    Attributes
    ----------
    due
        None where nothing is owed.
    """

    owed: Money
    due: Due | None
    payouts: Sequence[Payout]


async def my_payouts(work: Reading, driver_id: DriverId, currency: Currency) -> MyPayouts:
    """What the driver was paid, and what is owed now."""
    due = await _due(work, driver_id, currency)
    return MyPayouts(
        owed=Money(0 if due is None else due.available_minor, currency),
        due=due,
        payouts=await list_payouts_of_driver(work, driver_id, limit=PAYOUTS_SHOWN_MAX),
    )


async def my_destinations(work: Reading, driver_id: DriverId) -> list[Destination]:
    """The driver's destinations, the latest first; of the account only the last four characters."""
    return await list_destinations(work, driver_id)


async def ask_for_payout(
    work: UnitOfWork, driver_id: DriverId, currency: Currency, *, terms: PayoutTerms
) -> Due:
    """Ask to be paid all that is owed with the next file, however little it is; what is asked for.

    Asking again before that file is made changes nothing.

    Raises
    ------
    WithdrawalsClosed
        If drivers are paid by regular runs alone.
    NothingOwed, DestinationMissing
        If there is nothing to pay, or nowhere to pay it to.
    """
    if not terms.on_request:
        raise WithdrawalsClosed
    due = await _due(work, driver_id, currency)
    if due is None:
        raise NothingOwed(currency)
    if due.destination is None:
        raise DestinationMissing(due.waits_until)
    number = await store.insert_request(work, driver_id, currency)
    if number is not None:
        work.announce(
            PayoutAsked(
                event_id=work.new_id(), occurred_at=work.now, driver_id=driver_id,
                currency=currency, number=number,
            )
        )  # fmt: skip
    return due


async def _due(work: Reading, driver_id: DriverId, currency: Currency) -> Due | None:
    found = await list_due(work, currency, driver_id=driver_id)
    return found[0] if found else None
