"""What staff may read of people's trips and papers, each look for a stated purpose (I29).

Looks are units of work of the role `khan_office`, which cannot read the tables themselves: one
without its row in the access log is refused by the database, not by this module.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatch.errors import PurposeNeeded, PurposeUnclear, TripNotFound
from foundation.identifiers import UUID, DriverId, PersonId, TripId, VehicleId
from foundation.measures import Point
from registry.errors import DriverNotFound
from storage.refusals import constraint_of
from storage.work import UnitOfWork


class Reason(StrEnum):
    """Why staff look: a closed list, shown to the person and counted in public."""

    RIDER_ASKS = "rider_asks"
    DRIVER_ASKS = "driver_asks"
    LOST_PROPERTY = "lost_property"
    COMPLAINT = "complaint"
    SAFETY = "safety"
    FAULT = "fault"
    LICENSING = "licensing"  # a driver's papers
    WATCH = "watch"  # the fleet as a whole, at the dispatcher's desk


_STATE = text("""
    INSERT INTO storage.purpose (
        purpose_id, actor_id, actor_role, reason, note, trip_id, made_at, expires_at,
        driver_id)
    VALUES (:purpose_id, :actor_id, 'office', :reason, :note, :trip_id, :made_at, :expires_at,
            :driver_id)
""")
_TRIP = text("SELECT dispatch.read_trip_for_staff(:purpose_id, :actor_id, :trip_id)")
_POSITIONS = text("SELECT * FROM dispatch.read_positions_for_staff(:purpose_id, :actor_id)")
_PAPERS = text("SELECT registry.read_papers_for_staff(:purpose_id, :actor_id, :driver_id)")
_LOG = text("""
    SELECT n, at, actor_role, reason, what, digest FROM storage.access_log
    ORDER BY n DESC LIMIT :most
""")


async def state_purpose(
    work: UnitOfWork,
    *,
    actor_id: PersonId,
    reason: Reason,
    note: str,
    trip_id: TripId | None,
    hours: int,
    driver_id: DriverId | None = None,
) -> UUID:
    """Say why one is about to look; good for `hours` (12 at most).

    Raises
    ------
    PurposeUnclear
    """
    named = (trip_id is not None) + (driver_id is not None)
    if named != (0 if reason is Reason.WATCH else 1):
        raise PurposeUnclear
    if reason is Reason.LICENSING and driver_id is None:
        raise PurposeUnclear
    purpose_id = work.new_id()
    await work.execute(
        _STATE,
        {
            "purpose_id": purpose_id,
            "actor_id": actor_id,
            "reason": reason,
            "note": note,
            "trip_id": trip_id,
            "driver_id": driver_id,
            "made_at": work.now,
            "expires_at": work.now + timedelta(hours=hours),
        },
    )
    return purpose_id


async def read_trip(
    work: UnitOfWork, *, purpose_id: UUID, actor_id: PersonId, trip_id: TripId
) -> dict[str, Any]:
    """A trip with its events, without the PIN; the look is logged with it.

    Raises
    ------
    PurposeNeeded, TripNotFound
    """
    try:
        found: dict[str, Any] | None = (
            await work.execute(
                _TRIP, {"purpose_id": purpose_id, "actor_id": actor_id, "trip_id": trip_id}
            )
        ).scalar_one()
    except DBAPIError as error:
        raise _refusal(error) from error
    if found is None:
        raise TripNotFound(trip_id)
    return found


async def read_papers(
    work: UnitOfWork, *, purpose_id: UUID, actor_id: PersonId, driver_id: DriverId
) -> dict[str, Any]:
    """A driver's papers, each with how it stands, and what stands against the driver now.

    With those of the vehicles they may drive. The look is logged with it.

    Raises
    ------
    PurposeNeeded, registry.errors.DriverNotFound
    """
    asked = {"purpose_id": purpose_id, "actor_id": actor_id, "driver_id": driver_id}
    try:
        found: dict[str, Any] | None = (await work.execute(_PAPERS, asked)).scalar_one()
    except DBAPIError as error:
        raise _refusal(error) from error
    if found is None:
        raise DriverNotFound
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPosition:
    """Where a driver on shift is, for the dispatcher's desk."""

    driver_id: DriverId
    vehicle_id: VehicleId
    point: Point
    heading: int
    at: datetime
    trip_id: TripId | None
    state: str | None


async def read_positions(
    work: UnitOfWork, *, purpose_id: UUID, actor_id: PersonId
) -> list[NamedPosition]:
    """Every driver on shift; watching is logged once a minute.

    Raises
    ------
    PurposeNeeded
    """
    try:
        rows = (
            await work.execute(_POSITIONS, {"purpose_id": purpose_id, "actor_id": actor_id})
        ).all()
    except DBAPIError as error:
        raise _refusal(error) from error
    return [
        NamedPosition(
            driver_id=DriverId(row.driver_id),
            vehicle_id=VehicleId(row.vehicle_id),
            point=Point(row.lon, row.lat),
            heading=row.heading,
            at=row.at,
            trip_id=row.trip_id,
            state=row.state,
        )
        for row in rows
    ]


def _refusal(error: DBAPIError) -> Exception:
    return PurposeNeeded() if constraint_of(error) == "i29_a_purpose_first" else error


async def list_accesses(work: UnitOfWork, *, most: int = 100) -> list[dict[str, Any]]:
    """The public log of looks, newest first: who by role, why, at what; never at whom."""
    return [
        {
            "n": row.n,
            "at": row.at,
            "actor_role": row.actor_role,
            "reason": row.reason,
            "what": row.what,
            "digest": row.digest.hex(),
        }
        for row in await work.execute(_LOG, {"most": most})
    ]
