"""A policy's numbers as compiled loops take them.

Owns the units: everything that is compared with a time is in milliseconds here.
"""

from typing import NamedTuple

from dispatch.matching.policy import Policy


class Rates(NamedTuple):
    """What limits and costs are worked out with.

    Attributes
    ----------
    ahead_ms, pickup_ms_max, early_ms_max
        Hard limits: when a driver must be free, at the pick-up, and how long before a booking.
    earnings, idle, place, chaining, homeward, early, late, age, overdue
        Weights, in thousandths (`earnings`: milliseconds).
    """

    ahead_ms: int
    pickup_ms_max: int
    early_ms_max: int
    settle_seconds: int
    earnings: int
    earnings_cap_ms: int
    idle: int
    idle_after_ms: int
    idle_cap_ms: int
    place: int
    place_worth_ms_max: int
    chaining: int
    homeward: int
    homeward_cap_ms: int
    homeward_within_ms: int
    early: int
    late: int
    booked_cap_ms: int
    unmatched_ms: int
    patience_ms: int
    age: int
    overdue: int


def rates_of(policy: Policy) -> Rates:
    """The numbers of a policy."""
    weights, caps = policy.weights, policy.caps_seconds
    return Rates(
        ahead_ms=policy.ahead_seconds * 1000,
        pickup_ms_max=policy.pickup_seconds_max * 1000,
        early_ms_max=policy.early_seconds_max * 1000,
        settle_seconds=policy.earnings_settle_seconds,
        earnings=weights.earnings,
        earnings_cap_ms=caps.earnings * 1000,
        idle=weights.idle,
        idle_after_ms=policy.idle_after_seconds * 1000,
        idle_cap_ms=caps.idle * 1000,
        place=weights.place,
        place_worth_ms_max=policy.repositioning.worth_seconds * 1000,
        chaining=weights.chaining,
        homeward=weights.homeward,
        homeward_cap_ms=caps.homeward * 1000,
        homeward_within_ms=policy.homeward_within_seconds * 1000,
        early=weights.early,
        late=weights.late,
        booked_cap_ms=caps.booked * 1000,
        unmatched_ms=policy.unmatched_seconds * 1000,
        patience_ms=policy.patience_seconds * 1000,
        age=weights.age,
        overdue=weights.overdue,
    )
