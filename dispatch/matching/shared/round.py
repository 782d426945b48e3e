"""A round of shared trips: what goes in, and what comes out.

Owns the two as values, in canonical order, so that the order in which the world was read cannot
show in a plan.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dispatch.matching.shared.errors import RunInvalid
from dispatch.matching.shared.insertion import TripTerms, Weights
from dispatch.matching.shared.run import Roads, Run, SharedTrip
from foundation.identifiers import DriverId, TripId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSharedTrip:
    """A trip that looks for a run.

    Attributes
    ----------
    price
        Of leaving it open this round, in units of cost (`Weights`); it should grow with its age.
    excluded
        Drivers who may not have it: they declined it, or lack what it needs.
    """

    trip: SharedTrip
    price: int
    excluded: frozenset[DriverId] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far a round looks; counts, never the clock.

    Attributes
    ----------
    group_max
        Most trips that join one run in one round, in the car together or one after another.
    groups_per_run
        Most groups weighed for a run.
    runs_per_trip
        How many runs, the cheapest by insertion, each trip is weighed for.
    steps_per_order
        Steps of the search for the best order of a group's stops.
    deterministic_limit
        Of the choice among groups, in CP-SAT's deterministic time.
    """

    group_max: int = 4
    groups_per_run: int = 400
    runs_per_trip: int = 20
    steps_per_order: int = 2000
    deterministic_limit: float = 2.0

    def __post_init__(self) -> None:
        counts = (self.group_max, self.groups_per_run, self.runs_per_trip)
        if min(counts) < 1 or self.steps_per_order < 0 or self.deterministic_limit <= 0:
            raise RunInvalid("a limit of the round is too small")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRound:
    """Runs as they stand, open trips, and how they are weighed. Make it with `of`.

    Attributes
    ----------
    runs
        Ascending by driver.
    trips
        Those who have waited longest first, then ascending by identifier.
    seed
        Of the solver.
    """

    roads: Roads
    runs: tuple[Run, ...]
    trips: tuple[OpenSharedTrip, ...]
    weights: Weights
    limits: Limits
    seed: int

    @classmethod
    def of(cls, runs: Iterable[Run], trips: Iterable[OpenSharedTrip], *, roads: Roads,
           weights: Weights, limits: Limits, seed: int = 0) -> "SharedRound":  # fmt: skip
        """A round in canonical order.

        Raises
        ------
        RunInvalid
            If a driver or a trip is there twice, a place is unknown, or an open trip is on board.
        """
        in_order = tuple(sorted(runs, key=lambda run: run.driver_id))
        waiting = tuple(sorted(trips, key=lambda one: (one.trip.wanted_at_ms, one.trip.trip_id)))
        everyone = [one.trip for one in waiting] + [trip for run in in_order for trip in run.trips]
        if len({trip.trip_id for trip in everyone}) < len(everyone):
            raise RunInvalid("a trip is in the round twice")
        if len({run.driver_id for run in in_order}) < len(in_order):
            raise RunInvalid("a driver is in the round twice")
        if any(one.trip.on_board for one in waiting):
            raise RunInvalid("an open trip is on board")
        if any(one.price < 0 for one in waiting):
            raise RunInvalid("a price is below zero")
        roads.check(in_order, everyone)
        return cls(roads=roads, runs=in_order, trips=waiting, weights=weights, limits=limits,
                   seed=seed)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrip:
    """A trip that got a run, and what that means against the run without it."""

    trip_id: TripId
    terms: TripTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """A run with what joined it.

    Attributes
    ----------
    run
        With its new stops, in the order to be driven.
    joined
        The trips that are new to it, ascending.
    cost
        Weighted driving added, and delay added for all its riders.
    """

    run: Run
    joined: tuple[PlannedTrip, ...]
    cost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPlan:
    """Who joins whom.

    Attributes
    ----------
    runs
        Those that change, ascending by driver.
    open
        Trips without a run, ascending.
    cost
        Of all runs, and the prices of the open trips.
    start_cost
        The same of insertion in the order of age, from which the search began. Never less than
        `cost`.
    groups
        How many groups were weighed.
    complete
        Whether no limit cut a group off, and the choice was proved to be the cheapest of them.
    """

    runs: tuple[PlannedRun, ...]
    open: tuple[TripId, ...]
    cost: int
    start_cost: int
    groups: int
    complete: bool
