"""What a program takes, run by itself: time on the wall, processor time, memory.

Nothing of the process that measures is in the figures. (`getrusage` in a child has its parent's
memory in it: Linux keeps the high-water mark of what ran there before the program began.)
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LOOKS_EVERY_SECONDS = 0.05
_PROCESSES = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a program and the processes that it started took.

    Attributes
    ----------
    status
        Its exit status.
    output
        What it said on both its outputs.
    wall_seconds, processor_seconds
        From its start to its end.
    memory_bytes
        The most that each process had resident, added up; None where `/proc` does not tell. Pages that
        they share (the interpreter's, libraries') are in it once for each.
    """

    status: int
    output: str
    wall_seconds: float
    processor_seconds: float
    memory_bytes: int | None


def measured(words: Sequence[str], *, said: Path) -> Measured:
    """Run this interpreter with `words` behind it, and look at its memory until it ends.

    Parameters
    ----------
    said
        The file that its output goes to.
    """
    begun = time.monotonic()
    opened = (os.POSIX_SPAWN_OPEN, 1, str(said), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    process = os.posix_spawn(
        sys.executable, [sys.executable, *words], os.environ,
        file_actions=[opened, (os.POSIX_SPAWN_DUP2, 1, 2)],
    )  # fmt: skip
    peaks: dict[int, int] = {}
    while True:
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            break
        for one in _family(process):
            peaks[one] = max(peaks.get(one, 0), _peak_bytes(one))
        time.sleep(LOOKS_EVERY_SECONDS)
    return Measured(
        status=os.waitstatus_to_exitcode(status),
        output=said.read_text(encoding="utf-8", errors="replace"),
        wall_seconds=time.monotonic() - begun,
        processor_seconds=usage.ru_utime + usage.ru_stime,
        memory_bytes=sum(peaks.values()) or None,
    )


def _family(process: int) -> list[int]:
    """A process and all that it started, as far as they run."""
    found = [process]
    for one in found:
        for told in sorted(_PROCESSES.glob(f"{one}/task/*/children")):
            found += [int(child) for child in _read(told).split()]
    return found


def _peak_bytes(process: int) -> int:
    """The most that a process had resident since its program began; 0 if it is gone."""
    for line in _read(_PROCESSES / str(process) / "status").splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    return 0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
