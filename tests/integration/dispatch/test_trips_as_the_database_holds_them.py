"""I1, I3, I4, I9, I10, I12, I18: what the database refuses of trips, whoever asks.

Each is broken directly, as the service's role and as the tables' owner; that the right thing is
taken is shown beside it, or by the lives of trips in this folder.
"""

from uuid import UUID, uuid5

from dispatch.service import driving, requests
from dispatch.trip import Actor, By, TripState
from tests.dispatch_rows import (
    Statement,
    accepted,
    begun,
    copied,
    held,
    not_permitted,
    refuses,
    seated,
    step,
    stopping,
    write,
)
from tests.town import STATION, Town

FRESH = UUID(int=0xF2E5)


def fresh(name: str) -> UUID:
    return uuid5(FRESH, name)


def changed(trip_id: UUID, **columns: object) -> Statement:
    names = ", ".join(f"{name} = %({name})s" for name in columns)
    return f"UPDATE dispatch.trip SET {names} WHERE trip_id = %(t)s", {"t": trip_id} | columns


async def test_I01_a_driver_has_one_active_run(town: Town, address: str) -> None:
    _, driver_id = await town.assigned()
    refuses(
        address, "i01_one_active_run_a_driver",
        begun(fresh("run"), driver_id, town.shifts[driver_id]),
    )  # fmt: skip


async def test_I01_a_driver_has_one_trip_ahead_that_is_not_shared(town: Town, address: str) -> None:
    _, driver_id = await town.assigned()
    other, _ = await town.assigned()
    refuses(address, "i01_one_next_job_a_driver", changed(other.trip_id, driver_id=driver_id))


async def test_I01_a_driver_has_one_rider_on_board_who_does_not_share(
    town: Town, address: str
) -> None:
    _, driver_id = await town.on_board()
    other, _ = await town.on_board()
    refuses(address, "i01_one_rider_alone_a_driver", changed(other.trip_id, driver_id=driver_id))


async def test_I01_a_run_does_not_end_under_its_trip(town: Town, address: str) -> None:
    trip, driver_id = await town.assigned()
    end = ("UPDATE dispatch.run SET ended_at = service_now() WHERE driver_id = %(d)s",
           {"d": driver_id})  # fmt: skip
    refuses(address, "i01_a_run_outlasts_its_trip", end)
    async with town.database.work() as work:
        await driving.release(work, trip_id=trip.trip_id, driver_id=driver_id, reason="flat tyre")
    refuses(address, "only_ends_once", end)


async def test_I01_no_offer_is_made_to_a_driver_with_a_trip_it_does_not_know_of(
    town: Town, address: str
) -> None:
    trip, driver_id = await town.assigned()
    other = await town.trip()
    offer_id = await town.offer(other, await town.driver())
    row = copied(
        "offer", "offer_id", offer_id, offer_id=fresh("offer"), driver_id=driver_id,
        vehicle_id=town.vehicles[driver_id], shift_id=town.shifts[driver_id],
    )  # fmt: skip
    refuses(address, "i01_offered_as_the_run_stands", row)
    async with town.database.work() as work:
        await driving.release(work, trip_id=trip.trip_id, driver_id=driver_id, reason="flat tyre")
    assert await town.offer(await town.trip(), driver_id), "free again, and offered to again"


