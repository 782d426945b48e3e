"""The example city, founded in the test's own database."""

import pytest

from storage.engine import Database
from tests.booked import City, found_example


@pytest.fixture
async def city(database: Database) -> City:
    """The example city."""
    return await found_example(database)
