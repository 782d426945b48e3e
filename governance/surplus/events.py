"""Facts of a surplus. None names a member: who got what is in their statement."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event
from foundation.identifiers import UUID, TransferId
from foundation.money import Currency
from ledger.events import TOPIC as BOOKS


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusAllocated(Event):
    """A period's surplus was divided, or its loss charged; statements can be read."""

    topic: ClassVar[str] = "governance.surplus"
    kind: ClassVar[str] = "surplus_allocated"

    period_id: UUID
    motion_id: UUID
    digest: str
    currency: Currency
    result_minor: int
    members: int

    @property
    def key(self) -> str:
        """The period: it is divided once."""
        return str(self.period_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusMoved(Event):
    """A transfer of a surplus is in the books: to funds, in cash, retained, due, paid or lapsed."""

    topic: ClassVar[str] = BOOKS
    kind: ClassVar[str] = "surplus_moved"

    transfer_id: TransferId
    what: str
    currency: Currency
    moved_minor: int

    @property
    def key(self) -> str:
        """The transfer: the database asks for this row before it lets the transfer be committed."""
        return str(self.transfer_id)
