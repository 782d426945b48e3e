"""Offers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, text

from dispatch.events import OfferMade
from dispatch.offer import Offer, OfferState
from dispatch.run import Planned, StopKind, plan_from_json
from foundation.identifiers import (
    DriverId,
    EventId,
    OfferId,
    RoundId,
    ShiftId,
    TripId,
    VehicleId,
)
from storage.work import UnitOfWork

_COLUMNS = """
    offer_id, trip_id, attempt, driver_id, vehicle_id, shift_id, round_id, state, made_at,
    deadline, pickup_seconds, why, plan, added_seconds
"""
_FIND = text(f"SELECT {_COLUMNS} FROM dispatch.offer WHERE offer_id = :offer_id")
_OPEN_OF_DRIVER = text(f"""
    SELECT {_COLUMNS} FROM dispatch.offer WHERE driver_id = :driver_id AND state = 'made'
""")
_OPEN_OF_TRIP = text(f"""
    SELECT {_COLUMNS} FROM dispatch.offer WHERE trip_id = :trip_id AND state = 'made'
""")


async def find_offer(work: UnitOfWork, offer_id: OfferId) -> Offer | None:
    """The offer, not locked; its trip is the lock."""
    row = (await work.execute(_FIND, {"offer_id": offer_id})).one_or_none()
    return None if row is None else _offer(row)


async def find_open_of_driver(work: UnitOfWork, driver_id: DriverId) -> Offer | None:
    """The driver's open offer; there is at most one (I5)."""
    row = (await work.execute(_OPEN_OF_DRIVER, {"driver_id": driver_id})).one_or_none()
    return None if row is None else _offer(row)


async def find_open_of_trip(work: UnitOfWork, trip_id: TripId) -> Offer | None:
    """The trip's open offer; there is at most one (I5)."""
    row = (await work.execute(_OPEN_OF_TRIP, {"trip_id": trip_id})).one_or_none()
    return None if row is None else _offer(row)


_ACCEPT = text("""
    UPDATE dispatch.offer SET state = 'accepted', ended_at = service_now()
    WHERE offer_id = :offer_id AND state = 'made' AND deadline > service_now()
    RETURNING ended_at
""")


async def accept(work: UnitOfWork, offer_id: OfferId) -> datetime | None:
    """Accept an open offer in time, by the database's clock (I8).

    Returns
    -------
    datetime or None
        When it was accepted; None if its time was over.
    """
    return (await work.execute(_ACCEPT, {"offer_id": offer_id})).scalar_one_or_none()


_END = text("""
    UPDATE dispatch.offer SET state = :state, ended_at = service_now(), end_reason = :reason
    WHERE offer_id = :offer_id AND state = 'made'
""")


async def end(
    work: UnitOfWork, offer_id: OfferId, state: OfferState, *, reason: str | None = None
) -> None:
    """Decline, lapse or withdraw an open offer, whose trip is locked."""
    result = await work.execute(_END, {"offer_id": offer_id, "state": state, "reason": reason})
    assert result.rowcount == 1, "the offer ended although its trip was locked"


_OVERDUE = text("""
    SELECT offer_id FROM dispatch.offer
    WHERE state = 'made' AND deadline <= service_now() ORDER BY trip_id LIMIT 500
""")


