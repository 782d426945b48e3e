"""What is done with the books, one verb each. Nobody here commits.

Doing a thing again changes nothing; doing it again otherwise is refused.
"""

from datetime import datetime
from typing import Any, Literal, NoReturn

from fares.fare import Fare
from fares.lines import lines_as_json
from fares.service import tariff_of
from foundation.identifiers import DriverId, RiderId, RuleId, ShiftId, TransferId, TripId
from foundation.money import Money
from ledger import settlement
from ledger.account import Role
from ledger.errors import (
    AmountNotPositive,
    CurrencyOfTheTrip,
    FareNotFound,
    HoldNotFound,
    HoldOpen,
    HoldReleased,
    RefundAtTheSameMoment,
    RefundTooLarge,
    TipAlreadyGiven,
    TripAlreadyCharged,
)
from ledger.events import FarePosted, FeePosted, HoldPlaced, HoldVoided, RefundPosted, TipPosted
from ledger.settlement import Parties
from ledger.store import transfers as store
from ledger.transfer import CHARGES, Kind, Transfer, transfer_id
from ledger.views import fare_of_trip, find_charge
from storage.work import UnitOfWork

EXPIRED = "expired"
"""The reason of a void that time made; it does not keep the trip from being charged."""


async def hold(
    work: UnitOfWork,
    *,
    trip_id: TripId,
    rider_id: RiderId,
    amount: Money,
    expires_at: datetime | None = None,
) -> None:
    """Set `amount` of the rider's money aside for a trip.

    Parameters
    ----------
    expires_at
        Service time after which it can only be voided; None if it stands until it is ended.

    Raises
    ------
    HoldOpen
        If another amount or another rider's is held for the trip.
    TripAlreadyCharged
        If the trip is over and charged.
    """
    first = settlement.hold_transfer(trip_id, rider_id, amount, expires_at=expires_at)
    if await store.insert_transfer(work, first):
        _announce_hold(work, first, rider_id)
        return
    latest = await store.find_latest_hold(work, trip_id)
    assert latest is not None, "the first hold is there, or it would have been written"
    if latest.ended_by in CHARGES:
        await _raise_charged(work, trip_id)
    if latest.ended_by is None and not latest.has_run_out:
        if (latest.rider_id, latest.amount) == (rider_id, amount):
            return
        raise HoldOpen(trip_id, latest.amount)
    if latest.ended_by is None:
        await _void(work, trip_id, ordinal=latest.ordinal, reason=EXPIRED)
    following = settlement.hold_transfer(
        trip_id, rider_id, amount, ordinal=latest.ordinal + 1, expires_at=expires_at
    )
    if not await store.insert_transfer(work, following):
        raise HoldOpen(trip_id, amount)
    _announce_hold(work, following, rider_id)


async def void_hold(work: UnitOfWork, *, trip_id: TripId, reason: str = "released") -> None:
    """Let the money held for a trip go; the trip cannot be charged then, unless held anew.

    Raises
    ------
    HoldNotFound
        If nothing was ever held.
    TripAlreadyCharged
        If the hold was posted.
    """
    assert reason != EXPIRED, "time alone gives that reason"
    if await _void(work, trip_id, ordinal=1, reason=reason):
        return
    latest = await store.find_latest_hold(work, trip_id)
    if latest is None:
        raise HoldNotFound(trip_id)
    if latest.ended_by in CHARGES:
        await _raise_charged(work, trip_id)
    if latest.ended_by is None:
        await _void(work, trip_id, ordinal=latest.ordinal, reason=reason)


async def void_expired_holds(work: UnitOfWork, *, limit: int = 100) -> int:
    """Void holds whose time is over; how many."""
    holds = await store.list_holds_run_out(work, limit=limit)
    return sum(
        [await _void(work, trip_id, ordinal=ordinal, reason=EXPIRED) for trip_id, ordinal in holds]
    )


