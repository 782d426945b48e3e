"""Who a round may ask, and what its decisions look like as offers.

A driver is free, or on the last leg of a run and free soon; or rides with people who share and may
be joined (`dispatch.company`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from dispatch.advice import Turn
from dispatch.company import Sharing, plan_of
from dispatch.matching.explanation import sentence, why_this_offer
from dispatch.matching.limits import CROW_METRES_PER_SECOND
from dispatch.matching.plan import Pairing
from dispatch.matching.policy import Policy
from dispatch.matching.shared.joining import Join, Wish
from dispatch.matching.snapshot import FreeDriver, OpenTrip
from dispatch.position import OnShift, Phase
from dispatch.promise import Reserve, promise
from dispatch.run import Planned, StopKind, Underway
from dispatch.store.offers import NewOffer
from dispatch.store.rounds import epoch_ms
from foundation.identifiers import DriverId, OfferId, RuleId, TripId
from foundation.measures import Point, distance_metres
from rulebook.booking_policy import BookingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The round's view of the world, as read in one unit of work.

    Attributes
    ----------
    trips
        Those that look for a driver, longest waiting first.
    drivers
        Who may be offered a trip by itself.
    runs
        Every run under way.
    shares
        Trips whose rider shares.
    sharing
        Drivers whose run such a rider could join.
    advice
        The latest turn of advice, for what places are worth; None if the policy weighs no place.
    answer_seconds
        How long an offer stands.
    zones
        Of drivers whose licence names zones: those in which they may pick up.
    """

    at: datetime
    policy_rule_id: RuleId
    policy: Policy
    booking: BookingPolicy
    trips: Mapping[TripId, OpenTrip]
    drivers: Mapping[DriverId, OnShift]
    runs: Mapping[DriverId, Underway]
    answer_seconds: int
    shares: frozenset[TripId] = frozenset()
    advice: Turn | None = None
    sharing: Mapping[DriverId, Sharing] = field(default_factory=dict)
    zones: Mapping[DriverId, frozenset[str]] = field(default_factory=dict)

    @property
    def reserve(self) -> Reserve:
        """What is kept free behind every promised stop."""
        return Reserve(answer_seconds=self.answer_seconds)


def is_candidate(known: OnShift, run: Underway | None, policy: Policy) -> bool:
    """Whether a trip alone may be offered to a driver: free, or on the last leg and free soon.

    The picture of the fleet and the tables must agree: what one has heard and the other not yet is
    seen alike by the next round.
    """
    if run is None:
        return known.phase is Phase.FREE
    if not run.is_on_last_leg or known.phase is not Phase.ON_TRIP or known.position is None:
        return False
    if set(known.trips) != set(run.trips):
        return False
    # What no road could take less time for need not be asked of the roads.
    metres = distance_metres(known.position.point, run.stops[-1].at)
    return metres <= policy.free_within_seconds * CROW_METRES_PER_SECOND


def place_of(known: OnShift, seen: Seen) -> Point:
    """Where a driver is free: where they are, or where their run ends."""
    run = seen.runs.get(known.driver_id)
    assert known.position is not None
    return known.position.point if run is None else run.stops[-1].at


