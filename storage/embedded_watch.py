"""The embedded server as a process: whether it runs, how it is ended, and when.

Who uses the server holds a *lease*: a shared lock on one file, which the kernel lets go of when
its holder ends, by whatever death. Run as a program, this module is the watcher: it waits until
nobody holds a lease and then stops the server, so that a killed parent leaves no orphan. It is run
by path and alone, and therefore needs the standard library only.
"""

import contextlib
import fcntl
import math
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

GRACE_SECONDS = 2
"""A service killed and started again at once finds its server still up."""

_FAST_SECONDS = 20.0
_IMMEDIATE_SECONDS = 5.0


def lock_file(folder: Path) -> Path:
    """Held while the server in `folder` is being started or stopped."""
    return folder / ".lock"


def lease_file(folder: Path) -> Path:
    """Held, shared, by everybody who uses the server in `folder`."""
    return folder / ".lease"


def watcher_file(folder: Path) -> Path:
    """Held by the one watcher of `folder`."""
    return folder / ".watcher"


def running_pid(data: Path) -> int | None:
    """The process that serves `data`, or None.

    A number in a pid file may by now belong to anybody, even to another PostgreSQL: a server is
    known by its working folder, which is its data folder.
    """
    try:
        pid = int((data / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    if not Path("/proc/self").exists():
        return pid if _is_alive(pid) else None
    try:
        return pid if Path(f"/proc/{pid}/cwd").samefile(data) else None
    except OSError:
        return None


def end_server(data: Path, *, immediate: bool = False) -> None:
    """Stop the server of `data` and wait until it is gone; nothing happens if none runs.

    Parameters
    ----------
    immediate
        Without a checkpoint: the next start recovers from the log.
    """
    signals = [(signal.SIGQUIT, _IMMEDIATE_SECONDS), (signal.SIGKILL, _IMMEDIATE_SECONDS)]
    if not immediate:
        signals.insert(0, (signal.SIGINT, _FAST_SECONDS))
    for number, seconds in signals:
        pid = running_pid(data)
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        deadline = time.monotonic() + seconds
        while running_pid(data) is not None and time.monotonic() < deadline:
            time.sleep(0.02)


def open_lock(path: Path, *, make: bool = True) -> int:
    """A lock file as an open descriptor that no child inherits.

    Raises
    ------
    FileNotFoundError
        If it is not there and not to be made.
    """
    return os.open(path, os.O_RDWR | (os.O_CREAT if make else 0), 0o600)


@contextlib.contextmanager
def opened(path: Path, *, make: bool = True) -> Iterator[int]:
    """`open_lock`, closed at the end, which lets go of whatever is held by it."""
    lock = open_lock(path, make=make)
    try:
        yield lock
    finally:
        os.close(lock)


@contextlib.contextmanager
def held(path: Path, *, seconds: float, make: bool = True) -> Iterator[None]:
    """Hold the lock `path`, alone.

    Raises
    ------
    TimeoutError
        If another process holds it for longer than `seconds`.
    """
    deadline = time.monotonic() + seconds
    with opened(path, make=make) as lock:
        while not try_lock(lock):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} is held by another process")
            time.sleep(0.02)
        yield


def try_lock(lock: int) -> bool:
    """Take an exclusive lock on an open file, unless another open file has one."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_leased(folder: Path) -> bool:
    """Whether anybody uses the server in `folder`; asked while holding its lock.

    To ask is to try for the lease alone, and two who asked at once would take each other for
    a user.
    """
    try:
        with opened(lease_file(folder), make=False) as lease:
            return not try_lock(lease)
    except FileNotFoundError:
        return False


def watch(folder: Path) -> None:
    """Stop the server in `folder` once nobody holds a lease, and return when none is left.

    Makes no file: somebody may be removing the folder.

    Raises
    ------
    FileNotFoundError
        If the folder is removed.
    """
    with opened(watcher_file(folder), make=False) as me:
        if not try_lock(me):
            return
        unused_seconds = 0
        while True:
            time.sleep(1)
            # However long somebody's start or stop takes: without a watcher nobody would end it.
            with held(lock_file(folder), seconds=math.inf, make=False):
                unused_seconds = 0 if is_leased(folder) else unused_seconds + 1
                if unused_seconds <= GRACE_SECONDS:
                    continue
                # Looked at once more after the end: a parent killed in the middle of a start
                # leaves a server that is still to come.
                if running_pid(folder / "data") is None:
                    # Before the folder's lock: whoever starts a server next must see us gone.
                    fcntl.flock(me, fcntl.LOCK_UN)
                    return
                end_server(folder / "data")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    # A folder that was removed meanwhile needs no watcher.
    with contextlib.suppress(FileNotFoundError):
        watch(Path(sys.argv[1]))
