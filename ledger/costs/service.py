"""Writing a cost down, and reading one's own. Nobody here commits, and nothing is announced: what
travels with the outbox is seen by more than the driver."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from foundation.identifiers import DriverId
from ledger.costs.cost import Cost, standing
from ledger.costs.errors import (
    CostDatesWrong,
    CostNotFound,
    CostPutRightAlready,
    CostWrittenOtherwise,
)
from ledger.costs.store import costs as store
from storage.work import Reading, UnitOfWork


async def record_cost(work: UnitOfWork, cost: Cost, *, zone: ZoneInfo) -> None:
    """Write a cost down; again, it changes nothing.

    Parameters
    ----------
    zone
        The city's: a cost is of a day that has begun there.

    Raises
    ------
    CostDatesWrong
        If its day is still to come.
    CostNotFound
        If it replaces what this driver never wrote down in this currency.
    CostPutRightAlready
        If another one replaces that already.
    CostWrittenOtherwise
        If its identifier names another cost.
    """
    if cost.spent_on > work.now.astimezone(zone).date():
        raise CostDatesWrong(cost.spent_on, cost.covers_until)
    if cost.replaces is not None:
        mine = {one.cost_id: one for one in await store.list_costs(work, cost.driver_id)}
        before = mine.get(cost.replaces)
        if before is None or before.amount.currency != cost.amount.currency:
            raise CostNotFound(cost.replaces)
    if await store.insert_cost(work, cost):
        return
    for one in await store.list_costs(work, cost.driver_id):
        if one.cost_id == cost.cost_id:
            if replace(one, made_at=cost.made_at) != cost:
                raise CostWrittenOtherwise(cost.cost_id)
            return
    if cost.replaces is not None:
        raise CostPutRightAlready(cost.replaces)
    raise CostWrittenOtherwise(cost.cost_id)


async def own_costs(work: Reading, driver_id: DriverId, *, whole: bool = False) -> tuple[Cost, ...]:
    """A driver's costs that stand, by day; with `whole` also what was put right and by what."""
    found = await store.list_costs(work, driver_id)
    return tuple(found) if whole else standing(found)
