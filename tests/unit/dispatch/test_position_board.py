"""The board believes a message of the present shift that is newer than the last, and no other."""

import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.position import JUMP_METRES_MAX, Held, Metres, OnShift, Phase, Position, PositionBoard
from foundation.identifiers import DriverId, ShiftId, TripId, VehicleId
from foundation.measures import Point, distance_metres

START = datetime(2030, 1, 1, tzinfo=UTC)
DORA, EMIL = DriverId(UUID(int=1)), DriverId(UUID(int=2))
MORNING, EVENING = ShiftId(UUID(int=11)), ShiftId(UUID(int=12))
TRIP = TripId(UUID(int=21))


def on_shift(driver_id: DriverId = DORA, shift_id: ShiftId = MORNING) -> OnShift:
    return OnShift(
        driver_id=driver_id, shift_id=shift_id, vehicle_id=VehicleId(UUID(int=31)), seats=4,
        vehicle_class="standard", equipment=(), started_at=START,
        ends_by=START + timedelta(hours=12), free_since=START,
    )  # fmt: skip


def message(
    seq: int, *, lon: float | None = None, driver: DriverId = DORA, shift: ShiftId = MORNING
) -> Position:
    """Each number a little further east, unless told where."""
    where = 6.13 + seq * 0.001 if lon is None else lon
    return Position(
        driver_id=driver, shift_id=shift, seq=seq, point=Point(where, 49.61), heading=90,
        at=START + timedelta(seconds=seq),
    )  # fmt: skip


def held(board: PositionBoard, trip_id: TripId = TRIP) -> Held:
    return known(board).trips[trip_id]


@pytest.fixture
def board() -> PositionBoard:
    board = PositionBoard()
    board.begin_shift(on_shift())
    return board


def known(board: PositionBoard, driver_id: DriverId = DORA) -> OnShift:
    found = board.find(driver_id)
    assert found is not None
    return found


@pytest.mark.parametrize("seq", [1, 4, 5], ids=["late", "reordered", "repeated"])
def test_I14_a_message_that_is_not_newer_changes_nothing(board: PositionBoard, seq: int) -> None:
    assert board.report(message(5))
    board.take_changed()
    assert not board.report(message(seq, lon=7.0))
    assert known(board).position == message(5)
    assert board.take_changed() == []


@given(st.permutations([message(seq) for seq in range(1, 7)]), st.integers(0, 5))
def test_I14_in_whatever_order_the_newest_is_what_counts(
    messages: list[Position], repeated: int
) -> None:
    board = PositionBoard()
    board.begin_shift(on_shift())
    for one in [*messages, messages[repeated]]:
        board.report(one)
    assert known(board).position == message(6)
    assert board.take_changed() == [message(6)]


@given(st.lists(st.integers(1, 12), max_size=20))
def test_I14_what_comes_late_on_a_trip_adds_no_metres(sequence: list[int]) -> None:
    board = PositionBoard()
    board.begin_shift(on_shift())
    board.report(message(0))
    board.begin_trip(DORA, TRIP)
    for seq in sequence:
        board.report(message(seq))
    believed = [0, *itertools.accumulate(sequence, max)]
    driven = sum(
        distance_metres(message(one).point, message(other).point)
        for one, other in itertools.pairwise(believed)
    )
    assert held(board).metres == pytest.approx(driven)


def test_I30_nothing_is_known_of_a_driver_off_shift(board: PositionBoard) -> None:
    assert not board.report(message(1, driver=EMIL))
    assert board.find(EMIL) is None
    assert board.report(message(1))
    board.end_shift(DORA, MORNING)
    assert board.find(DORA) is None
    assert board.take_changed() == []
    assert not board.report(message(2))
    assert board.take_changed() == []
    assert len(board) == 0


def test_I30_a_message_of_another_shift_is_not_believed(board: PositionBoard) -> None:
    board.report(message(9))
    assert not board.report(message(10, shift=EVENING))
    board.begin_shift(on_shift(shift_id=EVENING))
    assert known(board).position is None
    assert not board.report(message(10, shift=MORNING))
    assert board.report(message(1, shift=EVENING)), "a shift counts from its own beginning"


def test_the_end_of_a_shift_does_not_end_the_next_one(board: PositionBoard) -> None:
    board.begin_shift(on_shift(shift_id=EVENING))
    board.end_shift(DORA, MORNING)
    assert known(board).shift_id == EVENING


def test_a_shift_told_twice_keeps_what_was_heard_since(board: PositionBoard) -> None:
    board.report(message(3))
    board.begin_shift(on_shift())
    assert known(board).position == message(3)


def test_metres_count_with_the_rider_on_board_and_not_before(board: PositionBoard) -> None:
    board.set_phase(DORA, Phase.TO_PICKUP, TRIP)
    board.report(message(1))
    board.report(message(2))
    assert held(board).metres == 0
    board.begin_trip(DORA, TRIP)
    board.report(message(4))
    driven = distance_metres(message(2).point, message(4).point)
    assert held(board).metres == pytest.approx(driven)
    board.set_phase(DORA, Phase.FREE, TRIP)
    board.report(message(5))
    following = TripId(UUID(int=22))
    board.begin_trip(DORA, following)
    assert held(board, following).metres == 0


