"""The loops of a running service: relay, rounds, sweeps, positions, timings, housekeeping.

Each loop turns at its own pace and outlives what it meets: a database that is down is waited for,
a fault of ours is logged, counted, and the next turn tried. Nothing is kept in a loop that the
tables do not know, so a process may be killed at any moment.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog
from prometheus_client import Counter, Gauge, Histogram

from dispatch.sweep import sweep
from foundation.errors import Unavailable
from khan.build import Running
from ledger.service import void_expired_holds
from registry.service import forget_old_sign_ins
from storage import timings
from storage.engine import Database
from storage.outbox import BATCH

log = structlog.get_logger()

ROUNDS = Histogram(
    "khan_round_seconds", "Wall time of a dispatch round",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)  # fmt: skip
OFFERS = Counter("khan_offers_made_total", "Offers made by rounds")
TOLD = Counter("khan_facts_told_total", "Facts told by the relay")
FAULTS = Counter("khan_loop_faults_total", "Turns of a loop that failed", ["loop"])
ON_SHIFT = Gauge("khan_drivers_on_shift", "Drivers on shift")

RELAY_POLL_SECONDS = 0.25
POSITIONS_EVERY_SECONDS = 1.0
TIMINGS_EVERY_SECONDS = 2.0
HOUSEKEEPING_EVERY_SECONDS = 60.0
RELAY_GATHERS_SECONDS = 0.02
"""Facts of one moment are told together: a pump for each commit would cost more than it tells."""
SHORTEST_PAUSE_SECONDS = 0.4
"""Between rounds, in wall time: a demonstration may run faster, this machine does not."""
AFTER_A_FAULT_SECONDS = 1.0


class Loops:
    """Everything that turns beside the web."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._bell = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        running.services.database.on_commit(self._bell.set)

    async def start(self) -> None:
        """Read where things stand, then begin to turn.

        The relay starts before the fleet is read: what happens in between is heard twice, and
        hearing twice changes nothing.
        """
        services = self._running.services
        await self._running.relay.start()
        async with services.database.work() as work:
            await services.fleet.load(work)
        for name, turn in (
            ("relay", self._relay),
            ("rounds", self._round),
            ("sweep", self._sweep),
            ("positions", self._positions),
            ("timings", self._timings),
            ("housekeeping", self._housekeeping),
        ):
            self._tasks.append(asyncio.create_task(_forever(name, turn), name=name))

    async def stop(self) -> None:
        """Stop turning, and store the last positions."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Unavailable):
            await self._running.services.fleet.store_positions(self._running.services.database)
            await self._keep_timings()

    @contextlib.asynccontextmanager
    async def turning(self) -> AsyncIterator[None]:
        """Turn for as long as the block runs."""
        await self.start()
        try:
            yield
        finally:
            await self.stop()

    async def _relay(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RELAY_POLL_SECONDS):
                await self._bell.wait()
        await asyncio.sleep(RELAY_GATHERS_SECONDS)
        self._bell.clear()
        while True:
            told = await self._running.relay.pump()
            TOLD.inc(told)
            if told < BATCH:
                break
        await self._running.services.fleet.take_up_new(self._running.services.database)

    async def _round(self) -> None:
        report = await self._running.dispatcher.run_round()
        self._running.services.rounds.note(report)
        if report.pairings or report.trips:
            ROUNDS.observe(report.total_ms / 1000)
            OFFERS.inc(report.offers)
            log.info(
                "round", trips=report.trips, drivers=report.drivers, offers=report.offers,
                degraded=report.degraded, ms=round(report.total_ms, 1),
            )  # fmt: skip
        pause = report.pause_seconds / self._running.services.clock.rate
        await asyncio.sleep(max(SHORTEST_PAUSE_SECONDS, pause - report.total_ms / 1000))

    async def _sweep(self) -> None:
        await sweep(self._running.services.database)
        ON_SHIFT.set(len(self._running.services.board))
        await asyncio.sleep(max(SHORTEST_PAUSE_SECONDS, 1 / self._running.services.clock.rate))

    async def _positions(self) -> None:
        await asyncio.sleep(POSITIONS_EVERY_SECONDS)
        await self._running.services.fleet.store_positions(self._running.services.database)

    async def _timings(self) -> None:
        await asyncio.sleep(TIMINGS_EVERY_SECONDS)
        await self._keep_timings()

    async def _housekeeping(self) -> None:
        await keep_house(self._running.services.database)
        await asyncio.sleep(HOUSEKEEPING_EVERY_SECONDS)

    async def _keep_timings(self) -> None:
        counts = self._running.timings.take()
        if counts is not None:
            async with self._running.services.database.work() as work:
                await timings.keep(work, counts)


async def keep_house(database: Database) -> None:
    """Let go of what has had its time: traces of signing in, old timings, holds that ran out."""
    for work_of in (forget_old_sign_ins, timings.forget_old, void_expired_holds):
        async with database.work() as work:
            await work_of(work)


async def _forever(name: str, turn: Callable[[], Awaitable[None]]) -> None:
    """The outermost loop: the one place that catches whatever a turn meets."""
    while True:
        try:
            await turn()
        except Unavailable as refusal:
            FAULTS.labels(name).inc()
            log.warning("loop_waits", loop=name, code=refusal.code)
            await asyncio.sleep(AFTER_A_FAULT_SECONDS)
        except Exception:  # a fault of ours in one turn must not end the loop for good
            FAULTS.labels(name).inc()
            log.exception("loop_fault", loop=name)
            await asyncio.sleep(AFTER_A_FAULT_SECONDS)
