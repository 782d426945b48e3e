"""What cannot be put to members is refused by name, a retry changes nothing, and strangers learn no
name."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.assemblies import CHARTER, members, open_bylaws, tariff_proposal
from tests.journeys.conftest import Found
from tests.journeys.people import Town, new_id
from tests.journeys.service import Service, in_a_thread

SATURDAYS = {"title": "Saturdays", "text": "The office opens on Saturdays.", "matter": "ordinary"}


@pytest.fixture(scope="module")
def service(found_city: Found) -> Iterator[Service]:
    with in_a_thread(found_city(drivers=16, bylaws=open_bylaws())) as running:
        yield running


def tariff_with(**changes: Any) -> dict[str, Any]:
    tariff = json.loads((CHARTER / "tariff.json").read_text())
    return tariff_proposal() | {"text": json.dumps(tariff | changes)}


NONE_OF_THEM: dict[str, tuple[dict[str, Any], str]] = {
    "no title": (SATURDAYS | {"title": "  "}, "422 malformed"),
    "no text": (SATURDAYS | {"text": ""}, "422 malformed"),
    "nothing but spaces": (SATURDAYS | {"text": "   "}, "422 motion_text_invalid"),
    "a NUL": (SATURDAYS | {"text": "a\0b"}, "422 motion_text_invalid"),
    "a long title": (SATURDAYS | {"title": "x" * 201}, "422 malformed"),
    "another field": (SATURDAYS | {"mover": new_id()}, "422 malformed"),
    "no such matter": (SATURDAYS | {"matter": "whim"}, "422 matter_unknown"),
    "no such kind": (SATURDAYS | {"rule_kind": "whim"}, "422 malformed"),
    "too small a matter": (tariff_proposal() | {"matter": "ordinary"}, "422 matter_not_enough"),
    "no JSON": (tariff_proposal() | {"text": "dearer"}, "422 motion_text_invalid"),
    "deep JSON": (tariff_proposal() | {"text": "[" * 50_000}, "422 motion_text_invalid"),
    "not a number": (tariff_proposal() | {"text": '{"a": NaN}'}, "422 motion_text_invalid"),
    "half a character": (
        tariff_proposal() | {"text": '{"a": "\\ud800"}'}, "422 motion_text_invalid",
    ),
    "no tariff": (tariff_proposal() | {"text": "{}"}, "422 rule_body_invalid"),
    "another currency's field": (tariff_with(currency=7), "422 rule_body_invalid"),
}  # fmt: skip


async def test_what_is_no_motion_is_refused_by_name(town: Town) -> None:
    ana, _, _ = await members(town)
    before = await ana.get("/driver/v1/motions")
    found = {
        name: await ana.refused("POST", "/driver/v1/motions", body)
        for name, (body, _) in NONE_OF_THEM.items()
    }
    assert found == {name: told for name, (_, told) in NONE_OF_THEM.items()}
    assert await ana.get("/driver/v1/motions") == before


async def test_a_retry_changes_nothing_and_a_key_is_good_for_one_request(town: Town) -> None:
    ana, _, rita = await members(town)
    key = new_id()
    made = [await ana.post("/driver/v1/motions", SATURDAYS, key=key) for _ in range(2)]
    assert made[0] == made[1]
    seconded = f"/rider/v1/motions/{made[0]['motion_id']}/second"
    answers = [await rita.ask("POST", seconded, key=key) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 200]
    assert answers[0].json()["seconds"] == answers[2].json()["seconds"] == 1
    assert await rita.refused("POST", seconded) == "409 motion_elsewhere"
    other = SATURDAYS | {"title": "Sundays"}
    reused = await ana.refused("POST", "/driver/v1/motions", other, key=key)
    assert reused == "422 idempotency_key_reused"


async def test_who_is_no_member_learns_no_name_and_does_nothing(town: Town) -> None:
    ana, ben, _ = await members(town)
    stranger = await town.rider()
    made = await ana.post("/driver/v1/motions", SATURDAYS)
    one = f"motions/{made['motion_id']}"
    await ben.post(f"/driver/v1/{one}/second")
    seen = await stranger.get(f"/rider/v1/{one}")
    assert (seen["mover"], seen["seconders"], seen["amended_by"]) == (None, [], {})
    assert (await ben.get(f"/driver/v1/{one}"))["mover"]["name"]
    for step, body in (
        ("second", {}), ("withdraw", {}), ("ballot", {"choice": "for"}),
        ("amendments", {"text": "Never."}),
    ):  # fmt: skip
        refused = await stranger.refused("POST", f"/rider/v1/{one}/{step}", body)
        assert refused == "403 not_yours_to_do"
    assert await stranger.refused("POST", "/rider/v1/motions", SATURDAYS) == "403 not_yours_to_do"
    assert await stranger.refused("GET", f"/rider/v1/{one}/ballots") == "403 not_yours_to_do"
    proposal = {"title": "Benches", "body": "Two."}
    refused = await stranger.refused("POST", "/rider/v1/commons/proposals", proposal)
    assert refused == "403 not_yours_to_do"
    await ben.post("/driver/v1/membership/leave")
    assert (await ben.get(f"/driver/v1/{one}"))["mover"] is None


async def test_terms_that_would_fill_the_memory_are_refused_before_they_are_read(
    town: Town,
) -> None:
    office = await town.office()
    for terms in (
        {"threshold": "1e999999999"}, {"target_minor": 10**30},
        {"a": [[[[[[[[[1]]]]]]]]]}, {"title": "a\0b"},
    ):  # fmt: skip
        body = {"adoption_id": new_id(), "terms": terms}
        assert await office.refused("POST", "/office/v1/commons/offers", body) == "422 malformed"
    body = {"adoption_id": new_id(), "terms": {}}
    refused = await office.refused("POST", "/office/v1/commons/offers", body)
    assert refused == "422 commons_terms_invalid"
