"""The kerb: where a rider tells the driver their PIN, which no network carries."""


class Kerb:
    """What simulated riders say to the driver in front of them."""

    def __init__(self) -> None:
        self._expected: set[str] = set()
        self._said: dict[str, str] = {}

    def await_car(self, trip_id: str) -> None:
        """A simulated rider waits for this trip."""
        self._expected.add(trip_id)

    def say_pin(self, trip_id: str, pin: str) -> None:
        """The rider is at the car and says the PIN."""
        self._said[trip_id] = pin

    def leave(self, trip_id: str) -> None:
        """The trip is over for the rider."""
        self._expected.discard(trip_id)
        self._said.pop(trip_id, None)

    def expects(self, trip_id: str) -> bool:
        """Whether one of the simulated riders waits for this trip."""
        return trip_id in self._expected

    def pin_of(self, trip_id: str) -> str | None:
        """What was said, if anything."""
        return self._said.get(trip_id)
