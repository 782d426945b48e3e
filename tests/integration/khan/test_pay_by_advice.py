"""What the report of a demonstration says of those who follow advice and of those who do not."""

import psycopg

import ledger.views
from foundation.money import Currency
from khan.report import pay_by_advice
from storage.engine import Database
from tests.town import Town

USD = Currency("USD")


async def test_pay_an_hour_on_shift_is_told_by_group(
    database_address: str, database: Database
) -> None:
    with psycopg.connect(database_address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time SET demonstration = true, rate = 1e-9,"
            " wall_origin = clock_timestamp(), service_origin = '2024-05-14 12:00+00'"
        )
    town = await Town.build(database)
    async with database.work() as work:
        begin = work.now
    trip, driver_id = await town.on_board()
    await town.complete(trip, driver_id)
    idle, never = await town.driver(), await town.driver(on_shift=False)
    async with database.work() as work:
        pay = await ledger.views.earnings_since(work, [driver_id], begin, currency=USD)
    assert pay[driver_id] > 0
    # Time stands still but for these two hours.
    with psycopg.connect(database_address, autocommit=True) as owner:
        owner.execute(
            "UPDATE storage.service_time SET service_origin = service_origin + interval '2 hours'"
        )
    found = await pay_by_advice(
        database, {True: [driver_id], False: [idle, never]}, since=begin, currency=USD
    )
    assert found == {
        "drivers_following_advice": 1,
        "pay_hour_minor_following_advice": round(pay[driver_id] / 2),
        "drivers_cruising": 2,
        "pay_hour_minor_cruising": 0,
    }
    nobody = await pay_by_advice(database, {True: [], False: [never]}, since=begin, currency=USD)
    assert nobody["pay_hour_minor_following_advice"] is None
    assert nobody["pay_hour_minor_cruising"] is None
