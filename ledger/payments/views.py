"""Payments as riders and the office see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from foundation.identifiers import UUID, RiderId
from foundation.money import Currency, Money
from ledger.payments.store import payments as store
from storage.work import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentView:
    """A payment as it is shown.

    Attributes
    ----------
    card
        The last four digits of the card; None at the desk, or if the card was erased.
    waits_for
        What is being asked of its provider.
    """

    payment_id: UUID
    trip_id: UUID | None
    purpose: str
    state: str
    currency: Currency
    wanted_minor: int
    captured_minor: int
    refunded_minor: int
    failure: str | None
    card: str | None
    waits_for: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A payment that the office must look at.

    Attributes
    ----------
    what
        What its provider was asked in vain; None if it said no for good.
    owed_minor
        What the rider owes for it now: of a trip what it was charged, else nothing.
    """

    payment_id: UUID
    rider_id: UUID
    trip_id: UUID | None
    purpose: str
    state: str
    currency: Currency
    wanted_minor: int
    owed_minor: int
    what: str | None
    failure: str
    since: datetime


async def payments_of_rider(
    work: Reading, rider_id: RiderId, *, limit: int = 50
) -> list[PaymentView]:
    """A rider's payments, the newest first."""
    rows = await work.execute(_OF_RIDER, {"rider_id": rider_id, "limit": limit})
    return [PaymentView(**_values(row, PaymentView)) for row in rows]


async def trouble(work: Reading, *, limit: int = 100) -> list[Trouble]:
    """What was given up, and trips that were charged and whose card did not pay; the oldest first."""
    rows = await work.execute(_TROUBLE, {"limit": limit})
    return [Trouble(**_values(row, Trouble)) for row in rows]


async def owed(work: Reading, rider_id: RiderId, currency: Currency) -> Money:
    """What a rider owes and no card is being asked for; below zero it is owed to the rider."""
    return Money(await store.owed_minor(work, rider_id, currency), currency)


def _values(row: Any, kind: type[PaymentView] | type[Trouble]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in kind.__slots__}


_OF_RIDER = text("""
    SELECT payment.payment_id, payment.trip_id, payment.purpose, payment.state, payment.currency,
           payment.wanted_minor, payment.captured_minor, payment.refunded_minor, payment.failure,
           card.tail AS card, open.what AS waits_for, payment.made_at
    FROM ledger.payment
    LEFT JOIN ledger.card USING (card_id)
    LEFT JOIN LATERAL (
        SELECT what FROM ledger.payment_command AS command
        WHERE command.payment_id = payment.payment_id AND done_at IS NULL AND given_up_at IS NULL
        LIMIT 1
    ) AS open ON true
    WHERE payment.rider_id = :rider_id
    ORDER BY payment.made_at DESC, payment.payment_id LIMIT :limit
""")

_TROUBLE = text("""
    SELECT payment.payment_id, payment.rider_id, payment.trip_id, payment.purpose, payment.state,
           payment.currency, payment.wanted_minor,
           CASE WHEN payment.captured_minor = 0 AND payment.purpose = 'trip'
                THEN coalesce(charge.total_minor, 0) ELSE 0 END AS owed_minor,
           given_up.what, coalesce(given_up.failure, payment.failure, payment.state) AS failure,
           coalesce(given_up.given_up_at, payment.changed_at) AS since
    FROM ledger.payment
    LEFT JOIN ledger.charge USING (trip_id)
    LEFT JOIN ledger.payment_command AS given_up
        ON given_up.payment_id = payment.payment_id AND given_up.given_up_at IS NOT NULL
    WHERE given_up.command_id IS NOT NULL
       OR payment.state IN ('failed', 'cancelled') AND payment.purpose = 'trip'
          AND charge.total_minor > 0
          AND (SELECT sum(entry.amount_minor) FROM ledger.entry JOIN ledger.transfer USING (transfer_id)
               WHERE account_id = ledger.account_id('rider', payment.rider_id, payment.currency)
                 AND transfer.state = 'posted') > 0
    ORDER BY since, payment.payment_id LIMIT :limit
""")
