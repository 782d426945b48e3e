"""The office books for a caller, looks for a reason, and leaves a trace."""

import psycopg

from tests.journeys.people import Person, Town, journey, new_id
from tests.small_city import corner


async def test_a_caller_is_booked_by_telephone_and_served(town: Town) -> None:
    office, driver = await town.office(), await town.driver(corner(1, 4))
    body = journey(corner(1, 4), corner(5, 4)) | {
        "trip_id": new_id(),
        "phone": town.city.next_rider(),
        "name": "Carl Caller",
    }
    booking = await office.post("/office/v1/bookings", body)
    assert booking["state"] == "matching"
    offer = await driver.wait_for_offer(booking["trip_id"])
    trip = await driver.accept(offer)
    assert trip["rider_first_name"] == "Carl"
    await driver.arrive(trip)
    await driver.step(trip["trip_id"], "board", {"pin": booking["pin"]})
    assert (await driver.step(trip["trip_id"], "complete"))["state"] == "completed"


async def test_the_office_cancels_without_a_fee_and_the_rider_is_told_why(town: Town) -> None:
    office, rider = await town.office(), await town.rider()
    trip = await rider.book(corner(2, 5), corner(2, 1), needs=["stretcher"])
    async with rider.live("/rider/v1/live") as heard:
        await heard.message("welcome")
        path = f"/office/v1/trips/{trip['trip_id']}/cancel"
        await office.post(path, {"reason": "the street is flooded"})
        told = await heard.trip("cancelled_by_operator")
    assert told["end_reason"] == "the street is flooded"


async def test_I29_a_look_at_a_trip_needs_a_purpose_and_leaves_a_public_row(town: Town) -> None:
    office, rider = await town.office(), await town.rider()
    trip = await rider.book(corner(5, 3), corner(1, 3), needs=["stretcher"])
    path = f"/office/v1/trips/{trip['trip_id']}"
    assert await office.refused("GET", path) == "422 malformed"
    unknown = {"Purpose-Id": new_id()}
    assert await office.refused("GET", path, headers=unknown) == "403 purpose_needed"
    no_trip = {"reason": "rider_asks", "note": "where is my car"}
    assert await office.refused("POST", "/office/v1/purposes", no_trip) == "422 purpose_unclear"
    before = (await office.get("/public/v1/access-log"))["accesses"]
    stated = {"reason": "rider_asks", "note": "where is my car", "trip_id": trip["trip_id"]}
    purpose = (await office.post("/office/v1/purposes", stated))["purpose_id"]
    answer = await office.ask("GET", path, headers={"Purpose-Id": purpose})
    assert answer.status_code == 200
    assert "pin" not in answer.json()["trip"]
    after = (await (await town.stranger()).get("/public/v1/access-log"))["accesses"]
    assert len(after) == len(before) + 1
    assert after[0]["reason"] == "rider_asks"
    assert trip["trip_id"] not in str(after[0])
    elsewhere = await office.refused(
        "GET", f"/office/v1/trips/{new_id()}", headers={"Purpose-Id": purpose}
    )
    assert elsewhere == "403 purpose_needed"


async def test_I13_a_purpose_stated_again_is_the_same_purpose(town: Town) -> None:
    office = await town.office()
    stated = {"reason": "watch", "note": f"the desk of {new_id()}"}
    answers = [
        await office.post("/office/v1/purposes", stated, key="the evening") for _ in range(2)
    ]
    assert answers[0] == answers[1]
    with psycopg.connect(town.city.address) as connection:
        kept = connection.execute(
            "SELECT purpose_id::text FROM storage.purpose WHERE note = %s", [stated["note"]]
        ).fetchall()
    assert kept == [(answers[0]["purpose_id"],)]


