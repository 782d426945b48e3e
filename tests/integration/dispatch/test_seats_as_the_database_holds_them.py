"""I2: what the database refuses of a run's stops and seats, whoever asks.

Each is broken directly, as the service's role and as the tables' owner.
"""

import asyncio
from uuid import UUID

import psycopg
import pytest

from dispatch.trip import Trip
from foundation.identifiers import DriverId
from tests.dispatch_rows import Statement, not_permitted, refuses, seated, write
from tests.town import Town


def places(trip_id: UUID, *, pickup: int, dropoff: int) -> list[Statement]:
    values = {"t": trip_id, "p": pickup, "d": dropoff}
    return [
        ("UPDATE dispatch.run_stop SET place = CASE kind WHEN 'pickup' THEN %(p)s::int"
         " ELSE %(d)s::int END WHERE trip_id = %(t)s", values),
        ("UPDATE dispatch.seat_claim SET stops = int4range(%(p)s, %(d)s) WHERE trip_id = %(t)s",
         values),
    ]  # fmt: skip


def claim(trip_id: UUID, *, low: int, high: int) -> Statement:
    return (
        "UPDATE dispatch.seat_claim SET seats = int4range(%(low)s, %(high)s) WHERE trip_id = %(t)s",
        {"t": trip_id, "low": low, "high": high},
    )


def done(trip_id: UUID, kind: str) -> Statement:
    return (
        "UPDATE dispatch.run_stop SET done_at = service_now()"
        " WHERE trip_id = %(t)s AND kind = %(k)s",
        {"t": trip_id, "k": kind},
    )


@pytest.fixture
async def pair(town: Town) -> tuple[Trip, Trip, DriverId]:
    """A rider in the car, and the next job: stops 1, 2 and 3, 4."""
    return await town.with_next_job()


async def test_I02_no_seat_is_two_riders_between_the_same_stops(
    address: str, pair: tuple[Trip, Trip, DriverId]
) -> None:
    trip, following, _ = pair
    # The next rider before the present one is out: 1, 3 and 2, 4.
    overlapping = [
        *places(trip.trip_id, pickup=1, dropoff=3), *places(following.trip_id, pickup=2, dropoff=4),
    ]  # fmt: skip
    refuses(address, "i02_no_seat_twice", *overlapping)


async def test_I02_a_rider_who_does_not_share_has_the_whole_car(
    address: str, pair: tuple[Trip, Trip, DriverId]
) -> None:
    trip, following, _ = pair
    beside = [
        *places(trip.trip_id, pickup=1, dropoff=3), *places(following.trip_id, pickup=2, dropoff=4),
        claim(trip.trip_id, low=1, high=2), claim(following.trip_id, low=2, high=3),
    ]  # fmt: skip
    refuses(address, "i02_seats_from_stop_to_stop", *beside)


@pytest.mark.parametrize("seats", [(0, 4), (1, 6), (3, 3)], ids=["below", "beyond", "none"])
async def test_I02_seats_are_those_of_the_car(
    town: Town, address: str, seats: tuple[int, int]
) -> None:
    trip, _ = await town.assigned()
    low, high = seats
    refuses(address, "i02_seats_within_the_car", claim(trip.trip_id, low=low, high=high))


async def test_I02_nobody_says_that_a_car_has_more_seats(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    assert trip.holder is not None
    more = ("UPDATE dispatch.seat_claim SET car_seats = 9", {})
    refuses(address, "i02_seats_of_this_car", more)
    lie = ("UPDATE dispatch.run SET seats = 9", {})
    refuses(address, "only_ends_once", lie, roles=["owner"])
    not_permitted(address, lie)
    rows = write(address, ("SELECT seats FROM dispatch.run", {}))
    assert rows == [(4,)], "as the car's papers say"


async def test_I02_a_trip_on_its_way_has_stops_and_seats(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    refuses(
        address, "i02_seats_from_stop_to_stop",
        ("DELETE FROM dispatch.seat_claim WHERE trip_id = %(t)s", {"t": trip.trip_id}),
    )  # fmt: skip
    refuses(
        address, "i02_seats_from_stop_to_stop",
        ("DELETE FROM dispatch.run_stop WHERE trip_id = %(t)s AND kind = 'dropoff'",
         {"t": trip.trip_id}),
    )  # fmt: skip
    stranger = await town.trip()
    assert trip.holder is not None
    refuses(
        address, "i02_seats_from_stop_to_stop",
        seated(trip.holder.run_id, stranger.trip_id, seats=(1, 2), stops=(5, 6)),
    )  # fmt: skip


async def test_I02_the_seats_are_claimed_from_stop_to_stop(
    address: str, pair: tuple[Trip, Trip, DriverId]
) -> None:
    _, following, _ = pair
    elsewhere = places(following.trip_id, pickup=3, dropoff=5)[1]
    refuses(address, "i02_seats_from_stop_to_stop", elsewhere)


async def test_I02_nobody_is_on_board_before_their_stop(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    refuses(address, "i02_seats_from_stop_to_stop", done(trip.trip_id, "pickup"))


async def test_I02_no_stop_is_passed_over(address: str, pair: tuple[Trip, Trip, DriverId]) -> None:
    _, following, _ = pair
    refuses(address, "i02_stops_in_order", done(following.trip_id, "pickup"))
    refuses(
        address, "one_stop_a_place",
        ("UPDATE dispatch.run_stop SET place = 2 WHERE trip_id = %(t)s AND kind = 'pickup'",
         {"t": following.trip_id}),
    )  # fmt: skip


async def test_I02_two_sessions_never_seat_two_riders_on_one_seat(town: Town, address: str) -> None:
    """Both claim the same seats of one car before either commits: one of them is refused."""
    trip, _ = await town.on_board()
    assert trip.holder is not None
    run_id = trip.holder.run_id
    # Without the lock of the run, and the check that knows neither trip to be this driver's: the
    # constraint by itself.
    alone = ("ALTER TABLE dispatch.seat_claim DISABLE TRIGGER USER", {})
    write(address, alone, role="owner")
    others = [await town.trip(), await town.trip()]
    both_claimed = asyncio.Barrier(2)

    async def claiming(other: Trip) -> str:
        async with await psycopg.AsyncConnection.connect(address) as connection:
            statement, values = seated(run_id, other.trip_id, seats=(1, 2), stops=(2, 3))
            try:
                await both_claimed.wait()
                await connection.execute(statement, values)
                await connection.commit()
            except psycopg.errors.IntegrityError as error:
                return str(error.diag.constraint_name)
            except psycopg.errors.DeadlockDetected:
                return "i02_no_seat_twice"  # each waited for the other's claim, and one gave way
        return "taken"

    answers = await asyncio.gather(*(claiming(other) for other in others))
    assert sorted(answers) == ["i02_no_seat_twice", "taken"]
