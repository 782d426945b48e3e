"""A round's fit pairs, each with its cost: what a choice is made from and explained by.

Owns the step from what a round knows to numbers. Nothing is chosen here. A stored round comes in by
`weigh`; a simulator with thousands of small rounds, which keeps trips and drivers as arrays already,
calls the compiled loop underneath from its own (`pair_kernels.weigh`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.matching import pair_kernels
from dispatch.matching.assignment import Problem
from dispatch.matching.columns import Columns, Whole, columns_of
from dispatch.matching.cost import PairCosts
from dispatch.matching.rates import rates_of
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
    columns = columns_of(snapshot) if columns is None else columns
    rates = rates_of(snapshot.policy)
    found = pair_kernels.weigh(
        columns,
        rates,
        snapshot.at_ms,
        round_input.pairs.astype(np.int64),
        round_input.pickup_ms.astype(np.int64),
        pair_kernels.driver_terms(columns.drivers, rates, snapshot.at_ms),
    )
    return Weighed(
        columns=columns,
        problem=Problem(
            pairs=found.pairs,
            cost_ms=found.cost_ms,
            pickup_ms=found.pickup_ms,
            price_ms=found.price_ms,
            trip_turn=found.trip_turn,
            driver_turn=found.driver_turn,
        ),
        costs=PairCosts(terms=found.terms, total_ms=found.cost_ms, pickup_ms=found.pickup_ms),
        unfit_trips=found.unfit[:, 0],
        unfit_limits=found.unfit_limits,
    )
