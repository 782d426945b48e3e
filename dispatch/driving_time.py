"""How much longer a driver may drive: from the work they did, whatever shifts it fell in. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Engaged:
    """One trip's work: engaged from the acceptance until `ended_at`, so many whole seconds."""

    ended_at: datetime
    seconds: int


@dataclass(slots=True, kw_only=True)
class DrivingTime:
    """A driver's engaged seconds within a window that moves on.

    What is older than the window is let go of as it is asked for, so that asking costs the same
    however long a driver has worked. A trip belongs to the window as a whole, by its end.
    """

    _work: deque[Engaged] = field(default_factory=deque)
    _seconds: int = 0
    engaged_since: datetime | None = None

    @classmethod
    def of(cls, work: Iterable[Engaged], *, engaged_since: datetime | None = None) -> "DrivingTime":
        """From what the work record says, in any order, and the trip under way, if any."""
        known = cls(engaged_since=engaged_since)
        for one in sorted(work, key=lambda one: one.ended_at):
            known._note(one)
        return known

    def begin(self, at: datetime) -> None:
        """The driver has accepted a trip; said again of the same trip it changes nothing."""
        self.engaged_since = self.engaged_since or at

    def end(self, at: datetime) -> None:
        """The driver's trip is over, or out of their hands; without one it changes nothing."""
        if self.engaged_since is not None:
            seconds = max(0, int((at - self.engaged_since).total_seconds()))
            self._note(Engaged(ended_at=at, seconds=seconds))
            self.engaged_since = None

    def seconds_left(self, now: datetime, *, most_seconds: int, window_seconds: int) -> int:
        """What is left of `most_seconds` within the window that ends now; never below zero."""
        begins = now - timedelta(seconds=window_seconds)
        while self._work and self._work[0].ended_at <= begins:
            self._seconds -= self._work.popleft().seconds
        under_way = 0
        if self.engaged_since is not None:
            under_way = max(0, int((now - self.engaged_since).total_seconds()))
        return max(0, most_seconds - self._seconds - under_way)

    def _note(self, one: Engaged) -> None:
        self._work.append(one)
        self._seconds += one.seconds
