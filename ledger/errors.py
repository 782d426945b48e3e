"""Refusals of the books."""

from foundation.errors import Conflict, Invalid, NotFound
from foundation.identifiers import TripId
from foundation.money import Money


class HoldNotFound(NotFound):
    """No money was ever held for this trip."""

    code = "hold_not_found"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(f"No money is held for trip {trip_id}.", trip_id=trip_id)


class HoldOpen(Conflict):
    """Another amount, or another rider's, is held for this trip already."""

    code = "hold_open"

    def __init__(self, trip_id: TripId, held: Money) -> None:
        super().__init__(
            f"For trip {trip_id} {held} is held already; release that first.",
            trip_id=trip_id,
            held=str(held),
        )


class HoldReleased(Conflict):
    """The trip's money was let go, so the trip cannot be charged."""

    code = "hold_released"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(
            f"The money held for trip {trip_id} was released; the trip cannot be charged.",
            trip_id=trip_id,
        )


class TripAlreadyCharged(Conflict):
    """The trip has its one fare or fee, and another was asked for."""

    code = "trip_already_charged"

    def __init__(self, trip_id: TripId, kind: str, charged: Money) -> None:
        what = kind.replace("_", " ")
        super().__init__(
            f"Trip {trip_id} has been charged already: a {what} of {charged}.",
            trip_id=trip_id,
            kind=kind,
            charged=str(charged),
        )


class FareNotFound(NotFound):
    """The trip has no fare, or it is somebody else's trip."""

    code = "fare_not_found"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(f"There is no fare for trip {trip_id}.", trip_id=trip_id)


class TipAlreadyGiven(Conflict):
    """A trip has one tip, and it was another amount."""

    code = "tip_already_given"

    def __init__(self, trip_id: TripId, given: Money) -> None:
        super().__init__(
            f"A tip of {given} was given for trip {trip_id} already.",
            trip_id=trip_id,
            given=str(given),
        )


class RefundTooLarge(Conflict):
    """All refunds of a trip together would exceed what it was charged (I21)."""

    code = "refund_too_large"

    def __init__(self, trip_id: TripId, left: Money) -> None:
        super().__init__(
            f"At most {left} of trip {trip_id} can still be refunded.",
            trip_id=trip_id,
            left=str(left),
        )


class RefundAtTheSameMoment(Conflict):
    """Two refunds of one trip met; the other one was written."""

    code = "refund_at_the_same_moment"

    def __init__(self, trip_id: TripId) -> None:
        super().__init__(
            f"Another refund of trip {trip_id} was just made; look at the trip and try again.",
            trip_id=trip_id,
        )


class AmountNotPositive(Invalid):
    """An amount of money must be more than nothing here."""

    code = "amount_not_positive"

    def __init__(self, amount: Money) -> None:
        super().__init__(f"{amount} is not an amount to pay: it must be above zero.")


class CurrencyOfTheTrip(Invalid):
    """The amount is in another currency than the trip was charged in."""

    code = "currency_of_the_trip"

    def __init__(self, amount: Money, currency: str) -> None:
        super().__init__(
            f"The trip was charged in {currency}, so {amount} cannot be booked for it.",
            currency=currency,
        )


class StatementTooLong(Invalid):
    """More lines than one statement holds; a shorter time will do."""

    code = "statement_too_long"

    def __init__(self, lines_max: int) -> None:
        super().__init__(
            f"A statement holds {lines_max} lines at most; ask for a shorter time.",
            lines_max=lines_max,
        )
