"""A round's fit pairs, each with its cost: what a choice is made from and explained by.

Owns the step from what a round knows to numbers. Nothing is chosen here. There are two doors to
the same lines: `weigh` for a stored round, and `weigh_pairs` for whoever keeps trips and drivers as
arrays already, such as a simulator with thousands of small rounds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching.assignment import Problem
from dispatch.matching.columns import Columns, Whole, columns_of
from dispatch.matching.cost import PairCosts, pair_costs, unmatched_prices
from dispatch.matching.limits import broken_on_roads
from dispatch.matching.policy import Policy
from dispatch.matching.round_input import RoundInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """A round before the choice, in numbers only.

    Attributes
    ----------
    columns
        What the round knew.
    problem, costs
        The fit pairs, and what each costs by its parts.
    unfit_trips, unfit_limits
        int64, (unfit,): the candidate pairs that fell away once their road times were known, as
        the trip and the limits (`Limit`) that the pair breaks.
    """

    columns: Columns
    problem: Problem
    costs: PairCosts
    unfit_trips: Whole
    unfit_limits: NDArray[np.int64]


def weigh(round_input: RoundInput, columns: Columns | None = None) -> Weighed:
    """Drop the pairs that break a hard limit and work out what the others cost.

    `columns` are the snapshot's, for whoever has them already.
    """
    snapshot = round_input.snapshot
    return weigh_pairs(
        columns_of(snapshot) if columns is None else columns,
        snapshot.policy,
        at_ms=snapshot.at_ms,
        pairs=round_input.pairs,
        drive_ms=round_input.pickup_ms,
    )


def weigh_pairs(
    columns: Columns,
    policy: Policy,
    *,
    at_ms: int,
    pairs: NDArray[np.int32] | Whole,
    drive_ms: NDArray[np.int32] | Whole,
) -> Weighed:
    """The same from arrays alone: no snapshot, no identifiers, nothing to encode.

    The rows of `columns` stand in the order of their identifiers, as a `Snapshot` has them; that
    order settles what nothing else does. The problem may go straight to an `Assigner`:

        weighed = weigh_pairs(columns, policy, at_ms=at_ms, pairs=pairs, drive_ms=drive_ms)
        chosen = least_cost(weighed.problem)     # for each trip a row of problem.pairs, or OPEN

    Parameters
    ----------
    columns
        Trips and drivers; `free_in_ms`, `shift_left_ms` and the like are counted from `at_ms`.
    at_ms
        The instant of the round.
    pairs
        (pairs, 2): rows of the trip and of the driver, in ascending order, none twice; as
        `candidates.search` gives them.
    drive_ms
        (pairs,): road time from the driver's place to the pick-up, or `UNREACHABLE`.
    """
    fit_pairs: Whole = pairs.astype(np.int64)
    fit_drive_ms: Whole = drive_ms.astype(np.int64)
    broken = broken_on_roads(
        columns, policy, trips=fit_pairs[:, 0], drivers=fit_pairs[:, 1], drive_ms=fit_drive_ms
    )
    unfit_trips, unfit_limits = fit_pairs[:0, 0], broken[:0]
    if broken.any():
        fit = broken == 0
        unfit_trips, unfit_limits = fit_pairs[~fit, 0], broken[~fit]
        fit_pairs, fit_drive_ms = fit_pairs[fit], fit_drive_ms[fit]
    costs = pair_costs(columns, policy, at_ms=at_ms, pairs=fit_pairs, drive_ms=fit_drive_ms)
    problem = Problem(
        pairs=fit_pairs,
        cost_ms=costs.total_ms,
        pickup_ms=costs.pickup_ms,
        price_ms=unmatched_prices(columns, policy, at_ms=at_ms),
        trip_turn=_turns(columns.trips.asked_at_ms),
        driver_turn=_turns(columns.drivers.idle_since_ms),
    )
    return Weighed(
        columns=columns,
        problem=problem,
        costs=costs,
        unfit_trips=unfit_trips,
        unfit_limits=unfit_limits,
    )


def _turns(since_ms: Whole) -> Whole:
    """Each one's place in the order of waiting; among equals the identifier decides."""
    turns = np.empty(len(since_ms), dtype=np.int64)
    turns[np.argsort(since_ms, kind="stable")] = np.arange(len(since_ms))
    return turns
