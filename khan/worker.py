"""The loops of a running service: relay, rounds, advice, sweeps, positions, timings, the public view,
impact statements, the till, payout notices, housekeeping.

Nothing is kept in a loop that the tables do not know, so a process may be killed at any moment.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import Counter, Gauge, Histogram

from dispatch.pace import next_round_ms
from dispatch.sweep import sweep
from foundation.clock import stopwatch_ms
from foundation.errors import Unavailable
from governance.service.reminders import remind, remind_of_closing
from khan.build import Running
from khan.impact_worker import ImpactWorker
from khan.loop import Loop
from ledger.chain import SealedDay
from ledger.days import seal_next_day
from ledger.payments.till import Till
from ledger.payout_notices import NOTICES_A_TURN, tell_destinations_in_use
from ledger.service import void_expired_holds
from public_api.live import LiveView
from registry.service import forget_old_sign_ins
from storage import timings
from storage.engine import Database
from storage.outbox import BATCH

log = structlog.get_logger()

ROUNDS = Histogram(
    "khan_round_seconds", "Wall time of a dispatch round",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)  # fmt: skip
ADVICE = Histogram(
    "khan_advice_seconds", "Wall time of working advice out",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)  # fmt: skip
OFFERS = Counter("khan_offers_made_total", "Offers made by rounds")
TOLD = Counter("khan_facts_told_total", "Facts told by the relay")
ON_SHIFT = Gauge("khan_drivers_on_shift", "Drivers on shift")

ADVICE_POLL_SECONDS = 1.0
RELAY_POLL_SECONDS = 0.25
POSITIONS_EVERY_SECONDS = 1.0
TILL_IDLE_SECONDS = 1.0
TIMINGS_EVERY_SECONDS = 2.0
HOUSEKEEPING_EVERY_SECONDS = 60.0
NOTICES_EVERY_SECONDS = 2.0
RELAY_GATHERS_SECONDS = 0.02
"""Facts of one moment are told together: a pump for each commit would cost more than it tells."""
SHORTEST_PAUSE_SECONDS = 0.4
"""Between rounds, in wall time: a demonstration may run faster, this machine does not."""
WATCH_EVERY_SECONDS = 5.0


class Loops:
    """Everything that turns beside the web."""

    def __init__(self, running: Running, live_view: LiveView) -> None:
        self._running = running
        self._bell = asyncio.Event()
        self._impacts = ImpactWorker(
            running.services.database, running.services.city.pack.folder.resolve()
        )
        self._till = Till(running.services.database, running.services.providers.by_name)
        self._loops = [
            Loop("relay", self._relay),
            Loop("rounds", self._round),
            Loop("advice", self._advice),
            Loop("sweep", self._sweep),
            Loop("positions", self._positions),
            Loop("timings", self._timings),
            Loop("public view", live_view.tick),
            Loop("impact", self._impacts.turn),
            Loop("till", self._turn_till),
            Loop("payout notices", self._payout_notices),
            Loop("housekeeping", self._housekeeping),
            Loop("watch", self._watch),
        ]
        self._told: dict[str, str] = {}
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
        for loop in self._loops:
            loop.start()

    def ailing(self) -> dict[str, str]:
        """The loops that do not turn any more, each with what ails it; empty when all is well."""
        return {loop.name: ails for loop in self._loops if (ails := loop.ails())}

    async def stop(self) -> None:
        """Stop turning, and store the last positions."""
        await asyncio.gather(*(loop.stop() for loop in self._loops))
        await self._impacts.close()
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

    async def _relay(self) -> float:
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
        return 0.0

    async def _round(self) -> float:
        report = await self._running.dispatcher.run_round()
        self._running.services.rounds.note(report)
        if report.pairings or report.trips:
            ROUNDS.observe(report.total_ms / 1000)
            OFFERS.inc(report.offers)
            log.info(
                "round", trips=report.trips, drivers=report.drivers, offers=report.offers,
                degraded=report.degraded, ms=round(report.total_ms, 1),
            )  # fmt: skip
        rate = self._running.services.clock.rate
        pace_ms = next_round_ms(
            max(1, round(report.pause_seconds * 1000 / rate)),
            open_trips=report.trips,
            free_drivers=report.drivers,
            worked_ms=report.total_ms,
        )
        return max(SHORTEST_PAUSE_SECONDS, (pace_ms - report.total_ms) / 1000)

    async def _advice(self) -> float:
        """Ask whether it is time: the policy counts service time, which may run faster."""
        began = stopwatch_ms()
        if await self._running.adviser.turn_if_due():
            turn = self._running.services.advice.latest
            assert turn is not None
            ADVICE.observe((stopwatch_ms() - began) / 1000)
            log.info(
                "advice", cars=len(turn.cars), advised=turn.advised,
                ms=round(stopwatch_ms() - began, 1),
            )  # fmt: skip
        return ADVICE_POLL_SECONDS

    async def _sweep(self) -> float:
        await sweep(self._running.services.database)
        ON_SHIFT.set(len(self._running.services.board))
        return max(SHORTEST_PAUSE_SECONDS, 1 / self._running.services.clock.rate)

    async def _positions(self) -> float:
        await self._running.services.fleet.store_positions(self._running.services.database)
        return POSITIONS_EVERY_SECONDS

    async def _turn_till(self) -> float:
        turned = await self._till.turn()
        return TILL_IDLE_SECONDS if turned.is_idle else 0.0

    async def _timings(self) -> float:
        await self._keep_timings()
        return TIMINGS_EVERY_SECONDS

    async def _watch(self) -> float:
        """Tell the log once when a loop ails, and once when it is well again."""
        ailing = self.ailing()
        if ailing != self._told:
            log.error("loops_ailing", loops=ailing)
            self._told = ailing
        return WATCH_EVERY_SECONDS

    async def _housekeeping(self) -> float:
        services = self._running.services
        await keep_house(services.database)
        await seal_days(services.database, services.city.pack.zone_info)
        return HOUSEKEEPING_EVERY_SECONDS

    async def _payout_notices(self) -> float:
        told = await self._running.teller.turn()
        return 0.0 if told == NOTICES_A_TURN else NOTICES_EVERY_SECONDS

    async def _keep_timings(self) -> None:
        counts = self._running.timings.take()
        if counts is not None:
            async with self._running.services.database.work() as work:
                await timings.keep(work, counts)


async def seal_days(database: Database, zone: ZoneInfo) -> None:
    """Seal every day of the books that is over, each in a commit of its own."""
    while True:
        async with database.work() as work:
            sealed: SealedDay | None = await seal_next_day(work, zone)
        if sealed is None:
            return
        log.info("day_sealed", day=str(sealed.day), transfers=sealed.transfers)


async def keep_house(database: Database) -> None:
    """Let go of what has had its time: traces of signing in, old timings, holds that ran out; and
    remind members of votes that are over soon, of what fell due, and drivers of the account now in use."""
    for work_of in (
        forget_old_sign_ins,
        timings.forget_old,
        void_expired_holds,
        remind_of_closing,
        remind,
        tell_destinations_in_use,
    ):
        async with database.work() as work:
            await work_of(work)
