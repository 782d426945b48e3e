"""What members and the office settle before a vote on a number, an election, a vote without names."""

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from foundation.chance import SeededChance
from foundation.identifiers import UUID
from governance.ballots.plain import pack
from governance.polls.keeper import Keeper
from khan import trustee_work
from khan.polling_station import PollingStation
from tests.journeys.people import Office, Person, Town


async def before_votes(town: Town, office: Office, sides: dict[str, Person]) -> None:
    """An election that each stands in, and a number with its bounds."""
    for (side, person), (other_side, other) in zip(
        sides.items(), reversed(sides.items()), strict=True
    ):
        election = await _moved(person, side, _election(side))
        await other.post(f"/{other_side}/v1/motions/{election}/second")
        await person.post(f"/{side}/v1/motions/{election}/nominations", {})
        name = {"name": f"Somebody who is a {side}"}
        await person.post(f"/{side}/v1/motions/{election}/nominations/accept", name)
        gone = await person.post(f"/{side}/v1/motions/{election}/nominations/withdraw")
        assert (gone["candidates"], gone["nominated"], len(gone["withdrawn"])) == ([], [], 1)
    number = await _moved(sides["driver"], "driver", _number())
    bounds = {"lowest": 200, "highest": 400}
    await office.post(f"/office/v1/motions/{number}/bounds", bounds)


@dataclass(frozen=True, kw_only=True)
class SecretVote:
    """A vote without names: desks, board and witnesses at work beside the service, each with its keys."""

    office: Office
    station: PollingStation
    motion_id: str
    poll_id: str

    @property
    def shares(self) -> Path:
        """Where the trustees' files are."""
        return self.station.folder / "trustees"

    async def step(self, step: str) -> dict[str, Any]:
        """The office takes the motion on; desks and board see it."""
        after = await self.office.post(f"/office/v1/motions/{self.motion_id}/{step}")
        await self.station.turn()
        return after

    async def appoint(self) -> None:
        """Witnesses for all votes, trustees for this one; then it waits for nothing."""
        office, poll = self.office, f"/office/v1/polls/{self.poll_id}"
        for one in self.station.witnesses:
            witness = {"name": one.key.name, "key": pack(one.key.public)}
            await office.post("/office/v1/witnesses", witness)
        assert len((await office.get("/office/v1/witnesses"))["witnesses"]) == 2
        await self.station.turn()
        assert (await office.get(f"{poll}/officials"))["missing"] == ["the trustees"]
        terms = trustee_work.deal(UUID(self.poll_id), people=3, needed=2, folder=self.shares)
        await office.post(f"{poll}/trustees", json.loads(terms.read_bytes()))
        ready = await office.get(f"{poll}/officials")
        assert (ready["needed"], len(ready["trustees"]), ready["missing"]) == (2, 3, [])

    async def count(self, closes_at: str) -> None:
        """Closed and signed; two of three trustees give their shares up; counted."""
        poll = f"/office/v1/polls/{self.poll_id}"
        closes = int(datetime.fromisoformat(closes_at).timestamp())
        await self.step("close")
        await self.station.end(at_seconds=closes + 1)
        missing = ["the shares of 2 more trustees"]
        assert (await self.office.get(f"{poll}/officials"))["missing"] == missing
        noticed_hash = (await self.office.get(f"/public/v1/polls/{self.poll_id}"))["digest"]
        async with self.station.line_to(Keeper.BOARD) as board:
            for number in (1, 3):
                share = (self.shares / f"trustee-{number}.json").read_bytes()
                given = await trustee_work.release(
                    share, board, noticed_hash=noticed_hash, at_ms=1000 * closes + 9000
                )
                after = await self.office.post(f"{poll}/releases", dict(given))
        assert (len(after["released"]), after["missing"]) == (2, [])
        certified = await self.office.post(f"/office/v1/motions/{self.motion_id}/certify")
        assert certified["state"] == "lost"  # nobody came


@contextlib.asynccontextmanager
async def called_in_secret(
    town: Town, office: Office, sides: dict[str, Person]
) -> AsyncIterator[SecretVote]:
    """A vote without names on what becomes of the surplus: moved, seconded, called, its people named."""
    station = PollingStation.set_up(
        town.city.address, town.city.folder / "station", chance=SeededChance(8),
        origin=town.service.url, batch_least=1,
    )  # fmt: skip
    try:
        texts = [{"title": "A fund", "text": "Half of it goes into a fund."},
                 {"title": "Shares", "text": "All of it goes to the members."}]  # fmt: skip
        body = {"title": "What becomes of the surplus", "text": "Of this year.", "matter": "surplus",
                "asks": {"kind": "texts", "texts": texts}}  # fmt: skip
        motion_id = await _moved(sides["driver"], "driver", body)
        await sides["rider"].post(f"/rider/v1/motions/{motion_id}/second")
        called = await office.post(f"/office/v1/motions/{motion_id}/notice", {"opens_on": None})
        [poll] = called["polls"]
        vote = SecretVote(
            office=office, station=station, motion_id=motion_id, poll_id=poll["poll_id"]
        )
        await vote.appoint()
        yield vote
    finally:
        await station.dispose()


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
