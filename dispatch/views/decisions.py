"""Stored rounds as drivers may ask about them.

A driver may ask about a trip that was decided while they were on shift. Everything else, whether
there is such a trip or not, is answered alike.
"""

from sqlalchemy import text

from dispatch.decision import StoredBytes
from dispatch.errors import TripNotFound
from foundation.identifiers import DriverId, RoundId, TripId
from storage.work import Reading

# The rounds that decided a trip are those of its offers; a round in which it stayed open is
# followed by another, or the trip ends.
_DECIDED = text("""
    SELECT round.round_id, round.at, round.input, round.plan
    FROM dispatch.offer JOIN dispatch.round USING (round_id)
    WHERE offer.trip_id = :trip_id AND EXISTS (
        SELECT 1 FROM dispatch.shift
        WHERE shift.driver_id = :driver_id AND shift.started_at <= round.at
          AND (shift.ended_at IS NULL OR shift.ended_at > round.at))
    ORDER BY round.at DESC, round.round_id DESC LIMIT 1
""")


async def last_decision(work: Reading, trip_id: TripId, driver_id: DriverId) -> StoredBytes:
    """The latest round that offered the trip to somebody while the driver was on shift.

    Raises
    ------
    TripNotFound
        If there is none, or no such trip.
    """
    found = await work.execute(_DECIDED, {"trip_id": trip_id, "driver_id": driver_id})
    row = found.one_or_none()
    if row is None:
        raise TripNotFound(trip_id)
    return StoredBytes(
        round_id=RoundId(row.round_id),
        at=row.at,
        input=row.input,
        plan=row.plan,
    )