async def test_I29_named_positions_need_the_office_and_a_purpose(town: Town) -> None:
    office, driver = await town.office(), await town.driver(corner(2, 3))
    async with office.live("/office/v1/live", purpose_id=new_id()) as desk:
        told = await desk.message("problem")
        assert told["code"] == "purpose_needed"
    stated = {"reason": "watch", "note": "the evening desk"}
    purpose = (await office.post("/office/v1/purposes", stated))["purpose_id"]
    async with driver.live("/driver/v1/live") as line:
        await line.say(driver.report(corner(2, 4)))
        async with office.live("/office/v1/live", purpose_id=purpose) as desk:
            seen = await desk.until(
                lambda m: any(one["driver_id"] == driver.person_id
                              and one["lat"] == corner(2, 4).lat for one in m["drivers"])
            )  # fmt: skip
    assert seen["type"] == "positions"
    log = (await office.get("/public/v1/access-log"))["accesses"]
    assert "watch" in {row["reason"] for row in log}
    rider = await town.rider()
    async with rider.live("/office/v1/live", purpose_id=purpose) as desk:
        assert (await desk.message("problem"))["code"] == "role_needed"


async def test_a_code_alone_does_not_make_one_an_officer(town: Town) -> None:
    from khan.seed import OFFICE_PHONE

    async with Person(town.service, OFFICE_PHONE) as office:
        await office.sign_in()
        stated = {"reason": "watch", "note": "from a stolen phone"}
        assert await office.refused("POST", "/office/v1/purposes", stated) == "403 role_needed"


async def test_the_office_finds_a_member_by_name_or_number_and_reads_why_they_have_no_vote(
    town: Town,
) -> None:
    office = await town.office()
    known = {}
    for name in ("Zenobia Quux", "Zenon Quuxley", "Zeno Other"):
        body = {"person_id": await _newcomer(town, name), "member_class": "rider"}
        known[name] = (await office.post("/office/v1/members", body))["member_id"]
    await _newcomer(town, "Zenobia Quux Stranger")  # who is no member is not in the register

    async def found(**asked: object) -> dict[str, str]:
        answer = await office.post("/office/v1/members/search", asked)
        return {one["member_id"]: one["name"] for one in answer["members"]}

    assert await found(name="quux ZENO") == {
        known[name]: name for name in ("Zenobia Quux", "Zenon Quuxley")
    }
    number = known["Zeno Other"]
    assert await found(number=number[:35]) == {
        one: name for name, one in known.items() if one.startswith(number[:35])
    }
    assert await found(number=number) == {number: "Zeno Other"}
    first = await office.post("/office/v1/members/search", {"name": "quux", "limit": 1})
    rest = {"name": "quux", "after": first["after"]}
    [second] = (await office.post("/office/v1/members/search", rest))["members"]
    assert {first["members"][0]["name"], second["name"]} == {"Zenobia Quux", "Zenon Quuxley"}
    suspended = {"kind": "suspended", "reason": "Lent the card."}
    await office.post(f"/office/v1/members/{known['Zenon Quuxley']}/changes", suspended)
    answer = await office.post("/office/v1/members/search", {"name": "quuxl"})
    [shown] = answer["members"]
    # By these bylaws they keep their vote until an appeal has ended.
    assert (shown["may_vote_as"], shown["note"]) == ("rider", "Lent the card.")
    assert [one["member_class"] for one in shown["classes"]] == ["rider"]
    left = {"kind": "left", "member_class": "rider"}
    await office.post(f"/office/v1/members/{number}/changes", left)
    [gone] = (await office.post("/office/v1/members/search", {"number": number}))["members"]
    assert (gone["reason"], gone["words"]) == ("no_member", "they are no member any more")
    assert (gone["name"], gone["classes"], gone["note"]) == ("Zeno Other", [], None)
    assert set(shown) == {
        "member_id", "name", "classes", "may_vote_as", "reason", "words", "note",
    }  # fmt: skip
    for nonsense in ({}, {"name": "z"}, {"name": "- z"}, {"number": "abc"}, {"number": "%%%%%%%%"},
                     {"name": "zeno", "number": number}):  # fmt: skip
        assert (
            await office.refused("POST", "/office/v1/members/search", nonsense) == "422 malformed"
        )
    # What was searched for, and who was found, is kept nowhere.
    with psycopg.connect(town.city.address) as owner:
        for table in ("storage.outbox", "storage.idempotency"):
            rows = owner.execute(f"SELECT row::text FROM {table} AS row").fetchall()  # type: ignore[arg-type]
            assert rows
            assert not [row for row in rows if "quux" in str(row).lower()]


async def _newcomer(town: Town, name: str) -> str:
    """A person of that name, by their identifier."""
    async with Person(town.service, town.city.next_rider()) as person:
        await person.sign_in(name)
        return person.person_id
