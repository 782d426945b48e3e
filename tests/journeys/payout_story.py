"""A driver gives an account, waits three days, asks, is paid; the bank gives one payout back."""

from typing import Any

from tests.journeys.assemblies import signed_in_again
from tests.journeys.people import Driver, Office, Person, Town, new_id
from tests.service_time import move_time

PAYER = {
    "payer_name": "Khan Cars of Gridtown",
    "payer_routing_number": "021001208",
    "payer_account_number": "0001112223",
}
"""The settings of who pays: published numbers of a Federal Reserve Bank."""
ACCOUNT = {"holder": "Dora Driver", "routing_number": "021000021", "account_number": "444455556"}
THIRD_PARTY = ACCOUNT | {"account_number": "999900001"}
THREE_DAYS = 72 * 3600
MINE, OFFICE = "/driver/v1/payouts", "/office/v1/payouts"


async def drivers_are_paid(town: Town, driver: Driver, office: Office, listen: Any) -> None:
    """Every operation about payouts, with what each refuses; the driver has earned something."""
    keyed = Office(town.service, driver.number)
    await town.keep(keyed)
    listen(keyed)
    await keyed.sign_in_by_passkey()
    assert await driver.refused("POST", f"{MINE}/destinations", ACCOUNT) == (
        "403 strong_sign_in_needed"
    )
    wrong = ACCOUNT | {"routing_number": "021000022"}
    assert await keyed.refused("POST", f"{MINE}/destinations", wrong) == "422 bank_account_wrong"
    assert (await keyed.post(f"{MINE}/destinations", ACCOUNT))["tail"] == "5556"
    assert await driver.refused("POST", f"{MINE}/requests") == "409 destination_missing"
    await destination_taken_back(keyed)
    owed = await held(office, driver, "destination_waits")
    move_time(town.city.address, THREE_DAYS)
    await signed_in_again(office, driver)
    found = (await driver.get(f"{MINE}/destinations"))["destinations"]
    assert [one["state"] for one in found] == ["taken_back", "in_use"]
    assert (await driver.post(f"{MINE}/requests"))["owed"]["amount_minor"] == owed
    await one_file(office, driver, owed)
    mine = await driver.get(MINE)
    assert (mine["owed"]["amount_minor"], mine["asked_at"]) == (owed, None)
    assert [(one["state"], one["reason"]) for one in mine["payouts"]] == [
        ("returned", "account closed")
    ]


async def destination_taken_back(keyed: Person) -> None:
    """What somebody else set is taken back before it is used; what is in use is not."""
    number = (await keyed.post(f"{MINE}/destinations", THIRD_PARTY))["number"]
    await keyed.post(f"{MINE}/destinations/{number}/take-back")
    path = f"{MINE}/destinations/{number + 1}/take-back"
    assert await keyed.refused("POST", path) == "409 destination_in_use"


async def held(office: Office, driver: Driver, why: str) -> int:
    """The driver is held for that reason; what they are owed."""
    found = await office.get(f"{OFFICE}/preview")
    [one] = [one for one in found["held"] if one["driver_id"] == driver.person_id]
    assert one["why"] == why
    owed: int = one["amount_minor"]
    return owed


async def one_file(office: Office, driver: Driver, owed: int) -> None:
    """Made once, fetched, sent; and the payout comes back."""
    run = {"payout_file_id": new_id(), "execute_on": "2099-01-05", "least_minor": 10**9}
    planned = await office.get(f"{OFFICE}/preview", least_minor=10**9)
    assert [(one["driver_id"], one["amount_minor"]) for one in planned["payees"]] == [
        (driver.person_id, owed)
    ]
    past = run | {"execute_on": "2001-01-01"}
    assert await office.refused("POST", f"{OFFICE}/files", past) == "422 execution_day_past"
    made = (await office.post(f"{OFFICE}/files", run))["file"]
    assert (await office.post(f"{OFFICE}/files", run))["file"] == made
    other = run | {"payout_file_id": new_id()}
    assert await office.refused("POST", f"{OFFICE}/files", other) == "409 nothing_to_pay"
    path = f"{OFFICE}/files/{made['payout_file_id']}"
    fetched = await office.ask("GET", f"{path}/pain001")
    assert fetched.headers["content-type"] == "application/xml"
    assert b"444455556" in fetched.content
    assert (await office.post(f"{path}/sent")) == {"sent": 1}
    assert (await office.post(f"{path}/sent")) == {"sent": 0}
    [payout] = (await office.get(path))["payouts"]
    back = f"{OFFICE}/{payout['payout_id']}/returned"
    await office.post(back, {"reason": "account closed"})
    assert await office.refused("POST", back, {"reason": "again"}) == "409 payout_ended"
    [states] = [
        one for one in (await office.get(f"{OFFICE}/files"))["files"] if one["file"] == made
    ]
    assert (states["pending"], states["sent"], states["returned"]) == (0, 0, 1)
