"""What a driver is told at an instant: where to wait, or plainly why there is no advice."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dispatch.advice import AdviceBoard, Told, Turn, worth_of_places
from dispatch.matching.advice import CarAdvice, ZoneTerms
from dispatch.matching.demand import RecentRequests
from dispatch.matching.reposition import STAY
from dispatch.position import Held, OnShift, Phase, Position
from dispatch.waiting_zones import WaitingZones
from foundation.identifiers import UUID, DriverId, ShiftId, TripId, VehicleId
from foundation.measures import Point
from roads.dijkstra import DijkstraEngine
from roads.pack import CityPack
from tests.advice_scenes import RULE
from tests.small_city import corner, write_small_city

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ME, SHIFT = DriverId(UUID(int=1)), ShiftId(UUID(int=2))
SOUTH_WEST, NORTH_EAST = corner(0, 0), corner(11, 11)


@pytest.fixture(scope="module")
def zones(tmp_path_factory: pytest.TempPathFactory) -> WaitingZones:
    pack = CityPack.open(write_small_city(tmp_path_factory.mktemp("city") / "town", size=12))
    return WaitingZones.of(pack, DijkstraEngine(pack.network))


def driver(**changes: object) -> OnShift:
    known = OnShift(
        driver_id=ME, shift_id=SHIFT, vehicle_id=VehicleId(UUID(int=3)), seats=4,
        vehicle_class="standard", equipment=(), started_at=NOON - timedelta(hours=2),
        ends_by=NOON + timedelta(hours=2), free_since=NOON, position=standing(SOUTH_WEST),
    )  # fmt: skip
    return replace(known, **changes)  # type: ignore[arg-type]


def standing(place: Point) -> Position:
    return Position(driver_id=ME, shift_id=SHIFT, seq=1, point=place, heading=0, at=NOON)


def turn_of(zones: WaitingZones, car: CarAdvice, **changes: object) -> Turn:
    turn = Turn(
        at=NOON, zones=zones, rule=RULE, cars={ME: car},
        place_worth_ms=np.arange(len(zones)) * 1000,
        recent=RecentRequests(counts=np.full(len(zones), 12), within_ms=3_600_000),
        expected_hour=np.full(len(zones), 12.0),
    )  # fmt: skip
    return replace(turn, **changes)  # type: ignore[arg-type]


def away(zones: WaitingZones) -> CarAdvice:
    here = ZoneTerms(requests_hour=0, cars=1, worth_ms=0)
    there = ZoneTerms(requests_hour=6, cars=1, worth_ms=200_000)
    return CarAdvice(
        zone=zones.at(NORTH_EAST), here=here, there=there, drive_ms=99_001, drive_counts_ms=9_901
    )


def codes(told: Told) -> list[str]:
    return [reason.code for reason in told.reasons]


def test_zones_of_a_city_have_hearts_on_its_streets_and_names(zones: WaitingZones) -> None:
    assert len(zones) == 5
    assert zones.at(SOUTH_WEST) != zones.at(NORTH_EAST)
    assert [zones.at(heart) for heart in zones.hearts] == list(range(5))
    assert set(zones.names) <= {"West End", "East End"}  # the town's streets have no names
    assert zones.snaps.metres.max() < 1.0


def test_a_free_driver_is_told_where_to_go_and_why(zones: WaitingZones) -> None:
    board = AdviceBoard()
    board.publish(turn_of(zones, away(zones)))
    told = board.tell(driver(), now=NOON + timedelta(seconds=30))
    assert told.goes_to is not None
    assert told.goes_to.zone == zones.at(NORTH_EAST)
    assert told.goes_to.place == zones.hearts[told.goes_to.zone]
    assert told.goes_to.drive_seconds == 100  # rounded up: nobody is promised a second too few
    assert codes(told) == ["advice_worth_more_there", "advice_requests", "advice_cars"]
    assert told.as_of == NOON
    assert told.stands_until == NOON + timedelta(seconds=2 * RULE.every_seconds)


def test_who_has_arrived_is_told_to_stay_there(zones: WaitingZones) -> None:
    board = AdviceBoard()
    board.publish(turn_of(zones, away(zones)))
    told = board.tell(driver(position=standing(NORTH_EAST)), now=NOON)
    assert (told.goes_to, codes(told)) == (None, ["advice_there"])


def test_who_is_best_where_they_are_is_told_so_with_numbers(zones: WaitingZones) -> None:
    board = AdviceBoard()
    here = ZoneTerms(requests_hour=6, cars=1, worth_ms=200_000)
    board.publish(turn_of(zones, CarAdvice(zone=STAY, here=here)))
    told = board.tell(driver(), now=NOON)
    assert (told.goes_to, codes(told)) == (None, ["advice_best_here"])
    assert told.reasons[0].facts == {
        "requests_hour_here": 6,
        "cars_here": 1,
        "worth_here_seconds": 200,
    }


@pytest.mark.parametrize(
    ("known", "later", "code"),
    [
        (None, 0, "advice_off_shift"),
        (driver(trips={TripId(UUID(int=9)): Held(Phase.TO_PICKUP)}), 0, "advice_under_way"),
        (driver(position=None), 0, "advice_no_position"),
        (driver(ends_by=NOON + timedelta(seconds=1200)), 0, "advice_shift_ends"),
        (driver(range_metres=8_000.0), 0, "advice_range"),
        (driver(driver_id=DriverId(UUID(int=7))), 0, "advice_not_yet"),
        (driver(), 240, "advice_not_yet"),  # nobody worked it out again: it has lapsed
    ],
)
def test_without_advice_the_reason_is_said(
    zones: WaitingZones, known: OnShift | None, later: int, code: str
) -> None:
    board = AdviceBoard()
    board.publish(turn_of(zones, away(zones)))
    told = board.tell(known, now=NOON + timedelta(seconds=later))
    assert (told.goes_to, codes(told)) == (None, [code])
    # What was worked out for this driver has a time, also if it is not for them to do.
    assert (told.as_of is None) == (told.stands_until is None) == (code != "advice_range")


def test_before_the_first_turn_there_is_no_advice_and_no_place_is_worth_anything() -> None:
    board = AdviceBoard()
    assert codes(board.tell(driver(), now=NOON)) == ["advice_not_yet"]
    assert worth_of_places(board.latest, [SOUTH_WEST, NORTH_EAST]) == [0, 0]


def test_places_are_worth_what_their_zone_is(zones: WaitingZones) -> None:
    turn = turn_of(zones, away(zones))
    found = worth_of_places(turn, [SOUTH_WEST, NORTH_EAST])
    assert found == [1000 * zones.at(SOUTH_WEST), 1000 * zones.at(NORTH_EAST)]
    assert worth_of_places(turn, []) == []


def test_telling_changes_nothing_that_anybody_reads(zones: WaitingZones) -> None:
    board, turn, known = AdviceBoard(), turn_of(zones, away(zones)), driver()
    board.publish(turn)
    before = (board.latest, board.demand.latest, dict(turn.cars), repr(known))
    first = board.tell(known, now=NOON)
    assert board.tell(known, now=NOON) == first
    assert (board.latest, board.demand.latest, dict(turn.cars), repr(known)) == before


async def test_whoever_waits_hears_of_every_turn(zones: WaitingZones) -> None:
    board = AdviceBoard()
    for _ in range(2):
        waits = [asyncio.create_task(board.next_turn()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waits)
        turn = turn_of(zones, away(zones))
        board.publish(turn)
        assert await asyncio.gather(*waits) == [turn] * 3
        assert turn.goal_of(ME) == zones.at(NORTH_EAST)
        assert turn.goal_of(DriverId(UUID(int=7))) is None
