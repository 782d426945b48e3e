"""What has had its time is let go of, by the service itself."""

from datetime import timedelta

import psycopg

from khan.worker import keep_house
from ledger import service
from storage.engine import Database
from tests.booked import found_example


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