async def test_I03_who_holds_a_trip_follows_from_its_state(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    looking = await town.trip()
    refuses(
        address, "i03_a_driver_when_and_only_when_held",
        changed(looking.trip_id, driver_id=await town.driver()),
    )  # fmt: skip
    refuses(
        address, "i03_a_driver_when_and_only_when_held",
        changed(trip.trip_id, driver_id=None, vehicle_id=None, run_id=None),
    )  # fmt: skip


async def test_I03_two_drivers_never_hold_one_trip(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    other = await town.driver()
    run = fresh("run")
    refuses(
        address, "i03_one_driver_at_a_time", begun(run, other, town.shifts[other]),
        held(trip.trip_id, other, town.vehicles[other], run, attempt=2),
    )  # fmt: skip


async def test_I03_a_trip_is_held_as_its_assignment_says(town: Town, address: str) -> None:
    looking = await town.trip()
    driver_id = await town.driver()
    run = fresh("run")
    own = begun(run, driver_id, town.shifts[driver_id])
    assignment = held(looking.trip_id, driver_id, town.vehicles[driver_id], run)
    refuses(address, "i03_held_as_assigned", own, assignment)
    past = (assignment[0].replace("from_at)", "from_at, to_at)").replace(
        "service_now())", "service_now(), service_now())"), assignment[1])  # fmt: skip
    refuses(address, "i03_held_as_assigned", own, past)
    trip, _ = await town.assigned()
    end = ("UPDATE dispatch.assignment SET to_at = service_now() WHERE trip_id = %(t)s",
           {"t": trip.trip_id})  # fmt: skip
    refuses(address, "i03_held_as_assigned", end)


async def test_I03_an_assignment_ends_once_and_stays(town: Town, address: str) -> None:
    trip, driver_id = await town.assigned()
    async with town.database.work() as work:
        await driving.release(work, trip_id=trip.trip_id, driver_id=driver_id, reason="flat tyre")
    again = "UPDATE dispatch.assignment SET to_at = NULL WHERE trip_id = %(t)s"
    refuses(address, "only_ends_once", (again, {"t": trip.trip_id}))
    delete = ("DELETE FROM dispatch.assignment", {})
    refuses(address, "append_only", delete, roles=["owner"])
    not_permitted(address, delete)


async def test_I04_a_rider_has_as_many_open_requests_as_the_policy_says(
    town: Town, address: str
) -> None:
    trip = await town.trip()
    quote = await town.quote(trip.rider_id)
    another = {
        "trip_id": fresh("trip"), "quote_id": quote.quote_id, "state": "requested",
        "last_seq": 1, "total_minor": quote.total.minor,
    }  # fmt: skip
    refuses(
        address, "i04_one_open_request_a_slot",
        copied("trip", "trip_id", trip.trip_id, **another),
    )  # fmt: skip
    refuses(
        address, "i04_open_requests_within_policy",
        copied("trip", "trip_id", trip.trip_id, **another, open_slot=2),
    )  # fmt: skip
    refuses(address, "a_request_stands", changed(trip.trip_id, open_slot=2), roles=["owner"])
    not_permitted(address, changed(trip.trip_id, open_slot=2))


async def test_I04_another_request_is_taken_once_the_first_ended(town: Town) -> None:
    trip = await town.trip()
    by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
    async with town.database.work() as work:
        await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)
    assert (await town.trip(trip.rider_id)).state is TripState.MATCHING


async def test_I09_only_legal_steps(town: Town, address: str) -> None:
    trip = await town.trip()
    for moves in ("matching board on_board", "matching arrive arrived", "matching accept arrived",
                  "matching start_matching matching"):  # fmt: skip
        refuses(address, "i09_only_legal_steps", *step(trip.trip_id, 3, moves))
    write(address, *step(trip.trip_id, 3, "matching rider_cancel cancelled_by_rider"))


async def test_I09_no_gap_and_no_fork(town: Town, address: str) -> None:
    trip = await town.trip()
    cancel = "matching rider_cancel cancelled_by_rider"
    refuses(address, "i09_no_gap_no_fork", *step(trip.trip_id, 4, cancel))
    refuses(address, "i09_no_gap_no_fork",
            *step(trip.trip_id, 3, "requested rider_cancel cancelled_by_rider"))  # fmt: skip
    refuses(address, "trip_event_pkey", *step(trip.trip_id, 2, cancel))
    refuses(address, "i09_begins_with_the_request",
            *step(trip.trip_id, 3, "none request requested"))  # fmt: skip


async def test_I09_a_trip_stands_where_its_events_left_it(town: Town, address: str) -> None:
    trip = await town.trip()
    refuses(
        address, "i09_stands_where_its_events_left_it",
        changed(trip.trip_id, state="unfulfilled", last_seq=3),
    )  # fmt: skip
    announced, event, _ = step(trip.trip_id, 3, "matching expire unfulfilled")
    refuses(address, "i09_no_event_beside_the_trip", announced, event)


async def test_I09_nothing_comes_into_the_world_half_way(town: Town, address: str) -> None:
    trip = await town.trip()
    quote = await town.quote(trip.rider_id)
    new = {"trip_id": fresh("trip"), "quote_id": quote.quote_id}
    for half_way in ({"state": "matching", "last_seq": 2}, {"state": "requested", "last_seq": 2},
                     {"state": "requested", "last_seq": 1, "attempt": 2}):  # fmt: skip
        refuses(
            address, "i09_a_trip_begins_with_its_request",
            copied("trip", "trip_id", trip.trip_id, **new, **half_way),
        )  # fmt: skip


async def test_I09_what_happened_is_never_rewritten(town: Town, address: str) -> None:
    await town.trip()
    for statement in ("UPDATE dispatch.trip_event SET reason = 'other'",
                      "DELETE FROM dispatch.trip_event", "TRUNCATE dispatch.trip_event CASCADE",
                      "TRUNCATE dispatch.trip CASCADE",
                      "UPDATE dispatch.booking_register SET fare_minor = 1"):  # fmt: skip
        refuses(address, "append_only", (statement, {}), roles=["owner"])
        not_permitted(address, (statement, {}))


async def test_I10_an_ended_trip_stays_as_it_ended(town: Town, address: str) -> None:
    trip = await town.trip()
    by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
    async with town.database.work() as work:
        await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)
    for change in ({"end_reason": "other"}, {"pin_tries_left": 1}, {"state": "matching"}):
        refuses(address, "i10_final_states_absorb", changed(trip.trip_id, **change))
    refuses(
        address, "i09_only_legal_steps",
        step(trip.trip_id, 4, "cancelled_by_rider start_matching matching")[0],
        step(trip.trip_id, 4, "cancelled_by_rider start_matching matching")[1],
    )  # fmt: skip
    delete = ("DELETE FROM dispatch.trip WHERE trip_id = %(t)s", {"t": trip.trip_id})
    refuses(address, "i10_final_states_absorb", delete, roles=["owner"])
    not_permitted(address, delete)


