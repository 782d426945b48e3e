"""The outbox read back: one relay numbers facts in the order they became visible, and tells.

`position` is gap-free and never goes back, so that whoever read up to N misses nothing by asking
for what is after N: live feeds resume by it, consumers keep it as their cursor. Delivery is at
least once; consumers dedupe by `event_id`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID
from storage.engine import Database
from storage.work import Reading

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A fact as the outbox holds it."""

    position: int
    event_id: UUID
    topic: str
    kind: str
    rider_id: UUID | None
    driver_id: UUID | None
    occurred_at: datetime
    payload: dict[str, Any]


_COLUMNS = "position, event_id, topic, kind, rider_id, driver_id, occurred_at, payload"
_NUMBER_AND_READ = text(f"""
    SELECT {_COLUMNS} FROM storage.number_and_read_outbox(:after, :batch)
""")
# Each half by an index of its own: a person's facts, and the few that are for everybody.
_FOR_EVERYBODY = f"""
    SELECT {_COLUMNS} FROM storage.outbox
    WHERE topic = ANY(CAST(:everybody AS text[])) AND position > :after
"""
_AFTER_FOR_RIDER = text(f"""
    SELECT {_COLUMNS} FROM storage.outbox WHERE rider_id = :person AND position > :after
    UNION ALL {_FOR_EVERYBODY} ORDER BY position LIMIT :batch
""")
_AFTER_FOR_DRIVER = text(f"""
    SELECT {_COLUMNS} FROM storage.outbox WHERE driver_id = :person AND position > :after
    UNION ALL {_FOR_EVERYBODY} ORDER BY position LIMIT :batch
""")
_LAST = text("SELECT coalesce(max(position), 0) FROM storage.outbox")


async def last_position(work: Reading) -> int:
    """The newest position given; 0 in a new city."""
    return int((await work.execute(_LAST)).scalar_one())


async def list_for_rider(
    work: Reading, person: UUID, after: int, *, everybody: Iterable[str] = ()
) -> list[Announced]:
    """What a rider's live feed missed, oldest first, at most a batch; with the facts of the topics
    that are for `everybody`."""
    asked = {"person": person, "after": after, "batch": BATCH, "everybody": sorted(everybody)}
    found = await work.execute(_AFTER_FOR_RIDER, asked)
    return [_announced(row) for row in found]


async def list_for_driver(
    work: Reading, person: UUID, after: int, *, everybody: Iterable[str] = ()
) -> list[Announced]:
    """What a driver's live feed missed, oldest first, at most a batch; with the facts of the topics
    that are for `everybody`."""
    asked = {"person": person, "after": after, "batch": BATCH, "everybody": sorted(everybody)}
    found = await work.execute(_AFTER_FOR_DRIVER, asked)
    return [_announced(row) for row in found]


class Subscription:
    """One listener's facts, in order. Bounded: a listener that falls behind is let go of."""

    def __init__(self, size: int) -> None:
        self._queue: asyncio.Queue[Announced | None] = asyncio.Queue(size)
        self.has_lagged = False

    def put(self, announced: Announced) -> None:
        """Hand a fact over; past the bound the listener must resume from the database."""
        if self.has_lagged:
            return
        if self._queue.full():
            self.has_lagged = True
            self._queue.get_nowait()
            self._queue.put_nowait(None)
        else:
            self._queue.put_nowait(announced)

    async def get(self) -> Announced | None:
        """The next fact; None once the listener has fallen behind."""
        return await self._queue.get()


class Hub:
    """Who listens in this process: people's sockets, and readers of everything.

    Attributes
    ----------
    everybody
        Topics whose facts are of no one person: every socket hears them.
    """

    def __init__(self, *, everybody: Iterable[str] = ()) -> None:
        self.everybody = frozenset(everybody)
        self._riders: defaultdict[UUID, set[Subscription]] = defaultdict(set)
        self._drivers: defaultdict[UUID, set[Subscription]] = defaultdict(set)
        self._all: list[Callable[[Announced], None]] = []

    def listen_to_all(self, reader: Callable[[Announced], None]) -> None:
        """Call `reader` with every fact, in order."""
        self._all.append(reader)

    def subscribe_rider(self, person: UUID, *, size: int = 256) -> Subscription:
        """Listen to a rider's facts."""
        return self._subscribe(self._riders, person, size)

    def subscribe_driver(self, person: UUID, *, size: int = 256) -> Subscription:
        """Listen to a driver's facts."""
        return self._subscribe(self._drivers, person, size)

    def leave(self, person: UUID, subscription: Subscription) -> None:
        """Stop listening."""
        for side in (self._riders, self._drivers):
            if person in side:
                side[person].discard(subscription)
                if not side[person]:
                    del side[person]

    def tell(self, announced: Announced) -> None:
        """Hand one fact to everybody it is for."""
        for reader in self._all:
            reader(announced)
        if announced.topic in self.everybody:
            for side in (self._riders, self._drivers):
                for listeners in side.values():
                    for subscription in listeners:
                        subscription.put(announced)
            return
        for side, person in (
            (self._riders, announced.rider_id),
            (self._drivers, announced.driver_id),
        ):
            if person is not None and person in side:
                for subscription in side[person]:
                    subscription.put(announced)

    @staticmethod
    def _subscribe(
        side: defaultdict[UUID, set[Subscription]], person: UUID, size: int
    ) -> Subscription:
        subscription = Subscription(size)
        side[person].add(subscription)
        return subscription


class Relay:
    """Numbers new facts and tells the hub. Any number may run; one numbers at a time."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._cursor: int | None = None

    async def start(self) -> int:
        """Begin at the newest fact: what is older is read from the tables, not told again."""
        async with self._database.reading() as reading:
            self._cursor = await last_position(reading)
        return self._cursor

    async def pump(self) -> int:
        """Number and tell what is new.

        Returns
        -------
        int
            How many facts were told; a full batch means there may be more.
        """
        assert self._cursor is not None, "start the relay first"
        # One statement, which is its own transaction: this runs after every commit.
        async with self._database.reading() as reading:
            rows = await reading.execute(_NUMBER_AND_READ, {"after": self._cursor, "batch": BATCH})
            news = [_announced(row) for row in rows]
        for announced in news:
            self._cursor = announced.position
            self._hub.tell(announced)
        return len(news)


def _announced(row: Row[Any]) -> Announced:
    return Announced(
        position=row.position,
        event_id=row.event_id,
        topic=row.topic,
        kind=row.kind,
        rider_id=row.rider_id,
        driver_id=row.driver_id,
        occurred_at=row.occurred_at,
        payload=row.payload,
    )
