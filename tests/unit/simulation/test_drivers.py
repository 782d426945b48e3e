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
from simulation.crowd import follows_advice
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


WAY = {"goes_to": {"place": {"lon": -73.97, "lat": 40.76}}, "reasons": [{"code": "advice_x"}]}
BEST_HERE = {"goes_to": None, "reasons": [{"code": "advice_best_here"}]}
THERE = {"goes_to": None, "reasons": [{"code": "advice_there"}]}


class Wheel(SimulatedDriver):
    """A driver whose way can be looked at."""

    @property
    def way(self) -> Way:
        return self._way

    async def hear(self, advice: dict[str, Any]) -> None:
        await self._follow(advice)


async def test_a_driver_who_follows_advice_drives_there_and_stops_when_told_to_stay() -> None:
    route = {"line": [[-73.975, 40.755]], "seconds": 300}
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=route))
    now = wall_now()
    clock = ServiceClock(wall_origin=now, service_origin=now, rate=1.0)
    async with httpx.AsyncClient(base_url="http://service", transport=transport) as http:
        chance = SeededChance(1)
        driver = Wheel(
            Phone(http, chance, clock), number="+1", start=HERE, haunts=[HERE], kerb=Kerb(),
            chance=chance, follows_advice=True,
        )  # fmt: skip
        await driver.hear(WAY)
        assert driver.way.at(driver.way.ends)[0] == Point(-73.97, 40.76)
        assert driver.way.seconds == 300
        await driver.hear(THERE)  # on the way to its heart: go on
        assert driver.way.seconds == 300
        await driver.hear(BEST_HERE)
        assert driver.way.seconds < 1


@pytest.mark.parametrize(
    ("share", "drivers", "followers"), [(0.0, 40, 0), (0.5, 40, 20), (0.7, 10, 7), (1.0, 40, 40)]
)
def test_as_many_follow_advice_as_was_said(share: float, drivers: int, followers: int) -> None:
    chosen = [follows_advice(index, share) for index in range(drivers)]
    assert sum(chosen) == followers
