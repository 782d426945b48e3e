"""What time alone brings about: offers lapse, requests expire, booked trips begin to look, and
whoever booked is told when nobody has been found shortly before.

A shift whose hours are used up ends here, and that of a driver who may no longer work: suspended,
or a paper has run out or was withdrawn.

Each object is a unit of work of its own, under its own lock, and each is checked again there:
two sweeps at once, or a sweep against a driver's acceptance, have one winner. A few are looked at
at once: where requests run out faster than one after the other could be ended, riders would wait
for a car that nobody looks for any more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from dispatch.service import booked, offers, requests, shifts
from dispatch.store import offers as offer_store
from dispatch.store import shifts as shift_store
from dispatch.store import trips as trip_store
from storage.engine import Database
from storage.work import UnitOfWork

AT_ONCE = 4
"""Units of work of a sweep beside each other: less than half of the connections."""

_Errand = Callable[[UnitOfWork], Awaitable[None]]


async def sweep(database: Database) -> int:
    """Bring about everything whose time has come.

    Returns
    -------
    int
        How many objects were looked at.
    """
    async with database.work() as work:
        overdue = await offer_store.list_overdue(work)
        due, at_risk = await booked.list_due(work)
        expired = await trip_store.list_expired(work)
        over = [
            *((shift_id, "out_of_hours") for shift_id in await shift_store.list_out_of_hours(work)),
            *await shift_store.list_unfit(work),
        ]
    for errands in (
        [partial(offers.lapse_offer, offer_id=offer_id) for offer_id in overdue],
        [partial(requests.start_matching, trip_id=trip_id) for trip_id in due],
        [partial(booked.warn, trip_id=trip_id) for trip_id in at_risk],
        [partial(requests.expire, trip_id=trip_id) for trip_id in expired],
        [partial(shifts.end_shift_of, shift_id=shift, reason=reason) for shift, reason in over],
    ):
        await _run(database, errands)
    return len(overdue) + len(due) + len(at_risk) + len(expired) + len(over)


async def _run(database: Database, errands: Sequence[_Errand]) -> None:
    """Do each in a unit of work of its own, `AT_ONCE` beside each other.

    The first fault ends it, as it would one after the other; what was not done is due still.
    """
    waiting = iter(errands)

    async def some() -> None:
        for errand in waiting:
            async with database.work() as work:
                await errand(work)

    hands = [asyncio.create_task(some()) for _ in range(min(AT_ONCE, len(errands)))]
    try:
        await asyncio.gather(*hands)
    finally:
        for hand in hands:
            hand.cancel()
        await asyncio.gather(*hands, return_exceptions=True)
