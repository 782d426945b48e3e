"""A loop outlives what it meets, and one that does not turn says so."""

import asyncio
from typing import Any

from foundation.errors import Unavailable
from khan.loop import STUCK_AFTER_SECONDS, Loop, Turn


class Notes:
    """A log in memory."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def warning(self, event: str, **_: Any) -> None:
        self.events.append(event)

    def error(self, event: str, **_: Any) -> None:
        self.events.append(event)


class FullDisk(Notes):
    """A log that cannot be written."""

    def warning(self, event: str, **_: Any) -> None:
        raise OSError(28, "No space left on device")

    error = warning


class Away(Unavailable):
    """Something is down."""

    code = "away_in_a_test"


class Finished(BaseException):
    """Nothing that a loop should catch."""


def meeting(*met: BaseException) -> tuple[Turn, asyncio.Event]:
    """A turn that meets these one after another, then goes well and says so."""
    waiting, went_well = list(met), asyncio.Event()

    async def turn() -> float:
        if waiting:
            raise waiting.pop(0)
        went_well.set()
        return 0.0

    return turn, went_well


async def test_it_outlives_faults_outages_and_the_cancellation_of_what_it_waits_for() -> None:
    turn, went_well = meeting(ValueError("ours"), Away("away"), asyncio.CancelledError())
    notes = Notes()
    loop = Loop("test", turn, log=notes, after_a_fault=0.0)
    loop.start()
    await asyncio.wait_for(went_well.wait(), 5)
    assert loop.ails() is None
    assert notes.events == ["loop_fault", "loop_waits", "loop_fault"]
    await loop.stop()


async def test_it_outlives_a_log_that_cannot_be_written() -> None:
    turn, went_well = meeting(ValueError("ours"), Away("away"))
    loop = Loop("test", turn, log=FullDisk(), after_a_fault=0.0)
    loop.start()
    await asyncio.wait_for(went_well.wait(), 5)
    assert loop.ails() is None
    await loop.stop()


async def test_one_that_hangs_in_a_turn_is_stuck_until_the_turn_ends() -> None:
    began, hangs = asyncio.Event(), asyncio.Event()
    now = [0.0]

    async def turn() -> float:
        began.set()
        await hangs.wait()
        return 3600.0

    loop = Loop("test", turn, stopwatch=lambda: now[0])
    loop.start()
    await began.wait()
    now[0] = STUCK_AFTER_SECONDS * 1000
    assert loop.ails() is None
    now[0] += 1
    assert loop.ails() == "stuck"
    hangs.set()
    async with asyncio.timeout(5):
        while loop.ails() == "stuck":
            await asyncio.sleep(0)
    now[0] *= 10
    assert loop.ails() is None, "a pause is not a turn"
    await loop.stop()


async def test_one_that_ended_says_so() -> None:
    turn, _ = meeting(Finished())
    loop = Loop("test", turn)
    assert loop.ails() == "ended"
    loop.start()
    async with asyncio.timeout(5):
        while loop.ails() is None:
            await asyncio.sleep(0)
    assert loop.ails() == "ended"
    await loop.stop()
