"""A round's fit pairs, each with its cost: what a choice is made from and explained by.

Owns the step from the stored input to numbers. Nothing is chosen here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment import Problem
from dispatch.matching.columns import Columns, Whole, columns_of
from dispatch.matching.cost import PairCosts, pair_costs, unmatched_prices
from dispatch.matching.limits import broken_on_roads
from dispatch.matching.snapshot import RoundInput, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A round before the choice.

    Attributes
    ----------
    snapshot, columns
        What the round knew, as values and as arrays.
    problem, costs
        The fit pairs, and what each costs by its parts.
    unfit_trips, unfit_limits
        int64, (unfit,): the candidate pairs that fell away once their road times were known, as
        the trip and the limits (`Limit`) that the pair breaks.
    """

    snapshot: Snapshot
    columns: Columns
    problem: Problem
    costs: PairCosts
    unfit_trips: Whole
    unfit_limits: NDArray[np.int64]


def weigh(round_input: RoundInput) -> Weighed:
    """Drop the pairs that break a hard limit and work out what the others cost."""
    snapshot = round_input.snapshot
    policy, at_ms = snapshot.policy, snapshot.at_ms
    columns = columns_of(snapshot)
    pairs = round_input.pairs.astype(np.int64)
    drive_ms = round_input.pickup_ms.astype(np.int64)
    broken = broken_on_roads(
        columns, policy, trips=pairs[:, 0], drivers=pairs[:, 1], drive_ms=drive_ms
    )
    fit = broken == 0
    costs = pair_costs(columns, policy, at_ms=at_ms, pairs=pairs[fit], drive_ms=drive_ms[fit])
    problem = Problem(
        pairs=pairs[fit],
        cost_ms=costs.total_ms,
        pickup_ms=costs.pickup_ms,
        price_ms=unmatched_prices(columns, policy, at_ms=at_ms),
        trip_turn=_turns(columns.trips.asked_at_ms),
        driver_turn=_turns(columns.drivers.idle_since_ms),
    )
    return Weighed(
        snapshot=snapshot,
        columns=columns,
        problem=problem,
        costs=costs,
        unfit_trips=pairs[~fit, 0],
        unfit_limits=broken[~fit],
    )


def _turns(since_ms: Whole) -> Whole:
    """Each one's place in the order of waiting; among equals the identifier decides."""
    turns = np.empty(len(since_ms), dtype=np.int64)
    turns[np.argsort(since_ms, kind="stable")] = np.arange(len(since_ms))
    return turns
