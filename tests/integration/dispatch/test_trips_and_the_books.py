"""I16 to I18 and I20 where a trip meets the books: one commit, one fare, the one that was quoted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

import fares.service
import ledger.service
import ledger.views
from dispatch import trip as machine
from dispatch.service import driving, requests
from dispatch.service.requests import charge_fee
from dispatch.store import steps
from dispatch.trip import Actor, By, Step, Trip
from fares.fare import Driven, Extras, Fare
from fares.price import divide
from fares.tariff import Share
from foundation.identifiers import DriverId, QuoteId, RiderId
from foundation.money import Money
from storage.refusals import constraint_of
from storage.work import UnitOfWork
from tests.dispatch_rows import left, not_permitted, refuses, step, write
from tests.town import STATION, Town

Change = Callable[[Fare], Fare]


async def on_board(town: Town) -> tuple[Trip, DriverId]:
    trip, driver_id = await town.assigned()
    async with town.database.work() as work:
        await driving.arrive(
            work, trip_id=trip.trip_id, driver_id=driver_id, at=STATION, reason=None
        )
    async with town.database.work() as work:
        boarded = await driving.board(
            work, trip_id=trip.trip_id, driver_id=driver_id, pin=trip.pin, reason=None
        )
    assert isinstance(boarded, Trip)
    return boarded, driver_id


async def complete(town: Town, trip: Trip, driver_id: DriverId) -> None:
    async with town.database.work() as work:
        await driving.complete(work, trip_id=trip.trip_id, driver_id=driver_id, metres=None)


async def fare_of(work: UnitOfWork, trip: Trip, quote_id: QuoteId | None = None) -> Fare:
    quote = await fares.service.get_quote(work, quote_id or trip.quote_id, trip.rider_id)
    driven = Driven(metres=quote.metres, seconds=quote.seconds)
    return await fares.service.compute_fare(work, quote, extras=Extras(), driven=driven)


async def settle(work: UnitOfWork, trip: Trip, fare: Fare, **parties: object) -> None:
    assert trip.holder is not None
    who = {"rider_id": trip.rider_id, "driver_id": trip.holder.driver_id} | parties
    await ledger.service.settle_trip(work, trip_id=trip.trip_id, fare=fare, **who)  # type: ignore[arg-type]


async def end_as(work: UnitOfWork, trip: Trip, ending: Step) -> Trip:
    moved, fact = machine.advance(trip, ending, now=work.now, by=By(actor=Actor.DRIVER))
    await steps.save_let_go(work, moved, fact)
    return moved


def is_constraint(caught: pytest.ExceptionInfo[IntegrityError], name: str) -> None:
    assert constraint_of(caught.value) == name, caught.value


async def test_I17_no_trip_is_completed_without_its_fare(town: Town, address: str) -> None:
    trip, driver_id = await on_board(town)
    ended = (
        "UPDATE dispatch.assignment SET to_at = service_now() WHERE trip_id = %(t)s",
        {"t": trip.trip_id},
    )
    completing = step(trip.trip_id, trip.last_seq + 1, "on_board complete completed")
    refuses(address, "i17_completed_means_paid", ended, *left(trip.trip_id), *completing)
    await complete(town, trip, driver_id)


async def test_I17_no_fare_is_posted_without_its_completed_trip(town: Town) -> None:
    trip, driver_id = await on_board(town)
    with pytest.raises(IntegrityError) as caught:
        async with town.database.work() as work:
            await settle(work, trip, await fare_of(work, trip))
    is_constraint(caught, "i17_paid_means_completed")
    await complete(town, trip, driver_id)


async def test_I17_a_fare_of_no_trip_is_refused(town: Town) -> None:
    rider_id = await town.rider()
    quote = await town.quote(rider_id)
    with pytest.raises(IntegrityError) as caught:
        async with town.database.work() as work:
            fare = await fares.service.compute_fare(
                work, quote, extras=Extras(), driven=Driven(metres=1, seconds=1)
            )
            await ledger.service.settle_trip(
                work, trip_id=work.new_id(), rider_id=rider_id, driver_id=work.new_id(), fare=fare
            )  # type: ignore[arg-type]
    is_constraint(caught, "i17_paid_means_completed")


async def test_I17_no_other_end_is_charged_a_fare(town: Town) -> None:
    trip, driver_id = await on_board(town)
    with pytest.raises(IntegrityError) as caught:
        async with town.database.work() as work:
            moved = await end_as(work, trip, Step.ABORT)
            await settle(work, moved, await fare_of(work, trip))
    is_constraint(caught, "i17_paid_means_completed")
    await complete(town, trip, driver_id)


async def test_I17_a_fee_is_charged_for_its_own_end_only(town: Town) -> None:
    trip, driver_id = await town.assigned()
    for kind in ("cancellation", "no_show"):
        with pytest.raises(IntegrityError) as caught:
            async with town.database.work() as work:
                await charge_fee(work, trip, kind, 500)  # type: ignore[arg-type]
        is_constraint(caught, "i17_paid_means_completed")
    async with town.database.work() as work:
        work.now += timedelta(hours=1)
        by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
        await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)
    async with town.database.work() as work:
        charge = await ledger.views.find_charge(work, trip.trip_id)
    assert charge is not None
    assert (charge.kind, charge.driver_id) == ("cancellation_fee", driver_id)


async def test_I18_a_trip_is_charged_by_its_own_quote(town: Town) -> None:
    trip, driver_id = await on_board(town)
    cheaper = await town.quote(RiderId(trip.rider_id), metres=500, seconds=60)
    with pytest.raises(IntegrityError) as caught:
        async with town.database.work() as work:
            moved = await end_as(work, trip, Step.COMPLETE)
            await settle(work, moved, await fare_of(work, trip, cheaper.quote_id))
    is_constraint(caught, "i18_charged_as_asked_for")
    await complete(town, trip, driver_id)
    async with town.database.work() as work:
        assert (await ledger.views.fare_of_trip(work, trip.trip_id)).total.minor > 0


async def test_I17_the_fare_is_the_drivers_who_served(town: Town) -> None:
    trip, _ = await on_board(town)
    stranger = await town.driver()
    with pytest.raises(IntegrityError) as caught:
        async with town.database.work() as work:
            moved = await end_as(work, trip, Step.COMPLETE)
            await settle(work, moved, await fare_of(work, trip), driver_id=stranger)
    is_constraint(caught, "i18_charged_as_asked_for")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        (lambda fare: replace(fare, total=fare.total + Money(1, fare.total.currency)), None),
        (
            lambda fare: replace(
                fare, share=Share(driver_bps=9_000, coop_bps=500, city_bps=500),
                shares=divide(fare.lines, Share(driver_bps=9_000, coop_bps=500, city_bps=500)),
            ),
            "shares_follow_the_adopted_split",
        ),
    ],
    ids=["another total", "another split"],
)  # fmt: skip
async def test_I20_a_completed_trip_is_divided_as_adopted(
    town: Town, change: Change, constraint: str | None
) -> None:
    trip, driver_id = await on_board(town)
    with pytest.raises((IntegrityError, AssertionError, ValueError)) as caught:
        async with town.database.work() as work:
            moved = await end_as(work, trip, Step.COMPLETE)
            await settle(work, moved, change(await fare_of(work, trip)))
    if isinstance(caught.value, IntegrityError):
        is_constraint(caught, constraint or "the_total_is_the_sum_of_its_lines")
    else:
        assert constraint is None, "the arithmetic refuses it before the database sees it"
    await complete(town, trip, driver_id)


async def test_I16_what_a_trip_was_charged_stays(town: Town, address: str) -> None:
    trip, driver_id = await on_board(town)
    await complete(town, trip, driver_id)
    for table in ("charge", "transfer", "entry", "work_record"):
        delete = (f"DELETE FROM ledger.{table}", {})
        refuses(address, "append_only", delete, roles=["owner"])
        not_permitted(address, delete)
    more = """
        INSERT INTO ledger.entry (transfer_id, line, account_id, amount_minor, code, made_at)
        SELECT transfer_id, line + 100, account_id, amount_minor, code, made_at FROM ledger.entry
        WHERE transfer_id = (SELECT transfer_id FROM ledger.transfer WHERE kind = 'fare')
          AND line = 1
    """
    refuses(address, "sums_to_zero", (more, {}))
    refuses(address, "never_extended", (more.replace("amount_minor, code, made_at FROM",
                                                     "0, code, made_at FROM"), {}))  # fmt: skip
    sums = "SELECT sum(amount_minor) FROM ledger.entry GROUP BY transfer_id"
    assert {int(minor) for (minor,) in write(address, (sums, {}))} == {0}
