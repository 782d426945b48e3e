"""Drivers read what they were paid, take it along, and write down what it cost them."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ledger.statements import period
from tests.journeys.people import Driver, new_id


async def what_a_driver_is_paid(driver: Driver, trip_id: str) -> dict[str, Any]:
    """The week, the shift and the trip, as a table too, before and after costs; the week is given."""
    earned = await driver.get(f"/driver/v1/statements/trips/{trip_id}")
    when = earned["trips"][0]["ended_at"]
    week = await week_of(driver, when)
    fuel = {
        "cost_id": new_id(), "kind": "fuel", "spent_on": week["first_day"], "amount_minor": 4_300,
        "note": "a full tank",
    }  # fmt: skip
    await driver.post("/driver/v1/costs", fuel)
    put_right = fuel | {"cost_id": new_id(), "replaces": fuel["cost_id"], "amount_minor": 4_200}
    await driver.post("/driver/v1/costs", put_right)
    costs = (await driver.get("/driver/v1/costs"))["costs"]
    assert {one["amount_minor"] for one in costs} >= {4_300, 4_200}
    path = f"/driver/v1/statements/weeks/{week['name']}"
    found = await driver.get(path)
    await driver.get(f"/driver/v1/statements/shifts/{driver.shift_id}")
    table = await driver.ask("GET", f"{path}/file")
    assert table.headers["content-type"].startswith("text/csv")
    return found


async def week_of(driver: Driver, instant: str) -> dict[str, Any]:
    """The statement of the week in which something was."""
    zone = ZoneInfo((await driver.get("/public/v1/city"))["timezone"])
    name = period.week_of(datetime.fromisoformat(instant), zone).name
    return await driver.get(f"/driver/v1/statements/weeks/{name}")
