"""Simulated drivers come back to the shift that an earlier run left open."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from foundation.chance import SeededChance
from foundation.clock import ServiceClock, wall_now
from foundation.measures import Point
from simulation.client import Mailbox, Phone
from simulation.drivers import SimulatedDriver
from simulation.kerb import Kerb
from simulation.motion import Way, position_message

HERE = Point(-73.98, 40.75)


@pytest.mark.parametrize("shift", [None, {"shift_id": "open"}])
async def test_a_shift_that_is_open_is_gone_on_with(
    tmp_path: Path, shift: dict[str, Any] | None
) -> None:
    asked: list[str] = []
    messages = tmp_path / "messages.jsonl"
    text = {"to": "+1", "kind": "sign_in_code", "text": "123456 is your code"}
    messages.write_text(json.dumps(text) + "\n", encoding="utf-8")
    found = {
        "/public/v1/sign-in/code": {"challenge_id": "1"},
        "/public/v1/sign-in/code/confirm": {"token": "t", "person_id": "p"},
        "/driver/v1/me": {"shift": shift, "vehicles": [{"vehicle_id": "v"}]},
        "/driver/v1/shifts": {},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json=found[request.url.path])

    now = wall_now()
    clock = ServiceClock(wall_origin=now, service_origin=now, rate=1.0)
    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(base_url="http://service", transport=transport) as http:
        chance = SeededChance(1)
        driver = SimulatedDriver(
            Phone(http, chance, clock), number="+1", start=HERE, haunts=[HERE], kerb=Kerb(),
            chance=chance,
        )  # fmt: skip
        await driver.go_on_shift(Mailbox(messages))
    assert ("/driver/v1/shifts" in asked) is (shift is None)


def test_positions_of_a_later_run_come_after_those_of_an_earlier_one() -> None:
    now = wall_now()
    way = Way.standing(HERE, at=now)
    later = position_message(way, now + timedelta(seconds=4))
    assert later["seq"] > position_message(way, now)["seq"]
