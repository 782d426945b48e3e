"""One more trip in a run: the cheapest of all places that keep every limit."""

from dataclasses import replace

import numpy as np
import pytest

from dispatch.matching.shared import run_kernel as kernel
from dispatch.matching.shared.errors import RunInvalid
from dispatch.matching.shared.insertion import TripTerms, Weights, best_insertion, without
from dispatch.matching.shared.run import (
    Breach,
    Caps,
    Roads,
    Run,
    SharedTrip,
    Stop,
    StopKind,
    driver_row,
    schedule,
    stop_codes,
    trip_rows,
)
from foundation.chance import SeededChance
from tests.matching_world import trip_id
from tests.shared_runs import MINUTE, any_roads, empty_run, line_of, ride, walk

STREET = line_of(12)
EVEN = Weights()


def in_order(run: Run) -> str:
    """The stops of a run, as +1 -1."""
    return " ".join(
        f"{'-' if stop.kind else '+'}{stop.trip_id.int % (1 << 32)}" for stop in run.stops
    )


def inserted(run: Run, trip: SharedTrip, roads: Roads = STREET, weights: Weights = EVEN) -> Run:
    found = best_insertion(run, trip, roads=roads, weights=weights)
    assert found is not None
    return found.run


def test_a_rider_on_the_way_is_taken_along() -> None:
    run = inserted(empty_run(1, 0), ride(1, 1, 10, roads=STREET))
    found = best_insertion(run, ride(2, 4, 8, roads=STREET), roads=STREET, weights=EVEN)
    assert found is not None
    assert in_order(found.run) == "+1 +2 -2 -1"
    assert found.terms == TripTerms(
        added_drive_ms=0, others_delay_ms=0, wait_ms=4 * MINUTE, detour_ms=0
    )
    assert found.cost == 4 * MINUTE


def test_a_detour_beyond_the_cap_is_not_imposed() -> None:
    """Fetching trip 2 first would make trip 1's ride three times as long."""
    run = inserted(empty_run(1, 0), ride(1, 4, 6, roads=STREET))
    run = replace(run, stops=run.stops)
    found = inserted(run, ride(2, 3, 9, roads=STREET))
    assert in_order(found) == "+2 +1 -1 -2"
    nowhere = ride(3, 5, 1, roads=STREET, caps=Caps(wait_ms_max=5 * MINUTE, detour_percent_max=100))
    assert best_insertion(run, nowhere, roads=STREET, weights=EVEN) is None


@pytest.mark.parametrize(("seats", "order"), [(1, "+2 -2 +1 -1"), (2, "+2 +1 -2 -1")])
def test_seats_are_never_exceeded(seats: int, order: str) -> None:
    run = inserted(empty_run(1, 0, seats=seats), ride(1, 1, 3, roads=STREET))
    late = Caps(wait_ms_max=60 * MINUTE, detour_percent_max=100)
    assert in_order(inserted(run, ride(2, 1, 2, roads=STREET, caps=late))) == order


def test_a_promise_already_given_is_kept() -> None:
    promised = replace(ride(1, 1, 10, roads=STREET), dropoff_by_ms=11 * MINUTE)
    run = inserted(empty_run(1, 0), promised)
    aside = ride(2, 11, 9, roads=STREET, caps=Caps(wait_ms_max=60 * MINUTE, detour_percent_max=100))
    assert in_order(inserted(run, aside)) == "+1 -1 +2 -2"
    dwelling = line_of(12, dwell_ms=30_000)
    on_the_way = ride(3, 4, 8, roads=dwelling)
    assert best_insertion(run, on_the_way, roads=dwelling, weights=EVEN) is None


