"""Advice where to wait, worked out every ten seconds, and a driver who asks until there is some."""

import asyncio
from typing import Any

from rulebook.rule import RuleKind
from tests.journeys.people import PATIENCE_SECONDS, Driver
from tests.rules import example_bodies


def quick_advice() -> dict[str, Any]:
    """The charter's matching policy, but that advice is worked out as often as a policy may say."""
    body = example_bodies()[RuleKind.MATCHING_POLICY]["repositioning"]
    return {"repositioning": body | {"every_seconds": 10}}


async def advice_to_go(driver: Driver) -> dict[str, Any]:
    """Ask until the service says where to go; it must within a turn or two."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found: dict[str, Any] = await driver.get("/driver/v1/advice")
            if found["goes_to"] is not None:
                return found
            await asyncio.sleep(0.2)


async def told(driver: Driver, code: str) -> dict[str, Any]:
    """Ask until that is the reason; what happened is heard by the fleet in a moment."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found: dict[str, Any] = await driver.get("/driver/v1/advice")
            if [reason["code"] for reason in found["reasons"]] == [code]:
                return found
            await asyncio.sleep(0.1)
