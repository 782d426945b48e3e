"""Refusals of the fares room."""

from foundation.errors import Gone, Invalid, NotFound


class TariffInvalid(Invalid):
    """A tariff's body cannot be a price list; the field is named."""

    code = "tariff_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(
            f"The tariff cannot be read: {field} {reason}.", field=field, reason=reason
        )
        self.field = field
        self.reason = reason


class PayFloorInvalid(Invalid):
    """A pay floor's body cannot be read; the field is named."""

    code = "pay_floor_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(
            f"The pay floor cannot be read: {field} {reason}.", field=field, reason=reason
        )
        self.field = field
        self.reason = reason


class LevyInvalid(Invalid):
    """A levy's body cannot be read, or does not fit the tariff; the field is named."""

    code = "levy_invalid"

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The levy cannot be read: {field} {reason}.", field=field, reason=reason)
        self.field = field
        self.reason = reason


class VehicleClassUnknown(Invalid):
    """The tariff has no price for this class of vehicle."""

    code = "vehicle_class_unknown"

    def __init__(self, vehicle_class: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"There are no vehicles of class {vehicle_class!r} here; "
            f"choose one of {', '.join(known)}.",
            vehicle_class=vehicle_class,
            known=list(known),
        )


class ConcessionUnknown(Invalid):
    """The tariff grants no such concession."""

    code = "concession_unknown"

    def __init__(self, concession: str) -> None:
        super().__init__(f"There is no concession {concession!r} here.", concession=concession)


class PassThroughUnknown(Invalid):
    """The tariff lets no such outlay be passed on to the rider."""

    code = "pass_through_unknown"

    def __init__(self, outlay: str) -> None:
        super().__init__(
            f"The tariff does not let {outlay!r} be passed on to the rider.", outlay=outlay
        )


class SharingNotOffered(Invalid):
    """The tariff has no shared price for this journey."""

    code = "sharing_not_offered"

    def __init__(self, rule: str) -> None:
        super().__init__(
            "Shared trips have no price here and now; please ask without sharing.", rule=rule
        )


class JourneyTooLong(Invalid):
    """Distance, time or an amount beyond anything a car could do."""

    code = "journey_too_long"

    def __init__(self, what: str) -> None:
        super().__init__(f"That is not a journey by car: {what}.", what=what)


class QuoteNotFound(NotFound):
    """No such quote, or it is somebody else's: the two are answered alike."""

    code = "quote_not_found"

    def __init__(self, quote_id: str) -> None:
        super().__init__("There is no such quote; please ask for a new one.", quote_id=quote_id)


class QuoteExpired(Gone):
    """The promised price stood until `expired_at`."""

    code = "quote_expired"

    def __init__(self, quote_id: str, expired_at: str) -> None:
        super().__init__(
            "This quote has expired; please ask for a new one.",
            quote_id=quote_id,
            expired_at=expired_at,
        )


class TooManySeats(Invalid):
    """More seats than one trip may ask for."""

    code = "too_many_seats"

    def __init__(self, seats: int, seats_max: int) -> None:
        super().__init__(
            f"One car takes at most {seats_max} riders here; please book more than one.",
            seats=seats,
            seats_max=seats_max,
        )


class BookedTimeOutOfRange(Invalid):
    """A trip can be booked ahead neither for a time so near nor for one so far."""

    code = "booked_time_out_of_range"

    def __init__(self, booked_for: str, earliest: str, latest: str) -> None:
        super().__init__(
            f"A trip can be booked for a time from {earliest} to {latest}.",
            booked_for=booked_for,
            earliest=earliest,
            latest=latest,
        )
