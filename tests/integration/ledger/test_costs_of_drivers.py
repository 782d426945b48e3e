"""Drivers' own costs: theirs alone, never changed, put right once by new rows."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from foundation.chance import SeededChance
from foundation.identifiers import UUID, DriverId
from foundation.money import Currency, Money
from ledger.costs.cost import Cost, CostKind, allowance
from ledger.costs.errors import (
    CostDatesWrong,
    CostNotFound,
    CostPutRightAlready,
    CostWrittenOtherwise,
)
from ledger.costs.service import own_costs, record_cost
from ledger.costs.store import checks
from storage.engine import Database
from tests import people
from tests.money import USD, numbered
from tests.service_time import stop_time

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2024, 3, 11, 14, tzinfo=UTC)
TODAY = date(2024, 3, 11)


@pytest.fixture
async def drivers(database: Database, database_address: str) -> list[DriverId]:
    """Two drivers, on a Monday."""
    stop_time(database_address, at="2024-03-11 14:00+00")
    async with database.work() as work:
        office = await people.an_officer(work)
        return [(await people.a_driver(work, office, number)).driver_id for number in (1, 2)]


def fuel(driver_id: DriverId, number: int = 1, **changes: Any) -> Cost:
    fields: dict[str, Any] = {
        "cost_id": numbered(number), "driver_id": driver_id, "kind": CostKind.FUEL,
        "amount": Money(4_200, USD), "spent_on": TODAY,
    }  # fmt: skip
    return Cost(**fields | changes)


async def record(database: Database, cost: Cost) -> None:
    async with database.work() as work:
        await record_cost(work, cost, zone=NEW_YORK)


async def amounts(database: Database, driver_id: DriverId, *, whole: bool = False) -> list[int]:
    async with database.reading() as work:
        return [one.amount.minor for one in await own_costs(work, driver_id, whole=whole)]


async def test_a_cost_is_its_drivers_and_nobody_elses(
    database: Database, drivers: list[DriverId]
) -> None:
    mine, other = drivers
    await record(database, fuel(mine))
    await record(database, fuel(mine))
    assert await amounts(database, mine) == [4_200], "written down once"
    assert await amounts(database, other) == []


async def test_what_was_wrong_is_put_right_by_new_rows(
    database: Database, drivers: list[DriverId]
) -> None:
    mine, _ = drivers
    first = fuel(mine)
    second = fuel(mine, 2, amount=Money(4_300, USD), replaces=first.cost_id)
    for cost in (first, second, second):
        await record(database, cost)
    assert await amounts(database, mine) == [4_300]
    await record(database, fuel(mine, 3, amount=Money(0, USD), replaces=second.cost_id))
    assert await amounts(database, mine) == []
    assert sorted(await amounts(database, mine, whole=True)) == [0, 4_200, 4_300]


async def test_what_cannot_be_written_down(database: Database, drivers: list[DriverId]) -> None:
    mine, other = drivers
    await record(database, fuel(mine))
    again = fuel(mine, 2, replaces=numbered(1))
    await record(database, again)
    for wrong, refusal in (
        (fuel(mine, 3, spent_on=TODAY + timedelta(days=1)), CostDatesWrong),
        (fuel(other, 3, replaces=numbered(1)), CostNotFound),
        (fuel(mine, 3, replaces=numbered(9)), CostNotFound),
        (fuel(mine, 3, replaces=numbered(2), amount=Money(1, Currency("JPY"))), CostNotFound),
        (fuel(mine, 3, replaces=numbered(1)), CostPutRightAlready),
        (replace(again, note="another"), CostWrittenOtherwise),
        (fuel(other, 1), CostWrittenOtherwise),
    ):
        with pytest.raises(refusal):
            await record(database, wrong)


async def test_the_database_computes_an_allowance_as_we_do(
    database: Database, drivers: list[DriverId]
) -> None:
    chance = SeededChance("allowances")
    mine = drivers[0]
    for number in range(1, 60):
        metres, rate = 1 + chance.below(90_000_000), 1 + chance.below(300_000)
        amount = allowance(metres, rate, USD)
        if not 0 < amount.minor <= 1_000_000_000:
            continue
        await record(
            database,
            fuel(
                mine,
                number,
                kind=CostKind.DISTANCE,
                amount=amount,
                metres=metres,
                per_km_mills=rate,
            ),
        )


# --- what the database refuses by itself


@pytest.fixture
def insert(owner: psycopg.Connection, drivers: list[DriverId]) -> Callable[..., None]:
    """Writes a row, right or wrong."""

    def write(**columns: Any) -> None:
        row = {
            "cost_id": numbered(1), "driver_id": drivers[0], "kind": "fuel", "currency": "USD",
            "amount_minor": 100, "spent_on": TODAY, "made_at": NOW,
        } | columns  # fmt: skip
        names, marks = ", ".join(row), ", ".join(["%s"] * len(row))
        owner.execute(
            f"INSERT INTO ledger.driver_cost ({names}) VALUES ({marks})", list(row.values())
        )

    return write


FAR = {"kind": "distance", "metres": 10_000, "per_km_mills": 10_000}


@pytest.mark.parametrize(
    ("rule", "columns"),
    [
        ("a_known_kind_of_cost", {"kind": "wages"}),
        ("a_cost_is_not_negative", {"amount_minor": -1}),
        ("nothing_only_takes_back", {"amount_minor": 0}),
        ("spread_over_a_year_at_most", {"covers_until": date(2025, 3, 13)}),
        ("spread_over_a_year_at_most", {"covers_until": date(2024, 3, 10)}),
        ("spent_already", {"spent_on": date(2024, 3, 13)}),
        ("spent_already", {"spent_on": date(1999, 12, 31)}),
        ("an_allowance_has_metres_and_rate", {"kind": "distance"}),
        ("an_allowance_has_metres_and_rate", {"metres": 10_000, "per_km_mills": 10_000}),
        ("an_allowance_has_metres_and_rate", FAR | {"per_km_mills": None}),
        ("an_allowance_is_metres_by_rate", FAR | {"amount_minor": 101}),
        ("puts_right_another", {"replaces": UUID(int=1)}),
        ("puts_right_the_drivers_own", {"replaces": UUID(int=2)}),
    ],
)
def test_a_wrong_row_is_refused_by_its_rule(
    insert: Callable[..., None], rule: str, columns: dict[str, Any]
) -> None:
    with pytest.raises(psycopg.errors.IntegrityError) as caught:
        insert(**columns)
    assert caught.value.diag.constraint_name == rule


def test_a_correction_is_of_the_same_driver_and_currency_and_the_only_one(
    insert: Callable[..., None], drivers: list[DriverId]
) -> None:
    insert()
    for rule, columns in (
        ("puts_right_the_drivers_own", {"driver_id": drivers[1]}),
        ("puts_right_the_drivers_own", {"currency": "EUR"}),
    ):
        with pytest.raises(psycopg.errors.IntegrityError) as caught:
            insert(cost_id=numbered(2), replaces=numbered(1), **columns)
        assert caught.value.diag.constraint_name == rule
    insert(cost_id=numbered(2), replaces=numbered(1))
    with pytest.raises(psycopg.errors.IntegrityError) as caught:
        insert(cost_id=numbered(3), replaces=numbered(1))
    assert caught.value.diag.constraint_name == "a_cost_is_put_right_once"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE ledger.driver_cost SET amount_minor = 1",
        "DELETE FROM ledger.driver_cost",
        "TRUNCATE ledger.driver_cost",
    ],
)
def test_a_cost_is_never_changed_not_even_by_the_tables_owner(
    insert: Callable[..., None], owner: psycopg.Connection, change: str
) -> None:
    insert()
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(change)


@pytest.mark.parametrize("role", ["khan_app", "khan_office"])
def test_nobody_looks_through_the_costs_of_drivers(
    insert: Callable[..., None], owner: psycopg.Connection, drivers: list[DriverId], role: str
) -> None:
    insert()
    owner.execute(f"SET ROLE {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("SELECT * FROM ledger.driver_cost")
    own = "SELECT amount_minor FROM ledger.costs_of(%s)"
    if role == "khan_app":
        assert owner.execute(own, [drivers[0]]).fetchall() == [(100,)]
    else:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(own, [drivers[0]])


PLANTED = {
    "an_allowance_is_metres_by_rate": "UPDATE ledger.driver_cost SET amount_minor = 101"
    " WHERE metres IS NOT NULL",
    "puts_right_the_drivers_own": "UPDATE ledger.driver_cost SET currency = 'EUR'"
    " WHERE replaces IS NOT NULL",
    "a_cost_is_put_right_once": "UPDATE ledger.driver_cost SET replaces ="
    " '00000000-0000-0000-0000-000000000001' WHERE cost_id <> '00000000-0000-0000-0000-000000000001'",
}


@pytest.mark.parametrize("rule", checks.RULES)
async def test_every_check_finds_what_was_planted(
    insert: Callable[..., None], owner: psycopg.Connection, database_address: str, rule: str
) -> None:
    insert()
    insert(cost_id=numbered(2), replaces=numbered(1))
    insert(cost_id=numbered(3), **FAR)
    database = Database(database_address, chance=SeededChance(1), pool_size=1, role=None)
    try:
        async with database.work() as work:
            assert [one async for one in checks.faults(work)] == []
        owner.execute("SET session_replication_role = replica")  # as who owns the machine could
        owner.execute("ALTER TABLE ledger.driver_cost DROP CONSTRAINT a_cost_is_put_right_once,"
                      " DROP CONSTRAINT an_allowance_is_metres_by_rate")  # fmt: skip
        owner.execute(PLANTED[rule])
        async with database.work() as work:
            assert rule in {one.rule async for one in checks.faults(work)}
    finally:
        await database.dispose()
