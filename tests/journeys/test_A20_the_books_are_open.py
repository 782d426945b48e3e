"""An auditor reads the books; every look is on record for members; the public sees where money goes."""

from tests.journeys.auditors import all_looks, an_auditor, today
from tests.journeys.people import Town, new_id
from tests.small_city import corner
from tests.surplus_books import came_in


async def test_an_auditor_reads_the_books_and_members_read_of_each_look(town: Town) -> None:
    office, rider = await town.office(), await town.rider()
    driver = await town.driver(corner(4, 4))
    quote = await rider.quote(corner(3, 4), corner(1, 1))
    booked = {"trip_id": quote["quote_id"], "quote_id": quote["quote_id"]}
    async with driver.live("/driver/v1/live") as offered:
        trip = await rider.post("/rider/v1/trips", booked)
        offer = (await offered.message("offer"))["offer"]
        await driver.accept(offer)
        await driver.arrive(offer)
        shown = await rider.get(f"/rider/v1/trips/{trip['trip_id']}")
        await driver.step(trip["trip_id"], "board", {"pin": shown["pin"]})
        await driver.step(trip["trip_id"], "complete")
    auditor = await an_auditor(town, office)
    found = await all_looks(auditor)

    of_trip = [
        one for one in found["transfers"]["transfers"] if one["subject_id"] == trip["trip_id"]
    ]
    assert [one["kind"] for one in of_trip] == ["hold", "fare"]
    assert all(sum(entry["amount_minor"] for entry in one["entries"]) == 0 for one in of_trip)
    assert of_trip[1]["resolves"] == of_trip[0]["transfer_id"]
    assert of_trip[1]["decision_id"] is not None
    paid = -sum(
        entry["amount_minor"] for entry in of_trip[1]["entries"] if entry["role"] == "driver"
    )
    (held,) = [one for one in found["accounts"]["accounts"] if one["owner_id"] == driver.person_id]
    assert held["amount_minor"] <= -paid < 0
    assert trip["trip_id"].upper() in found["export"], "an auditor's export names what it is of"

    for member, path in ((driver, "/driver/v1/audit-looks"), (rider, "/rider/v1/audit-looks")):
        looks = (await member.get(path))["looks"]
        mine = [one for one in looks if one["auditor_id"] == auditor.person_id]
        assert [one["what"] for one in mine] == ["export", "accounts", "transfers"]
        older = await member.get(path, before=mine[-1]["at"])
        assert mine[-1]["look_id"] not in [one["look_id"] for one in older["looks"]]


async def test_the_office_appoints_and_does_not_look(town: Town) -> None:
    office = await town.office()
    on = await today(office)
    path = f"/office/v1/books/transfers?on={on}"
    assert await office.refused("GET", path) == "403 role_needed"
    auditor = await an_auditor(town, office)
    body = {"phone": auditor.number, "name": "Ada Auditor"}
    assert await auditor.refused("POST", "/office/v1/auditors", body) == "403 role_needed"
    again = await office.post("/office/v1/auditors", body, key=new_id())
    assert again["person_id"] == auditor.person_id, "again is no change"
    assert (await auditor.get("/office/v1/books/transfers", on=on))["on"] == on
    for wrong in ("", "?on=yesterday", f"?on={on}&page=-1"):
        assert await auditor.refused("GET", f"/office/v1/books/transfers{wrong}") == "422 malformed"
    assert await auditor.refused("GET", "/office/v1/books/export?format=xlsx") == "422 malformed"
    assert await auditor.refused("GET", f"/office/v1/books/accounts?on={on}&role=king") == (
        "422 malformed"
    )


async def test_a_month_of_few_drivers_says_nothing_but_its_days(town: Town) -> None:
    stranger = await town.stranger()
    month = (await today(stranger))[:7]
    answer = await stranger.ask("GET", "/public/v1/books", params={"month": month})
    assert answer.headers["cache-control"] == "public, max-age=300"
    found = answer.json()
    assert (found["month"], found["until"], found["money"]) == (month, None, [])
    assert found["drivers_least"] == 10
    for wrong in ("", "?month=2026-13", "?month=November"):
        assert await stranger.refused("GET", f"/public/v1/books{wrong}") == "422 malformed"


async def test_what_the_office_asks_of_the_books_is_refused_in_words(
    town: Town,
) -> None:
    office = await town.office()
    wrong = await came_in(town.city.address, "another mistake", 78)
    body = {"transfer_id": str(wrong), "reason": "entered twice"}
    path = "/office/v1/books/reversals"
    first = await office.post(path, body, key="take it back")
    assert await office.post(path, body, key="take it back") == first, "again is no change"
    assert await office.refused("POST", path, body) == "409 reversed_already"
    back = {"transfer_id": first["reversals"][0]["transfer_id"], "reason": "back again"}
    assert await office.refused("POST", path, back) == "422 not_reversible"
    nothing = {"transfer_id": office.person_id, "reason": "none"}
    assert await office.refused("POST", path, nothing) == "404 transfer_not_found"
    path = "/office/v1/books/periods"
    assert await office.refused("POST", path, {"last_day": "2999-12-31"}) == "409 day_not_sealed"
    assert await office.refused("POST", path, {"last_day": "9999-12-31"}) == "422 malformed"
    assert "periods" in await office.get(path)
