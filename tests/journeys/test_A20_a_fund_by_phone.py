"""Members divide the fund by phone, in an open vote: projects lodged and supported, approved by equal
shares; what is bought becomes pacts, and everybody reads the count."""

from collections.abc import Iterator

import pytest

from tests.commons import budget_terms, pact_terms
from tests.journeys.assemblies import go_to, members, open_bylaws, signed_in_again
from tests.journeys.assembly_story import in_dollars
from tests.journeys.conftest import Found
from tests.journeys.people import Office, Person, Town
from tests.journeys.service import Service, in_a_thread

COSTS = {"bench": 60_00, "lamp": 30_00, "pond": 90_00}


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    bylaws = open_bylaws()
    bylaws["matters"]["fund"] = {"extends": "ordinary", "method": "equal_shares"}
    with in_a_thread(found_city(drivers=4, bylaws=bylaws)) as running:
        yield running


async def a_fund(office: Office, proposer: Person) -> str:
    """A fund by the founding charter, and three projects that would cost more than it has."""
    charter = (await office.get("/public/v1/rules/tariff/1"))["adoption_id"]
    asked = {"adoption_id": charter, "terms": in_dollars(budget_terms())}
    budget_id: str = (await office.post("/office/v1/commons/budgets", asked))["id"]
    for name, cost in COSTS.items():
        terms = in_dollars(pact_terms(cost, title=name))
        project = {"project_id": name, "cost_minor": cost, "terms": terms}
        await proposer.post(f"/driver/v1/commons/budgets/{budget_id}/projects", project)
    return budget_id


async def test_a_fund_is_divided_by_an_open_vote(town: Town) -> None:
    ana, ben, rita = await members(town)
    office, stranger = await town.office(), await town.stranger()
    budget_id = await a_fund(office, ana)
    asks = {"kind": "division", "budget_id": budget_id}
    body = {"title": "The fund", "text": "What for?", "matter": "fund", "asks": asks}
    motion_id = (await ana.post("/driver/v1/motions", body))["motion_id"]
    await rita.post(f"/rider/v1/motions/{motion_id}/second")
    one = f"/office/v1/motions/{motion_id}"
    called = await office.post(f"{one}/notice", {"opens_on": None})
    [poll] = called["polls"]
    assert [option["name"] for option in called["question"]["options"]] == sorted(COSTS)
    when = called["timetable"]
    for step, instant in (("freeze", "freezes_at"), ("open", "opens_at")):
        go_to(town, when[instant])
        await signed_in_again(office)
        await office.post(f"{one}/{step}")
    await signed_in_again(ana, ben, rita)
    # Ana thinks again before the close.
    for person, side, approved in (
        (ana, "driver", [1]), (ana, "driver", [1, 2]), (ben, "driver", [1]), (rita, "rider", [3]),
    ):  # fmt: skip
        said = {"choice": {"approved": approved}}
        await person.post(f"/{side}/v1/polls/{poll['poll_id']}/ballots", said)
    wrong = {"choice": {"approved": [4]}}
    ballots = f"/rider/v1/polls/{poll['poll_id']}/ballots"
    assert await rita.refused("POST", ballots, wrong) == "422 choice_invalid"
    go_to(town, when["closes_at"])
    await signed_in_again(office)
    for step in ("close", "certify"):
        motion = await office.post(f"{one}/{step}")
    assert motion["state"] == "certified"
    bought = [project["name"] for project in motion["result"]["projects"]]
    assert bought == ["bench", "lamp"]
    shown = await stranger.get(f"/public/v1/motions/{motion_id}")
    assert shown["result"] == motion["result"]
    [fund] = (await stranger.get("/public/v1/commons/budgets"))["budgets"]
    assert sorted(fund["result"]["count"]["selected"]) == ["bench", "lamp"]
    pacts = (await stranger.get("/public/v1/commons/pacts"))["pacts"]
    assert sorted(pact["title"] for pact in pacts) == ["bench", "lamp"]
