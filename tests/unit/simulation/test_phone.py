"""A simulated person's phone, on a line that loses answers."""

import json
from pathlib import Path
from typing import Any

import httpx

from foundation.chance import SeededChance
from foundation.clock import ServiceClock, wall_now
from simulation.client import Mailbox, Phone


class Desk:
    """Signs people in by code, as the service does; the answer to the first code is lost."""

    def __init__(self, messages: Path) -> None:
        self._messages = messages
        self._codes: list[str] = []
        self._spent: set[str] = set()

    def answer(self, request: httpx.Request) -> httpx.Response:
        body: dict[str, Any] = json.loads(request.content)
        if request.url.path == "/public/v1/sign-in/code":
            self._codes.append(f"{len(self._codes) + 100000}")
            text = f"{self._codes[-1]} is your code"
            line = {"to": body["phone"], "kind": "sign_in_code", "text": text}
            with self._messages.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            return httpx.Response(201, json={"challenge_id": len(self._codes) - 1})
        code = body["code"]
        if code in self._spent or code != self._codes[body["challenge_id"]]:
            return httpx.Response(410, json={"code": "code_spent", "detail": "It was used."})
        self._spent.add(code)
        if len(self._spent) == 1:
            raise httpx.ReadError("the service died before it answered")
        return httpx.Response(200, json={"token": f"for {code}", "person_id": "one"})


async def test_where_the_answer_to_a_code_was_lost_another_is_asked_for(tmp_path: Path) -> None:
    messages = tmp_path / "messages.jsonl"
    now = wall_now()
    clock = ServiceClock(wall_origin=now, service_origin=now, rate=1.0)
    transport = httpx.MockTransport(Desk(messages).answer)
    async with httpx.AsyncClient(base_url="http://desk", transport=transport) as http:
        phone = Phone(http, SeededChance(1), clock)
        await phone.sign_in("+12125550101", Mailbox(messages))
    assert phone.token == "for 100001"
