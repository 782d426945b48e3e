"""What members and the office settle before a vote on a number, an election, a vote without names."""

from base64 import b64encode
from typing import Any
from uuid import UUID

from governance.tier import Tier
from tests.journeys.people import Office, Person, Town
from tests.polls_at_work import StagedPoll

# The giving up of shares needs desks, a board and witnesses: tests/journeys/test_A19 plays it with theirs.
PLAYED_BY_PROCESSES = ("post /office/v1/polls/{poll_id}/releases",)


def _key(number: int) -> str:
    return b64encode(bytes([number]) * 32).decode()


async def before_votes(town: Town, office: Office, sides: dict[str, Person]) -> None:
    """An election that each stands in, a number with its bounds, a poll with its people."""
    for (side, person), (other_side, other) in zip(
        sides.items(), reversed(sides.items()), strict=True
    ):
        election = await _moved(person, side, _election(side))
        await other.post(f"/{other_side}/v1/motions/{election}/second")
        await person.post(f"/{side}/v1/motions/{election}/nominations", {})
        name = {"name": f"Somebody who is a {side}"}
        await person.post(f"/{side}/v1/motions/{election}/nominations/accept", name)
    number = await _moved(sides["driver"], "driver", _number())
    bounds = {"lowest": 200, "highest": 400}
    await office.post(f"/office/v1/motions/{number}/bounds", bounds)
    await office.post("/office/v1/witnesses", {"name": "council.example/witness", "key": _key(1)})
    assert len((await office.get("/office/v1/witnesses"))["witnesses"]) == 1
    people = [UUID(one.person_id) for one in sides.values()]
    staged = StagedPoll(people=people, tier=Tier.DETACHED, last_step="frozen")
    staged.stage(town.city.address)
    poll = f"/office/v1/polls/{staged.poll_id}"
    named = [{"name": f"trustee/{n}", "key": _key(10 + n)} for n in (1, 2, 3)]
    terms: dict[str, Any] = {
        "poll_id": str(staged.poll_id), "election_key": _key(9), "needed": 2, "people": named,
    }  # fmt: skip
    await office.post(f"{poll}/trustees", terms)
    waits = await office.get(f"{poll}/officials")
    assert (waits["needed"], len(waits["trustees"])) == (2, 3)
    assert waits["missing"]


async def _moved(person: Person, side: str, body: dict[str, Any]) -> str:
    return str((await person.post(f"/{side}/v1/motions", body))["motion_id"])


def _election(side: str) -> dict[str, Any]:
    return {
        "title": f"Somebody for the board, moved by a {side}", "text": "One seat is free.",
        "matter": "board", "asks": {"kind": "election", "seats": 1, "stands": None},
    }  # fmt: skip


def _number() -> dict[str, Any]:
    return {
        "title": "What the flag fall is", "text": "Each names it, the middle one holds.",
        "matter": "fare", "rule_kind": "tariff",
        "asks": {
            "kind": "number", "unit": "cents", "fields": [["rules", 0, "flag", "amount_minor"]],
            "times": 1,
        },
    }  # fmt: skip
