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
    """A driver on shift, as committed facts tell; `trips` under way with their states."""

    driver_id: DriverId
    shift_id: ShiftId
    vehicle_id: VehicleId
    seats: int
    vehicle_class: str
    equipment: tuple[str, ...]
    started_at: datetime
    ends_by: datetime
    position: Position | None
    trips: tuple[tuple[TripId, str], ...]
    engaged_since: datetime | None
    last_offered_at: datetime | None
    free_since: datetime


_COLUMNS = """
    shift.driver_id, shift.shift_id, shift.vehicle_id, shift.started_at, shift.ends_by,
    position.seq, position.lon, position.lat, position.heading, position.at,
    vehicle.seats, vehicle.vehicle_class, vehicle.equipment,
    (SELECT greatest(run.started_at, (
         SELECT max(to_at) FROM dispatch.assignment WHERE assignment.run_id = run.run_id))
     FROM dispatch.run WHERE run.driver_id = shift.driver_id AND run.ended_at IS NULL)
        AS engaged_since,
    ARRAY(SELECT trip_id FROM dispatch.trip WHERE trip.driver_id = shift.driver_id
          AND trip.state IN ('assigned', 'arrived', 'on_board', 'at_stop')
          ORDER BY assigned_at, trip_id) AS trips,
    ARRAY(SELECT state FROM dispatch.trip WHERE trip.driver_id = shift.driver_id
          AND trip.state IN ('assigned', 'arrived', 'on_board', 'at_stop')
          ORDER BY assigned_at, trip_id) AS states,
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
        trips=tuple(zip(map(TripId, row.trips), row.states, strict=True)),
        engaged_since=row.engaged_since,
        last_offered_at=row.last_offered_at,
        free_since=row.free_since,
    )
