"""On and off duty."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy.exc import IntegrityError

import ledger.service
import registry.service
import rulebook.service
from dispatch import errors
from dispatch.events import ShiftEnded, ShiftStarted
from dispatch.service.offers import withdraw_open_offer_of
from dispatch.store import offers as offer_store
from dispatch.store import shifts as store
from dispatch.store.shifts import Shift
from dispatch.trip import whole_seconds
from foundation.identifiers import DriverId, EventId, ShiftId, VehicleId
from storage.refusals import constraint_of
from storage.work import UnitOfWork


async def start_shift(
    work: UnitOfWork, *, shift_id: ShiftId, driver_id: DriverId, vehicle_id: VehicleId
) -> Shift:
    """Go on duty with a vehicle, for as long as the rule allows. Repeating it changes nothing.

    Raises
    ------
    registry.errors.NotFitToWork
        If standing, a credential or the permission for this vehicle is missing, each named.
    AlreadyOnShift
        If the driver or the vehicle is on another shift.
    ShiftIdTaken
        If the identifier names a shift that has ended, or somebody else's.
    """
    await registry.service.require_fit(work, driver_id, vehicle_id, work.now)
    open_shift = await store.find_open_shift(work, driver_id)
    if open_shift is not None:
        if open_shift.shift_id == shift_id:
            return open_shift
        raise errors.AlreadyOnShift("driver")
    policy = await rulebook.service.booking_policy(work, work.now)
    shift = Shift(
        shift_id=shift_id,
        driver_id=driver_id,
        vehicle_id=vehicle_id,
        started_at=work.now,
        ends_by=work.now + timedelta(seconds=policy.shift_max_s),
        ended_at=None,
        end_reason=None,
    )
    try:
        await store.insert_shift(work, shift)
    except IntegrityError as error:
        match constraint_of(error):
            case "a_vehicle_works_one_shift_at_a_time" | "one_open_shift_a_vehicle":
                raise errors.AlreadyOnShift("vehicle") from error
            case "a_driver_works_one_shift_at_a_time" | "one_open_shift_a_driver":
                raise errors.AlreadyOnShift("driver") from error
            case "shift_pkey":
                raise errors.ShiftIdTaken(shift_id) from error
            case _:
                raise
    work.announce(
        ShiftStarted(
            event_id=EventId(work.new_id()),
            occurred_at=work.now,
            shift_id=shift_id,
            vehicle_id=vehicle_id,
            driver=driver_id,
        )
    )
    return shift


async def end_shift(
    work: UnitOfWork, *, shift_id: ShiftId, driver_id: DriverId, reason: str = "driver"
) -> Shift:
    """Go off duty: the open offer is withdrawn, the last position forgotten, the hours kept.

    Ending a shift that has ended changes nothing.

    Raises
    ------
    ShiftNotFound
    ShiftHasTrip
        While a trip is under way.
    """
    shift = await store.find_shift(work, shift_id)
    if shift is None or shift.driver_id != driver_id:
        raise errors.ShiftNotFound(shift_id)
    if shift.ended_at is None:
        shift = await _lock_without_offer(work, shift)
    if shift.ended_at is not None:
        return shift  # and an offer of another shift, begun since, stays as it is
    trip_id = await store.find_trip_under_way(work, driver_id)
    if trip_id is not None:
        raise errors.ShiftHasTrip(trip_id)
    await store.end_shift(work, shift_id, reason=reason)
    await ledger.service.record_work(
        work,
        driver_id=driver_id,
        shift_id=shift_id,
        seconds_on_shift=whole_seconds(work.now - shift.started_at),
    )
    work.announce(
        ShiftEnded(
            event_id=EventId(work.new_id()),
            occurred_at=work.now,
            shift_id=shift_id,
            vehicle_id=shift.vehicle_id,
            driver=driver_id,
            reason=reason,
        )
    )
    return shift


async def _lock_without_offer(work: UnitOfWork, shift: Shift) -> Shift:
    """The shift, locked, its driver without an open offer.

    Trips are locked before shifts, always (design: isolation). So when a round has made an offer
    while we waited for the shift, the shift is let go again, the offer withdrawn, and so anew.
    """
    while True:
        await withdraw_open_offer_of(work, shift.driver_id, reason="off_shift")
        savepoint = await work.connection.begin_nested()
        locked = await store.lock_shift(work, shift.shift_id)
        assert locked is not None, "shifts are never deleted"
        if await offer_store.find_open_of_driver(work, shift.driver_id) is None:
            await savepoint.commit()
            return locked
        await savepoint.rollback()


async def end_shift_of(work: UnitOfWork, shift_id: ShiftId, *, reason: str) -> None:
    """End a shift that has run out of hours, or whose driver may not work any more.

    While a trip is under way nothing happens: the shift ends after it.
    """
    shift = await store.find_shift(work, shift_id)
    if shift is None or shift.ended_at is not None:
        return
    with suppress(errors.ShiftHasTrip):
        await end_shift(work, shift_id=shift_id, driver_id=shift.driver_id, reason=reason)
