"""SQL that looks for what must never be among drivers' own costs, as their tables' owner: each check
names rows that break one rule. The database refuses all of it; these find what was put there otherwise.
"""

from collections.abc import AsyncIterator

from sqlalchemy import text

from ledger.store.checks import Fault
from storage.work import Reading

_CHECKS = {
    "an_allowance_is_metres_by_rate": """
        SELECT CAST(cost_id AS text) AS found FROM ledger.driver_cost
        WHERE metres IS NOT NULL AND amount_minor
            <> div(2 * CAST(metres AS numeric) * per_km_mills + 1000000, 2000000)
        ORDER BY 1 LIMIT :limit
    """,
    "puts_right_the_drivers_own": """
        SELECT CAST(wrong.cost_id AS text) AS found FROM ledger.driver_cost AS wrong
        LEFT JOIN ledger.driver_cost AS before ON before.cost_id = wrong.replaces
             AND (before.driver_id, before.currency) = (wrong.driver_id, wrong.currency)
        WHERE wrong.replaces IS NOT NULL AND before.cost_id IS NULL ORDER BY 1 LIMIT :limit
    """,
    "a_cost_is_put_right_once": """
        SELECT CAST(replaces AS text) AS found FROM ledger.driver_cost WHERE replaces IS NOT NULL
        GROUP BY replaces HAVING count(*) > 1 ORDER BY 1 LIMIT :limit
    """,
}
RULES = tuple(_CHECKS)
_SAID = {
    "an_allowance_is_metres_by_rate": "the amount is not its metres by its rate",
    "puts_right_the_drivers_own": "it replaces what this driver never wrote down",
    "a_cost_is_put_right_once": "two rows put it right",
}


async def faults(work: Reading, *, limit: int = 100) -> AsyncIterator[Fault]:
    """Every fault, at most `limit` of each rule; for the tables' owner, who alone may look."""
    for rule, statement in _CHECKS.items():
        for row in await work.execute(text(statement), {"limit": limit}):
            yield Fault(rule=rule, where=row.found, what=_SAID[rule])
