"""The rows of drivers' own costs."""

from typing import Any

from sqlalchemy import Row, text

from foundation.identifiers import UUID, DriverId
from foundation.money import Currency, Money
from ledger.costs.cost import Cost, CostKind
from storage.work import Reading, UnitOfWork

_INSERT = text("""
    INSERT INTO ledger.driver_cost (cost_id, driver_id, kind, currency, amount_minor, spent_on,
        covers_until, metres, per_km_mills, note, replaces, made_at)
    VALUES (:cost_id, :driver_id, :kind, :currency, :amount_minor, :spent_on, :covers_until, :metres,
        :per_km_mills, :note, :replaces, :made_at)
    ON CONFLICT DO NOTHING
""")
_COSTS = text("SELECT * FROM ledger.costs_of(:driver_id)")


async def insert_cost(work: UnitOfWork, cost: Cost) -> bool:
    """Write a cost down; False if its identifier, or what it replaces, is taken."""
    written = await work.execute(
        _INSERT,
        {
            "cost_id": cost.cost_id,
            "driver_id": cost.driver_id,
            "kind": cost.kind.value,
            "currency": cost.amount.currency,
            "amount_minor": cost.amount.minor,
            "spent_on": cost.spent_on,
            "covers_until": cost.covers_until,
            "metres": cost.metres,
            "per_km_mills": cost.per_km_mills,
            "note": cost.note,
            "replaces": cost.replaces,
            "made_at": work.now,
        },
    )
    return bool(written.rowcount)


async def list_costs(work: Reading, driver_id: DriverId) -> list[Cost]:
    """Everything a driver wrote down, what was replaced too, by day."""
    return [_cost(row) for row in await work.execute(_COSTS, {"driver_id": driver_id})]


def _cost(row: Row[Any]) -> Cost:
    return Cost(
        cost_id=UUID(str(row.cost_id)),
        driver_id=DriverId(row.driver_id),
        kind=CostKind(row.kind),
        amount=Money(row.amount_minor, Currency(row.currency)),
        spent_on=row.spent_on,
        covers_until=row.covers_until,
        metres=row.metres,
        per_km_mills=row.per_km_mills,
        note=row.note,
        replaces=row.replaces,
        made_at=row.made_at,
    )
