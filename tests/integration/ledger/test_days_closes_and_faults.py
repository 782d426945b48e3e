"""Days sealed by the city's midnights, periods closed, mistakes taken back, and faults found."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import psycopg
import pytest

from foundation.money import Money
from ledger import days, service, views
from ledger.chain import SealedDay
from ledger.errors import (
    DayNotSealed,
    NotReversible,
    PeriodClosedAlready,
    ReversedAlready,
    TransferNotFound,
)
from ledger.store import checks
from ledger.store.days import list_sealed_days
from ledger.transfer import Kind, transfer_id
from tests.book_rows import Writer, named
from tests.booked import City, QuotedTrip
from tests.money import USD, numbered
from tests.payout_plants import PAYOUTS_PLANTED
from tests.service_time import move_time, stop_time

NEW_YORK = ZoneInfo("America/New_York")
TREASURER = numbered(77)
HOUR = 3600
MORNING = datetime(2024, 3, 9, 13, tzinfo=UTC)


@pytest.fixture
def at_eight(database_address: str, city: City) -> Iterator[str]:
    """Service time stands still at eight in the morning in New York, the day before clocks change."""
    stop_time(database_address, at="2024-03-09 13:00+00")
    return database_address


async def seal(city: City) -> SealedDay | None:
    """Seal the next day, if it is over."""
    async with city.database.work() as work:
        return await days.seal_next_day(work, NEW_YORK)


async def close(city: City, number: int, ends_at: datetime) -> dict[str, int]:
    """Close the period that ends then."""
    async with city.database.work() as work:
        results = await days.close_period(
            work, period_id=numbered(number), ends_at=ends_at, closed_by=TREASURER
        )
    return {str(currency): minor for currency, minor in results.items()}


async def tip(city: City, trip: QuotedTrip, minor: int) -> None:
    """Tip the trip's driver."""
    async with city.database.work() as work:
        await service.tip(
            work, trip_id=trip.trip_id, rider_id=trip.rider_id, driver_id=trip.driver_id,
            amount=Money(minor, USD),
        )  # fmt: skip


async def test_days_are_sealed_by_the_citys_midnights_one_after_another(
    city: City, at_eight: str
) -> None:
    assert await seal(city) is None, "nothing was entered yet"
    await city.settled_trip()
    assert await seal(city) is None, "the day is not over"
    move_time(at_eight, 16 * HOUR + 4 * 60)
    assert await seal(city) is None, "a day waits for what began before its end"
    move_time(at_eight, 60)
    first = await seal(city)
    assert first is not None
    assert (first.day, first.transfers) == (date(2024, 3, 9), 2)
    assert first.starts_at == datetime(2024, 3, 9, 5, tzinfo=UTC)
    move_time(at_eight, 24 * HOUR)
    second = await seal(city)
    assert second is not None
    assert (second.ends_at - second.starts_at).total_seconds() == 23 * HOUR
    assert await seal(city) is None
    async with city.database.work() as work:
        assert await list_sealed_days(work, after=0, limit=9) == [first, second]


async def test_a_period_moves_its_result_to_the_surplus_once(city: City, at_eight: str) -> None:
    await city.settled_trip()
    move_time(at_eight, 17 * HOUR)
    midnight = datetime(2024, 3, 10, 5, tzinfo=UTC)
    with pytest.raises(DayNotSealed):
        await close(city, 1, midnight)
    await seal(city)
    async with city.database.work() as work:
        income = -(await views.balances(work))[(days.Role.COOPERATIVE, USD)]
    assert income > 0
    assert await close(city, 1, midnight) == {"USD": income}
    async with city.database.work() as work:
        after = await views.balances(work)
    assert after[(days.Role.SURPLUS, USD)] == -income
    assert after[(days.Role.COOPERATIVE, USD)] == 0
    with pytest.raises(PeriodClosedAlready):
        await close(city, 2, midnight)
    move_time(at_eight, 24 * HOUR)
    await seal(city)
    assert await close(city, 2, midnight.replace(day=11, hour=4)) == {}