def test_a_rider_on_board_keeps_seat_and_ride_cap() -> None:
    aboard = replace(ride(1, 0, 8, roads=STREET), boarded_at_ms=-4 * MINUTE)
    run = Run(driver_id=empty_run(1, 0).driver_id, place=0, free_at_ms=0, seats=2, trips=(aboard,),
              stops=(Stop(StopKind.DROPOFF, aboard.trip_id),))  # fmt: skip
    assert schedule(run, STREET).aboard == (0,)
    assert schedule(run, STREET).breach is None
    assert schedule(replace(run, free_at_ms=1), STREET).breach is Breach.RIDDEN_TOO_LONG
    assert best_insertion(replace(run, free_at_ms=1), ride(2, 0, 8, roads=STREET), roads=STREET,
                          weights=EVEN) is None  # fmt: skip
    couple = ride(
        2, 2, 4, roads=STREET, seats=2, caps=Caps(wait_ms_max=60 * MINUTE, detour_percent_max=100)
    )
    assert in_order(inserted(run, couple)) == "-1 +2 -2"


def test_nobody_is_taken_on_who_would_end_after_the_shift() -> None:
    trip = ride(1, 1, 10, roads=STREET)
    assert best_insertion(empty_run(1, 0, finish_by_ms=10 * MINUTE - 1), trip, roads=STREET,
                          weights=EVEN) is None  # fmt: skip
    assert in_order(inserted(empty_run(1, 0, finish_by_ms=10 * MINUTE), trip)) == "+1 -1"


def test_a_booked_rider_is_waited_for() -> None:
    booked = ride(1, 1, 5, roads=STREET, wanted_at_ms=30 * MINUTE)
    plan = schedule(inserted(empty_run(1, 0), booked), STREET)
    assert plan.begins_ms == (30 * MINUTE, 34 * MINUTE)
    assert plan.drive_ms == 5 * MINUTE


def test_the_weights_decide_between_driving_and_delay() -> None:
    """Trip 2 starts behind the car: fetch it now (drives less) or after trip 1 (delays less)."""
    run = inserted(
        empty_run(1, 5),
        ride(1, 5, 6, roads=STREET, caps=Caps(wait_ms_max=60 * MINUTE, detour_percent_max=900)),
    )
    behind = ride(2, 3, 9, roads=STREET, caps=Caps(wait_ms_max=60 * MINUTE, detour_percent_max=900))
    saving = inserted(run, behind, weights=Weights(drive=10, delay=1))
    kind = inserted(run, behind, weights=Weights(drive=0, delay=1))
    assert schedule(saving, STREET).drive_ms < schedule(kind, STREET).drive_ms


@pytest.mark.parametrize("seed", range(60))
def test_no_other_pair_of_places_is_cheaper(seed: int) -> None:
    """Against every order that a person would try by hand, on roads that obey no law."""
    chance = SeededChance(seed)
    roads = any_roads(8, chance, dwell_ms=chance.choice([0, 15_000]))
    caps = Caps(wait_ms_max=12 * MINUTE, detour_percent_max=250)
    weights = Weights(drive=chance.below(4), delay=chance.below(4), wait=chance.below(3))
    run = empty_run(1, chance.below(8), seats=1 + chance.below(4), finish_by_ms=45 * MINUTE)
    for number in range(1, 6):
        trip = ride(number, *_two(chance), roads=roads, caps=caps, seats=1 + chance.below(2),
                    wanted_at_ms=chance.below(9) * MINUTE)  # fmt: skip
        expected = _cheapest_by_hand(run, trip, roads, weights)
        found = best_insertion(run, trip, roads=roads, weights=weights)
        assert (
            None if found is None else (found.cost, found.pickup_at, found.dropoff_at)
        ) == expected
        if found is not None:
            run = found.run
            begins, driven, wrong = walk(run, roads)
            assert not wrong
            assert (schedule(run, roads).begins_ms, schedule(run, roads).drive_ms) == (
                tuple(begins),
                driven,
            )
            assert without(run, trip.trip_id).stops == tuple(
                s for s in run.stops if s.trip_id != trip.trip_id
            )


def _two(chance: SeededChance) -> tuple[int, int]:
    a = chance.below(8)
    return a, (a + 1 + chance.below(7)) % 8


