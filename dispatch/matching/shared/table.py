"""A round as the arrays of `run_kernel`.

Owns the translation there and back.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.shared.round import SharedRound
from dispatch.matching.shared.run import (
    Run,
    SharedTrip,
    driver_row,
    stops_of,
    trip_rows,
)
from dispatch.matching.shared.run_kernel import Travel, Whole

_STOPS_AHEAD = 16
"""Room for stops of trips that join a run in a round, beside those it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Open trips come first among ``trips``, in the order of the round.

    Attributes
    ----------
    everyone
        All trips, as values; ``trips`` int64 (trips, 9) are their rows.
    drivers, stops, counts
        int64, (runs, 4), (runs, stops_max) and (runs,).
    may
        bool, (open trips, runs): whether a driver may have a trip.
    price
        int64, (open trips,).
    """

    everyone: tuple[SharedTrip, ...]
    trips: Whole
    drivers: Whole
    stops: Whole
    counts: Whole
    may: NDArray[np.bool_]
    price: Whole
    travel: Travel
    rates: Whole

    @classmethod
    def of(cls, given: SharedRound) -> "Table":
        """The arrays of a round."""
        everyone = (
            *(one.trip for one in given.trips),
            *(trip for run in given.runs for trip in run.trips),
        )
        counts = np.array([len(run.stops) for run in given.runs], np.int64)
        width = int(counts.max(initial=0)) + max(_STOPS_AHEAD, 2 * given.limits.group_max)
        stops = np.zeros((len(given.runs), width), np.int64)
        number = {trip.trip_id: n for n, trip in enumerate(everyone)}
        for row, run in zip(stops, given.runs, strict=True):
            own = [2 * number[stop.trip_id] + stop.kind for stop in run.stops]
            row[: len(own)] = own
        may = np.array(
            [[run.driver_id not in one.excluded for run in given.runs] for one in given.trips],
            np.bool_,
        ).reshape(len(given.trips), len(given.runs))
        return cls(
            everyone=everyone,
            trips=trip_rows(everyone),
            drivers=np.array([driver_row(run) for run in given.runs], np.int64).reshape(-1, 4),
            stops=stops,
            counts=counts,
            may=may,
            price=np.array([one.price for one in given.trips], np.int64),
            travel=given.roads.travel_ms,
            rates=given.weights.rates(given.roads),
        )

    def run(self, old: Run, order: Whole) -> Run:
        """A run that drives the given stops instead of its own."""
        served = sorted({code >> 1 for code in order.tolist()})
        trips = sorted((self.everyone[one] for one in served), key=lambda one: one.trip_id)
        return replace(old, trips=tuple(trips), stops=stops_of(order.tolist(), self.everyone))
