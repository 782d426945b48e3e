"""Whatever the city looks like, a plan keeps these laws."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from dispatch.matching import (
    UNREACHABLE,
    FreeDriver,
    Method,
    OpenTrip,
    Plan,
    Policy,
    RoundInput,
    Snapshot,
    candidate_pairs,
    decide,
    sentence,
    why_not_me,
    why_open,
    why_this_offer,
)
from dispatch.matching.assignment import OPEN, Problem, least_cost
from dispatch.matching.greedy import nearest_driver, sorted_greedy
from dispatch.matching.weighing import weigh
from foundation.chance import SeededChance
from foundation.measures import Point
from tests.matching_world import (
    AT_MS,
    charter_policy,
    driver,
    driver_id,
    only_pickup,
    paired,
    place,
    policy,
    round_of,
    snapshot,
    trip,
    trip_id,
)

LAW = settings(max_examples=60, deadline=None)
POLICIES: list[Policy] = [
    charter_policy(),
    policy(),
    only_pickup(),
    policy(weights={"age": 0, "overdue": 100}, patience_seconds=0),
    policy(weights={"idle": 5, "earnings": 600}, caps={"idle": 600, "earnings": 190}),
]


def any_trip(number: int, chance: SeededChance) -> OpenTrip:
    """A trip within two kilometres of the corner."""
    return trip(
        number,
        at=anywhere(chance),
        to=anywhere(chance),
        asked_at_ms=AT_MS - 1000 * (chance.below(705) - 5),
        wanted_at_ms=chance.choice([None, None, AT_MS + 1000 * (chance.below(1500) - 300)]),
        seats=chance.choice([1, 1, 1, 4, 5]),
        needs=chance.choice([(), (), (), ("wheelchair",)]),
        pickup_zone=chance.choice(["centre", "centre", "east", None]),
        excluded=tuple(driver_id(chance.below(10)) for _ in range(chance.below(3))),
        attempt=1 + chance.below(3),
    )


def any_driver(number: int, chance: SeededChance) -> FreeDriver:
    """A driver within two kilometres of the corner, in any hour of a shift."""
    return driver(
        number,
        at=anywhere(chance),
        heading=chance.choice([None, chance.below(360)]),
        free_at_ms=AT_MS + 1000 * chance.choice([-5000, -60, 0, 30, 170, 200]),
        seats=chance.choice([4, 4, 6]),
        equipment=chance.choice([(), ("wheelchair",)]),
        zones=chance.choice([None, None, ("centre",), ("centre", "east")]),
        shift_ends_at_ms=AT_MS + 1000 * chance.choice([650, 1400, 3000, 20_000]),
        driving_seconds_left=chance.choice([700, 20_000, 20_000]),
        earned_minor=chance.below(20_000),
        shift_seconds=chance.below(30_000),
        last_offered_at_ms=chance.choice([None, AT_MS - chance.below(10_000_000)]),
        homeward=chance.choice([None, place(3000, -3000)]),
        range_metres=chance.choice([None, None, 4000, 60_000]),
    )


def anywhere(chance: SeededChance) -> Point:
    return place(chance.below(4000) - 2000, chance.below(4000) - 2000)


@st.composite
def rounds(draw: st.DrawFn, trips_max: int = 7, drivers_max: int = 7) -> RoundInput:
    """A round with any pairs, few of them or all, near and far and out of reach.

    People are drawn from a seed, which is much quicker than one draw for each of their fields.
    """
    asked, there = draw(st.integers(0, trips_max)), draw(st.integers(0, drivers_max))
    rule = draw(st.sampled_from(POLICIES))
    share = draw(st.sampled_from([0.2, 0.6, 1.0]))
    # Few different times make dead heats likely, many make every plan unique.
    few_times = draw(st.booleans())
    chance = SeededChance(draw(st.integers(0, 2**32)))
    times = {
        (number, other): chance.choice([60, 61, 300])
        if few_times
        else chance.choice([chance.below(950), chance.below(300), UNREACHABLE // 1000])
        for number in range(asked)
        for other in range(there)
        if chance.uniform() < share
    }
    return round_of(
        [any_trip(number, chance) for number in range(asked)],
        [any_driver(number, chance) for number in range(there)],
        times,
        rule=rule,
    )


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Random numbers, plain and harsh: small costs, dead heats, costs below zero, few drivers."""
    count = draw(st.integers(1, 12))
    there = draw(st.sampled_from([1, 3, 12, 30]))
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    dense = seed.random((count, there)) < draw(st.sampled_from([0.1, 0.5, 1.0]))
    pairs = np.argwhere(dense)
    top = draw(st.sampled_from([3, 1000, 1_000_000]))
    costs = seed.integers(-top // 4, top, len(pairs))
    return Problem(
        pairs=pairs,
        cost_ms=costs,
        pickup_ms=np.maximum(0, costs),
        price_ms=seed.integers(0, 2 * top, count),
        trip_turn=seed.permutation(count),
        driver_turn=seed.permutation(there),
    )


@LAW
@given(rounds(), st.sampled_from(Method))
def test_nobody_is_paired_twice_and_every_trip_is_told_of_once(
    round_input: RoundInput, method: Method
) -> None:
    plan = decide(round_input, method=method)

    assert len({row.driver_id for row in plan.pairings}) == len(plan.pairings)
    told = [row.trip_id for row in plan.pairings] + [row.trip_id for row in plan.unmatched]
    assert sorted(told) == [row.trip_id for row in round_input.snapshot.trips]


@LAW
@given(rounds(), st.sampled_from(Method))
def test_only_drivers_fit_for_the_trip_are_proposed(
    round_input: RoundInput, method: Method
) -> None:
    """Said once more in plain words, one pair at a time, without the code under test."""
    seen = round_input.snapshot
    offered = {row.trip_id: row for row in seen.trips}
    fleet = {row.driver_id: row for row in seen.drivers}
    for pairing in decide(round_input, method=method).pairings:
        asked, who = offered[pairing.trip_id], fleet[pairing.driver_id]
        busy_ms = max(0, who.free_at_ms - AT_MS)
        there_ms = busy_ms + pairing.terms.drive_ms
        driving_ms = pairing.terms.drive_ms + asked.trip_seconds * 1000
        assert who.seats >= asked.seats
        assert set(asked.needs) <= set(who.equipment)
        assert who.zones is None or asked.pickup_zone in who.zones
        assert who.driver_id not in asked.excluded
        assert busy_ms <= seen.policy.free_within_seconds * 1000
        assert there_ms <= seen.policy.pickup_seconds_max * 1000
        assert AT_MS + busy_ms + driving_ms <= who.shift_ends_at_ms
        assert driving_ms <= who.driving_seconds_left * 1000
        assert who.range_metres is None or asked.trip_metres <= who.range_metres
        assert pairing.pickup_seconds == -(-there_ms // 1000)


@LAW
@given(rounds(), st.randoms(use_true_random=False))
def test_the_plan_is_the_same_in_any_order_of_input(round_input: RoundInput, shuffler: Any) -> None:
    seen = round_input.snapshot
    rows, fleet = list(seen.trips), list(seen.drivers)
    order = list(range(len(round_input.pairs)))
    for part in (rows, fleet, order):
        shuffler.shuffle(part)

    turned = Snapshot.of(
        at_ms=seen.at_ms, trips=rows, drivers=fleet, policy=seen.policy,
        network_digest=seen.network_digest, degraded=seen.degraded,
    )  # fmt: skip
    again = RoundInput.of(turned, round_input.pairs[order], round_input.pickup_ms[order])

    assert decide(again).encode() == decide(round_input).encode()


def by_dense_assignment(problem: Problem) -> int:
    """The least cost, by the Jonker-Volgenant algorithm on a square of everybody."""
    count, there = len(problem.price_ms), len(problem.driver_turn)
    never = 10**12
    table = np.full((count, there + count), never, dtype=np.int64)
    table[problem.pairs[:, 0], problem.pairs[:, 1]] = problem.cost_ms
    table[np.arange(count), there + np.arange(count)] = problem.price_ms
    rows, columns = linear_sum_assignment(table)
    return int(table[rows, columns].sum())


def by_sparse_matching(problem: Problem) -> int:
    """The least cost, by another code on the sparse graph: each trip has a private empty seat."""
    count, there = len(problem.price_ms), len(problem.driver_turn)
    rows = np.concatenate([problem.pairs[:, 0], np.arange(count)])
    columns = np.concatenate([problem.pairs[:, 1], there + np.arange(count)])
    costs = np.concatenate([problem.cost_ms, problem.price_ms])
    shift = 1 - int(costs.min())  # a zero would vanish from a sparse matrix
    graph = coo_array((costs + shift, (rows, columns)), shape=(count, there + count)).tocsr()
    found = min_weight_full_bipartite_matching(graph)
    return int(graph[found].sum()) - shift * count


@settings(max_examples=150, deadline=None)
@given(problems())
def test_the_choice_costs_what_two_other_solvers_find_is_least(problem: Problem) -> None:
    least = problem.objective_ms(least_cost(problem))

    assert least == by_dense_assignment(problem)
    assert least == by_sparse_matching(problem)


@LAW
@given(problems())
def test_the_choice_is_never_worse_than_greedy_or_the_nearest(problem: Problem) -> None:
    least = problem.objective_ms(least_cost(problem))

    assert least <= problem.objective_ms(sorted_greedy(problem))
    assert least <= problem.objective_ms(nearest_driver(problem))


@LAW
@given(problems())
def test_a_dead_heat_is_never_won_out_of_turn(problem: Problem) -> None:
    chosen = least_cost(problem)
    taken = chosen[chosen != OPEN]
    pair_of_driver = {int(problem.pairs[pair, 1]): int(pair) for pair in taken}
    gain = problem.price_ms[problem.pairs[:, 0]] - problem.cost_ms

    for rival, (asked, who) in enumerate(problem.pairs.tolist()):
        mine, theirs = int(chosen[asked]), pair_of_driver.get(who)
        if mine != OPEN and theirs is None and gain[rival] == gain[mine]:
            taker = int(problem.pairs[mine, 1])
            assert problem.driver_turn[who] > problem.driver_turn[taker]
        if mine == OPEN and theirs is not None and gain[rival] == gain[theirs]:
            served = int(problem.pairs[theirs, 0])
            assert problem.trip_turn[asked] > problem.trip_turn[served]


@LAW
@given(rounds())
def test_no_open_trip_has_an_idle_driver_it_could_have(round_input: RoundInput) -> None:
    plan = decide(round_input)
    idle = {row.driver_id for row in round_input.snapshot.drivers}
    idle -= {row.driver_id for row in plan.pairings}
    weighed = weigh(round_input)

    left = {row.trip_id for row in plan.unmatched}
    for asked, who in weighed.problem.pairs.tolist():
        if round_input.snapshot.trips[asked].trip_id in left:
            assert round_input.snapshot.drivers[who].driver_id not in idle


@LAW
@given(rounds(trips_max=12, drivers_max=3))
def test_a_trip_is_only_overtaken_within_a_bounded_time(round_input: RoundInput) -> None:
    """The law against starvation: whoever takes a driver from a waiting trip is hardly younger.

    A trip i left open while its possible driver serves k: k's price must be above i's, but for
    what k's pick-up costs less; and pick-ups of one driver differ by less than the policy's bound.
    """
    weighed, plan = weigh(round_input), decide(round_input)
    problem, seen = weighed.problem, round_input.snapshot
    served = {row.driver_id: row for row in plan.pairings}
    left = {row.trip_id: row for row in plan.unmatched}
    for asked, who in problem.pairs.tolist():
        waiting = left.get(seen.trips[asked].trip_id)
        taker = served.get(seen.drivers[who].driver_id)
        if waiting is not None and taker is not None:
            caps = seen.policy.caps_seconds
            span = (2 * caps.homeward + caps.booked) * 1000
            bound = seen.policy.pickup_seconds_max * 1000 + span
            assert taker.price_ms >= waiting.price_ms - bound


@settings(max_examples=25, deadline=None)
@given(far=st.integers(60, 880), near=st.integers(0, 60), rival_age=st.integers(0, 200))
def test_a_rider_far_away_is_served_at_last_however_many_near_riders_keep_coming(
    far: int, near: int, rival_age: int
) -> None:
    """One driver; every round a new rider stands beside them, and the far one waits longer."""
    rule = charter_policy()
    for waited in range(0, 3600, 20):
        old = trip(1, asked_at_ms=AT_MS - waited * 1000)
        fresh = trip(2, asked_at_ms=AT_MS - rival_age * 1000)
        plan = decide(round_of([old, fresh], [driver(1)], {(1, 1): far, (2, 1): near}, rule=rule))
        if paired(plan) == {1: 1}:
            break
    else:
        raise AssertionError("a trip starved")

    # With the charter's policy: before a request expires (600 s), whatever the distance.
    assert waited <= 600


@LAW
@given(st.integers(0, 9), st.integers(0, 9), st.randoms(use_true_random=False))
def test_where_everybody_is_in_reach_the_scarcer_side_is_served_whole(
    asked: int, there: int, chance: Any
) -> None:
    times = {(t, d): chance.randrange(900) for t in range(asked) for d in range(there)}
    ages = [chance.randrange(900_000) for _ in range(asked)]
    rows = [trip(number, asked_at_ms=AT_MS - age) for number, age in enumerate(ages)]

    plan = decide(round_of(rows, [driver(n) for n in range(there)], times, rule=policy()))

    assert len(plan.pairings) == min(asked, there)


@LAW
@given(rounds())
def test_bytes_give_back_the_round_and_the_round_gives_back_the_plan(
    round_input: RoundInput,
) -> None:
    """I15: a stored round is decided again to the same plan, from its bytes alone."""
    stored = round_input.encode()
    read = RoundInput.decode(stored)
    plan = decide(round_input)

    assert read.encode() == stored
    assert read.snapshot == round_input.snapshot
    assert decide(read).digest == plan.digest
    assert Plan.decode(plan.encode()) == plan
    assert Snapshot.decode(round_input.snapshot.encode()) == round_input.snapshot


@LAW
@given(rounds(), st.integers(0, 6), st.integers(0, 6))
def test_a_decline_takes_one_driver_from_one_trip_and_changes_nothing_else(
    round_input: RoundInput, declined: int, decliner: int
) -> None:
    """A round after a decline is the round before it without that one pair: nothing is remembered."""
    seen = round_input.snapshot
    after = replace(
        seen,
        trips=tuple(
            replace(row, excluded=(*row.excluded, driver_id(decliner)))
            if row.trip_id == trip_id(declined)
            else row
            for row in seen.trips
        ),
    )
    kept = [
        number
        for number, (asked, who) in enumerate(round_input.pairs.tolist())
        if (seen.trips[asked].trip_id, seen.drivers[who].driver_id)
        != (trip_id(declined), driver_id(decliner))
    ]

    excluded = decide(RoundInput.of(after, round_input.pairs, round_input.pickup_ms))
    without = decide(RoundInput.of(seen, round_input.pairs[kept], round_input.pickup_ms[kept]))

    assert [(p.trip_id, p.driver_id, p.terms) for p in excluded.pairings] == [
        (p.trip_id, p.driver_id, p.terms) for p in without.pairings
    ]
    assert excluded.objective_ms == without.objective_ms


@LAW
@given(rounds(), st.sampled_from(Method))
def test_every_question_about_a_round_has_an_answer_in_words(
    round_input: RoundInput, method: Method
) -> None:
    plan = decide(round_input, method=method)
    answers = [why_this_offer(row) for row in plan.pairings]
    answers += [why_open(row) for row in plan.unmatched]
    for asked in round_input.snapshot.trips[:2]:
        for who in round_input.snapshot.drivers[:3]:
            answer = why_not_me(round_input, plan, trip_id=asked.trip_id, driver_id=who.driver_id)
            mine = plan.find_pairing(asked.trip_id)
            is_mine = mine is not None and mine.driver_id == who.driver_id
            assert (answer[0].code == "it_is_yours") == is_mine
            answers.append(answer)

    for answer in answers:
        assert answer
        assert all(sentence(reason).endswith(".") for reason in answer)


@LAW
@given(rounds(), st.sampled_from([Method.ASSIGNMENT, Method.SORTED_GREEDY]))
def test_the_reasons_of_a_weighed_plan_are_never_that_something_was_not_weighed(
    round_input: RoundInput, method: Method
) -> None:
    for pairing in decide(round_input, method=method).pairings:
        for other in (*pairing.other_drivers, *pairing.other_trips):
            assert other.lost != "not_weighed"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 25))
def test_candidates_are_fit_and_no_trip_has_more_than_the_policy_says(
    seed: int, wanted: int
) -> None:
    chance = np.random.default_rng(seed)
    spots = chance.integers(-4000, 4000, (80, 2)).tolist()
    seen = snapshot(
        [trip(n, at=place(*spots[n]), seats=1 + n % 5) for n in range(20)],
        [driver(n, at=place(*spots[20 + n])) for n in range(60)],
        rule=only_pickup(candidates_per_trip=wanted),
    )

    pairs = candidate_pairs(seen)

    counts = np.bincount(pairs[:, 0], minlength=20)
    fit = [len(seen.drivers) if row.seats <= 4 else 0 for row in seen.trips]
    assert counts.tolist() == [min(wanted, possible) for possible in fit]
