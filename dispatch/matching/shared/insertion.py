"""The cheapest place of one more trip in a run.

Owns best insertion: every pair of places of the pick-up and the drop-off is tried against every
limit of every rider, and the cheapest is kept. Jaw et al., "A heuristic algorithm for the
multi-vehicle advance request dial-a-ride problem with time windows", Transportation Research B
20(3), 1986; the delay of a rider (drop-off less the earliest possible one) is that of Alonso-Mora et
al., "On-demand high-capacity ride-sharing via dynamic trip-vehicle assignment", PNAS 114(3), 2017.
"""

from dataclasses import dataclass, replace

import numpy as np

from dispatch.matching.shared import run_kernel as kernel
from dispatch.matching.shared.errors import RunInvalid
from dispatch.matching.shared.run import (
    Roads,
    Run,
    Schedule,
    SharedTrip,
    Stop,
    StopKind,
    driver_row,
    schedule,
    stop_codes,
    trip_rows,
)
from dispatch.matching.shared.run_kernel import Whole
from foundation.identifiers import TripId


@dataclass(frozen=True, slots=True)
class Weights:
    """What a millisecond is worth, in units of cost; whole numbers, not below zero.

    Attributes
    ----------
    drive
        Of driving added to the run.
    delay
        Of delay to a rider at the drop-off, waiting included.
    wait
        Of waiting at the pick-up, beside its part in the delay.
    """

    drive: int = 1
    delay: int = 1
    wait: int = 0

    def __post_init__(self) -> None:
        values = (self.drive, self.delay, self.wait)
        if min(values) < 0 or max(values) > 1_000_000:
            raise RunInvalid("a weight is below 0 or above 1000000")

    def rates(self, roads: Roads) -> Whole:
        """As `run_kernel` takes them."""
        return np.array([self.drive, self.delay, roads.dwell_ms, self.wait], np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripTerms:
    """What a trip means for its rider and for the others of its run, in milliseconds.

    Attributes
    ----------
    added_drive_ms
        Driving of the run less that of the same run without this trip.
    others_delay_ms
        How much later, all together, the other riders of the run are dropped than without it.
    wait_ms
        From wanting the trip to its pick-up; 0 for a rider on board.
    detour_ms
        Time aboard less the direct ride.
    """

    added_drive_ms: int
    others_delay_ms: int
    wait_ms: int
    detour_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Insertion:
    """A trip in its cheapest place.

    Attributes
    ----------
    run
        The run with the trip in it.
    cost
        Weighted driving, delay and waiting added, of all riders (this rider's own is all new).
    pickup_at, dropoff_at
        Before which stops of the run as it was.
    """

    run: Run
    cost: int
    pickup_at: int
    dropoff_at: int
    terms: TripTerms


def best_insertion(
    run: Run, trip: SharedTrip, *, roads: Roads, weights: Weights
) -> Insertion | None:
    """The cheapest place of a trip in a run that keeps every limit of all.

    Returns
    -------
    Insertion or None
        None if there is no such place, or if the run as it stands is late already. Equal costs:
        the earliest pick-up, then the earliest drop-off.

    Raises
    ------
    RunInvalid
        If the trip is in the run already, or on board.
    """
    if trip.on_board or any(one.trip_id == trip.trip_id for one in run.trips):
        raise RunInvalid(f"trip {trip.trip_id} is in this run already")
    roads.check([run], (*run.trips, trip))
    trips = (*run.trips, trip)
    codes, count = stop_codes(run.stops, trips), len(run.stops)
    pad = np.empty((kernel.SCRATCH_ROWS, count + 1), np.int64)
    cost, i, j = kernel.best_place(
        codes, count, driver_row(run), trip_rows(trips), len(run.trips), roads.travel_ms,
        weights.rates(roads), pad,
    )  # fmt: skip
    if i < 0:
        return None
    with_trip = _placed(run, trip, i, j)
    return Insertion(
        run=with_trip,
        cost=int(cost),
        pickup_at=int(i),
        dropoff_at=int(j),
        terms=terms_of(with_trip, trip.trip_id, roads=roads),
    )


def _placed(run: Run, trip: SharedTrip, i: int, j: int) -> Run:
    stops = list(run.stops)
    stops.insert(j, Stop(StopKind.DROPOFF, trip.trip_id))
    stops.insert(i, Stop(StopKind.PICKUP, trip.trip_id))
    trips = tuple(sorted((*run.trips, trip), key=lambda one: one.trip_id))
    return replace(run, trips=trips, stops=tuple(stops))


def without(run: Run, trip_id: TripId) -> Run:
    """The run as if this trip had never been in it."""
    return replace(
        run,
        trips=tuple(one for one in run.trips if one.trip_id != trip_id),
        stops=tuple(stop for stop in run.stops if stop.trip_id != trip_id),
    )


def _dropped_ms(run: Run, plan: Schedule) -> dict[TripId, int]:
    pairs = zip(run.stops, plan.begins_ms, strict=True)
    return {stop.trip_id: begin for stop, begin in pairs if stop.kind is StopKind.DROPOFF}


def terms_of(run: Run, trip_id: TripId, *, roads: Roads) -> TripTerms:
    """What a trip in a run means for its rider and for the others, against the run without it."""
    trip = next(one for one in run.trips if one.trip_id == trip_id)
    rest = without(run, trip_id)
    now, then = schedule(run, roads), schedule(rest, roads)
    dropped, dropped_then = _dropped_ms(run, now), _dropped_ms(rest, then)
    ended, wait = trip.boarded_at_ms, 0
    if ended is None:
        begin = now.begins_ms[run.stops.index(Stop(StopKind.PICKUP, trip_id))]
        ended, wait = begin + roads.dwell_ms, begin - trip.wanted_at_ms
    return TripTerms(
        added_drive_ms=now.drive_ms - then.drive_ms,
        others_delay_ms=sum(dropped[one] - dropped_then[one] for one in dropped_then),
        wait_ms=wait,
        detour_ms=dropped[trip_id] - ended - trip.direct_ms,
    )
