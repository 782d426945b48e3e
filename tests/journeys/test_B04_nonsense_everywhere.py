"""Every operation of self-government asked nonsense: refused with a code, and the service goes on.

The requests are made from the examples in the APIs' own descriptions: each field with values that make
no sense, each left out, paths and queries that name nothing. Whatever is refused is refused by a problem
document; nothing is a fault.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.journeys.assemblies import open_bylaws
from tests.journeys.conftest import Found
from tests.journeys.people import Driver, Person, Town, refusal_of
from tests.journeys.service import Service, in_a_thread
from tests.nonsense import NOBODYS, WORDS, bodies, filled, paths
from tests.polls_at_work import StagedPoll

ENTRANCES = ("driver", "office", "public")
"""Riders govern themselves by the same routes as drivers; test_B02 asks theirs nonsense, too."""
GOVERNMENT = (
    "membership", "motions", "members", "meetings", "appeals", "proxies", "polls", "voting-key",
    "witnesses", "lots", "outages", "commons", "reminders", "requisitions", "books",
)  # fmt: skip
"""The words after `/v1/` where members govern themselves, in one entrance or another."""


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with in_a_thread(found_city(drivers=4, bylaws=open_bylaws())) as running:
        yield running


def operations(service: Service, entrance: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of each operation of self-government."""
    with httpx.Client(base_url=service.url, trust_env=False) as http:
        document = http.get(f"/docs/{entrance}/openapi.json").json()
    for path, methods in document["paths"].items():
        if path.split("/v1/")[1].split("/")[0] in GOVERNMENT:
            for method, operation in methods.items():
                yield method.upper(), path, operation


def example_of(operation: dict[str, Any]) -> Any:
    """The body that the description shows, or nothing."""
    for content in operation.get("requestBody", {}).get("content", {}).values():
        return content["example"]
    return None


async def wrong(person: Person, method: str, path: str, **more: Any) -> str | None:
    """What is wrong with the answer: a fault, or a refusal in another form."""
    try:
        answer = await person.ask(method, path, **more)
    except httpx.TransportError as error:
        return f"no answer: {error!r}"
    if answer.is_success:
        return None
    try:
        told = refusal_of(answer)
    except (AssertionError, KeyError, ValueError) as error:
        return f"{answer.status_code}: {error!r}"
    return told if answer.status_code >= 500 else None


async def callers(town: Town) -> dict[str, Person]:
    """Somebody for each entrance; driver and rider are members."""
    driver = Driver(town.service, town.city.next_driver())
    await town.keep(driver)
    await driver.sign_in()
    people: dict[str, Person] = {
        "driver": driver, "rider": await town.rider(), "office": await town.office(),
        "public": await town.stranger(),
    }  # fmt: skip
    await people["rider"].post("/rider/v1/membership/join")
    return people


@pytest.mark.parametrize("entrance", ENTRANCES)
async def test_every_operation_of_self_government_refuses_nonsense_with_a_code(
    town: Town, service: Service, entrance: str
) -> None:
    people = await callers(town)
    members = [UUID(people[one].person_id) for one in ("driver", "rider")]
    staged = StagedPoll(people=members).stage(town.city.address)
    known = {"motion_id": str(staged.motion_id), "poll_id": str(staged.poll_id), "number": "1"}
    person = people[entrance]
    asked, found = 0, []
    for method, path, operation in operations(service, entrance):
        for strange in paths(path, known):
            asked += 1
            if fault := await wrong(person, method, strange):
                found.append(f"{method} {strange}: {fault}")
        here = filled(
            path, {name: known.get(name, NOBODYS) for name in parameters(operation, "path")}
        )
        for name in parameters(operation, "query"):
            for word in WORDS:
                asked += 1
                if fault := await wrong(person, method, here, params={name: word}):
                    found.append(f"{method} {here}?{name}={word!r}: {fault}")
        example = example_of(operation)
        if example is None:
            continue
        for told, content in bodies(example):
            asked += 1
            headers = {"Content-Type": "application/json"}
            if fault := await wrong(person, method, here, content=content, headers=headers):
                found.append(f"{method} {path} {told}: {fault}")
    assert not found, "\n".join(found)
    assert asked > 100
    assert (await people["public"].ask("GET", "/healthz")).is_success


def parameters(operation: dict[str, Any], where: str) -> list[str]:
    """The names of an operation's parameters in its path or its query."""
    return [one["name"] for one in operation.get("parameters", []) if one["in"] == where]
