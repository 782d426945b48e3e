"""I5 to I8 and I11: what the database refuses of offers, whoever asks."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID, uuid5

import pytest
from sqlalchemy import text

import registry.service
from dispatch import errors
from dispatch.service import driving, offers, requests, shifts
from dispatch.store import offers as offer_store
from dispatch.store.rounds import list_open_trips
from dispatch.sweep import sweep
from dispatch.trip import Actor, By
from foundation.identifiers import DriverId, ShiftId
from registry.errors import NotFitToWork
from registry.licence import Standing
from storage.work import UnitOfWork
from tests.dispatch_rows import accepted, begun, copied, damage, ended, held, refuses, step, write
from tests.town import Town


def fresh(name: str) -> UUID:
    return uuid5(UUID(int=0x0FFE2), name)


async def looking(work: UnitOfWork) -> set[UUID]:
    """Trips that the next round would look at."""
    return {trip.trip_id for trip in await list_open_trips(work, most=100)}


async def test_I05_one_open_offer_a_driver_and_a_trip(town: Town, address: str) -> None:
    trip, other_trip = await town.trip(), await town.trip()
    driver_id, other = await town.driver(), await town.driver()
    offer_id = await town.offer(trip, driver_id)
    refuses(
        address, "i05_one_open_offer_a_driver",
        copied("offer", "offer_id", offer_id, offer_id=fresh("o"), trip_id=other_trip.trip_id),
    )  # fmt: skip
    to_other = {
        "driver_id": other, "vehicle_id": town.vehicles[other], "shift_id": town.shifts[other],
    }  # fmt: skip
    refuses(
        address, "i05_one_open_offer_a_trip",
        copied("offer", "offer_id", offer_id, offer_id=fresh("o"), **to_other),
    )  # fmt: skip
    async with town.database.work() as work:
        assert await town.offer_in(work, trip, other) == [], "a round leaves it out"
    assert await town.offer(other_trip, other)


async def test_I06_an_attempt_is_accepted_once(town: Town, address: str) -> None:
    trip = await town.trip()
    driver_id, other = await town.driver(), await town.driver()
    offer_id = await town.offer(trip, driver_id)
    second = copied(
        "offer", "offer_id", offer_id, offer_id=fresh("o"), driver_id=other, state="made",
        ended_at=None, vehicle_id=town.vehicles[other], shift_id=town.shifts[other],
    )  # fmt: skip
    refuses(address, "i06_accepted_once", accepted(offer_id), second, accepted(fresh("o")))


async def test_I06_what_was_accepted_is_assigned_in_the_same_commit(
    town: Town, address: str
) -> None:
    trip = await town.trip()
    driver_id = await town.driver()
    offer_id = await town.offer(trip, driver_id)
    refuses(address, "i06_accepted_means_assigned", accepted(offer_id))
    run, vehicle = fresh("run"), town.vehicles[driver_id]
    assignment = [
        begun(run, driver_id, town.shifts[driver_id]), held(trip.trip_id, driver_id, vehicle, run),
    ]  # fmt: skip
    refuses(address, "i03_held_as_assigned", accepted(offer_id), *assignment)
    await town.accept(offer_id, driver_id)


async def test_I06_only_a_release_begins_another_attempt(town: Town, address: str) -> None:
    trip = await town.trip()
    refuses(
        address, "i06_another_attempt_by_release_only",
        ("UPDATE dispatch.trip SET attempt = 2 WHERE trip_id = %(t)s", {"t": trip.trip_id}),
    )  # fmt: skip


async def test_I07_only_a_trip_that_looks_is_offered(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    driver_id = await town.driver()
    offer_id = await town.offer(await town.trip(), driver_id)
    for wrong in ({"trip_id": trip.trip_id}, {"attempt": 2}, {"state": "accepted"}):
        row = {"offer_id": fresh("o")} | wrong
        refuses(address, "i07_offered_only_while_matching",
                copied("offer", "offer_id", offer_id, **row))  # fmt: skip


async def test_I07_a_trip_does_not_leave_its_open_offer_behind(town: Town, address: str) -> None:
    trip = await town.trip()
    await town.offer(trip, await town.driver())
    for moves in ("matching rider_cancel cancelled_by_rider", "matching expire unfulfilled"):
        refuses(address, "i07_no_open_offer_without_matching", *step(trip.trip_id, 3, moves))


async def test_I07_a_trip_looks_again_whichever_way_its_offer_ended(town: Town) -> None:
    trip = await town.trip()
    first, second, third, fourth = [await town.driver() for _ in range(4)]
    database = town.database
    offer_id = await town.offer(trip, first)
    async with database.work() as work:
        assert await looking(work) == set(), "offered to one driver at a time"
        await offers.decline_offer(work, offer_id=offer_id, driver_id=first, reason=None)
        assert await looking(work) == {trip.trip_id}
    await town.offer(trip, second, seconds=0.001)
    assert await sweep(database) == 1
    async with database.work() as work:
        assert await looking(work) == {trip.trip_id}
    await town.offer(trip, third)
    async with database.work() as work:
        await shifts.end_shift(work, shift_id=town.shifts[third], driver_id=third)
        assert await looking(work) == {trip.trip_id}
    await town.accept(await town.offer(trip, fourth), fourth)
    async with database.work() as work:
        assert await looking(work) == set()
        await driving.release(work, trip_id=trip.trip_id, driver_id=fourth, reason="flat tyre")
        assert await looking(work) == {trip.trip_id}


async def test_I08_an_offer_is_accepted_before_its_deadline(town: Town, address: str) -> None:
    trip = await town.trip()
    driver_id = await town.driver()
    offer_id = await town.offer(trip, driver_id, seconds=0.001)
    refuses(address, "i08_accepted_before_the_deadline", accepted(offer_id))
    with pytest.raises(errors.OfferOver):
        await town.accept(offer_id, driver_id)


async def test_I08_an_offer_does_not_lapse_while_it_has_time(town: Town, address: str) -> None:
    offer_id = await town.offer(await town.trip(), await town.driver())
    ending = (
        "UPDATE dispatch.offer SET state = %(s)s, ended_at = service_now() WHERE offer_id = %(o)s"
    )
    refuses(address, "i08_lapsed_after_the_deadline", (ending, {"s": "lapsed", "o": offer_id}))
    assert await sweep(town.database) == 0
    write(address, ended(offer_id, "declined"))
    for state in ("made", "accepted", "withdrawn"):
        refuses(address, "an_offer_ends_once", (ending, {"s": state, "o": offer_id}))


async def test_I08_a_deadline_is_not_moved(town: Town, address: str) -> None:
    offer_id = await town.offer(await town.trip(), await town.driver(), seconds=0.001)
    later = "UPDATE dispatch.offer SET deadline = deadline + interval '1 hour'"
    refuses(address, "an_offer_ends_once", (later, {}), roles=["owner"])
    at_once = f"{later}, state = 'accepted', ended_at = service_now() WHERE offer_id = %(o)s"
    refuses(
        address, "i08_accepted_before_the_deadline", (at_once, {"o": offer_id}), roles=["owner"]
    )


async def suspend(town: Town, driver_id: DriverId) -> None:
    async with town.database.work() as work:
        await registry.service.set_standing(
            work, driver_id, Standing.SUSPENDED, reason="a complaint is looked at", by=town.office
        )


async def test_I11_a_suspended_driver_accepts_nothing(town: Town, address: str) -> None:
    driver_id = await town.driver()
    offer_id = await town.offer(await town.trip(), driver_id)
    await suspend(town, driver_id)
    refuses(address, "i11_fit_at_acceptance", accepted(offer_id))
    with pytest.raises(NotFitToWork):
        await town.accept(offer_id, driver_id)


async def test_I11_the_shift_of_a_suspended_driver_ends_and_the_trip_looks_again(
    town: Town,
) -> None:
    driver_id = await town.driver()
    trip = await town.trip()
    offer_id = await town.offer(trip, driver_id)
    busy, held_by = await town.assigned()
    await suspend(town, driver_id)
    await suspend(town, held_by)
    await sweep(town.database)
    async with town.database.work() as work:
        offer = await offer_store.find_offer(work, offer_id)
        assert offer is not None
        assert offer.state == "withdrawn"
        assert await looking(work) == {trip.trip_id}
        await driving.release(work, trip_id=busy.trip_id, driver_id=held_by, reason="suspended")
    await sweep(town.database)
    rows = write(town.database.address, ("SELECT end_reason FROM dispatch.shift", {}))
    assert rows == [("suspended",), ("suspended",)], "the trip under way first, then the shift"


async def end_papers(town: Town, driver_id: DriverId) -> None:
    damage(
        town.database.address,
        "UPDATE registry.credential SET valid_to = service_now()"
        f" WHERE vehicle_id = '{town.vehicles[driver_id]}'",
    )


async def withdraw_papers(town: Town, driver_id: DriverId) -> None:
    async with town.database.work() as work:
        papers = await work.execute(
            text("SELECT credential_id FROM registry.credential WHERE driver_id = :d"),
            {"d": driver_id},
        )
        for credential_id in papers.scalars():
            await registry.service.withdraw_credential(
                work, credential_id, reason="not genuine", by=town.office
            )


async def end_permission(town: Town, driver_id: DriverId) -> None:
    async with town.database.work() as work:
        await registry.service.end_permission(
            work, driver_id, town.vehicles[driver_id], by=town.office
        )


@pytest.mark.parametrize("end", [end_papers, withdraw_papers, end_permission])
async def test_I11_the_shift_of_a_driver_whose_papers_end_ends_too(
    town: Town, end: Callable[[Town, DriverId], Awaitable[None]]
) -> None:
    driver_id, other = await town.driver(), await town.driver()
    trip = await town.trip()
    await town.offer(trip, driver_id)
    assert await sweep(town.database) == 0
    await end(town, driver_id)
    assert await sweep(town.database) == 1
    async with town.database.work() as work:
        assert await looking(work) == {trip.trip_id}
        assert await shifts.store.find_open_shift(work, driver_id) is None
        assert await shifts.store.find_open_shift(work, other) is not None
    ended = "SELECT end_reason FROM dispatch.shift WHERE shift_id = %(s)s"
    assert write(town.database.address, (ended, {"s": town.shifts[driver_id]})) == [("papers",)]


async def test_I11_a_paper_that_ends_while_its_driver_accepts_is_named(
    town: Town, address: str
) -> None:
    driver_id = await town.driver()
    offer_id = await town.offer(await town.trip(), driver_id)
    damage(address, "UPDATE registry.credential SET valid_to = service_now()")
    with pytest.raises(NotFitToWork, match="insurance expired"):
        async with town.database.work() as work:
            work.now -= timedelta(minutes=1)  # begun before the papers ended, and slow
            await offers.accept_offer(work, offer_id=offer_id, driver_id=driver_id, attempt=None)


async def test_I11_no_offer_is_accepted_out_of_hours(town: Town, address: str) -> None:
    driver_id = await town.driver()
    offer_id = await town.offer(await town.trip(), driver_id)
    damage(address, "UPDATE dispatch.shift SET ends_by = service_now()")
    refuses(address, "i11_on_shift_within_hours", accepted(offer_id))
    with pytest.raises(errors.OutOfHours):
        await town.accept(offer_id, driver_id)


async def test_I11_a_shift_leaves_no_offer_and_no_run_behind(town: Town, address: str) -> None:
    driver_id = await town.driver()
    await town.offer(await town.trip(), driver_id)
    _, busy = await town.assigned()
    for who, constraint in ((driver_id, "no_offer_outlives_its_shift"),
                            (busy, "no_run_outlives_its_shift")):  # fmt: skip
        end = "UPDATE dispatch.shift SET ended_at = service_now(), end_reason = 'x' WHERE shift_id = %(s)s"
        refuses(address, constraint, (end, {"s": town.shifts[who]}))


async def test_a_shift_that_has_ended_is_not_begun_again(town: Town) -> None:
    driver_id, other = await town.driver(), await town.driver(on_shift=False)
    shift_id = town.shifts[driver_id]

    async def begin(who: DriverId, number: UUID, vehicle_of: DriverId) -> None:
        async with town.database.work() as work:
            await shifts.start_shift(
                work, shift_id=ShiftId(number), driver_id=who, vehicle_id=town.vehicles[vehicle_of]
            )

    await begin(driver_id, shift_id, driver_id)  # the same again, while it lasts
    with pytest.raises(errors.AlreadyOnShift, match="^You are on shift already"):
        await begin(driver_id, fresh("s"), driver_id)
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=shift_id, driver_id=driver_id)
    for who in (driver_id, other):
        with pytest.raises(errors.ShiftIdTaken):
            await begin(who, shift_id, who)


async def test_one_shift_a_driver_and_a_vehicle(town: Town, address: str) -> None:
    driver_id, other = await town.driver(), await town.driver()
    own = town.shifts[driver_id]
    new = {"shift_id": fresh("s")}
    refuses(address, "one_open_shift_a_driver",
            copied("shift", "shift_id", own, **new, vehicle_id=town.vehicles[other]))  # fmt: skip
    refuses(address, "one_open_shift_a_vehicle",
            copied("shift", "shift_id", own, **new,
                   driver_id=await town.driver(on_shift=False)))  # fmt: skip
    past = {"ended_at": "2100-01-01T00:00:00Z", "end_reason": "x"}
    refuses(address, "a_driver_works_one_shift_at_a_time",
            copied("shift", "shift_id", own, **new, **past))  # fmt: skip


async def test_going_off_a_shift_that_ended_leaves_the_next_one_alone(town: Town) -> None:
    driver_id = await town.driver()
    ended = town.shifts[driver_id]
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=ended, driver_id=driver_id)
    await town.go_on_shift(driver_id)
    offer_id = await town.offer(await town.trip(), driver_id)
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=ended, driver_id=driver_id)
    await town.accept(offer_id, driver_id)


async def test_a_request_that_expired_is_given_up_and_its_hold_let_go(town: Town) -> None:
    trip = await town.trip()
    by = By(actor=Actor.OFFICE, actor_id=town.office)
    async with town.database.work() as work:
        await requests.cancel_by_operator(work, trip_id=trip.trip_id, by=by)
    async with town.database.work() as work:
        await requests.expire(work, trip.trip_id)
    async with town.database.work() as work:
        assert await looking(work) == set()
