"""Which groups of trips are served, by whom: the cheapest choice of columns.

Owns the choice that both rounds of shared trips and planned days end in. A column is a set of trips
that one owner (a run, or a fleet of equal cars) could serve together, with its cost; each trip is
in one chosen column at most, or stays open at its price. Alonso-Mora et al., PNAS 114(3), 2017,
section "Optimal assignment"; Balinski and Quandt, "On an integer program for a delivery problem",
Operations Research 12(2), 1964.

Solved by CP-SAT with a seed, one worker and a deterministic limit. Before that, the relaxation (by
GLOP) throws out every column whose reduced cost shows that no choice with it beats the start: an
exact step, and most columns go. Never worse than the start that is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import ortools
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp
from ortools.sat.python import cp_model

Whole = NDArray[np.int64]

SOLVER = f"ortools {ortools.__version__}"

_SEARCHED_BY_RELAXATION = 64
"""With fewer columns than this the relaxation costs more than it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What may be chosen.

    Attributes
    ----------
    trips
        For each column the trips it serves, as numbers from 0, none twice in a column.
    owner, cost
        int64, (columns,): whose it is, and what it costs.
    price
        int64, (trips,): of leaving a trip open.
    owned_max
        int64, (owners,): how many columns of an owner may be chosen.
    """

    trips: Sequence[tuple[int, ...]]
    owner: Whole
    cost: Whole
    price: Whole
    owned_max: Whole

    def total(self, chosen: Sequence[int]) -> int:
        """Cost of a choice and price of what it leaves open."""
        left = np.ones(len(self.price), np.bool_)
        for column in chosen:
            left[list(self.trips[column])] = False
        return int(self.cost[list(chosen)].sum() + self.price[left].sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long to search; never by the clock.

    Attributes
    ----------
    seed
        Of CP-SAT.
    deterministic_limit
        In CP-SAT's deterministic time, about seconds.
    columns_max
        Only so many columns, those of least reduced cost, are searched (and the start's).
    """

    seed: int
    deterministic_limit: float
    columns_max: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen.

    Attributes
    ----------
    columns
        Ascending numbers of the chosen columns.
    cost
        `Columns.total` of them.
    is_optimal
        Whether it was proved that none is cheaper.
    """

    columns: tuple[int, ...]
    cost: int
    is_optimal: bool


def choose(columns: Columns, *, start: Sequence[int], effort: Effort) -> Choice:
    """The cheapest choice found, never dearer than ``start`` (which must be one)."""
    first = tuple(sorted(start))
    ceiling = columns.total(first)
    kept = _worth_a_look(columns, ceiling, first, effort.columns_max)
    if len(kept) == len(first) < len(columns.trips):
        return Choice(columns=first, cost=ceiling, is_optimal=True)
    solver, model = cp_model.CpSolver(), cp_model.CpModel()
    taken = {column: model.new_bool_var(f"column {column}") for column in kept}
    left = [model.new_bool_var(f"open {trip}") for trip in range(len(columns.price))]
    _state(model, columns, taken, left)
    served = {trip for column in first for trip in columns.trips[column]}
    for column, variable in taken.items():
        model.add_hint(variable, column in first)
    for trip, variable in enumerate(left):
        model.add_hint(variable, trip not in served)
    solver.parameters.random_seed = effort.seed
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = effort.deterministic_limit
    status = solver.solve(model)
    found = first
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = tuple(column for column, variable in taken.items() if solver.value(variable))
    if columns.total(found) > ceiling:
        found = first
    is_optimal = status == cp_model.OPTIMAL and len(kept) < effort.columns_max
    return Choice(columns=found, cost=columns.total(found), is_optimal=is_optimal)


def _state(
    model: cp_model.CpModel,
    columns: Columns,
    taken: dict[int, cp_model.IntVar],
    left: Sequence[cp_model.IntVar],
) -> None:
    by_trip: list[list[cp_model.IntVar]] = [[] for _ in columns.price]
    by_owner: list[list[cp_model.IntVar]] = [[] for _ in columns.owned_max]
    for column, variable in taken.items():
        by_owner[columns.owner[column]].append(variable)
        for trip in columns.trips[column]:
            by_trip[trip].append(variable)
    for trip, servants in enumerate(by_trip):
        model.add_exactly_one([left[trip], *servants])
    for most, servants in zip(columns.owned_max.tolist(), by_owner, strict=True):
        if most == 1:
            model.add_at_most_one(servants)
        elif servants:
            model.add(sum(servants) <= most)
    costs = [int(columns.cost[column]) for column in taken]
    model.minimize(
        cp_model.LinearExpr.weighted_sum(list(taken.values()), costs)
        + cp_model.LinearExpr.weighted_sum(list(left), columns.price.tolist())
    )


def _worth_a_look(columns: Columns, ceiling: int, start: Sequence[int], most: int) -> list[int]:
    """Columns that some choice cheaper than the ceiling might hold, and those of the start.

    With more than ``most`` of them, those of least reduced cost.
    """
    everything = list(range(len(columns.trips)))
    if len(everything) < _SEARCHED_BY_RELAXATION:
        return everything
    relaxed = _relaxation(columns)
    if relaxed is None:
        return everything
    bound, reduced = relaxed
    # A thousandth of a unit and a billionth of the whole allow for the solver's floats.
    room = ceiling - bound + 1e-3 + 1e-9 * abs(ceiling)
    wanted = np.argsort(reduced, kind="stable")[: int((reduced <= room).sum())]
    return sorted({*wanted[:most].tolist(), *start})


def _relaxation(columns: Columns) -> tuple[float, NDArray[np.float64]] | None:
    """Least cost with fractions allowed, and the reduced cost of each column.

    Costs and prices are milliseconds of waiting, no money. A linear program takes them as floats, and
    only says which columns are worth a look: the choice itself is made in whole numbers.
    """
    solver = pywraplp.Solver.CreateSolver("GLOP")
    objective = solver.Objective()
    rows = [solver.Constraint(1.0, 1.0) for _ in columns.price]
    owners = [solver.Constraint(0.0, float(most)) for most in columns.owned_max]
    for row, price in zip(rows, columns.price.tolist(), strict=True):
        left = solver.NumVar(0.0, solver.infinity(), "")
        row.SetCoefficient(left, 1.0)
        objective.SetCoefficient(left, float(price))
    variables = []
    for trips, owner, cost in zip(
        columns.trips, columns.owner.tolist(), columns.cost.tolist(), strict=True
    ):
        variable = solver.NumVar(0.0, solver.infinity(), "")
        for trip in trips:
            rows[trip].SetCoefficient(variable, 1.0)
        owners[owner].SetCoefficient(variable, 1.0)
        objective.SetCoefficient(variable, float(cost))
        variables.append(variable)
    objective.SetMinimization()
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return None
    return objective.Value(), np.array([one.reduced_cost() for one in variables])
