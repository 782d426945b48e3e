"""Facts of dispatch, past tense. The outbox carries each once; riders' and drivers' live feeds,
the dispatcher's picture of the fleet and later the regulator's feed read them there."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from dispatch.trip import Step, TripStep
from foundation.events import Event
from foundation.identifiers import (
    DriverId,
    EventId,
    OfferId,
    RiderId,
    ShiftId,
    TripId,
    VehicleId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TripAdvanced(Event):
    """A trip took a step; `rider` and `driver` both hear of it."""

    topic: ClassVar[str] = "trip"

    trip_id: TripId
    seq: int
    before: str
    step: str
    after: str
    attempt: int
    actor: str
    reason: str | None
    rider: RiderId
    driver: DriverId | None

    @property
    def key(self) -> str:
        """The trip and the number of its step."""
        return f"{self.trip_id}:{self.seq}"

    @property
    def rider_id(self) -> RiderId:
        """The rider of the trip."""
        return self.rider

    @property
    def driver_id(self) -> DriverId | None:
        """The driver who holds it, or held it before this step."""
        return self.driver


@dataclass(frozen=True, slots=True, kw_only=True)
class TripRequested(TripAdvanced):
    """A rider asked for a trip, now or ahead."""

    kind: ClassVar[str] = "trip_requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingStarted(TripAdvanced):
    """A trip began to look for a driver."""

    kind: ClassVar[str] = "matching_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripCancelled(TripAdvanced):
    """The rider or the operator cancelled."""

    kind: ClassVar[str] = "trip_cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripAssigned(TripAdvanced):
    """A driver accepted and is on the way."""

    kind: ClassVar[str] = "trip_assigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripUnfulfilled(TripAdvanced):
    """No driver was found in time."""

    kind: ClassVar[str] = "trip_unfulfilled"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverArrived(TripAdvanced):
    """The driver is at the pick-up."""

    kind: ClassVar[str] = "driver_arrived"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripReleased(TripAdvanced):
    """The driver gave the trip back; it looks again, with its place kept."""

    kind: ClassVar[str] = "trip_released"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderDidNotShow(TripAdvanced):
    """The rider did not come."""

    kind: ClassVar[str] = "rider_did_not_show"


@dataclass(frozen=True, slots=True, kw_only=True)
class RiderBoarded(TripAdvanced):
    """The rider is on board."""

    kind: ClassVar[str] = "rider_boarded"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripStopped(TripAdvanced):
    """A stop on the way began."""

    kind: ClassVar[str] = "trip_stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripResumed(TripAdvanced):
    """A stop on the way ended."""

    kind: ClassVar[str] = "trip_resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripCompleted(TripAdvanced):
    """The trip is done and its fare posted."""

    kind: ClassVar[str] = "trip_completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TripAborted(TripAdvanced):
    """The trip was broken off on the way; nothing is charged."""

    kind: ClassVar[str] = "trip_aborted"


_BY_STEP: dict[Step, type[TripAdvanced]] = {
    Step.START_MATCHING: MatchingStarted,
    Step.RIDER_CANCEL: TripCancelled,
    Step.OPERATOR_CANCEL: TripCancelled,
    Step.ACCEPT: TripAssigned,
    Step.EXPIRE: TripUnfulfilled,
    Step.ARRIVE: DriverArrived,
    Step.DRIVER_RELEASE: TripReleased,
    Step.NO_SHOW: RiderDidNotShow,
    Step.BOARD: RiderBoarded,
    Step.STOP: TripStopped,
    Step.RESUME: TripResumed,
    Step.COMPLETE: TripCompleted,
    Step.ABORT: TripAborted,
}


def event_of(fact: TripStep, event_id: EventId) -> TripAdvanced:
    """The event that tells of a step of a trip."""
    return _BY_STEP[fact.step](
        event_id=event_id,
        occurred_at=fact.occurred_at,
        trip_id=fact.trip_id,
        seq=fact.seq,
        before=fact.before,
        step=fact.step,
        after=fact.after,
        attempt=fact.attempt,
        actor=fact.actor,
        reason=fact.reason,
        rider=fact.rider_id,
        driver=fact.driver_id,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingAtRisk(Event):
    """Shortly before the wanted time of a booked trip nobody has been found; told once."""

    topic: ClassVar[str] = "booking"
    kind: ClassVar[str] = "booking_at_risk"

    trip_id: TripId
    wanted_at: datetime
    rider: RiderId

    @property
    def key(self) -> str:
        """The trip and what is told of it."""
        return f"{self.trip_id}:{self.kind}"

    @property
    def rider_id(self) -> RiderId:
        """Who booked."""
        return self.rider


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEvent(Event):
    """Something happened to an offer; only its driver hears of it."""

    topic: ClassVar[str] = "offer"

    offer_id: OfferId
    trip_id: TripId
    attempt: int
    driver: DriverId

    @property
    def key(self) -> str:
        """The offer and what happened to it."""
        return f"{self.offer_id}:{self.kind}"

    @property
    def driver_id(self) -> DriverId:
        """The driver it was made to."""
        return self.driver


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferMade(OfferEvent):
    """A trip was shown to a driver."""

    kind: ClassVar[str] = "offer_made"
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAccepted(OfferEvent):
    """The driver took the trip."""

    kind: ClassVar[str] = "offer_accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferDeclined(OfferEvent):
    """The driver did not want the trip; that has no consequence."""

    kind: ClassVar[str] = "offer_declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferLapsed(OfferEvent):
    """The deadline passed; that has no consequence."""

    kind: ClassVar[str] = "offer_lapsed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferWithdrawn(OfferEvent):
    """The trip was cancelled, or the driver went off shift."""

    kind: ClassVar[str] = "offer_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftEvent(Event):
    """Something happened to a shift."""

    topic: ClassVar[str] = "shift"

    shift_id: ShiftId
    vehicle_id: VehicleId
    driver: DriverId

    @property
    def key(self) -> str:
        """The shift and what happened to it."""
        return f"{self.shift_id}:{self.kind}"

    @property
    def driver_id(self) -> DriverId:
        """Whose shift it is."""
        return self.driver


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftStarted(ShiftEvent):
    """A driver went on duty."""

    kind: ClassVar[str] = "shift_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftEnded(ShiftEvent):
    """A driver went off duty."""

    kind: ClassVar[str] = "shift_ended"
    reason: str
