"""Any sequence of acts, some repeated, some half done and lost: the books stay right."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from fares.fare import Extras
from foundation.chance import SeededChance
from foundation.errors import Refusal
from foundation.money import Money
from ledger import service, views
from storage.work import UnitOfWork
from tests.booked import City, QuotedTrip
from tests.money import USD

STEPS = 120


class PowerCut(Exception):
    """The unit of work is lost before its commit."""


async def some_act(city: City, trip: QuotedTrip, chance: SeededChance) -> Callable[..., Awaitable]:
    """One of the acts on the trip, with an amount of its own."""
    who = {"trip_id": trip.trip_id, "rider_id": trip.rider_id}
    parties = who | {"driver_id": trip.driver_id}
    amount = Money(chance.below(900) + 1, USD)
    fare = await city.fare(trip, extras=Extras(waiting_seconds=chance.below(2) * 900))
    acts: list[Callable[[UnitOfWork], Awaitable[None]]] = [
        lambda work: service.hold(work, **who, amount=trip.quote.total),
        lambda work: service.hold(work, **who, amount=trip.quote.total),
        lambda work: service.void_hold(work, trip_id=trip.trip_id),
        lambda work: service.settle_trip(work, **parties, fare=fare),
        lambda work: service.settle_fee(
            work, **parties, kind="no_show", amount=amount, tariff_rule_id=city.tariff_rule_id
        ),
        lambda work: service.tip(work, **parties, amount=amount),
        lambda work: service.refund(work, trip_id=trip.trip_id, amount=amount, reason="test"),
    ]
    return chance.choice(acts)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_any_sequence_of_acts_keeps_the_books_right(city: City, seed: int) -> None:
    chance = SeededChance(seed)
    trips = [await city.quoted_trip() for _ in range(6)]
    refused = 0
    for _ in range(STEPS):
        act = await some_act(city, chance.choice(trips), chance)
        for _ in range(1 + chance.below(2)):  # some are sent twice
            try:
                async with city.database.work() as work:
                    await act(work)
                    if chance.below(10) == 0:
                        raise PowerCut
            except Refusal:
                refused += 1
            except PowerCut:
                pass
    assert 0 < refused < STEPS * 1.5
    async with city.database.work() as work:
        assert await views.imbalance(work) == {USD: 0}
        by_role = await views.balances(work)
        assert sum(by_role.values()) == 0
        transfers, told = (
            await work.execute(
                text(
                    "SELECT (SELECT count(*) FROM ledger.transfer),"
                    " (SELECT count(*) FROM storage.outbox WHERE topic = 'ledger')"
                )
            )
        ).one()
        assert transfers == told > 20
        owed = 0
        for trip in trips:
            charge = await views.find_charge(work, trip.trip_id)
            statement = await views.rider_statement(
                work, trip.rider_id, trip.quote.made_at, trip.quote.expires_at
            )
            balance = sum(line.amount.minor for line in statement.lines)
            if charge is None:
                assert balance == 0
                continue
            assert charge.refunded.minor <= charge.total.minor
            assert balance == charge.total.minor + charge.tip.minor - charge.refunded.minor
            owed += balance
        assert owed == sum(minor for (role, _), minor in by_role.items() if role == "rider")
