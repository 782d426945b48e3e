"""What drivers are told of their payouts by text message: each fact once, in their language.

The facts are read back from the outbox, so that a driver is told of nothing that was not committed;
a row for each fact, written in the commit that hands its text over, keeps it from being told twice.
Whoever was forgotten is told nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from foundation.identifiers import PersonId
from foundation.money import Currency, Money
from ledger.events import PayoutDestinationInUse
from ledger.store import payout_requests as store
from ledger.store.payout_requests import TOLD_OF
from messages.sender import Sender
from messages.templates import write
from registry.errors import PersonNotFound
from registry.people import get_contact
from registry.vault import Vault
from storage.engine import Database
from storage.work import UnitOfWork

NOTICES_A_TURN = 200


class Teller:
    """Tells drivers by text message, from where the last one was told of.

    Parameters
    ----------
    zone
        Whose clocks a time is told by.
    """

    def __init__(self, database: Database, vault: Vault, sender: Sender, zone: ZoneInfo) -> None:
        self._database, self._vault, self._sender = database, vault, sender
        self._zone = zone
        self._cursor: int | None = None

    async def turn(self) -> int:
        """Tell what is new, at most so many; how many facts were looked at."""
        async with self._database.reading() as reading:
            if self._cursor is None:
                self._cursor = await store.last_told(reading)
            news, seen = await store.list_untold(reading, after=self._cursor, limit=NOTICES_A_TURN)
        for fact in news:
            async with self._database.work() as work:
                await self._tell(work, fact)
            self._cursor = fact.position
        if len(news) < NOTICES_A_TURN:
            self._cursor = max(self._cursor, seen)
        return len(news)

    async def _tell(self, work: UnitOfWork, fact: store.Untold) -> None:
        if not await store.insert_notice(work, fact):
            return
        try:
            contact = await get_contact(work, PersonId(fact.driver_id), vault=self._vault)
        except PersonNotFound:
            return
        kind, values = text_of(fact.kind, fact.payload, zone=self._zone)
        await self._sender.send(contact.phone, write(kind, contact.language, **values), kind)


async def tell_destinations_in_use(work: UnitOfWork) -> int:
    """Announce once of every destination that its 72 hours are over; of how many."""
    fresh = await store.list_destinations_in_use_untold(work)
    for driver_id, number, tail in fresh:
        work.announce(
            PayoutDestinationInUse(
                event_id=work.new_id(), occurred_at=work.now, driver_id=driver_id, number=number,
                tail=tail,
            )
        )  # fmt: skip
    return len(fresh)


def text_of(kind: str, payload: Mapping[str, Any], *, zone: ZoneInfo) -> tuple[str, dict[str, str]]:
    """Which text a fact is told by, and what is filled in."""
    values = {name: str(payload[name]) for name in ("tail", "reason") if payload.get(name)}
    if "amount_minor" in payload:
        values["amount"] = str(Money(payload["amount_minor"], Currency(payload["currency"])))
    if "usable_from" in payload:
        local = datetime.fromisoformat(payload["usable_from"]).astimezone(zone)
        values["time"] = f"{local:%Y-%m-%d %H:%M}"
    if kind == "payout_settled":
        return ("payout_sent" if payload["how"] == "payout_sent" else "payout_came_back"), values
    return kind, values


__all__ = ["NOTICES_A_TURN", "TOLD_OF", "Teller", "tell_destinations_in_use", "text_of"]
