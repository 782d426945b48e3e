"""Demand by waiting zone, as everybody may see it.

Owns what is held back: no figure of a zone with fewer than ten requests, none finer than steps of
five, none anew more often than every five minutes. What advice rests on can be checked by
everybody without telling of any one rider.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.demand import RecentRequests

FEWEST_REQUESTS = 10
"""No figure is of fewer requests (as invariant I32 has it of drivers)."""

REQUESTS_STEP = 5
ANEW_EVERY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDemand:
    """Requests an hour expected from each zone.

    Attributes
    ----------
    counted_seconds
        The length of the time whose requests were counted.
    requests_hour
        By zone; None where fewer than ten were counted.
    """

    as_of: datetime
    counted_seconds: int
    requests_hour: tuple[int | None, ...]


class DemandLog:
    """The latest figures; replaced when something newer is told and they are five minutes old."""

    def __init__(self) -> None:
        self.latest: PublicDemand | None = None

    def note(
        self, recent: RecentRequests, expected_hour: NDArray[np.float64], *, at: datetime
    ) -> None:
        """Demand was worked out."""
        if self.latest is None or at - self.latest.as_of >= ANEW_EVERY:
            self.latest = published(recent, expected_hour, at=at)


def published(
    recent: RecentRequests, expected_hour: NDArray[np.float64], *, at: datetime
) -> PublicDemand:
    """What is expected of each zone, in the granularity that is published.

    Parameters
    ----------
    expected_hour
        float64, (zones,): requests expected within the next hour.
    """
    return PublicDemand(
        as_of=at,
        counted_seconds=recent.within_ms // 1000,
        requests_hour=tuple(
            int(hourly) // REQUESTS_STEP * REQUESTS_STEP if count >= FEWEST_REQUESTS else None
            for count, hourly in zip(recent.counts.tolist(), expected_hour.tolist(), strict=True)
        ),
    )
