"""What riders who share are promised, and what is kept free of it for the street.

Pure: no clock, no database. A promise is the latest time of a stop: the car is at the kerb by the one, the
rider is out by the other, not counting how long the car had to wait for that rider. A plan speaks of
expected times, and streets, kerbs and answers take longer than expected. So between what is expected and
what is promised a reserve is kept: a promise is never made without it, and whoever joins later may not use it up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from dispatch.matching.policy import SharedCaps
from dispatch.matching.shared.run import Roads, Run, schedule
from dispatch.matching.shared.run import StopKind as Kind
from dispatch.matching.shared.run_kernel import NEVER
from dispatch.matching.snapshot import OpenTrip
from dispatch.run import Planned, StopKind
from dispatch.store.rounds import instant_of
from foundation.identifiers import TripId

LATE_PERCENT = 25
"""What the way to a stop may take longer than planned before a promise is broken."""
LATE_AT_A_KERB_SECONDS = 60
"""How much longer than a planned stop another rider may let the car wait before a promise is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """How late a plan may come true.

    Attributes
    ----------
    answer_seconds
        Until the driver has said yes: the longest that an offer stands.
    """

    answer_seconds: int

    def after(self, expected_ms: int, *, kerbs: int) -> int:
        """Milliseconds to keep free behind a stop.

        Parameters
        ----------
        expected_ms
            From now until the stop is expected.
        kerbs
            Other riders who get in before it.
        """
        fixed_ms = 1000 * (self.answer_seconds + kerbs * LATE_AT_A_KERB_SECONDS)
        return fixed_ms + max(0, expected_ms) * LATE_PERCENT // 100

    def latest_plan(self, left_ms: int, *, kerbs: int) -> int:
        """Until when a stop may be planned, if it is promised `left_ms` from now: milliseconds from now.

        The other way round of `after`: what is planned by then has its reserve; may lie in the past.
        """
        fixed_ms = 1000 * (self.answer_seconds + kerbs * LATE_AT_A_KERB_SECONDS)
        return (left_ms - fixed_ms) * 100 // (100 + LATE_PERCENT)


def promise(
    trip: OpenTrip, caps: SharedCaps, *, plan: Sequence[Planned], now: datetime, reserve: Reserve
) -> dict[StopKind, datetime]:
    """What a rider who shares is promised with the acceptance: the latest times of their stops.

    The caps of the policy; and where the plan needs more than they allow, as for a rider who has
    waited about as long as the cap already, the plan with its reserve.
    """
    wanted_ms = trip.asked_at_ms if trip.wanted_at_ms is None else trip.wanted_at_ms
    late = {kind: _late(plan, trip.trip_id, kind, now=now, reserve=reserve) for kind in StopKind}
    pickup_by = max(
        instant_of(wanted_ms) + timedelta(seconds=caps.wait_seconds_max),
        late[StopKind.PICKUP] + timedelta(seconds=caps.stop_seconds),
    )
    aboard = trip.trip_seconds * caps.detour_percent_max // 100 + caps.stop_seconds
    return {
        StopKind.PICKUP: pickup_by,
        StopKind.DROPOFF: max(pickup_by + timedelta(seconds=aboard), late[StopKind.DROPOFF]),
    }


def _late(
    plan: Sequence[Planned], trip_id: TripId, kind: StopKind, *, now: datetime, reserve: Reserve
) -> datetime:
    """When a stop of the plan comes at the latest, as far as the reserve goes."""
    place = next(n for n, stop in enumerate(plan) if (stop.trip_id, stop.kind) == (trip_id, kind))
    kerbs = sum(stop.kind is StopKind.PICKUP and stop.trip_id != trip_id for stop in plan[:place])
    expected_at = plan[place].expected_at
    ms = reserve.after((expected_at - now) // timedelta(milliseconds=1), kerbs=kerbs)
    return expected_at + timedelta(milliseconds=ms)


def guarded(run: Run, roads: Roads, reserve: Reserve) -> Run:
    """A run as somebody may join it: no promised stop moves into its reserve.

    Where the reserve is used up already, by streets or kerbs, the stop may not move at all; where
    the promise itself is, the run is late as it stands and nobody joins.
    """
    by = {(trip.trip_id, Kind.PICKUP): trip.pickup_by_ms for trip in run.trips}
    by |= {(trip.trip_id, Kind.DROPOFF): trip.dropoff_by_ms for trip in run.trips}
    begins = schedule(run, roads).begins_ms
    for n, (stop, begin) in enumerate(zip(run.stops, begins, strict=True)):
        latest = by[stop.trip_id, stop.kind]
        others = (one for one in run.stops[:n] if one.trip_id != stop.trip_id)
        kerbs = 1 + sum(one.kind is Kind.PICKUP for one in others)  # whoever joins is one more
        planned = reserve.latest_plan(latest - run.free_at_ms, kerbs=kerbs)
        if latest < NEVER:
            by[stop.trip_id, stop.kind] = min(latest, max(begin, run.free_at_ms + planned))
    return replace(
        run,
        trips=tuple(
            replace(
                trip,
                pickup_by_ms=max(trip.wanted_at_ms, by[trip.trip_id, Kind.PICKUP]),
                dropoff_by_ms=by[trip.trip_id, Kind.DROPOFF],
            )
            for trip in run.trips
        ),
    )
