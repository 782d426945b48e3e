"""What has had its time is let go of, by the service itself."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import psycopg

from khan.worker import keep_house, seal_days
from ledger import service
from storage.engine import Database
from tests.booked import found_example
from tests.service_time import move_time, stop_time


async def test_old_rows_go_and_young_ones_stay(
    database: Database, owner: psycopg.Connection
) -> None:
    await found_example(database)
    for days in (2, 0):
        owner.execute(
            "INSERT INTO registry.passkey_challenge (challenge_id, purpose, challenge, made_at,"
            " expires_at) SELECT gen_random_uuid(), 'sign_in', sha256('x'), made_at, made_at"
            " FROM (SELECT service_now() - make_interval(days => %s) AS made_at) AS passed",
            [days],
        )
    for days in (31, 29):
        owner.execute(
            "INSERT INTO storage.http_timing (at, counts)"
            " VALUES (clock_timestamp() - make_interval(days => %s), '{1}')",
            [days],
        )
    await keep_house(database)
    for table in ("registry.passkey_challenge", "storage.http_timing"):
        assert owner.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,), table


async def test_a_hold_that_ran_out_is_voided(database: Database, owner: psycopg.Connection) -> None:
    city = await found_example(database)
    trip = await city.quoted_trip()
    async with database.work() as work:
        await service.hold(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total,
            expires_at=work.now - timedelta(seconds=1),
        )  # fmt: skip
    await keep_house(database)
    kinds = owner.execute("SELECT kind FROM ledger.transfer ORDER BY kind").fetchall()
    assert kinds == [("hold",), ("void",)]


async def test_every_day_that_is_over_is_sealed(
    database: Database, database_address: str, owner: psycopg.Connection
) -> None:
    city = await found_example(database)
    stop_time(database_address, at="2024-05-14 12:00+00")
    await city.settled_trip()
    move_time(database_address, 3 * 24 * 3600)
    await seal_days(database, ZoneInfo("America/New_York"))
    days = owner.execute("SELECT CAST(day AS text) FROM ledger.sealed_day ORDER BY number")
    assert [day for (day,) in days] == ["2024-05-14", "2024-05-15", "2024-05-16"]