async def list_overdue(work: UnitOfWork) -> list[OfferId]:
    """Open offers whose deadline has passed."""
    return list((await work.execute(_OVERDUE)).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOffer:
    """One pairing of a plan, to be offered if trip and driver are still as the snapshot saw.

    `run_trips` are the trips that the driver had under way then. The rest is as in `Offer`.
    """

    offer_id: OfferId
    trip_id: TripId
    attempt: int
    driver_id: DriverId
    vehicle_id: VehicleId
    shift_id: ShiftId
    pickup_seconds: int
    why: dict[str, Any]
    run_trips: tuple[TripId, ...] = ()
    plan: tuple[Planned, ...] = ()
    promised: Mapping[StopKind, datetime] = field(default_factory=dict)
    added_seconds: int = 0


# Trips and shifts are locked by a statement of its own, which waits for nobody: whom somebody else
# is busy with is left out. What the next statement then sees of them cannot change under it, so
# that one driver who goes off shift just now does not undo the offers to all others.
_LOCK = text("""
    SELECT wanted.offer_id
    FROM unnest(CAST(:offer_ids AS uuid[]), CAST(:trip_ids AS uuid[]),
                CAST(:attempts AS integer[]), CAST(:shift_ids AS uuid[]))
        AS wanted (offer_id, trip_id, attempt, shift_id)
    JOIN dispatch.trip USING (trip_id) JOIN dispatch.shift USING (shift_id)
    WHERE trip.state = 'matching' AND trip.attempt = wanted.attempt AND shift.ended_at IS NULL
    ORDER BY trip_id
    FOR NO KEY UPDATE OF trip SKIP LOCKED FOR SHARE OF shift SKIP LOCKED
""")
# In the order of drivers: two rounds at once then wait for one another in one direction only.
_INSERT = text("""
    WITH wanted AS (
        SELECT * FROM unnest(
            CAST(:offer_ids AS uuid[]), CAST(:trip_ids AS uuid[]), CAST(:attempts AS integer[]),
            CAST(:driver_ids AS uuid[]), CAST(:vehicle_ids AS uuid[]), CAST(:shift_ids AS uuid[]),
            CAST(:pickup_seconds AS integer[]), CAST(:whys AS jsonb[]), CAST(:knowns AS jsonb[]),
            CAST(:plans AS jsonb[]), CAST(:added AS integer[]))
            AS w (offer_id, trip_id, attempt, driver_id, vehicle_id, shift_id, pickup_seconds, why,
                  known, plan, added_seconds))
    INSERT INTO dispatch.offer (
        offer_id, trip_id, attempt, driver_id, vehicle_id, shift_id, round_id, made_at, deadline,
        pickup_seconds, why, run_trips, plan, added_seconds)
    SELECT offer_id, trip_id, wanted.attempt, wanted.driver_id, wanted.vehicle_id, shift_id,
           CAST(:round_id AS uuid),
           CAST(:made_at AS timestamptz), CAST(:deadline AS timestamptz), pickup_seconds, why,
           ARRAY(SELECT CAST(jsonb_array_elements_text(known) AS uuid)), plan, added_seconds
    FROM wanted JOIN dispatch.trip USING (trip_id)
    WHERE offer_id = ANY (CAST(:locked AS uuid[]))
      AND NOT EXISTS (SELECT 1 FROM dispatch.trip AS under_way
                      WHERE under_way.driver_id = wanted.driver_id
                        AND under_way.state IN ('assigned', 'arrived', 'on_board', 'at_stop')
                        AND (NOT known ? CAST(under_way.trip_id AS text)
                             OR (NOT trip.is_shared AND under_way.state IN ('assigned', 'arrived'))))
      AND NOT EXISTS (SELECT 1 FROM dispatch.exclusion
                      WHERE exclusion.trip_id = wanted.trip_id
                        AND exclusion.driver_id = wanted.driver_id)
    ORDER BY wanted.driver_id
    ON CONFLICT DO NOTHING
    RETURNING offer_id
""")


async def insert_offers(
    work: UnitOfWork, offers: list[NewOffer], *, round_id: RoundId, deadline: datetime
) -> set[OfferId]:
    """Make those offers whose trip still looks and whose driver is still free; announce them.

    What changed since the snapshot is left out; the next round sees it as it is then.

    Returns
    -------
    set of OfferId
        Those that were made.
    """
    wanted = {
        "offer_ids": [offer.offer_id for offer in offers],
        "trip_ids": [offer.trip_id for offer in offers],
        "attempts": [offer.attempt for offer in offers],
        "shift_ids": [offer.shift_id for offer in offers],
    }
    locked = list((await work.execute(_LOCK, wanted)).scalars())
    result = await work.execute(
        _INSERT,
        {
            **wanted,
            "locked": locked,
            "driver_ids": [offer.driver_id for offer in offers],
            "vehicle_ids": [offer.vehicle_id for offer in offers],
            "pickup_seconds": [offer.pickup_seconds for offer in offers],
            "whys": [orjson.dumps(offer.why).decode() for offer in offers],
            "knowns": [orjson.dumps(offer.run_trips, default=str).decode() for offer in offers],
            "plans": [_plan_as_json(offer) for offer in offers],
            "added": [offer.added_seconds for offer in offers],
            "round_id": round_id,
            "made_at": work.now,
            "deadline": deadline,
        },
    )
    made = set(result.scalars())
    for offer in offers:
        if offer.offer_id in made:
            work.announce(
                OfferMade(
                    event_id=EventId(work.new_id()), occurred_at=work.now, offer_id=offer.offer_id,
                    trip_id=offer.trip_id, attempt=offer.attempt, driver=offer.driver_id,
                    deadline=deadline,
                )
            )  # fmt: skip
    return made


def _plan_as_json(offer: NewOffer) -> str:
    """Each stop with its time; those of the new trip with the latest time promised."""
    return orjson.dumps(
        [
            {
                "trip_id": str(stop.trip_id),
                "kind": stop.kind,
                "expected_at": stop.expected_at,
                "latest_at": offer.promised.get(stop.kind)
                if stop.trip_id == offer.trip_id
                else None,
            }
            for stop in offer.plan
        ]
    ).decode()


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        offer_id=OfferId(row.offer_id),
        trip_id=TripId(row.trip_id),
        attempt=row.attempt,
        driver_id=DriverId(row.driver_id),
        vehicle_id=VehicleId(row.vehicle_id),
        shift_id=ShiftId(row.shift_id),
        round_id=RoundId(row.round_id),
        state=OfferState(row.state),
        made_at=row.made_at,
        deadline=row.deadline,
        pickup_seconds=row.pickup_seconds,
        why=row.why,
        plan=plan_from_json(row.plan),
        promised={
            StopKind(stop["kind"]): datetime.fromisoformat(stop["latest_at"])
            for stop in row.plan
            if stop["latest_at"] is not None
        },
        added_seconds=row.added_seconds,
    )
