"""What a desk's and the board's processes bound, and what their logs do not tell."""

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from khan.keeper_web import BODY_BYTES_MAX, Bounded
from khan.logs import places_of

HTTP: dict[str, Any] = {"type": "http"}


async def swallow(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the body and what comes after it."""
    while (await receive()).get("more_body", False):
        pass
    await receive()


async def nowhere(_message: Message) -> None:
    """Nobody hears the answer."""


async def test_a_body_that_does_not_come_is_waited_for_so_long() -> None:
    async def trickling() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(HTTPException) as refusal:
        await Bounded(swallow, body_within_seconds=0.01)(HTTP, trickling, nowhere)
    assert refusal.value.status_code == 408


async def test_a_body_that_came_is_not_hurried_afterwards() -> None:
    messages = [{"type": "http.request", "body": b"x", "more_body": False}]

    async def then_leaves() -> Message:
        if messages:
            return messages.pop()
        later = asyncio.Event()
        asyncio.get_running_loop().call_later(0.05, later.set)
        await later.wait()
        return {"type": "http.disconnect"}

    await Bounded(swallow, body_within_seconds=0.01)(HTTP, then_leaves, nowhere)
    assert not messages


async def test_a_body_without_end_is_cut_off() -> None:
    async def endless() -> Message:
        return {"type": "http.request", "body": bytes(BODY_BYTES_MAX // 2), "more_body": True}

    with pytest.raises(HTTPException) as refusal:
        await Bounded(swallow)(HTTP, endless, nowhere)
    assert refusal.value.status_code == 413


def test_a_fault_tells_places_and_kinds_and_no_value() -> None:
    with pytest.raises(ValueError, match="ballot") as fault:
        try:
            raise KeyError("the name of a ballot")
        except KeyError as error:
            raise ValueError("another ballot") from error
    told = places_of((fault.type, fault.value, fault.tb))
    assert "builtins.KeyError" in told
    assert "test_keeper_web.py" in told
    assert "the name of a ballot'" not in told
    assert "builtins.ValueError: another" not in told
