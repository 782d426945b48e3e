"""Shared trips: riders join a run in the order the plan says, each with a promise that is kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

import dispatch.views.trips as views
import ledger.views
from dispatch import errors
from dispatch.position import Metres
from dispatch.run import Planned, StopKind
from dispatch.service import driving, requests
from dispatch.store import offers as offer_store
from dispatch.store import rounds as round_store
from dispatch.trip import Actor, By, Trip, TripState
from dispatch.views.figures import run_report
from dispatch.views.runs import list_stops_ahead
from foundation.identifiers import DriverId, OfferId, RoundId
from tests.dispatch_rows import refuses
from tests.town import Town

UP, OFF = StopKind.PICKUP, StopKind.DROPOFF
Order = Sequence[tuple[Trip, StopKind]]


async def offer(
    town: Town,
    trip: Trip,
    driver_id: DriverId,
    order: Order,
    *,
    promised: dict[StopKind, timedelta] | None = None,
    minutes: int = 1,
) -> OfferId:
    """As a round would make it: the whole order of stops, so many minutes from one to the next."""
    async with town.database.work() as work:
        runs = await round_store.list_runs_under_way(work)
        round_id = RoundId(work.new_id())
        plan = tuple(
            Planned(
                trip_id=one.trip_id, kind=kind,
                expected_at=work.now + timedelta(minutes=minutes * number),
            )
            for number, (one, kind) in enumerate(order, start=1)
        )  # fmt: skip
        caps = {UP: timedelta(minutes=10), OFF: timedelta(minutes=30)} | (promised or {})
        new = offer_store.NewOffer(
            offer_id=OfferId(work.new_id()), trip_id=trip.trip_id, attempt=trip.attempt,
            driver_id=driver_id, vehicle_id=town.vehicles[driver_id],
            shift_id=town.shifts[driver_id], pickup_seconds=60, why={}, plan=plan,
            promised={kind: work.now + cap for kind, cap in caps.items()},
            run_trips=runs[driver_id].trips if driver_id in runs else (),
        )  # fmt: skip
        made = await offer_store.insert_offers(
            work, [new], round_id=round_id, deadline=work.now + timedelta(seconds=600)
        )
        await round_store.insert_round(work, town.a_round(work, round_id))
    assert made, "the offer was left out"
    return new.offer_id


async def joined(town: Town, trip: Trip, driver_id: DriverId, order: Order) -> Trip:
    return await town.accept(await offer(town, trip, driver_id, order), driver_id)


async def stops(town: Town, driver_id: DriverId) -> list[tuple[object, str]]:
    async with town.database.reading() as work:
        return [(stop.trip_id, stop.kind) for stop in await list_stops_ahead(work, driver_id)]


async def sound(town: Town) -> None:
    async with town.database.work() as work:
        report = await run_report(work)
        assert (report["double_assignments"], report["lost_trips"]) == (0, 0)
        assert not any((await ledger.views.imbalance(work)).values())


@pytest.fixture
async def pair(town: Town) -> tuple[Trip, Trip, DriverId]:
    """Ada in the car, Ben to be picked up on the way."""
    driver_id = await town.driver()
    ada, ben = await town.trip(is_shared=True), await town.trip(is_shared=True)
    ada = await joined(town, ada, driver_id, [(ada, UP), (ada, OFF)])
    await town.arrive(ada, driver_id)
    ada = await town.board(ada, driver_id)
    ben = await joined(town, ben, driver_id, [(ben, UP), (ada, OFF), (ben, OFF)])
    return ada, ben, driver_id


async def test_two_riders_share_from_the_quote_to_the_fare(
    town: Town, pair: tuple[Trip, Trip, DriverId]
) -> None:
    ada, ben, driver_id = pair
    await town.arrive(ben, driver_id)
    await town.board(ben, driver_id)
    async with town.database.reading() as work:
        shown = await views.trip_for_rider(work, ada.trip_id, ada.rider_id)
        assert shown.co_riders == 1
    assert (await town.complete(ada, driver_id)).state is TripState.COMPLETED
    assert (await town.complete(ben, driver_id)).state is TripState.COMPLETED
    alone = await town.quote(await town.rider())
    async with town.database.work() as work:
        for trip in (ada, ben):
            charge = await ledger.views.fare_of_trip(work, trip.trip_id)
            lines = {line["code"]: line["amount_minor"] for line in charge.document["lines"]}
            assert lines["shared"] < 0
            assert charge.document["total_minor"] == alone.total.minor + lines["shared"]
        report = await run_report(work)
    assert (report["trips_asked_to_share"], report["trips_with_company"]) == (2, 2)
    await sound(town)


async def test_the_price_is_the_same_whether_anybody_joins_or_not(town: Town) -> None:
    trip = await town.trip(is_shared=True)
    driver_id = await town.driver()
    await joined(town, trip, driver_id, [(trip, UP), (trip, OFF)])
    await town.arrive(trip, driver_id)
    await town.board(trip, driver_id)
    await town.complete(trip, driver_id)
    quote = await town.quote(await town.rider(), is_shared=True)
    async with town.database.work() as work:
        charge = await ledger.views.fare_of_trip(work, trip.trip_id)
    assert charge.document["total_minor"] == quote.total.minor


async def test_the_first_to_come_is_picked_up_first(
    town: Town, pair: tuple[Trip, Trip, DriverId]
) -> None:
    ada, ben, driver_id = pair
    assert await stops(town, driver_id) == [
        (ben.trip_id, "pickup"), (ada.trip_id, "dropoff"), (ben.trip_id, "dropoff"),
    ]  # fmt: skip


async def test_a_rider_may_get_out_before_their_turn(
    town: Town, pair: tuple[Trip, Trip, DriverId]
) -> None:
    ada, ben, driver_id = pair
    await town.complete(ada, driver_id)
    assert [kind for _, kind in await stops(town, driver_id)] == ["pickup", "dropoff"]
    await town.arrive(ben, driver_id)
    await sound(town)


@pytest.mark.parametrize("who", ["rider", "driver"])
async def test_a_rider_who_leaves_lets_the_others_go_on(
    town: Town, pair: tuple[Trip, Trip, DriverId], who: str
) -> None:
    ada, ben, driver_id = pair
    async with town.database.work() as work:
        if who == "rider":
            by = By(actor=Actor.RIDER, actor_id=ben.rider_id)
            await requests.cancel(work, trip_id=ben.trip_id, rider_id=ben.rider_id, by=by)
        else:
            await driving.release(work, trip_id=ben.trip_id, driver_id=driver_id, reason="full")
    assert await stops(town, driver_id) == [(ada.trip_id, "dropoff")]
    await town.complete(ada, driver_id)
    await sound(town)


async def test_I02_a_car_takes_as_many_riders_as_it_has_seats(town: Town) -> None:
    driver_id = await town.driver()
    riders = [await town.trip(is_shared=True) for _ in range(5)]
    order: list[tuple[Trip, StopKind]] = []
    for number, trip in enumerate(riders[:4]):
        order = [*[(one, UP) for one in riders[: number + 1]],
                 *[(one, OFF) for one in riders[: number + 1]]]  # fmt: skip
        await joined(town, trip, driver_id, order)
    full = [*[(one, UP) for one in riders], *[(one, OFF) for one in riders]]
    offer_id = await offer(town, riders[4], driver_id, full)
    with pytest.raises(errors.PlanOvertaken):
        await town.accept(offer_id, driver_id)
    await sound(town)


async def test_I02_nobody_joins_a_rider_who_did_not_agree_to_it(town: Town) -> None:
    alone, driver_id = await town.on_board()
    ben = await town.trip(is_shared=True)
    offer_id = await offer(town, ben, driver_id, [(ben, UP), (alone, OFF), (ben, OFF)])
    with pytest.raises(errors.PlanOvertaken):
        await town.accept(offer_id, driver_id)
    assert await stops(town, driver_id) == [(alone.trip_id, "dropoff")]


async def test_a_promise_is_kept_or_nobody_joins(town: Town) -> None:
    driver_id = await town.driver()
    ada, ben = await town.trip(is_shared=True), await town.trip(is_shared=True)
    soon = {OFF: timedelta(minutes=3)}
    offer_id = await offer(town, ada, driver_id, [(ada, UP), (ada, OFF)], promised=soon)
    await town.accept(offer_id, driver_id)
    late = await offer(town, ben, driver_id, [(ada, UP), (ben, UP), (ada, OFF), (ben, OFF)],
                       minutes=2)  # fmt: skip
    with pytest.raises(errors.PlanOvertaken):
        await town.accept(late, driver_id)


async def test_a_broken_promise_is_refused_past_the_service(
    pair: tuple[Trip, Trip, DriverId], address: str
) -> None:
    ada, _, _ = pair
    later = ("UPDATE dispatch.run_stop SET expected_at = latest_at + interval '1 second'"
             " WHERE trip_id = %(t)s", {"t": ada.trip_id})  # fmt: skip
    refuses(address, "planned_as_promised", later)


async def test_promises_stay_as_they_were_made(
    town: Town, pair: tuple[Trip, Trip, DriverId]
) -> None:
    ada, ben, driver_id = pair

    async def latest() -> dict[str, datetime | None]:
        async with town.database.reading() as work:
            return {
                stop.kind: stop.latest_at
                for stop in await list_stops_ahead(work, driver_id)
                if stop.trip_id == ada.trip_id
            }

    before = await latest()
    assert before["dropoff"] is not None
    cid = await town.trip(is_shared=True)
    await joined(town, cid, driver_id, [(cid, UP), (ben, UP), (ada, OFF), (ben, OFF), (cid, OFF)])
    assert len(await stops(town, driver_id)) == 5
    assert await latest() == before


async def test_a_car_that_stands_at_a_kerb_is_left_in_peace(
    town: Town, pair: tuple[Trip, Trip, DriverId], address: str
) -> None:
    """A new first stop while somebody is getting in: whoever writes it is refused."""
    ada, ben, driver_id = pair
    await town.arrive(ben, driver_id)
    swapped = (
        "UPDATE dispatch.run_stop SET place = CASE trip_id WHEN %(a)s THEN 2 ELSE 3 END"
        " WHERE done_at IS NULL AND place IN (2, 3)", {"a": ada.trip_id},
    )  # fmt: skip
    claims = (
        "UPDATE dispatch.seat_claim SET stops = CASE trip_id WHEN %(a)s THEN int4range(1, 2)"
        " ELSE int4range(3, 4) END", {"a": ada.trip_id},
    )  # fmt: skip
    refuses(address, "i02_seats_from_stop_to_stop", swapped, claims)


async def test_two_acceptances_cannot_fill_one_seat(town: Town) -> None:
    """A driver has one open offer (I5): the second rider is not even offered."""
    driver_id = await town.driver()
    ada, ben = await town.trip(is_shared=True), await town.trip(is_shared=True)
    await offer(town, ada, driver_id, [(ada, UP), (ada, OFF)])
    with pytest.raises(AssertionError, match="left out"):
        await offer(town, ben, driver_id, [(ben, UP), (ben, OFF)])


async def test_what_a_quote_said_of_sharing_is_what_is_booked(town: Town, address: str) -> None:
    trip = await town.trip(is_shared=True)
    assert trip.party.is_shared
    change = ("UPDATE dispatch.trip SET is_shared = false WHERE trip_id = %(t)s",
              {"t": trip.trip_id})  # fmt: skip
    refuses(address, "a_request_stands", change, roles=["owner"])


@pytest.mark.parametrize(
    "is_known", [True, False], ids=["as measured", "where positions were lost"]
)
async def test_seconds_and_metres_of_a_shared_run_count_once(
    town: Town, pair: tuple[Trip, Trip, DriverId], is_known: bool
) -> None:
    ada, ben, driver_id = pair
    await town.arrive(ben, driver_id)
    ben = await town.board(ben, driver_id)
    assert ada.assigned_at is not None
    assert ben.boarded_at is not None
    # Both rode 3,000 m, 2,000 m of them together: Ben's last third is his alone.
    for minutes, trip, counted in ((20, ada, 3_000), (30, ben, 1_000)):
        metres = Metres(of_trip=3_000, counted=counted) if is_known else None
        async with town.database.work() as work:
            work.now = ben.boarded_at + timedelta(minutes=minutes)
            await driving.complete(work, trip_id=trip.trip_id, driver_id=driver_id, metres=metres)
            ended = work.now
    async with town.database.work() as work:
        found = await work.execute(
            text("SELECT sum(seconds_engaged) AS seconds, sum(metres) AS metres, sum(trips) AS trips"
                 " FROM ledger.work_record WHERE driver_id = :d"),
            {"d": driver_id},
        )  # fmt: skip
        seconds, metres_once, trips = found.one()
        rode = await work.execute(
            text("SELECT metres_driven FROM dispatch.trip WHERE trip_id = :t"),
            {"t": ben.trip_id},
        )
        of_ben = rode.scalar_one()
    assert abs(seconds - (ended - ada.assigned_at).total_seconds()) <= 2
    assert trips == 2
    if is_known:
        assert (of_ben, metres_once) == (3_000, 4_000)
    else:
        whole = (await town.quote(await town.rider())).metres
        # The quote's way for both; Ben's counts for the third of his time after Ada got out.
        assert of_ben == whole
        assert metres_once == whole + whole * 10 // 30
