"""`khan bench`: what one operation costs, in CPU, on this machine.

Wall time on a busy machine says little, so the figures are processor time: of the service process
and of PostgreSQL's processes, read from /proc before and after each phase, less what both use
when nothing happens. Ratios between rows of one run are what to trust.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from websockets.asyncio.client import ClientConnection, connect

from foundation.chance import SeededChance
from foundation.clock import stopwatch_ms
from foundation.errors import Unavailable
from khan.demo import Stage
from khan.demonstration import Demonstration
from simulation.client import Mailbox, Phone, Refused, open_phone_line
from storage import embedded

_TICKS = os.sysconf("SC_CLK_TCK")
IDLE_SECONDS = 5.0
POSITION_SECONDS = 8.0
POSITIONS_A_SECOND = 20
QUOTES_EACH = 4


class MeasurementBroken(Unavailable):
    """The service refused one of the operations to be measured."""

    code = "measurement_broken"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The measurement broke off ({reason}); "
            "try it with fewer --people, or when the machine has less else to do."
        )


@dataclass(frozen=True, slots=True)
class Cpu:
    """Processor seconds used so far, by the service and by the database."""

    service: float
    database: float

    def __sub__(self, other: "Cpu") -> "Cpu":
        return Cpu(self.service - other.service, self.database - other.database)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one operation cost, in milliseconds of processor time, idle cost taken off."""

    operation: str
    count: int
    service_ms: float
    database_ms: float
    wall_ms: float

    @property
    def total_ms(self) -> float:
        """Service and database together."""
        return self.service_ms + self.database_ms


def processor_seconds(pid: int) -> float:
    """User and system time of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def children_of(pid: int) -> list[int]:
    """The living children of a process."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text(encoding="utf-8").split()]


class Bench:
    """A service of its own, with people to use it, and the meter."""

    def __init__(self, stage: Stage, *, people: int, console: Console) -> None:
        self._stage, self._people, self._console = stage, people, console
        self._service = self._postmaster = 0
        self._idle = Cpu(0, 0)
        self.costs: list[Cost] = []

    def used(self) -> Cpu:
        """Processor time used so far."""
        backends = sum(processor_seconds(child) for child in children_of(self._postmaster))
        return Cpu(processor_seconds(self._service), processor_seconds(self._postmaster) + backends)

    async def measure(self, operation: str, count: int, act: Callable[[], Awaitable[Any]]) -> Any:
        """Run `act`, which does `count` operations, and keep what one cost."""
        before, began = self.used(), stopwatch_ms()
        result = await act()
        seconds = (stopwatch_ms() - began) / 1000
        spent = self.used() - before
        self.costs.append(
            Cost(
                operation=operation,
                count=count,
                service_ms=max(0.0, spent.service - self._idle.service * seconds)
                * 1000
                / max(1, count),
                database_ms=max(0.0, spent.database - self._idle.database * seconds)
                * 1000
                / max(1, count),
                wall_ms=seconds * 1000 / max(1, count),
            )
        )
        return result

    async def run(self, folder: Path) -> list[Cost]:
        """Every phase, one after another."""
        city = await self._stage.prepare()
        members, places = city.members, city.places
        async with self._stage.service(city.address):
            self._service = int((folder / "service.pid").read_text(encoding="utf-8"))
            self._postmaster = int(
                (folder / "postgres" / "data" / "postmaster.pid").read_text().splitlines()[0]
            )
            http, clock = await open_phone_line(self._stage.base_url)
            mailbox = Mailbox(folder / "messages.jsonl")
            phones = [
                Phone(http, SeededChance(f"bench {n}"), clock) for n in range(2 * self._people)
            ]
            riders, drivers = phones[: self._people], phones[self._people :]
            self._console.print("  signing in, going on shift ...")
            for number, rider in enumerate(riders):
                await rider.sign_in(f"+1332777{number:04d}", mailbox)
            sockets = []
            for number, driver in enumerate(drivers):
                sockets.append(
                    await _on_shift(driver, members[number + 1].phone, mailbox, places[number],
                                    self._stage.base_url)
                )  # fmt: skip
            await self._phases(riders, drivers, sockets, places)
            for socket in sockets:
                await socket.close()
            await http.aclose()
        return self.costs

    async def _phases(
        self,
        riders: Sequence[Phone],
        drivers: Sequence[Phone],
        sockets: Sequence[ClientConnection],
        places: Sequence[Any],
    ) -> None:
        before = self.used()
        await asyncio.sleep(IDLE_SECONDS)
        idle = self.used() - before
        self._idle = Cpu(idle.service / IDLE_SECONDS, idle.database / IDLE_SECONDS)
        say = self._console.print
        say(f"  idle: {self._idle.service * 100:.1f} % of a core in the service, "
            f"{self._idle.database * 100:.1f} % in the database")  # fmt: skip
        sent = int(POSITION_SECONDS * POSITIONS_A_SECOND) * len(sockets)
        await self.measure("position message", sent, lambda: _positions(sockets, places))
        asked = len(riders) * 10
        await self.measure("clock over HTTP (baseline)", asked, lambda: _clocks(riders[0], asked))
        quotes = await self.measure(
            "quote", len(riders) * QUOTES_EACH, lambda: _quotes(riders, places)
        )
        trips = await self.measure("booking", len(riders), lambda: _bookings(riders, quotes))
        offers = await self.measure(
            "offer made and shown", len(trips), lambda: _offers(drivers, trips)
        )
        held = await self.measure("accept", len(offers), lambda: _accepts(offers))
        await self.measure("arrive, board, complete", len(held), lambda: _drives(held, trips))


