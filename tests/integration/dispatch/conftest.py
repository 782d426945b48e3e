"""A small town in the test's own database."""

import pytest

from storage.engine import Database
from tests.town import Town


@pytest.fixture
async def town(database: Database) -> Town:
    return await Town.build(database)


@pytest.fixture
def address(town: Town) -> str:
    """The town's database, as the owner of its tables."""
    return town.database.address
