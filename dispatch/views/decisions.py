"""Stored rounds as drivers may ask about them.

A driver may ask about a trip that was decided while they were on shift. Everything else, whether
there is such a trip or not, is answered alike.
"""

import zlib

from sqlalchemy import text

from dispatch.decision import StoredBytes
from dispatch.errors import TripNotFound
from foundation.identifiers import DriverId, RoundId, TripId
from storage.work import Reading

OPEN_ROUNDS_MAX = 3
"""Of the rounds in which a trip nobody was offered may have been open, the latest so many are read."""

_ON_SHIFT = """
    EXISTS (
        SELECT 1 FROM dispatch.shift
        WHERE shift.driver_id = :driver_id AND shift.started_at <= round.at
          AND (shift.ended_at IS NULL OR shift.ended_at > round.at))
"""
# The rounds that decided a trip are those of its offers.
_DECIDED = text(f"""
    SELECT round.round_id, round.at, round.input, round.plan, round.joins
    FROM dispatch.offer JOIN dispatch.round USING (round_id)
    WHERE offer.trip_id = :trip_id AND {_ON_SHIFT}
    ORDER BY round.at DESC, round.round_id DESC LIMIT 1
""")
# A trip is open from each event that made it look until the next, but while an offer of it is.
_OPEN = text(f"""
    SELECT round.round_id, round.at, round.input, round.plan, round.joins
    FROM (
        SELECT after, occurred_at AS from_at,
               coalesce(lead(occurred_at) OVER (ORDER BY seq), 'infinity') AS to_at
        FROM dispatch.trip_event WHERE trip_id = :trip_id) AS stretch
    JOIN dispatch.round ON round.at >= from_at AND round.at < to_at
    WHERE stretch.after = 'matching' AND {_ON_SHIFT}
      AND NOT EXISTS (
          SELECT 1 FROM dispatch.offer
          WHERE offer.trip_id = :trip_id AND offer.made_at <= round.at
            AND (offer.ended_at IS NULL OR offer.ended_at > round.at))
    ORDER BY round.at DESC, round.round_id DESC LIMIT {OPEN_ROUNDS_MAX}
""")


async def decisions_of(
    work: Reading, trip_id: TripId, driver_id: DriverId
) -> tuple[StoredBytes, ...]:
    """The rounds to be asked of a trip, while the driver was on shift, best first.

    The latest that offered it to somebody; if none did, the latest in which it went on waiting. A
    round that ran while the trip began or ended may not have seen it, so there are a few.

    Raises
    ------
    TripNotFound
        If there is none, or no such trip.
    """
    asked = {"trip_id": trip_id, "driver_id": driver_id}
    rows = (await work.execute(_DECIDED, asked)).all() or (await work.execute(_OPEN, asked)).all()
    if not rows:
        raise TripNotFound(trip_id)
    return tuple(
        StoredBytes(
            round_id=RoundId(row.round_id),
            at=row.at,
            input=row.input,
            plan=row.plan,
            joins=None if row.joins is None else zlib.decompress(row.joins),
        )
        for row in rows
    )