async def _on_shift(
    driver: Phone, number: str, mailbox: Mailbox, place: Any, base_url: str
) -> ClientConnection:
    await driver.sign_in(number, mailbox)
    me = await driver.get("/driver/v1/me")
    await driver.post(
        "/driver/v1/shifts",
        {"shift_id": driver.new_id(), "vehicle_id": me["vehicles"][0]["vehicle_id"],
         "lon": place.lon, "lat": place.lat},
    )  # fmt: skip
    address = base_url.replace("http", "ws", 1) + "/driver/v1/live"
    socket = await connect(address, compression=None, proxy=None)
    await socket.send(json.dumps({"type": "hello", "token": driver.token, "since": None}))
    await socket.recv()
    return socket


async def _positions(sockets: Sequence[ClientConnection], places: Sequence[Any]) -> None:
    async def one(socket: ClientConnection, place: Any) -> None:
        for seq in range(1, int(POSITION_SECONDS * POSITIONS_A_SECOND) + 1):
            frame = {"type": "position", "seq": seq, "lon": place.lon + seq * 1e-6,
                     "lat": place.lat, "heading": 90}  # fmt: skip
            await socket.send(json.dumps(frame))
            await asyncio.sleep(1 / POSITIONS_A_SECOND)

    await asyncio.gather(*(one(s, p) for s, p in zip(sockets, places, strict=False)))


async def _clocks(rider: Phone, count: int) -> None:
    for _ in range(count):
        await rider.get("/public/v1/clock")


async def _quotes(riders: Sequence[Phone], places: Sequence[Any]) -> list[dict[str, Any]]:
    found = []
    for number, rider in enumerate(riders):
        for turn in range(QUOTES_EACH):
            step = 1 + (number * 6 + turn + 100) % (len(places) - 1)  # never to the pick-up itself
            a, b = places[number], places[(number + step) % len(places)]
            quote = await rider.post(
                "/rider/v1/quotes",
                {"pickup": {"lon": a.lon, "lat": a.lat}, "dropoff": {"lon": b.lon, "lat": b.lat}},
            )
        found.append(quote)
    return found


async def _bookings(
    riders: Sequence[Phone], quotes: Sequence[dict[str, Any]]
) -> dict[str, tuple[Phone, dict[str, Any]]]:
    booked = {}
    for rider, quote in zip(riders, quotes, strict=True):
        trip = await rider.post(
            "/rider/v1/trips", {"trip_id": rider.new_id(), "quote_id": quote["quote_id"]}
        )
        booked[trip["trip_id"]] = (rider, trip)
    return booked


