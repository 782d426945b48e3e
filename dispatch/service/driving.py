"""From the arrival at the pick-up to the end of the trip: what its driver reports.

A step of somebody else's trip is refused as if there were no such trip.
"""

from datetime import datetime

import fares.service
import ledger.service
from dispatch import errors
from dispatch import trip as machine
from dispatch.position import Metres
from dispatch.run import Run, check_turn, share_counted
from dispatch.service.requests import charge_fee, pay_charge, policy_of, record_engagement
from dispatch.store import steps
from dispatch.store import trips as store
from dispatch.store.runs import lock_run
from dispatch.trip import Actor, By, Step, Trip, whole_seconds
from fares.fare import Driven, Extras
from foundation.identifiers import DriverId, TripId
from foundation.measures import Point, distance_metres
from storage.work import UnitOfWork


async def lock_own(work: UnitOfWork, trip_id: TripId, driver_id: DriverId) -> Trip:
    """The driver's own trip, locked.

    Raises
    ------
    TripNotFound
    """
    trip = await store.lock_trip(work, trip_id)
    if trip is None or trip.holder is None or trip.holder.driver_id != driver_id:
        raise errors.TripNotFound(trip_id)
    return trip


def _by(driver_id: DriverId, reason: str | None = None) -> By:
    return By(actor=Actor.DRIVER, actor_id=driver_id, reason=reason)


async def arrive(
    work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId, at: Point, reason: str | None
) -> Trip:
    """The driver is at the pick-up; away from it only with a reason, which is recorded.

    Raises
    ------
    TripNotFound, IllegalStep, TooFarFromPickup
    OutOfTurn
        If the run has another stop first.
    """
    trip = await lock_own(work, trip_id, driver_id)
    moved, fact = machine.advance(trip, Step.ARRIVE, now=work.now, by=_by(driver_id, reason))
    check_turn(await lock_run(work, driver_id), trip_id)
    policy = await policy_of(work, trip)
    machine.check_arrival(
        trip,
        distance_metres=distance_metres(at, trip.pickup),
        within_metres=policy.arrive_within_m,
        reason=reason,
    )
    await steps.save_step(work, moved, fact)
    return moved


async def board(
    work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId, pin: str | None, reason: str | None
) -> Trip | errors.PinWrong:
    """The rider gets in, shown by their PIN or by a recorded reason.

    Returns
    -------
    Trip or PinWrong
        A wrong PIN is returned, so that the try is counted in the same commit.

    Raises
    ------
    TripNotFound, IllegalStep, ReasonNeeded
    """
    trip = await lock_own(work, trip_id, driver_id)
    moved, fact = machine.advance(trip, Step.BOARD, now=work.now, by=_by(driver_id, reason))
    wrong = machine.check_pin(trip, pin=pin, reason=reason)
    if wrong is not None:
        await store.count_pin_try(work, trip_id)
        return wrong
    await steps.save_step(work, moved, fact)
    return moved


async def stop(work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId) -> Trip:
    """A stop on the way, at the rider's wish.

    Raises
    ------
    TripNotFound, IllegalStep
    """
    return await _simple(work, trip_id, driver_id, Step.STOP)


async def resume(work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId) -> Trip:
    """The stop is over.

    Raises
    ------
    TripNotFound, IllegalStep
    """
    return await _simple(work, trip_id, driver_id, Step.RESUME)


async def _simple(work: UnitOfWork, trip_id: TripId, driver_id: DriverId, step: Step) -> Trip:
    trip = await lock_own(work, trip_id, driver_id)
    moved, fact = machine.advance(trip, step, now=work.now, by=_by(driver_id))
    await steps.save_step(work, moved, fact)
    return moved


