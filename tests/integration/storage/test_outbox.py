"""The relay tells every fact, once a reader, in an order that resuming cannot miss anything of."""

import asyncio
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from foundation.events import Event
from storage.engine import Database
from storage.outbox import Announced, Hub, Relay, list_for_rider


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken(Event):
    kind: ClassVar[str] = "spoken"
    topic: ClassVar[str] = "test"
    rider: UUID
    word: str

    @property
    def rider_id(self) -> UUID:
        return self.rider


async def speak(database: Database, rider: UUID, word: str) -> None:
    async with database.work() as work:
        work.announce(Spoken(event_id=work.new_id(), occurred_at=work.now, rider=rider, word=word))


async def test_facts_are_told_in_order_and_once(database: Database) -> None:
    ana, bo = UUID(int=1), UUID(int=2)
    hub, heard = Hub(), list[Announced]()
    hub.listen_to_all(heard.append)
    relay = Relay(database, hub)
    assert await relay.start() == 0
    subscription = hub.subscribe_rider(ana)
    for word, who in (("one", ana), ("two", bo), ("three", ana)):
        await speak(database, who, word)
    assert await relay.pump() == 3
    assert await relay.pump() == 0
    assert [fact.payload["word"] for fact in heard] == ["one", "two", "three"]
    assert [fact.position for fact in heard] == [1, 2, 3]
    words = [(await subscription.get()) for _ in range(2)]
    assert [fact.payload["word"] for fact in words if fact] == ["one", "three"]


async def test_what_is_for_everybody_is_told_to_every_socket_and_found_by_whoever_was_away(
    database: Database,
) -> None:
    ana, bo = UUID(int=1), UUID(int=2)
    hub = Hub(everybody={Spoken.topic})
    relay = Relay(database, hub)
    await relay.start()
    sockets = [hub.subscribe_rider(ana), hub.subscribe_driver(bo)]
    await speak(database, ana, "all")
    await relay.pump()
    for socket in sockets:
        told = await socket.get()
        assert told is not None
        assert told.payload["word"] == "all"
    async with database.work() as work:
        for who in (ana, bo):
            missed = await list_for_rider(work, who, 0, everybody={"nothing"})
            assert len(missed) == (1 if who == ana else 0)
        [found] = await list_for_rider(work, bo, 0, everybody=hub.everybody)
    assert found.payload["word"] == "all"


async def test_a_fact_committed_late_is_not_skipped(database: Database) -> None:
    """Its row was numbered by the identity column before its neighbour's, and committed after."""
    ana = UUID(int=1)
    hub, heard = Hub(), list[Announced]()
    hub.listen_to_all(heard.append)
    relay = Relay(database, hub)
    await relay.start()
    async with database.work() as slow:
        slow.announce(Spoken(event_id=slow.new_id(), occurred_at=slow.now, rider=ana, word="slow"))
        await slow.flush()
        slow._announced.clear()
        await speak(database, ana, "quick")
        await relay.pump()
        assert [fact.payload["word"] for fact in heard] == ["quick"]
    await relay.pump()
    assert [fact.payload["word"] for fact in heard] == ["quick", "slow"]
    async with database.work() as work:
        missed = await list_for_rider(work, ana, 1)
    assert [fact.payload["word"] for fact in missed] == ["slow"]


async def test_two_relays_number_each_fact_once(database: Database) -> None:
    relays = [Relay(database, Hub()) for _ in range(2)]
    for relay in relays:
        await relay.start()
    for n in range(20):
        await speak(database, UUID(int=1), str(n))
    for _ in range(3):
        await asyncio.gather(*(relay.pump() for relay in relays))
    async with database.work() as work:
        facts = await list_for_rider(work, UUID(int=1), 0)
    assert sorted(fact.position for fact in facts) == list(range(1, 21))


async def test_a_listener_that_falls_behind_is_told_to_resume(database: Database) -> None:
    hub = Hub()
    relay = Relay(database, hub)
    await relay.start()
    subscription = hub.subscribe_rider(UUID(int=1), size=3)
    for n in range(5):
        await speak(database, UUID(int=1), str(n))
    await relay.pump()
    seen = [await subscription.get() for _ in range(3)]
    assert seen[-1] is None
    assert subscription.has_lagged
