"""How many requests each waiting zone may expect.

Owns the port through which repositioning hears of demand, and its plainest answer. What was
learned of other days enters here: as another `Forecast`, over the same zones.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.columns import Whole


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecentRequests:
    """What was asked for lately.

    Attributes
    ----------
    counts
        int64, (zones,): requests from each zone.
    within_ms
        The length of the time that was counted, up to now; above 0.
    """

    counts: Whole
    within_ms: int


class Forecast(Protocol):
    """Tells what to expect from what was counted and from the time."""

    def __call__(
        self, recent: RecentRequests, *, at_ms: int, horizon_seconds: int
    ) -> NDArray[np.float64]:
        """Requests expected from each zone.

        Parameters
        ----------
        at_ms
            Now: milliseconds since the Unix epoch, or since a study's midnight.
        horizon_seconds
            Requests of so long from now are meant.

        Returns
        -------
        numpy.ndarray
            float64, (zones,): none below 0.
        """


def as_lately(recent: RecentRequests, *, at_ms: int, horizon_seconds: int) -> NDArray[np.float64]:
    """A `Forecast`: it goes on as it was, whatever the hour."""
    ahead = horizon_seconds * 1000 / recent.within_ms
    return np.asarray(recent.counts * ahead, dtype=np.float64)
