"""What everybody may see of fairness among drivers, and what is held back."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dispatch.fairness_figures import FairnessLog, published
from dispatch.position import OnShift, Phase, Position, PositionBoard
from foundation.identifiers import UUID, DriverId, ShiftId, VehicleId
from foundation.measures import Point

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def on_shift(number: int, *, hours: float = 2, earned_minor: int = 4000, idle: int = 0) -> OnShift:
    driver_id, shift_id = DriverId(UUID(int=number)), ShiftId(UUID(int=1000 + number))
    return OnShift(
        driver_id=driver_id,
        shift_id=shift_id,
        vehicle_id=VehicleId(UUID(int=2000 + number)),
        seats=4,
        vehicle_class="standard",
        equipment=(),
        started_at=NOW - timedelta(hours=hours),
        ends_by=NOW + timedelta(hours=6),
        free_since=NOW - timedelta(minutes=idle),
        earned_minor=earned_minor,
        position=Position(
            driver_id=driver_id, shift_id=shift_id, seq=1, point=Point(-73.98, 40.75), heading=0,
            at=NOW,
        ),
    )  # fmt: skip


def test_of_ten_drivers_earnings_spread_and_the_longest_wait_are_told() -> None:
    drivers = [on_shift(n, earned_minor=2000 if n < 5 else 6000, idle=n) for n in range(10)]
    found = published(drivers, now=NOW)
    assert (found.drivers, found.earnings_hour_minor) == (10, 2000)
    assert found.earnings_gini == 0.25  # half earn three times what the other half do
    assert found.idle_minutes_max == 9


def test_of_nine_nothing_is_told() -> None:
    found = published([on_shift(n) for n in range(9)], now=NOW)
    assert (found.drivers, found.earnings_hour_minor) == (0, None)
    assert (found.earnings_gini, found.idle_minutes_max) == (None, None)


def test_the_spread_is_not_told_of_the_few_who_are_settled() -> None:
    drivers = [on_shift(n, hours=2 if n < 9 else 0.1) for n in range(12)]
    found = published(drivers, now=NOW)
    assert found.earnings_gini is None
    assert found.earnings_hour_minor is not None


def test_one_drivers_pay_does_not_show_in_steps_of_fifty() -> None:
    drivers = [on_shift(n) for n in range(10)]
    richer = [replace(drivers[0], earned_minor=4300), *drivers[1:]]
    assert published(richer, now=NOW).earnings_hour_minor == 2000
    assert published(drivers, now=NOW).earnings_hour_minor == 2000


def test_a_driver_under_way_waits_for_nothing() -> None:
    drivers = [on_shift(n, idle=2) for n in range(10)]
    drivers[3].phase, drivers[3].free_since = Phase.ON_TRIP, NOW - timedelta(hours=1)
    assert published(drivers, now=NOW).idle_minutes_max == 2


def test_figures_are_not_made_anew_within_five_minutes() -> None:
    board = PositionBoard()
    log = FairnessLog(board)
    assert log.at(NOW).drivers == 0
    for number in range(10):
        board.begin_shift(on_shift(number))
    assert log.at(NOW + timedelta(minutes=4)).drivers == 0
    assert log.at(NOW + timedelta(minutes=5)).drivers == 10
