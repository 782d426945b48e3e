"""Who keeps a log of a poll: its name in the database, its role, and the name its notes are signed by."""

from enum import StrEnum

from foundation.identifiers import UUID
from governance.ballots.checkpoint import NamedKey
from governance.tier import Tier


class Keeper(StrEnum):
    """The three who keep logs."""

    SECRETARY = "secretary"
    CITY_CLERK = "city-clerk"
    BOARD = "board"

    @property
    def schema(self) -> str:
        """The schema that this keeper alone writes."""
        return _SCHEMAS[self]

    @property
    def role(self) -> str:
        """The database role of its process."""
        return f"khan_{self.schema}"

    def log_key(self, poll_id: UUID, public: bytes) -> NamedKey:
        """The key of its log of a poll; the name is the origin in the log's heads."""
        return NamedKey(name=f"khan-cars/{poll_id}/{self.value}", public=public)


_SCHEMAS = {
    Keeper.SECRETARY: "desk_secretary",
    Keeper.CITY_CLERK: "desk_city_clerk",
    Keeper.BOARD: "ballot_board",
}


def desks_of(tier: Tier) -> tuple[Keeper, ...]:
    """The desks of a poll in the manifest's order: both in a sealed one, else the secretary's alone."""
    both = (Keeper.SECRETARY, Keeper.CITY_CLERK)
    return both if tier is Tier.SEALED else both[:1]
