"""The commons of a demonstration city are what its verbs would write, and everybody can read them."""

from datetime import date

import psycopg
import pytest

from foundation.identifiers import UUID, PersonId
from foundation.money import Currency
from governance.commons import views
from khan.commons_seed import Scene, use_the_commons
from rulebook.rule import RuleKind
from storage.engine import Database
from tests.assembly_rows import Assembly, assemble

TODAY = date(2026, 3, 2)  # of the assembly's clock


@pytest.fixture
async def assembly(
    database: Database, owner: psycopg.Connection, database_address: str
) -> Assembly:
    return await assemble(database, owner, address=database_address, classes=("driver",) * 14)


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
async def test_a_newcomer_finds_every_kind_of_commons(
    assembly: Assembly, owner: psycopg.Connection, currency: str
) -> None:
    people = [
        PersonId(row[0])
        for row in owner.execute("SELECT person_id FROM registry.person ORDER BY 1")
    ]
    adoption_id: UUID = assembly.rules[RuleKind.TARIFF].adoption_id
    scene = Scene(
        people=people, office=people[-1], adoption_id=adoption_id, currency=Currency(currency),
        today=TODAY,
    )  # fmt: skip
    async with assembly.database.work() as work:
        await use_the_commons(work, scene)
    async with assembly.database.reading() as reading:
        pacts = await views.list_pacts(reading, TODAY)
        budgets = await views.list_budgets(reading)
        offers = await views.list_offers(reading)
        spend = await views.local_spend(reading, year=TODAY.year, currency=scene.currency)
    assert len(pacts) >= 2, "one that was agreed, and what the fund bought"
    assert [duty.number for duty in pacts[0].overdue] == [2]
    by_day = sorted(budgets, key=lambda one: one.vote_by)
    assert [one.result is not None for one in by_day] == [True, False]
    bought = sum(one.title.startswith(("Water", "Spanish", "Two", "A pump")) for one in pacts)
    assert bought == len(pacts) - 1
    assert offers[0].outcome is None
    assert offers[0].pledged_minor > 0
    assert spend.in_city_minor > spend.in_region_minor > spend.elsewhere_minor > 0
