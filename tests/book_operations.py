"""What can be done with the books, for laws that hold over any sequence of it.

A room adds what it does by one function here, marked `@operation`: it chooses everything that the
act is about (identifiers too), and returns the act. The act is done in one unit of work; done again
it must be the same act, so that whoever heard no answer may repeat it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from fares.fare import Extras
from foundation.chance import SeededChance
from foundation.identifiers import UUID, TransferId
from foundation.money import Money
from ledger import days, service
from ledger.house import house_transfer, post_house
from ledger.store.days import find_last_sealed_day
from ledger.transfer import Kind, transfer_id
from storage import idempotency
from storage.idempotency import KeptAnswer
from storage.work import UnitOfWork
from tests.booked import City, QuotedTrip
from tests.money import USD, numbered
from tests.service_time import move_time

ZONE = ZoneInfo("America/New_York")
TREASURER = numbered(77)
DAY_SECONDS = 24 * 3600


@dataclass(slots=True)
class Scene:
    """The example city with a few trips, and the chance that chooses among them."""

    city: City
    trips: list[QuotedTrip]
    chance: SeededChance
    made: list[TransferId] = field(default_factory=list)

    def trip(self) -> QuotedTrip:
        """One of the trips."""
        return self.chance.choice(self.trips)

    def amount(self) -> Money:
        """A small amount."""
        return Money(self.chance.below(900) + 1, USD)

    async def new_id(self) -> UUID:
        """A fresh identifier."""
        async with self.city.database.work() as work:
            return work.new_id()


Act = Callable[[UnitOfWork], Awaitable[object]]
Operation = Callable[[Scene], Awaitable[Act]]

OPERATIONS: dict[str, Operation] = {}


def operation(function: Operation) -> Operation:
    """Add it to what is tried, under its own name."""
    OPERATIONS[function.__name__] = function
    return function


def under_a_key(key: UUID, act: Act) -> Act:
    """As an entrance does what is not named by itself: once for a key (I13)."""

    async def once(work: UnitOfWork) -> None:
        if await idempotency.find(work, "a test", str(key)) is None:
            await act(work)
            kept = KeptAnswer(fingerprint=key.bytes, status=204, answer=b"")
            await idempotency.keep(work, "a test", str(key), kept)

    return once


@operation
async def hold(scene: Scene) -> Act:
    """For good, or for an hour."""
    trip = scene.trip()
    async with scene.city.database.work() as work:
        expires_at = work.now + timedelta(hours=1) if scene.chance.below(3) == 0 else None
    return lambda work: service.hold(
        work, trip_id=trip.trip_id, rider_id=trip.rider_id, amount=trip.quote.total,
        expires_at=expires_at,
    )  # fmt: skip


@operation
async def let_a_hold_go(scene: Scene) -> Act:
    trip = scene.trip()
    return lambda work: service.void_hold(work, trip_id=trip.trip_id)


@operation
async def let_go_what_ran_out(_: Scene) -> Act:
    return service.void_expired_holds


@operation
async def settle_a_trip(scene: Scene) -> Act:
    trip = scene.trip()
    waiting = scene.chance.below(2) * 900
    fare = await scene.city.fare(trip, extras=Extras(waiting_seconds=waiting))
    return lambda work: service.settle_trip(
        work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id, fare=fare
    )


@operation
async def charge_a_fee(scene: Scene) -> Act:
    trip, amount = scene.trip(), scene.amount()
    return lambda work: service.settle_fee(
        work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
        kind="no_show", amount=amount, tariff_rule_id=scene.city.tariff_rule_id,
    )  # fmt: skip


@operation
async def tip(scene: Scene) -> Act:
    trip, amount = scene.trip(), scene.amount()
    return lambda work: service.tip(
        work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id, amount=amount
    )


@operation
async def refund(scene: Scene) -> Act:
    trip, amount = scene.trip(), scene.amount()
    return under_a_key(
        await scene.new_id(),
        lambda work: service.refund(work, trip_id=trip.trip_id, amount=amount, reason="a test"),
    )


@operation
async def spend_or_be_given(scene: Scene) -> Act:
    kind = scene.chance.choice([Kind.EXPENSE, Kind.INCOME, Kind.LEVY_PAID])
    made = house_transfer(kind, await scene.new_id(), scene.amount(), code="a.test")
    scene.made.append(made.transfer_id)
    return lambda work: post_house(work, made)


@operation
async def take_back(scene: Scene) -> Act:
    tips = [transfer_id(Kind.TIP, trip.trip_id) for trip in scene.trips]
    which = scene.chance.choice([*tips, *scene.made])
    return lambda work: days.reverse(work, which, reason="a test", made_by=TREASURER)


@operation
async def seal_a_day(scene: Scene) -> Act:
    """After a day has passed."""
    move_time(scene.city.database.address, DAY_SECONDS)
    return lambda work: days.seal_next_day(work, ZONE)


@operation
async def close_a_period(scene: Scene) -> Act:
    """That ends with the last day that can be sealed."""
    move_time(scene.city.database.address, DAY_SECONDS)
    async with scene.city.database.work() as work:
        while await days.seal_next_day(work, ZONE):
            pass
        last = await find_last_sealed_day(work)
        period_id, ends_at = work.new_id(), work.now if last is None else last.ends_at
    return lambda work: days.close_period(
        work, period_id=period_id, ends_at=ends_at, closed_by=TREASURER
    )