async def test_a_tip_by_mistake_is_taken_back_once(city: City, at_eight: str) -> None:
    trip = await city.settled_trip()
    await tip(city, trip, 10_000)
    given = transfer_id(Kind.TIP, trip.trip_id)
    async with city.database.work() as work:
        await days.reverse(work, given, reason="100 instead of 1.00", made_by=TREASURER)
    async with city.database.work() as work:
        assert (await views.fare_of_trip(work, trip.trip_id)).tip.minor == 0
        statement = await views.rider_statement(
            work, trip.rider_id, datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
        )
    assert statement.owed == (trip.quote.total,)
    assert statement.lines[-1].why == "put right: 100 instead of 1.00"
    with pytest.raises(ReversedAlready):
        async with city.database.work() as work:
            await days.reverse(work, given, reason="again", made_by=TREASURER)


async def test_what_is_not_taken_back(city: City) -> None:
    trip = await city.settled_trip()
    for wrong, refusal in (
        (transfer_id(Kind.FARE, trip.trip_id), NotReversible),
        (transfer_id(Kind.HOLD, trip.trip_id), NotReversible),
        (transfer_id(Kind.TIP, trip.trip_id), TransferNotFound),
    ):
        with pytest.raises(refusal):
            async with city.database.work() as work:
                await days.reverse(work, wrong, reason="a try", made_by=TREASURER)


# --- faults

PLANTED = {
    "sums_to_zero": "UPDATE ledger.entry SET amount_minor = amount_minor + 1"
    " WHERE code = 'tip' AND amount_minor > 0",
    "never_extended": "DELETE FROM ledger.entry WHERE code = 'tip'",
    "entry_of_a_transfer": "UPDATE ledger.entry SET account_id = gen_random_uuid()"
    " WHERE code = 'refund' AND amount_minor > 0",
    "the_rider_pays_the_total": "UPDATE ledger.charge SET total_minor = total_minor + 1",
    "the_fare_is_the_quote_and_itemised_changes": "UPDATE ledger.charge SET document ="
    """ jsonb_set(document, '{lines,0,code}', '"waiting"')""",
    "shares_follow_the_adopted_split": "UPDATE ledger.entry SET share_of_minor = share_of_minor + 1"
    " WHERE share_bps > 5000",
    "shares_by_largest_remainder": "UPDATE ledger.entry SET amount_minor = amount_minor"
    " + CASE share_bps WHEN (SELECT max(share_bps) FROM ledger.entry) THEN -1 ELSE 1 END"
    " WHERE share_bps IN ((SELECT max(share_bps) FROM ledger.entry),"
    " (SELECT min(share_bps) FROM ledger.entry))",
    "a_charge_has_its_lines": "DELETE FROM ledger.charge",
    "ends_what_is_pending": "UPDATE ledger.transfer SET resolves = gen_random_uuid()"
    " WHERE kind = 'fare'",
    "linked_come_together": "UPDATE ledger.transfer SET link_id = gen_random_uuid(), links = 2"
    " WHERE kind = 'tip'",
    "never_reversed": "UPDATE ledger.transfer SET kind = 'payment', trip_id = NULL"
    " WHERE transfer_id = (SELECT reverses FROM ledger.transfer WHERE kind = 'reversal')",
    "days_follow_one_another": "UPDATE ledger.sealed_day SET previous_digest = digest"
    " WHERE number = 2",
    "a_close_moves_the_result": "UPDATE ledger.entry SET amount_minor = amount_minor"
    " + sign(amount_minor) WHERE code = 'closing'",
    "moves_what_it_names": "UPDATE ledger.entry SET amount_minor = 2 * amount_minor"
    " WHERE transfer_id = (SELECT transfer_id FROM ledger.transfer WHERE kind = 'reversal')",
    "refunds_within_the_charge": "UPDATE ledger.entry SET amount_minor = 100 * amount_minor"
    " WHERE code = 'refund'",
    "never_more_than_there_is": "UPDATE ledger.closed_balance SET amount_minor = 1"
    " WHERE account_id = (SELECT account_id FROM ledger.account WHERE role = 'reserve')",
    "the_day_is_sealed": "UPDATE ledger.transfer SET reason = 'another' WHERE kind = 'refund'",
    "closed_balance": "UPDATE ledger.closed_balance SET amount_minor = amount_minor + 1"
    " WHERE account_id = (SELECT account_id FROM ledger.account WHERE role = 'city')",
}