async def release(work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId, reason: str) -> Trip:
    """The driver gives the trip back before boarding; it looks again and keeps its place.

    Raises
    ------
    TripNotFound, IllegalStep
    """
    trip = await lock_own(work, trip_id, driver_id)
    moved, fact = machine.advance(
        trip, Step.DRIVER_RELEASE, now=work.now, by=_by(driver_id, reason)
    )
    run = await steps.save_let_go(work, moved, fact)
    await store.exclude(work, trip_id, driver_id, "released")
    await record_engagement(work, trip, run=run)
    return moved


async def no_show(
    work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId, contact_attempted: bool
) -> Trip:
    """The rider did not come: the fee of the booking policy is posted, most of it the driver's.

    Raises
    ------
    TripNotFound, IllegalStep, NoShowTooSoon, ReasonNeeded
    """
    trip = await lock_own(work, trip_id, driver_id)
    policy = await policy_of(work, trip)
    moved, fact = machine.advance(
        trip, Step.NO_SHOW, now=work.now, by=_by(driver_id, "rider_no_show")
    )
    machine.check_no_show(
        trip,
        now=work.now,
        after_seconds=policy.no_show_after_s,
        contact_attempted=contact_attempted,
    )
    run = await steps.save_let_go(work, moved, fact)
    await charge_fee(work, trip, "no_show", policy.no_show_fee_minor)
    await record_engagement(work, trip, run=run)
    return moved


async def abort(
    work: UnitOfWork,
    *,
    trip_id: TripId,
    driver_id: DriverId,
    reason: str,
    metres: Metres | None = None,
) -> Trip:
    """The trip is broken off with the rider on board; nothing is charged, the office looks at it.

    The driver's work counts: `metres` as the board measured, none where positions were lost.

    Raises
    ------
    TripNotFound, IllegalStep
    """
    trip = await lock_own(work, trip_id, driver_id)
    moved, fact = machine.advance(trip, Step.ABORT, now=work.now, by=_by(driver_id, reason))
    run = await steps.save_let_go(work, moved, fact)
    await ledger.service.void_hold(work, trip_id=trip_id)
    counted = 0 if metres is None else metres.counted
    await record_engagement(work, trip, run=run, metres=counted)
    return moved


async def complete(
    work: UnitOfWork, *, trip_id: TripId, driver_id: DriverId, metres: Metres | None
) -> Trip:
    """The trip is done: final fare, postings and announcements in this one transaction (I17).

    Parameters
    ----------
    metres
        Driven with the rider on board, as the board measured; None where positions were lost, and
        the quote's count.

    Raises
    ------
    TripNotFound, IllegalStep
    """
    trip = await lock_own(work, trip_id, driver_id)
    moved, fact = machine.advance(trip, Step.COMPLETE, now=work.now, by=_by(driver_id))
    assert trip.boarded_at is not None
    quote = await fares.service.get_quote(work, trip.quote_id, trip.rider_id)
    driven = Driven(
        metres=quote.metres if metres is None else metres.of_trip,
        seconds=whole_seconds(moved.state_since - trip.boarded_at),
    )
    extras = Extras(
        waiting_seconds=moved.waiting_seconds + moved.stop_seconds, added_stops=moved.stops
    )
    fare = await fares.service.compute_fare(work, quote, extras=extras, driven=driven)
    run = await steps.save_let_go(work, moved, fact, metres_driven=driven.metres)
    await ledger.service.settle_trip(
        work,
        trip_id=trip_id,
        rider_id=trip.rider_id,
        driver_id=driver_id,
        fare=fare,
    )
    await pay_charge(work, trip)
    counted = _counted(run, trip, metres, driven=driven.metres, now=work.now)
    await record_engagement(work, trip, run=run, metres=counted, completed=True)
    return moved


def _counted(run: Run, trip: Trip, metres: Metres | None, *, driven: int, now: datetime) -> int:
    """The metres of a ride for the work record: each of a run once, with whomever it is counted.

    As the board measured; where positions were lost, by the time that no other rider's trip counts.
    """
    if metres is not None:
        return metres.counted
    assert trip.boarded_at is not None
    share = share_counted(run, trip.trip_id, boarded_at=trip.boarded_at, now=now)
    return int(driven * share)
