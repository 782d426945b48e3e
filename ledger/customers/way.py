"""How a trip is paid, as its booking says, and what follows when it is charged. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from foundation.identifiers import UUID, DriverId, RiderId, TransferId, TripId
from foundation.money import Currency, Money
from ledger.account import Account, Role, account_of_driver, account_of_rider
from ledger.transfer import Entry, Kind, Transfer


class Way(StrEnum):
    """Who pays a trip: said at its booking, and not changed after."""

    ACCOUNT = "account"  # the rider's own account
    CASH = "cash"  # the rider, to the driver
    CUSTOMER = "customer"  # a corporate or municipal customer
    VOUCHER = "voucher"  # a voucher, as far as it goes; the rider's account beyond
    CARD = "card"  # a card, through a payment provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a booking says of its payment.

    Attributes
    ----------
    customer_id, cost_centre, pin
        Of a customer: the PIN where the rider is not on its list.
    voucher
        The voucher's code.
    card_id
        Of a card: which of the rider's, the newest if none is named.
    """

    way: Way = Way.ACCOUNT
    customer_id: UUID | None = None
    cost_centre: str | None = None
    pin: str | None = None
    voucher: str | None = None
    card_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """How one trip is paid, as it was booked.

    Attributes
    ----------
    promised
        What the customer or the voucher pays at least, if the trip is charged so much.
    owner_id
        The customer whose account or vouchers are debited.
    """

    trip_id: TripId
    way: Way
    rider_id: RiderId
    promised: Money
    owner_id: UUID | None = None
    voucher_id: UUID | None = None


BY_ACCOUNT = Chosen()
"""What a booking that says nothing says."""


def code_digest(owner: str, code: str) -> bytes:
    """What is kept of a PIN or a voucher's code: SHA-256 over whose it is and the code in capitals."""
    return hashlib.sha256(f"khan customers\n{owner}\n{code.strip().upper()}".encode()).digest()


def month_of(at: datetime, zone: str) -> date:
    """The first day of the month that `at` falls in, by the clocks of `zone`."""
    return at.astimezone(ZoneInfo(zone)).date().replace(day=1)


def part_paid(total: Money, *, promised: Money, room: int | None) -> Money:
    """What a customer or a voucher pays of a charge; the rider's account keeps the rest.

    Parameters
    ----------
    promised
        At the booking; within the limits already.
    room
        Minor units that the limits leave for this trip, what was promised included; None for any.
    """
    most = total.minor if room is None else max(promised.minor, room)
    return Money(max(0, min(total.minor, most)), total.currency)


def cash_transfer(payer: Payer, driver_id: DriverId, total: Money) -> Transfer:
    """The driver has the fare in their hand: they owe it, and what they earned is theirs of it."""
    driver = account_of_driver(driver_id, total.currency)
    return _of_trip(payer, Kind.CASH_COLLECTED, total, debit=driver, code="cash")


def short_transfer(
    trip_id: TripId, rider_id: RiderId, driver_id: DriverId, missing: Money
) -> Transfer:
    """Cash that the driver did not get after all: the rider owes it, the driver no longer."""
    rider = account_of_rider(rider_id, missing.currency)
    driver = account_of_driver(driver_id, missing.currency)
    return Transfer(
        kind=Kind.CASH_SHORT, subject_id=trip_id, trip_id=trip_id, currency=missing.currency,
        entries=moved(missing.minor, debit=rider, credit=driver, code="cash_short"),
    )  # fmt: skip


def paying_transfer(payer: Payer, part: Money) -> Transfer:
    """A customer's account, or a voucher, pays `part` of a charge in the rider's place."""
    kind, role = {
        Way.CUSTOMER: (Kind.ASSIGNED, Role.CUSTOMER),
        Way.VOUCHER: (Kind.VOUCHER_USED, Role.VOUCHER),
    }[payer.way]
    debit = Account(role=role, owner_id=payer.owner_id, currency=part.currency)
    return _of_trip(payer, kind, part, debit=debit, code=kind.value.split("_", maxsplit=1)[0])


def passed_on_transfer(payer: Payer, refund_id: TransferId, part: Money) -> Transfer:
    """A refund goes from the rider's account on to the customer or the voucher that paid."""
    role = Role.CUSTOMER if payer.way is Way.CUSTOMER else Role.VOUCHER
    return Transfer(
        kind=Kind.REFUND_PASSED_ON, subject_id=refund_id, currency=part.currency,
        entries=moved(
            part.minor, debit=account_of_rider(payer.rider_id, part.currency),
            credit=Account(role=role, owner_id=payer.owner_id, currency=part.currency),
            code="refund",
        ),
    )  # fmt: skip


def voucher_transfer(
    kind: Kind, voucher_id: UUID, customer_id: UUID, amount: Money, *, made_by: UUID
) -> Transfer:
    """Issue a voucher for its customer's money, or give back what is left of it when it is over."""
    owed = Account(role=Role.CUSTOMER, owner_id=customer_id, currency=amount.currency)
    pot = Account(role=Role.VOUCHER, owner_id=customer_id, currency=amount.currency)
    debit, credit = (owed, pot) if kind is Kind.VOUCHER_ISSUED else (pot, owed)
    return Transfer(
        kind=kind, subject_id=voucher_id, currency=amount.currency, made_by=made_by,
        entries=moved(amount.minor, debit=debit, credit=credit, code="voucher"),
    )  # fmt: skip


def paid_transfer(payment_id: UUID, customer_id: UUID, amount: Money, *, made_by: UUID) -> Transfer:
    """A customer's money came to the bank."""
    return Transfer(
        kind=Kind.CUSTOMER_PAID, subject_id=payment_id, currency=amount.currency, made_by=made_by,
        entries=moved(
            amount.minor, debit=Account(role=Role.BANK, currency=amount.currency),
            credit=Account(role=Role.CUSTOMER, owner_id=customer_id, currency=amount.currency),
            code="customer_paid",
        ),
    )  # fmt: skip


def moved(minor: int, *, debit: Account, credit: Account, code: str) -> tuple[Entry, ...]:
    """So much from one account to another."""
    assert minor > 0
    return (
        Entry(account=debit, amount_minor=minor, code=code),
        Entry(account=credit, amount_minor=-minor, code=code),
    )


def _of_trip(payer: Payer, kind: Kind, amount: Money, *, debit: Account, code: str) -> Transfer:
    rider = account_of_rider(payer.rider_id, amount.currency)
    return Transfer(
        kind=kind, subject_id=payer.trip_id, trip_id=payer.trip_id, currency=amount.currency,
        entries=moved(amount.minor, debit=debit, credit=rider, code=code),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a customer pays at most, in minor units; None: no limit."""

    per_trip_minor: int | None = None
    per_month_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Whom a customer's account is opened for.

    Attributes
    ----------
    kind
        `corporate` or `municipal`.
    zone
        By whose clocks its months begin.
    terms_days
        After so many days an invoice is due.
    """

    kind: str
    legal_name: str
    address: str
    vat_id: str | None
    currency: Currency
    zone: str
    terms_days: int
