"""What dispatch refuses, each in one sentence a person can act on."""

from typing import Literal

from foundation.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from foundation.identifiers import UUID


class TripNotFound(NotFound):
    """No such trip, or it is somebody else's."""

    code = "trip_not_found"

    def __init__(self, trip_id: UUID) -> None:
        super().__init__("There is no such trip of yours.", trip_id=trip_id)


class OfferNotFound(NotFound):
    """No such offer, or it was made to somebody else."""

    code = "offer_not_found"

    def __init__(self, offer_id: UUID) -> None:
        super().__init__("There is no such offer to you.", offer_id=offer_id)


class ShiftNotFound(NotFound):
    """No such shift, or it is somebody else's."""

    code = "shift_not_found"

    def __init__(self, shift_id: UUID) -> None:
        super().__init__("There is no such shift of yours.", shift_id=shift_id)


class ShareLinkNotFound(NotFound):
    """The link is unknown or its trip ended some time ago."""

    code = "share_link_not_found"

    def __init__(self) -> None:
        super().__init__("This link shows no trip any more; ask for a new one.")


class IllegalStep(Conflict):
    """The step is not allowed from the trip's present state."""

    code = "illegal_step"

    def __init__(self, trip_id: UUID, state: str, step: str) -> None:
        super().__init__(
            f'That cannot be done now: the trip stands at "{state.replace("_", " ")}".',
            trip_id=trip_id,
            state=state,
            step=step,
        )


class TripIdTaken(Conflict):
    """The identifier names another request already."""

    code = "trip_id_taken"

    def __init__(self, trip_id: UUID) -> None:
        super().__init__("This trip identifier is taken; make a new one.", trip_id=trip_id)


class QuoteAlreadyBooked(Conflict):
    """A quote is booked once."""

    code = "quote_already_booked"

    def __init__(self, quote_id: UUID) -> None:
        super().__init__("This quote was booked already; ask for a new one.", quote_id=quote_id)


class TooManyOpenRequests(Conflict):
    """I4: the policy limits how many trips a rider may have open at once."""

    code = "too_many_open_requests"

    def __init__(self, allowed: int) -> None:
        super().__init__(
            f"You may have {allowed} open trip{'s' if allowed != 1 else ''} at a time; "
            "end or cancel one first.",
            allowed=allowed,
        )


class OfferOver(Gone):
    """The offer was accepted, declined, withdrawn, or its time ran out."""

    code = "offer_over"

    def __init__(self, offer_id: UUID, state: str) -> None:
        sentences = {
            "lapsed": "This offer's time is over; another will come.",
            "withdrawn": "This offer was withdrawn; another will come.",
            "accepted": "This offer is accepted already.",
            "declined": "You declined this offer already.",
        }
        super().__init__(sentences[state], offer_id=offer_id, state=state)


class AttemptChanged(Conflict):
    """The trip went on to another attempt since the offer was shown."""

    code = "attempt_changed"

    def __init__(self, offer_id: UUID, attempt: int) -> None:
        super().__init__(
            "The trip has changed since this offer was shown; look at it again.",
            offer_id=offer_id,
            attempt=attempt,
        )


class NotOnShift(Conflict):
    """The step needs a driver on shift."""

    code = "not_on_shift"

    def __init__(self) -> None:
        super().__init__("You are not on shift; start one first.")


class AlreadyOnShift(Conflict):
    """One shift a driver, one shift a vehicle."""

    code = "already_on_shift"

    def __init__(self, who: Literal["driver", "vehicle"]) -> None:
        sentences = {
            "driver": "You are on shift already; end that shift first.",
            "vehicle": "Somebody is on shift with this vehicle; take another, or ask them to end.",
        }
        super().__init__(sentences[who], who=who)


class ShiftIdTaken(Conflict):
    """The identifier names another shift, or one that has ended."""

    code = "shift_id_taken"

    def __init__(self, shift_id: UUID) -> None:
        super().__init__("This shift identifier is taken; make a new one.", shift_id=shift_id)


class ShiftHasTrip(Conflict):
    """A shift ends after its trip."""

    code = "shift_has_trip"

    def __init__(self, trip_id: UUID) -> None:
        super().__init__("You have a trip under way; finish or release it first.", trip_id=trip_id)


class OutOfHours(Forbidden):
    """I11: the shift is as long as the rule allows."""

    code = "out_of_hours"

    def __init__(self) -> None:
        super().__init__("Your hours for this shift are used up; please rest.")


class TooFarFromPickup(Conflict):
    """An arrival away from the pick-up needs a recorded reason."""

    code = "too_far_from_pickup"

    def __init__(self, trip_id: UUID, distance: int, within: int) -> None:
        super().__init__(
            f"You are {distance} metres from the pick-up; come within {within} metres or say why.",
            trip_id=trip_id,
            distance_metres=distance,
            within_metres=within,
        )


class OutOfTurn(Conflict):
    """A stop is come to in the order of the run."""

    code = "out_of_turn"

    def __init__(self, trip_id: UUID, first: UUID) -> None:
        super().__init__(
            "Another stop of yours comes first; finish that one before you go to this rider.",
            trip_id=trip_id,
            first_trip_id=first,
        )


class PlanOvertaken(Conflict):
    """The run changed since the offer was planned, so that the plan does not hold any more."""

    code = "plan_overtaken"

    def __init__(self, trip_id: UUID) -> None:
        super().__init__(
            "Your stops have changed since this offer was planned; another will come.",
            trip_id=trip_id,
        )


class PinWrong(Conflict):
    """The PIN is not the rider's."""

    code = "pin_wrong"

    def __init__(self, trip_id: UUID, tries_left: int) -> None:
        super().__init__(
            f"That is not this rider's PIN; tries left: {tries_left}.",
            trip_id=trip_id,
            tries_left=tries_left,
        )


class ReasonNeeded(Invalid):
    """The step is possible with a recorded reason."""

    code = "reason_needed"

    def __init__(self, what: str) -> None:
        super().__init__(f"Please give a reason for {what}.", what=what)


class NoShowTooSoon(Conflict):
    """The rider still has time."""

    code = "no_show_too_soon"

    def __init__(self, trip_id: UUID, seconds_left: int) -> None:
        super().__init__(
            f"The rider has {seconds_left} seconds left to come.",
            trip_id=trip_id,
            seconds_left=seconds_left,
        )


class TripNotEnded(Conflict):
    """Rating, tip and receipt are for completed trips."""

    code = "trip_not_completed"

    def __init__(self, trip_id: UUID) -> None:
        super().__init__("That is possible once the trip is completed.", trip_id=trip_id)


class AlreadyRated(Conflict):
    """A trip is rated once."""

    code = "already_rated"

    def __init__(self, trip_id: UUID) -> None:
        super().__init__("You rated this trip already.", trip_id=trip_id)


class PurposeNeeded(Forbidden):
    """I29: staff look at a person's trip or position only for a stated purpose."""

    code = "purpose_needed"

    def __init__(self) -> None:
        super().__init__("State a purpose for this look first; it is over, or for something else.")


class PurposeUnclear(Invalid):
    """A look is at one trip, at one driver's papers, or, to watch, at the fleet as a whole."""

    code = "purpose_unclear"

    def __init__(self) -> None:
        super().__init__(
            "Name the trip or the driver you mean to look at, not both; `licensing` is of a driver, "
            "and only `watch` goes without either."
        )
