"""What the doorway itself refuses."""

from foundation.errors import Invalid, TooMany


class IdempotencyKeyMissing(Invalid):
    """Every write carries a key, so that a retry is harmless."""

    code = "idempotency_key_missing"

    def __init__(self) -> None:
        super().__init__(
            "Send an Idempotency-Key header of 1 to 200 printable characters with every write."
        )


class IdempotencyKeyReused(Invalid):
    """I13: the same key with another request is refused."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request; make a new one.")


class SlowDown(TooMany):
    """More requests than a person makes."""

    code = "slow_down"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(
            "Too many requests; please wait a moment.", retry_after_seconds=retry_after_seconds
        )


class PlaceOutsideCity(Invalid):
    """A place is further from every street of the city than the booking policy allows."""

    code = "place_outside_city"

    def __init__(self, which: str, distance_metres: int, within_metres: int) -> None:
        super().__init__(
            f"The {which} is outside the area we serve, or no street is near it.",
            which=which,
            distance_metres=distance_metres,
            within_metres=within_metres,
        )


class PlacesTheSame(Invalid):
    """A trip goes somewhere."""

    code = "places_the_same"

    def __init__(self) -> None:
        super().__init__("Pick-up and destination are the same place.")


class PeriodBackwards(Invalid):
    """A stretch of time begins before it ends."""

    code = "period_backwards"

    def __init__(self) -> None:
        super().__init__("The start lies after the end; please turn them round.")
