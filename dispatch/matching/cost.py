"""What a pair costs and what it costs to leave a trip open, in milliseconds of waiting.

Owns the sum; each part stays separate, because every part can be asked about. A cost is not a
price: no money moves by it. All terms are those of docs/reference/matching_policy.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dispatch.matching import pair_kernels
from dispatch.matching.columns import Columns, Whole
from dispatch.matching.policy import Policy
from dispatch.matching.rates import rates_of


class CostTerms(NamedTuple):
    """One pair's cost by its parts, in whole milliseconds; a preference is negative.

    A tuple with names, because a round makes thousands.

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
    place_ms
        What the driver is worth where they are, to riders who are still to ask.
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
    place_ms: int
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
        return np.array(self, dtype=np.int64)


TERMS = CostTerms._fields
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

    def of_each(self, pairs: Sequence[int] | Whole) -> list[CostTerms]:
        """The parts of each of these pairs."""
        rows = self.terms[:, np.asarray(pairs, dtype=np.int64)].T.tolist()
        return list(map(CostTerms._make, rows))


def unmatched_prices(columns: Columns, policy: Policy, *, at_ms: int) -> Whole:
    """What it costs to leave each trip open this round: milliseconds, (trips,).

    Grows with each second of waiting and without limit: that is what ends every wait. A trip i is
    only overtaken by k for the same driver while k's price, less what k's pick-up is dearer, is
    above i's; pick-ups differ by a bounded amount, so only trips asked for within a bounded time
    after i can overtake it. A trip booked ahead can cost `caps_seconds.booked` more than another,
    and its price is as much higher.
    """
    return pair_kernels.open_prices(columns.trips, rates_of(policy), at_ms)


def waited_ms(columns: Columns, *, at_ms: int) -> Whole:
    """How long each trip has been waiting: milliseconds, (trips,), never negative."""
    return np.maximum(0, at_ms - columns.trips.asked_at_ms)
