"""The unit of work: one transaction, its time, its fresh identifiers, its announcements; and the
reading, which only looks.

Nobody inside commits. Facts announced here are written to the outbox as the last statement of
the same transaction, so that nothing is announced that did not happen, and nothing happens
unannounced.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Executable, text
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncConnection

from foundation.chance import Chance
from foundation.events import Event
from foundation.identifiers import UUID, time_ordered

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class Reading:
    """Statements that only look, each on its own: no transaction is begun, none is ended.

    What two statements see may differ by what was committed between them, as in a unit of work
    (read committed). Every unit of work is a reading too, so that a view takes either.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    async def execute(
        self, statement: Executable, parameters: Parameters | None = None
    ) -> CursorResult[Any]:
        """Run one statement."""
        return await self.connection.execute(statement, parameters)


class UnitOfWork(Reading):
    """A transaction in progress.

    Attributes
    ----------
    now
        Service time when it began (aware UTC). A deadline is judged by the database, not by this.
    chance
        For PINs, codes and tokens.
    """

    def __init__(self, *, connection: AsyncConnection, now: datetime, chance: Chance) -> None:
        super().__init__(connection)
        self.now = now
        self.chance = chance
        self._announced: list[Event] = []

    @property
    def has_announced(self) -> bool:
        """Whether any fact was announced."""
        return bool(self._announced)

    def new_id(self) -> UUID:
        """A fresh identifier that sorts by its time."""
        return time_ordered(self.now, self.chance)

    def announce(self, event: Event) -> None:
        """Keep a fact for the outbox; it is written when the unit of work ends."""
        self._announced.append(event)

    async def flush(self) -> None:
        """Write the announced facts. Called once, by the database, before the commit."""
        if not self._announced:
            return
        await self.connection.execute(
            _INSERT_OUTBOX,
            {
                "event_ids": [event.event_id for event in self._announced],
                "topics": [event.topic for event in self._announced],
                "keys": [event.key for event in self._announced],
                "kinds": [event.kind for event in self._announced],
                "rider_ids": [event.rider_id for event in self._announced],
                "driver_ids": [event.driver_id for event in self._announced],
                "instants": [event.occurred_at for event in self._announced],
                "payloads": [orjson.dumps(event.payload()).decode() for event in self._announced],
            },
        )


_INSERT_OUTBOX = text("""
    INSERT INTO storage.outbox (event_id, topic, key, kind, rider_id, driver_id, occurred_at, payload)
    SELECT * FROM unnest(CAST(:event_ids AS uuid[]), CAST(:topics AS text[]), CAST(:keys AS text[]),
                         CAST(:kinds AS text[]), CAST(:rider_ids AS uuid[]),
                         CAST(:driver_ids AS uuid[]), CAST(:instants AS timestamptz[]),
                         CAST(:payloads AS jsonb[]))
""")