def _cheapest_by_hand(
    run: Run, trip: SharedTrip, roads: Roads, weights: Weights
) -> tuple[int, int, int] | None:
    def worth(of: Run) -> int:
        begins, driven, _ = walk(of, roads)
        cost = weights.drive * driven
        for stop, begin in zip(of.stops, begins, strict=True):
            cost += (weights.wait, weights.delay)[stop.kind] * begin
        return cost

    tried = []
    own = weights.wait * trip.wanted_at_ms
    own += weights.delay * (trip.wanted_at_ms + trip.direct_ms)
    for i in range(len(run.stops) + 1):
        for j in range(i, len(run.stops) + 1):
            stops = [*run.stops[:i], Stop(StopKind.PICKUP, trip.trip_id), *run.stops[i:j],
                     Stop(StopKind.DROPOFF, trip.trip_id), *run.stops[j:]]  # fmt: skip
            trial = replace(run, trips=(*run.trips, trip), stops=tuple(stops))
            if walk(trial, roads)[2]:
                continue
            tried.append((worth(trial) - worth(run) - own, i, j))
    return min(tried, default=None)


def test_a_table_of_runs_gives_what_each_run_gives() -> None:
    chance = SeededChance(7)
    roads = any_roads(10, chance)
    trips = [
        ride(n, n, n + 4, roads=roads, caps=Caps(wait_ms_max=20 * MINUTE, detour_percent_max=300))
        for n in range(5)
    ]
    runs = [inserted(empty_run(n, n, seats=2), trips[n], roads) for n in range(3)]
    stops = np.zeros((3, 6), np.int64)
    for n, run in enumerate(runs):
        stops[n, :2] = stop_codes(run.stops, trips)
    rates = Weights().rates(roads)
    found = kernel.best_places(stops, np.array([2, 2, 5]), np.array([driver_row(r) for r in runs]), trip_rows(trips),
                               4, np.array([0, 1, 2]), roads.travel_ms, rates)  # fmt: skip
    for n in range(2):
        one = best_insertion(runs[n], trips[4], roads=roads, weights=EVEN)
        assert one is not None
        assert found[n].tolist() == [one.cost, one.pickup_at, one.dropoff_at]
        kernel.insert(stops[n], 2, 4, int(found[n, 1]), int(found[n, 2]))
        assert stops[n, :4].tolist() == stop_codes(one.run.stops, trips).tolist()
    assert found[2].tolist() == [kernel.NEVER, -1, -1], "no room in the row of stops"


def test_a_run_that_contradicts_itself_is_refused() -> None:
    trip = ride(1, 1, 2, roads=STREET)
    pick, drop = Stop(StopKind.PICKUP, trip.trip_id), Stop(StopKind.DROPOFF, trip.trip_id)
    base = empty_run(1, 0)
    for trips, stops in [
        ((trip,), (drop, pick)),
        ((trip,), (pick,)),
        ((trip,), (pick, drop, drop)),
        ((), (pick, drop)),
        ((trip, trip), (pick, drop)),
        ((replace(trip, boarded_at_ms=0),), (pick, drop)),
    ]:
        with pytest.raises(RunInvalid):
            replace(base, trips=trips, stops=stops)
    run = inserted(base, trip)
    for wrong in (
        trip,
        replace(trip, trip_id=trip_id(2), boarded_at_ms=0),
        ride(3, 1, 2, roads=STREET),
    ):
        far = replace(wrong, dropoff=12) if wrong.trip_id == trip_id(3) else wrong
        with pytest.raises(RunInvalid):
            best_insertion(run, far, roads=STREET, weights=EVEN)
    with pytest.raises(RunInvalid):
        Roads(np.zeros((2, 2), np.int64))  # type: ignore[arg-type]
    with pytest.raises(RunInvalid):
        Roads(np.full((2, 2), -1, np.int32))
    with pytest.raises(RunInvalid):
        Weights(drive=-1)
    with pytest.raises(RunInvalid):
        replace(trip, seats=0)
