"""What time alone brings about: offers lapse, requests expire, booked trips begin to look, and
whoever booked is told when nobody has been found shortly before.

A shift whose hours are used up ends here, and that of a driver who may no longer work: suspended,
or a paper has run out or was withdrawn.

Each object is a unit of work of its own, under its own lock, and each is checked again there:
two sweeps at once, or a sweep against a driver's acceptance, have one winner.
"""

from dispatch.service import booked, offers, requests, shifts
from dispatch.store import offers as offer_store
from dispatch.store import shifts as shift_store
from dispatch.store import trips as trip_store
from storage.engine import Database


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
    for offer_id in overdue:
        async with database.work() as work:
            await offers.lapse_offer(work, offer_id)
    for trip_id in due:
        async with database.work() as work:
            await requests.start_matching(work, trip_id)
    for trip_id in at_risk:
        async with database.work() as work:
            await booked.warn(work, trip_id)
    for trip_id in expired:
        async with database.work() as work:
            await requests.expire(work, trip_id)
    for shift_id, reason in over:
        async with database.work() as work:
            await shifts.end_shift_of(work, shift_id, reason=reason)
    return len(overdue) + len(due) + len(at_risk) + len(expired) + len(over)
