"""The life of one trip, as a pure function: no clock, no database, no chance.

`advance` is the only way a trip changes. The regulator's feed, the receipt and the driver's
statement all read the facts it returns: a change that is not announced here did not happen.
The same table stands in the database (`dispatch.trip_transition`), which refuses the rest.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.errors import (
    IllegalStep,
    NoShowTooSoon,
    PinWrong,
    ReasonNeeded,
    TooFarFromPickup,
)
from dispatch.run import Party
from foundation.identifiers import (
    UUID,
    DriverId,
    QuoteId,
    RiderId,
    RuleId,
    RunId,
    ShiftId,
    TripId,
    VehicleId,
)
from foundation.measures import Point


class TripState(StrEnum):
    """Where a trip stands; beside each, the MDS 2 passenger-services state of its vehicle."""

    REQUESTED = "requested"  # no vehicle yet: not reported
    SCHEDULED = "scheduled"  # no vehicle yet: not reported
    MATCHING = "matching"  # no vehicle yet: not reported
    ASSIGNED = "assigned"  # reserved
    ARRIVED = "arrived"  # stopped
    ON_BOARD = "on_board"  # on_trip
    AT_STOP = "at_stop"  # stopped
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    ABORTED = "aborted"
    UNFULFILLED = "unfulfilled"
    CANCELLED_BY_RIDER = "cancelled_by_rider"
    CANCELLED_BY_OPERATOR = "cancelled_by_operator"


class Step(StrEnum):
    """What can happen to a trip, named for the one who does it."""

    START_MATCHING = "start_matching"
    RIDER_CANCEL = "rider_cancel"
    OPERATOR_CANCEL = "operator_cancel"
    ACCEPT = "accept"
    EXPIRE = "expire"
    ARRIVE = "arrive"
    DRIVER_RELEASE = "driver_release"  # the rider keeps their place: the trip looks again
    NO_SHOW = "no_show"
    BOARD = "board"
    STOP = "stop"
    RESUME = "resume"
    COMPLETE = "complete"
    ABORT = "abort"


class Actor(StrEnum):
    """Who took a step."""

    RIDER = "rider"
    DRIVER = "driver"
    OFFICE = "office"
    SYSTEM = "system"


_S = TripState
TRANSITIONS: Mapping[tuple[TripState, Step], TripState] = {
    (_S.REQUESTED, Step.START_MATCHING): _S.MATCHING,
    (_S.SCHEDULED, Step.START_MATCHING): _S.MATCHING,
    (_S.REQUESTED, Step.RIDER_CANCEL): _S.CANCELLED_BY_RIDER,
    (_S.SCHEDULED, Step.RIDER_CANCEL): _S.CANCELLED_BY_RIDER,
    (_S.MATCHING, Step.RIDER_CANCEL): _S.CANCELLED_BY_RIDER,
    (_S.ASSIGNED, Step.RIDER_CANCEL): _S.CANCELLED_BY_RIDER,
    (_S.ARRIVED, Step.RIDER_CANCEL): _S.CANCELLED_BY_RIDER,
    (_S.REQUESTED, Step.OPERATOR_CANCEL): _S.CANCELLED_BY_OPERATOR,
    (_S.SCHEDULED, Step.OPERATOR_CANCEL): _S.CANCELLED_BY_OPERATOR,
    (_S.MATCHING, Step.OPERATOR_CANCEL): _S.CANCELLED_BY_OPERATOR,
    (_S.ASSIGNED, Step.OPERATOR_CANCEL): _S.CANCELLED_BY_OPERATOR,
    (_S.ARRIVED, Step.OPERATOR_CANCEL): _S.CANCELLED_BY_OPERATOR,
    (_S.MATCHING, Step.ACCEPT): _S.ASSIGNED,
    (_S.MATCHING, Step.EXPIRE): _S.UNFULFILLED,
    (_S.ASSIGNED, Step.ARRIVE): _S.ARRIVED,
    (_S.ASSIGNED, Step.DRIVER_RELEASE): _S.MATCHING,
    (_S.ARRIVED, Step.DRIVER_RELEASE): _S.MATCHING,
    (_S.ARRIVED, Step.NO_SHOW): _S.NO_SHOW,
    (_S.ARRIVED, Step.BOARD): _S.ON_BOARD,
    (_S.ON_BOARD, Step.STOP): _S.AT_STOP,
    (_S.AT_STOP, Step.RESUME): _S.ON_BOARD,
    (_S.ON_BOARD, Step.COMPLETE): _S.COMPLETED,
    (_S.AT_STOP, Step.COMPLETE): _S.COMPLETED,
    (_S.ON_BOARD, Step.ABORT): _S.ABORTED,
    (_S.AT_STOP, Step.ABORT): _S.ABORTED,
}
FINAL_STATES = frozenset(
    {_S.COMPLETED, _S.NO_SHOW, _S.ABORTED, _S.UNFULFILLED}
    | {_S.CANCELLED_BY_RIDER, _S.CANCELLED_BY_OPERATOR}
)
HELD_STATES = frozenset({_S.ASSIGNED, _S.ARRIVED, _S.ON_BOARD, _S.AT_STOP})
"""A driver is under way for the trip: their run is active."""
UNHELD_STATES = frozenset({_S.REQUESTED, _S.SCHEDULED, _S.MATCHING, _S.UNFULFILLED})
OPEN_STATES = frozenset(TripState) - FINAL_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who serves a trip: the driver, in this vehicle, on this run of this shift."""

    driver_id: DriverId
    vehicle_id: VehicleId
    run_id: RunId
    shift_id: ShiftId


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """One rider's journey, from the request to its end, whatever that end is.

    Instants are service time, aware UTC. `waiting_seconds` and `stop_seconds` are whole seconds
    that have ended; a wait still going on is not in them. `direct_seconds` is the way from pick-up
    to drop-off by road, as quoted.
    """

    trip_id: TripId
    rider_id: RiderId
    quote_id: QuoteId
    booking_rule_id: RuleId
    state: TripState
    last_seq: int
    attempt: int
    pickup: Point
    dropoff: Point
    party: Party
    direct_seconds: int
    pin: str
    pin_tries_left: int
    requested_at: datetime
    booked_for: datetime | None
    expires_at: datetime
    state_since: datetime
    holder: Holder | None = None
    assigned_at: datetime | None = None
    arrived_at: datetime | None = None
    boarded_at: datetime | None = None
    ended_at: datetime | None = None
    stop_since: datetime | None = None
    stops: int = 0
    stop_seconds: int = 0
    waiting_seconds: int = 0
    end_reason: str | None = None
    payment: str = "account"  # how it is paid, as `ledger.customers.way` names it


