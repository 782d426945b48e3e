"""A small town in the test's own database."""

from collections.abc import AsyncIterator, Callable

import psycopg
import pytest

from storage import embedded
from storage.engine import Database
from tests.town import Town


@pytest.fixture
async def town(database: Database) -> Town:
    return await Town.build(database)


@pytest.fixture
def address(town: Town) -> str:
    """The town's database, as the owner of its tables."""
    return town.database.address


@pytest.fixture
async def copy_of(
    embedded_server: embedded.EmbeddedServer,
) -> AsyncIterator[Callable[[Database], Database]]:
    """Copies of a database that nobody uses meanwhile."""
    copies: list[Database] = []

    def copied(source: Database) -> Database:
        name = source.engine.url.database
        assert name is not None
        embedded.create_database(embedded_server, f"{name}_copy", template=name)
        copies.append(Database(embedded_server.address(f"{name}_copy")))
        return copies[-1]

    yield copied
    for copy in copies:
        await copy.dispose()
        with psycopg.connect(embedded_server.address("postgres"), autocommit=True) as owner:
            owner.execute(f"DROP DATABASE {copy.engine.url.database} WITH (FORCE)")
