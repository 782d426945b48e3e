"""Whole rounds in small towns: who gets whom, who waits on, and what is kept about it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dispatch.matching import (
    UNREACHABLE,
    FreeDriver,
    Lost,
    Method,
    OpenBecause,
    Plan,
    RoundInput,
    RoundUnreadable,
    decide,
)
from dispatch.matching.plan import VERSION
from tests.matching_world import (
    AT_MS,
    driver,
    driver_id,
    only_pickup,
    paired,
    place,
    policy,
    round_of,
    trip,
    trip_id,
)


def crossing(**changes: Any) -> RoundInput:
    """Two riders, two drivers: driver 1 is nearer to both, and trip 2 has no other near driver."""
    times = {(1, 1): 120, (1, 2): 240, (2, 1): 180, (2, 2): 540}
    return round_of([trip(1), trip(2)], [driver(1), driver(2)], times, **changes)


def test_all_riders_together_wait_the_least() -> None:
    plan = decide(crossing())

    assert paired(plan) == {1: 2, 2: 1}
    assert plan.objective_ms == 420_000
    assert plan.unmatched == ()


def test_the_baseline_serves_first_come_by_the_nearest() -> None:
    plan = decide(crossing(), method=Method.NEAREST_DRIVER)

    assert paired(plan) == {1: 1, 2: 2}
    assert (plan.method, plan.solver) == (Method.NEAREST_DRIVER, "own")


def test_the_baseline_asks_who_came_first_and_not_whose_number_is_lower() -> None:
    given = round_of(
        [trip(1), trip(2, asked_at_ms=AT_MS - 1)], [driver(1)], {(1, 1): 10, (2, 1): 500}
    )

    assert paired(decide(given, method=Method.NEAREST_DRIVER)) == {2: 1}


def test_a_round_too_large_for_the_policy_is_chosen_by_sorted_greedy_and_says_so() -> None:
    trips, drivers = range(34), range(30)
    times = {(t, d): 60 + (t * 7 + d * 13) % 50 for t in trips for d in drivers}
    given = round_of(
        [trip(t) for t in trips],
        [driver(d) for d in drivers],
        times,
        rule=only_pickup(assignment_pairs_max=1000),
    )

    plan = decide(given)

    assert len(times) == 1020
    assert plan.method is Method.SORTED_GREEDY
    assert len(plan.pairings) == 30


def test_a_plan_names_its_solver_its_version_its_input_and_its_instant() -> None:
    given = crossing(degraded=True)
    plan = decide(given)

    assert plan.solver.startswith("ortools 9.")
    assert plan.version == VERSION
    assert plan.input_digest == given.digest
    assert plan.at_ms == AT_MS
    assert plan.degraded
    assert plan.method is Method.ASSIGNMENT
    assert plan.drivers == 2


def test_a_pairing_keeps_what_the_offer_needs() -> None:
    given = round_of(
        [trip(1, attempt=3, asked_at_ms=AT_MS - 42_500)],
        [driver(1, free_at_ms=AT_MS + 10_000)],
        {(1, 1): 60.001},
    )

    (pairing,) = decide(given).pairings

    assert (pairing.trip_id, pairing.driver_id) == (trip_id(1), driver_id(1))
    assert pairing.attempt == 3
    assert pairing.pickup_seconds == 71
    assert pairing.waited_seconds == 42
    assert (pairing.candidates, pairing.sooner) == (1, 0)
    assert (pairing.other_drivers, pairing.other_trips) == ((), ())


def test_each_pairing_keeps_the_best_alternatives_on_both_sides_and_why_they_lost() -> None:
    pairing = decide(crossing()).find_pairing(trip_id(1))
    assert pairing is not None

    (other_driver,) = pairing.other_drivers
    (other_trip,) = pairing.other_trips

    assert pairing.sooner == 1
    assert other_driver.driver_id == driver_id(1)
    assert other_driver.lost is Lost.NEEDED_ELSEWHERE
    assert other_driver.driver_serves == trip_id(2)
    assert other_driver.terms.drive_ms == 120_000
    assert other_trip.trip_id == trip_id(2)
    assert other_trip.lost is Lost.SERVED_SOONER
    assert other_trip.trip_served_by == driver_id(1)


def test_the_soonest_driver_is_among_the_alternatives_even_if_dear() -> None:
    rich = driver(9, earned_minor=9000, shift_seconds=3600)
    others = [driver(n, earned_minor=500, shift_seconds=3600) for n in range(1, 5)]
    times = {(1, 1): 60, (1, 2): 61, (1, 3): 62, (1, 4): 63, (1, 9): 50}
    (pairing,) = decide(round_of([trip(1)], [*others, rich], times, rule=policy())).pairings

    assert pairing.driver_id == driver_id(1)
    assert [(a.driver_id, a.lost) for a in pairing.other_drivers] == [
        (driver_id(2), Lost.LATER),
        (driver_id(3), Lost.LATER),
        (driver_id(9), Lost.EARNED_MORE),
    ]


@pytest.mark.parametrize(
    ("chosen", "rival", "rival_seconds", "lost"),
    [
        ({}, {}, 61, Lost.LATER),
        ({}, {}, 60, Lost.EQUAL),
        ({}, {"free_at_ms": AT_MS + 40_000}, 15, Lost.BUSY),
        ({"shift_seconds": 2000}, {"shift_seconds": 2000, "last_offered_at_ms": AT_MS}, 60, Lost.OFFERED_LATER),
        ({}, {"homeward": place(-9000), "shift_ends_at_ms": AT_MS + 3_000_000}, 55, Lost.AWAY_FROM_HOME),
    ],
)  # fmt: skip
def test_an_alternative_says_what_told_most_against_it(
    chosen: dict, rival: dict, rival_seconds: int, lost: Lost
) -> None:
    rule = policy(weights={"chaining": 2}, free_within_seconds=59)
    given = round_of(
        [trip(1)], [driver(1, **chosen), driver(2, **rival)], {(1, 1): 60, (1, 2): rival_seconds}, rule=rule
    )  # fmt: skip

    (pairing,) = decide(given).pairings

    assert pairing.driver_id == driver_id(1)
    assert [other.lost for other in pairing.other_drivers] == [lost]


def test_when_drivers_are_scarce_the_rider_who_waited_longer_is_served() -> None:
    given = round_of(
        [trip(1), trip(2, asked_at_ms=AT_MS - 280_000)],
        [driver(1)],
        {(1, 1): 60, (2, 1): 180},
    )
    plan = decide(given)

    assert paired(plan) == {2: 1}
    (left,) = plan.unmatched
    assert left.because is OpenBecause.OTHERS_WAITED_LONGER
    assert left.candidates == 1
    assert left.best[0].driver_serves == trip_id(2)
    assert plan.pairings[0].other_trips[0].lost is Lost.WAITED_LESS


def test_when_drivers_are_scarce_the_nearer_of_two_equal_waits_is_served() -> None:
    plan = decide(round_of([trip(1), trip(2)], [driver(1)], {(1, 1): 181, (2, 1): 180}))

    assert paired(plan) == {2: 1}
    assert plan.unmatched[0].because is OpenBecause.OTHERS_SOONER
    assert plan.pairings[0].other_trips[0].lost is Lost.FURTHER


def test_a_rider_is_never_left_beside_a_free_driver() -> None:
    plan = decide(round_of([trip(1)], [driver(1)], {(1, 1): 900}, rule=policy()))

    assert paired(plan) == {1: 1}


@pytest.mark.parametrize(
    ("asked", "drivers", "because"),
    [
        ({}, [], OpenBecause.NO_DRIVER),
        ({"seats": 5}, [{}, {}], OpenBecause.SEATS),
        ({"vehicle_class": "large"}, [{}, {}], OpenBecause.VEHICLE_CLASS),
        ({"needs": ("wheelchair",)}, [{}, {}], OpenBecause.NEEDS),
        ({}, [{"zones": ("east",)}, {"zones": ()}], OpenBecause.ZONE),
        ({"excluded": (driver_id(0), driver_id(1))}, [{}, {}], OpenBecause.EXCLUDED),
        ({}, [{"shift_ends_at_ms": AT_MS + 1}, {"shift_ends_at_ms": AT_MS + 1}], OpenBecause.HOURS),
        ({}, [{"driving_seconds_left": 9}], OpenBecause.HOURS),
        ({}, [{"range_metres": 100}], OpenBecause.RANGE),
        ({"seats": 5}, [{"zones": ()}, {"seats": 6, "zones": ()}, {"seats": 4}], OpenBecause.NO_FIT_DRIVER),
        ({}, [{"zones": ()}, {"place": place(60_000)}], OpenBecause.NO_DRIVER_IN_REACH),
    ],
)  # fmt: skip
def test_a_trip_nobody_can_serve_says_why(
    asked: dict, drivers: list[dict], because: OpenBecause
) -> None:
    rows: list[FreeDriver] = [driver(n, **given) for n, given in enumerate(drivers)]

    (left,) = decide(round_of([trip(1, **asked)], rows, {})).unmatched

    assert left.because is because
    assert left.candidates == 0
    assert left.best == ()
    assert sum(left.limits.values()) >= len(drivers)


def test_drivers_whom_the_roads_keep_too_far_away_are_told_from_drivers_without_hours() -> None:
    far = round_of([trip(1)], [driver(1), driver(2)], {(1, 1): 901, (1, 2): UNREACHABLE / 1000})
    tired = round_of(
        [trip(1)], [driver(1, driving_seconds_left=700), driver(2)], {(1, 1): 800}, rule=only_pickup()
    )  # fmt: skip

    assert decide(far).unmatched[0].because is OpenBecause.NO_DRIVER_IN_REACH
    assert decide(far).unmatched[0].limits == {"too_far": 2, "shift": 1, "driving": 1}
    assert decide(tired).unmatched[0].because is OpenBecause.HOURS


def test_a_pair_that_breaks_a_limit_is_never_taken_even_if_it_is_handed_in() -> None:
    given = round_of(
        [trip(1, excluded=(driver_id(1),))], [driver(1), driver(2)], {(1, 1): 10, (1, 2): 700}
    )

    assert paired(decide(given)) == {1: 2}


def test_a_round_with_nobody_in_it_has_an_empty_plan() -> None:
    plan = decide(round_of([], [], {}))

    assert (plan.pairings, plan.unmatched, plan.objective_ms) == ((), (), 0)


def test_a_plan_comes_back_from_its_bytes() -> None:
    plan = decide(crossing())
    left = decide(round_of([trip(1, seats=6)], [driver(1)], {}))

    for one in (plan, left):
        assert Plan.decode(one.encode()) == one
        assert Plan.decode(one.encode()).digest == one.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"assignment", b"horoscope"),
        (b"served_sooner", b"declined_ever"),
        (f'"version":{VERSION}'.encode(), f'"version":{VERSION}.5'.encode()),
        (b'"unmatched":0', b'"unmatched":{}'),
        (b'"unmatched":0', b'"unmatched":1'),
        (b'"pairings":2', b'"pairings":1'),
        (b"matching plan 2", b"matching plan 1"),
    ],
)
def test_a_damaged_plan_is_refused(old: bytes, new: bytes) -> None:
    whole = decide(crossing()).encode()
    assert old in whole

    with pytest.raises(RoundUnreadable):
        Plan.decode(whole.replace(old, new))


def test_a_plan_cut_short_anywhere_is_refused() -> None:
    whole = decide(round_of([trip(1, seats=6), trip(2)], [driver(1)], {(2, 1): 60})).encode()

    for size in range(len(whole)):
        with pytest.raises(RoundUnreadable):
            Plan.decode(whole[:size])


def test_a_stored_round_is_decided_alike_by_another_process(tmp_path: Path) -> None:
    """I15: from the stored bytes alone, whatever the other process hashes strings to."""
    given = crossing()
    stored = tmp_path / "round.json"
    stored.write_bytes(given.encode())
    again = (
        "import sys, pathlib; from dispatch.matching import RoundInput, decide;"
        "print(decide(RoundInput.decode(pathlib.Path(sys.argv[1]).read_bytes())).digest)"
    )

    digests = {
        subprocess.run(
            [sys.executable, "-c", again, str(stored)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert digests == {decide(given).digest}


@pytest.mark.parametrize("method", list(Method))
def test_a_dead_heat_between_drivers_goes_to_whoever_waited_longest(method: Method) -> None:
    shift = {"shift_seconds": 5000}
    rows = [
        driver(1, last_offered_at_ms=AT_MS - 1000, **shift),
        driver(2, last_offered_at_ms=AT_MS - 3000, **shift),
        driver(3, last_offered_at_ms=AT_MS - 3000, **shift),
        driver(4, last_offered_at_ms=AT_MS - 2000, **shift),
    ]
    given = round_of([trip(1), trip(2)], rows, {(t, d): 60 for t in (1, 2) for d in (1, 2, 3, 4)})

    assert set(paired(decide(given, method=method)).values()) == {2, 3}


@pytest.mark.parametrize("method", list(Method))
def test_a_dead_heat_between_trips_goes_to_the_one_asked_for_first(method: Method) -> None:
    # The second waited a second longer, and is as much dearer as that second is worth: a dead heat.
    given = round_of(
        [trip(1), trip(2, asked_at_ms=AT_MS - 1000), trip(3)],
        [driver(1)],
        {(1, 1): 60, (2, 1): 60.5, (3, 1): 60},
    )

    assert paired(decide(given, method=method)) == {2: 1}
