"""A process of a demonstration city: started, and started again at once if it dies."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from foundation.errors import Unavailable

STOP_WITHIN_SECONDS = 4.0
UNUSABLE = 2
"""How a process ends that cannot start as it was told to: starting it again would not help."""


class ServiceNeverReady(Unavailable):
    """The service did not come up."""

    code = "service_never_ready"

    def __init__(self, log: str) -> None:
        super().__init__(f"The service did not become ready. Its log ends with: {log}")


class KeptProcess:
    """One `khan` process, whose output goes into a log of its own.

    Parameters
    ----------
    words
        What follows `khan` on the command line.
    say
        Tells the terminal that it had to be started again.
    """

    def __init__(
        self, *words: str, environment: Mapping[str, str], log: Path, say: Callable[[str], None]
    ) -> None:
        self._words, self._environment, self._log, self._say = words, environment, log, say

    async def keep(self) -> None:
        """Keep it alive until cancelled; then it is asked to stop, and made to.

        Raises
        ------
        ServiceNeverReady
            If it cannot start as it was told to.
        """
        while True:
            with self._log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "khan", *self._words,
                    env=dict(self._environment), stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            try:
                await process.wait()
            except asyncio.CancelledError:
                await _end(process)
                raise
            if process.returncode == UNUSABLE:
                raise ServiceNeverReady(tail_of(self._log))
            name = "service" if self._words == ("serve",) else " ".join(self._words)
            self._say(f"  The {name} ended ({process.returncode}); starting it again")


def tail_of(log: Path) -> str:
    """The last lines of a log, on one line."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return " | ".join(lines[-3:])


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask the process to stop; insist after a while."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        try:
            async with asyncio.timeout(STOP_WITHIN_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
