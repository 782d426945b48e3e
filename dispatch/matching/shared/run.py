"""A driver's run: the stops ahead, whom they serve, and what each rider was promised.

Owns the words of shared trips as values, and what a run amounts to when it is driven: when each
stop begins, how many seats are taken, and which limit it would break. All times are milliseconds on
one scale (a service: since 1970; a simulation: since midnight); all places are rows of one travel
table.

The limits of a trip:

- picked up no later than `SharedTrip.pickup_by_ms` (the wait cap, or the promise made at the quote);
- aboard no longer than `SharedTrip.ride_ms_max` (detour cap times the direct ride);
- dropped no later than `SharedTrip.dropoff_by_ms` (a promise already given, if there is one).

The limits of a run: never more seats taken than the car has, and finished by the driver's time.
Wait and ride caps are those of Cordeau and Laporte, "The dial-a-ride problem: models and
algorithms", Annals of Operations Research 153, 2007, section 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np

from dispatch.matching.shared import run_kernel as kernel
from dispatch.matching.shared.errors import RunInvalid
from dispatch.matching.shared.run_kernel import NEVER, Travel, Whole
from foundation.identifiers import DriverId, TripId


class StopKind(IntEnum):
    """What happens at a stop."""

    PICKUP = 0
    DROPOFF = 1


class Breach(StrEnum):
    """The limit that a run breaks."""

    SEATS = "seats"  # more riders than seats
    PICKED_UP_LATE = "picked_up_late"  # after the wait cap, or later than promised
    DROPPED_LATE = "dropped_late"  # later than promised
    RIDDEN_TOO_LONG = "ridden_too_long"  # beyond the detour cap
    FINISHED_LATE = "finished_late"  # after the driver must have finished


_BREACHES = {
    kernel.SEATS_EXCEEDED: Breach.SEATS,
    kernel.PICKED_UP_LATE: Breach.PICKED_UP_LATE,
    kernel.DROPPED_LATE: Breach.DROPPED_LATE,
    kernel.RIDDEN_TOO_LONG: Breach.RIDDEN_TOO_LONG,
    kernel.FINISHED_LATE: Breach.FINISHED_LATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedTrip:
    """A trip that may share a car, with its limits.

    Attributes
    ----------
    pickup, dropoff
        Rows of the travel table.
    wanted_at_ms
        From when the rider waits: when they asked, or the booked time. Never picked up before.
    pickup_by_ms, dropoff_by_ms
        Latest beginning of the pick-up and of the drop-off.
    direct_ms
        The ride without any detour.
    ride_ms_max
        Longest time aboard.
    boarded_at_ms
        When the pick-up ended, of a rider who is on board.
    """

    trip_id: TripId
    pickup: int
    dropoff: int
    seats: int
    wanted_at_ms: int
    pickup_by_ms: int
    direct_ms: int
    ride_ms_max: int
    dropoff_by_ms: int = NEVER
    boarded_at_ms: int | None = None

    def __post_init__(self) -> None:
        if self.seats < 1:
            raise RunInvalid(f"trip {self.trip_id} takes {self.seats} seats")
        if self.pickup_by_ms < self.wanted_at_ms:
            raise RunInvalid(f"trip {self.trip_id} must be picked up before it is wanted")
        if not 0 <= self.direct_ms < kernel.UNREACHED:
            raise RunInvalid(f"trip {self.trip_id} has no direct ride")

    @property
    def on_board(self) -> bool:
        """Whether the rider is in the car already."""
        return self.boarded_at_ms is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What sharing may cost a rider, by rule.

    Attributes
    ----------
    wait_ms_max
        From wanting the trip to the pick-up.
    detour_percent_max
        Time aboard, in percent of the direct ride: 150 is half as long again.
    """

    wait_ms_max: int
    detour_percent_max: int

    def trip(self, trip_id: TripId, places: tuple[int, int], *, seats: int, wanted_at_ms: int,
             direct_ms: int) -> SharedTrip:  # fmt: skip
        """A trip between two places under these caps."""
        return SharedTrip(
            trip_id=trip_id, pickup=places[0], dropoff=places[1], seats=seats,
            wanted_at_ms=wanted_at_ms, pickup_by_ms=wanted_at_ms + self.wait_ms_max,
            direct_ms=direct_ms, ride_ms_max=direct_ms * self.detour_percent_max // 100,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a run."""

    kind: StopKind
    trip_id: TripId


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A driver's stops ahead, in order.

    Attributes
    ----------
    place, free_at_ms
        Where the car can next turn, as a row of the travel table, and when it is there.
    seats
        Seats for riders.
    trips
        Whom the run serves, ascending by identifier (`Run.of` sorts them).
    stops
        A trip on board has its drop-off alone; any other its pick-up and, later, its drop-off.
    finish_by_ms
        When the last stop must have ended: end of shift, driving time left.

    Raises
    ------
    RunInvalid
        If trips and stops contradict each other.
    """

    driver_id: DriverId
    place: int
    free_at_ms: int
    seats: int
    trips: tuple[SharedTrip, ...] = ()
    stops: tuple[Stop, ...] = ()
    finish_by_ms: int = NEVER

    def __post_init__(self) -> None:
        ids = [trip.trip_id for trip in self.trips]
        if ids != sorted(set(ids)):
            raise RunInvalid("its trips are not in ascending order, or one is there twice")
        open_stops = {
            Stop(kind, trip.trip_id)
            for trip in self.trips
            for kind in StopKind
            if kind is StopKind.DROPOFF or not trip.on_board
        }
        if len(self.stops) != len(open_stops) or set(self.stops) != open_stops:
            raise RunInvalid("its stops are not one pick-up and one drop-off of each of its trips")
        seen: set[TripId] = {trip.trip_id for trip in self.trips if trip.on_board}
        for stop in self.stops:
            if stop.kind is StopKind.DROPOFF and stop.trip_id not in seen:
                raise RunInvalid(f"trip {stop.trip_id} is dropped before it is picked up")
            seen.add(stop.trip_id)


@dataclass(frozen=True, slots=True)
class Roads:
    """Travel times between the places of a round.

    Attributes
    ----------
    travel_ms
        int32, (places, places): from row to column; `run_kernel.UNREACHED` where no road leads.
    dwell_ms
        How long a car stands at each stop.
    """

    travel_ms: Travel
    dwell_ms: int = 0

    def __post_init__(self) -> None:
        shape = self.travel_ms.shape
        if self.travel_ms.dtype != np.int32 or len(shape) != 2 or shape[0] != shape[1]:
            raise RunInvalid("the travel table is not a square of 32-bit milliseconds")
        if self.travel_ms.size and self.travel_ms.min() < 0:
            raise RunInvalid("the travel table has a negative time")

    def check(self, runs: Iterable[Run], trips: Iterable[SharedTrip]) -> None:
        """Refuse places that the table does not have."""
        places = len(self.travel_ms)
        for run in runs:
            if not 0 <= run.place < places:
                raise RunInvalid(f"driver {run.driver_id} is at an unknown place")
        for trip in trips:
            if not (0 <= trip.pickup < places and 0 <= trip.dropoff < places):
                raise RunInvalid(f"trip {trip.trip_id} is at an unknown place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A run as it would be driven, each stop as soon as possible.

    Attributes
    ----------
    begins_ms
        When each stop begins.
    aboard
        Seats taken after each stop.
    drive_ms
        Time driven, without waiting and standing.
    breach, breach_stop
        The first limit broken, and at which stop; None if the run keeps all.
    """

    begins_ms: tuple[int, ...]
    aboard: tuple[int, ...]
    drive_ms: int
    breach: Breach | None
    breach_stop: int | None


def trip_rows(trips: Sequence[SharedTrip]) -> Whole:
    """Trips as rows of `run_kernel`'s table, int64 (trips, 9)."""
    rows = np.empty((len(trips), 9), np.int64)
    for row, trip in zip(rows, trips, strict=True):
        row[kernel.PICKUP], row[kernel.DROPOFF] = trip.pickup, trip.dropoff
        row[kernel.SEATS], row[kernel.WANTED_AT] = trip.seats, trip.wanted_at_ms
        row[kernel.PICKUP_BY], row[kernel.DROPOFF_BY] = trip.pickup_by_ms, trip.dropoff_by_ms
        row[kernel.RIDE_MAX], row[kernel.DIRECT] = trip.ride_ms_max, trip.direct_ms
        row[kernel.BOARDED_AT] = (
            kernel.NOT_ABOARD if trip.boarded_at_ms is None else trip.boarded_at_ms
        )
    return rows


def driver_row(run: Run) -> Whole:
    """A run's driver as a row of `run_kernel`'s table, int64 (4,)."""
    return np.array([run.place, run.free_at_ms, run.seats, run.finish_by_ms], np.int64)


def stop_codes(stops: Sequence[Stop], trips: Sequence[SharedTrip]) -> Whole:
    """Stops as `run_kernel` writes them, int64 (stops,)."""
    number = {trip.trip_id: n for n, trip in enumerate(trips)}
    return np.array([2 * number[stop.trip_id] + stop.kind for stop in stops], np.int64)


def stops_of(codes: Iterable[int], trips: Sequence[SharedTrip]) -> tuple[Stop, ...]:
    """The stops that `stop_codes` wrote."""
    return tuple(Stop(StopKind(code & 1), trips[code >> 1].trip_id) for code in codes)


def schedule(run: Run, roads: Roads) -> Schedule:
    """When each stop of a run would begin, and whether every limit is kept."""
    roads.check([run], run.trips)
    codes, rows = stop_codes(run.stops, run.trips), trip_rows(run.trips)
    begins = np.empty(len(codes), np.int64)
    drive, broken, where = kernel.follow(
        codes, len(codes), driver_row(run), rows, roads.travel_ms, roads.dwell_ms, begins
    )
    signs = 1 - 2 * (codes & 1)
    aboard = sum(trip.seats for trip in run.trips if trip.on_board)
    loads = aboard + np.cumsum(signs * rows[codes >> 1, kernel.SEATS])
    return Schedule(
        begins_ms=tuple(begins.tolist()),
        aboard=tuple(loads.tolist()),
        drive_ms=int(drive),
        breach=_BREACHES.get(broken),
        breach_stop=None if broken == kernel.KEPT else int(where),
    )
