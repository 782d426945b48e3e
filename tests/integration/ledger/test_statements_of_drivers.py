"""Statements from a real database: they say what the books hold, in a fixed number of statements."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest

from foundation.identifiers import DriverId, ShiftId
from foundation.money import Money
from ledger import days, service
from ledger.statements.errors import NothingOfThat, StatementDisagrees
from ledger.statements.period import week_of
from ledger.statements.service import (
    Checked,
    shift_statement,
    trip_statement,
    week_statement,
)
from ledger.statements.values import Sum, What
from ledger.transfer import Kind, transfer_id
from tests.booked import City, QuotedTrip
from tests.money import USD, numbered
from tests.service_time import move_time, stop_time

NEW_YORK = ZoneInfo("America/New_York")
MONDAY_MORNING = datetime(2024, 3, 11, 14, tzinfo=UTC)
WEEK = week_of(MONDAY_MORNING, NEW_YORK)
SHIFT = ShiftId(numbered(501))
DRIVER = DriverId(numbered(2001))


@pytest.fixture
def monday(database_address: str, city: City) -> str:
    """Service time stands still at ten on a Monday in New York, the day after the clocks changed."""
    stop_time(database_address, at="2024-03-11 14:00+00")
    return database_address


SLOW = 3_000
"""Seconds of a trip that was quoted a quarter of an hour: so long that it is topped up."""


async def a_trip(
    city: City, *, tip: int = 0, metres: int = 5_000, seconds: int | None = None
) -> QuotedTrip:
    """A trip of the driver, settled, on the record and perhaps tipped."""
    trip = await city.held_trip(driver_id=DRIVER, metres=metres)
    await city.settle(trip, await city.fare(trip, seconds=seconds))
    async with city.database.work() as work:
        await service.record_work(
            work, driver_id=DRIVER, shift_id=SHIFT, trip_id=trip.trip_id, seconds_engaged=1_200,
            metres=metres, trips=1,
        )  # fmt: skip
        if tip:
            await service.tip(
                work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=DRIVER,
                amount=Money(tip, USD),
            )  # fmt: skip
    return trip


async def end_shift(city: City, seconds: int) -> None:
    async with city.database.work() as work:
        await service.record_work(work, driver_id=DRIVER, shift_id=SHIFT, seconds_on_shift=seconds)


async def week(city: City, driver_id: DriverId = DRIVER) -> Checked:
    async with city.database.work(still=True) as work:
        return await week_statement(work, driver_id, WEEK, with_costs=True)


async def test_a_week_is_what_the_books_hold_line_by_line(city: City, monday: str) -> None:
    first = await a_trip(city, tip=200)
    second = await a_trip(city, metres=300, seconds=SLOW)
    async with city.database.work() as work:
        await days.reverse(
            work, transfer_id(Kind.TIP, first.trip_id), reason="by mistake", made_by=numbered(77)
        )
    move_time(monday, 3_600)
    await end_shift(city, 7_200)
    checked = await week(city)
    statement = checked.sure()
    fares = [await city.fare(first), await city.fare(second, seconds=SLOW)]
    (total,) = statement.totals
    assert total.sums[Sum.PAY] == sum(fare.pay.pay_minor for fare in fares)
    assert total.sums[Sum.TIPS] == 0
    assert total.closing is not None
    assert total.closing.minor == total.sums[Sum.PAY]
    assert {one.trip_id for one in statement.trips} == {first.trip_id, second.trip_id}
    (shift,) = statement.shifts
    assert (shift.seconds_on_shift, shift.seconds_engaged, shift.trips) == (7_200, 2_400, 2)
    assert statement.work.metres == 5_300
    short = next(one for one in statement.trips if one.trip_id == second.trip_id)
    assert short.floor is not None
    assert (short.floor.version, short.floor.computed_minor) == (1, short.floor.floor_minor)
    assert short.floor.top_up_minor == fares[1].pay.top_up_minor > 0, "so slow that it is topped up"
    (top_up,) = [one for one in statement.lines if one.what is What.TOP_UP]
    assert top_up.floor == short.floor


async def test_what_was_before_the_week_is_its_opening_balance(city: City, monday: str) -> None:
    await a_trip(city)
    move_time(monday, 7 * 24 * 3_600)
    trip = await a_trip(city, tip=300)
    async with city.database.work(still=True) as work:
        later = week_of(work.now, NEW_YORK)
        checked = await week_statement(work, DRIVER, later, with_costs=False)
    (total,) = checked.sure().totals
    fare = await city.fare(trip)
    assert total.opening == Money(fare.pay.pay_minor, USD)
    assert total.closing == Money(2 * fare.pay.pay_minor + 300, USD)
    assert checked.statement.costs is None


async def test_a_shift_over_the_weeks_end_counts_in_each_as_far_as_it_lies_there(
    city: City, monday: str
) -> None:
    to_the_end = WEEK.end - MONDAY_MORNING
    move_time(monday, int(to_the_end.total_seconds()) + 3_600)
    await a_trip(city)
    await end_shift(city, 4 * 3_600)
    statement = (await week(city)).sure()
    assert (statement.work.seconds_on_shift, statement.work.trips) == (3 * 3_600, 0)
    async with city.database.work(still=True) as work:
        after = week_of(WEEK.end, NEW_YORK)
        later = (await week_statement(work, DRIVER, after, with_costs=True)).sure()
    assert (later.work.seconds_on_shift, later.work.trips) == (3_600, 1)
    async with city.database.work(still=True) as work:
        shift = (await shift_statement(work, DRIVER, SHIFT)).sure()
    assert shift.work.seconds_on_shift == 4 * 3_600


async def test_a_trip_and_a_shift_bring_what_they_ever_brought(city: City, monday: str) -> None:
    trip = await a_trip(city)
    other = await a_trip(city)
    move_time(monday, 9 * 24 * 3_600)
    async with city.database.work() as work:
        await service.tip(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=DRIVER,
            amount=Money(250, USD),
        )  # fmt: skip
    pay = (await city.fare(trip)).pay.pay_minor
    async with city.database.work(still=True) as work:
        one = (await trip_statement(work, DRIVER, trip.trip_id)).sure()
        shift = (await shift_statement(work, DRIVER, SHIFT)).sure()
    assert one.totals[0].change == Money(pay + 250, USD)
    assert shift.totals[0].change == Money(2 * pay + 250, USD)
    assert {two.trip_id for two in shift.trips} == {trip.trip_id, other.trip_id}


async def test_what_is_of_another_driver_is_not_told(city: City, monday: str) -> None:
    trip = await a_trip(city)
    stranger = DriverId(numbered(2002))
    async with city.database.work(still=True) as work:
        with pytest.raises(NothingOfThat):
            await trip_statement(work, stranger, trip.trip_id)
        with pytest.raises(NothingOfThat):
            await shift_statement(work, stranger, SHIFT)
    statement = (await week(city, stranger)).sure()
    assert (statement.lines, statement.totals, statement.shifts) == ((), (), ())


@pytest.mark.parametrize("trips", [1, 4])
async def test_a_week_takes_seven_statements_however_many_trips(
    city: City, monday: str, trips: int
) -> None:
    for _ in range(trips):
        await a_trip(city, tip=100)
    async with city.database.work(still=True) as work:
        with city.counting() as sent:
            await week_statement(work, DRIVER, WEEK, with_costs=True)
    assert len(sent) == 7


PLANTED = {
    "the_lines_are_the_change_of_the_balance": "UPDATE ledger.entry SET"
    " made_at = made_at - interval '8 days' WHERE code = 'tip' AND amount_minor < 0",
    "paid_as_the_fare_says": "UPDATE ledger.entry SET amount_minor = amount_minor - 1"
    " WHERE code = 'share' AND amount_minor < 0 AND share_bps > 5000",
    "the_floor_is_reached": "UPDATE ledger.charge SET document ="
    " jsonb_set(document, '{driver_pay,floor_minor}', '1')",
}


@pytest.mark.parametrize("rule", PLANTED)
async def test_a_planted_defect_is_found_and_nothing_is_told(
    city: City, monday: str, owner: psycopg.Connection, rule: str
) -> None:
    await a_trip(city, tip=200)
    await a_trip(city, seconds=SLOW)
    assert (await week(city)).differences == ()
    owner.execute("SET session_replication_role = replica")  # as who owns the machine could
    owner.execute("ALTER TABLE ledger.entry DROP CONSTRAINT rounding_below_one_minor_unit")
    owner.execute(PLANTED[rule])
    checked = await week(city)
    assert rule in {one.rule for one in checked.differences}
    with pytest.raises(StatementDisagrees):
        checked.sure()


def test_the_week_of_these_tests_begins_after_the_change() -> None:
    assert (WEEK.first, WEEK.end - WEEK.start) == (date(2024, 3, 11), timedelta(days=7))
