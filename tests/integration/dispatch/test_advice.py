"""Advice where to wait, from the tables to what a driver is told; and that no round knows of it."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dispatch.advice import AdviceBoard, Told, Turn
from dispatch.advising import COUNTED_SECONDS_MIN, Adviser, recent_requests
from dispatch.decision import Decision, StoredBytes
from dispatch.fleet import Fleet
from dispatch.matching.round_input import RoundInput
from dispatch.matching.snapshot import FreeDriver, Snapshot
from dispatch.position import PositionBoard
from dispatch.round import Dispatcher
from dispatch.service import requests
from dispatch.store.demand import CELLS_A_DEGREE, AskedLately, asked_lately
from dispatch.store.rounds import StoredRound, find_round, list_rounds
from dispatch.trip import Actor, By, Trip
from dispatch.waiting_zones import WaitingZones
from foundation.identifiers import DriverId
from foundation.measures import Point
from foundation.money import Currency
from roads.dijkstra import DijkstraEngine
from roads.pack import CityPack
from roads.straight_line import StraightLineEngine
from rulebook.rule import RuleKind
from storage.engine import Database
from tests.dispatch_rows import damage
from tests.integration.dispatch.test_statements_of_a_trip import counted
from tests.rules import example_bodies
from tests.service_time import stop_time
from tests.small_city import corner, write_small_city
from tests.town import Town

USD = Currency("USD")
QUIET, BUSY = corner(0, 0), corner(11, 11)


@dataclass(frozen=True)
class Streets:
    """A city large enough for several waiting zones, and its roads."""

    pack: CityPack
    roads: DijkstraEngine


@pytest.fixture(scope="module")
def streets(tmp_path_factory: pytest.TempPathFactory) -> Streets:
    pack = CityPack.open(write_small_city(tmp_path_factory.mktemp("city") / "town", size=12))
    return Streets(pack, DijkstraEngine(pack.network))


@pytest.fixture
async def town(database_address: str, database: Database) -> Town:
    """A town whose service time stands still."""
    stop_time(database_address)
    return await Town.build(database)


async def board_of(database: Database) -> PositionBoard:
    board = PositionBoard()
    async with database.work() as work:
        await Fleet(board, currency=USD).load(work)
    return board


async def advised(
    database: Database, streets: Streets, board: PositionBoard | None = None
) -> tuple[Turn, AdviceBoard]:
    """One turn of a service that has just started on this database."""
    advice = AdviceBoard()
    adviser = Adviser(
        database, advice, pack=streets.pack, roads=streets.roads,
        board=board if board is not None else await board_of(database), stale_seconds=60,
    )  # fmt: skip
    assert await adviser.turn_if_due()
    assert advice.latest is not None
    return advice.latest, advice


def told(advice: AdviceBoard, board: PositionBoard, driver_id: DriverId) -> Told:
    assert advice.latest is not None
    return advice.tell(board.find(driver_id), now=advice.latest.at)


def aged(trip: Trip, seconds: int) -> str:
    return (
        f"UPDATE dispatch.trip SET matching_from = matching_from - interval '{seconds} seconds',"
        f" requested_at = requested_at - interval '{seconds} seconds'"
        f" WHERE trip_id = '{trip.trip_id}'"
    )


async def cancelled(town: Town, place: Point) -> None:
    """A trip asked for at a place, and taken back."""
    trip = await town.trip(pickup=place)
    by = By(actor=Actor.RIDER, actor_id=trip.rider_id)
    async with town.database.work() as work:
        await requests.cancel(work, trip_id=trip.trip_id, rider_id=trip.rider_id, by=by)


async def test_requests_are_counted_by_place_of_the_last_while(town: Town) -> None:
    for _ in range(3):
        await town.trip(pickup=BUSY)
    quiet, before = await town.trip(pickup=QUIET), await town.trip(pickup=QUIET)
    damage(town.database.address, aged(quiet, 3500), aged(before, 3700))
    async with town.database.work() as work:
        found, now = await asked_lately(work, seconds=3600), work.now
    by_place = {
        (round(lon, 3), round(lat, 3)): count
        for (lon, lat), count in zip(found.middles.tolist(), found.counts.tolist(), strict=True)
    }
    assert sorted(by_place.values()) == [1, 3]
    # The middle of a cell of a thousandth of a degree, not where anybody stood.
    apart = np.abs(found.middles[:, None] - np.array([(p.lon, p.lat) for p in (QUIET, BUSY)]))
    assert apart.max(axis=2).min(axis=1).max() <= 0.5 / CELLS_A_DEGREE + 1e-9
    assert np.allclose((found.middles * CELLS_A_DEGREE) % 1, 0.5)
    assert found.first_at == now - timedelta(seconds=3700)


async def test_who_booked_ahead_is_not_counted(town: Town) -> None:
    await town.trip(pickup=BUSY)
    await town.trip(pickup=QUIET)
    damage(
        town.database.address,
        "UPDATE dispatch.trip SET booked_for = service_now()"
        f" WHERE pickup_lon = {QUIET.lon} AND pickup_lat = {QUIET.lat}",
    )
    async with town.database.reading() as work:
        assert (await asked_lately(work, seconds=3600)).counts.tolist() == [1]


async def test_counting_uses_an_index_and_reads_no_rider(database: Database) -> None:
    await Town.build(database)
    with counted(database) as sent:
        async with database.reading() as work:
            await asked_lately(work, seconds=3600)
    (statement,) = sent
    assert "rider" not in statement
    plain = statement
    for number, value in enumerate(("1000", "3600"), start=1):
        plain = plain.replace(f"${number}::INTEGER", value).replace(f"${number}", value)
    async with database.work() as work:
        await work.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join((await work.execute(text(f"EXPLAIN {plain}"))).scalars())
    assert plan.count("trip_waited") == 2, plan


async def test_a_young_city_is_not_taken_for_a_busy_one(streets: Streets) -> None:
    zones = WaitingZones.of(streets.pack, streets.roads)
    now = datetime(2030, 1, 1, tzinfo=UTC)
    place = np.array([[BUSY.lon, BUSY.lat]])

    def within(**ago: int) -> int:
        asked = AskedLately(middles=place, counts=np.array([4]), first_at=now - timedelta(**ago))
        recent = recent_requests(zones, asked, at=now, memory_seconds=3600)
        assert recent.counts.tolist() == [4 * (zone == zones.at(BUSY)) for zone in range(5)]
        return recent.within_ms // 1000

    assert within(seconds=5) == COUNTED_SECONDS_MIN
    assert within(seconds=1800) == 1800
    assert within(days=3) == 3600


async def test_a_free_driver_is_told_to_go_to_where_trips_are_asked_for(
    town: Town, streets: Streets
) -> None:
    driver, other = await town.driver(), await town.driver()
    await town.stand(driver, QUIET)
    await town.stand(other, BUSY)
    for _ in range(4):
        await town.trip(pickup=BUSY)
    board = await board_of(town.database)
    turn, advice = await advised(town.database, streets, board)
    found = told(advice, board, driver)
    assert found.goes_to is not None
    assert found.goes_to.zone == turn.zones.at(BUSY)
    # 25 s a street: from the south-west corner to the heart of the zone at the other end.
    assert 300 < found.goes_to.drive_seconds <= 22 * 25
    facts = dict(found.reasons[1].facts) | dict(found.reasons[2].facts)
    # Four in the ten minutes that are counted at least.
    assert facts["requests_hour_there"] == 24
    assert (facts["cars_there"], facts["cars_here"]) == (2, 1)
    stays = told(advice, board, other)
    assert [reason.code for reason in stays.reasons] == ["advice_best_here"]
    # Not due again before the policy says so.
    again = Adviser(
        town.database, advice, pack=streets.pack, roads=streets.roads, board=board,
        stale_seconds=60,
    )  # fmt: skip
    assert not await again.turn_if_due()
    assert advice.latest is turn


async def test_a_run_about_to_end_counts_where_it_ends_and_its_driver_is_not_advised(
    town: Town, streets: Streets
) -> None:
    driver = await town.driver()
    await town.stand(driver, QUIET)
    trip = await town.trip(pickup=QUIET, dropoff=BUSY)
    await town.accept(await town.offer(trip, driver), driver)
    damage(town.database.address, "UPDATE dispatch.run_stop SET expected_at = service_now()")
    turn, _ = await advised(town.database, streets)
    assert dict(turn.cars) == {}
    zone = turn.zones.at(QUIET)
    # One request of the quiet corner, in ten minutes; nobody is there.
    first = round((1 - np.exp(-2.0)) * 300_000)
    assert turn.place_worth_ms[zone] == first
    # And where the run ends nobody asked.
    assert turn.place_worth_ms[turn.zones.at(BUSY)] == 0


async def test_a_turn_is_as_many_statements_for_many_drivers_as_for_two(
    town: Town, streets: Streets
) -> None:
    counts = []
    for more in (2, 6):
        for number in range(more):
            await town.stand(await town.driver(), corner(number, 0))
            await town.trip(pickup=corner(11, number))
        board = await board_of(town.database)
        with counted(town.database) as sent:
            turn, _ = await advised(town.database, streets, board)
        counts.append(len(sent))
    assert len(turn.cars) == 8
    assert counts == [4, 4], sent


async def test_the_order_in_which_drivers_are_known_decides_nothing(
    town: Town, streets: Streets
) -> None:
    for number in range(5):
        await town.stand(await town.driver(), corner(number % 2, 0))
        await town.trip(pickup=corner(11, 11 - number))
    board = await board_of(town.database)
    backwards = PositionBoard()
    for known in reversed(list(board)):
        backwards.begin_shift(known)
    first, _ = await advised(town.database, streets, board)
    second, _ = await advised(town.database, streets, backwards)
    assert dict(first.cars) == dict(second.cars)
    assert first.advised > 0
    assert first.place_worth_ms.tolist() == second.place_worth_ms.tolist()


async def test_a_turn_and_every_answer_write_nothing(
    database_address: str, town: Town, streets: Streets
) -> None:
    driver = await town.driver()
    await town.stand(driver, QUIET)
    await town.trip(pickup=BUSY)
    name = town.database.engine.url.database
    with psycopg.connect(database_address, autocommit=True) as owner:
        owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    only_reads = Database(database_address)
    try:
        with pytest.raises(DBAPIError, match="read-only"):
            async with only_reads.work() as work:
                await work.execute(text("DELETE FROM dispatch.position"))
        board = await board_of(only_reads)
        _, advice = await advised(only_reads, streets, board)
        assert told(advice, board, driver).goes_to is not None
    finally:
        await only_reads.dispose()


async def round_of(database: Database, advice: AdviceBoard, board: PositionBoard) -> StoredRound:
    """One round of a service with this advice."""
    dispatcher = Dispatcher(
        database, roads=StraightLineEngine(), network_digest="0" * 64, board=board,
        stale_seconds=60, advice=advice,
    )  # fmt: skip
    assert (await dispatcher.run_round()).offers == 1
    async with database.work() as work:
        found = [await find_round(work, one.round_id) for one in await list_rounds(work, most=5)]
    (stored,) = found
    assert stored is not None
    return stored


def seen_by(stored: StoredRound) -> Snapshot:
    return RoundInput.decode(stored.input).snapshot


async def _scene(town: Town) -> tuple[DriverId, DriverId]:
    first, second = await town.driver(), await town.driver()
    await town.stand(first, QUIET)
    await town.stand(second, corner(1, 1))
    await cancelled(town, QUIET)  # where they stand is worth something, too
    await town.trip(pickup=BUSY)
    await town.database.engine.dispose()
    return first, second


async def test_a_round_is_the_same_whether_or_not_anybody_was_advised_or_asked(
    town: Town, streets: Streets, copy_of: Callable[[Database], Database]
) -> None:
    drivers = await _scene(town)
    twin = copy_of(town.database)
    board, unadvised = await board_of(town.database), await board_of(twin)
    _, advice = await advised(town.database, streets, board)
    assert any(told(advice, board, driver_id).goes_to for driver_id in drivers)
    with_advice = await round_of(town.database, advice, board)
    without = await round_of(twin, AdviceBoard(), unadvised)
    assert with_advice.input_digest == without.input_digest
    assert with_advice.plan_digest == without.plan_digest


async def test_where_places_are_weighed_it_matters_to_nobody_who_asked(
    database_address: str,
    database: Database,
    streets: Streets,
    copy_of: Callable[[Database], Database],
) -> None:
    stop_time(database_address)
    town = await _weighing_town(database)
    drivers = await _scene(town)
    twin = copy_of(town.database)
    rounds = []
    for place, asks in ((town.database, True), (twin, False)):
        board = await board_of(place)
        _, advice = await advised(place, streets, board)
        if asks:
            answers = [told(advice, board, driver_id) for driver_id in drivers * 3]
            assert any(answer.goes_to for answer in answers)
        rounds.append(await round_of(place, advice, board))
    asked, silent = rounds
    assert asked.input_digest == silent.input_digest
    assert (asked.plan_digest, asked.plan) == (silent.plan_digest, silent.plan)


async def test_a_snapshot_says_what_a_place_is_worth_and_the_round_is_decided_again(
    database_address: str, database: Database, streets: Streets
) -> None:
    stop_time(database_address)
    town = await _weighing_town(database)
    quiet, busy = await town.driver(), await town.driver()
    await town.stand(quiet, QUIET)
    await town.stand(busy, BUSY)
    for place in (BUSY, BUSY, QUIET):
        await cancelled(town, place)
    await town.trip(pickup=corner(6, 6))
    board = await board_of(database)
    turn, advice = await advised(database, streets, board)
    stored = await round_of(database, advice, board)
    worth = {row.driver_id: row.place_worth_ms for row in seen_by(stored).drivers}
    assert worth == {
        quiet: turn.place_worth_ms[turn.zones.at(QUIET)],
        busy: turn.place_worth_ms[turn.zones.at(BUSY)],
    }
    assert 0 < worth[quiet] < worth[busy]
    decision = Decision.read(
        StoredBytes(round_id=stored.round_id, at=stored.at, input=stored.input, plan=stored.plan)
    )
    assert decision.replay().digest == stored.plan_digest


async def _weighing_town(database: Database) -> Town:
    policy = example_bodies()[RuleKind.MATCHING_POLICY]
    policy["weights"] |= {"place": 1.0}
    # Above the dearest pair, whatever the other fields of the example are: a place adds to it.
    policy |= {"unmatched_seconds": 7200}
    return await Town.build(database, matching_policy=policy)


def test_a_snapshot_has_no_word_for_advice() -> None:
    """Whoever adds one decides anew what a round may know of a driver."""
    fields = {field.name for field in dataclasses.fields(FreeDriver)}
    known = {"driver_id", "place", "free_at_ms", "seats", "vehicle_class", "shift_ends_at_ms",
             "driving_seconds_left", "heading", "equipment", "zones", "homeward",
             "range_metres", "earned_minor", "shift_seconds", "last_offered_at_ms",
             "place_worth_ms"}  # fmt: skip
    assert fields <= known
    assert fields >= {"place", "place_worth_ms"}
