"""`khan demo`: a living city on one command.

The database, the service (with its dispatcher) and a crowd of simulated people, each of them only
a client of the public APIs. The service is a process of its own, started again at once if it
dies: whoever kills it sees that nothing is lost.
"""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import tempfile
import webbrowser
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
from rich.console import Console
from rich.text import Text

from foundation.clock import stopwatch_ms, wall_now
from foundation.identifiers import DriverId, PersonId
from foundation.measures import Point
from khan import commons_seed, seed
from khan.assembly_seed import DRIVERS_MIN, founded_on
from khan.build import find_city, open_city, read_charter
from khan.demo_money import Purse
from khan.demo_polls import PollPlaces, play_assembly, polls_at_work
from khan.demonstration import Demonstration
from khan.greeting import Terminal, greeting
from khan.kept_process import KeptProcess, ServiceNeverReady, tail_of
from khan.listening import listen
from khan.logs import configure_structlog
from khan.report import pay_by_advice, report_of
from khan.settings import cache_folder
from registry.vault import Vault
from roads.pack import CityPack
from simulation.crowd import Crowd, follows_advice
from simulation.demand import places_of, wishes_of
from simulation.riders import Wish
from storage import embedded
from storage.engine import Database
from storage.migrate import migrate

T = TypeVar("T")

READY_WITHIN_SECONDS = 90.0
LOOK_AT_DATABASE_EVERY_SECONDS = 1.0
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
"""Without any of them Linux would open a browser in the terminal, over the city's own lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A founded city in a database, and who will live in it."""

    pack: CityPack
    address: str
    begin: datetime
    members: Sequence[seed.Member]
    wishes: Iterator[tuple[timedelta, Wish]]
    places: Sequence[Point]


def run(demonstration: Demonstration, console: Console) -> dict[str, Any]:
    """Run the city until its minutes are over or somebody presses Ctrl-C.

    Returns
    -------
    dict
        The report, computed from the database after everything stopped.
    """
    with contextlib.ExitStack() as stack:
        folder = demonstration.keep
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="khan-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        folder = folder.resolve()
        stage = Stage(demonstration, folder, console)
        stack.callback(embedded.stop, folder / "postgres")
        log = stack.enter_context((folder / "crowd.log").open("a", encoding="utf-8"))
        configure_structlog("info", log)
        return asyncio.run(stage.play())


