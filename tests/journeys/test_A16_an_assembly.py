"""Members change the tariff: they move, second, amend, the office calls, they vote, and the next
quote after the rule's date has the new price."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.journeys.assemblies import (
    dearer_tariff,
    go_to,
    members,
    open_bylaws,
    signed_in_again,
    stated,
    tariff_proposal,
)
from tests.journeys.conftest import Found
from tests.journeys.people import Office, Rider, Town, refusal_of
from tests.journeys.service import Service, in_a_thread
from tests.small_city import corner


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with in_a_thread(found_city(drivers=12, bylaws=open_bylaws())) as running:
        yield running


def later(instant: str, **more: float) -> str:
    return (datetime.fromisoformat(instant) + timedelta(**more)).isoformat()


async def price(rider: Rider) -> int:
    quote = await rider.quote(corner(0, 0), corner(3, 3))
    return int(quote["total_minor"])


async def called(office: Office, motion_id: str, step: str, body: Any = None) -> dict[str, Any]:
    found: dict[str, Any] = await office.post(f"/office/v1/motions/{motion_id}/{step}", body)
    return found


async def test_a_tariff_is_moved_amended_voted_on_and_in_force(town: Town) -> None:
    ana, ben, rita = await members(town)
    office, stranger = await town.office(), await town.stranger()

    motion = await ana.post("/driver/v1/motions", tariff_proposal())
    one = f"motions/{motion['motion_id']}"
    assert (motion["state"], motion["seconds_missing"]) == ("proposed", 1)
    assert motion["mine"]["is_mover"] is True
    assert await ana.refused("POST", f"/driver/v1/{one}/second") == "403 not_yours_to_do"
    assert await called_too_early(office, motion["motion_id"]) == "409 motion_elsewhere"
    motion = await rita.post(f"/rider/v1/{one}/second")
    assert (motion["state"], motion["seconds_missing"]) == ("seconded", None)

    dearer = dearer_tariff(json.loads(motion["text"]), by_minor=50)
    made = await ben.post(f"/driver/v1/{one}/amendments", {"text": json.dumps(dearer)})
    assert [line for line in made["diff"].splitlines() if line.startswith(("+ ", "- "))]
    accept = f"/driver/v1/{one}/amendments/{made['amendment_id']}/accept"
    assert await ben.refused("POST", accept) == "403 not_yours_to_do"
    motion = await ana.post(accept)
    assert (motion["version"], motion["amendments"][0]["state"]) == (2, "accepted")
    assert json.loads(motion["text"]) == dearer

    await called(office, motion["motion_id"], "answer", {"text": "The board has no objection."})
    await stated(town, motion["motion_id"])
    motion = await called(office, motion["motion_id"], "notice", {})
    when = motion["timetable"]
    part = (await rita.get(f"/rider/v1/{one}"))["mine"]
    assert (part["on_roll"], part["member_class"]) == (True, "rider")
    go_to(town, when["freezes_at"])
    await signed_in_again(ana, ben, rita, office)
    await called(office, motion["motion_id"], "freeze")
    assert await ana.refused("POST", f"/driver/v1/{one}/withdraw") == "409 motion_elsewhere"
    go_to(town, later(when["opens_at"], hours=2))
    await signed_in_again(office)
    await signed_in_again(rita)
    async with rita.live("/rider/v1/live", since=0) as live:
        motion = await called(office, motion["motion_id"], "open")
        assert (await live.message("vote_called"))["motion_id"] == motion["motion_id"]
        told = await live.message("vote_opened")
    assert (told["title"], told["closes_at"]) == ("A higher least fare", when["closes_at"])
    assert motion["roll"]["size"] == 3

    await ana.post(f"/driver/v1/{one}/ballot", {"choice": "against"})
    await ana.post(f"/driver/v1/{one}/ballot", {"choice": "for"})
    await ben.post(f"/driver/v1/{one}/ballot", {"choice": "for"})
    await rita.post(f"/rider/v1/{one}/ballot", {"choice": "for"})
    assert (await ana.get(f"/driver/v1/{one}/ballot"))["choice"] == "for"
    assert await ana.refused("GET", f"/driver/v1/{one}/ballots") == "409 ballots_not_shown"

    go_to(town, when["closes_at"])
    await signed_in_again(ana, rita, office)
    late = await ana.refused("POST", f"/driver/v1/{one}/ballot", {"choice": "for"})
    assert late == "410 vote_not_open"
    await called(office, motion["motion_id"], "close")
    motion = await called(office, motion["motion_id"], "certify")
    assert (motion["state"], motion["rule"]["version"]) == ("certified", 2)
    shown = (await rita.get(f"/rider/v1/{one}/ballots"))["ballots"]
    assert sorted(ballot["choice"] for ballot in shown) == ["for", "for", "for"]
    assert {ballot["member_class"] for ballot in shown} == {"driver", "rider"}
    assert {ballot["member"]["name"] for ballot in shown} >= {"Rita Rider"}

    go_to(town, later(motion["rule"]["valid_from"], seconds=-1))
    await signed_in_again(rita, office)
    before = await price(rita)
    go_to(town, motion["rule"]["valid_from"])
    assert await price(rita) == before + 150

    said = {"text": "The meters are set.", "done_percent": 100}
    motion = await called(office, motion["motion_id"], "follow-ups", said)
    assert motion["follow_ups"][0]["done_percent"] == 100
    await the_way_back(stranger, motion)


async def called_too_early(office: Office, motion_id: str) -> str:
    return refusal_of(await office.ask("POST", f"/office/v1/motions/{motion_id}/notice", {}))


async def the_way_back(stranger: Any, motion: dict[str, Any]) -> None:
    """From the tariff that a receipt names to the count, without a name on the way."""
    origin = await stranger.get(f"/public/v1/rules/tariff/{motion['rule']['version']}")
    assert origin["motion"]["motion_id"] == motion["motion_id"]
    certificate = await stranger.get(f"/public/v1/motions/{motion['motion_id']}/certificate")
    assert certificate["digest"] == origin["digest"]
    assert certificate["document"]["count"]["votes_for"] == 3
    assert json.loads(origin["document"]) == certificate["document"]
    assert not {"mover", "seconders", "mine"} & origin["motion"].keys()
    founding = await stranger.get("/public/v1/rules/tariff/1")
    assert founding["motion"] is None
    assert await stranger.refused("GET", "/public/v1/rules/tariff/9") == "404 rule_not_found"
