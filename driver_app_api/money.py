"""Money as it arrives: what the books wrote for a driver, told on their live feed."""

from datetime import timedelta
from typing import Any

import ledger.views
from doorway.schemas import MoneyOut
from doorway.services import Services
from foundation.identifiers import DriverId
from foundation.local_time import day_starts
from foundation.money import Currency, Money
from storage.outbox import Announced
from storage.work import Reading

AMOUNT_OF = {
    "fare_posted": "driver_minor",
    "fee_posted": "driver_minor",
    "tip_posted": "amount_minor",
}
"""Facts by which money comes to a driver, and where each says how much."""


async def money_message(
    work: Reading, services: Services, driver_id: DriverId, announced: Announced
) -> dict[str, Any] | None:
    """A fare, a fee or a tip: how much, for what, and what the day came to with it; else None.

    The day is the fact's own by the city's clocks, up to this fact: heard again later, it says the same.
    """
    if announced.kind not in AMOUNT_OF:
        return None
    facts = announced.payload
    currency = Currency(facts["currency"])
    amount = Money(facts[AMOUNT_OF[announced.kind]], currency)
    if amount.minor == 0:
        return None
    zone = services.city.pack.zone_info
    begins = day_starts(announced.occurred_at.astimezone(zone).date(), zone)
    until = announced.occurred_at + timedelta(microseconds=1)
    found = await ledger.views.driver_earnings(
        work, driver_id, currency=currency, periods={"today": (begins, until)}
    )
    today = found["today"]
    return {
        "type": "money",
        "what": {"fare_posted": "fare", "tip_posted": "tip"}.get(announced.kind) or facts["fee"],
        "trip_id": facts["trip_id"],
        "amount": _out(amount),
        "top_up": _out(Money(facts.get("top_up_minor", 0), currency)),
        "today": {
            "pay": _out(today.pay),
            "tips": _out(today.tips),
            "reimbursed": _out(today.reimbursed),
            "trips": today.worked.trips,
        },
    }


def _out(money: Money) -> dict[str, Any]:
    return MoneyOut.of(money).model_dump(mode="json")
