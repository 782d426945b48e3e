"""Shifts and stored positions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from dispatch.position import Position
from foundation.identifiers import DriverId, ShiftId, TripId, VehicleId
from storage.work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """From going on duty to going off; `ends_by` is when its hours are used up."""

    shift_id: ShiftId
    driver_id: DriverId
    vehicle_id: VehicleId
    started_at: datetime
    ends_by: datetime
    ended_at: datetime | None
    end_reason: str | None


_COLUMNS = "shift_id, driver_id, vehicle_id, started_at, ends_by, ended_at, end_reason"
_INSERT = text("""
    INSERT INTO dispatch.shift (shift_id, driver_id, vehicle_id, started_at, ends_by)
    VALUES (:shift_id, :driver_id, :vehicle_id, :started_at, :ends_by)
""")
_OPEN = text(f"""
    SELECT {_COLUMNS} FROM dispatch.shift WHERE driver_id = :driver_id AND ended_at IS NULL
""")
_FIND = text(f"SELECT {_COLUMNS} FROM dispatch.shift WHERE shift_id = :shift_id")
_LOCK = text(f"""
    SELECT {_COLUMNS} FROM dispatch.shift WHERE shift_id = :shift_id FOR NO KEY UPDATE
""")
_END = text("""
    UPDATE dispatch.shift SET ended_at = :ended_at, end_reason = :reason WHERE shift_id = :shift_id
""")
_TRIP_UNDER_WAY = text("""
    SELECT trip_id FROM dispatch.run JOIN dispatch.run_stop USING (run_id)
    WHERE driver_id = :driver_id AND ended_at IS NULL AND done_at IS NULL
    ORDER BY place LIMIT 1
""")
_OUT_OF_HOURS = text("""
    SELECT shift_id FROM dispatch.shift
    WHERE ended_at IS NULL AND ends_by <= service_now()
      AND NOT EXISTS (SELECT 1 FROM dispatch.run
                      WHERE run.shift_id = shift.shift_id AND run.ended_at IS NULL)
    ORDER BY shift_id LIMIT 200
""")


async def insert_shift(work: UnitOfWork, shift: Shift) -> None:
    """Store a shift that begins."""
    await work.execute(
        _INSERT,
        {
            "shift_id": shift.shift_id,
            "driver_id": shift.driver_id,
            "vehicle_id": shift.vehicle_id,
            "started_at": shift.started_at,
            "ends_by": shift.ends_by,
        },
    )


async def find_open_shift(work: UnitOfWork, driver_id: DriverId) -> Shift | None:
    """The driver's open shift."""
    row = (await work.execute(_OPEN, {"driver_id": driver_id})).one_or_none()
    return None if row is None else _shift(row)


async def find_shift(work: UnitOfWork, shift_id: ShiftId) -> Shift | None:
    """The shift as last committed, not locked."""
    row = (await work.execute(_FIND, {"shift_id": shift_id})).one_or_none()
    return None if row is None else _shift(row)


async def lock_shift(work: UnitOfWork, shift_id: ShiftId) -> Shift | None:
    """The shift, locked until the end of the unit of work."""
    row = (await work.execute(_LOCK, {"shift_id": shift_id})).one_or_none()
    return None if row is None else _shift(row)


async def end_shift(work: UnitOfWork, shift_id: ShiftId, *, reason: str) -> None:
    """Store the end of a shift; the database deletes the driver's position with it (I30)."""
    await work.execute(_END, {"shift_id": shift_id, "ended_at": work.now, "reason": reason})


async def find_trip_under_way(work: UnitOfWork, driver_id: DriverId) -> TripId | None:
    """The trip of the driver's next stop."""
    found = await work.execute(_TRIP_UNDER_WAY, {"driver_id": driver_id})
    return found.scalar_one_or_none()


async def list_out_of_hours(work: UnitOfWork) -> list[ShiftId]:
    """Open shifts whose hours are used up and that have no run under way."""
    return list((await work.execute(_OUT_OF_HOURS)).scalars())