@pytest.fixture
async def kept(city: City, at_eight: str, owner: psycopg.Connection) -> str:
    """Books with one of everything, the day sealed and closed."""
    trip = await city.settled_trip()
    await tip(city, trip, 200)
    second = await city.settled_trip()
    await tip(city, second, 300)
    async with city.database.work() as work:
        await service.refund(
            work, trip_id=trip.trip_id, amount=Money(100, USD), reason="a long way round"
        )
        await days.reverse(
            work, transfer_id(Kind.TIP, second.trip_id), reason="by mistake", made_by=TREASURER
        )
    _fund(owner)
    move_time(at_eight, 17 * HOUR)
    await seal(city)
    await close(city, 1, datetime(2024, 3, 10, 5, tzinfo=UTC))
    move_time(at_eight, 24 * HOUR)
    await seal(city)
    return at_eight


def _fund(owner: psycopg.Connection) -> None:
    """A reserve that got 5 and spent 3."""
    writer = Writer(owner)
    writer.account("bank", None, "USD")
    writer.account("reserve", "fund", "USD", owned_by="fund")
    bank, reserve = "bank None", "reserve fund"
    for name, minor, kind in (("grant", 5, "income"), ("repair", -3, "expense")):
        writer.whole(
            name, (bank, minor), (reserve, -minor), kind=kind, of=named(name), made_at=MORNING
        )


async def found(city: City) -> dict[str, list[str]]:
    """The faults of the books: where they are, by rule."""
    faults: dict[str, list[str]] = {}
    async with city.database.work() as work:
        async for fault in checks.faults(work):
            faults.setdefault(fault.rule, []).append(fault.where)
            assert "{" not in fault.what
    return faults


async def test_good_books_have_no_fault(city: City, kept: str) -> None:
    assert await found(city) == {}


def test_every_check_has_its_plant() -> None:
    assert set(PLANTED | PAYOUTS_PLANTED) == set(checks.RULES)


@pytest.mark.parametrize("rule", checks.RULES)
async def test_every_check_finds_what_was_planted(
    city: City, kept: str, owner: psycopg.Connection, rule: str
) -> None:
    owner.execute("SET session_replication_role = replica")  # as who owns the machine could
    owner.execute("ALTER TABLE ledger.entry DROP CONSTRAINT rounding_below_one_minor_unit")
    owner.execute((PLANTED | PAYOUTS_PLANTED)[rule])
    assert rule in await found(city)


@pytest.mark.parametrize("role", ["rider", "driver", "cooperative", "city", "reserve"])
async def test_a_planted_cent_is_found_wherever_it_is(
    city: City, kept: str, owner: psycopg.Connection, role: str
) -> None:
    owner.execute("SET session_replication_role = replica")
    owner.execute("ALTER TABLE ledger.entry DROP CONSTRAINT rounding_below_one_minor_unit")
    row = owner.execute(
        "UPDATE ledger.entry SET amount_minor = amount_minor + 1 WHERE (transfer_id, line) = ("
        " SELECT transfer_id, line FROM ledger.entry JOIN ledger.account USING (account_id)"
        " WHERE role = %s ORDER BY entry.made_at, transfer_id, line LIMIT 1) RETURNING transfer_id",
        [role],
    ).fetchone()
    assert row is not None
    faults = await found(city)
    assert faults["sums_to_zero"] == [str(row[0])]
    assert faults["the_day_is_sealed"] == ["2024-03-09"]
