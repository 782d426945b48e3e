"""The report of a run counts damage: each check is shown a damage that the constraints refuse.

The damage is done by an owner with every constraint out of the way, in a database of its own.
"""

from datetime import timedelta
from typing import Any

import pytest

from dispatch.views.figures import run_report
from tests.dispatch_rows import damage
from tests.town import Town


async def report(town: Town) -> dict[str, Any]:
    async with town.database.work() as work:
        return await run_report(work)


async def test_a_sound_town_has_nothing_to_count(town: Town) -> None:
    await town.assigned()
    await town.trip()
    await town.offer(await town.trip(), await town.driver())
    found = await report(town)
    assert (found["double_assignments"], found["lost_trips"]) == (0, 0)
    assert (found["trips_requested"], found["trips_open"]) == (3, 3)


async def test_two_drivers_of_one_trip_are_counted(town: Town, address: str) -> None:
    trip, _ = await town.assigned()
    other = await town.driver()
    damage(
        address,
        "ALTER TABLE dispatch.assignment DROP CONSTRAINT i03_one_driver_at_a_time",
        f"INSERT INTO dispatch.assignment SELECT trip_id, 2, '{other}', vehicle_id, run_id,"
        f" service_now(), NULL FROM dispatch.assignment WHERE trip_id = '{trip.trip_id}'",
    )
    assert (await report(town))["double_assignments"] == 1


async def test_two_trips_of_one_driver_are_counted(town: Town, address: str) -> None:
    _, driver_id = await town.assigned()
    other, _ = await town.assigned()
    damage(
        address,
        f"UPDATE dispatch.assignment SET driver_id = '{driver_id}'"
        f" WHERE trip_id = '{other.trip_id}'",
    )
    assert (await report(town))["double_assignments"] == 1


DAMAGES = {
    "past its time and still looking":
        "UPDATE dispatch.trip SET expires_at = service_now() - interval '1 hour'"
        " WHERE state = 'matching'",
    "asked for and never looked for":
        "UPDATE dispatch.trip SET state = 'requested', last_seq = 1,"
        " state_since = service_now() - interval '1 hour' WHERE state = 'matching'",
    "booked and never looked for":
        "UPDATE dispatch.trip SET state = 'scheduled', matching_from = service_now()"
        " - interval '1 hour' WHERE state = 'matching'",
    "offered and never ended":
        "UPDATE dispatch.offer SET made_at = '2000-01-01', deadline = service_now() - interval '1 hour'"
        " WHERE state = 'made'",
    "held by a run that ended":
        "UPDATE dispatch.run SET ended_at = service_now()",
    "held by no run at all":
        "UPDATE dispatch.trip SET run_id = trip_id WHERE state = 'assigned'",
    "not where its events left it":
        "DELETE FROM dispatch.trip_event WHERE step = 'accept'",
    "elsewhere than its events left it":
        "UPDATE dispatch.trip SET state = 'unfulfilled' WHERE state = 'matching'",
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
async def test_a_lost_trip_is_counted(town: Town, address: str, name: str) -> None:
    await town.assigned()
    await town.offer(await town.trip(), await town.driver())
    assert (await report(town))["lost_trips"] == 0
    damage(address, DAMAGES[name])
    assert (await report(town))["lost_trips"] == 1


async def shared_and_delivered(town: Town, address: str) -> str:
    """A rider who shares, brought to the end a minute within what was promised."""
    driver_id = await town.driver()
    trip = await town.trip(is_shared=True)
    await town.accept(await town.offer(trip, driver_id), driver_id)
    await town.board(await town.arrive(trip, driver_id), driver_id)
    await town.complete(trip, driver_id)
    times = (
        "UPDATE dispatch.trip SET arrived_at = service_now() - interval '20 minutes',"
        " boarded_at = service_now() - interval '18 minutes',"
        " ended_at = service_now() - interval '5 minutes'",
        "UPDATE dispatch.run_stop SET expected_at = service_now() - interval '1 hour', done_at ="
        " service_now() - CASE kind WHEN 'pickup' THEN interval '18' minute ELSE interval '5' minute END",
        "UPDATE dispatch.run_stop SET latest_at = service_now() - CASE kind"
        " WHEN 'pickup' THEN interval '19' minute ELSE interval '6' minute END",
    )
    for statement in times:
        damage(address, statement)
    return str(trip.trip_id)


async def test_a_promise_is_about_the_car_not_about_a_rider_who_lets_it_wait(
    town: Town, address: str
) -> None:
    """At the kerb in time; a minute late at the end, of the two that it waited for this rider."""
    await shared_and_delivered(town, address)
    assert (await report(town))["promises_broken"] == 0


@pytest.mark.parametrize("what", ["pickup", "dropoff"])
async def test_a_broken_promise_is_counted(town: Town, address: str, what: str) -> None:
    await shared_and_delivered(town, address)
    damage(
        address,
        f"UPDATE dispatch.run_stop SET latest_at = latest_at - interval '2 minutes' WHERE kind = '{what}'",
    )
    assert (await report(town))["promises_broken"] == 1


async def test_what_was_to_happen_is_judged_by_when_the_run_ended(town: Town, address: str) -> None:
    """What passed while a service stood still is nobody's delay."""
    await town.trip()
    past = "UPDATE dispatch.trip SET expires_at = service_now() - interval '10 minutes'"
    damage(address, past)
    assert (await report(town))["lost_trips"] == 1
    async with town.database.work() as work:
        ended = work.now - timedelta(minutes=9)
        assert (await run_report(work, at=ended))["lost_trips"] == 0
