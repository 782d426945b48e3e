"""A story that uses every operation of self-government and of the commons, for the APIs' examples."""

import json
from typing import Any

from governance.commons.documents import plain
from tests.commons import budget_terms, offer_terms, pact_terms
from tests.journeys.assemblies import CHARTER, go_to, signed_in_again
from tests.journeys.assembly_meetings import (
    a_meeting,
    appeals_heard,
    only_these,
    votes_for_others,
    what_is_due,
)
from tests.journeys.assembly_officials import before_votes, called_in_secret
from tests.journeys.people import Driver, Office, Person, Rider, Town

SEED = "00" * 31 + "2a"


async def the_assembly(
    town: Town, rider: Rider, driver: Driver, office: Office, stranger: Person
) -> None:
    """Somebody joins, moves, seconds, amends; the office calls; both vote; a rule changes; and what
    members do beside votes."""
    sides = {"rider": rider, "driver": driver}
    await only_these(office, sides)
    struck_off = await the_register(office, town, sides)
    await before_votes(town, office, sides)
    moved = await moved_and_amended(sides)
    motion_id = moved["rider"]
    await amended_at_a_meeting(town, office, sides, motion_id)
    resolved = await votes_for_others(town, office, sides, struck_off=struck_off)
    await appeals_heard(office, sides, resolved, stranger)
    await stranger.get("/public/v1/meetings")
    await the_vote(town, office, sides, motion_id, struck_off=struck_off)
    for entrance, person in (("office", office), ("public", stranger)):
        await person.get(f"/{entrance}/v1/motions", state="certified")
        await person.get(f"/{entrance}/v1/motions/{motion_id}")
    await stranger.get(f"/public/v1/motions/{motion_id}/certificate")
    origin = await stranger.get("/public/v1/rules/booking_policy/2")
    await the_commons_in_use(town, office, sides, adoption_id=origin["adoption_id"])
    await purchases(office, origin["adoption_id"])
    await what_is_due(office, sides)
    for side, person in sides.items():
        await person.post(f"/{side}/v1/membership/leave")


async def the_register(office: Office, town: Town, sides: dict[str, Person]) -> str:
    """Suspended, appealed, reinstated; and somebody taken in by the office, who that is as a member."""
    for side, person in sides.items():
        mine = await person.get(f"/{side}/v1/membership")
        member = f"/office/v1/members/{mine['member_id']}"
        body = {"kind": "suspended", "reason": "Lent the car to somebody without a licence."}
        await office.post(f"{member}/changes", body)
        await person.post(f"/{side}/v1/membership/appeal")
        await office.post(f"{member}/changes", {"kind": "reinstated"})
        await office.get(member)
        by_number = {"number": mine["member_id"], "limit": 1}
        [found] = (await office.post("/office/v1/members/search", by_number))["members"]
        assert (found["member_id"], found["note"]) == (mine["member_id"], None)
    taken = {"person_id": office.person_id, "member_class": "rider"}
    made = await office.post("/office/v1/members", taken)
    return str(made["member_id"])


async def moved_and_amended(sides: dict[str, Person]) -> dict[str, str]:
    """Each moves, and seconds and amends what the other moved."""
    policy = json.loads((CHARTER / "booking_policy.json").read_text())
    moved = {}
    for side, person in sides.items():
        longer = policy | {"quote_valid_s": policy["quote_valid_s"] + 60}
        body = {
            "title": "Prices that hold longer", "text": json.dumps(longer), "matter": "special",
            "rule_kind": "booking_policy",
        }  # fmt: skip
        motion = await person.post(f"/{side}/v1/motions", body)
        moved[side] = motion["motion_id"]
        resolution = {
            "title": "Saturdays", "text": "The office opens on Saturdays.", "matter": "ordinary",
        }  # fmt: skip
        withdrawn = await person.post(f"/{side}/v1/motions", resolution)
        interest = {"interest": "My sister keeps the office."}
        await person.post(f"/{side}/v1/motions/{withdrawn['motion_id']}/conflict", interest)
        await person.post(f"/{side}/v1/motions/{withdrawn['motion_id']}/withdraw")
    for (side, person), (mover_side, mover) in zip(
        sides.items(), reversed(sides.items()), strict=True
    ):
        one = f"motions/{moved[mover_side]}"
        await person.post(f"/{side}/v1/{one}/second")
        longest = policy | {"quote_valid_s": policy["quote_valid_s"] + 120}
        amendment = {"text": json.dumps(longest)}
        made = await person.post(f"/{side}/v1/{one}/amendments", amendment)
        await mover.post(f"/{mover_side}/v1/{one}/amendments/{made['amendment_id']}/accept")
        await person.get(f"/{side}/v1/motions")
    return moved


