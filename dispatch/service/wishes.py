"""What a driver says of their own open shift."""

from dispatch.errors import ShiftNotFound
from dispatch.store import shifts as shift_store
from dispatch.store import wishes as store
from dispatch.views import trips as views
from dispatch.wishes import Wishes, coarse
from foundation.identifiers import DriverId, ShiftId
from foundation.measures import Point
from storage.work import Reading, UnitOfWork


async def head_home(
    work: UnitOfWork, *, shift_id: ShiftId, driver_id: DriverId, place: Point | None
) -> Wishes:
    """Say where one would like to end the shift, to about a kilometre, or take it back.

    Raises
    ------
    ShiftNotFound
        If there is no such open shift of theirs.
    """
    await _own_open(work, shift_id, driver_id)
    await store.set_homeward(work, shift_id, None if place is None else coarse(place))
    return await store.wishes_of(work, shift_id)


async def state_range(
    work: UnitOfWork, *, shift_id: ShiftId, driver_id: DriverId, metres: int | None
) -> Wishes:
    """Say how far the car still goes, or that it need not be counted.

    Raises
    ------
    ShiftNotFound
        If there is no such open shift of theirs.
    """
    await _own_open(work, shift_id, driver_id)
    await store.set_range(work, shift_id, metres)
    return await store.wishes_of(work, shift_id)


async def own_wishes(work: Reading, *, shift_id: ShiftId, driver_id: DriverId) -> Wishes:
    """What the driver said of their open shift.

    Raises
    ------
    ShiftNotFound
        If there is no such open shift of theirs.
    """
    shift = await views.find_shift(work, driver_id)
    if shift is None or shift.shift_id != shift_id:
        raise ShiftNotFound(shift_id)
    return await store.wishes_of(work, shift_id)


async def _own_open(work: UnitOfWork, shift_id: ShiftId, driver_id: DriverId) -> None:
    shift = await shift_store.lock_shift(work, shift_id)
    if shift is None or shift.driver_id != driver_id or shift.ended_at is not None:
        raise ShiftNotFound(shift_id)
