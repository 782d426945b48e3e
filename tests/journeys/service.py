"""The real service on a small city: in a thread of this process, or in a process of its own."""

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import uvloop

from khan import seed
from khan.build import build, read_charter
from khan.listening import listen
from khan.logs import configure_structlog
from khan.serve import server_of
from khan.settings import Settings, load
from registry.vault import Vault
from roads.pack import CityPack
from simulation.software_passkey import SoftwarePasskey
from storage.engine import Database
from tests.service_time import move_time

SECRET = "a secret of the journeys, of 32 bytes or more"
BEGIN = datetime(2014, 12, 21, 20, 0, tzinfo=ZoneInfo("America/New_York"))
READY_WITHIN_SECONDS = 90.0


@dataclass(slots=True)
class Founded:
    """A founded city in a database, with driver-members enrolled; nothing runs yet."""

    address: str
    pack: Path
    folder: Path
    phones: list[str]
    passkeys: dict[str, SoftwarePasskey] = field(default_factory=dict)
    _taken: int = 0
    _riders: int = 0

    @property
    def messages(self) -> Path:
        return self.folder / "messages.jsonl"

    def next_driver(self) -> str:
        """The phone of a driver-member no other test uses."""
        self._taken += 1
        return self.phones[self._taken]

    def next_rider(self) -> str:
        """The phone of somebody new."""
        self._riders += 1
        return f"+1332555{self._riders:04d}"


def found(
    address: str, pack: Path, folder: Path, *, rate: float, drivers: int, begin: datetime = BEGIN
) -> Founded:
    """Found the city of `pack`; service time runs at `rate`."""

    async def people() -> list[str]:
        database = Database(address)
        try:
            await seed.found(database, read_charter(CityPack.open(pack)))
            vault = Vault.from_secret(SECRET.encode())
            members = await seed.enrol_members(database, vault, count=drivers, seed=1)
        finally:
            await database.dispose()
        return [member.phone for member in members]

    seed.set_time(address, begin=begin, rate=rate)
    phones = asyncio.run(people())
    seed.set_time(address, begin=begin, rate=rate)
    return Founded(address, pack, folder, phones)


@dataclass(slots=True)
class Service:
    """A service that answers."""

    city: Founded
    port: int
    settings: Settings = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def origin(self) -> str:
        return self.settings.origin

    async def let_pass(self, seconds: float) -> None:
        """Move service time on at once: what is due comes however slow the machine is, and no
        time runs out that no test let run."""
        await asyncio.to_thread(move_time, self.city.address, seconds)


def _settings(city: Founded, port: int, changes: dict[str, object]) -> Settings:
    supplier = city.folder / "supplier.json"
    named = {"name": "Khan Cars Co-operative", "address": ["1 Depot Road"], "vat_id": "XX1"}
    supplier.write_text(json.dumps(named), encoding="utf-8")
    chosen: dict[str, object] = {
        "city": str(city.pack),
        "database_url": city.address,
        "vault_secret": SECRET,
        "supplier": supplier,
        "port": port,
        "origin": "http://localhost:8765",
        "cache": city.folder / "cache",
        "messages_file": city.messages,
        "sign_ins_a_minute": 100_000.0,
        "requests_a_second": 1_000.0,
    }
    return load(**(chosen | changes))


@contextlib.contextmanager
def in_a_thread(city: Founded, **changes: object) -> Iterator[Service]:
    """The application under its own server, in a thread: everything but the process."""
    before = _log_to(city.folder / "service.log")
    settings = _settings(city, 0, changes)
    listening = listen(settings.host, settings.port)
    failed: list[BaseException] = []
    stop: list[object] = []

    async def serve() -> None:
        server = server_of(await build(settings))
        stop.append(server)
        await server.serve(sockets=[listening])

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve())
        except BaseException as error:  # noqa: BLE001 - told to the test that waits
            failed.append(error)

    thread = threading.Thread(target=run, name="service")
    thread.start()
    service = Service(city, listening.getsockname()[1], settings)
    try:
        wait_until_ready(service.url, lambda: failed)
        yield service
    finally:
        for server in stop:
            server.should_exit = True  # type: ignore[attr-defined]
        thread.join(timeout=15)
        listening.close()
        _LOG.path = before  # this city's folder may be removed, and another service goes on
    assert not thread.is_alive(), "the service did not stop"
    assert not failed, failed


class _Log(io.TextIOBase):
    """Where loggers of this process write: they are bound once, each city has its own file."""

    path: Path | None = None

    def write(self, text: str) -> int:
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
        return len(text)


_LOG = _Log()


_configured: list[bool] = []


def _log_to(path: Path) -> Path | None:
    """Log there; where was logged before."""
    if not _configured:
        configure_structlog("info", _LOG)
        _configured.append(True)
    before, _LOG.path = _LOG.path, path
    return before


def wait_until_ready(url: str, failed: object = lambda: []) -> None:
    """Ask until the service is ready."""
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    with httpx.Client(base_url=url, trust_env=False, timeout=2) as http:
        while time.monotonic() < deadline:
            assert not failed(), failed()  # type: ignore[operator]
            with contextlib.suppress(httpx.TransportError):
                if http.get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
    raise AssertionError("the service did not become ready")


@dataclass(slots=True)
class ServiceProcess:
    """`python -m khan serve`, to be killed and started again on the same port."""

    city: Founded
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.city.folder / "service.log"

    def start(self) -> None:
        """Start, and wait until it is ready."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "khan", "serve"],
                env=environment(self.city, self.port) | self.environment,
                stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        process = self.process

        def ended() -> list[str]:
            return [] if process.poll() is None else [self.log.read_text(encoding="utf-8")]

        wait_until_ready(self.url, ended)

    def kill(self) -> None:
        """As a crash would: no goodbye."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As an operator would; the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        self.process = None
        return code


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(city: Founded, port: int) -> dict[str, str]:
    """What `khan serve` reads."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KHAN_")}
    return kept | {
        "DATABASE_URL": city.address,
        "KHAN_CITY": str(city.pack),
        "KHAN_VAULT_SECRET": SECRET,
        "KHAN_PORT": str(port),
        "KHAN_ORIGIN": f"http://localhost:{port}",
        "KHAN_CACHE": str(city.folder / "cache"),
        "KHAN_MESSAGES_FILE": str(city.messages),
        "KHAN_SIGN_INS_A_MINUTE": "100000",
        "KHAN_REQUESTS_A_SECOND": "1000",
    }