async def amended_at_a_meeting(
    town: Town, office: Office, sides: dict[str, Person], motion_id: str
) -> None:
    """An amendment that its mover does not accept is put to those who come to a meeting."""
    motion = await office.get(f"/office/v1/motions/{motion_id}")
    again = json.loads(motion["text"]) | {"quote_valid_s": 400}
    path = f"/driver/v1/motions/{motion_id}/amendments"
    made = await sides["driver"].post(path, {"text": json.dumps(again)})
    put = f"/office/v1/motions/{motion_id}/amendments/{made['amendment_id']}/put-to-vote"
    await office.post(put)
    await a_meeting(town, office, sides, (motion_id, made["amendment_id"]))


async def the_vote(
    town: Town, office: Office, sides: dict[str, Person], motion_id: str, *, struck_off: str
) -> None:
    """Called, corrected, frozen, opened, voted on, certified; and at the same hours one in secret."""
    one, office_one = f"motions/{motion_id}", f"/office/v1/motions/{motion_id}"
    await office.post(f"{office_one}/answer", {"text": "The board has no objection."})
    motion = await office.post(f"{office_one}/notice", {"opens_on": None})
    correction = {"member_id": struck_off, "reason": "The city's seat is not filled yet."}
    await office.post(f"{office_one}/roll/corrections", correction)
    await office.get(f"{office_one}/roll")
    async with called_in_secret(town, office, sides) as secret:
        when = motion["timetable"]
        for step, instant in (("freeze", "freezes_at"), ("open", "opens_at")):
            go_to(town, when[instant])
            await signed_in_again(office)
            await office.post(f"{office_one}/{step}")
            await secret.step(step)
        await signed_in_again(*sides.values())
        for side, person in sides.items():
            await person.post(f"/{side}/v1/{one}/ballot", {"choice": "for"})
            await person.get(f"/{side}/v1/{one}/ballot")
        go_to(town, when["closes_at"])
        await signed_in_again(office)
        for step in ("close", "certify"):
            motion = await office.post(f"{office_one}/{step}")
        await secret.count(when["closes_at"])
    said = {"text": "Prices hold for seven minutes.", "done_percent": 100}
    await office.post(f"{office_one}/follow-ups", said)
    await signed_in_again(*sides.values())
    for side, person in sides.items():
        await person.get(f"/{side}/v1/{one}/ballots")
        await person.get(f"/{side}/v1/{one}")


def in_dollars(terms: Any, **changes: Any) -> dict[str, Any]:
    """A document of terms in the city's currency."""
    text = json.dumps(plain(terms)).replace('"EUR"', '"USD"')
    found: dict[str, Any] = json.loads(text) | changes
    return found


