"""One loop of a running service: it turns at its own pace and outlives what it meets.

A database that is down is waited for; a fault of ours is logged, counted, and the next turn tried.
A loop that ended all the same, or hangs in one turn, says so.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import structlog
from prometheus_client import Counter

from foundation.clock import stopwatch_ms
from foundation.errors import Unavailable

FAULTS = Counter("khan_loop_faults_total", "Turns of a loop that failed", ["loop"])

AFTER_A_FAULT_SECONDS = 1.0
STUCK_AFTER_SECONDS = 90.0
"""No turn takes so long, even one whose every query waits for a database that is away."""

Turn = Callable[[], Awaitable[float]]
"""One turn; gives the pause after it, in wall seconds."""


class Log(Protocol):
    """Where a loop tells what it met."""

    def warning(self, event: str, **facts: Any) -> Any:
        """Something outside is not as it should be."""

    def error(self, event: str, **facts: Any) -> Any:
        """A fault of ours."""


class Loop:
    """One thing that is done over and over."""

    def __init__(
        self,
        name: str,
        turn: Turn,
        *,
        log: Log | None = None,
        after_a_fault: float = AFTER_A_FAULT_SECONDS,
        stopwatch: Callable[[], float] = stopwatch_ms,
    ) -> None:
        self.name, self._turn = name, turn
        self._log: Log = log or structlog.get_logger()
        self._after_a_fault, self._stopwatch = after_a_fault, stopwatch
        self._turning_since: float | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to turn."""
        self._task = asyncio.create_task(self._run(), name=self.name)

    async def stop(self) -> None:
        """Stop turning, in the middle of a turn if need be."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def ails(self) -> str | None:
        """What keeps it from turning: `ended`, or `stuck` in one turn; None if nothing does."""
        if self._task is None or self._task.done():
            return "ended"
        since = self._turning_since
        if since is not None and self._stopwatch() - since > STUCK_AFTER_SECONDS * 1000:
            return "stuck"
        return None

    async def _run(self) -> None:
        while True:
            self._turning_since = self._stopwatch()
            pause = await self._once()
            self._turning_since = None
            await asyncio.sleep(pause)

    async def _once(self) -> float:
        """One turn: the one place that catches whatever it meets."""
        try:
            return await self._turn()
        except asyncio.CancelledError as cancelled:
            # What a turn waited for may have been cancelled, and nobody asked the loop to end.
            if self._task is None or self._task.cancelling():
                raise
            self._tell_fault(cancelled)
        except Unavailable as refusal:
            FAULTS.labels(self.name).inc()
            with contextlib.suppress(Exception):
                self._log.warning("loop_waits", loop=self.name, code=refusal.code)
        except Exception as fault:  # noqa: BLE001 - a loop outlives every fault
            self._tell_fault(fault)
        return self._after_a_fault

    def _tell_fault(self, fault: BaseException) -> None:
        """Count it and log it; a log that cannot be written (a full disk) ends no loop."""
        FAULTS.labels(self.name).inc()
        with contextlib.suppress(Exception):
            self._log.error("loop_fault", loop=self.name, exc_info=fault)
