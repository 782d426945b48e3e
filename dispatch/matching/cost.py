"""What a pair costs and what it costs to leave a trip open, in milliseconds of waiting.

Owns the sum; each part stays separate, because every part can be asked about. A cost is not a
price: no money moves by it. All terms are those of docs/reference/matching_policy.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from dispatch.matching.columns import Columns, Whole, crow_decimetres
from dispatch.matching.fairness import earnings_terms, idle_terms
from dispatch.matching.policy import Policy


@dataclass(frozen=True, slots=True)
class CostTerms:
    """One pair's cost by its parts, in whole milliseconds; a preference is negative.

    Attributes
    ----------
    drive_ms
        Road time to the pick-up.
    busy_ms
        Time until the driver is free.
    chaining_ms
        Allowance for the trip under way taking longer than planned.
    earnings_ms, idle_ms
        Fairness among drivers: earnings an hour, time without an offer.
    homeward_ms
        Whether the trip leads towards the place where the driver wants to end the shift.
    early_ms, late_ms
        Of a trip booked ahead: the driver would stand waiting for the wanted time, or the rider
        would wait beyond it.
    """

    drive_ms: int
    busy_ms: int
    chaining_ms: int
    earnings_ms: int
    idle_ms: int
    homeward_ms: int
    early_ms: int
    late_ms: int

    @property
    def pickup_ms(self) -> int:
        """When the driver would be at the pick-up, counted from the round."""
        return self.drive_ms + self.busy_ms

    @property
    def total_ms(self) -> int:
        """The cost by which pairs are compared."""
        return int(self.array().sum())

    def array(self) -> Whole:
        """The parts as int64, (terms,), in the order of `TERMS`."""
        return np.array([getattr(self, name) for name in TERMS], dtype=np.int64)


TERMS = tuple(field.name for field in fields(CostTerms))
"""Names of the parts, in the order in which a later one explains what an earlier one does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCosts:
    """The costs of many pairs.

    Attributes
    ----------
    terms
        int64, (terms, pairs): the parts, in the order of `TERMS`.
    total_ms, pickup_ms
        int64, (pairs,): their sum, and the time of the pick-up counted from the round.
    """

    terms: Whole
    total_ms: Whole
    pickup_ms: Whole

    def of(self, pair: int) -> CostTerms:
        """One pair's parts."""
        return self.of_each([pair])[0]

    def of_each(self, pairs: Sequence[int]) -> list[CostTerms]:
        """The parts of each of these pairs."""
        columns = self.terms[:, np.asarray(pairs, dtype=np.int64)].tolist()
        return list(map(CostTerms, *columns))


def pair_costs(
    columns: Columns, policy: Policy, *, at_ms: int, pairs: Whole, drive_ms: Whole
) -> PairCosts:
    """What each pair costs.

    Parameters
    ----------
    pairs
        int64, (pairs, 2): index of the trip and of the driver.
    drive_ms
        int64, (pairs,): road time from the driver's place to the pick-up.
    """
    trips, drivers = pairs[:, 0], pairs[:, 1]
    busy = columns.drivers.free_in_ms[drivers]
    early, late = _booked(columns, policy, trips=trips, arrive_ms=drive_ms + busy)
    terms = {
        "drive_ms": drive_ms,
        "busy_ms": busy,
        "chaining_ms": busy * policy.weights.chaining // 1000,
        "earnings_ms": earnings_terms(columns.drivers, policy)[drivers],
        "idle_ms": idle_terms(columns.drivers, policy, at_ms=at_ms)[drivers],
        "homeward_ms": _homeward(columns, policy, trips=trips, drivers=drivers),
        "early_ms": early,
        "late_ms": late,
    }
    stacked = np.stack([terms[name] for name in TERMS]).astype(np.int64)
    return PairCosts(terms=stacked, total_ms=stacked.sum(axis=0), pickup_ms=drive_ms + busy)


def unmatched_prices(columns: Columns, policy: Policy, *, at_ms: int) -> Whole:
    """What it costs to leave each trip open this round: milliseconds, (trips,).

    Grows with each second of waiting and without limit: that is what ends every wait. A trip i is
    only overtaken by k for the same driver while k's price, less what k's pick-up is dearer, is
    above i's; pick-ups differ by a bounded amount, so only trips asked for within a bounded time
    after i can overtake it. A trip booked ahead can cost `caps_seconds.booked` more than another,
    and its price is as much higher.
    """
    waited = waited_ms(columns, at_ms=at_ms)
    overdue = np.maximum(0, waited - policy.patience_seconds * 1000)
    growth = waited * policy.weights.age + overdue * policy.weights.overdue
    booked = columns.trips.is_booked * (policy.caps_seconds.booked * 1000)
    return np.asarray(policy.unmatched_seconds * 1000 + growth // 1000 + booked, dtype=np.int64)


def waited_ms(columns: Columns, *, at_ms: int) -> Whole:
    """How long each trip has been waiting: milliseconds, (trips,), never negative."""
    return np.maximum(0, at_ms - columns.trips.asked_at_ms)


def _booked(
    columns: Columns, policy: Policy, *, trips: Whole, arrive_ms: Whole
) -> tuple[Whole, Whole]:
    """What a pair costs for coming before the wanted time and after it, in milliseconds, (pairs,).

    A wanted time that has passed is now: what is lost already is lost with every driver.
    """
    early = np.maximum(0, columns.trips.wanted_in_ms[trips] - arrive_ms)
    late = np.maximum(0, arrive_ms - columns.trips.wanted_in_ms[trips])
    late *= columns.trips.is_booked[trips]
    cap = policy.caps_seconds.booked * 1000
    return (
        np.minimum(cap, early * policy.weights.early // 1000),
        np.minimum(cap, late * policy.weights.late // 1000),
    )


def _homeward(columns: Columns, policy: Policy, *, trips: Whole, drivers: Whole) -> Whole:
    """By how much a trip leads away from home (towards it: negative), in milliseconds, (pairs,)."""
    driver = columns.drivers
    home = driver.home[drivers]
    after = crow_decimetres(columns.trips.dropoff[trips], home)
    before = crow_decimetres(driver.place[drivers], home)
    term = (after - before) * policy.weights.homeward // 10_000
    cap = policy.caps_seconds.homeward * 1000
    ending = driver.shift_left_ms <= policy.homeward_within_seconds * 1000
    return np.where((driver.heads_home & ending)[drivers], np.clip(term, -cap, cap), 0)
