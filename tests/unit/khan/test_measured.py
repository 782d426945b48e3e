"""What a program takes is told of it and those it starts, and not of who measures."""

from pathlib import Path

from khan.measured import measured

MB = 1_000_000
# Each holds its memory until there is a number that takes a moment to find.
HOLD = "held = bytearray(b'x' * {size}); sum(n * n % 7 for n in range(3_000_000)); print('done')"
TWO = """
import subprocess, sys
started = subprocess.Popen([sys.executable, "-c", {code!r}])
{own}
sys.exit(started.wait() + 3)
"""


def test_the_memory_is_the_programs_own_and_not_that_of_who_measures(tmp_path: Path) -> None:
    mine = bytearray(b"x" * 400 * MB)
    found = measured(["-c", HOLD.format(size=50 * MB)], said=tmp_path / "said")
    assert (found.status, found.output) == (0, "done\n")
    assert found.memory_bytes is not None
    assert 50 * MB < found.memory_bytes < 200 * MB < len(mine)
    assert 0 < found.processor_seconds <= found.wall_seconds + 0.5


def test_what_it_starts_is_added_up(tmp_path: Path) -> None:
    hold = HOLD.format(size=60 * MB)
    found = measured(["-c", TWO.format(code=hold, own=hold)], said=tmp_path / "said")
    assert found.status == 3
    assert found.memory_bytes is not None
    assert 120 * MB < found.memory_bytes < 300 * MB


def test_a_program_that_fails_is_told_with_what_it_said(tmp_path: Path) -> None:
    found = measured(["-c", "raise SystemExit('no such vote')"], said=tmp_path / "said")
    assert (found.status, found.output) == (1, "no such vote\n")
