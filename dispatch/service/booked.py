"""Keeping the promise of a booked trip: the search begins in time, and trouble is told."""

import rulebook.service
from dispatch.booked import is_due
from dispatch.events import BookingAtRisk
from dispatch.store import booked as store
from dispatch.store import trips as trip_store
from dispatch.trip import TripState
from foundation.identifiers import EventId, TripId
from storage.work import UnitOfWork

_WITHOUT_A_DRIVER = frozenset({TripState.SCHEDULED, TripState.MATCHING})


async def list_due(work: UnitOfWork) -> tuple[list[TripId], list[TripId]]:
    """What is to be done for booked trips now, by the policy in force.

    Returns
    -------
    tuple of list
        Those whose search begins: the sooner, the longer riders wait for a car there. And those
        wanted soon for which nobody has been found, and of which nobody was told yet.
    """
    policy = await rulebook.service.booking_policy(work, work.now)
    unwarned = await store.list_unwarned(work, warn_seconds=policy.book_ahead_warn_s)
    scheduled = await store.list_scheduled(work, lead_max_seconds=policy.book_ahead_lead_max_s)
    if not scheduled:
        return [], unwarned
    waits = await store.recent_waits(work, percentile=policy.book_ahead_percentile)
    due = [
        one.trip_id for one in scheduled if is_due(one, now=work.now, policy=policy, waits=waits)
    ]
    return due, unwarned


async def warn(work: UnitOfWork, trip_id: TripId) -> None:
    """Tell the rider and the office, once, that nobody has been found yet; nothing if somebody
    has been meanwhile."""
    trip = await trip_store.lock_trip(work, trip_id)
    if trip is None or trip.state not in _WITHOUT_A_DRIVER or trip.booked_for is None:
        return
    if await store.insert_warning(work, trip_id):
        work.announce(
            BookingAtRisk(
                event_id=EventId(work.new_id()),
                occurred_at=work.now,
                trip_id=trip_id,
                wanted_at=trip.booked_for,
                rider=trip.rider_id,
            )
        )
