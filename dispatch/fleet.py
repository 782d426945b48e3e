"""The picture of the fleet in memory, kept by the facts the outbox tells.

Built from the tables at the start, then moved by events; whatever it misses, the database refuses
the consequence of (an offer to somebody off shift is not made).
"""

from datetime import datetime, timedelta

import ledger.views
import rulebook.service
from dispatch.driving_time import DrivingTime, Engaged
from dispatch.position import OnShift, Phase, PositionBoard
from dispatch.store import fleet as store
from dispatch.store.shifts import upsert_positions
from dispatch.store.wishes import wishes_of
from foundation.identifiers import UUID, DriverId, ShiftId, TripId
from foundation.money import Currency
from storage.engine import Database
from storage.outbox import Announced
from storage.work import UnitOfWork

_PHASE_OF_STATE = {
    "assigned": Phase.TO_PICKUP,
    "arrived": Phase.AT_PICKUP,
    "on_board": Phase.ON_TRIP,
    "at_stop": Phase.AT_STOP,
}


class Fleet:
    """Who is on shift, where, doing what."""

    def __init__(self, board: PositionBoard, *, currency: Currency) -> None:
        self.board = board
        self._currency = currency
        self._appeared: set[DriverId] = set()

    async def load(self, work: UnitOfWork) -> None:
        """Begin with everybody the tables know to be on shift."""
        window = await _driving_window(work)
        for known in await store.list_known(work):
            await self._take_up(work, known, window)

    async def take_up_new(self, database: Database) -> None:
        """Take up drivers whose shift began since the last call."""
        appeared, self._appeared = self._appeared, set()
        if not appeared:
            return
        async with database.work() as work:
            for driver_id in sorted(appeared):
                await self.take_up_one(work, driver_id)

    async def take_up_one(self, work: UnitOfWork, driver_id: DriverId) -> None:
        """Take up a driver now, in the unit of work that may have begun their shift."""
        known = await store.find_known(work, driver_id)
        if known is not None:
            await self._take_up(work, known, await _driving_window(work))

    async def _take_up(self, work: UnitOfWork, known: store.KnownDriver, window: timedelta) -> None:
        earned = await ledger.views.earnings_since(
            work, [known.driver_id], known.started_at, currency=self._currency
        )
        engaged = await ledger.views.engaged_since(work, known.driver_id, work.now - window)
        wishes = await wishes_of(work, known.shift_id)
        self.board.begin_shift(
            OnShift(
                driver_id=known.driver_id,
                shift_id=known.shift_id,
                vehicle_id=known.vehicle_id,
                seats=known.seats,
                vehicle_class=known.vehicle_class,
                equipment=known.equipment,
                started_at=known.started_at,
                ends_by=known.ends_by,
                free_since=known.free_since,
                last_offered_at=known.last_offered_at,
                earned_minor=earned[known.driver_id],
                earned_as_of=work.now,
                position=known.position,
                phase=_PHASE_OF_STATE.get(known.trip_state or "", Phase.FREE),
                trip_id=known.trip_id,
                has_gap=True,  # what was driven before this process began is not known
                driving=DrivingTime.of(
                    (Engaged(ended_at=one.ended_at, seconds=one.seconds) for one in engaged),
                    engaged_since=known.assigned_at,
                ),
                homeward=wishes.homeward,
                range_metres=wishes.range_metres,
            )
        )

    def hear(self, announced: Announced) -> None:
        """Move the picture by one fact."""
        if announced.driver_id is None:
            return
        driver_id, facts = DriverId(announced.driver_id), announced.payload
        match announced.kind:
            case "shift_started":
                self._appeared.add(driver_id)
            case "shift_ended":
                self._appeared.discard(driver_id)
                self.board.end_shift(driver_id, ShiftId(UUID(facts["shift_id"])))
            case "offer_made":
                known = self.board.find(driver_id)
                if known is not None:
                    known.last_offered_at = announced.occurred_at
            case "rider_boarded":
                self.board.begin_trip(driver_id, TripId(UUID(facts["trip_id"])))
            case "fare_posted" | "fee_posted":
                self._earn(driver_id, facts, announced.occurred_at)
            case _ if "after" in facts:
                self._step(driver_id, facts, announced.occurred_at)
            case _:
                pass

    def _earn(self, driver_id: DriverId, facts: dict[str, object], at: datetime) -> None:
        known = self.board.find(driver_id)
        # Pay without tolls and tips; a fee has no more than the driver's part of it.
        earned = facts.get("pay_minor", facts.get("driver_minor"))
        if known is None or not isinstance(earned, int):
            return
        if known.earned_as_of is None or at > known.earned_as_of:
            known.earned_minor += earned

    def _step(self, driver_id: DriverId, facts: dict[str, str], at: datetime) -> None:
        after = facts["after"]
        known = self.board.find(driver_id)
        if known is not None and after == "assigned":
            known.driving.begin(at)
        if after in _PHASE_OF_STATE:
            trip_id = TripId(UUID(facts["trip_id"]))
            self.board.set_phase(driver_id, _PHASE_OF_STATE[after], trip_id)
            return
        self.board.set_phase(driver_id, Phase.FREE, None)
        if known is not None:
            known.free_since = at
            known.driving.end(at)

    async def store_positions(self, database: Database) -> int:
        """Store what was reported since the last call, in one statement.

        Returns
        -------
        int
            How many positions.
        """
        changed = self.board.take_changed()
        if changed:
            async with database.work() as work:
                await upsert_positions(work, changed)
        return len(changed)


async def _driving_window(work: UnitOfWork) -> timedelta:
    """How far back driving time counts, by the policy in force."""
    policy = await rulebook.service.booking_policy(work, work.now)
    return timedelta(seconds=policy.driving_window_s)
