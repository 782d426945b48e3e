"""A round of solo trips: from the stored input to a plan, in one pure function.

Owns the order of the steps: weigh, choose, account. The choice sees numbers only (`Problem`), so
that other groups than one trip and one driver can be weighed against it.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dispatch.matching import pair_kernels
from dispatch.matching.assignment import OPEN, SOLVER, Assigner, least_cost
from dispatch.matching.columns import Columns, Whole
from dispatch.matching.greedy import nearest_driver, sorted_greedy
from dispatch.matching.plan import VERSION, Method, Plan
from dispatch.matching.policy import Policy
from dispatch.matching.reasons import account
from dispatch.matching.round_input import RoundInput
from dispatch.matching.weighing import Weighed, weigh

_ASSIGNERS: Mapping[Method, tuple[Assigner, str]] = {
    Method.ASSIGNMENT: (least_cost, SOLVER),
    Method.SORTED_GREEDY: (sorted_greedy, "own"),
    Method.NEAREST_DRIVER: (nearest_driver, "own"),
}


def settle(weighed: Weighed, chosen: Whole, policy: Policy) -> tuple[Whole, NDArray[np.bool_]]:
    """What of a choice holds now.

    A driver free later than `free_within_seconds` was weighed so that the trip is not given to
    somebody worse meanwhile; it is decided again in the next round, with what is known then.

    Returns
    -------
    tuple of numpy.ndarray
        The choice without such pairs, and which trips are kept for their drivers; both (trips,).
    """
    kept = pair_kernels.kept_for_later(
        weighed.problem.pairs,
        chosen,
        weighed.columns.drivers.free_in_ms,
        policy.free_within_seconds * 1000,
    )
    return np.where(kept, OPEN, chosen), kept


def decide(
    round_input: RoundInput,
    *,
    method: Method = Method.ASSIGNMENT,
    columns: Columns | None = None,
) -> Plan:
    """Decide a round.

    Parameters
    ----------
    round_input
        The snapshot, and the road times of its candidate pairs.
    method
        How to choose. The assignment gives way to `SORTED_GREEDY` in a round with more pairs than
        the policy's `assignment_pairs_max`: by size and never by the clock, so a replay does too.
    columns
        The snapshot's, where they are known already from the search for candidates.

    Returns
    -------
    Plan
        The same for the same input, on every machine with the same solver.
    """
    snapshot, weighed = round_input.snapshot, weigh(round_input, columns)
    problem = weighed.problem
    if len(problem.pairs) > snapshot.policy.assignment_pairs_max:
        method = Method.SORTED_GREEDY if method is Method.ASSIGNMENT else method
    assign, solver = _ASSIGNERS[method]
    chosen = assign(problem)
    settled, kept = settle(weighed, chosen, snapshot.policy)
    pairings, unmatched = account(snapshot, weighed, settled, kept)
    return Plan(
        at_ms=snapshot.at_ms,
        input_digest=round_input.digest,
        pairings=pairings,
        unmatched=unmatched,
        drivers=len(snapshot.drivers),
        objective_ms=problem.objective_ms(chosen),
        method=method,
        solver=solver,
        version=VERSION,
        degraded=snapshot.degraded,
    )
