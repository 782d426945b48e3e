"""What drivers say of their shift, for as long as it lasts."""

from sqlalchemy import text

from dispatch.wishes import Wishes
from foundation.identifiers import ShiftId
from foundation.measures import Point
from storage.work import Reading, UnitOfWork

_HOMEWARD = text("""
    INSERT INTO dispatch.shift_wish (shift_id, homeward_lon, homeward_lat)
    VALUES (:shift_id, CAST(:lon AS numeric), CAST(:lat AS numeric))
    ON CONFLICT (shift_id) DO UPDATE
        SET homeward_lon = excluded.homeward_lon, homeward_lat = excluded.homeward_lat
""")
_RANGE = text("""
    INSERT INTO dispatch.shift_wish (shift_id, range_metres, range_said_at)
    VALUES (:shift_id, :metres, CASE WHEN CAST(:metres AS integer) IS NOT NULL
                                     THEN CAST(:now AS timestamptz) END)
    ON CONFLICT (shift_id) DO UPDATE
        SET range_metres = excluded.range_metres, range_said_at = excluded.range_said_at
""")
# After a restart what was driven since is known of trips alone; half as much again stands for the
# way to them.
_OF = text("""
    SELECT CAST(homeward_lon AS float8) AS lon, CAST(homeward_lat AS float8) AS lat,
           CASE WHEN range_metres IS NOT NULL THEN greatest(0, range_metres - (
               SELECT coalesce(sum(trip.metres_driven), 0) * 3 / 2
               FROM dispatch.trip JOIN dispatch.run USING (run_id)
               WHERE run.shift_id = shift_wish.shift_id AND trip.ended_at > range_said_at)) END
               AS range_metres
    FROM dispatch.shift_wish WHERE shift_id = :shift_id
""")


async def set_homeward(work: UnitOfWork, shift_id: ShiftId, place: Point | None) -> None:
    """Keep where the driver would like to end their shift, or forget it."""
    lon, lat = (None, None) if place is None else (place.lon, place.lat)
    await work.execute(_HOMEWARD, {"shift_id": shift_id, "lon": lon, "lat": lat})


async def set_range(work: UnitOfWork, shift_id: ShiftId, metres: int | None) -> None:
    """Keep how far the driver says their car still goes, or forget it."""
    await work.execute(_RANGE, {"shift_id": shift_id, "metres": metres, "now": work.now})


async def wishes_of(work: Reading, shift_id: ShiftId) -> Wishes:
    """What the driver said of an open shift; nothing of one that has ended."""
    row = (await work.execute(_OF, {"shift_id": shift_id})).one_or_none()
    if row is None:
        return Wishes()
    return Wishes(
        homeward=None if row.lon is None else Point(row.lon, row.lat),
        range_metres=None if row.range_metres is None else int(row.range_metres),
    )
