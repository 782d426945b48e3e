"""A round of shared trips: groups, the choice among them, and what is said of it."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from dispatch.matching.shared.choice import Columns, Effort, choose
from dispatch.matching.shared.errors import RunInvalid
from dispatch.matching.shared.insertion import Weights, best_insertion, terms_of
from dispatch.matching.shared.pooling import pool
from dispatch.matching.shared.round import Limits, OpenSharedTrip, SharedPlan, SharedRound
from dispatch.matching.shared.run import NEVER, Caps, Roads, Run, Stop, StopKind
from foundation.chance import SeededChance
from tests.matching_world import driver_id, trip_id
from tests.shared_runs import (
    CAPS,
    MINUTE,
    any_round,
    empty_run,
    faults_of_plan,
    line_of,
    ride,
    walk,
)

STREET = line_of(12)
EVEN = Weights()


def street_round(runs: list[Run], trips: list[OpenSharedTrip], **changes: object) -> SharedRound:
    fields: dict[str, object] = {"roads": STREET, "weights": EVEN, "limits": Limits(), "seed": 1}
    return SharedRound.of(runs, trips, **(fields | changes))  # type: ignore[arg-type]


def wanting(
    number: int, pickup: int, dropoff: int, *, price: int = 60 * MINUTE, **more: int
) -> OpenSharedTrip:
    return OpenSharedTrip(trip=ride(number, pickup, dropoff, roads=STREET, **more), price=price)  # type: ignore[arg-type]


def test_two_riders_one_way_share_a_car_though_another_stands_by() -> None:
    runs = [empty_run(1, 0), empty_run(2, 11)]
    plan = pool(street_round(runs, [wanting(1, 1, 7), wanting(2, 2, 8)]))
    (planned,) = plan.runs
    assert [one.trip_id for one in planned.joined] == [trip_id(1), trip_id(2)]
    assert plan.open == ()
    assert plan.complete
    assert planned.cost == plan.cost == 8 * MINUTE + 1 * MINUTE + 2 * MINUTE


def test_the_whole_is_cheaper_than_one_by_one() -> None:
    """The oldest takes the near car; the next would then be picked up too late by the far one."""
    runs = [empty_run(1, 2), empty_run(2, 5)]
    late = Caps(wait_ms_max=3 * MINUTE, detour_percent_max=100)
    older = wanting(1, 4, 9, caps=late)  # type: ignore[arg-type]
    younger = wanting(2, 7, 3, caps=late, wanted_at_ms=1)  # type: ignore[arg-type]
    plan = pool(street_round(runs, [older, younger]))
    assert plan.cost < plan.start_cost
    assert plan.open == ()
    assert [run.run.driver_id for run in plan.runs] == [driver_id(1), driver_id(2)]


def test_a_trip_dearer_than_its_price_stays_open() -> None:
    runs = [empty_run(1, 0)]
    assert pool(street_round(runs, [wanting(1, 5, 8, price=13 * MINUTE)])).open == ()
    plan = pool(street_round(runs, [wanting(1, 5, 8, price=13 * MINUTE - 1)]))
    assert plan.open == (trip_id(1),)
    assert plan.cost == 13 * MINUTE - 1


def test_a_driver_who_declined_is_not_asked_again() -> None:
    runs = [empty_run(1, 5), empty_run(2, 0)]
    declined = replace(wanting(1, 5, 8), excluded=frozenset({driver_id(1)}))
    assert [run.run.driver_id for run in pool(street_round(runs, [declined])).runs] == [
        driver_id(2)
    ]
    nobody = replace(declined, excluded=frozenset({driver_id(1), driver_id(2)}))
    assert pool(street_round(runs, [nobody])).open == (trip_id(1),)


def test_a_round_without_cars_or_without_trips() -> None:
    assert pool(street_round([], [wanting(1, 1, 2)])).open == (trip_id(1),)
    assert pool(street_round([empty_run(1, 0)], [])) == SharedPlan(
        runs=(), open=(), cost=0, start_cost=0, groups=0, complete=True
    )


def test_a_run_that_is_late_already_takes_nobody() -> None:
    aboard = replace(ride(1, 0, 8, roads=STREET), boarded_at_ms=-60 * MINUTE)
    late = replace(empty_run(1, 0), trips=(aboard,), stops=(Stop(StopKind.DROPOFF, trip_id(1)),))
    assert pool(street_round([late], [wanting(2, 1, 8)])).open == (trip_id(2),)


@pytest.mark.parametrize("seed", range(40))
def test_tiny_rounds_are_planned_as_well_as_can_be(seed: int) -> None:
    """Against every split of the trips over the runs, each in every order."""
    town = any_round(seed, runs=2, trips=3, aboard=False)
    plan = pool(town)
    assert plan.complete
    assert plan.cost == _least(town)


def _least(town: SharedRound) -> int:
    best = None
    for where in itertools.product(range(-1, len(town.runs)), repeat=len(town.trips)):
        cost = sum(one.price for one, run in zip(town.trips, where, strict=True) if run < 0)
        for number, run in enumerate(town.runs):
            mine = [one.trip for one, at in zip(town.trips, where, strict=True) if at == number]
            barred = any(
                run.driver_id in one.excluded
                for one, at in zip(town.trips, where, strict=True)
                if at == number
            )
            if barred:
                break
            cheapest = _cheapest_order(run, mine, town)
            if cheapest is None:
                break
            cost += cheapest
        else:
            best = cost if best is None else min(best, cost)
    assert best is not None
    return best


def _cheapest_order(run: Run, trips: list, town: SharedRound) -> int | None:
    stops = [Stop(kind, one.trip_id) for one in trips for kind in StopKind]
    costs = []
    for order in set(itertools.permutations(stops)):
        if any(
            order.index(a) > order.index(b) for a, b in zip(stops[::2], stops[1::2], strict=True)
        ):
            continue
        trial = replace(run, trips=tuple(sorted(trips, key=lambda one: one.trip_id)), stops=order)
        begins, driven, wrong = walk(trial, town.roads)
        if not wrong:
            begun = dict(zip(order, begins, strict=True))
            cost = town.weights.drive * driven
            for one in trips:
                picked = begun[Stop(StopKind.PICKUP, one.trip_id)] - one.wanted_at_ms
                dropped = begun[Stop(StopKind.DROPOFF, one.trip_id)] - one.wanted_at_ms
                cost += town.weights.wait * picked
                cost += town.weights.delay * (dropped - one.direct_ms)
            costs.append(cost)
    return min(costs, default=None)


def test_the_verifier_finds_planted_faults() -> None:
    town = any_round(11, runs=3, trips=8)
    plan = pool(town)
    assert faults_of_plan(town, plan) == []
    run = next(one for one in plan.runs if len(one.joined) > 1)
    rest = tuple(one for one in plan.runs if one is not run)
    first = run.run.trips[0]

    def with_run(changed: Run) -> SharedPlan:
        return replace(plan, runs=(replace(run, run=changed), *rest))

    def with_trip(**changes: int) -> SharedPlan:
        trips = tuple(replace(one, **changes) if one is first else one for one in run.run.trips)
        return with_run(replace(run.run, trips=trips))

    planted = {
        "seats": replace(town, runs=tuple(replace(one, seats=1) for one in town.runs)),
        "caps": replace(town, roads=Roads(town.roads.travel_ms * np.int32(6), town.roads.dwell_ms)),
        "shift": replace(town, runs=tuple(replace(one, finish_by_ms=1) for one in town.runs)),
    }
    for name, other in planted.items():
        assert faults_of_plan(other, plan), name
    twice = replace(run, run=replace(run.run, driver_id=driver_id(77)))
    for wrong in (
        replace(plan, open=(run.joined[0].trip_id, *plan.open)),
        replace(plan, runs=(*plan.runs, twice)),
        replace(plan, runs=(*plan.runs, run)),
        replace(plan, cost=plan.cost - 1),
        replace(plan, start_cost=plan.cost - 1),
        with_run(replace(run.run, seats=9)),
        with_trip(ride_ms_max=NEVER),
        with_trip(seats=first.seats + 1),
        replace(plan, runs=(replace(run, joined=run.joined[1:]), *rest)),
        replace(plan, runs=rest),
    ):
        assert faults_of_plan(town, wrong), wrong


def test_a_round_that_contradicts_itself_is_refused() -> None:
    run, trip = empty_run(1, 0), wanting(1, 1, 5)
    held = best_insertion(run, trip.trip, roads=STREET, weights=EVEN)
    assert held is not None
    for runs, trips in [
        ([run, run], []),
        ([run], [trip, trip]),
        ([held.run], [trip]),
        ([run], [replace(trip, price=-1)]),
        ([run], [replace(trip, trip=replace(trip.trip, boarded_at_ms=0))]),
        ([replace(run, place=12)], []),
        ([run], [replace(trip, trip=replace(trip.trip, pickup=-1))]),
    ]:
        with pytest.raises(RunInvalid):
            street_round(runs, trips)
    with pytest.raises(RunInvalid):
        Limits(group_max=0)


@pytest.mark.parametrize("seed", range(20))
def test_the_choice_is_the_cheapest_of_all(seed: int) -> None:
    """With and without the relaxation before it (more than 64 columns)."""
    chance = SeededChance(seed)
    trips, owners = 6, 3
    count = 30 if seed % 2 else 90
    sets = [
        tuple(sorted({chance.below(trips) for _ in range(1 + chance.below(3))}))
        for _ in range(count)
    ]
    columns = Columns(
        trips=sets,
        owner=np.array([chance.below(owners) for _ in sets]),
        cost=np.array([1 + chance.below(100) * len(one) for one in sets]),
        price=np.array([50 + chance.below(100) for _ in range(trips)]),
        owned_max=np.array([1, 1, 2]),
    )
    best = int(columns.price.sum())
    for size in range(1, 5):
        for some in itertools.combinations(range(count), size) if count < 50 or size < 4 else ():
            served = [trip for column in some for trip in sets[column]]
            owned = np.bincount(columns.owner[list(some)], minlength=owners)
            if len(set(served)) == len(served) and (owned <= columns.owned_max).all():
                best = min(best, columns.total(some))
    found = choose(columns, start=(), effort=Effort(seed=1, deterministic_limit=5.0))
    assert found.is_optimal
    assert found.cost == columns.total(found.columns)
    assert found.cost == best if count < 50 else found.cost <= best


def test_what_is_said_of_a_trip_is_what_the_run_shows() -> None:
    town = any_round(11, runs=3, trips=8)
    for planned in pool(town).runs:
        for one in planned.joined:
            assert one.terms == terms_of(planned.run, one.trip_id, roads=town.roads)
    assert CAPS.detour_percent_max == 150