async def test_I12_a_driver_gets_a_trip_through_an_offer_and_no_other_way(
    town: Town, address: str
) -> None:
    trip = await town.trip()
    driver_id = await town.driver()
    run, vehicle = fresh("run"), town.vehicles[driver_id]
    holding = {"driver_id": driver_id, "vehicle_id": vehicle, "run_id": run}
    taking = [
        begun(run, driver_id, town.shifts[driver_id]),
        held(trip.trip_id, driver_id, vehicle, run),
        *step(trip.trip_id, 3, "matching accept assigned", **holding),
        stopping(run, trip.trip_id, pickup=1, dropoff=2),
        seated(run, trip.trip_id, seats=(1, 5), stops=(1, 2)),
    ]
    refuses(address, "i12_a_driver_through_an_offer", *taking)
    offer_id = await town.offer(trip, driver_id)
    refuses(address, "i07_no_open_offer_without_matching", *taking)
    write(address, accepted(offer_id), *taking)


async def test_I12_a_trip_under_way_does_not_change_hands(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    other = await town.driver()
    refuses(address, "i12_a_driver_through_an_offer", changed(trip.trip_id, driver_id=other))
    refuses(
        address, "i12_a_driver_through_an_offer",
        changed(trip.trip_id, vehicle_id=town.vehicles[other]),
    )  # fmt: skip


async def test_I12_an_offer_of_a_trip_that_was_cancelled_is_not_accepted(
    town: Town, address: str
) -> None:
    trip = await town.trip()
    driver_id = await town.driver()
    offer_id = await town.offer(trip, driver_id)
    cancel = step(trip.trip_id, 3, "matching rider_cancel cancelled_by_rider")
    refuses(address, "i12_accepted_only_while_matching", *cancel, accepted(offer_id))


async def test_I18_a_trip_is_booked_by_a_valid_quote_of_its_rider(town: Town, address: str) -> None:
    trip = await town.trip()
    stranger = await town.rider()
    quote = await town.quote(stranger)
    row = {
        "trip_id": fresh("trip"), "quote_id": quote.quote_id, "state": "requested",
        "last_seq": 1, "total_minor": quote.total.minor, "rider_id": stranger,
    }  # fmt: skip
    for wrong in ({"rider_id": trip.rider_id}, {"total_minor": quote.total.minor - 1}):
        refuses(
            address, "i18_a_valid_quote_of_the_rider",
            copied("trip", "trip_id", trip.trip_id, **(row | wrong)),
        )  # fmt: skip
    refuses(address, "a_quote_is_booked_once",
            copied("trip", "trip_id", trip.trip_id,
                   **(row | {"quote_id": trip.quote_id, "rider_id": trip.rider_id})))  # fmt: skip
    assert (await town.trip(stranger)).state is TripState.MATCHING


async def test_a_journey_is_booked_before_it_begins(town: Town, address: str) -> None:
    trip = await town.trip()
    stranger = await town.rider()
    quote = await town.quote(stranger)
    row = copied(
        "trip", "trip_id", trip.trip_id, trip_id=fresh("trip"), quote_id=quote.quote_id,
        state="requested", last_seq=1, rider_id=stranger,
    )  # fmt: skip
    first = step(fresh("trip"), 1, "none request requested")
    refuses(address, "booked_before_the_journey", first[0], row, first[1])


async def test_what_was_asked_for_does_not_change(town: Town, address: str) -> None:
    trip = await town.trip()
    rider_id = await town.rider()
    for change in ({"rider_id": rider_id}, {"total_minor": 1}, {"pin": "0000"}):
        refuses(address, "a_request_stands", changed(trip.trip_id, **change), roles=["owner"])
        not_permitted(address, changed(trip.trip_id, **change))
    refuses(address, "a_request_stands", changed(trip.trip_id, pin_tries_left=9))
    assert trip.pickup == STATION
