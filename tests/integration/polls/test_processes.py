"""`khan desk` and `khan board` as processes: started, asked, stopped; and what keeps them from starting."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest

from governance.polls.keeper import Keeper
from khan.keeper_process import DatabaseKeepsTraces, opened_database


@contextmanager
def process(command: str, port: int, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running process, stopped at the end as an operator stops it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("KHAN_")
    }
    running = subprocess.Popen(
        [sys.executable, "-m", "khan", command],
        env={**environment, "KHAN_PORT": str(port), **settings},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def ask(port: int, path: str) -> dict[str, object]:
    """What a process answers; tried for two minutes, longer each time, while it starts."""
    transport = httpx.HTTPTransport(retries=9)
    with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}") as client:
        found: dict[str, object] = client.get(path).json()
    return found


def test_a_desk_and_the_board_start_with_their_own_keys_and_roles(
    database_address: str, tmp_path: Path
) -> None:
    desk, board = free_port(), free_port()
    with (
        process(
            "desk", desk, DATABASE_URL=database_address, KHAN_DESK="secretary",
            KHAN_KEYS=str(tmp_path / "desk"),
        ),
        process("board", board, DATABASE_URL=database_address, KHAN_KEYS=str(tmp_path / "board")),
    ):  # fmt: skip
        for port in (desk, board):
            assert ask(port, "/healthz") == {"status": "alive", "loop": "turning"}
        assert ask(board, "/board/v1/polls") == {"polls": []}
        assert ask(desk, f"/desk/v1/polls/{'0' * 32}/head")["code"] == "poll_not_found"
    assert (tmp_path / "desk").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("command", "settings", "said"),
    [
        ("desk", {"KHAN_DESK": "treasurer"}, "KHAN_DESK"),
        ("desk", {"KHAN_DESK": "secretary", "KHAN_TOKEN_MODULE": "/nowhere.so"}, "token"),
        ("board", {"KHAN_BATCH_LEAST": "1"}, "KHAN_BATCH_LEAST"),
        ("board", {"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ("board", {"KHAN_KEYS": "/proc/keys-of-nobody"}, "key folder"),
    ],
)
def test_what_keeps_a_process_from_starting_is_one_line_and_exit_2(
    database_address: str, tmp_path: Path, command: str, settings: dict[str, str], said: str
) -> None:
    usual = {
        "DATABASE_URL": database_address,
        "KHAN_KEYS": str(tmp_path / "keys"),
        "KHAN_PORT": "0",
    }
    found = subprocess.run(
        [sys.executable, "-m", "khan", command], env={**os.environ, **usual, **settings},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert found.returncode == 2
    assert said in found.stderr
    assert found.stderr.startswith("khan: ")
    assert found.stderr.count("\n") == 1


def refused_board(environment: dict[str, str], address: str) -> subprocess.CompletedProcess[str]:
    """What `khan board` says where it cannot start."""
    return subprocess.run(
        [sys.executable, "-m", "khan", "board"], env={**environment, "DATABASE_URL": address},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_login_without_the_role_and_a_database_that_keeps_times_are_refused(
    database_address: str, owner: psycopg.Connection, tmp_path: Path
) -> None:
    owner.execute("CREATE ROLE stranger LOGIN SUPERUSER")
    owner.execute("ALTER ROLE stranger NOSUPERUSER")
    try:
        name = owner.info.dbname
        address = database_address.replace("postgres@", "stranger@")
        environment = {
            **os.environ, "KHAN_KEYS": str(tmp_path / "keys"), "KHAN_PORT": "0",
        }  # fmt: skip
        found = refused_board(environment, address)
        assert (found.returncode, "GRANT khan_ballot_board" in found.stderr) == (2, True), (
            found.stderr
        )
        owner.execute(f"ALTER DATABASE {name} SET log_statement = 'all'")
        found = refused_board(environment, database_address)
        assert (found.returncode, "log_statement" in found.stderr) == (2, True), found.stderr
    finally:
        owner.execute("DROP ROLE stranger")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("log_duration", "on"), ("log_min_duration_statement", "0"),
        ("log_min_duration_sample", "0"), ("log_transaction_sample_rate", "0.5"),
        ("log_parameter_max_length_on_error", "-1"), ("auto_explain.log_min_duration", "10"),
        ("pgaudit.log", "write"),
    ],
)  # fmt: skip
async def test_every_setting_by_which_the_database_keeps_traces_is_refused(
    database_address: str, owner: psycopg.Connection, setting: str, value: str
) -> None:
    async with opened_database(database_address, Keeper.BOARD):
        pass
    owner.execute(f"ALTER DATABASE {owner.info.dbname} SET {setting} = '{value}'")
    with pytest.raises(DatabaseKeepsTraces, match=setting):
        async with opened_database(database_address, Keeper.BOARD):
            pass
