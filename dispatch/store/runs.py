"""Runs: the stops of a driver's run and who sits where, read under the run's lock.

What changes them is part of the statement that changes the trip (`dispatch.store.trips`).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import text

from dispatch.run import Party, Run, Stop, StopKind
from foundation.identifiers import UUID, DriverId, RunId, TripId
from storage.work import UnitOfWork

_LOCK = text("SELECT dispatch.locked_run(:driver_id)")


async def lock_run(work: UnitOfWork, driver_id: DriverId) -> Run:
    """The run of a driver on shift, locked until the end of the unit of work, as it then stands.

    One that has not begun is new, and empty. After the trip's lock and before stops and seats are
    changed, always in that order.
    """
    found = (await work.execute(_LOCK, {"driver_id": driver_id})).scalar_one()
    if found["run_id"] is None:
        return Run(
            run_id=RunId(work.new_id()),
            seats=found["seats"],
            counted_until=work.now,
            is_new=True,
        )
    return _run(found)


def _run(found: dict[str, Any]) -> Run:
    stops = tuple(
        Stop(
            trip_id=TripId(UUID(stop["trip_id"])),
            kind=StopKind(stop["kind"]),
            place=stop["place"],
            expected_at=datetime.fromisoformat(stop["expected_at"]),
            latest_at=_instant(stop["latest_at"]),
            done_at=_instant(stop["done_at"]),
        )
        for stop in found["stops"]
    )
    by_trip = {TripId(UUID(stop["trip_id"])): stop for stop in found["stops"]}
    return Run(
        run_id=RunId(UUID(found["run_id"])),
        seats=found["seats"],
        counted_until=datetime.fromisoformat(found["counted_until"]),
        stops=stops,
        parties={
            trip_id: Party(riders=stop["riders"], is_shared=stop["is_shared"])
            for trip_id, stop in by_trip.items()
        },
        blocks={
            trip_id: tuple((low, high) for low, high in stop["blocks"])
            for trip_id, stop in by_trip.items()
        },
    )


def _instant(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)
