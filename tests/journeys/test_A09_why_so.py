"""Everybody may ask why: for this offer, for a trip that went to somebody else, of a round."""

import json
import subprocess
import sys

import psycopg

from tests.journeys.people import Town, new_id
from tests.small_city import corner


async def test_a_driver_asks_why_this_offer_and_another_why_not_me(town: Town) -> None:
    near, far = await town.driver(corner(2, 2)), await town.driver(corner(5, 5))
    rider = await town.rider()
    trip = await rider.book(corner(2, 2), corner(4, 2))
    path = f"/driver/v1/trips/{trip['trip_id']}/why-not-me"
    offer = await near.wait_for_offer(trip["trip_id"])
    why = await near.get(f"/driver/v1/offers/{offer['offer_id']}/why")
    assert (why["offer_id"], why["trip_id"]) == (offer["offer_id"], trip["trip_id"])
    assert why["reasons"][0]["code"] == "soonest"
    assert why["reasons"][0]["words"].startswith("You can be there soonest")
    taken = await near.accept(offer)
    answer = await far.get(path)
    assert answer["trip_id"] == trip["trip_id"]
    assert answer["reasons"][0]["code"] == "not_you_later"
    mine = await near.get(path)
    assert [reason["code"] for reason in mine["reasons"]] == ["it_is_yours"]
    # Described, never named: no identifier of a driver, a rider or an offer is in either answer.
    said = json.dumps([answer, mine, why["reasons"]])
    for person in (near, far, rider):
        assert person.person_id not in said
    assert offer["offer_id"] not in json.dumps([answer, mine])
    assert await far.refused("GET", f"/driver/v1/offers/{offer['offer_id']}/why") == (
        "404 offer_not_found"
    )
    await near.arrive(taken)


async def test_who_was_not_on_shift_then_is_told_as_of_no_trip_at_all(town: Town) -> None:
    rider, near = await town.rider(), await town.driver(corner(0, 0))
    trip = await rider.book(corner(0, 0), corner(3, 0))
    await near.take(trip["trip_id"])
    late = await town.driver(corner(0, 1))
    answers = []
    for trip_id in (trip["trip_id"], new_id()):
        answer = await late.ask("GET", f"/driver/v1/trips/{trip_id}/why-not-me")
        assert answer.status_code == 404
        told = answer.json()
        assert told.pop("trip_id") == trip_id  # what was asked for, and nothing else
        answers.append(told)
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "trip_not_found"


async def test_of_a_trip_nobody_was_offered_a_driver_hears_why_it_still_waits(town: Town) -> None:
    driver, rider = await town.driver(corner(0, 1)), await town.rider()
    waiting = await rider.book(corner(1, 1), corner(3, 0), needs=["stretcher"])
    told = await driver.wait_for_reasons(waiting["trip_id"])
    assert [reason["code"] for reason in told] == ["limit_needs", "nobody_offered", "open_needs"]
    assert told[1]["words"].startswith("Nobody was offered that trip")
    assert rider.person_id not in json.dumps(told)


async def test_a_stored_round_is_listed_explained_and_decided_again(town: Town) -> None:
    rider, near = await town.rider(), await town.driver(corner(4, 4))
    trip = await rider.book(corner(4, 4), corner(1, 4))
    await near.take(trip["trip_id"])

    def khan(*words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [sys.executable, "-m", "khan", *words, "--url", town.city.address],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    with psycopg.connect(town.city.address) as connection:
        found = connection.execute(
            "SELECT round_id::text FROM dispatch.offer WHERE trip_id = %s", [trip["trip_id"]]
        ).fetchone()
    assert found is not None
    (round_id,) = found
    code, listed, _ = khan("round", "list", "--most", "1000")
    assert (code, round_id in listed) == (0, True)
    code, told, _ = khan("explain", round_id)
    assert (code, f"trip {trip['trip_id']} to driver {near.person_id}" in told) == (0, True)
    code, told, _ = khan("explain", round_id, trip["trip_id"])
    assert (code, "who is told:" in told, "cost " in told) == (0, True, True)
    code, told, _ = khan("explain", round_id, near.person_id, trip["trip_id"])
    assert (code, "The trip was offered to you" in told) == (0, True)
    code, told, _ = khan("round", "replay", round_id)
    assert (code, told.strip().endswith("the same")) == (0, True)
    unknown = new_id()
    for words in (
        ["round", "replay", unknown],
        ["explain", unknown],
        ["explain", round_id, unknown],
    ):
        code, _, said = khan(*words)
        assert (code, said.count("\n"), unknown in said) == (2, 1, True)


async def test_fairness_is_public_and_held_back_for_the_few(town: Town) -> None:
    found = await (await town.stranger()).get("/public/v1/fairness")
    assert (found["drivers"], found["currency"]) == (0, "USD")
    assert found["earnings_gini"] is None
    assert found["earnings_hour_minor"] is None