def free_driver(known: OnShift, seen: Seen, *, left_ms: int, worth_ms: int) -> FreeDriver:
    """A driver as matching sees them: where and when they are free, now or after their run.

    Parameters
    ----------
    left_ms
        Road time in milliseconds to the end of the run; 0 without one.
    worth_ms
        What standing at that place is worth, in milliseconds of waiting.
    """
    assert known.position is not None
    at_ms, run = epoch_ms(seen.at), seen.runs.get(known.driver_id)
    driving_left = known.driving.seconds_left(
        seen.at,
        most_seconds=seen.booking.driving_max_s,
        window_seconds=seen.booking.driving_window_s,
    )
    return FreeDriver(
        driver_id=known.driver_id,
        place=place_of(known, seen),
        heading=known.position.heading if run is None else None,
        free_at_ms=(min(at_ms, epoch_ms(known.free_since)) if run is None else at_ms + left_ms),
        seats=known.seats,
        vehicle_class=known.vehicle_class,
        equipment=known.equipment,
        zones=None if known.driver_id not in seen.zones else tuple(seen.zones[known.driver_id]),
        shift_ends_at_ms=epoch_ms(known.ends_by),
        driving_seconds_left=max(0, driving_left - -(-left_ms // 1000)),
        homeward=known.homeward if _ends_soon(known, seen) else None,
        range_metres=None if known.range_metres is None else int(known.range_metres),
        earned_minor=max(0, known.earned_minor),
        shift_seconds=max(0, int((seen.at - known.started_at).total_seconds())),
        last_offered_at_ms=(
            None if known.last_offered_at is None else epoch_ms(known.last_offered_at)
        ),
        place_worth_ms=worth_ms,
    )


def _ends_soon(known: OnShift, seen: Seen) -> bool:
    """Whether the place a driver would like to end at counts yet; before, no round keeps it."""
    left = (known.ends_by - seen.at).total_seconds()
    return left <= seen.policy.homeward_within_seconds


def alone_offer(offer_id: OfferId, pairing: Pairing, seen: Seen, *, now: datetime) -> NewOffer:
    """A trip for a driver by itself: now, or after the run they are on.

    A rider who shares is promised their latest times with it, for others may join later.
    """
    known, trip = seen.drivers[pairing.driver_id], seen.trips[pairing.trip_id]
    run = seen.runs.get(pairing.driver_id)
    pickup_at = now + timedelta(seconds=pairing.pickup_seconds)
    plan = _after(run, trip, pickup_at) if pairing.trip_id in seen.shares else ()
    return NewOffer(
        offer_id=offer_id,
        trip_id=pairing.trip_id,
        attempt=pairing.attempt,
        driver_id=pairing.driver_id,
        vehicle_id=known.vehicle_id,
        shift_id=known.shift_id,
        pickup_seconds=pairing.pickup_seconds,
        why=_why(pairing),
        run_trips=() if run is None else run.trips,
        plan=plan,
        promised=_promised(trip, plan, seen, now=now) if plan else {},
        added_seconds=(pairing.pickup_seconds - pairing.terms.busy_ms // 1000 + trip.trip_seconds),
    )


def _after(run: Underway | None, trip: OpenTrip, pickup_at: datetime) -> tuple[Planned, ...]:
    ahead = () if run is None else run.stops
    dropoff_at = pickup_at + timedelta(seconds=trip.trip_seconds)
    return (
        *(Planned(trip_id=s.trip_id, kind=s.kind, expected_at=s.expected_at) for s in ahead),
        Planned(trip_id=trip.trip_id, kind=StopKind.PICKUP, expected_at=pickup_at),
        Planned(trip_id=trip.trip_id, kind=StopKind.DROPOFF, expected_at=dropoff_at),
    )


def _promised(
    trip: OpenTrip, plan: tuple[Planned, ...], seen: Seen, *, now: datetime
) -> dict[StopKind, datetime]:
    return promise(trip, seen.policy.shared, plan=plan, now=now, reserve=seen.reserve)


def join_offer(offer_id: OfferId, one: Join, wish: Wish, seen: Seen) -> NewOffer:
    """A rider who shares, for a driver who has such riders: the new order of stops, and why."""
    share, trip = seen.sharing[one.driver_id], seen.trips[one.trip_id]
    plan, added_seconds = plan_of(one, wish)
    pickup_at = next(
        stop.expected_at
        for stop in plan
        if (stop.trip_id, stop.kind) == (one.trip_id, StopKind.PICKUP)
    )
    return NewOffer(
        offer_id=offer_id,
        trip_id=one.trip_id,
        attempt=trip.attempt,
        driver_id=one.driver_id,
        vehicle_id=share.known.vehicle_id,
        shift_id=share.known.shift_id,
        pickup_seconds=max(0, int((pickup_at - seen.at).total_seconds())),
        why=_why_join(one),
        run_trips=share.run.trips,
        plan=plan,
        promised=_promised(trip, plan, seen, now=seen.at),
        added_seconds=added_seconds,
    )


def _why_join(one: Join) -> dict[str, Any]:
    """The reasons of a join, in the form of the others: codes, numbers, plain English."""
    terms = one.insertion.terms
    facts = {
        "added_drive_seconds": -(-terms.added_drive_ms // 1000),
        "others_delay_seconds": -(-terms.others_delay_ms // 1000),
        "wait_seconds": -(-terms.wait_ms // 1000),
        "detour_seconds": -(-terms.detour_ms // 1000),
    }
    words = (
        f"This rider shares, as yours do: {facts['added_drive_seconds']} s more driving for you, "
        f"{facts['others_delay_seconds']} s later for the others together, "
        "and every promise to them is kept."
    )
    return {"reasons": [{"code": "joins_your_run", "facts": facts}], "words": [words]}


def _why(pairing: Pairing) -> dict[str, Any]:
    """The stored reasons of an offer: codes and numbers for any language, and plain English."""
    reasons = why_this_offer(pairing)
    return {
        "reasons": [{"code": reason.code, "facts": dict(reason.facts)} for reason in reasons],
        "words": [sentence(reason) for reason in reasons],
    }
