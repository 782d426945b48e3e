"""Two simple ways to choose, behind the same signature as the optimum.

`sorted_greedy` is the fallback when a round is too large to solve within its time: on measured
demand it loses about a point of served trips. `nearest_driver` is the baseline that studies
compare with: first come, first served, by whoever is nearest.
"""

import numpy as np

from dispatch.matching.assignment import Problem, choice_of
from dispatch.matching.columns import Whole


def sorted_greedy(problem: Problem) -> Whole:
    """Take the pair that gains most over leaving its trip open, and so on; dead heats by turn."""
    trips, drivers = problem.pairs[:, 0], problem.pairs[:, 1]
    gain = problem.price_ms[trips] - problem.cost_ms
    order = np.lexsort((problem.driver_turn[drivers], problem.trip_turn[trips], -gain))
    return _first_come(problem, order[gain[order] > 0])


def nearest_driver(problem: Problem) -> Whole:
    """Serve trips in the order in which they were asked for, each by the soonest driver left."""
    trips, drivers = problem.pairs[:, 0], problem.pairs[:, 1]
    order = np.lexsort((problem.driver_turn[drivers], problem.pickup_ms, problem.trip_turn[trips]))
    return _first_come(problem, order)


def _first_come(problem: Problem, order: Whole) -> Whole:
    """Go through pairs in order and take each whose trip and driver are both still free."""
    trip_free = [True] * len(problem.price_ms)
    driver_free = [True] * len(problem.driver_turn)
    taken: list[int] = []
    ordered = problem.pairs[order].tolist()
    for number, (trip, driver) in zip(order.tolist(), ordered, strict=True):
        if trip_free[trip] and driver_free[driver]:
            trip_free[trip] = driver_free[driver] = False
            taken.append(number)
    return choice_of(problem, np.array(taken, dtype=np.int64))
