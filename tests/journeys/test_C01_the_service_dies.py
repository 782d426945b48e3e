"""kill -9 at each stage of a trip: after the restart each goes on, and nothing is doubled."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from papers.checking import verify
from tests.journeys.conftest import Found
from tests.journeys.people import Driver, Rider, Town, new_id
from tests.journeys.service import ServiceProcess, free_port
from tests.small_city import corner

STAGES = ("quoted", "booked", "offered", "assigned", "arrived", "on_board", "at_stop", "completed")
# So far apart that each trip's own driver is the only one near.
PLACES = {stage: corner(number % 3 * 2, number // 3 * 2) for number, stage in enumerate(STAGES)}


@pytest.fixture(scope="module")
def process(found_city: Found) -> Iterator[ServiceProcess]:
    city = found_city(
        drivers=12,
        matching_policy={"offer_seconds": 120},
        booking_policy={"position_stale_s": 600, "quote_valid_s": 600},
    )
    running = ServiceProcess(city, free_port())
    running.start()
    yield running
    if running.process is not None:
        running.stop()


@pytest.fixture
async def town(process: ServiceProcess) -> AsyncIterator[Town]:
    town = Town(process)
    yield town
    await town.close()


class Story:
    """One rider, one driver, one trip, and how far it got before the crash."""

    def __init__(self, stage: str, rider: Rider, driver: Driver | None) -> None:
        self.stage, self.rider, self._driver = stage, rider, driver
        self.key, self.body = new_id(), {}
        self.trip: dict = {}

    @property
    def driver(self) -> Driver:
        assert self._driver is not None
        return self._driver

    @property
    def trip_id(self) -> str:
        return self.trip["trip_id"]

    async def until_the_crash(self) -> None:
        goal, rider = corner(5, 5), self.rider
        needs = ["stretcher"] if self.stage in ("quoted", "booked") else []
        quote = await rider.quote(PLACES[self.stage], goal, needs=needs)
        self.body = {"trip_id": new_id(), "quote_id": quote["quote_id"]}
        if self.stage == "quoted":
            return
        self.trip = await rider.post("/rider/v1/trips", self.body, key=self.key)
        if self.stage == "booked":
            return
        self.offer = await self.driver.wait_for_offer(self.trip_id)
        if self.stage == "offered":
            return
        await self.driver.accept(self.offer)
        if self.stage == "assigned":
            return
        await self.driver.arrive(self.trip)
        if self.stage == "arrived":
            return
        await self.driver.step(self.trip_id, "board", {"pin": self.trip["pin"]})
        if self.stage == "at_stop":
            await self.driver.step(self.trip_id, "stop")
        if self.stage == "completed":
            path = f"/driver/v1/trips/{self.trip_id}/complete"
            await self.driver.post(path, key=self.key)

    async def after_the_crash(self) -> None:
        """What was asked before is asked again with its key; then the trip goes on to its end."""
        booked = await self.rider.post("/rider/v1/trips", self.body, key=self.key)
        if self.stage == "quoted":
            self.trip = booked
        assert booked["trip_id"] == self.trip_id
        if self.stage in ("quoted", "booked"):
            await self.rider.post(f"/rider/v1/trips/{self.trip_id}/cancel", {"reason": "crash"})
            return
        if self.stage == "offered":
            await self.driver.accept(self.offer)
        if self.stage in ("offered", "assigned"):
            current = (await self.driver.get("/driver/v1/trips/current"))["trip"]
            assert current["trip_id"] == self.trip_id
            await self.driver.arrive(self.trip)
        if self.stage in ("offered", "assigned", "arrived"):
            await self.driver.step(self.trip_id, "board", {"pin": self.trip["pin"]})
        if self.stage == "at_stop":
            await self.driver.step(self.trip_id, "resume")
        key = self.key if self.stage == "completed" else None
        path = f"/driver/v1/trips/{self.trip_id}/complete"
        answer = await self.driver.ask("POST", path, key=key)
        assert answer.json()["state"] == "completed"
        assert ("idempotent-replayed" in answer.headers) == (self.stage == "completed")
        receipt = await self.rider.get(f"/rider/v1/trips/{self.trip_id}/receipt")
        assert verify(receipt) == []


async def test_trips_at_every_stage_survive_kill_9(town: Town, process: ServiceProcess) -> None:
    stories = []
    for stage in STAGES:
        rider = await town.rider()
        driver = None
        if stage not in ("quoted", "booked"):
            driver = await town.driver(PLACES[stage])
        story = Story(stage, rider, driver)
        await story.until_the_crash()
        stories.append(story)
    follower = next(story for story in stories if story.stage == "on_board")
    async with follower.rider.live("/rider/v1/live", since=0) as before:
        await before.until(lambda m: m.get("event") == "rider_boarded")

    process.kill()
    process.start()

    async with follower.rider.live("/rider/v1/live", since=before.numbers[-1]) as after:
        for story in stories:
            await story.after_the_crash()
        await after.until(lambda m: m.get("event") == "trip_completed")
        assert min(after.numbers) > max(before.numbers)
    await check_the_books(process.city.address, [story.trip_id for story in stories])


async def check_the_books(address: str, trip_ids: list[str]) -> None:
    from khan.report import report_of
    from storage.engine import Database

    database = Database(address)
    try:
        report = await report_of(database)
    finally:
        await database.dispose()
    assert report["double_assignments"] == 0
    assert report["lost_trips"] == 0
    assert report["ledger_imbalance_minor"] == 0
    assert report["trips_open"] == 0
    assert report["trips_completed"] == 6
    with psycopg.connect(address) as connection:
        rows = connection.execute(
            "SELECT trip_id::text, state, end_reason FROM dispatch.trip"
        ).fetchall()
    assert sorted(row[0] for row in rows) == sorted(trip_ids)
    assert {row[1] for row in rows} == {"completed", "cancelled_by_rider"}


async def test_a_term_stops_it_though_sockets_are_open(town: Town, process: ServiceProcess) -> None:
    import asyncio

    rider, driver = await town.rider(), await town.driver(corner(5, 0))
    async with (
        rider.live("/rider/v1/live") as one,
        driver.live("/driver/v1/live") as two,
        rider.live("/public/v1/live"),
    ):
        await one.message("welcome")
        await two.message("welcome")
        # It waits for nobody: were it to wait for these, `stop` would lose its patience.
        code = await asyncio.to_thread(process.stop)
    assert code == 0
    await asyncio.to_thread(process.start)
    assert (await rider.get("/rider/v1/trips"))["trips"] == []


def test_the_log_holds_no_phone_no_name_and_no_place(process: ServiceProcess) -> None:
    """Everything above was logged: identifiers only."""
    log = process.log.read_text(encoding="utf-8")
    assert '"event": "ready"' in log
    assert "Traceback" not in log
    for phone in (*process.city.phones, "+1332555", "3325550"):
        assert phone not in log
    # A duration or a second of the clock may be 40.7 too: they are no place.
    said = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    told = "\n".join(
        json.dumps({name: value for name, value in line.items() if name not in ("ms", "timestamp")})
        for line in said
    )
    for word in ("Rita", "KC 0", "-73.9", "40.7", "lon", "The Office", "Bearer"):
        assert word not in told, word
    for path in (Path(process.city.messages),):
        assert path.stat().st_mode & 0o077 == 0
