"""The picture of the fleet follows the facts, and takes none of them twice."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from dispatch.fleet import Fleet
from dispatch.position import OnShift, PositionBoard
from foundation.identifiers import DriverId, ShiftId, VehicleId
from foundation.money import Currency
from storage.outbox import Announced

READ_AT = datetime(2030, 1, 1, tzinfo=UTC)
DORA = DriverId(UUID(int=1))


def posted(kind: str, at: datetime, **facts: object) -> Announced:
    return Announced(
        position=1, event_id=UUID(int=2), topic="trip", kind=kind, rider_id=None, driver_id=DORA,
        occurred_at=at, payload=facts,
    )  # fmt: skip


def test_what_was_posted_before_the_books_were_read_is_in_them_already() -> None:
    board = PositionBoard()
    began = READ_AT - timedelta(hours=1)
    dora = OnShift(
        driver_id=DORA, shift_id=ShiftId(UUID(int=3)), vehicle_id=VehicleId(UUID(int=4)), seats=4,
        vehicle_class="standard", equipment=(), started_at=began, free_since=began,
        ends_by=READ_AT + timedelta(hours=8), earned_minor=1000, earned_as_of=READ_AT,
    )  # fmt: skip
    board.begin_shift(dora)
    fleet = Fleet(board, currency=Currency("USD"))
    fleet.hear(posted("fare_posted", READ_AT - timedelta(seconds=1), pay_minor=400))
    assert dora.earned_minor == 1000, "heard after a restart, and counted before"
    fleet.hear(posted("fare_posted", READ_AT + timedelta(minutes=9), pay_minor=400))
    fleet.hear(posted("fee_posted", READ_AT + timedelta(minutes=20), driver_minor=250))
    assert dora.earned_minor == 1650