# Looked at are only the few whom something has befallen since their shift began: to ask for the
# reasons of the whole fleet, every second, would cost more than all the rest of a sweep.
_UNFIT = text("""
    WITH since AS MATERIALIZED (SELECT min(started_at) AS at FROM dispatch.shift WHERE ended_at IS NULL),
    befallen (driver_id, vehicle_id, at) AS (
        SELECT driver_id, vehicle_id, valid_to FROM registry.credential
        WHERE valid_to > (SELECT at FROM since) AND valid_to <= CAST(:now AS timestamptz)
        UNION ALL
        SELECT driver_id, vehicle_id, withdrawn_at
        FROM registry.credential_withdrawal JOIN registry.credential USING (credential_id)
        UNION ALL
        SELECT driver_id, NULL, ended_at FROM registry.driver_vehicle WHERE ended_at IS NOT NULL
        UNION ALL
        SELECT driver_id, NULL, set_at FROM registry.standing WHERE standing = 'suspended')
    SELECT DISTINCT shift_id, 'driver_suspended' = ANY (reasons) AS is_suspended
    FROM befallen JOIN dispatch.shift ON shift.started_at <= befallen.at AND (
        shift.driver_id = befallen.driver_id OR shift.vehicle_id = befallen.vehicle_id),
        registry.reasons_against(shift.driver_id, shift.vehicle_id, CAST(:now AS timestamptz))
            AS reasons
    WHERE shift.ended_at IS NULL AND befallen.at > (SELECT at FROM since)
      AND cardinality(reasons) > 0
      AND NOT EXISTS (SELECT 1 FROM dispatch.run
                      WHERE run.shift_id = shift.shift_id AND run.ended_at IS NULL)
    ORDER BY shift_id LIMIT 200
""")


async def list_unfit(work: UnitOfWork) -> list[tuple[ShiftId, str]]:
    """Open shifts without a run whose driver may not work any more, and whether `suspended`, or
    for want of `papers`."""
    return [
        (ShiftId(row.shift_id), "suspended" if row.is_suspended else "papers")
        for row in await work.execute(_UNFIT, {"now": work.now})
    ]


# The shift is locked as the row is read. If a shift ended while we waited for it, its position
# drops out here, alone; refused by the constraint, it would take the whole batch with it.
_UPSERT = text("""
    WITH open_shift AS (
        SELECT shift_id FROM dispatch.shift
        WHERE shift_id = ANY (CAST(:shift_ids AS uuid[])) AND ended_at IS NULL
        ORDER BY shift_id FOR SHARE)
    INSERT INTO dispatch.position (driver_id, shift_id, seq, lon, lat, heading, at)
    SELECT p.* FROM unnest(
        CAST(:driver_ids AS uuid[]), CAST(:shift_ids AS uuid[]), CAST(:seqs AS bigint[]),
        CAST(:lons AS float8[]), CAST(:lats AS float8[]), CAST(:headings AS smallint[]),
        CAST(:ats AS timestamptz[])) AS p (driver_id, shift_id, seq, lon, lat, heading, at)
    JOIN open_shift ON open_shift.shift_id = p.shift_id
    ORDER BY p.driver_id
    ON CONFLICT (driver_id) DO UPDATE SET
        shift_id = excluded.shift_id, seq = excluded.seq, lon = excluded.lon, lat = excluded.lat,
        heading = excluded.heading, at = excluded.at
    WHERE position.shift_id <> excluded.shift_id OR position.seq < excluded.seq
""")


async def upsert_positions(work: UnitOfWork, positions: list[Position]) -> None:
    """Store the last position of each driver, a batch a statement; older ones change nothing."""
    await work.execute(
        _UPSERT,
        {
            "driver_ids": [position.driver_id for position in positions],
            "shift_ids": [position.shift_id for position in positions],
            "seqs": [position.seq for position in positions],
            "lons": [position.point.lon for position in positions],
            "lats": [position.point.lat for position in positions],
            "headings": [position.heading for position in positions],
            "ats": [position.at for position in positions],
        },
    )


def _shift(row: Row[Any]) -> Shift:
    return Shift(
        shift_id=ShiftId(row.shift_id),
        driver_id=DriverId(row.driver_id),
        vehicle_id=VehicleId(row.vehicle_id),
        started_at=row.started_at,
        ends_by=row.ends_by,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
    )
