"""`khan demo` in a narrow pipe: the lines it prints are copied, and each does what it says."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from khan.seed import VISITOR_DRIVER_PHONE, VISITOR_RIDER_PHONE
from tests.journeys.service import free_port
from tests.small_city import write_small_city

SPEED = 20


class Started:
    """A program that was started from a terminal in some folder."""

    def __init__(self, words: list[str], folder: Path, typed: str = "") -> None:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("KHAN_")}
        self.shown: list[str] = []
        self._process = subprocess.Popen(
            words, cwd=folder, env=kept | {"PWD": str(folder), "COLUMNS": "80"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.type(typed)

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def until(self, pattern: str) -> str:
        """Read on to a line with the pattern; its first group, or the line."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.shown.append(line)
            if found := re.search(pattern, line):
                return found[1] if found.groups() else found.string.rstrip("\n")
        raise AssertionError(f"{pattern!r} is not in: {''.join(self.shown)}")

    def end(self, number: int | None = None, *, code: int = 0) -> str:
        """Wait for its end, after a signal if one is given; all it showed."""
        if number is not None:
            self._process.send_signal(number)
        rest, _ = self._process.communicate(timeout=60)
        self.shown.append(rest)
        assert self._process.returncode == code, "".join(self.shown)
        return "".join(self.shown)

    def kill(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("a visitor's folder")
    # A busy machine may need seconds of its own for what a visitor does in one.
    write_small_city(
        found / "gridtown",
        matching_policy={"offer_seconds": 120},
        booking_policy={"quote_valid_s": 900, "request_expires_s": 3600},
    )
    return found


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Started]:
    options = f"--headless --drivers 1 --riders-per-hour 0 --speed {SPEED} --port {free_port()}"
    words = [sys.executable, "-m", "khan", "demo", "--city", "./gridtown", "--keep", "kept here"]
    started = Started([*words, *options.split()], folder)
    yield started
    started.kill()


def test_its_lines_are_copied_and_a_visitor_rides_with_another(demo: Started, folder: Path) -> None:
    ride_line, drive_line = demo.until(r"khan ride "), demo.until(r"khan drive ")
    assert "'kept here/messages.jsonl'" in ride_line  # as short as the terminal allows
    drive = Started(shlex.split(drive_line), folder, typed="y\n")
    drive.until("You are on shift")
    ride = Started(shlex.split(ride_line), folder, typed="y\n")
    drive.type(ride.until(r"Your PIN for the driver is (\d+)") + "\n")
    shown = ride.end()
    assert f"Signed in as {VISITOR_RIDER_PHONE}." in shown
    assert "Receipt" in shown
    assert f"Signed in as {VISITOR_DRIVER_PHONE}." in drive.end()
    report = json.loads(demo.end(signal.SIGINT).split("shift\n", 1)[1])
    assert (report["trips_completed"], report["lost_trips"]) == (1, 0)


def test_ctrl_c_while_it_prepares_ends_it_at_once(folder: Path) -> None:
    words = [sys.executable, "-m", "khan", "demo", "--city", "./gridtown", "--headless"]
    demo = Started([*words, "--port", str(free_port())], folder)
    demo.until("Starting the database")
    shown = demo.end(signal.SIGINT, code=130)
    assert "The city live" not in shown
    assert "Traceback" not in shown


def test_a_taken_port_is_told_before_anything_is_started(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        words = [sys.executable, "-m", "khan", "demo", "--headless", "--port"]
        shown = Started([*words, str(taken.getsockname()[1])], folder).end(code=2)
    assert re.fullmatch(r"khan: Port \d+ is taken; .+\n", shown)
