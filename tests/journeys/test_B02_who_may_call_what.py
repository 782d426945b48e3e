"""Every route against every role, from the router itself; and every route against nonsense."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from khan.documentation import ENTRANCES
from tests.journeys.people import Town, new_id, refusal_of
from tests.journeys.service import Service
from tests.small_city import corner

OPEN = {
    ("GET", path)
    for path in (
        "/public/v1/clock", "/public/v1/city", "/public/v1/zones", "/public/v1/rules",
        "/public/v1/rules/{kind}", "/public/v1/fairness", "/public/v1/polls", "/public/v1/polls/{poll_id}", "/public/v1/demand", "/public/v1/access-log", "/public/v1/books", "/public/v1/books/days", "/public/v1/surplus", "/public/v1/surplus/{period_id}", "/public/v1/keys", "/public/v1/shared-trips/{token}",
        "/public/v1/commons/pacts", "/public/v1/commons/budgets", "/public/v1/commons/offers",
        "/public/v1/commons/pacts/{pact_id}", "/public/v1/commons/budgets/{budget_id}/projects",
        "/public/v1/commons/purchases", "/public/v1/commons/local-spend/{year}", "/public/v1/rules/{kind}/{version}",
        "/public/v1/motions", "/public/v1/motions/{motion_id}",
        "/public/v1/motions/{motion_id}/certificate", "/public/v1/motions/{motion_id}/appeals",
        "/public/v1/meetings", "/public/v1/meetings/{meeting_id}/minutes",
        "/public/v1/motions/{motion_id}/impact", "/public/v1/motions/{motion_id}/impact/{name}.svg",
    )
} | {
    ("POST", f"/public/v1/sign-in/{one}")
    for one in ("code", "code/confirm", "passkey/options", "passkey/confirm")
}  # fmt: skip
"""What anybody may ask without signing in; a new route is in here or asks who calls."""


def documents(service: Service) -> dict[str, dict[str, Any]]:
    with httpx.Client(base_url=service.url, trust_env=False) as http:
        return {name: http.get(f"/docs/{name}/openapi.json").json() for name in ENTRANCES}


def operations(service: Service) -> Iterator[tuple[str, str, str]]:
    """Entrance, method and path of every operation."""
    for name, document in documents(service).items():
        for path, methods in document["paths"].items():
            for method in methods:
                yield name, method.upper(), path


def filled(path: str) -> str:
    """With identifiers that are nobody's."""
    path = path.replace("{number}", "1")
    return re.sub(r"\{[a-z_]+\}", lambda _: new_id(), path)


async def test_every_route_asks_who_calls_and_lets_in_its_own_role_only(
    town: Town, service: Service
) -> None:
    rider, driver = await town.rider(), await town.driver(corner(0, 0))
    stranger = await town.stranger()
    others = {"driver": [rider], "office": [rider, driver], "rider": [], "public": []}
    count, wrong = 0, []
    for entrance, method, path in operations(service):
        if (method, path) in OPEN:
            continue
        count += 1
        content = {"headers": {"Content-Type": "application/json"}}
        answer = await stranger.ask(method, filled(path), content=b"{}", **content)
        if refusal_of(answer) != "401 sign_in_needed":
            wrong.append((method, path, answer.status_code))
        for other in others[entrance]:
            answer = await other.ask(method, filled(path), content=b"{}", **content)
            if refusal_of(answer) != "403 role_needed":
                wrong.append((method, path, answer.status_code))
    assert wrong == []
    assert count > 35


@pytest.mark.parametrize("name", sorted(ENTRANCES))
async def test_no_nonsense_makes_the_service_fail(town: Town, service: Service, name: str) -> None:
    """Schemathesis, a short while: no fault, and every answer as the description says."""
    people = {"rider": town.rider, "public": town.stranger, "office": town.office}
    if name == "driver":
        person: Any = await town.driver(corner(1, 1))
    else:
        person = await people[name]()
    headers = {} if person.token is None else {"Authorization": f"Bearer {person.token}"}
    document = documents(service)[name]
    schema = schemathesis.openapi.from_dict(document)
    schema.config.base_url = service.url
    checks = [
        not_a_server_error, status_code_conformance, content_type_conformance,
        response_schema_conformance,
    ]  # fmt: skip
    failures: list[str] = []

    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) == ("DELETE", "/public/v1/session"):
            continue  # it would sign the tester out

        @settings(
            max_examples=8, deadline=None, derandomize=True, database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def attack(case: Any) -> None:
            case.headers = {**(case.headers or {}), "Idempotency-Key": new_id()}
            case.call_and_validate(headers=headers, checks=checks, timeout=20)

        from hypothesis import given

        try:
            given(case=operation.as_strategy())(attack)()
        except BaseException as error:  # noqa: BLE001 - all of them are told together
            failures.append(f"{operation.method.upper()} {operation.path}: {error}"[:1500])
    assert not failures, "\n".join(failures)