async def the_commons_in_use(
    town: Town, office: Office, sides: dict[str, Person], *, adoption_id: str
) -> None:
    """A pact, a fund and an offer, from proposal to end."""
    commons = "/office/v1/commons"
    fund = await office.post(
        f"{commons}/budgets", {"adoption_id": adoption_id, "terms": in_dollars(budget_terms())}
    )
    offer = await office.post(
        f"{commons}/offers",
        {
            "adoption_id": adoption_id,
            "terms": in_dollars(offer_terms(), opens_at="2015-01-01T00:00:00+00:00",
                                closes_at="2015-03-01T00:00:00+00:00"),
        },
    )  # fmt: skip
    pacts: dict[str, str] = {}
    for side, person in sides.items():
        projects = f"/{side}/v1/commons/budgets/{fund['id']}/projects"
        said = {"title": "Two benches", "body": "Drivers and riders wait standing."}
        lodged = await person.post(f"/{side}/v1/commons/proposals", said)
        proposal = f"{commons}/proposals/{lodged['proposal_id']}"
        answered = {"accepted": True, "reasons": "There is room."}
        await office.post(f"{proposal}/answer", answered)
        agreed = await office.post(f"{proposal}/pact", {"terms": in_dollars(pact_terms())})
        assert lodged["proposal_id"] in str(await office.get(f"{commons}/proposals"))
        pacts[side] = agreed["id"]
        await person.get(f"/{side}/v1/commons/proposals")
        project = {"project_id": f"of-a-{side}", "cost_minor": 5000,
                   "terms": in_dollars(pact_terms())}  # fmt: skip
        await person.post(projects, project)
        pledges = f"/{side}/v1/commons/offers/{offer['id']}/pledges"
        pledged = await person.post(pledges, {"amount_minor": 2000})
        await person.get(pledges)
        await person.post(f"{pledges}/{pledged['pledge_id']}/withdraw")
    for side, person in sides.items():
        other = "driver" if side == "rider" else "rider"
        projects = f"/{side}/v1/commons/budgets/{fund['id']}/projects"
        await person.post(f"{projects}/of-a-{other}/support")
        await person.get(projects)
    taken = {"person_id": sides["rider"].person_id, "amount_minor": 50000}
    await office.post(f"{commons}/offers/{offer['id']}/pledges", taken)
    named = {"person_id": sides["driver"].person_id, "why": "Runs the workshop."}
    await office.post(f"{commons}/offers/{offer['id']}/beneficiaries", named)
    papers = {"papers": [{"projects": ["of-a-rider"], "count": 2}], "seed": SEED}
    await office.post(f"{commons}/budgets/{fund['id']}/divide", papers)
    go_to(town, "2031-01-01T12:00:00+00:00")
    await signed_in_again(office, *sides.values())
    await office.post(f"{commons}/offers/{offer['id']}/settle")
    for side, person in sides.items():
        await office.post(f"{commons}/pacts/{pacts[side]}/duties/1/done")
        await person.post(f"/{side}/v1/commons/pacts/{pacts[side]}/duties/2/done")
    found = {"outcome": "kept", "findings": "Both benches stand."}
    await office.post(f"{commons}/pacts/{pacts['rider']}/reviews", found)
    whole = await office.get(f"/public/v1/commons/pacts/{pacts['rider']}")
    assert [one["number"] for one in whole["done"]] == [1, 2]
    assert (whole["state"], whole["reviews"][0]["findings"]) == ("kept", "Both benches stand.")
    lodged = await office.get(f"/public/v1/commons/budgets/{fund['id']}/projects")
    assert [one["supporters"] for one in lodged["projects"]] == [1, 1]


async def purchases(office: Office, adoption_id: str) -> None:
    """A supplier, what they have shown, a purchase and its award, a payment."""
    commons = "/office/v1/commons"
    supplier = await office.post(f"{commons}/suppliers", {"name": "Corner Garage"})
    shown = {"tag": "local", "since": "2031-01-01", "until": "2031-12-31",
             "evidence": "The register of companies."}  # fmt: skip
    await office.post(f"{commons}/suppliers/{supplier['id']}/tags", shown)
    terms = {
        "title": "Tyres", "currency": "USD", "ceiling_minor": 500000, "quality_min": 50,
        "weights": {"price": "2/5", "quality": "1/5", "local": "1/5", "social": "1/10",
                    "carbon": "1/10"},
    }  # fmt: skip
    made = await office.post(f"{commons}/purchases", {"adoption_id": adoption_id, "terms": terms})
    bid = {
        "supplier_id": supplier["id"],
        "price_minor": 400000,
        "quality_points": 80,
        "carbon_grams": 1000,
    }
    await office.post(f"{commons}/purchases/{made['id']}/bids", bid)
    await office.post(f"{commons}/purchases/{made['id']}/award", {"seed": SEED})
    shown = (await office.get("/public/v1/commons/purchases"))["purchases"]
    [awarded] = [one for one in shown if one["purchase_id"] == made["id"]]
    assert (awarded["bids"], awarded["table"]["rows"][0]["rank"]) == (1, 1)
    paid = {
        "reference": "INV-1", "supplier_id": supplier["id"], "paid_on": "2031-01-01",
        "amount_minor": 400000,
    }  # fmt: skip
    await office.post(f"{commons}/spends", paid)
