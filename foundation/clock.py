"""Time as an argument: the one door to the clocks.

Two times exist. *Service time* is what deadlines, tariffs and receipts are about; the database
tells it (`service_now()`), and in a demonstration it may start elsewhere and run faster. *Wall
time* is this machine's; only durations of our own work (`*_ms` figures) are read from it.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def wall_now() -> datetime:
    """This machine's time, aware UTC. For sessions of work, never for a rule."""
    return datetime.now(UTC)


def stopwatch_ms() -> float:
    """Milliseconds on a clock that never goes back; only differences mean anything."""
    return time.perf_counter() * 1000


def processor_ms() -> float:
    """Milliseconds of processor time of this process; only differences mean anything."""
    return time.process_time() * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceClock:
    """Service time as a straight line over wall time, as the row `storage.service_time` says.

    `rate` is service seconds a wall second: 1 outside a demonstration.
    """

    wall_origin: datetime
    service_origin: datetime
    rate: float

    def at(self, wall: datetime) -> datetime:
        """Service time at the wall instant `wall`."""
        return self.service_origin + (wall - self.wall_origin) * self.rate

    def wall_seconds(self, service: timedelta) -> float:
        """How many wall seconds a span of service time takes."""
        return service.total_seconds() / self.rate
