"""What riders who share are promised, and that whoever joins later leaves the reserve of it alone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.matching.policy import SharedCaps
from dispatch.matching.shared.insertion import Weights, best_insertion
from dispatch.matching.shared.run import Run, SharedTrip, Stop, schedule
from dispatch.matching.shared.run import StopKind as Kind
from dispatch.matching.shared.run_kernel import NEVER
from dispatch.promise import LATE_AT_A_KERB_SECONDS, LATE_PERCENT, Reserve, guarded, promise
from dispatch.run import Planned, StopKind
from foundation.identifiers import TripId
from tests.matching_world import driver_id, trip, trip_id
from tests.shared_runs import MINUTE, line_of, ride

UP, OFF = StopKind.PICKUP, StopKind.DROPOFF
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CAPS = SharedCaps(wait_seconds_max=480, detour_percent_max=150, riders_max=4, stop_seconds=30)
RESERVE = Reserve(answer_seconds=15)
STREET = line_of(40, dwell_ms=30_000)


def plan(*stops: tuple[int, StopKind, int]) -> Sequence[Planned]:
    """Stops as (trip, kind, seconds from now)."""
    return [
        Planned(trip_id=trip_id(number), kind=kind, expected_at=NOW + timedelta(seconds=after))
        for number, kind, after in stops
    ]


def promised(of: Sequence[Planned], *, waited: int = 0, way: int = 600) -> tuple[float, float]:
    """Seconds from now to what trip 1 is promised: pick-up, drop-off."""
    asked_at_ms = (int(NOW.timestamp()) - waited) * 1000
    asked = trip(1, asked_at_ms=asked_at_ms, trip_seconds=way)
    made = promise(asked, CAPS, plan=of, now=NOW, reserve=RESERVE)
    return (made[UP] - NOW).total_seconds(), (made[OFF] - NOW).total_seconds()


def test_the_caps_are_promised_where_the_plan_is_well_within() -> None:
    assert promised(plan((1, UP, 60), (1, OFF, 660))) == (480, 480 + 900 + 30)


def test_who_has_waited_beyond_the_cap_is_promised_the_plan_with_its_reserve() -> None:
    pickup, _ = promised(plan((1, UP, 100), (1, OFF, 700)), waited=480)
    assert pickup == 100 + 25 + 15 + 30


def test_every_other_rider_who_gets_in_before_may_be_late() -> None:
    alone, _ = promised(plan((1, UP, 400), (1, OFF, 1000)), waited=480)
    second, _ = promised(plan((2, UP, 100), (1, UP, 400), (1, OFF, 1000)), waited=480)
    assert second - alone == LATE_AT_A_KERB_SECONDS


def test_a_way_round_for_others_is_promised_with_its_reserve_too() -> None:
    of = plan((1, UP, 10), (2, UP, 500), (3, UP, 800), (2, OFF, 900), (1, OFF, 1200))
    assert promised(of, waited=480, way=300)[1] == 1200 + 300 + 15 + 2 * LATE_AT_A_KERB_SECONDS


@given(left=st.integers(-(10**6), 10**8), kerbs=st.integers(0, 5), answer=st.integers(0, 120))
def test_what_is_planned_by_the_latest_plan_keeps_its_reserve(
    left: int, kerbs: int, answer: int
) -> None:
    reserve = Reserve(answer_seconds=answer)
    planned = reserve.latest_plan(left, kerbs=kerbs)
    if planned >= 0:
        assert planned + reserve.after(planned, kerbs=kerbs) <= left
        assert planned + 2 + reserve.after(planned + 2, kerbs=kerbs) > left


def on_the_way(pickup_by: int, dropoff_by: int) -> Run:
    """Rider 1 from place 4 to place 14 of a street, promised two minutes of time."""
    one = ride(1, 4, 14, roads=STREET)
    promised_one = SharedTrip(
        trip_id=one.trip_id, pickup=4, dropoff=14, seats=1, wanted_at_ms=0,
        pickup_by_ms=pickup_by, dropoff_by_ms=dropoff_by, direct_ms=one.direct_ms,
        ride_ms_max=one.ride_ms_max,
    )  # fmt: skip
    return Run(
        driver_id=driver_id(1), place=0, free_at_ms=0, seats=4, trips=(promised_one,),
        stops=(Stop(Kind.PICKUP, one.trip_id), Stop(Kind.DROPOFF, one.trip_id)),
    )  # fmt: skip


def limits(run: Run) -> tuple[int, int]:
    (one,) = guarded(run, STREET, RESERVE).trips
    return one.pickup_by_ms, one.dropoff_by_ms


def test_a_promised_stop_may_move_up_to_its_reserve() -> None:
    fixed = 15_000 + 60_000  # the answer, and the kerb of whoever joins
    expected = ((20 * MINUTE - fixed) * 100 // 125, (40 * MINUTE - fixed) * 100 // 125)
    assert limits(on_the_way(20 * MINUTE, 40 * MINUTE)) == expected


def test_where_the_reserve_is_used_up_the_stop_may_not_move() -> None:
    begins = schedule(on_the_way(20 * MINUTE, 40 * MINUTE), STREET).begins_ms
    assert limits(on_the_way(begins[0] + 1000, begins[1] + 1000)) == begins


def test_a_promise_that_is_late_already_stays_late_and_nobody_joins() -> None:
    late = on_the_way(3 * MINUTE, 40 * MINUTE)
    assert limits(late)[0] == 3 * MINUTE
    other = ride(2, 5, 13, roads=STREET)
    run = guarded(late, STREET, RESERVE)
    assert best_insertion(run, other, roads=STREET, weights=Weights()) is None


def test_what_was_never_promised_is_not_limited() -> None:
    assert limits(on_the_way(20 * MINUTE, NEVER))[1] == NEVER


@settings(max_examples=200, deadline=None)
@given(
    slack=st.tuples(st.integers(0, 1200), st.integers(0, 2400)),
    places=st.lists(st.integers(0, 39), min_size=2, max_size=2, unique=True),
    late=st.tuples(st.integers(0, LATE_PERCENT), st.integers(0, LATE_AT_A_KERB_SECONDS)),
    answered=st.integers(0, 15),
)
def test_no_promise_is_broken_by_what_the_reserve_is_for(
    slack: tuple[int, int], places: list[int], late: tuple[int, int], answered: int
) -> None:
    """Slow streets, a late rider at each kerb, a driver who answers late: all of it at once.

    Whoever joins, every stop that had its reserve before keeps its promise.
    """
    before = on_the_way(4 * MINUTE + slack[0] * 1000, 14 * MINUTE + 30_000 + slack[1] * 1000)
    found = best_insertion(
        guarded(before, STREET, RESERVE), ride(2, places[0], places[1], roads=STREET),
        roads=STREET, weights=Weights(),
    )  # fmt: skip
    if found is None:
        return
    (one,) = before.trips
    kept = {Kind.PICKUP: one.pickup_by_ms, Kind.DROPOFF: one.dropoff_by_ms}
    begins = schedule(before, STREET).begins_ms
    driven = _driven(found.run, late, answered)
    moved = dict(zip(found.run.stops, schedule(found.run, STREET).begins_ms, strict=True))
    for stop, begin in zip(before.stops, begins, strict=True):
        if moved[stop] > begin:
            assert driven[stop] <= kept[stop.kind], (stop, found.run.stops)


def _driven(run: Run, late: tuple[int, int], answered: int) -> dict[Stop, int]:
    """When each stop is reached by a driver who answers so late, on streets so slow, with riders so
    late at each kerb; how long rider 1 lets the car wait is their own affair."""
    trips: dict[TripId, SharedTrip] = {one.trip_id: one for one in run.trips}
    now, place, reached = answered * 1000, run.place, dict[Stop, int]()
    for stop in run.stops:
        one = trips[stop.trip_id]
        goal = one.pickup if stop.kind is Kind.PICKUP else one.dropoff
        now += int(STREET.travel_ms[place, goal]) * (100 + late[0]) // 100
        reached[stop] = now
        is_kerb = stop.kind is Kind.PICKUP and stop.trip_id != trip_id(1)
        now += STREET.dwell_ms + is_kerb * late[1] * 1000
        place = goal
    return reached


@pytest.mark.parametrize("kerbs", [0, 1, 3])
def test_the_reserve_grows_with_the_way_and_with_each_kerb(kerbs: int) -> None:
    assert RESERVE.after(100_000, kerbs=kerbs) == 15_000 + 60_000 * kerbs + 25_000
    assert RESERVE.after(-5, kerbs=0) == 15_000