async def _offers(
    drivers: Sequence[Phone], trips: dict[str, Any]
) -> list[tuple[Phone, dict[str, Any]]]:
    """Until every trip is offered to somebody, or ten seconds have passed."""
    found: dict[str, tuple[Phone, dict[str, Any]]] = {}
    began = stopwatch_ms()
    while len(found) < len(trips) and stopwatch_ms() - began < 10_000:
        await asyncio.sleep(1.5)
        for driver in drivers:
            for offer in (await driver.get("/driver/v1/offers"))["offers"]:
                found[offer["trip_id"]] = (driver, offer)
    return list(found.values())


async def _accepts(
    offers: Sequence[tuple[Phone, dict[str, Any]]],
) -> list[tuple[Phone, dict[str, Any]]]:
    held = []
    for driver, offer in offers:
        trip = await driver.post(
            f"/driver/v1/offers/{offer['offer_id']}/accept", {"attempt": offer["attempt"]}
        )
        held.append((driver, trip))
    return held


async def _drives(
    held: Sequence[tuple[Phone, dict[str, Any]]],
    trips: dict[str, tuple[Phone, dict[str, Any]]],
) -> None:
    for driver, trip in held:
        path = f"/driver/v1/trips/{trip['trip_id']}"
        await driver.post(f"{path}/arrive", trip["pickup"])
        await driver.post(f"{path}/board", {"pin": trips[trip["trip_id"]][1]["pin"]})
        await driver.post(f"{path}/complete")


def bench_service(*, people: int, port: int, console: Console) -> list[Cost]:
    """Measure every operation of a trip once, with `people` riders and as many drivers.

    Raises
    ------
    MeasurementBroken
        If the machine was too busy for it: an offer lapsed before its turn came.
    """
    with tempfile.TemporaryDirectory(prefix="khan-bench-") as name:
        folder = Path(name)
        asked = Demonstration(
            city="manhattan", start=time(20), drivers=people, riders_per_hour=0, speed=1.0,
            minutes=None, port=port, seed=1, keep=folder, open_page=False,
        )  # fmt: skip
        bench = Bench(Stage(asked, folder, console), people=people, console=console)
        try:
            return asyncio.run(bench.run(folder))
        except Refused as refused:
            raise MeasurementBroken(str(refused)) from refused
        finally:
            embedded.stop(folder / "postgres")


def table_of(costs: Sequence[Cost]) -> Table:
    """The costs, with a whole trip and a day of 100,000 trips worked out from them."""
    table = Table(title="CPU milliseconds an operation")
    for heading in ("operation", "count", "service", "database", "together", "to baseline"):
        table.add_column(heading, justify="left" if heading == "operation" else "right")
    by_name = {cost.operation: cost for cost in costs}
    baseline = by_name["clock over HTTP (baseline)"].total_ms or 1.0
    for cost in costs:
        table.add_row(
            cost.operation, str(cost.count), f"{cost.service_ms:.3f}", f"{cost.database_ms:.3f}",
            f"{cost.total_ms:.3f}", f"{cost.total_ms / baseline:.2f}",
        )  # fmt: skip
    parts = ["quote", "booking", "offer made and shown", "accept", "arrive, board, complete"]
    whole = sum(by_name[part].total_ms for part in parts)
    table.add_row("whole trip (sum)", "", "", "", f"{whole:.3f}", f"{whole / baseline:.2f}")
    # Load "M" of the design: 100,000 trips a day, 8 quotes a trip, 4,400 drivers on line, 1,100
    # positions a second; 8 % of the day's trips in the busiest hour.
    trips_a_second = 100_000 * 0.08 / 3600
    quotes = 8 * by_name["quote"].total_ms
    busy = trips_a_second * (whole - by_name["quote"].total_ms + quotes)
    busy += 1_100 * by_name["position message"].total_ms
    table.add_row("busiest second of 100,000 trips a day", "", "", "", f"{busy:.0f}", "")
    return table
