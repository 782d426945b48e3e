"""What each party gets and gives: from a fare, a fee, a tip or a refund to a transfer.

The rider is charged the total. Lines that are divided go to driver, co-operative and city by the
adopted share, by largest remainder; other lines go whole to the party they name. Whoever funds a
concession pays what the rider is spared. A top-up to the pay floor comes from the co-operative.
A tip goes whole to the driver. A refund is borne by the co-operative: the driver's work is done
and stays paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fares.fare import Fare
from fares.price import Line, split_base
from fares.tariff import GoesTo, Share
from foundation.identifiers import DriverId, RiderId, TransferId, TripId
from foundation.money import Money, split_by_largest_remainder
from ledger.account import Account, Role, account_of_driver, account_of_rider
from ledger.transfer import FEES, PENDING, Entry, Kind, Transfer


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Whose trip it is."""

    trip_id: TripId
    rider_id: RiderId
    driver_id: DriverId


def hold_transfer(
    trip_id: TripId,
    rider_id: RiderId,
    amount: Money,
    *,
    ordinal: int = 1,
    expires_at: datetime | None = None,
) -> Transfer:
    """Set `amount` aside: pending, so no balance changes yet."""
    assert amount.minor >= 0
    rider = account_of_rider(rider_id, amount.currency)
    clearing = Account(role=Role.CLEARING, currency=amount.currency)
    return Transfer(
        kind=Kind.HOLD,
        subject_id=trip_id,
        trip_id=trip_id,
        ordinal=ordinal,
        currency=amount.currency,
        entries=_moved(amount.minor, debit=rider, credit=clearing, code="hold"),
        expires_at=expires_at,
    )


def void_transfer(hold: Transfer, *, reason: str) -> Transfer:
    """Let a hold go; it moves nothing."""
    assert hold.kind in PENDING
    return Transfer(
        kind=Kind.VOID,
        subject_id=hold.subject_id,
        trip_id=hold.trip_id,
        ordinal=hold.ordinal,
        currency=hold.currency,
        entries=(),
        resolves=hold.transfer_id,
        reason=reason,
    )


def fare_transfer(parties: Parties, fare: Fare, *, resolves: TransferId | None = None) -> Transfer:
    """Charge a completed trip.

    Parameters
    ----------
    resolves
        The trip's hold, if it has one: this posts it, whatever amount was held.
    """
    currency = fare.total.currency
    driver = account_of_driver(parties.driver_id, currency)
    cooperative = Account(role=Role.COOPERATIVE, currency=currency)
    entries = _charged(parties, fare.lines, fare.share, total=fare.total)
    if fare.pay.top_up_minor:
        entries += _moved(fare.pay.top_up_minor, debit=cooperative, credit=driver, code="top_up")
    paid = -sum(entry.amount_minor for entry in entries if entry.account == driver)
    assert paid == fare.shares.driver_minor + fare.pay.top_up_minor, "the fare says otherwise"
    return Transfer(
        kind=Kind.FARE,
        subject_id=parties.trip_id,
        trip_id=parties.trip_id,
        currency=currency,
        entries=entries,
        resolves=resolves,
    )


def fee_transfer(
    parties: Parties,
    kind: Kind,
    amount: Money,
    *,
    share: Share,
    resolves: TransferId | None = None,
) -> Transfer:
    """Charge a trip that did not take place: a late cancellation, or nobody at the pick-up."""
    assert kind in FEES
    return Transfer(
        kind=kind,
        subject_id=parties.trip_id,
        trip_id=parties.trip_id,
        currency=amount.currency,
        entries=_charged(parties, fee_lines(kind, amount), share, total=amount),
        resolves=resolves,
    )


def fee_lines(kind: Kind, amount: Money) -> tuple[Line, ...]:
    """The one line of a fee; it is divided like a fare."""
    assert kind in FEES
    assert amount.minor >= 0
    return (Line(code=kind.value, amount_minor=amount.minor, detail={}),)


def tip_transfer(parties: Parties, amount: Money) -> Transfer:
    """Give the rider's thanks, whole, to the driver."""
    assert amount.minor > 0
    return Transfer(
        kind=Kind.TIP,
        subject_id=parties.trip_id,
        trip_id=parties.trip_id,
        currency=amount.currency,
        entries=_moved(
            amount.minor,
            debit=account_of_rider(parties.rider_id, amount.currency),
            credit=account_of_driver(parties.driver_id, amount.currency),
            code="tip",
        ),
    )


def refund_transfer(
    trip_id: TripId,
    rider_id: RiderId,
    amount: Money,
    *,
    ordinal: int,
    reason: str,
    borne_by: DriverId | None = None,
) -> Transfer:
    """Give back to the rider, at the co-operative's cost, or at that of the driver named."""
    assert amount.minor > 0
    bearer = Account(role=Role.COOPERATIVE, currency=amount.currency)
    if borne_by is not None:
        bearer = account_of_driver(borne_by, amount.currency)
    return Transfer(
        kind=Kind.REFUND,
        subject_id=trip_id,
        trip_id=trip_id,
        ordinal=ordinal,
        currency=amount.currency,
        entries=_moved(
            amount.minor,
            debit=bearer,
            credit=account_of_rider(rider_id, amount.currency),
            code="refund",
        ),
        reason=reason,
    )


def _charged(
    parties: Parties, lines: Sequence[Line], share: Share, *, total: Money
) -> tuple[Entry, ...]:
    """The rider's debit and everybody's credits for `lines`.

    The rider's entry and the shares are there even when they are zero: a free trip is charged too.
    """
    currency = total.currency
    rider = account_of_rider(parties.rider_id, currency)
    driver = account_of_driver(parties.driver_id, currency)
    entries = [Entry(account=rider, amount_minor=total.minor, code="fare")]
    takers = (
        (driver, share.driver_bps),
        (Account(role=Role.COOPERATIVE, currency=currency), share.coop_bps),
        (Account(role=Role.CITY, currency=currency), share.city_bps),
    )
    base = split_base(lines)
    parts = split_by_largest_remainder(base, [bps for _, bps in takers])
    entries += [
        Entry(account=account, amount_minor=-part, code="share", share_of_minor=base, share_bps=bps)
        for (account, bps), part in zip(takers, parts, strict=True)
        if bps
    ]
    entries += [
        Entry(account=_taker(line, driver), amount_minor=-line.amount_minor, code=line.code)
        for line in lines
        if line.goes_to is not GoesTo.SPLIT
    ]
    return tuple(entries)


def _taker(line: Line, driver: Account) -> Account:
    """Whose line it is, whole. A concession of the city is a claim on it, apart from its levy."""
    match line.goes_to:
        case GoesTo.DRIVER:
            return driver
        case GoesTo.COOP:
            return Account(role=Role.COOPERATIVE, currency=driver.currency)
        case _ if line.amount_minor < 0:
            return Account(role=Role.FUNDER, currency=driver.currency)
        case _:
            return Account(role=Role.CITY, currency=driver.currency)


def _moved(amount_minor: int, *, debit: Account, credit: Account, code: str) -> tuple[Entry, ...]:
    return (
        Entry(account=debit, amount_minor=amount_minor, code=code),
        Entry(account=credit, amount_minor=-amount_minor, code=code),
    )
