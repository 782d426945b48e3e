"""The office looks at a driver's papers for a reason, records what it has seen, and ends what is void."""

from datetime import datetime, timedelta
from typing import Any

from tests.journeys.people import Driver, Office, Town, new_id
from tests.small_city import corner


async def looked(office: Office, driver: Driver) -> dict[str, Any]:
    stated = {"reason": "licensing", "note": "renewals of the week", "driver_id": driver.person_id}
    purpose = (await office.post("/office/v1/purposes", stated))["purpose_id"]
    path = f"/office/v1/drivers/{driver.person_id}/papers"
    answer = await office.ask("GET", path, headers={"Purpose-Id": purpose})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def paper(office: Office, **more: object) -> dict[str, Any]:
    now = datetime.fromisoformat((await office.get("/readyz"))["now"])
    usual = {
        "kind": "private_hire_licence",
        "valid_from": (now - timedelta(days=1)).isoformat(),
        "valid_to": (now + timedelta(days=300)).isoformat(),
    }
    return usual | more


def standing(found: dict[str, Any], credential_id: str) -> str:
    (one,) = [each for each in found["papers"] if each["credential_id"] == credential_id]
    return str(one["standing"])


async def test_the_office_records_a_paper_once_sees_it_and_ends_it(town: Town) -> None:
    office, driver = await town.office(), await town.driver(corner(4, 4))
    path = f"/office/v1/drivers/{driver.person_id}/papers"
    before = await looked(office, driver)
    assert before["reasons"] == []
    assert before["standing"]["standing"] == "good"
    assert [one["reasons"] for one in before["vehicles"]] == [[]]
    assert {"driving_licence", "insurance"} <= {one["kind"] for one in before["papers"]}
    (old,) = [one for one in before["papers"] if one["kind"] == "private_hire_licence"]
    assert (old["standing"], old["zones"]) == ("valid", None)

    body, key = await paper(office, zones=["W"]), new_id()
    made = [await office.post(path, body, key=key) for _ in range(2)]
    assert made[0] == made[1]
    new = made[0]["credential_id"]
    again = await office.ask("POST", path, body | {"zones": ["E"]}, key=key)
    assert again.json()["code"] == "idempotency_key_reused"
    later = await office.post(path, await paper(office, valid_from=body["valid_to"],
                                                valid_to="2100-01-01T00:00:00Z"))  # fmt: skip
    found = await looked(office, driver)
    assert len(found["papers"]) == len(before["papers"]) + 2
    assert standing(found, new) == "valid"
    assert standing(found, later["credential_id"]) == "to_come"

    withdraw = f"/office/v1/papers/{old['credential_id']}/withdraw"
    key = new_id()
    for _ in range(2):
        await office.post(withdraw, {"reason": "replaced by one of zones"}, key=key)
    assert await office.refused("POST", withdraw, {"reason": "again"}) == (
        "409 credential_withdrawn_already"
    )
    found = await looked(office, driver)
    (ended,) = [one for one in found["papers"] if one["credential_id"] == old["credential_id"]]
    assert (ended["standing"], ended["withdrawn_because"]) == (
        "withdrawn", "replaced by one of zones",
    )  # fmt: skip
    assert found["reasons"] == []  # the one of zones holds

    await office.post(f"/office/v1/papers/{new}/withdraw", {"reason": "a forgery"})
    found = await looked(office, driver)
    assert found["reasons"] == ["private_hire_licence_withdrawn"]
    assert [one["reasons"] for one in found["vehicles"]] == [["private_hire_licence_withdrawn"]]
    refused = {"shift_id": new_id(), "vehicle_id": driver.vehicle_id, "lon": -73.98, "lat": 40.745}
    await driver.post(f"/driver/v1/shifts/{driver.shift_id}/end")
    assert await driver.refused("POST", "/driver/v1/shifts", refused) == "403 not_fit_to_work"


async def test_a_paper_that_cannot_be_is_refused(town: Town) -> None:
    office, driver = await town.office(), await town.driver(corner(4, 3))
    path = f"/office/v1/drivers/{driver.person_id}/papers"
    answer = await office.ask("POST", path, await paper(office, zones=["W", "Atlantis", "w"]))
    assert (answer.status_code, answer.json()["code"]) == (422, "zone_unknown")
    assert answer.json()["zones"] == ["Atlantis", "w"]
    assert "/public/v1/zones" in answer.json()["detail"]
    for wrong, code in (
        ({"zones": ["W"], "kind": "driving_licence"}, "422 detail_invalid"),
        ({"kind": "insurance"}, "422 detail_invalid"),  # of a vehicle
        ({"valid_to": "2001-01-01T00:00:00Z"}, "422 detail_invalid"),
        ({"zones": []}, "422 malformed"),
        ({"kind": "rod_licence"}, "422 malformed"),
        ({"valid_from": "2014-12-21T20:00"}, "422 malformed"),  # of no time zone
    ):
        assert await office.refused("POST", path, await paper(office, **wrong)) == code, wrong
    elsewhere = f"/office/v1/drivers/{new_id()}/papers"
    assert await office.refused("POST", elsewhere, await paper(office)) == "404 driver_not_found"
    nothing = f"/office/v1/papers/{new_id()}/withdraw"
    assert await office.refused("POST", nothing, {"reason": "gone"}) == "404 credential_not_found"
    assert len((await looked(office, driver))["papers"]) == 5


async def test_I29_a_look_at_papers_needs_a_purpose_of_that_driver_and_leaves_a_public_row(
    town: Town,
) -> None:
    office, driver = await town.office(), await town.driver(corner(3, 4))
    other = await town.driver(corner(3, 3))
    path = f"/office/v1/drivers/{driver.person_id}/papers"
    purposes = "/office/v1/purposes"
    for stated in (
        {"reason": "licensing"},
        {"reason": "licensing", "trip_id": new_id()},
        {"reason": "complaint", "trip_id": new_id(), "driver_id": driver.person_id},
        {"reason": "watch", "driver_id": driver.person_id},
    ):
        assert await office.refused("POST", purposes, stated | {"note": "hm"}) == (
            "422 purpose_unclear"
        )
    assert await office.refused("GET", path) == "422 malformed"
    watch = (await office.post(purposes, {"reason": "watch", "note": "desk"}))["purpose_id"]
    of_other = (
        await office.post(
            purposes, {"reason": "licensing", "note": "hm", "driver_id": other.person_id}
        )
    )["purpose_id"]
    for purpose in (new_id(), watch, of_other):
        refused = await office.refused("GET", path, headers={"Purpose-Id": purpose})
        assert refused == "403 purpose_needed"
    before = (await office.get("/public/v1/access-log"))["accesses"]
    await looked(office, driver)
    after = (await office.get("/public/v1/access-log"))["accesses"]
    assert len(after) == len(before) + 1
    assert (after[0]["reason"], after[0]["what"]) == ("licensing", "papers")
    assert driver.person_id not in str(after[0])
    nobody = new_id()
    stated = {"reason": "licensing", "note": "hm", "driver_id": nobody}
    purpose = (await office.post(purposes, stated))["purpose_id"]
    assert (
        await office.refused(
            "GET", f"/office/v1/drivers/{nobody}/papers", headers={"Purpose-Id": purpose}
        )
        == "404 driver_not_found"
    )
