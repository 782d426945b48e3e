"""The report of a run counts damage: each check is shown a damage that the constraints refuse.

The damage is done by an owner with every constraint out of the way, in a database of its own.
"""

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
