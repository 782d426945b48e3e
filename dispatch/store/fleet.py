"""The fleet as the tables know it: what the board is rebuilt from after a restart."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from dispatch.position import Position
from foundation.identifiers import DriverId, ShiftId, TripId, VehicleId
from foundation.measures import Point
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDriver:
    """A driver on shift, as committed facts tell."""

    driver_id: DriverId
    shift_id: ShiftId
    vehicle_id: VehicleId
    seats: int
    vehicle_class: str
    equipment: tuple[str, ...]
    started_at: datetime
    ends_by: datetime
    position: Position | None
    trip_id: TripId | None
    trip_state: str | None
    assigned_at: datetime | None
    last_offered_at: datetime | None
    free_since: datetime


_COLUMNS = """
    shift.driver_id, shift.shift_id, shift.vehicle_id, shift.started_at, shift.ends_by,
    position.seq, position.lon, position.lat, position.heading, position.at,
    trip.trip_id, trip.state, trip.assigned_at, vehicle.seats, vehicle.vehicle_class, vehicle.equipment,
    (SELECT max(made_at) FROM dispatch.offer WHERE offer.driver_id = shift.driver_id
        AND made_at >= shift.started_at) AS last_offered_at,
    greatest(shift.started_at,
             (SELECT max(ended_at) FROM dispatch.run WHERE run.shift_id = shift.shift_id))
        AS free_since
"""
_FROM = """
    FROM dispatch.shift JOIN registry.vehicle USING (vehicle_id)
    LEFT JOIN dispatch.position
        ON position.driver_id = shift.driver_id AND position.shift_id = shift.shift_id
    LEFT JOIN dispatch.trip
        ON trip.driver_id = shift.driver_id
        AND trip.state IN ('assigned', 'arrived', 'on_board', 'at_stop')
    WHERE shift.ended_at IS NULL
"""
_ALL = text(f"SELECT {_COLUMNS} {_FROM} ORDER BY shift.driver_id")
_ONE = text(f"SELECT {_COLUMNS} {_FROM} AND shift.driver_id = :driver_id")


async def list_known(work: UnitOfWork) -> list[KnownDriver]:
    """Everybody on shift."""
    return [_known(row) for row in await work.execute(_ALL)]


async def find_known(work: UnitOfWork, driver_id: DriverId) -> KnownDriver | None:
    """One driver on shift."""
    row = (await work.execute(_ONE, {"driver_id": driver_id})).one_or_none()
    return None if row is None else _known(row)


def _known(row: Row[Any]) -> KnownDriver:
    driver_id, shift_id = DriverId(row.driver_id), ShiftId(row.shift_id)
    position = None
    if row.seq is not None:
        position = Position(
            driver_id=driver_id,
            shift_id=shift_id,
            seq=row.seq,
            point=Point(row.lon, row.lat),
            heading=row.heading,
            at=row.at,
        )
    return KnownDriver(
        driver_id=driver_id,
        shift_id=shift_id,
        vehicle_id=VehicleId(row.vehicle_id),
        seats=row.seats,
        vehicle_class=row.vehicle_class,
        equipment=tuple(row.equipment),
        started_at=row.started_at,
        ends_by=row.ends_by,
        position=position,
        trip_id=row.trip_id,
        trip_state=row.state,
        assigned_at=row.assigned_at,
        last_offered_at=row.last_offered_at,
        free_since=row.free_since,
    )