async def settle_trip(
    work: UnitOfWork,
    *,
    trip_id: TripId,
    rider_id: RiderId,
    driver_id: DriverId,
    fare: Fare,
) -> None:
    """Post a completed trip's one fare and divide it (I17, I20); its hold is posted with it.

    Raises
    ------
    TripAlreadyCharged
        If it has another fare, or a fee.
    HoldReleased
        If its hold was let go.
    """
    parties = Parties(trip_id=trip_id, rider_id=rider_id, driver_id=driver_id)
    transfer = settlement.fare_transfer(parties, fare)
    charge = store.ChargeRow(
        trip_id=trip_id,
        kind=Kind.FARE,
        rider_id=rider_id,
        driver_id=driver_id,
        total=fare.total,
        tariff_rule_id=fare.tariff_rule_id,
        document=fare.as_json(),
        quote_id=fare.quote_id,
    )
    if not await _charge(work, charge, transfer):
        return
    work.announce(
        FarePosted(
            **_of(work, transfer, rider_id),
            driver_id=driver_id,
            total_minor=fare.total.minor,
            driver_minor=_credited(transfer, Role.DRIVER),
            pay_minor=fare.pay.pay_minor,
            top_up_minor=fare.pay.top_up_minor,
        )
    )


async def settle_fee(
    work: UnitOfWork,
    *,
    trip_id: TripId,
    rider_id: RiderId,
    driver_id: DriverId,
    kind: Literal["cancellation", "no_show"],
    amount: Money,
    tariff_rule_id: RuleId,
) -> None:
    """Post the fee of a trip that did not take place, divided like a fare; its hold is posted.

    Parameters
    ----------
    tariff_rule_id
        The tariff the trip was quoted by; its split divides the fee.

    Raises
    ------
    AmountNotPositive
        If there is nothing to charge: void the hold instead.
    TripAlreadyCharged, HoldReleased
        As for a fare.
    """
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    fee = Kind.CANCELLATION_FEE if kind == "cancellation" else Kind.NO_SHOW_FEE
    parties = Parties(trip_id=trip_id, rider_id=rider_id, driver_id=driver_id)
    tariff = await tariff_of(work, tariff_rule_id)
    if tariff.currency != amount.currency:
        raise CurrencyOfTheTrip(amount, tariff.currency)
    transfer = settlement.fee_transfer(parties, fee, amount, share=tariff.share)
    charge = store.ChargeRow(
        trip_id=trip_id,
        kind=fee,
        rider_id=rider_id,
        driver_id=driver_id,
        total=amount,
        tariff_rule_id=tariff_rule_id,
        document={"lines": lines_as_json(settlement.fee_lines(fee, amount))},
    )
    if not await _charge(work, charge, transfer):
        return
    work.announce(
        FeePosted(
            **_of(work, transfer, rider_id),
            driver_id=driver_id,
            fee=fee.value,
            total_minor=amount.minor,
            driver_minor=_credited(transfer, Role.DRIVER),
        )
    )


async def tip(
    work: UnitOfWork, *, trip_id: TripId, rider_id: RiderId, driver_id: DriverId, amount: Money
) -> None:
    """Give the driver of a completed trip a tip, whole; one a trip.

    Raises
    ------
    AmountNotPositive, CurrencyOfTheTrip
        If the amount makes no sense for the trip.
    FareNotFound
        If the trip has no fare of this rider and driver.
    TipAlreadyGiven
        If another amount was given.
    """
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    charge = await find_charge(work, trip_id)
    if (
        charge is None
        or charge.kind is not Kind.FARE
        or (charge.rider_id, charge.driver_id) != (rider_id, driver_id)
    ):
        raise FareNotFound(trip_id)
    if charge.total.currency != amount.currency:
        raise CurrencyOfTheTrip(amount, charge.total.currency)
    parties = Parties(trip_id=trip_id, rider_id=rider_id, driver_id=driver_id)
    transfer = settlement.tip_transfer(parties, amount)
    if charge.tip.minor or not await store.insert_transfer(work, transfer):
        given = (await fare_of_trip(work, trip_id)).tip
        if given != amount:
            raise TipAlreadyGiven(trip_id, given)
        return
    work.announce(
        TipPosted(
            **_of(work, transfer, rider_id),
            driver_id=driver_id,
            amount_minor=amount.minor,
        )
    )


