"""A city of simulated people: drivers on shift, riders with wishes, as many as asked for."""

import asyncio
import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from foundation.chance import SeededChance
from foundation.measures import Point
from simulation.client import Mailbox, Phone, Refused, ServiceGone, open_phone_line
from simulation.drivers import SimulatedDriver
from simulation.kerb import Kerb
from simulation.riders import SimulatedRider, Wish

log = structlog.get_logger()

SIGNING_IN_AT_ONCE = 12


def follows_advice(index: int, share: float) -> bool:
    """Whether the driver of that number, from 0, follows advice where to wait: evenly spread."""
    assert 0 <= share <= 1
    return int((index + 1) * share) > int(index * share)


class Crowd:
    """Everybody simulated, over one shared line to the service.

    The seed fixes what people want and choose; when their messages arrive, it does not.
    """

    def __init__(
        self,
        base_url: str,
        messages: Path,
        *,
        seed: int,
        share_following: float = 0.0,
        paid: Callable[[str, dict[str, Any]], None] = lambda _number, _message: None,
    ) -> None:
        """`paid` is called with a driver's phone number whenever they hear that money arrived."""
        self._base_url, self._seed = base_url, seed
        self._share_following, self._paid = share_following, paid
        self._mailbox, self._kerb = Mailbox(messages), Kerb()
        self._idle_riders: list[SimulatedRider] = []
        self._numbers = itertools.count(1)
        self._on_shift = 0

    async def run(
        self,
        drivers: Sequence[str],
        places: Sequence[Point],
        wishes: Iterable[tuple[timedelta, Wish]],
        *,
        told: Callable[[int, int], None] = lambda _ready, _of: None,
    ) -> None:
        """Live until cancelled.

        Parameters
        ----------
        drivers
            Phone numbers of enrolled driver-members.
        places
            Where drivers begin and cruise to.
        wishes
            Trips wanted, in the order of their time.
        told
            Called with how many drivers are on shift, of how many.
        """
        http, clock = await open_phone_line(self._base_url)
        begins = clock.service_origin
        gate = asyncio.Semaphore(SIGNING_IN_AT_ONCE)
        haunts = list(places)
        try:
            async with asyncio.TaskGroup() as tasks:
                for index, number in enumerate(drivers):
                    chance = SeededChance(f"{self._seed} driver {index}")
                    phone = Phone(http, SeededChance(f"{self._seed} phone {index}"), clock)
                    driver = SimulatedDriver(
                        phone,
                        number=number,
                        start=haunts[chance.below(len(haunts))],
                        haunts=haunts,
                        kerb=self._kerb,
                        chance=chance,
                        follows_advice=follows_advice(index, self._share_following),
                        paid=functools.partial(self._paid, number),
                    )
                    tasks.create_task(self._drive(driver, gate))
                tasks.create_task(self._count(len(drivers), told))
                line = Phone(http, SeededChance(self._seed), clock)
                for after, wish in wishes:
                    await line.sleep((begins + after - line.now()).total_seconds())
                    tasks.create_task(self._ride(wish, line))
        finally:
            await http.aclose()

    async def _count(self, of: int, told: Callable[[int, int], None]) -> None:
        while self._on_shift < of:
            told(self._on_shift, of)
            await asyncio.sleep(0.3)
        told(of, of)

    async def _drive(self, driver: SimulatedDriver, gate: asyncio.Semaphore) -> None:
        while True:
            try:
                async with gate:
                    await driver.go_on_shift(self._mailbox)
                self._on_shift += 1
                await driver.work()
            except* (Refused, ServiceGone, TimeoutError) as failures:
                log.warning("simulated_driver_again", why=str(failures.exceptions[0])[:200])
            await asyncio.sleep(2)

    async def _ride(self, wish: Wish, phone: Phone) -> None:
        rider = self._idle_riders.pop() if self._idle_riders else self._new_rider(phone)
        try:
            await rider.ride(wish, self._mailbox)
        except Refused as refused:
            # They stay at home: a trip of an earlier run may be open, which ends without them.
            log.info("simulated_rider_refused", code=refused.code)
        except (ServiceGone, TimeoutError):
            log.info("simulated_rider_gave_up")
        else:
            self._idle_riders.append(rider)

    def _new_rider(self, phone: Phone) -> SimulatedRider:
        number = next(self._numbers)
        return SimulatedRider(
            phone.with_chance(SeededChance(f"{self._seed} rider phone {number}")),
            number=f"+1332555{number:04d}" if number < 10_000 else f"+133256{number:05d}",
            kerb=self._kerb,
            chance=SeededChance(f"{self._seed} rider {number}"),
        )