class Stage:
    """One demonstration in one folder."""

    def __init__(self, asked: Demonstration, folder: Path, console: Console) -> None:
        self._asked, self._folder, self._console = asked, folder, console
        self._messages = folder / "messages.jsonl"
        self._log = folder / "service.log"
        self._cache = cache_folder()
        self._stopping = asyncio.Event()
        self._places = PollPlaces.choose(folder / "polls") if asked.drivers >= DRIVERS_MIN else None

    @property
    def base_url(self) -> str:
        """Where the service listens."""
        return self._asked.base_url

    async def play(self) -> dict[str, Any]:
        """From the empty folder to the report."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        listen("127.0.0.1", self._asked.port).close()
        city = await self._unless_stopped(self.prepare())
        async with self.service(city.address) as keeper:
            self._greet(city.pack)
            crowd = Crowd(
                self._asked.base_url,
                self._messages,
                seed=self._asked.seed,
                share_following=self._asked.share_following,
                paid=Purse(self._say).paid,
            )
            task = asyncio.create_task(
                crowd.run(
                    [member.phone for member in city.members[1:]],
                    city.places,
                    city.wishes,
                    told=self._told,
                )
            )
            await self._until_over(task, keeper)
            ended = wall_now()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return self._asked.settings() | await self._report(city, ended)

    async def _report(self, city: Prepared, ended: datetime) -> dict[str, Any]:
        """What it came to when its people left; what stopping took is nobody's delay."""
        database = Database(city.address)
        try:
            clock = await database.clock()
            report = await report_of(database, at=clock.at(ended))
            return report | await pay_by_advice(
                database,
                self._by_advice(city.members[1:]),
                since=city.begin,
                currency=city.pack.currency,
            )
        finally:
            await database.dispose()

    def _by_advice(self, members: Sequence[seed.Member]) -> dict[bool, list[DriverId]]:
        """Who follows advice and who does not: the crowd knows, the service never does."""
        groups: dict[bool, list[DriverId]] = {True: [], False: []}
        for index, member in enumerate(members):
            groups[follows_advice(index, self._asked.share_following)].append(member.driver_id)
        return groups

    async def prepare(self) -> Prepared:
        """Database, city, people; every step is told."""
        asked = self._asked
        with self._step("Starting the database"):
            server = await asyncio.to_thread(embedded.start, self._folder / "postgres")
            embedded.create_database(server, "khan")
            address = server.address("khan")
            await asyncio.to_thread(migrate, address)
        with self._step(f"Preparing the streets of {asked.city}"):
            city = await asyncio.to_thread(open_city, asked.city, self._cache)
        pack = city.pack
        begin = seed.start_of(pack, asked.start, today=wall_now())
        vault = Vault.from_secret(self._secret().encode())
        database = Database(address)
        try:
            members, begin = await self._people(database, pack, vault, address, begin=begin)
        finally:
            await database.dispose()
        wishes: Iterator[tuple[timedelta, Wish]] = iter(())
        if asked.riders_per_hour != 0:
            wishes = wishes_of(
                pack, begin=begin, riders_per_hour=asked.riders_per_hour, seed=asked.seed,
                share_of_shared=asked.share_of_shared,
            )  # fmt: skip
        return Prepared(
            pack=pack,
            address=address,
            begin=begin,
            members=members,
            wishes=wishes,
            places=places_of(pack, seed=asked.seed),
        )

    async def _people(
        self, database: Database, pack: CityPack, vault: Vault, address: str, *, begin: datetime
    ) -> tuple[Sequence[seed.Member], datetime]:
        """Whoever lives in the city, and the service time at which its evening begins.

        A city that goes on where it was has had its assembly; a small one has none.
        """
        asked = self._asked
        is_new = seed.last_fact(address) is None
        governs = is_new and asked.drivers >= DRIVERS_MIN
        seed.set_time(address, begin=founded_on(begin) if governs else begin, rate=asked.speed)
        with self._step(f"Founding the city and enrolling {asked.drivers} driver-members"):
            await seed.found(database, read_charter(pack))
            members = await seed.enrol_members(
                database, vault, count=asked.drivers, seed=asked.seed
            )
        drivers = [PersonId(one.driver_id) for one in members]
        if governs:
            with self._step("Letting its members govern it for two months"):
                await play_assembly(
                    address, self._folder / "polls", pack, drivers=drivers, vault=vault,
                    begin=begin, origin=asked.page_url,
                )  # fmt: skip
            seed.let_it_be(address, begin, rate=asked.speed)
        else:
            begin = seed.set_time(address, begin=begin, rate=asked.speed)
        office = await seed.office_of(database, vault)
        await commons_seed.enliven(database, pack, drivers[1:], office=office)
        return members, begin

    @contextlib.asynccontextmanager
    async def service(self, address: str) -> AsyncIterator["asyncio.Task[None]"]:
        """The service in a process of its own; the task starts it again whenever it dies."""
        service = KeptProcess(
            "serve", environment=self._environment(address), log=self._log, say=self._say
        )
        keeper = asyncio.create_task(service.keep())
        database = asyncio.create_task(self._keep_database())
        try:
            with self._step("Starting the service"):
                await self._unless_stopped(self._until_ready(keeper))
            async with self._polls(address):
                yield keeper
        finally:
            for task in (keeper, database):
                task.cancel()
            await asyncio.gather(keeper, database, return_exceptions=True)

    @contextlib.asynccontextmanager
    async def _polls(self, address: str) -> AsyncIterator[None]:
        """Desks, board and witnesses, where there has been an assembly."""
        if self._places is None:
            yield
            return
        database = Database(address)
        try:
            clock = await database.clock()
        finally:
            await database.dispose()
        usual = {**os.environ, "DATABASE_URL": address, "KHAN_ORIGIN": self._asked.page_url}
        async with polls_at_work(self._places, environment=usual, clock=clock, say=self._say):
            yield

    async def _keep_database(self) -> None:
        """Start the database again whenever it dies; the service waits for it meanwhile."""
        while True:
            await asyncio.sleep(LOOK_AT_DATABASE_EVERY_SECONDS)
            try:
                if await asyncio.to_thread(embedded.revive, self._folder / "postgres"):
                    self._say("  The database had ended; it is up again")
            except embedded.EmbeddedServerFailed as failed:
                self._say(f"  {failed.sentence}")

    async def _until_ready(self, keeper: "asyncio.Task[None]") -> None:
        began = stopwatch_ms()
        async with httpx.AsyncClient(trust_env=False, timeout=2) as http:
            while stopwatch_ms() - began < READY_WITHIN_SECONDS * 1000:
                if keeper.done():
                    keeper.result()
                with contextlib.suppress(httpx.TransportError):
                    if (await http.get(f"{self._asked.base_url}/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise ServiceNeverReady(tail_of(self._log))

    async def _unless_stopped(self, doing: Coroutine[Any, Any, T]) -> T:
        """Do it; at Ctrl-C leave off at once.

        Raises
        ------
        KeyboardInterrupt
        """
        task, stop = asyncio.create_task(doing), asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise KeyboardInterrupt
            return task.result()
        finally:
            for one in (task, stop):
                one.cancel()
            await asyncio.gather(task, stop, return_exceptions=True)

    async def _until_over(self, crowd: "asyncio.Task[None]", keeper: "asyncio.Task[None]") -> None:
        minutes = self._asked.minutes
        waiters = [asyncio.create_task(self._stopping.wait()), crowd, keeper]
        try:
            async with asyncio.timeout(None if minutes is None else minutes * 60):
                await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            pass
        finally:
            waiters[0].cancel()
        for task in (keeper, crowd):
            if task.done() and not task.cancelled():
                task.result()

    def _environment(self, address: str) -> dict[str, str]:
        asked = self._asked
        return {
            **os.environ,
            "DATABASE_URL": address,
            "KHAN_CITY": str(find_city(asked.city).resolve()),
            "KHAN_VAULT_SECRET": self._secret(),
            "KHAN_PORT": str(asked.port),
            "KHAN_ORIGIN": asked.page_url,
            **({} if self._places is None else self._places.told_to_the_service()),
            "KHAN_CACHE": str(self._cache),
            "KHAN_MESSAGES_FILE": str(self._messages),
            "KHAN_PID_FILE": str(self._folder / "service.pid"),
            # Everybody simulated calls from one address, and lives `speed` times as fast.
            "KHAN_SIGN_INS_A_MINUTE": "100000",
            "KHAN_REQUESTS_A_SECOND": str(20 * max(1.0, asked.speed)),
        }

    def _secret(self) -> str:
        path = self._folder / "vault.secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(32), encoding="utf-8")
        return path.read_text(encoding="utf-8")

    def _greet(self, pack: CityPack) -> None:
        asked = self._asked
        lines = greeting(
            pack, Terminal.own(), port=asked.port, pid=self._pid(), log=self._log,
            messages=self._messages,
        )  # fmt: skip
        for line in lines:
            self._say(line)
        if asked.minutes is None:
            self._say("  Ctrl-C stops everything.")
        has_screen = sys.platform == "darwin" or any(os.environ.get(name) for name in _SCREENS)
        if asked.open_page and has_screen:
            webbrowser.open(f"http://localhost:{asked.port}/live/")

    def _say(self, line: str) -> None:
        """A line as it is: paths may hold what a console would take for its own signs."""
        self._console.print(line, markup=False)

    def _pid(self) -> str:
        path = self._folder / "service.pid"
        return path.read_text(encoding="utf-8").strip() if path.exists() else "?"

    def _told(self, ready: int, of: int) -> None:
        if ready == of:
            self._say(f"  {ready} driver-members are on shift")

    @contextlib.contextmanager
    def _step(self, words: str) -> Any:
        began = stopwatch_ms()
        if self._console.is_terminal:
            with self._console.status(Text(words)):
                yield
        else:
            yield
        self._say(f"  {words}: {(stopwatch_ms() - began) / 1000:.1f} s")
