"""Where drivers on shift are: held in memory, constant cost a message.

A board knows only drivers on shift (I30): a message of anybody else is refused, and going off
shift forgets the driver at once. Late, repeated and reordered messages change nothing (I14).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from dispatch.driving_time import DrivingTime
from foundation.identifiers import DriverId, ShiftId, TripId, VehicleId
from foundation.measures import Point, distance_metres

JUMP_METRES_MAX = 2_000.0
"""Two fixes further apart than this are a lost stretch, not a driven one."""


class Phase(IntEnum):
    """What a driver on shift is doing."""

    FREE = 0
    TO_PICKUP = 1
    AT_PICKUP = 2
    ON_TRIP = 3
    AT_STOP = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A driver's place at an instant; `seq` counts the shift's messages upwards.

    `heading` is in whole degrees clockwise from north, 0 to 359.
    """

    driver_id: DriverId
    shift_id: ShiftId
    seq: int
    point: Point
    heading: int
    at: datetime


@dataclass(slots=True)
class Held:
    """One trip of a driver.

    `metres` counts the way driven with its rider on board; `metres_counted` those of them that no
    other rider's trip counts, so that a run sums to the way the car made with anybody on board.
    `has_gap` says that a stretch of it was lost, so that nobody takes it for the whole.
    """

    phase: Phase
    metres: float = 0.0
    metres_counted: float = 0.0
    has_gap: bool = False


@dataclass(slots=True, kw_only=True)
class OnShift:
    """What the board keeps of one driver on shift.

    `trips` are those under way, in the order of their acceptance. `earned_minor` was read from the
    books at `earned_as_of`; what is posted later is added. `range_metres` is what the driver said,
    less what was driven since, along straight lines from fix to fix.
    """

    driver_id: DriverId
    shift_id: ShiftId
    vehicle_id: VehicleId
    seats: int
    vehicle_class: str
    equipment: tuple[str, ...]
    started_at: datetime
    ends_by: datetime
    free_since: datetime
    last_offered_at: datetime | None = None
    earned_minor: int = 0
    earned_as_of: datetime | None = None
    position: Position | None = None
    trips: dict[TripId, Held] = field(default_factory=dict)
    driving: DrivingTime = field(default_factory=DrivingTime)
    homeward: Point | None = None
    range_metres: float | None = None

    @property
    def phase(self) -> Phase:
        """What the driver is doing: of several trips, what the one furthest on says."""
        return max((held.phase for held in self.trips.values()), default=Phase.FREE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metres:
    """Whole metres driven with a rider on board: their trip's, and those that it alone counts."""

    of_trip: int
    counted: int


class PositionBoard:
    """The last position of every driver on shift. One thread (the event loop) writes it."""

    def __init__(self) -> None:
        self._on_shift: dict[DriverId, OnShift] = {}
        self._changed: set[DriverId] = set()

    def __len__(self) -> int:
        return len(self._on_shift)

    def __iter__(self) -> Iterator[OnShift]:
        return iter(self._on_shift.values())

    def begin_shift(self, driver: OnShift) -> None:
        """Take a driver up; messages count from here. Repeating it for a shift changes nothing."""
        known = self._on_shift.get(driver.driver_id)
        if known is None or known.shift_id != driver.shift_id:
            self._on_shift[driver.driver_id] = driver

    def end_shift(self, driver_id: DriverId, shift_id: ShiftId) -> None:
        """Forget a driver, unless another shift has begun since."""
        known = self._on_shift.get(driver_id)
        if known is not None and known.shift_id == shift_id:
            del self._on_shift[driver_id]
            self._changed.discard(driver_id)

    def find(self, driver_id: DriverId) -> OnShift | None:
        """What is known of a driver; None off shift."""
        return self._on_shift.get(driver_id)

    def begin_trip(self, driver_id: DriverId, trip_id: TripId) -> None:
        """The rider is on board: count the metres from here. Repeating it changes nothing."""
        known = self._on_shift.get(driver_id)
        if known is None:
            return
        held = known.trips.get(trip_id)
        if held is not None and held.phase in (Phase.ON_TRIP, Phase.AT_STOP):
            return
        known.trips[trip_id] = Held(Phase.ON_TRIP)

    def metres_on_board(self, driver_id: DriverId, trip_id: TripId) -> Metres | None:
        """Whole metres driven with the rider of that trip; None where that is not known."""
        known = self._on_shift.get(driver_id)
        held = None if known is None else known.trips.get(trip_id)
        if held is None or held.has_gap:
            return None
        if held.phase not in (Phase.ON_TRIP, Phase.AT_STOP):
            return None  # the boarding is not heard of yet
        if not round(held.metres):
            return None  # no trip is so short: nothing was heard of its way
        return Metres(of_trip=round(held.metres), counted=round(held.metres_counted))

    def set_phase(self, driver_id: DriverId, phase: Phase, trip_id: TripId) -> None:
        """How far the driver is with one of their trips; FREE when it is not theirs any more."""
        known = self._on_shift.get(driver_id)
        if known is None:
            return
        if phase is Phase.FREE:
            known.trips.pop(trip_id, None)
        elif trip_id in known.trips:
            known.trips[trip_id].phase = phase
        else:
            known.trips[trip_id] = Held(phase)

    def report(self, position: Position) -> bool:
        """Take a position message.

        Returns
        -------
        bool
            False, and nothing changes, if the driver is off this shift or the message is not
            newer than the last one (I14).
        """
        known = self._on_shift.get(position.driver_id)
        if known is None or known.shift_id != position.shift_id:
            return False
        last = known.position
        if last is not None:
            if position.seq <= last.seq:
                return False
            if known.phase >= Phase.ON_TRIP or known.range_metres is not None:
                _drive(known, distance_metres(last.point, position.point))
        known.position = position
        self._changed.add(position.driver_id)
        return True

    def take_changed(self) -> list[Position]:
        """Positions reported since the last call, by driver; they are the next batch to store."""
        changed, self._changed = self._changed, set()
        found = []
        for driver_id in sorted(changed):
            known = self._on_shift.get(driver_id)
            if known is not None and known.position is not None:
                found.append(known.position)
        return found


def _drive(known: OnShift, metres: float) -> None:
    """Count a stretch for every rider on board whose own stop it is not, and off the range.

    The work record counts it once: with the first of their trips.
    """
    if known.range_metres is not None:
        known.range_metres = max(0.0, known.range_metres - metres)
    is_counted = False
    for held in known.trips.values():
        if held.phase is not Phase.ON_TRIP:
            continue
        if metres > JUMP_METRES_MAX:
            held.has_gap = True
            continue
        held.metres += metres
        if not is_counted:
            held.metres_counted += metres
            is_counted = True