def test_the_way_to_a_stop_counts_and_a_jitter_at_it_does_not(board: PositionBoard) -> None:
    board.report(message(1))
    board.begin_trip(DORA, TRIP)
    board.report(message(2))
    board.set_phase(DORA, Phase.AT_STOP, TRIP)
    before = held(board).metres
    board.report(message(3))
    assert held(board).metres == before
    board.set_phase(DORA, Phase.ON_TRIP, TRIP)
    board.report(message(4))
    assert held(board).metres > before


def test_a_lost_stretch_is_a_gap_and_not_driven(board: PositionBoard) -> None:
    board.report(message(1, lon=6.0))
    board.begin_trip(DORA, TRIP)
    board.report(message(2, lon=6.001))
    assert not held(board).has_gap
    before = held(board).metres
    far = Point(6.1, 49.61)
    assert distance_metres(Point(6.001, 49.61), far) > JUMP_METRES_MAX
    board.report(message(3, lon=far.lon))
    assert held(board).has_gap
    assert held(board).metres == before
    following = TripId(UUID(int=22))
    board.begin_trip(DORA, following)
    assert not held(board, following).has_gap, "a gap is of one trip"


def test_a_boarding_told_twice_counts_from_the_first(board: PositionBoard) -> None:
    board.report(message(1))
    board.begin_trip(DORA, TRIP)
    board.report(message(2))
    driven = held(board).metres
    board.begin_trip(DORA, TRIP)
    assert held(board).metres == driven > 0


def test_changes_are_taken_once_and_by_driver(board: PositionBoard) -> None:
    board.begin_shift(on_shift(EMIL, EVENING))
    board.report(message(1, driver=EMIL, shift=EVENING))
    board.report(message(1))
    board.report(message(2))
    taken = board.take_changed()
    assert [(one.driver_id, one.seq) for one in taken] == [(DORA, 2), (EMIL, 1)]
    assert board.take_changed() == []


def test_the_metres_of_a_trip_are_its_own(board: PositionBoard) -> None:
    board.begin_trip(DORA, TRIP)
    board.report(message(1))
    board.report(message(2))
    driven = round(held(board).metres)
    assert driven > 0
    assert board.metres_on_board(DORA, TRIP) == Metres(of_trip=driven, counted=driven)
    board.set_phase(DORA, Phase.AT_STOP, TRIP)
    assert board.metres_on_board(DORA, TRIP) == Metres(of_trip=driven, counted=driven)
    following = TripId(UUID(int=22))
    assert board.metres_on_board(DORA, following) is None
    assert board.metres_on_board(EMIL, TRIP) is None
    board.set_phase(DORA, Phase.AT_PICKUP, following)
    assert board.metres_on_board(DORA, following) is None, "completed before it is heard to begin"
    board.begin_trip(DORA, following)
    assert board.metres_on_board(DORA, following) is None, "nothing was heard of the way"
    board.report(message(3))
    own = round(held(board, following).metres)
    assert own > 0
    assert board.metres_on_board(DORA, following) == Metres(of_trip=own, counted=own)
    board.report(message(4, lon=50.0))
    assert board.metres_on_board(DORA, following) is None, "a stretch was lost"


@given(
    st.lists(
        st.tuples(st.sampled_from(["in", "stop", "on", "out"]), st.integers(0, 3)), max_size=40
    )
)
def test_each_metre_with_riders_on_board_counts_once_in_a_run(acts: list[tuple[str, int]]) -> None:
    board = PositionBoard()
    board.begin_shift(on_shift())
    board.report(message(0))
    trips = [TripId(UUID(int=100 + number)) for number in range(4)]
    state = dict.fromkeys(trips, "waits")
    counted: dict[TripId, float] = {}
    driven = 0.0

    def drive(seq: int) -> float:
        board.report(message(seq))
        stretch = distance_metres(message(seq - 1).point, message(seq).point)
        return stretch if "rides" in state.values() else 0.0

    def get_out(trip: TripId) -> None:
        at_the_end = held(board, trip)
        assert 0 <= at_the_end.metres_counted <= at_the_end.metres
        counted[trip] = at_the_end.metres_counted
        board.set_phase(DORA, Phase.FREE, trip)
        state[trip] = "gone"

    for seq, (act, number) in enumerate(acts, start=1):
        trip = trips[number]
        match act, state[trip]:
            case "in", "waits":
                board.begin_trip(DORA, trip)
                state[trip] = "rides"
            case "stop", "rides":
                board.set_phase(DORA, Phase.AT_STOP, trip)
                state[trip] = "stops"
            case "on", "stops":
                board.set_phase(DORA, Phase.ON_TRIP, trip)
                state[trip] = "rides"
            case "out", "rides" | "stops":
                get_out(trip)
        driven += drive(seq)
    for trip, where in list(state.items()):
        if where in ("rides", "stops"):
            get_out(trip)
    assert sum(counted.values()) == pytest.approx(driven)


def test_a_driver_does_what_the_trip_furthest_on_says(board: PositionBoard) -> None:
    following = TripId(UUID(int=22))
    board.begin_trip(DORA, TRIP)
    board.set_phase(DORA, Phase.TO_PICKUP, following)
    assert known(board).phase is Phase.ON_TRIP
    board.set_phase(DORA, Phase.FREE, TRIP)
    assert known(board).phase is Phase.TO_PICKUP
    board.set_phase(DORA, Phase.FREE, following)
    assert known(board).phase is Phase.FREE