async def refund(
    work: UnitOfWork, *, trip_id: TripId, amount: Money, reason: str,
    borne_by: DriverId | None = None,
) -> TransferId:  # fmt: skip
    """Give a part of a trip's charge back to the rider, at the co-operative's cost (I21).

    The driver bears it if `borne_by` names them. `ledger.customers.disputes` passes it on to who paid.
    Each call is a refund of its own: whoever repeats requests guards them by a key (I13).

    Raises
    ------
    AmountNotPositive, CurrencyOfTheTrip
        If the amount makes no sense for the trip.
    FareNotFound
        If the trip was not charged.
    RefundTooLarge
        If all its refunds together would exceed what it was charged.
    RefundAtTheSameMoment
        If another refund of it was being written.
    """
    if amount.minor <= 0:
        raise AmountNotPositive(amount)
    captured = await store.find_captured(work, trip_id)
    if captured is None:
        raise FareNotFound(trip_id)
    if captured.charged.currency != amount.currency:
        raise CurrencyOfTheTrip(amount, captured.charged.currency)
    left = captured.charged.minor - captured.refunded_minor
    if amount.minor > left:
        raise RefundTooLarge(trip_id, Money(left, amount.currency))
    transfer = settlement.refund_transfer(
        trip_id, captured.rider_id, amount, ordinal=captured.refunds + 1, reason=reason,
        borne_by=borne_by,
    )  # fmt: skip
    if not await store.insert_transfer(work, transfer):
        raise RefundAtTheSameMoment(trip_id)
    facts = _of(work, transfer, captured.rider_id)
    work.announce(RefundPosted(**facts, amount_minor=amount.minor, reason=reason))
    return transfer.transfer_id


async def record_work(
    work: UnitOfWork,
    *,
    driver_id: DriverId,
    shift_id: ShiftId,
    trip_id: TripId | None = None,
    seconds_on_shift: int = 0,
    seconds_engaged: int = 0,
    metres: int = 0,
    trips: int = 0,
) -> None:
    """Add to the record of a member's work; a completed trip (`trips` 1) counts once.

    Parameters
    ----------
    seconds_on_shift
        Since the last record of the shift that said so, or the whole shift at its end.
    seconds_engaged
        From accepting the trip to its end, each second of a run once.
    metres
        Driven with a rider on board, each metre of a run once however many share the car.
    """
    assert trips in (0, 1)
    assert trips == 0 or trip_id is not None
    await store.insert_work_record(
        work,
        {
            "work_record_id": work.new_id(),
            "driver_id": driver_id,
            "shift_id": shift_id,
            "trip_id": trip_id,
            "seconds_on_shift": seconds_on_shift,
            "seconds_engaged": seconds_engaged,
            "metres": metres,
            "trips": trips,
        },
    )


async def _charge(work: UnitOfWork, charge: store.ChargeRow, transfer: Transfer) -> bool:
    """Write a charge; False if the very same is there."""
    if await store.insert_charge(work, charge, transfer):
        return True
    before = await find_charge(work, charge.trip_id)
    if before is None:
        raise HoldReleased(charge.trip_id)
    is_same = (
        before.kind == charge.kind
        and (before.rider_id, before.driver_id) == (charge.rider_id, charge.driver_id)
        and (before.total, before.document) == (charge.total, charge.document)
    )
    if not is_same:
        raise TripAlreadyCharged(charge.trip_id, before.kind.value, before.total)
    return False


async def _void(work: UnitOfWork, trip_id: TripId, *, ordinal: int, reason: str) -> bool:
    """Void the trip's hold of that number; whether it was open."""
    void_id = transfer_id(Kind.VOID, trip_id, ordinal)
    voided = await store.insert_void(work, trip_id, ordinal=ordinal, void_id=void_id, reason=reason)
    if voided is None:
        return False
    work.announce(
        HoldVoided(
            event_id=work.new_id(),
            occurred_at=work.now,
            transfer_id=void_id,
            trip_id=trip_id,
            rider_id=voided.rider_id,
            currency=voided.amount.currency,
            amount_minor=voided.amount.minor,
            reason=reason,
        )
    )
    return True


async def _raise_charged(work: UnitOfWork, trip_id: TripId) -> NoReturn:
    charge = await find_charge(work, trip_id)
    assert charge is not None, "its hold was posted"
    raise TripAlreadyCharged(trip_id, charge.kind.value, charge.total)


def _of(work: UnitOfWork, transfer: Transfer, rider_id: RiderId) -> dict[str, Any]:
    """What every fact of a transfer says."""
    return {
        "event_id": work.new_id(),
        "occurred_at": work.now,
        "transfer_id": transfer.transfer_id,
        "trip_id": transfer.trip_id,
        "rider_id": rider_id,
        "currency": transfer.currency,
    }


def _announce_hold(work: UnitOfWork, transfer: Transfer, rider_id: RiderId) -> None:
    work.announce(
        HoldPlaced(
            **_of(work, transfer, rider_id),
            amount_minor=transfer.entries[0].amount_minor,
        )
    )


def _credited(transfer: Transfer, role: Role) -> int:
    """Minor units that the role gets of a transfer."""
    return -sum(entry.amount_minor for entry in transfer.entries if entry.account.role is role)
