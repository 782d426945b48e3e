"""Cards as tokens."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.identifiers import UUID, RiderId
from ledger.payments.errors import CardKeptBefore
from ledger.payments.payment import Card
from storage.refusals import constraint_of
from storage.work import Reading, UnitOfWork


async def insert_card(work: UnitOfWork, card: Card) -> None:
    """Keep a card.

    Raises
    ------
    CardKeptBefore
        If its token was used before; the unit of work is lost.
    """
    try:
        await work.execute(_INSERT, {name: getattr(card, name) for name in Card.__slots__})
    except IntegrityError as error:
        if constraint_of(error) == "one_card_a_method":
            raise CardKeptBefore from error
        raise


async def remove_card(work: UnitOfWork, rider_id: RiderId, card_id: UUID) -> Card | None:
    """Take a card away; None if the rider keeps none of that identifier."""
    row = (
        await work.execute(_REMOVE, {"card_id": card_id, "rider_id": rider_id, "now": work.now})
    ).one_or_none()
    return None if row is None else _card(row)


async def list_cards(work: Reading, rider_id: RiderId) -> list[Card]:
    """What the rider keeps, the newest first."""
    return [_card(row) for row in await work.execute(_LIST, {"rider_id": rider_id})]


async def find_card(work: Reading, card_id: UUID) -> Card | None:
    """A card by its identifier, taken away or not; None if its owner is gone."""
    row = (await work.execute(_FIND, {"card_id": card_id})).one_or_none()
    return None if row is None else _card(row)


async def find_name_there(work: Reading, rider_id: RiderId, provider: str) -> str | None:
    """The provider's name for the rider, if it was ever given one."""
    found: str | None = (
        await work.execute(_NAME_THERE, {"rider_id": rider_id, "provider": provider})
    ).scalar_one_or_none()
    return found


def _card(row: Any) -> Card:
    return Card(**{name: getattr(row, name) for name in Card.__slots__})


_COLUMNS = "card_id, rider_id, provider, customer, method, brand, tail, added_at"

_INSERT = text(f"""
    INSERT INTO ledger.card ({_COLUMNS})
    VALUES (:card_id, :rider_id, :provider, :customer, :method, :brand, :tail, :added_at)
""")

_REMOVE = text(f"""
    UPDATE ledger.card SET removed_at = :now
    WHERE card_id = :card_id AND rider_id = :rider_id AND removed_at IS NULL
    RETURNING {_COLUMNS}
""")

_LIST = text(f"""
    SELECT {_COLUMNS} FROM ledger.card WHERE rider_id = :rider_id AND removed_at IS NULL
    ORDER BY added_at DESC, card_id LIMIT 20
""")

_FIND = text(f"SELECT {_COLUMNS} FROM ledger.card WHERE card_id = :card_id")

_NAME_THERE = text("""
    SELECT customer FROM ledger.card WHERE rider_id = :rider_id AND provider = :provider
    ORDER BY added_at, card_id LIMIT 1
""")
