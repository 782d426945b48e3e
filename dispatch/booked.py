"""When the search for a booked trip begins: by how long riders wait for a car there. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from foundation.identifiers import TripId
from rulebook.booking_policy import BookingPolicy

FEWEST_WAITS = 20
"""So many waits in a zone tell of it; with fewer the whole city is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A percentile of recent waits for a car, in whole seconds, and of how many riders it is."""

    seconds: int
    riders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """What riders waited lately, in the city as a whole and by zone; None where nobody asked."""

    city: Wait | None
    zones: Mapping[str, Wait]

    def seconds_in(self, zone: str | None) -> int:
        """What to expect in a zone, or outside every zone; 0 where nothing is known."""
        known = self.zones.get(zone) if zone is not None else None
        if known is not None and known.riders >= FEWEST_WAITS:
            return known.seconds
        return 0 if self.city is None else self.city.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """A booked trip whose search has not begun; at `matching_from` it must."""

    trip_id: TripId
    wanted_at: datetime
    matching_from: datetime
    zone: str | None


def lead_seconds(policy: BookingPolicy, expected_seconds: int) -> int:
    """How long before the wanted time the search begins, in whole seconds.

    As long as riders wait for a car there, and the margin, within the policy's two bounds.
    """
    wished = expected_seconds + policy.book_ahead_margin_s
    return min(policy.book_ahead_lead_max_s, max(policy.book_ahead_lead_s, wished))


def is_due(scheduled: Scheduled, *, now: datetime, policy: BookingPolicy, waits: Waits) -> bool:
    """Whether the search for a booked trip begins now.

    It never begins later than was fixed at the booking, whatever policy has come since.
    """
    lead = timedelta(seconds=lead_seconds(policy, waits.seconds_in(scheduled.zone)))
    return now >= scheduled.matching_from or now >= scheduled.wanted_at - lead