@dataclass(frozen=True, slots=True, kw_only=True)
class TripStep:
    """Fact: a trip moved from one state to another; `seq` counts its steps from 1, no gap."""

    trip_id: TripId
    rider_id: RiderId
    seq: int
    before: TripState
    step: Step
    after: TripState
    attempt: int
    actor: Actor
    actor_id: UUID | None
    driver_id: DriverId | None
    reason: str | None
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who takes a step, and the reason they give (a code or a short sentence)."""

    actor: Actor
    actor_id: UUID | None = None
    reason: str | None = None


SYSTEM = By(actor=Actor.SYSTEM)


def advance(
    trip: Trip, step: Step, *, now: datetime, by: By, holder: Holder | None = None
) -> tuple[Trip, TripStep]:
    """Move a trip one step.

    Parameters
    ----------
    trip
        The trip as last stored.
    step
        What happened.
    now
        When (service time, UTC). Time that seems to run back, as when two units of work began
        in the other order, counts as no time passed.
    by
        Who did it.
    holder
        The driver, vehicle and run; given when, and only when, `step` is ``ACCEPT``.

    Returns
    -------
    tuple of Trip and TripStep
        The trip after the step, and the fact to announce.

    Raises
    ------
    IllegalStep
        If the table allows no such step from the present state.
    """
    assert (holder is not None) == (step is Step.ACCEPT)
    after = TRANSITIONS.get((trip.state, step))
    if after is None:
        raise IllegalStep(trip.trip_id, trip.state, step)
    now = max(now, trip.state_since)
    moved = _moved(replace(trip, state=after, last_seq=trip.last_seq + 1, state_since=now), trip)
    if holder is not None:
        moved = replace(moved, holder=holder)
    if after in FINAL_STATES:
        moved = replace(moved, end_reason=by.reason)
    assert after not in HELD_STATES or moved.holder is not None
    assert after not in UNHELD_STATES or moved.holder is None
    held_by = moved.holder or trip.holder
    return moved, TripStep(
        trip_id=trip.trip_id,
        rider_id=trip.rider_id,
        seq=moved.last_seq,
        before=trip.state,
        step=step,
        after=after,
        attempt=trip.attempt,
        actor=by.actor,
        actor_id=by.actor_id,
        driver_id=held_by.driver_id if held_by else None,
        reason=by.reason,
        occurred_at=now,
    )


def _moved(moved: Trip, before: Trip) -> Trip:
    """The stamps and counters that follow from the state a trip enters and the one it leaves."""
    now = moved.state_since
    if before.state is _S.AT_STOP:
        assert before.stop_since is not None
        stopped = before.stop_seconds + whole_seconds(now - before.stop_since)
        moved = replace(moved, stop_since=None, stop_seconds=stopped)
    match moved.state:
        case _S.MATCHING:
            # A released trip forgets its driver, or it would be offered as if still held; it
            # keeps the age of its request, so it keeps its place.
            attempt = before.attempt + (before.holder is not None)
            moved = replace(moved, holder=None, attempt=attempt, assigned_at=None, arrived_at=None)
        case _S.ASSIGNED:
            moved = replace(moved, assigned_at=now)
        case _S.ARRIVED:
            moved = replace(moved, arrived_at=now)
        case _S.ON_BOARD if before.state is _S.ARRIVED:
            waited = whole_seconds(now - waits_from(before))
            moved = replace(moved, boarded_at=now, waiting_seconds=waited)
        case _S.AT_STOP:
            moved = replace(moved, stop_since=now, stops=before.stops + 1)
        case state if state in FINAL_STATES:
            moved = replace(moved, ended_at=now)
        case _:
            pass
    return moved


def waits_from(trip: Trip) -> datetime:
    """From when the driver waits for the rider: since they came, and never before a wanted time."""
    assert trip.arrived_at is not None
    return max(trip.arrived_at, trip.booked_for or trip.arrived_at)


def whole_seconds(span: timedelta) -> int:
    """A span cut down to whole seconds: what has not fully passed is not charged."""
    return max(0, span.days * 86_400 + span.seconds)


def check_arrival(
    trip: Trip, *, distance_metres: float, within_metres: int, reason: str | None
) -> None:
    """Refuse an arrival away from the pick-up without a recorded reason.

    Raises
    ------
    TooFarFromPickup
        If the car is further than `within_metres` and no reason is given.
    """
    if distance_metres > within_metres and not reason:
        raise TooFarFromPickup(trip.trip_id, round(distance_metres), within_metres)


def check_pin(trip: Trip, *, pin: str | None, reason: str | None) -> PinWrong | None:
    """Whether the rider may board: the PIN is right, or the driver records why there is none.

    Returns
    -------
    PinWrong or None
        A wrong PIN is returned, not raised: the try is counted in the same commit.

    Raises
    ------
    ReasonNeeded
        If there is neither PIN nor reason, or the tries are used up and there is no reason.
    """
    if reason:
        return None
    if pin is None or trip.pin_tries_left == 0:
        raise ReasonNeeded("boarding without the rider's PIN")
    if pin == trip.pin:
        return None
    return PinWrong(trip.trip_id, trip.pin_tries_left - 1)


def check_no_show(
    trip: Trip, *, now: datetime, after_seconds: int, contact_attempted: bool
) -> None:
    """Refuse a no-show before the wait is over, or without an attempt to reach the rider.

    The wait for a rider who booked ahead begins with the wanted time.

    Raises
    ------
    NoShowTooSoon, ReasonNeeded
    """
    if trip.arrived_at is None:
        return  # `advance` refuses the step itself, and says where the trip stands
    waited = math.floor((now - waits_from(trip)).total_seconds())
    if waited < after_seconds:
        raise NoShowTooSoon(trip.trip_id, after_seconds - waited)
    if not contact_attempted:
        raise ReasonNeeded("a no-show without having tried to reach the rider")


def cancellation_is_free(
    trip: Trip, *, now: datetime, free_seconds: int, ahead_seconds: int
) -> bool:
    """Whether the rider may cancel without a fee.

    So it is while there is no driver, until `free_seconds` after theirs accepted, and for a trip
    booked ahead until `ahead_seconds` before the wanted time.
    """
    if trip.assigned_at is None:
        return True
    if trip.booked_for is not None and trip.booked_for - now >= timedelta(seconds=ahead_seconds):
        return True
    return now - trip.assigned_at <= timedelta(seconds=free_seconds)
