"""Which rounds a driver may ask of a trip: those that offered it, else those in which it went on
waiting, and none in which the driver was not on shift."""

from collections.abc import Sequence

import pytest

from dispatch.decision import Decision
from dispatch.errors import TripNotFound
from dispatch.fleet import Fleet
from dispatch.matching.explanation import Reason
from dispatch.position import Position, PositionBoard
from dispatch.round import Dispatcher
from dispatch.service import offers, shifts
from dispatch.trip import Trip
from dispatch.views.decisions import OPEN_ROUNDS_MAX, decisions_of
from foundation.identifiers import DriverId
from foundation.money import Currency
from roads.straight_line import StraightLineEngine
from tests.town import STATION, Town


async def a_round(town: Town, *, at_the_station: Sequence[DriverId]) -> None:
    """One round in which those drivers stand at the station; it is stored."""
    board = PositionBoard()
    async with town.database.work() as work:
        await Fleet(board, currency=Currency("USD")).load(work)
        for driver_id in at_the_station:
            board.report(
                Position(driver_id=driver_id, shift_id=town.shifts[driver_id], seq=1, point=STATION,
                         heading=0, at=work.now)
            )  # fmt: skip
    await Dispatcher(
        town.database, roads=StraightLineEngine(), network_digest="0" * 64, board=board,
        stale_seconds=3600,
    ).run_round()  # fmt: skip


async def told(town: Town, trip: Trip, driver_id: DriverId) -> list[str]:
    """The codes of the answer, as the driver's entrance comes to it."""
    async with town.database.reading() as work:
        stored = await decisions_of(work, trip.trip_id, driver_id)
    for one in stored:
        decision = Decision.read(one)
        if decision.knows_trip(trip.trip_id):
            reasons: Sequence[Reason] = decision.why_not(trip.trip_id, driver_id)
            return [reason.code for reason in reasons]
    raise TripNotFound(trip.trip_id)


async def test_a_trip_that_nobody_was_offered_is_explained(town: Town) -> None:
    driver_id = await town.driver()
    trip = await town.trip(needs=("wheelchair",))
    await a_round(town, at_the_station=[driver_id])
    assert await told(town, trip, driver_id) == ["limit_needs", "nobody_offered", "open_needs"]


async def test_of_many_rounds_the_latest_answers(town: Town) -> None:
    driver_id, other = await town.driver(), await town.driver()
    trip = await town.trip(needs=("wheelchair",))
    for _ in range(OPEN_ROUNDS_MAX + 1):
        await a_round(town, at_the_station=[other])
    assert (await told(town, trip, driver_id))[0] == "driver_not_free", "not heard of for long"
    await a_round(town, at_the_station=[driver_id])
    assert (await told(town, trip, driver_id))[0] == "limit_needs"


async def test_a_round_that_offered_it_to_somebody_answers_before_all_others(town: Town) -> None:
    driver_id, other = await town.driver(), await town.driver()
    trip = await town.trip()
    await a_round(town, at_the_station=[driver_id, other])
    async with town.database.work() as work:
        offer = await offers.store.find_open_of_trip(work, trip.trip_id)
        assert offer is not None
        await offers.decline_offer(
            work, offer_id=offer.offer_id, driver_id=offer.driver_id, reason=None
        )
    await a_round(town, at_the_station=[offer.driver_id])
    (not_asked,) = {driver_id, other} - {offer.driver_id}
    assert await told(town, trip, offer.driver_id) == ["it_is_yours"]
    assert await told(town, trip, not_asked) == ["not_you_equal"]


async def test_who_was_not_on_shift_hears_as_of_no_trip_at_all(town: Town) -> None:
    driver_id = await town.driver()
    gone = await town.driver()
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=town.shifts[gone], driver_id=gone)
    trip = await town.trip(needs=("wheelchair",))
    await a_round(town, at_the_station=[driver_id])
    late = await town.driver()
    for who in (gone, late):
        with pytest.raises(TripNotFound):
            await told(town, trip, who)


async def test_a_trip_no_round_has_seen_is_not_found(town: Town) -> None:
    driver_id = await town.driver()
    await a_round(town, at_the_station=[driver_id])
    trip = await town.trip()
    with pytest.raises(TripNotFound):
        await told(town, trip, driver_id)


async def test_rounds_while_it_was_offered_or_held_are_passed_over(town: Town) -> None:
    """It waited, was offered and taken while this driver was at home, and others went on waiting."""
    driver_id, other = await town.driver(), await town.driver()
    trip = await town.trip(needs=("wheelchair",))
    await town.trip(needs=("wheelchair",))
    await a_round(town, at_the_station=[driver_id])
    async with town.database.work() as work:
        await shifts.end_shift(work, shift_id=town.shifts[driver_id], driver_id=driver_id)
    offer_id = await town.offer(trip, other)
    await town.go_on_shift(driver_id)
    await a_round(town, at_the_station=[driver_id])
    await town.accept(offer_id, other)
    await a_round(town, at_the_station=[driver_id])
    async with town.database.reading() as work:
        (only,) = await decisions_of(work, trip.trip_id, driver_id)
    assert Decision.read(only).knows_trip(trip.trip_id)
    assert await told(town, trip, driver_id) == ["limit_needs", "nobody_offered", "open_needs"]
