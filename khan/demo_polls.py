"""Desks, board and witnesses of a running demonstration, and the months of assembly before it."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import structlog

from foundation.chance import SeededChance
from foundation.clock import ServiceClock, wall_now
from foundation.errors import Refusal
from foundation.identifiers import PersonId
from governance.polls.keeper import Keeper
from khan import assembly_seed, seed
from khan.assembly import AssemblyAtWork
from khan.kept_process import KeptProcess
from khan.polling_station import PollingStation, keys_of
from khan.terminal_vote import keep_passkey
from khan.witness import Log
from registry.service import join_person
from registry.vault import Vault
from roads.pack import CityPack
from storage.engine import Database

log = structlog.get_logger()

RP_ID = "localhost"
BATCH_LEAST = 5
WITNESS_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPlaces:
    """Where desks and board of a demonstration listen, and keep their keys."""

    folder: Path
    ports: Mapping[Keeper, int]

    @classmethod
    def choose(cls, folder: Path) -> "PollPlaces":
        """Three ports that are free now."""
        with contextlib.ExitStack() as stack:
            found = {}
            for keeper in Keeper:
                taken = stack.enter_context(socket.socket())
                taken.bind(("127.0.0.1", 0))
                found[keeper] = int(taken.getsockname()[1])
        return cls(folder=folder, ports=found)

    def url(self, keeper: Keeper) -> str:
        """The address of a desk or the board, as a browser of this machine reaches it."""
        return f"http://localhost:{self.ports[keeper]}"

    def told_to_the_service(self) -> dict[str, str]:
        """Settings by which the service tells members' phones where to vote."""
        desks = (Keeper.SECRETARY, Keeper.CITY_CLERK)
        return {
            "KHAN_DESKS": ",".join(self.url(one) for one in desks),
            "KHAN_BOX": self.url(Keeper.BOARD),
        }

    def environment(self, usual: Mapping[str, str], keeper: Keeper) -> dict[str, str]:
        """The settings of a keeper's process, beside the usual ones."""
        own = {
            **usual,
            "KHAN_KEYS": str(keys_of(self.folder, keeper)),
            "KHAN_PORT": str(self.ports[keeper]),
        }
        if keeper is Keeper.BOARD:
            # A demonstration has few voters, who want to see their receipts.
            return {**own, "KHAN_BATCH_LEAST": str(BATCH_LEAST), "KHAN_KEPT_BACK": "0"}
        return {**own, "KHAN_DESK": keeper.value}


async def play_assembly(
    address: str,
    folder: Path,
    pack: CityPack,
    *,
    drivers: Sequence[PersonId],
    vault: Vault,
    begin: datetime,
    origin: str,
) -> assembly_seed.Told:
    """Let the assembly of the months before `begin` happen, in this process."""
    chance = SeededChance("assembly")
    database = Database(address, chance=chance)
    station = PollingStation.set_up(
        address, folder, chance=chance, origin=origin, batch_least=BATCH_LEAST
    )
    assembly = AssemblyAtWork(
        database=database, station=station, folder=folder, rp_id=RP_ID, origin=origin,
        chance=chance, move_to=lambda instant: seed.let_it_be(address, instant),
        city=pack,
    )  # fmt: skip
    try:
        riders = await _rider_members(database, vault)
        told = await assembly_seed.play(assembly, drivers=drivers, riders=riders, begin=begin)
        keep_passkey(visitor_folder(folder), assembly.electors[0].passkey)
        return told
    finally:
        await station.dispose()
        await database.dispose()


def visitor_folder(folder: Path) -> Path:
    """Where the visitor who drives keeps what `khan vote` needs."""
    return folder / "visitor"


async def _rider_members(database: Database, vault: Vault) -> list[PersonId]:
    """People who ride and are members; nobody simulates their rides."""
    people = []
    async with database.work() as work:
        for number in range(assembly_seed.RIDER_MEMBERS):
            people.append(
                await join_person(
                    work, phone=f"+1718555{number:04d}", name=f"Rider-member {number + 1}",
                    vault=vault,
                )
            )  # fmt: skip
    return people


@contextlib.asynccontextmanager
async def polls_at_work(
    places: PollPlaces,
    *,
    environment: Mapping[str, str],
    clock: ServiceClock,
    say: Callable[[str], None],
) -> AsyncIterator[None]:
    """Desks and board as processes of their own, and witnesses that look at them."""
    tasks = [
        asyncio.create_task(
            KeptProcess(
                "board" if keeper is Keeper.BOARD else "desk",
                environment=places.environment(environment, keeper),
                log=places.folder / f"{keeper.value}.log", say=say,
            ).keep()
        )
        for keeper in Keeper
    ]  # fmt: skip
    tasks.append(asyncio.create_task(_witness(places, environment["DATABASE_URL"], clock)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _witness(places: PollPlaces, address: str, clock: ServiceClock) -> None:
    """The witnesses, by the demonstration's clock."""
    station = PollingStation.set_up(
        address, places.folder, chance=SeededChance("witnesses"), origin="", batch_least=BATCH_LEAST
    )
    logs = [
        Log(
            http=httpx.AsyncClient(base_url=places.url(keeper), timeout=10, trust_env=False),
            keeper=keeper, path="/board/v1" if keeper is Keeper.BOARD else "/desk/v1",
        )
        for keeper in Keeper
    ]  # fmt: skip
    try:
        while True:
            await asyncio.sleep(WITNESS_EVERY_SECONDS)
            for one in station.witnesses:
                try:
                    await one.look(logs, at_seconds=int(clock.at(wall_now()).timestamp()))
                except (httpx.HTTPError, Refusal, ValueError) as fault:
                    log.info("witness_waits", reason=str(fault) or type(fault).__name__)
    finally:
        await station.dispose()
        for line in logs:
            await line.http.aclose()
