"""Facts: what happened, in the past tense, announced into the unit of work.

Each room defines its own in its `events.py` as frozen, keyword-only dataclasses deriving from
`Event`. The outbox stores them in the transaction of the change they tell of.
"""

import enum
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from foundation.identifiers import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. `topic` and `key` name the change it tells of, once and for all (I31).

    Attributes
    ----------
    event_id
        Consumers dedupe by it.
    occurred_at
        Service time, aware UTC.
    """

    kind: ClassVar[str] = ""
    topic: ClassVar[str] = ""

    event_id: UUID
    occurred_at: datetime

    @property
    def key(self) -> str:
        """What makes this fact unique within its topic; by default its own identifier."""
        return str(self.event_id)

    @property
    def rider_id(self) -> UUID | None:
        """The rider whose live feed carries this fact, if any."""
        return None

    @property
    def driver_id(self) -> UUID | None:
        """The driver whose live feed carries this fact, if any."""
        return None

    def payload(self) -> dict[str, Any]:
        """The fact's own fields as JSON values (UUIDs and instants as text)."""
        base = {"event_id", "occurred_at"}
        return {
            field.name: as_json(getattr(self, field.name))
            for field in fields(self)
            if field.name not in base
        }


def as_json(value: Any) -> Any:
    """A value as JSON can hold it: UUIDs, instants and enumerations become text."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, dict):
        return {str(name): as_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return value
