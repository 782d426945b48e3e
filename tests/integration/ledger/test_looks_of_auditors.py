"""Auditors' looks: on record, by auditors alone, and for ever; and the open books of a real month."""

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from foundation.identifiers import PersonId
from ledger.account import Role
from ledger.audit_views import What, list_held, list_looks, log_look
from ledger.errors import AuditorNeeded
from ledger.export.service import Form
from ledger.open_views import OpenBooks
from registry.person import Role as PersonRole
from registry.service import end_role, grant_role
from storage.engine import Database
from tests.booked import found_example
from tests.exported import let_it_be, mixed_books, seal_next
from tests.people import a_rider, an_officer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def an_auditor(database: Database) -> tuple[PersonId, PersonId]:
    """An auditor, and who appointed them."""
    async with database.work() as work:
        office = await an_officer(work)
        person_id = PersonId(await a_rider(work))
        await grant_role(work, person_id, PersonRole.AUDITOR, by=office)
    return person_id, office


async def test_a_look_stays_on_record_with_what_it_read(database: Database) -> None:
    auditor, _ = await an_auditor(database)
    async with database.work(still=True) as work:
        await log_look(
            work, auditor, What.TRANSFERS, starts_at=work.now, ends_at=work.now + timedelta(days=1)
        )
    async with database.work(still=True) as work:
        await log_look(work, auditor, What.EXPORT, ends_at=work.now, form=Form.CSV)
    async with database.reading() as work:
        looks = await list_looks(work, limit=10)
    assert [(look.auditor_id, look.what, look.form) for look in looks] == [
        (auditor, What.EXPORT, Form.CSV),
        (auditor, What.TRANSFERS, None),
    ]
    assert looks[1].starts_at is not None


async def test_nobody_else_looks_as_an_auditor(database: Database) -> None:
    auditor, office = await an_auditor(database)
    with pytest.raises(AuditorNeeded):
        async with database.work(still=True) as work:
            await log_look(work, office, What.ACCOUNTS, ends_at=work.now)
    async with database.work() as work:
        await end_role(work, auditor, PersonRole.AUDITOR, by=office)
    with pytest.raises(AuditorNeeded):
        async with database.work(still=True) as work:
            await log_look(work, auditor, What.ACCOUNTS, ends_at=work.now)
    async with database.reading() as work:
        assert await list_looks(work, limit=10) == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.audit_look SET what = 'accounts'",
        "DELETE FROM ledger.audit_look",
        "TRUNCATE ledger.audit_look",
    ],
)
async def test_a_look_is_never_rubbed_out_by_the_tables_owner_either(
    database: Database, owner: psycopg.Connection, statement: str
) -> None:
    auditor, _ = await an_auditor(database)
    async with database.work(still=True) as work:
        await log_look(work, auditor, What.TRANSFERS, ends_at=work.now)
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)


async def test_what_accounts_held_sums_to_zero_over_all_roles(
    database: Database, owner: psycopg.Connection
) -> None:
    await mixed_books(database, owner)
    sums: dict[str, int] = {}
    async with database.work(still=True) as work:
        for role in Role:
            for one in await list_held(work, ends_at=NOW, role=role, limit=1_000):
                sums[one.account.currency] = sums.get(one.account.currency, 0) + one.amount_minor
        first = await list_held(work, ends_at=NOW, role=Role.RIDER, limit=3)
        then = await list_held(work, ends_at=NOW, role=Role.RIDER, limit=3, offset=3)
    assert sums == {"USD": 0, "JPY": 0, "BHD": 0}
    assert len({(one.account.owner_id, one.is_pending) for one in (*first, *then)}) == 6


async def test_a_month_opens_when_ten_drivers_were_paid_in_sealed_days(database: Database) -> None:
    city = await found_example(database)
    books, month = OpenBooks(), date(2014, 12, 1)
    trips = [await city.settled_trip() for _ in range(9)]
    async with database.reading() as work:
        assert (await books.month(work, month)).days == ()
    for number, more in ((16, 0), (17, 1)):
        trips += [await city.settled_trip() for _ in range(more)]
        let_it_be(database.address, datetime(2014, 12, number + 1, 12, tzinfo=UTC))
        async with database.work() as work:
            digest = await seal_next(work, date(2014, 12, number))
        async with database.reading() as work:
            found = await books.month(work, month)
        assert found.days[-1].digest == digest
        if number == 16:
            assert (found.until, found.money) == (None, ()), "nine drivers: nothing is said"
    assert found.until == date(2014, 12, 17)
    (money,) = found.money
    assert money.charged == sum(trip.quote.total.minor for trip in trips)
    assert money.charged == money.drivers + money.cooperative + money.city
    assert sum(money.of_ten_thousand) == 10_000


async def test_a_month_is_added_up_once_for_each_sealed_day(database: Database) -> None:
    city = await found_example(database)
    for _ in range(10):
        await city.settled_trip()
    let_it_be(database.address, datetime(2014, 12, 17, 12, tzinfo=UTC))
    async with database.work() as work:
        await seal_next(work, date(2014, 12, 16))
    books, month = OpenBooks(), date(2014, 12, 1)
    with city.counting() as sent:
        for _ in range(5):
            async with database.reading() as work:
                assert (await books.month(work, month)).money
    assert len(sent) == 5 + 2, "one look whether a day was sealed each time, the sums once"
