"""What the report of a demonstration says of those who follow advice and of those who do not."""

import ledger.views
from foundation.money import Currency
from khan.report import pay_by_advice
from storage.engine import Database
from tests.service_time import move_time, stop_time
from tests.town import Town

USD = Currency("USD")


async def test_pay_an_hour_on_shift_is_told_by_group(
    database_address: str, database: Database
) -> None:
    stop_time(database_address)
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
    move_time(database_address, 2 * 3600)
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
